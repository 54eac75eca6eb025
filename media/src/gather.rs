//! Gathers a frame's packets before they go to subscribers, and makes their sizes equal, so that they leave as one run.
//!
//! A frame cannot be shown without its last packet, so holding the first ones until it comes delays nobody. Where it does
//! not come soon (a publisher that spreads a frame out, or a loss), what is there goes on after [`GATHER`].

use std::time::{Duration, Instant};

use crate::inbound::Accepted;
use crate::rtp::RtpView;
use crate::srtp::MAX_PADDING;

/// The longest that a packet is held. A timer may add a millisecond.
pub const GATHER: Duration = Duration::from_millis(3);
/// Packets held of a track.
const MAX_GATHERED: usize = 64;

/// Whether the packets gathered so far are to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    Now,
    /// Not yet; this packet was the first, so a timer has to be set.
    At(Instant),
    /// Not yet; the timer is set.
    Later,
}

/// Packets of one track on their way to the subscribers.
#[derive(Debug, Default)]
pub struct Gathered {
    packets: Vec<Accepted>,
    until: Option<Instant>,
}

impl Gathered {
    /// Takes a packet. `whole`: nothing is missing that would be worth waiting for.
    pub fn push(&mut self, accepted: Accepted, whole: bool, now: Instant) -> Ready {
        self.packets.push(accepted);
        if whole || self.packets.len() >= MAX_GATHERED {
            return Ready::Now;
        }
        if self.until.is_some() {
            return Ready::Later;
        }
        let until = now + GATHER;
        self.until = Some(until);
        Ready::At(until)
    }

    pub fn until(&self) -> Option<Instant> {
        self.until
    }

    pub fn take(&mut self) -> Vec<Accepted> {
        self.until = None;
        std::mem::take(&mut self.packets)
    }
}

/// Pads packets to the size of the longest, where a few bytes do it. The last may stay shorter: it ends the run anyway.
pub fn equalise(packets: &mut [Accepted]) {
    let length =
        |accepted: &Accepted| RtpView::parse(&accepted.packet).map_or(0, |view| view.payload.len());
    let longest = packets.iter().map(length).max().unwrap_or(0);
    let Some((last, others)) = packets.split_last_mut() else {
        return;
    };
    let _ = last;
    for accepted in others {
        let missing = longest - length(accepted);
        if missing <= usize::from(MAX_PADDING) {
            accepted.padding = missing as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::rtp::Rewrite;

    fn packet(payload: usize) -> Accepted {
        let mut out = Vec::new();
        Rewrite {
            payload_type: 96,
            seq: 0,
            timestamp: 0,
            ssrc: 1,
            marker: false,
            extensions: [(0, 0); 2],
            transport: None,
            osn: None,
        }
        .write(&vec![1; payload], &mut out);
        Accepted {
            packet: out.into(),
            seq: 0,
            generation: 0,
            layer: 0,
            red: false,
            numbers: Default::default(),
            begins_keyframe: false,
            recovered: false,
            rtt: None,
            padding: 0,
        }
    }

    fn paddings(sizes: &[usize]) -> Vec<u8> {
        let mut packets: Vec<_> = sizes.iter().copied().map(packet).collect();
        equalise(&mut packets);
        packets.iter().map(|packet| packet.padding).collect()
    }

    #[test]
    fn sizes_are_made_equal_only_where_that_makes_a_run() {
        assert_eq!(paddings(&[1099, 1099, 1100, 1100]), [1, 1, 0, 0]);
        assert_eq!(paddings(&[1100, 1099]), [0, 0], "a last one may be shorter");
        assert_eq!(paddings(&[1099, 1100]), [1, 0]);
        assert_eq!(paddings(&[40, 1100, 1100]), [0, 0, 0], "too much for a run");
        assert_eq!(paddings(&[500]), [0]);
        assert_eq!(paddings(&[]), []);
    }

    #[test]
    fn a_frame_waits_for_its_end_but_not_for_long() {
        let (mut gathered, now) = (Gathered::default(), Instant::now());
        assert_eq!(
            gathered.push(packet(9), false, now),
            Ready::At(now + GATHER)
        );
        assert_eq!(gathered.push(packet(9), false, now), Ready::Later);
        assert_eq!(gathered.push(packet(9), true, now), Ready::Now);
        assert_eq!(gathered.take().len(), 3);
        assert_eq!(gathered.until(), None);
        for _ in 1..MAX_GATHERED {
            assert_ne!(gathered.push(packet(9), false, now), Ready::Now);
        }
        assert_eq!(gathered.push(packet(9), false, now), Ready::Now, "bounded");
    }
}
