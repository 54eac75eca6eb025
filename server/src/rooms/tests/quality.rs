//! How well somebody is connected, as everybody sees it, and the figures behind it for those who answer for the session.

use kanjie_media::{CodecKind, Half, HalfStats, RelayEvent, RoomId, SeatId, SeatStats, Source, TrackId, TrackStats};
use serde_json::json;

use super::client::Client;
use super::house::House;
use super::{journey, relay};

fn stats(seat: &str, loss: f64) -> SeatStats {
    let half = HalfStats {
        connected: true,
        loss,
        bitrate_bps: 700_000,
        ..HalfStats::default()
    };
    let track = TrackStats {
        track: TrackId {
            seat: SeatId(seat.to_owned()),
            source: Source::Camera,
        },
        codec: CodecKind::Vp8,
        packets: 90,
        bytes: 90_000,
        lost: 10,
        recovered: 0,
        duplicates: 0,
        frames: 30,
        keyframes: 1,
        keyframes_asked: 1,
        jitter_ms: 4.0,
        bitrate_bps: 650_000,
    };
    SeatStats {
        seat: SeatId(seat.to_owned()),
        rtt_ms: Some(42.0),
        up: Some(half.clone()),
        down: Some(half),
        tracks: vec![track],
    }
}

/// Waits until the client is told that word of the seat.
async fn told(client: &mut Client, seat: &str, word: &str) {
    while client.wait("presence").await["quality"][seat] != word {}
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_vanished_is_lost_on_every_screen_until_he_is_back() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    let seat = cast.surveyor_1.welcome["seat"].as_str().unwrap().to_owned();
    house.relay.0.lock().unwrap().stats = vec![stats(&seat, 0.03)];
    told(&mut cast.applicant, &seat, "fair").await;
    let (room, relay_seat) = (RoomId(session.clone()), SeatId(seat.clone()));
    let vanished = RelayEvent::Vanished {
        room: room.clone(),
        seat: relay_seat.clone(),
        half: Half::Up,
    };
    house.relay_events.send(vanished).await.unwrap();
    for client in cast.all() {
        told(client, &seat, "lost").await;
    }
    // He still hears, and the next measure says so; he is lost all the same.
    house.relay.0.lock().unwrap().stats.push(stats("s99", 0.0));
    let next = loop {
        let presence = cast.applicant.wait("presence").await;
        if presence["quality"]["s99"] == "good" {
            break presence;
        }
    };
    assert_eq!(next["quality"][&seat], "lost");
    let back = RelayEvent::Connected {
        room,
        seat: relay_seat,
        half: Half::Up,
    };
    house.relay_events.send(back).await.unwrap();
    for client in cast.all() {
        told(client, &seat, "fair").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chair_and_a_supervisor_read_the_figures_and_nobody_else() {
    let house = House::open().await;
    let session = house.session("crash");
    let _cast = journey::at_the_door(&house, &session).await;
    house.relay.0.lock().unwrap().stats = vec![stats("s1", 0.03)];
    for who in ["chair", "supervisor"] {
        let figures = relay::get_json(&house, who, &session, "connections").await;
        let seat = &figures["seats"][0];
        assert_eq!(seat["seat"], "s1");
        assert_eq!(seat["rtt_ms"], 42.0);
        assert_eq!(seat["up"]["loss"], 0.03);
        assert_eq!(
            seat["tracks"],
            json!([{"source": "camera", "loss": 0.1, "jitter_ms": 4.0, "bitrate_bps": 650_000}])
        );
    }
    for who in ["surveyor_1", "expert", "applicant"] {
        let (status, body) = relay::get(&house, who, &session, "connections").await;
        assert_eq!(status, 403, "{who}");
        assert!(String::from_utf8_lossy(&body).contains("not_allowed"));
    }
}
