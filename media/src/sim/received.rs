//! What a simulated subscriber got.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::CodecKind;
use crate::keyframes::begins_keyframe;
use crate::nack::{Arrival, Gaps};
use crate::red;
use crate::rtp::{RtpView, Unwrapper};
use crate::vp8::{Descriptor, keyframe_size};
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
    /// (picture number, TL0PICIDX) by extended sequence number.
    pub pictures: BTreeMap<u64, (u16, u8)>,
    /// (µs, width) of each keyframe.
    pub widths: Vec<(u64, u16)>,
    /// (µs, payload bytes) of each packet.
    pub arrivals: Vec<(u64, usize)>,
    /// Some sound came with its past.
    pub with_past: bool,
}

impl Received {
    pub fn recoverable(&self) -> bool {
        // Video: its first payload byte is a VP8 descriptor.
        self.first_is_keyframe.is_some()
    }

    pub fn take(&mut self, view: &RtpView<'_>, now: Now) {
        let video = view.payload_type == 96;
        let descriptor = Descriptor::parse(view.payload).filter(|_| video);
        let at = descriptor.map_or(1, |descriptor| descriptor.length + 10);
        let payload = match view.payload_type {
            63 => red::primary(view.payload).unwrap(),
            _ => view.payload,
        };
        self.with_past |= payload.len() < view.payload.len();
        let content = u64::from_be_bytes(payload[at..at + 8].try_into().unwrap());
        if video && self.first_is_keyframe.is_none() {
            self.first_is_keyframe = Some(begins_keyframe(CodecKind::Vp8, payload));
        }
        if let Some((width, _)) = descriptor.and_then(|_| keyframe_size(payload)) {
            self.widths.push((now.mono_us, width));
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
        self.arrivals.push((now.mono_us, view.payload.len()));
        if let Some(numbers) = descriptor.map(|descriptor| descriptor.numbers) {
            let (picture, base) = (numbers.picture.unwrap().1, numbers.base.unwrap().1);
            self.pictures.insert(seq, (picture, base));
        }
    }

    /// The width of the layer that is being received.
    pub fn width(&self) -> Option<u16> {
        self.widths.last().map(|(_, width)| *width)
    }

    /// Bytes that came between two times, µs.
    pub fn bytes(&self, from: u64, to: u64) -> usize {
        let within = self
            .arrivals
            .iter()
            .filter(|(at, _)| (from..to).contains(at));
        within.map(|(_, bytes)| bytes).sum()
    }

    /// The longest time without a packet between two times, µs.
    pub fn longest_gap(&self, from: u64, to: u64) -> u64 {
        let times = self.arrivals.iter().map(|(at, _)| *at);
        let times: Vec<u64> = times
            .filter(|at| (from..to).contains(at))
            .chain([to])
            .collect();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.max().unwrap_or(to - from)
    }

    /// Forgets what is old, for long runs.
    pub fn forget(&mut self) {
        while self.contents.len() > 2_000 {
            self.contents.pop_first();
            self.timestamps.pop_first();
        }
        while self.pictures.len() > 2_000 {
            self.pictures.pop_first();
        }
        self.arrivals.clear();
        self.widths.clear();
    }
}
