//! Keyframe requests of one video track, throttled over all who ask; and telling where a keyframe begins.

use std::time::{Duration, Instant};

use crate::api::CodecKind;

/// Shortest time between two requests while each is answered.
const INTERVAL: Duration = Duration::from_millis(500);
/// An unanswered request is repeated after this long.
const REPEAT: Duration = Duration::from_millis(1000);
/// Then nobody is sending, and whoever still wants one asks again when packets come.
const MAX_REPEATS: u8 = 4;

/// Who wants a keyframe, and when the publisher was last asked.
#[derive(Debug, Default)]
pub struct KeyframeRequests {
    wanted: bool,
    sent: Option<Instant>,
    answered: bool,
    repeats: u8,
    /// Requests sent.
    pub asked: u64,
}

impl KeyframeRequests {
    /// Somebody needs a keyframe.
    pub fn want(&mut self) {
        if !self.wanted {
            self.wanted = true;
            self.repeats = 0;
        }
    }

    /// A keyframe began: whoever asked before it has it.
    pub fn arrived(&mut self) {
        self.wanted = false;
        self.answered = true;
    }

    /// Whether to send a request now.
    pub fn poll(&mut self, now: Instant) -> bool {
        if !self.wanted {
            return false;
        }
        let pause = if self.answered { INTERVAL } else { REPEAT };
        if self
            .sent
            .is_some_and(|sent| now.saturating_duration_since(sent) < pause)
        {
            return false;
        }
        if self.repeats > MAX_REPEATS {
            self.wanted = false;
            return false;
        }
        self.repeats += 1;
        self.sent = Some(now);
        self.answered = false;
        self.asked += 1;
        true
    }
}

/// Whether an RTP payload is the first of a keyframe.
pub fn begins_keyframe(kind: CodecKind, payload: &[u8]) -> bool {
    match kind {
        CodecKind::Opus => true,
        CodecKind::Vp8 => vp8(payload).unwrap_or(false),
        CodecKind::H264 => h264(payload).unwrap_or(false),
    }
}

/// RFC 7741 sections 4.2 and 4.3: start of partition 0, and the inverse key frame bit of the payload header.
fn vp8(payload: &[u8]) -> Option<bool> {
    let first = *payload.first()?;
    if first & 0x10 == 0 || first & 0x07 != 0 {
        return Some(false);
    }
    let mut at = 1;
    if first & 0x80 != 0 {
        let extension = *payload.get(1)?;
        at = 2;
        if extension & 0x80 != 0 {
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(extension & 0x40 != 0) + usize::from(extension & 0x30 != 0);
    }
    Some(payload.get(at)? & 1 == 0)
}

/// RFC 6184: a sequence parameter set or an IDR slice, alone, first in an aggregate, or at the start of fragments.
fn h264(payload: &[u8]) -> Option<bool> {
    let begins = |header: u8| matches!(header & 0x1f, 5 | 7);
    match payload.first()? & 0x1f {
        24 => Some(begins(*payload.get(3)?)),
        28 | 29 => {
            let fragment = *payload.get(1)?;
            Some(fragment & 0x80 != 0 && begins(fragment))
        }
        _ => Some(begins(*payload.first()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_who_ask_make_one_request() {
        let (mut requests, start) = (KeyframeRequests::default(), Instant::now());
        let mut sent = 0;
        for ms in 0..2000 {
            requests.want();
            let now = start + Duration::from_millis(ms);
            if requests.poll(now) {
                sent += 1;
                requests.arrived();
            }
        }
        assert_eq!(sent, 4);
    }

    #[test]
    fn an_unanswered_request_is_repeated_and_ends() {
        let (mut requests, start) = (KeyframeRequests::default(), Instant::now());
        requests.want();
        let sent = (0..60_000)
            .filter(|ms| requests.poll(start + Duration::from_millis(*ms)))
            .count();
        assert_eq!(sent, 5);
    }

    #[test]
    fn keyframes_are_told_apart() {
        assert!(
            begins_keyframe(CodecKind::Vp8, &[0x90, 0x80, 0x12, 0x10, 0x00]),
            "picture id of one byte"
        );
        assert!(
            begins_keyframe(CodecKind::Vp8, &[0x90, 0xe0, 0x80, 0x12, 1, 2, 0x10]),
            "long id, TL0PICIDX, TID"
        );
        assert!(
            !begins_keyframe(CodecKind::Vp8, &[0x90, 0x80, 0x12, 0x11, 0x00]),
            "an inter frame"
        );
        assert!(
            !begins_keyframe(CodecKind::Vp8, &[0x80, 0x80, 0x12, 0x10]),
            "a continuation"
        );
        assert!(begins_keyframe(CodecKind::H264, &[0x67, 1]));
        assert!(begins_keyframe(
            CodecKind::H264,
            &[0x78, 0, 4, 0x67, 1, 2, 3]
        ));
        assert!(begins_keyframe(CodecKind::H264, &[0x7c, 0x85, 1]));
        assert!(!begins_keyframe(CodecKind::H264, &[0x7c, 0x05, 1]));
        assert!(!begins_keyframe(CodecKind::H264, &[0x61]));
        assert!(!begins_keyframe(CodecKind::Vp8, &[]));
    }
}
