//! Machines at the doors of a session: which token opens what, and what is journalled.

use kanjie_media::{Half, RelayEvent, RoomId, SeatId, Source};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::Client;
use super::house::{Asked, House};
use super::journey::{self, Cast};
use super::relay;

const OFFER: &str = include_str!("../../../../media/tests/fixtures/chromium-offer.sdp");

/// An answer: status, head, body as JSON where it is some.
struct Heard {
    status: u16,
    head: String,
    body: Value,
}

impl Heard {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines();
        lines
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_default()
    }

    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

async fn ask(house: &House, request: &str, headers: &str, body: &str) -> Heard {
    let mut stream = TcpStream::connect(&house.address).await.unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        house.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Heard {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or_default(),
    }
}

/// Token and secret.
async fn issued(house: &House, session: &str, name: &str, direction: &str) -> (String, String) {
    let heard = issue(house, "chair", session, name, direction).await;
    assert_eq!(heard.status, 201, "{}", heard.body);
    let text = |key: &str| heard.body[key].as_str().unwrap().to_owned();
    (text("token"), text("secret"))
}

async fn issue(house: &House, who: &str, session: &str, name: &str, direction: &str) -> Heard {
    let cookie = house.cookie(who, session).await;
    let headers = format!("cookie: {cookie}\r\ncontent-type: application/json\r\n");
    let body = json!({"name": name, "direction": direction}).to_string();
    let path = format!("POST /api/v1/sessions/{session}/media-tokens");
    ask(house, &path, &headers, &body).await
}

async fn revoke(house: &House, session: &str, token: &str) -> Heard {
    let cookie = house.cookie("chair", session).await;
    let headers = format!("cookie: {cookie}\r\n");
    let path = format!("DELETE /api/v1/sessions/{session}/media-tokens/{token}");
    ask(house, &path, &headers, "").await
}

async fn knock(house: &House, path: &str, secret: &str) -> Heard {
    let headers = format!("content-type: application/sdp\r\nauthorization: Bearer {secret}\r\n");
    ask(house, &format!("POST {path}"), &headers, OFFER).await
}

async fn connects(house: &House, session: &str, seat: &str, half: Half) {
    let event = RelayEvent::Connected {
        room: RoomId(session.to_owned()),
        seat: SeatId(seat.to_owned()),
        half,
    };
    house.relay_events.send(event).await.unwrap();
}

fn receives(house: &House, from: &str, to: &str) -> bool {
    let (from, to) = (SeatId(from.to_owned()), SeatId(to.to_owned()));
    house.relay.policy().may_receive(&from, &to)
}

/// The event of that kind which is the nth, from 1.
async fn nth(client: &mut Client, kind: &str, n: usize) -> Value {
    while client.count(kind) < n {
        client.next().await;
    }
    client.event(kind).await
}

fn seat(client: &Client) -> String {
    client.welcome["seat"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_one_door_of_one_session_and_no_other() {
    let house = House::open().await;
    let session = house.session("crash");
    let _cast = journey::live(&house, &session).await;
    for who in ["surveyor_1", "applicant", "expert", "supervisor"] {
        let heard = issue(&house, who, &session, "drone", "publish").await;
        assert_eq!((heard.status, heard.code()), (403, "not_allowed"), "{who}");
    }
    let (drone, publish) = issued(&house, &session, "无人机", "publish").await;
    let (_, play) = issued(&house, &session, "active-speaker", "play").await;
    let (_, other) = issued(&house, &house.session("journey"), "无人机", "publish").await;
    let whip = format!("/whip/{session}");
    let whep = format!("/whep/{session}?from=active-speaker");
    for (path, secret) in [
        (whip.as_str(), "0"),
        (&whip, &"0".repeat(64)),
        (&whip, &play),
        (&whip, &other),
        (&whep, &publish),
        (&format!("/whep/{session}?from=s1"), &play),
        ("/whip/none", &publish),
        (&format!("/whip/{}", house.session("journey")), &publish),
    ] {
        let heard = knock(&house, path, secret).await;
        assert_eq!((heard.status, heard.code()), (401, "token_refused"));
        assert_eq!(heard.header("www-authenticate"), "Bearer");
    }
    assert!(!house.relay.asked().iter().any(is_let_in));

    let heard = knock(&house, &whip, &publish).await;
    assert_eq!(heard.status, 201);
    let sources = [
        ("0".to_owned(), Source::Microphone),
        ("1".to_owned(), Source::Camera),
    ];
    let asked = Asked::UpOffer("m1".to_owned(), sources.into());
    assert!(house.relay.asked().contains(&asked));
    assert_eq!(knock(&house, &whep, &play).await.status, 201);
    let place = heard.header("location").to_owned();
    assert!(place.starts_with(&format!("{whip}/")));

    // Nobody else finds it, and its owner ends it.
    let end = |secret: &str| format!("authorization: Bearer {secret}\r\n");
    let delete = format!("DELETE {place}");
    let heard = ask(&house, &delete, &end(&other), "").await;
    assert_eq!(heard.code(), "token_refused");
    let elsewhere = format!("DELETE {}", place.replace("whip", "whep"));
    let heard = ask(&house, &elsewhere, &end(&play), "").await;
    assert_eq!(heard.code(), "not_found");
    assert_eq!(ask(&house, &delete, &end(&publish), "").await.status, 200);
    let heard = ask(&house, &delete, &end(&publish), "").await;
    assert_eq!(heard.code(), "not_found");

    assert_eq!(knock(&house, &whip, &publish).await.status, 201);
    assert_eq!(revoke(&house, &session, &drone).await.status, 204);
    assert_eq!(
        house.relay.asked().last(),
        Some(&Asked::Removed("m1".to_owned()))
    );
    let heard = knock(&house, &whip, &publish).await;
    assert_eq!(heard.code(), "token_refused");
    let heard = revoke(&house, &session, &drone).await;
    assert_eq!(heard.code(), "unknown_media_token");
}

fn is_let_in(asked: &Asked) -> bool {
    matches!(asked, Asked::UpOffer(..) | Asked::Watched(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_and_goes_is_journalled_and_a_deliberation_shuts_the_wall() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    let (chair, applicant) = (seat(&cast.chair), seat(&cast.applicant));
    let (_, publish) = issued(&house, &session, "无人机", "publish").await;
    let (_, play) = issued(&house, &session, "active-speaker", "play").await;
    let whip = format!("/whip/{session}");
    let whep = format!("/whep/{session}?from=active-speaker");
    knock(&house, &whip, &publish).await;
    knock(&house, &whep, &play).await;
    assert!(!receives(&house, "m1", &applicant) && !receives(&house, &chair, "m2"));
    connects(&house, &session, "m1", Half::Up).await;
    connects(&house, &session, "m2", Half::Down).await;
    let connected = nth(&mut cast.applicant, "media_connected", 2).await;
    assert_eq!(connected["token"], "m2");
    let issued = cast.applicant.event("media_token_issued").await;
    assert_eq!(issued["name"], "active-speaker");
    // The relay is opened after everybody was told; the room does one thing after the other.
    let say = json!({"type": "say", "scope": "room", "text": "示例"});
    cast.chair.done(say).await;
    assert!(receives(&house, "m1", &applicant) && receives(&house, &chair, "m2"));

    cast.chair.done(json!({"type": "begin_deliberation"})).await;
    let event = nth(&mut cast.applicant, "media_disconnected", 1).await;
    assert_eq!(event["token"], "m2");
    assert_eq!(event["cause"], "deliberation");
    assert!(!receives(&house, "m1", &applicant) && receives(&house, "m1", &chair));
    assert!(!receives(&house, &chair, "m2"));
    let removed = Asked::Removed("m2".to_owned());
    assert!(house.relay.asked().contains(&removed));
    let heard = knock(&house, &whep, &play).await;
    assert_eq!((heard.status, heard.code()), (409, "deliberation_running"));
    cast.chair.done(json!({"type": "end_deliberation"})).await;
    assert_eq!(knock(&house, &whep, &play).await.status, 201);

    // The same machine, switched off and on again.
    assert_eq!(knock(&house, &whip, &publish).await.status, 201);
    let event = nth(&mut cast.applicant, "media_disconnected", 2).await;
    assert_eq!(event["cause"], "replaced");
    not_even_after_closing(&house, &session, &mut cast, &whip, &publish).await;
}

async fn not_even_after_closing(
    house: &House,
    session: &str,
    cast: &mut Cast,
    whip: &str,
    secret: &str,
) {
    journey::concluded(house, session, cast).await;
    journey::sealed(house, session, cast).await;
    cast.chair.done(json!({"type": "announce"})).await;
    cast.chair.done(json!({"type": "close"})).await;
    cast.applicant.wait("bye").await;
    let heard = knock(house, whip, secret).await;
    assert_eq!((heard.status, heard.code()), (401, "token_refused"));
    let heard = issue(house, "chair", session, "drone", "publish").await;
    assert_eq!(heard.code(), "not_in_this_stage");
    // Nothing of the secret is anywhere.
    let journal = relay::get_json(house, "chair", session, "journal").await;
    assert!(!journal.to_string().contains(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_what_the_network_kept_from_the_recording_is_one_gap_a_track() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    let chair = seat(&cast.chair);
    relay::record(&house, &chair, 10);
    cast.chair.event("segment_opened").await;
    let (room, seat) = (RoomId(session.clone()), SeatId(chair.clone()));
    let vanished = RelayEvent::Vanished {
        room,
        seat,
        half: Half::Up,
    };
    for _again in 0..2 {
        house.relay_events.send(vanished.clone()).await.unwrap();
    }
    for _again in 0..2 {
        connects(&house, &session, &chair, Half::Up).await;
    }
    let gap = cast.applicant.event("recording_gap").await;
    assert_eq!(gap["track"], format!("{chair}-microphone"));
    assert_eq!(gap["cause"], "network");
    let length = gap["until"].as_i64().unwrap() - gap["from"].as_i64().unwrap();
    assert!(length >= 5_000_000);
    let say = json!({"type": "say", "scope": "room", "text": "示例"});
    cast.chair.done(say).await;
    assert_eq!(cast.chair.count("recording_gap"), 1);
}
