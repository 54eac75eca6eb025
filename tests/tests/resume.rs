//! A lost connection gets exactly what it missed; a killed server loses nothing that it acknowledged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kanjie_tests::{Room, TestServer};
use serde_json::{Value, json};

#[tokio::test]
async fn a_client_that_comes_back_gets_exactly_what_it_missed() {
    let server = TestServer::start().await;
    let mut room = Room::live(&server, "journey").await;
    say(&mut room, "before").await;
    let mut expert = room.sockets.remove("expert").unwrap();
    while !carries(&expert.entries, "before") {
        expert.receive().await.unwrap();
    }
    let (head, seen) = (expert.head(), expert.entries.clone());
    expert.vanish();
    for text in ["one", "two", "three"] {
        say(&mut room, text).await;
    }
    let session = room.session.clone();
    let back = room.apis["expert"].socket(&session, head).await;
    let all: Vec<Value> = seen.into_iter().chain(back.entries.clone()).collect();
    for (n, entry) in all.iter().enumerate() {
        assert_eq!(entry["seq"], json!(n + 1), "no gap and nothing twice");
        if n > 0 {
            assert_eq!(entry["prev"], all[n - 1]["hash"], "one chain");
        }
    }
    assert!(carries(&back.entries, "three"));
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let mut server = TestServer::start().await;
    let mut room = Room::live(&server, "journey").await;
    let mut acknowledged = 0;
    for n in 0..30 {
        let done = room
            .command(
                "surveyor_1",
                json!({"type": "say", "scope": "room", "text": format!("act {n}")}),
            )
            .await;
        acknowledged = done["seq"].as_u64().unwrap();
    }
    let before = room.socket("surveyor_1").entries.clone();
    server.kill_and_restart().await;
    let session = room.session.clone();
    let back = room.apis["surveyor_1"].socket(&session, 0).await;
    assert!(back.head() >= acknowledged);
    for (old, new) in before.iter().zip(&back.entries) {
        assert_eq!(old["hash"], new["hash"], "entry {} is the same", old["seq"]);
    }
    for n in 0..30 {
        assert!(
            carries(&back.entries, &format!("act {n}")),
            "act {n} is there"
        );
    }
    room.sockets.insert("surveyor_1", back);
    for key in ["chair", "surveyor_2"] {
        let socket = room.apis[key].socket(&session, 0).await;
        room.sockets.insert(key, socket);
    }
    say(&mut room, "after").await;
    server.assert_unharmed();
}

async fn say(room: &mut Room, text: &str) {
    room.command(
        "surveyor_1",
        json!({"type": "say", "scope": "room", "text": text}),
    )
    .await;
}

fn carries(entries: &[Value], text: &str) -> bool {
    let text = format!("\"text\":\"{text}\"");
    entries.iter().any(|entry| {
        entry["body"]
            .as_str()
            .is_some_and(|body| body.contains(&text))
    })
}
