//! What the relay is told, and when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use kanjie_evidence::h;
use kanjie_media::{Codec, CodecKind, Policy, SeatId, Source, TapKind, TapPacket, TrackId};
use kanjie_store::JournalId;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::house::{Asked, House};
use super::journey;

/// A picture as far as its first bytes say.
pub fn jpeg(n: u8) -> Vec<u8> {
    [&[0xff, 0xd8, 0xff, 0xe0], [n; 64].as_slice()].concat()
}

async fn http(
    house: &House,
    who: &str,
    session: &str,
    request: &str,
    body: &[u8],
) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(&house.address).await.unwrap();
    let cookie = house.cookie(who, session).await;
    let head = format!(
        "{request}\r\nhost: {}\r\ncookie: {cookie}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        house.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    (status, answer[end..].to_vec())
}

pub async fn get(house: &House, who: &str, session: &str, path: &str) -> (u16, Vec<u8>) {
    let request = format!("GET /api/v1/sessions/{session}/{path} HTTP/1.1");
    http(house, who, session, &request, b"").await
}

pub async fn get_json(house: &House, who: &str, session: &str, path: &str) -> Value {
    let (status, body) = get(house, who, session, path).await;
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

pub async fn post(house: &House, who: &str, session: &str, path: &str, body: &Value) -> u16 {
    let request = format!(
        "POST /api/v1/sessions/{session}/{path} HTTP/1.1\r\ncontent-type: application/json"
    );
    let body = body.to_string();
    http(house, who, session, &request, body.as_bytes()).await.0
}

pub async fn put(
    house: &House,
    who: &str,
    session: &str,
    id: &str,
    kind: &str,
    picture: &[u8],
    digest: &[u8],
) -> u16 {
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    let request = format!(
        "PUT /api/v1/sessions/{session}/stills/{id}?kind={kind}&captured_at=1 HTTP/1.1\r\ncontent-digest: sha-256=:{digest}:"
    );
    http(house, who, session, &request, picture).await.0
}

pub async fn upload(house: &House, session: &str, id: &str, kind: &str, picture: &[u8]) {
    let digest = h(&[picture]).0;
    assert_eq!(
        put(house, "surveyor_1", session, id, kind, picture, &digest).await,
        201
    );
}

/// Sends `count` packets of silence from a seat's microphone through the tap, as the relay does; returns how many.
pub fn record(house: &House, seat: &str, count: u64) -> u64 {
    static SENT: AtomicU64 = AtomicU64::new(1);
    let track = Arc::new(TrackId {
        seat: SeatId(seat.to_owned()),
        source: Source::Microphone,
    });
    let codec = Arc::new(Codec {
        kind: CodecKind::Opus,
        payload_type: 111,
        clock_rate: 48_000,
        channels: 2,
        fmtp: String::new(),
    });
    let tap = house.relay.tap();
    for _ in 0..count {
        let n = SENT.fetch_add(1, Ordering::Relaxed);
        let mut packet = vec![0x80, 111];
        packet.extend(u16::try_from(n).unwrap().to_be_bytes());
        packet.extend(u32::try_from(n * 960).unwrap().to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        // An Opus frame of silence: 20 ms, RFC 6716.
        packet.extend([0xf8, 0xff, 0xfe]);
        tap.packet(TapPacket {
            track: track.clone(),
            kind: TapKind::Rtp,
            codec: codec.clone(),
            ssrc: 7,
            payload: packet.into(),
            wall_us: house.services.env.now(),
            mono_us: house.services.env.monotonic(),
            recovered: false,
        });
    }
    count
}

fn receives(policy: &Policy, from: &str, to: &str) -> bool {
    policy.may_receive(&SeatId(from.to_owned()), &SeatId(to.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deliberation_closes_the_relay_before_it_is_journalled() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    let seat = |client: &super::client::Client| client.welcome["seat"].as_str().unwrap().to_owned();
    let (chair, expert, applicant) = (seat(&cast.chair), seat(&cast.expert), seat(&cast.applicant));
    assert!(receives(&house.relay.policy(), &chair, &applicant));

    // At each policy, how far the journal is on the disk.
    let heads: Arc<Mutex<Vec<(u64, Policy)>>> = Arc::default();
    let (store, seen) = (house.services.store.clone(), heads.clone());
    let id = JournalId::Session(session.clone());
    house.relay.0.lock().unwrap().watch = Some(Box::new(move |policy| {
        let (store, id) = (store.clone(), id.clone());
        let head = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(store.head(&id)).unwrap().seq
        });
        seen.lock()
            .unwrap()
            .push((head.join().unwrap(), policy.clone()));
    }));
    let begun = cast.chair.done(json!({"type": "begin_deliberation"})).await;
    let narrowed = heads.lock().unwrap()[0].clone();
    assert!(
        narrowed.0 < begun,
        "the relay was closed at {} for entry {begun}",
        narrowed.0
    );
    assert!(!receives(&narrowed.1, &chair, &applicant));
    assert!(!receives(&narrowed.1, &applicant, &chair));
    assert!(receives(&narrowed.1, &chair, &expert));

    // What is said in it reaches the applicant as hashes alone.
    let said = json!({"type": "say", "scope": "deliberation", "text": "机密"});
    let said = cast.expert.done(said).await;
    let ended = cast.chair.done(json!({"type": "end_deliberation"})).await;
    cast.applicant.event("deliberation_ended").await;
    let entry = cast
        .applicant
        .entries
        .iter()
        .find(|entry| entry.seq == said)
        .unwrap();
    assert_eq!(entry.opened, None);
    let widened = heads.lock().unwrap().last().unwrap().clone();
    assert!(widened.0 >= ended);
    assert!(receives(&widened.1, &chair, &applicant));
}

#[tokio::test(flavor = "multi_thread")]
async fn media_frames_reach_the_relay_and_its_answers_the_seat() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::at_the_door(&house, &session).await;
    let seat = cast.expert.welcome["seat"].as_str().unwrap().to_owned();
    let offer =
        json!({"media": {"up_offer": {"sdp": "x", "sources": {"0": "microphone", "1": "camera"}}}});
    cast.expert.send(offer).await;
    assert_eq!(
        cast.expert.wait("media").await["up_answer"]["sdp"],
        "answer"
    );
    house
        .relay_events
        .send(kanjie_media::RelayEvent::DownNeedsOffer {
            room: kanjie_media::RoomId(session.clone()),
            seat: SeatId(seat.clone()),
        })
        .await
        .unwrap();
    let offer = cast.expert.wait("media").await["down_offer"].take();
    assert_eq!(
        offer["tracks"][0],
        json!({"mid": "0", "seat": "s1", "source": "camera"})
    );
    let generation = offer["generation"].as_u64().unwrap();
    cast.expert
        .send(json!({"media": {"down_answer": {"generation": generation, "sdp": "x"}}}))
        .await;
    cast.expert
        .send(json!({"media": {"restart": {"half": "down"}}}))
        .await;
    assert!(
        cast.expert.wait("media").await["down_offer"]["generation"]
            .as_u64()
            .unwrap()
            > generation
    );
    let asked = house.relay.asked();
    assert!(asked.contains(&Asked::DownAnswer(seat.clone(), generation)));
    assert!(asked.contains(&Asked::HalfClosed(seat, kanjie_media::Half::Down)));

    let offer = json!({"media": {"up_offer": {"sdp": "bad", "sources": {"0": "camera"}}}});
    cast.expert.send(offer.clone()).await;
    assert_eq!(cast.expert.wait("media").await["failed"]["half"], "up");
    // A supervisor only watches.
    cast.supervisor.send(offer).await;
    assert_eq!(cast.supervisor.wait("media").await["failed"]["half"], "up");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_screen_shows_reaches_the_relay_and_what_it_needs_the_publisher() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::at_the_door(&house, &session).await;
    let seat = |client: &super::client::Client| client.welcome["seat"].as_str().unwrap().to_owned();
    let (expert, surveyor) = (seat(&cast.expert), seat(&cast.surveyor_1));
    let shown = json!([
        {"seat": surveyor, "source": "camera", "width": 1280, "height": 720, "important": true},
        {"seat": surveyor, "source": "microphone", "width": 1, "height": 1},
        {"seat": surveyor, "source": "hologram", "width": 1, "height": 1},
    ]);
    cast.expert.send(json!({"media": {"views": shown}})).await;
    cast.expert
        .send(json!({"media": {"restart": {"half": "down"}}}))
        .await;
    cast.expert.wait("media").await;
    let track = TrackId {
        seat: SeatId(surveyor.clone()),
        source: Source::Camera,
    };
    let view = kanjie_media::View {
        track: track.clone(),
        width: 1280,
        height: 720,
        important: true,
    };
    let asked = house.relay.asked();
    assert!(asked.contains(&Asked::Views(expert.clone(), vec![view])));

    let room = kanjie_media::RoomId(session.clone());
    let wanted = kanjie_media::RelayEvent::LayersWanted {
        room: room.clone(),
        track: track.clone(),
        rids: vec!["h".to_owned()],
    };
    house.relay_events.send(wanted).await.unwrap();
    let layers = json!({"layers": {"source": "camera", "rids": ["h"]}});
    assert_eq!(cast.surveyor_1.wait("media").await, layers);
    let narrow = |on| kanjie_media::RelayEvent::AudioOnly {
        room: room.clone(),
        seat: SeatId(expert.clone()),
        on,
    };
    house.relay_events.send(narrow(true)).await.unwrap();
    let told = json!({"audio_only": {"on": true}});
    assert_eq!(cast.expert.wait("media").await, told);

    // A socket that broke may have missed it.
    let mut surveyor_1 = cast.surveyor_1.rejoin(&house).await;
    assert_eq!(surveyor_1.wait("media").await, layers);
    let mut expert = cast.expert.rejoin(&house).await;
    assert_eq!(expert.wait("media").await, told);
    house.relay_events.send(narrow(false)).await.unwrap();
    assert_eq!(
        expert.wait("media").await,
        json!({"audio_only": {"on": false}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn media_asked_for_right_behind_the_hello_needs_no_further_round_trip() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut chair = super::client::Client::join(&house, "chair", &session).await;
    chair.done(json!({"type": "open_lobby"})).await;
    let restart = json!({"media": {"restart": {"half": "down"}}});
    let mut expert =
        super::client::Client::join_asking(&house, "expert", &session, restart).await;
    assert!(expert.wait("media").await["down_offer"].is_object());
}
