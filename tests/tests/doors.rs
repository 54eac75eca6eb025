//! Machines that are not ours come in by WHIP and WHEP (docs/protocol/doors.md).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use kanjie_tests::{Machine, Peer, Room, TestServer, within};
use reqwest::Method;
use serde_json::{Value, json};

struct Token {
    id: String,
    secret: String,
}

async fn issue(room: &Room, name: &str, direction: &str) -> Token {
    let path = format!("/api/v1/sessions/{}/media-tokens", room.session);
    let body = json!({"name": name, "direction": direction});
    let answer = room.apis["chair"].post(&path, &body).await;
    assert_eq!(answer.status(), 201);
    let issued: Value = answer.json().await.unwrap();
    Token {
        id: issued["token"].as_str().unwrap().to_owned(),
        secret: issued["secret"].as_str().unwrap().to_owned(),
    }
}

fn url(server: &TestServer, room: &Room, door: &str) -> String {
    format!("{}/{}", server.base, door.replace("{}", &room.session))
}

async fn connected(machine: &mut Machine) {
    assert_eq!(machine.answered().await["status"], 201);
    let up = machine.until("a connection", |told| told["state"] == "connected");
    up.await;
}

/// Somebody in the room takes what is offered until packets of that seat arrive.
async fn sees(room: &mut Room, who: &str, seat: &str) -> Peer {
    let mut peer = Peer::default();
    let socket = room.socket(who);
    socket
        .send(&json!({"media": {"restart": {"half": "down"}}}))
        .await;
    within("pictures of it", async {
        let mut offered = false;
        while !(offered && peer.received() > 20) {
            let frame = tokio::time::timeout(Duration::from_millis(50), socket.next_with("media"));
            let Ok(media) = frame.await else { continue };
            let offer = &media["down_offer"];
            let mut tracks = offer["tracks"].as_array().into_iter().flatten();
            offered |= tracks.any(|track| track["seat"] == seat && track["source"] == "camera");
            let answer = peer.subscribe(offer).await;
            socket.send(&answer).await;
        }
    })
    .await;
    peer
}

fn grows(numbers: &[u64]) -> bool {
    numbers.windows(2).all(|pair| pair[0] < pair[1])
}

#[tokio::test]
async fn a_drone_is_seen_and_recorded_and_a_wall_shows_its_pictures_until_a_deliberation() {
    let mut server = TestServer::start().await;
    let mut room = Room::live(&server, "journey").await;
    let whip = url(&server, &room, "whip/{}");
    let whep = url(&server, &room, "whep/{}?from=无人机");
    let source = issue(&room, "无人机", "publish").await;
    let wall = issue(&room, "无人机", "play").await;
    let mut drone = Machine::start("publish", &whip, &source.secret);
    connected(&mut drone).await;
    let came = room.socket("applicant").event("media_connected").await;
    assert_eq!(came["token"], source.id.as_str());
    let peer = sees(&mut room, "applicant", &source.id).await;

    let mut shown = Machine::start("play", &whep, &wall.secret);
    connected(&mut shown).await;
    let numbers = shown.numbers(20).await;
    assert!(grows(&numbers), "{numbers:?}");

    room.command("chair", json!({"type": "begin_deliberation"}))
        .await;
    let closed = shown.until("the end", |told| {
        told["state"] == "closed" || told["state"] == "failed"
    });
    closed.await;
    let mut again = Machine::start("play", &whep, &wall.secret);
    assert_eq!(again.answered().await["code"], "deliberation_running");
    // What was recorded of it until here stands in a segment of its own.
    let recorded = room.socket("chair").event("segment_closed").await;
    assert!(recorded["packets"].as_u64().unwrap() > 0);
    let opened = room.socket("chair").entries.iter();
    let tracks: Vec<Value> = opened
        .filter_map(kanjie_tests::socket::event_of)
        .filter(|event| event["type"] == "segment_opened")
        .map(|mut event| event["track"].take())
        .collect();
    for track in ["m1-camera", "m1-microphone"] {
        assert!(tracks.contains(&json!(track)), "{tracks:?}");
    }
    room.command("chair", json!({"type": "end_deliberation"}))
        .await;
    let mut again = Machine::start("play", &whep, &wall.secret);
    connected(&mut again).await;
    assert!(grows(&again.numbers(10).await));
    again.leave().await;

    let path = format!(
        "/api/v1/sessions/{}/media-tokens/{}",
        room.session, source.id
    );
    let revoked = room.apis["chair"].request(Method::DELETE, &path).send();
    assert_eq!(revoked.await.unwrap().status(), 204);
    let cut = drone.until("its end", |told| {
        told["state"] == "closed" || told["state"] == "failed"
    });
    cut.await;
    let mut again = Machine::start("publish", &whip, &source.secret);
    assert_eq!(again.answered().await["code"], "token_refused");
    peer.close().await;
    server.assert_unharmed();
}
