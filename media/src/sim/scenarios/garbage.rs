//! Nothing that a stranger or a peer sends makes the relay panic, or harms others.

use std::time::Duration;

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::api::{Limits, Source};
use crate::sdp::Description;
use crate::sim::{World, open_policy, room, seat};

fn mutate(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    for _ in 0..rng.random_range(1..8) {
        match rng.random_range(0..4) {
            0 if !bytes.is_empty() => {
                let at = rng.random_range(0..bytes.len());
                bytes[at] ^= 1 << rng.random_range(0..8);
            }
            1 => bytes.truncate(rng.random_range(0..=bytes.len())),
            2 if !bytes.is_empty() => {
                let at = rng.random_range(0..bytes.len());
                bytes[at] = rng.random();
            }
            _ => bytes.push(rng.random()),
        }
    }
}

#[test]
fn mutated_datagrams_in_every_state_harm_nobody_else() {
    let mut world = World::new(1);
    world.set_policy(open_policy(&["a", "b", "c"]));
    let up = world.publish("a", &[Source::Microphone, Source::Camera]);
    let down = world.subscribe("b");
    let mut rng = StdRng::seed_from_u64(7);
    for round in 0..40 {
        // Its handshake is attacked on the path, which may well end it.
        let victim = if round % 2 == 0 {
            world.publish("c", &[Source::Camera])
        } else {
            world.subscribe("c")
        };
        for _ in 0..50 {
            world.run(Duration::from_millis(1));
            let connected = world.client(up).connected() && world.client(down).connected();
            for mut bytes in world.sample() {
                mutate(&mut bytes, &mut rng);
                let own = [up, down][rng.random_range(0..2)];
                let from = if connected && rng.random() {
                    own
                } else {
                    victim
                };
                let now = world.now();
                world.worker.datagram(from, &bytes, now);
                world
                    .worker
                    .datagram("203.0.113.9:9".parse().unwrap(), &bytes, now);
            }
        }
    }
    let before = world.client(down).contents().len();
    assert!(before > 50, "it worked all the while: {before}");
    world.run(Duration::from_secs(1));
    assert!(world.client(down).contents().len() > before + 50);
}

#[test]
fn an_authenticated_peer_that_sends_garbage_harms_nobody() {
    let mut world = World::new(2);
    world.set_policy(open_policy(&["a", "b"]));
    let bad = world.publish("a", &[Source::Microphone, Source::Camera]);
    world.publish("b", &[Source::Microphone, Source::Camera]);
    let down = world.subscribe("a");
    let mut rng = StdRng::seed_from_u64(8);
    world.run(Duration::from_millis(500));
    for _ in 0..2000 {
        for address in [bad, down] {
            let length = rng.random_range(12..300);
            let mut bytes: Vec<u8> = (0..length).map(|_| rng.random()).collect();
            bytes[0] = 0x80 | rng.random::<u8>() & 0x1f;
            let rtcp: bool = rng.random();
            if rtcp {
                bytes[1] = rng.random_range(200..=207);
                let words = (bytes.len() / 4 - 1) as u16;
                bytes.truncate(usize::from(words + 1) * 4);
                bytes[2..4].copy_from_slice(&words.to_be_bytes());
            } else {
                bytes[1] = [96, 97, 111][rng.random_range(0..3)];
            }
            world
                .clients
                .get_mut(&address)
                .unwrap()
                .send_raw(bytes, rtcp);
        }
        world.run(Duration::from_millis(1));
    }
    let before = world.client(down).contents().len();
    world.run(Duration::from_secs(1));
    assert!(world.client(down).contents().len() > before + 50);
}

#[test]
fn a_flood_from_one_address_keeps_nobody_out() {
    let mut world = World::new(3);
    world.set_policy(open_policy(&["a"]));
    let up = world.publish("a", &[Source::Camera]);
    let flood: std::net::IpAddr = "203.0.113.9".parse().unwrap();
    for _ in 0..300 {
        let now = world.now();
        for port in 1..200u16 {
            world
                .worker
                .datagram(std::net::SocketAddr::new(flood, port), &[0; 20], now);
        }
        world.run(Duration::from_millis(1));
    }
    assert!(world.client(up).published > 0);
}

#[test]
fn descriptions_beyond_the_limits_are_refused() {
    let mut world = World::new(4);
    let now = world.now();
    let mut answer = |sdp: &str| {
        world.worker.answer_up(
            &room(),
            &seat("a"),
            sdp,
            &[("0".into(), Source::Camera)],
            now,
        )
    };
    assert!(answer(&"x".repeat(70_000)).is_err());
    assert!(
        answer(&format!(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{}",
            "m=audio 9 X 0\r\n".repeat(65)
        ))
        .is_err()
    );
    assert!(answer("").is_err());
    let bad_name = world.worker.offer_down(&room(), &seat("a b\r\n"), now);
    assert_eq!(bad_name, Err(crate::api::MediaError::BadName));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_datagram_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), first in 0u8..=255) {
        let mut bytes = bytes;
        bytes.insert(0, first);
        let _ = crate::ice::Check::parse(&bytes);
        let _ = crate::rtcp::read(&bytes);
        if let Some(view) = crate::rtp::RtpView::parse(&bytes) {
            for id in 0..16 {
                let _ = view.extension(id);
            }
            let _ = crate::keyframes::begins_keyframe(crate::api::CodecKind::Vp8, view.payload);
            let _ = crate::keyframes::begins_keyframe(crate::api::CodecKind::H264, view.payload);
        }
        let _ = crate::rtp::unwrap_rtx(&bytes, 1, 1);
    }

    #[test]
    fn any_mutated_description_is_survived(seed in any::<u64>()) {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut bytes = include_bytes!("../../../tests/fixtures/chromium-offer.sdp").to_vec();
        for _ in 0..5 {
            mutate(&mut bytes, &mut rng);
            let cut = rng.random_range(0..bytes.len().max(1));
            if rng.random_bool(0.2) {
                let tail = bytes.split_off(cut.min(bytes.len()));
                bytes.extend_from_slice(b"\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n");
                bytes.extend(tail);
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(offer) = Description::parse(&text, &Limits::default()) {
            let _ = crate::sdp::answer::agree(&offer, &[("0".into(), Source::Microphone), ("1".into(), Source::Camera)]);
        }
    }
}
