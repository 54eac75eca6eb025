#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::time::Duration;

use super::*;
use crate::sdp::offer::DownFormat;

fn agreed(audio_level: bool) -> DownMedia {
    DownMedia {
        mid: "0".into(),
        receiving: true,
        formats: vec![DownFormat {
            kind: CodecKind::Opus,
            payload_type: 111,
            rtx: None,
        }],
        audio_level: audio_level.then_some(1),
        ..DownMedia::default()
    }
}

fn sound(seq: u16) -> Bytes {
    let mut out = Vec::new();
    let header = Rewrite {
        payload_type: 111,
        seq,
        timestamp: u32::from(seq) * 960,
        ssrc: 9,
        marker: false,
        extensions: [(5, 20), (0, 0)],
        transport: None,
        osn: None,
    };
    header.write(b"sound", &mut out);
    out.into()
}

fn accepted(seq: u16) -> Accepted {
    Accepted {
        packet: sound(seq),
        seq: 100_000 + u64::from(seq),
        generation: 3,
        layer: 0,
        begins_keyframe: true,
        recovered: false,
        red: false,
        numbers: Numbers::default(),
        rtt: None,
        padding: 3,
    }
}

fn passing(accepted: &Accepted, ids: ExtensionIds) -> Passing<'_> {
    Passing {
        accepted,
        view: RtpView::parse(&accepted.packet).unwrap(),
        ids,
        clocks: Vec::new(),
    }
}

fn written(outgoing: &Outgoing) -> Vec<u8> {
    let mut out = Vec::new();
    let payload = &outgoing.packet[outgoing.payload.clone()];
    outgoing.header.write(payload, &mut out);
    out.push(outgoing.padding);
    out
}

/// Without RTX a packet goes out again under its old number, so under the same nonce: it must be the same packet.
#[test]
fn what_is_sent_again_is_the_same_or_not_sent_at_all() {
    let at = Instant::now();
    let now = Now {
        at,
        mono_us: 0,
        wall_us: 0,
    };
    let ids = ExtensionIds {
        audio_level: Some(5),
        ..Default::default()
    };
    let mut forwarder = Forwarder::new(CodecKind::Opus, 48_000, 1, 2, [40_000, 1, 2, 3]);
    assert!(forwarder.agree(&agreed(true)));
    let mut sent = Vec::new();
    for seq in 0..5 {
        let accepted = accepted(seq);
        let passing = passing(&accepted, ids);
        let outgoing = forwarder.forward(&passing, now).unwrap();
        sent.push((outgoing.header.seq, written(&outgoing)));
    }
    assert!(
        forwarder
            .requested(sent[0].0.wrapping_sub(1), Duration::ZERO, at)
            .is_none(),
        "before the first"
    );
    assert!(
        forwarder
            .requested(sent[4].0.wrapping_add(1), Duration::ZERO, at)
            .is_none(),
        "not sent yet"
    );
    let original = forwarder.requested(sent[2].0, Duration::ZERO, at).unwrap();
    assert_eq!((original.generation, original.seq), (3, 100_002));
    let again = Kept {
        packet: sound(2),
        seq: original.seq,
        red: false,
        padding: 3,
    };
    assert_eq!(
        written(&forwarder.resend(&again, original, &ids).unwrap()),
        sent[2].1
    );
    assert!(
        forwarder.requested(sent[2].0, Duration::ZERO, at).is_none(),
        "not again at once"
    );

    assert!(
        forwarder.agree(&agreed(false)),
        "the client now wants other headers"
    );
    assert!(forwarder.requested(sent[3].0, Duration::ZERO, at).is_none());
    assert!(forwarder.resend(&again, original, &ids).is_none());
    let next = accepted(5);
    let passing = passing(&next, ids);
    let outgoing = forwarder.forward(&passing, now).unwrap();
    assert_eq!(
        outgoing.header.seq,
        sent[4].0.wrapping_add(1),
        "and the stream goes on"
    );
}
