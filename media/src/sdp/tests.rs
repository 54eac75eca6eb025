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
    candidates: &'a [Candidate],
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
        Candidate::Udp("192.0.2.1:5000".parse().unwrap()),
        Candidate::Tcp("192.0.2.1:5000".parse().unwrap()),
        Candidate::Udp("[2001:db8::1]:5000".parse().unwrap()),
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
    assert!(agreed[0].audio_level.is_some() && agreed[1].orientation.is_some());
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

/// As aiortc and OBS number them: not as we do.
const WALL: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 96 0\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n\
    a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n\
    a=setup:actpass\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
    a=rtpmap:96 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 97 98 99 100\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\n\
    a=rtpmap:97 VP8/90000\r\na=rtcp-fb:97 nack\r\na=rtcp-fb:97 goog-remb\r\na=rtpmap:98 rtx/90000\r\na=fmtp:98 apt=97\r\n\
    a=rtpmap:99 H264/90000\r\na=fmtp:99 packetization-mode=1;profile-level-id=42e01f\r\n\
    a=rtpmap:100 rtx/90000\r\na=fmtp:100 apt=99\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 97\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=recvonly\r\na=rtpmap:97 VP8/90000\r\n";

#[test]
fn who_offers_to_receive_gets_it_under_his_own_numbers() {
    let offer = parse(WALL);
    let agreed = watch::agree(&offer).unwrap();
    assert_eq!(agreed.len(), 2, "one sound, one picture");
    let (sound, picture) = (&agreed[0].1, &agreed[1].1);
    assert_eq!(sound.payload_types_for(CodecKind::Opus), Some((96, None)));
    assert_eq!(sound.audio_level, Some(3));
    assert_eq!(
        picture.payload_types_for(CodecKind::Vp8),
        Some((97, Some(98)))
    );
    assert_eq!(
        picture.payload_types_for(CodecKind::H264),
        Some((99, Some(100)))
    );
    let ice = Credentials::generate(&mut rand::rng());
    let watched: Vec<watch::Watched<'_>> = agreed
        .iter()
        .map(|(_, media)| watch::Watched {
            media,
            ssrc: 5,
            rtx_ssrc: 6,
        })
        .collect();
    let text = watch::write(
        &offer,
        &watched,
        &SeatId("m1".into()),
        &side(&ice, &[7; 32], &[]),
    );
    let answer = parse(&text);
    let directions: Vec<_> = answer.media.iter().map(|media| media.direction).collect();
    assert_eq!(
        directions,
        [
            Direction::SendOnly,
            Direction::SendOnly,
            Direction::Inactive
        ]
    );
    assert!(answer.media[2].rejected);
    assert_eq!(answer.media[1].payload_types, ["97", "98", "99", "100"]);
    assert_eq!(answer.media[1].retransmissions, [(5, 6)]);
    assert!(!text.contains("goog-remb") && !text.contains("PCMU"));

    let publishing = WALL.replace("recvonly", "sendonly");
    assert!(watch::agree(&parse(&publishing)).is_err());
    let passive = WALL.replace("setup:actpass", "setup:passive");
    assert!(watch::agree(&parse(&passive)).is_err());
}

#[test]
fn a_machine_has_one_microphone_and_one_camera() {
    let offer = WALL.replace("recvonly", "sendonly");
    let expected = [
        ("0".to_owned(), Source::Microphone),
        ("1".to_owned(), Source::Camera),
    ];
    assert_eq!(machine_sources(&offer).unwrap(), expected);
    assert_eq!(machine_sources(WALL).unwrap(), []);
}
