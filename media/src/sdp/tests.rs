#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! Offers and answers of Chromium 156, as captured.

use super::*;
use crate::api::{SeatId, Source, TrackId};
use crate::sdp::answer::agree;
use crate::sdp::offer::{Carried, OfferedSlot, read_answer};

const OFFER: &str = include_str!("../../tests/fixtures/chromium-offer.sdp");
const OFFER_H264: &str = include_str!("../../tests/fixtures/chromium-offer-h264.sdp");
const OFFER_SCREEN: &str = include_str!("../../tests/fixtures/chromium-offer-with-screen.sdp");
const ANSWER: &str = include_str!("../../tests/fixtures/chromium-answer.sdp");

fn parse(text: &str) -> Description {
    Description::parse(text, &Limits::default()).unwrap()
}

fn sources() -> Vec<(Mid, Source)> {
    vec![
        ("0".into(), Source::Microphone),
        ("1".into(), Source::Camera),
    ]
}

fn side<'a>(
    ice: &'a Credentials,
    fingerprint: &'a Fingerprint,
    candidates: &'a [SocketAddr],
) -> LocalSide<'a> {
    LocalSide {
        ice,
        fingerprint,
        candidates,
        session: 1,
        version: 1,
    }
}

#[test]
fn chromiums_offer_is_agreed_to() {
    let agreement = agree(&parse(OFFER), &sources()).unwrap();
    let [sound, picture] = &agreement.media[..] else {
        panic!("two tracks")
    };
    assert_eq!(
        (
            sound.codec.kind,
            sound.codec.payload_type,
            sound.codec.channels
        ),
        (CodecKind::Opus, 111, 2)
    );
    assert_eq!(
        (sound.extensions.audio_level, sound.extensions.transport_cc),
        (Some(1), Some(3))
    );
    assert_eq!(
        (
            picture.codec.kind,
            picture.codec.payload_type,
            picture.rtx_payload_type
        ),
        (CodecKind::Vp8, 96, Some(97))
    );
    assert_eq!(picture.ssrcs, [4_251_637_291]);
    assert_eq!(picture.retransmissions, [(4_251_637_291, 2_421_954_901)]);
    assert_eq!(picture.extensions.orientation, Some(13));
    assert!(picture.nack && !sound.nack);
}

#[test]
fn h264_first_takes_the_constrained_baseline() {
    let agreement = agree(&parse(OFFER_H264), &sources()).unwrap();
    let codec = &agreement.media[1].codec;
    assert_eq!(codec.kind, CodecKind::H264);
    assert!(
        codec.fmtp.contains("profile-level-id=42e01f")
            && codec.fmtp.contains("packetization-mode=1")
    );
}

#[test]
fn an_m_line_without_a_source_is_rejected_in_its_place() {
    let offer = parse(OFFER_SCREEN);
    let agreement = agree(&offer, &sources()).unwrap();
    let ice = Credentials {
        ufrag: "abcd".into(),
        pwd: "p".repeat(24),
    };
    let candidates = [
        "192.0.2.1:5000".parse().unwrap(),
        "[2001:db8::1]:5000".parse().unwrap(),
    ];
    let text = answer::write(&offer, &agreement, &side(&ice, &[7; 32], &candidates));
    let answer = parse(&text);
    let told: Vec<_> = answer
        .media
        .iter()
        .map(|media| (media.mid.as_str(), media.rejected))
        .collect();
    assert_eq!(
        told.len(),
        offer.media.len(),
        "as many m-lines as were offered, in the same order"
    );
    assert!(
        told.iter()
            .all(|(mid, rejected)| *rejected != ["0", "1"].contains(mid)),
        "{told:?}"
    );
    assert_eq!(
        (answer.ice, answer.fingerprint, answer.setup),
        (ice, [7; 32], Setup::Passive)
    );
    assert!(text.contains("a=group:BUNDLE 0 1\r\n") && text.contains("a=ice-lite\r\n"));
    assert!(text.contains("192.0.2.1 5000 typ host") && text.contains("2001:db8::1 5000 typ host"));
}

#[test]
fn our_offer_reads_as_meant_and_chromiums_answer_agrees() {
    let ice = Credentials {
        ufrag: "abcd".into(),
        pwd: "p".repeat(24),
    };
    let track = TrackId {
        seat: SeatId("seat".into()),
        source: Source::Camera,
    };
    let slots = [
        OfferedSlot {
            mid: "0",
            audio: true,
            carries: None,
        },
        OfferedSlot {
            mid: "1",
            audio: false,
            carries: Some(Carried {
                track: &track,
                ssrc: 5,
                rtx_ssrc: 6,
            }),
        },
    ];
    let text = offer::write(&slots, &side(&ice, &[7; 32], &[]));
    let offer = parse(&text);
    assert_eq!(offer.media[0].direction, Direction::Inactive);
    assert_eq!(offer.media[1].direction, Direction::SendOnly);
    assert_eq!(offer.media[1].retransmissions, [(5, 6)]);
    assert!(text.contains("a=msid:seat seat-camera\r\n"));

    let agreed = read_answer(&parse(ANSWER)).unwrap();
    assert_eq!(agreed.len(), 2);
    assert!(agreed.iter().all(|media| media.receiving));
    assert_eq!(
        agreed[1].payload_types_for(CodecKind::Vp8),
        Some((96, Some(97)))
    );
    assert_eq!(
        agreed[1].payload_types_for(CodecKind::H264),
        Some((102, Some(103)))
    );
    assert_eq!(agreed[0].payload_types_for(CodecKind::Vp8), None);
    assert!(agreed[0].audio_level && agreed[1].orientation);
}

#[test]
fn a_description_without_what_is_needed_is_refused() {
    for line in ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=mid"] {
        let without: Vec<&str> = OFFER
            .lines()
            .filter(|other| !other.starts_with(line))
            .collect();
        let parsed = Description::parse(&without.join("\r\n"), &Limits::default());
        assert!(
            matches!(parsed, Err(MediaError::BadDescription(_))),
            "{line}"
        );
    }
    let passive = OFFER.replace("a=setup:actpass", "a=setup:passive");
    assert!(agree(&parse(&passive), &sources()).is_err());
    assert!(read_answer(&parse(&ANSWER.replace("a=setup:active", "a=setup:passive"))).is_err());
}
