//! Garbage on every port while a session of simulated peers runs: no panic, and nobody in it is dropped.
//!
//! Short by itself; `KANJIE_SOAK_SECONDS` and `KANJIE_SOAK_IDLE` make it long (`make soak`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use kanjie_tests::{Api, Peer, Room, Socket, TestServer, faults, within};
use serde_json::json;
use tokio::task::JoinHandle;

const SENDERS: [&str; 5] = ["chair", "surveyor_1", "surveyor_2", "expert", "applicant"];

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// One person of the running session: answers offers, pings, and can be asked how much was received.
struct Member {
    key: &'static str,
    received: Box<dyn Fn() -> u64 + Send + Sync>,
    /// Ends with a reason when the connection does.
    life: JoinHandle<String>,
}

async fn join(key: &'static str, mut socket: Socket) -> Member {
    let mut peer = Peer::default();
    let offer = peer.publish().await;
    socket.send(&offer).await;
    socket
        .send(&json!({"media": {"restart": {"half": "down"}}}))
        .await;
    let received = Box::new(peer.meter());
    let life = tokio::spawn(async move {
        let mut pings = tokio::time::interval(Duration::from_secs(5));
        let mut n = 0;
        loop {
            tokio::select! {
                frame = socket.receive() => {
                    let Some(frame) = frame else { return "the connection ended".to_owned() };
                    if let Some(bye) = frame.get("bye") {
                        return format!("bye: {bye}");
                    }
                    let media = &frame["media"];
                    if media["up_answer"].is_object() {
                        peer.published(&media["up_answer"]).await;
                    }
                    if media["down_offer"].is_object() {
                        let answer = peer.subscribe(&media["down_offer"]).await;
                        socket.send(&answer).await;
                    }
                }
                _ = pings.tick() => {
                    n += 1;
                    socket.send(&json!({"ping": n})).await;
                }
            }
        }
    });
    Member {
        key,
        received,
        life,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_on_every_port_harms_nobody() {
    let seconds = from_environment("KANJIE_SOAK_SECONDS", 6);
    let idle = from_environment("KANJIE_SOAK_IDLE", 400);
    let mut server = TestServer::start().await;
    let mut room = Room::live(&server, "journey").await;
    let mut members = Vec::new();
    for key in SENDERS {
        let socket = room.sockets.remove(key).unwrap();
        members.push(join(key, socket).await);
    }
    for member in &members {
        within(
            &format!("media to reach {}", member.key),
            reaches(member, 50),
        )
        .await;
    }

    let target = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let until = Instant::now() + Duration::from_secs(seconds);
    let idling = tokio::spawn(faults::idle_connections(
        target,
        usize::try_from(idle).unwrap(),
    ));
    let mut floods = vec![tokio::spawn(faults::flood_tcp(target, until, 1))];
    for (n, port) in server.udp_ports().into_iter().enumerate() {
        let target = SocketAddr::from(([127, 0, 0, 1], port));
        floods.push(tokio::spawn(faults::flood_udp(target, until, 2 + n as u64)));
    }
    let before: Vec<u64> = members.iter().map(|member| (member.received)()).collect();
    let started = Instant::now();
    let session = room.session.clone();
    while Instant::now() < until {
        bad_http(&server).await;
        bad_socket(&room.apis["supervisor"], &session).await;
    }
    let mut sent = 0;
    for flood in floods {
        sent += flood.await.unwrap();
    }
    let connections = idling.await.unwrap().len();

    server.assert_unharmed();
    let lasted = started.elapsed().as_secs_f64();
    for (member, before) in members.iter().zip(before) {
        assert!(!member.life.is_finished(), "{} was dropped", member.key);
        let rate = ((member.received)() - before) as f64 / lasted;
        // Four others send 60 packets a second each.
        assert!(
            rate > 120.0,
            "{} received {rate:.0} packets a second under fire",
            member.key
        );
    }
    // Somebody who belongs here still gets in while strangers hold their connections.
    // By a link: a code of the authenticator serves one sign-in only, and those of the staff were used a moment ago.
    let late = Api::enter(&server, server.seed.person("expert"), "journey").await;
    assert_eq!(
        late.get(&format!("/api/v1/sessions/{session}"))
            .await
            .status(),
        200
    );
    eprintln!(
        "{lasted:.0} s: {sent} datagrams and connections of garbage, {connections} idle connections, nobody dropped"
    );
}

async fn reaches(member: &Member, packets: u64) {
    while (member.received)() < packets {
        assert!(!member.life.is_finished(), "{} was dropped", member.key);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn bad_http(server: &TestServer) {
    let stranger = Api::stranger(server);
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let large = format!("{{\"user\": \"{}\"}}", "x".repeat(2_000_000));
    for body in [deep, large, "\u{0}".to_owned(), String::new()] {
        // A connection that is shed is as good an answer as a refusal.
        if let Ok(answer) = stranger
            .request(reqwest::Method::POST, "/api/v1/sign-in")
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
        {
            assert!(answer.status().is_client_error(), "{}", answer.status());
        }
    }
}

async fn bad_socket(api: &Api, session: &str) {
    let mut socket = api.socket(session, 0).await;
    for frame in faults::bad_frames() {
        socket.send_text(frame).await;
    }
    let _ = socket.try_send_text("x".repeat(300_000)).await;
    // Too many of them end the connection; until then each is refused.
    while let Some(frame) = socket.receive().await {
        if frame.get("bye").is_some() {
            break;
        }
    }
}
