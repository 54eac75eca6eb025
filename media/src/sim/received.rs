//! What a simulated subscriber got.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::nack::{Arrival, Gaps};
use crate::rtp::{RtpView, Unwrapper};
use crate::worker::Now;

/// What a subscriber got of one stream.
#[derive(Debug, Default)]
pub struct Received {
    /// Content numbers by extended sequence number.
    pub contents: BTreeMap<u64, u64>,
    pub timestamps: BTreeMap<u64, u32>,
    pub first_is_keyframe: Option<bool>,
    pub recovered: u64,
    pub duplicates: u64,
    pub clock: Option<(u64, u32)>,
    pub unwrapper: Unwrapper,
    pub gaps: Gaps,
}

impl Received {
    pub fn recoverable(&self) -> bool {
        // Video: its first payload byte is a VP8 descriptor.
        self.first_is_keyframe.is_some()
    }

    pub fn take(&mut self, view: &RtpView<'_>, now: Now) {
        let video = view.payload_type == 96;
        let at = if video { 4 } else { 1 };
        let content = u64::from_be_bytes(view.payload[at..at + 8].try_into().unwrap());
        if video && self.first_is_keyframe.is_none() {
            self.first_is_keyframe = Some(view.payload[0] & 0x10 != 0 && view.payload[3] & 1 == 0);
        }
        let seq = self.unwrapper.unwrap(view.seq);
        self.duplicates +=
            u64::from(self.gaps.arrive(seq, Duration::ZERO, now.at) == Arrival::Duplicate);
        let before = self.contents.insert(seq, content);
        assert!(
            before.is_none_or(|before| before == content),
            "one number, two packets"
        );
        self.timestamps.insert(seq, view.timestamp);
    }
}
