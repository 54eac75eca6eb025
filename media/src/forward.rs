//! One subscriber's copy of one track: sequence numbers, timestamps and picture numbers of its own, continuous across
//! whatever the publisher does and whichever layer is chosen; retransmissions; sender reports. When a packet leaves is the connection's pacer's matter.
//!
//! Numbers map by offsets ([`Anchor`]), so the publisher's history serves every subscriber. Nothing before an anchor
//! is ever sent: what passed while the subscriber was shut out stays out, retransmissions included.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::api::CodecKind;
use crate::inbound::{Accepted, InboundTrack, Kept};
use crate::red;
use crate::rtcp::us_from_ntp;
use crate::rtp::{ExtensionIds, PADDING, Rewrite, RtpView};
use crate::sdp::offer::{DownMedia, OPUS, RED};
use crate::stream::SenderClock;
use crate::vp8::{Last, Numbers, Offsets, Patch};
use crate::worker::Now;

/// Retransmissions remembered, so that an impatient client does not get the same one again and again.
const RECENT: usize = 128;
/// Anchors kept for what is asked for again after a change of layer.
const MAX_ANCHORS: usize = 4;
/// Transport-wide numbers remembered of packets that would go out again as they were.
const MAX_STAMPS: usize = 256;

/// Where the numbers of one of the publisher's streams stand in the subscriber's.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    generation: u64,
    layer: usize,
    from: u64,
    to: u64,
    /// Numbers from here on belong to the anchor after it.
    end: u64,
    timestamp: u32,
    pictures: Offsets,
}

impl Anchor {
    fn number(&self, seq: u64) -> Option<u64> {
        let number = self.to + seq.checked_sub(self.from)?;
        (number < self.end).then_some(number)
    }
}

/// Sends one track to one subscriber.
#[derive(Debug)]
pub struct Forwarder {
    pub ssrc: u32,
    pub rtx_ssrc: u32,
    pub kind: CodecKind,
    /// The layer that the subscriber is to have; `None`: nothing, for now.
    pub target: Option<usize>,
    clock_rate: u32,
    payload_type: u8,
    rtx_payload_type: Option<u8>,
    audio_level: Option<u8>,
    orientation: Option<u8>,
    red: bool,
    pub transport_cc: bool,
    /// The newest last; that one counts if `anchored`.
    anchors: VecDeque<Anchor>,
    anchored: bool,
    pictures: Last,
    first_timestamp: u32,
    next: u64,
    rtx_next: u16,
    last: Option<(u32, Instant)>,
    recent: VecDeque<(u64, Instant)>,
    stamps: VecDeque<(u64, u16)>,
    pub packets: u32,
    pub octets: u32,
    pub reported_at: Option<Instant>,
}

/// A packet ready to be encrypted: a header of its own, and the payload where it lies in the publisher's packet.
#[derive(Debug)]
pub struct Outgoing {
    pub header: Rewrite,
    pub packet: Bytes,
    pub payload: Range<usize>,
    pub patch: Patch,
    /// RTP padding behind the payload, bytes.
    pub padding: u8,
    /// The payload is padding ([`crate::rtp::PADDING`]).
    pub only_padding: bool,
    /// `header.seq`, or that of the original of a retransmission, without wrap.
    pub number: u64,
    /// Sent before under the same number.
    pub again: bool,
}

/// A packet that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    pub generation: u64,
    pub seq: u64,
}

/// A packet on its way to a track's subscribers.
#[derive(Debug)]
pub struct Passing<'a> {
    pub accepted: &'a Accepted,
    pub view: RtpView<'a>,
    pub ids: ExtensionIds,
    /// Last reports of the track's streams, by generation, with a keyframe: they share the publisher's clock.
    pub clocks: Vec<(u64, SenderClock)>,
}

impl<'a> Passing<'a> {
    /// `None` if it is no RTP packet.
    pub fn of(accepted: &'a Accepted, track: &InboundTrack) -> Option<Self> {
        // A change of layer happens at keyframes only.
        let begins = accepted.begins_keyframe && track.codec.kind != CodecKind::Opus;
        Some(Passing {
            accepted,
            view: RtpView::parse(&accepted.packet)?,
            ids: track.media.extensions,
            clocks: match begins {
                true => track.clocks().collect(),
                false => Vec::new(),
            },
        })
    }

    fn clock(&self, generation: u64) -> Option<SenderClock> {
        let mut known = self.clocks.iter();
        known
            .find(|(of, _)| *of == generation)
            .map(|(_, clock)| *clock)
    }
}

impl Forwarder {
    /// `random`: first sequence numbers and timestamp (RFC 3550 section 5.1).
    pub fn new(
        kind: CodecKind,
        clock_rate: u32,
        ssrc: u32,
        rtx_ssrc: u32,
        random: [u16; 4],
    ) -> Self {
        Forwarder {
            ssrc,
            rtx_ssrc,
            kind,
            target: Some(0),
            clock_rate,
            payload_type: 0,
            rtx_payload_type: None,
            audio_level: None,
            orientation: None,
            red: false,
            transport_cc: false,
            anchors: VecDeque::new(),
            anchored: false,
            pictures: Last::default(),
            first_timestamp: u32::from(random[2]) << 16 | u32::from(random[3]),
            // Below half, so that the rollover counter is never in doubt (RFC 3711 section 3.3.1).
            next: (1 << 16) + u64::from(random[0] & 0x7fff),
            rtx_next: random[1] & 0x7fff,
            last: None,
            recent: VecDeque::new(),
            stamps: VecDeque::new(),
            packets: 0,
            octets: 0,
            reported_at: None,
        }
    }

    /// Takes what the client agreed to; `false` if it cannot receive this codec.
    pub fn agree(&mut self, media: &DownMedia) -> bool {
        let Some((payload_type, rtx)) = media.payload_types_for(self.kind) else {
            return false;
        };
        let before = (
            self.payload_type,
            self.rtx_payload_type,
            self.audio_level,
            self.orientation,
            self.red,
            self.transport_cc,
        );
        let agreed = (
            payload_type,
            rtx,
            media.audio_level,
            media.orientation,
            media.red,
            media.transport_cc,
        );
        if before != agreed {
            // A number must never be encrypted twice with two different headers: nothing sent so far is sent again.
            self.shut();
        }
        (
            self.payload_type,
            self.rtx_payload_type,
            self.audio_level,
            self.orientation,
            self.red,
            self.transport_cc,
        ) = agreed;
        true
    }

    /// Goes on with a track of that codec in the same stream: numbers and timestamps continue.
    pub fn change(&mut self, kind: CodecKind, clock_rate: u32, media: &DownMedia) -> bool {
        self.shut();
        (self.kind, self.clock_rate, self.target) = (kind, clock_rate, Some(0));
        self.agree(media)
    }

    /// Shuts the subscriber out: when it is let in again, it starts at a keyframe, after everything that passed meanwhile.
    pub fn shut(&mut self) {
        self.pause();
        self.anchors.clear();
        self.recent.clear();
        self.stamps.clear();
    }

    /// Nothing more until a keyframe; what was sent can still be asked for.
    pub fn pause(&mut self) {
        self.anchored = false;
        let next = self.next;
        if let Some(anchor) = self.anchors.back_mut() {
            anchor.end = anchor.end.min(next);
        }
    }

    fn anchor(&self) -> Option<&Anchor> {
        self.anchors.back().filter(|_| self.anchored)
    }

    /// The layer that is being sent.
    pub fn layer(&self) -> Option<usize> {
        self.anchor().map(|anchor| anchor.layer)
    }

    /// The publisher's stream that is being sent.
    pub fn generation(&self) -> Option<u64> {
        self.anchor().map(|anchor| anchor.generation)
    }

    /// The layer of which it waits for a keyframe to begin with.
    pub fn waiting(&self) -> Option<usize> {
        let target = self.target.filter(|_| self.kind != CodecKind::Opus)?;
        (self.layer() != Some(target)).then_some(target)
    }

    /// Takes numbers back that were given to packets which then were not sent; `highest` is the highest that was. Without
    /// this the client would ask for them, and after many of them the rollover counters would part (RFC 3711 section 3.3.1).
    pub fn not_sent(&mut self, highest: Option<u16>) {
        self.shut();
        if let Some(highest) = highest {
            let unsent = (self.next as u16).wrapping_sub(highest.wrapping_add(1));
            if unsent < 0x8000 {
                self.next = self.next.saturating_sub(u64::from(unsent));
            }
        }
    }

    /// The subscriber's copy; `None` if it must not or cannot have it (yet).
    pub fn forward(&mut self, passing: &Passing<'_>, now: Now) -> Option<Outgoing> {
        let Passing {
            accepted,
            view,
            ids,
            ..
        } = passing;
        let known = self.generation() == Some(accepted.generation);
        if !known && self.target == Some(accepted.layer) {
            if accepted.begins_keyframe {
                self.drop_anchor(passing, now);
            } else if self.layer() == Some(accepted.layer) {
                // The publisher began anew, and its keyframe has not come yet.
                self.pause();
            }
        }
        // A packet that comes late belongs to the layer before.
        let of = |anchor: &&Anchor| anchor.generation == accepted.generation;
        let anchor = *self.anchors.iter().rev().find(of)?;
        let number = anchor.number(accepted.seq)?;
        let timestamp = view.timestamp.wrapping_add(anchor.timestamp);
        let Accepted {
            packet, numbers, ..
        } = accepted;
        let mut copy = self.copy(packet, view, accepted.red, ids, &anchor, numbers, number)?;
        copy.padding = accepted.padding;
        if number >= self.next {
            self.next = number + 1;
            self.last = Some((timestamp, now.at));
            self.pictures.went(&accepted.numbers, &anchor.pictures);
        }
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(copy.payload.len() as u32);
        Some(copy)
    }

    fn drop_anchor(&mut self, passing: &Passing<'_>, now: Now) {
        let Passing { accepted, view, .. } = passing;
        let before = self.anchors.back().copied();
        self.pause();
        let mut timestamp = match before {
            Some(before) if before.generation == accepted.generation => before.timestamp,
            Some(before) => {
                let by_arrival = self.by_arrival(view, now);
                self.same_clock(&before, passing)
                    // Reports that contradict what arrived are not believed.
                    .filter(|offset| {
                        let apart = offset.wrapping_sub(by_arrival) as i32;
                        apart.unsigned_abs() < self.clock_rate
                    })
                    .unwrap_or(by_arrival)
            }
            None => self.by_arrival(view, now),
        };
        if let Some((last, _)) = self.last {
            let ahead = view.timestamp.wrapping_add(timestamp).wrapping_sub(last) as i32;
            // Not back in time, and not the same picture twice.
            if ahead <= 0 {
                timestamp = timestamp.wrapping_add(ahead.unsigned_abs() + 1);
            }
        }
        self.anchors.push_back(Anchor {
            generation: accepted.generation,
            layer: accepted.layer,
            from: accepted.seq,
            to: self.next,
            end: u64::MAX,
            timestamp,
            pictures: self.pictures.followed_by(&accepted.numbers),
        });
        self.anchored = true;
        if self.anchors.len() > MAX_ANCHORS {
            self.anchors.pop_front();
        }
    }

    /// The offset with which a stream of the same device goes on exactly where the one before it is, by their reports.
    fn same_clock(&self, before: &Anchor, passing: &Passing<'_>) -> Option<u32> {
        let old = passing.clock(before.generation)?;
        let new = passing.clock(passing.accepted.generation)?;
        let at = old.rtp_at(us_from_ntp(new.ntp), self.clock_rate);
        Some(before.timestamp.wrapping_add(at).wrapping_sub(new.rtp))
    }

    /// A new stream goes on where the old one would be by now.
    fn by_arrival(&self, view: &RtpView<'_>, now: Now) -> u32 {
        let Some((last, at)) = self.last else {
            return self.first_timestamp;
        };
        let passed =
            now.at.saturating_duration_since(at).as_secs_f64() * f64::from(self.clock_rate);
        let wanted = last.wrapping_add((passed as u32).max(1));
        wanted.wrapping_sub(view.timestamp)
    }

    #[expect(clippy::too_many_arguments, reason = "a packet and how it reads")]
    fn copy(
        &self,
        packet: &Bytes,
        view: &RtpView<'_>,
        red: bool,
        ids: &ExtensionIds,
        anchor: &Anchor,
        numbers: &Numbers,
        number: u64,
    ) -> Option<Outgoing> {
        let (payload_type, payload, patch) = match red {
            true if self.red => (RED, view.payload, red::relabel(view.payload, OPUS)?),
            true => (
                self.payload_type,
                red::primary(view.payload)?,
                Patch::default(),
            ),
            false => (
                self.payload_type,
                view.payload,
                anchor.pictures.patch(numbers),
            ),
        };
        let copied = |ours: Option<u8>, theirs: Option<u8>| {
            let value = theirs.and_then(|id| view.extension(id)?.first());
            ours.zip(value).map_or((0, 0), |(id, value)| (id, *value))
        };
        let header = Rewrite {
            payload_type,
            seq: number as u16,
            timestamp: view.timestamp.wrapping_add(anchor.timestamp),
            ssrc: self.ssrc,
            marker: view.marker,
            extensions: [
                copied(self.audio_level, ids.audio_level),
                copied(self.orientation, ids.orientation),
            ],
            transport: None,
            osn: None,
        };
        // What is left out stands before it.
        let end = view.header_len + view.payload.len();
        Some(Outgoing {
            header,
            packet: packet.clone(),
            payload: end - payload.len()..end,
            patch,
            padding: 0,
            only_padding: false,
            number,
            again: false,
        })
    }

    /// Remembers the transport-wide number under which a packet left: without RTX it leaves with the same again.
    pub fn stamped(&mut self, number: u64, stamp: u16) {
        if self.rtx_payload_type.is_none() {
            if self.stamps.len() >= MAX_STAMPS {
                self.stamps.pop_front();
            }
            self.stamps.push_back((number, stamp));
        }
    }

    /// The transport-wide number that a packet without RTX must leave with again.
    pub fn stamp_of(&self, number: u64) -> Option<u16> {
        let stamp = self.stamps.iter().rev().find(|(known, _)| *known == number);
        stamp.map(|(_, stamp)| *stamp)
    }

    /// Which of the publisher's packets a requested one is, if it may be sent again now.
    pub fn requested(&mut self, seq: u16, rtt: Duration, now: Instant) -> Option<Original> {
        let behind = (self.next as u16).wrapping_sub(seq);
        if behind == 0 || behind > 0x7fff {
            return None;
        }
        let sent = self.next.checked_sub(u64::from(behind))?;
        let anchor = self.anchors.iter().rev().find(|anchor| sent >= anchor.to)?;
        let original = Original {
            generation: anchor.generation,
            seq: anchor.from + (sent - anchor.to),
        };
        let pause = (rtt / 2).max(Duration::from_millis(10));
        let again = |(number, at): &(u64, Instant)| {
            *number == sent && now.saturating_duration_since(*at) < pause
        };
        if self.recent.iter().any(again) {
            return None;
        }
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((sent, now));
        Some(original)
    }

    /// A packet of the history once more: as RTX (RFC 4588) where agreed, else as it was.
    pub fn resend(
        &mut self,
        kept: &Kept,
        original: Original,
        ids: &ExtensionIds,
    ) -> Option<Outgoing> {
        let of = |anchor: &&Anchor| {
            anchor.generation == original.generation && anchor.number(original.seq).is_some()
        };
        let anchor = *self.anchors.iter().rev().find(of)?;
        let number = anchor.number(original.seq)?;
        let view = RtpView::parse(&kept.packet)?;
        let numbers = match self.kind {
            CodecKind::Vp8 => crate::vp8::Descriptor::parse(view.payload).map(|d| d.numbers),
            CodecKind::Opus | CodecKind::H264 => None,
        };
        let numbers = numbers.unwrap_or_default();
        let mut copy = self.copy(
            &kept.packet,
            &view,
            kept.red,
            ids,
            &anchor,
            &numbers,
            number,
        )?;
        if let Some(payload_type) = self.rtx_payload_type {
            copy.header = self.as_rtx(copy.header, payload_type, Some(number as u16));
        } else {
            (copy.padding, copy.again) = (kept.padding, true);
        }
        Some(copy)
    }

    fn as_rtx(&mut self, header: Rewrite, payload_type: u8, osn: Option<u16>) -> Rewrite {
        let seq = self.rtx_next;
        self.rtx_next = self.rtx_next.wrapping_add(1);
        Rewrite {
            payload_type,
            ssrc: self.rtx_ssrc,
            osn,
            seq,
            ..header
        }
    }

    /// A packet of mere padding, beside the stream: only where there is RTX, and something was sent.
    pub fn padding(&mut self) -> Option<Outgoing> {
        let payload_type = self.rtx_payload_type.filter(|_| self.transport_cc)?;
        let (timestamp, _) = self.last?;
        let header = Rewrite {
            payload_type,
            seq: 0,
            timestamp,
            ssrc: self.ssrc,
            marker: false,
            extensions: [(0, 0); 2],
            transport: None,
            osn: None,
        };
        Some(Outgoing {
            header: self.as_rtx(header, payload_type, None),
            packet: Bytes::from_static(&PADDING),
            payload: 0..PADDING.len(),
            patch: Patch::default(),
            padding: 0,
            only_padding: true,
            number: 0,
            again: false,
        })
    }

    /// The subscriber's RTP time for one of the publisher's, if its stream is the one being sent.
    pub fn rtp_time(&self, publisher_rtp: u32) -> Option<u32> {
        self.anchor()
            .map(|anchor| publisher_rtp.wrapping_add(anchor.timestamp))
    }
}

#[cfg(test)]
mod tests;
