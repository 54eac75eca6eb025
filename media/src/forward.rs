//! One subscriber's copy of one track: sequence numbers and timestamps of its own, continuous across whatever the
//! publisher does; retransmissions; sender reports.
//!
//! Numbers map by an offset ([`Anchor`]), so the publisher's history serves every subscriber. Nothing before the anchor
//! is ever sent: what passed while the subscriber was shut out stays out, retransmissions included. Layer selection for
//! simulcast will choose here; pacing and congestion control will sit between here and the connection.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::api::CodecKind;
use crate::inbound::Accepted;
use crate::rtp::{ExtensionIds, Rewrite, RtpView};
use crate::sdp::offer::DownMedia;
use crate::worker::Now;

/// Retransmissions remembered, so that an impatient client does not get the same one again and again.
const RECENT: usize = 128;

/// Where the publisher's numbers stand in the subscriber's.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    generation: u64,
    from: u64,
    to: u64,
}

/// Sends one track to one subscriber.
#[derive(Debug)]
pub struct Forwarder {
    pub ssrc: u32,
    pub rtx_ssrc: u32,
    pub kind: CodecKind,
    clock_rate: u32,
    payload_type: u8,
    rtx_payload_type: Option<u8>,
    audio_level: Option<u8>,
    orientation: Option<u8>,
    anchor: Option<Anchor>,
    /// The publisher's stream that `timestamp_offset` belongs to.
    timed: Option<u64>,
    timestamp_offset: u32,
    next: u64,
    rtx_next: u16,
    last: Option<(u32, Instant)>,
    recent: VecDeque<(u64, Instant)>,
    pub packets: u32,
    pub octets: u32,
    pub reported_at: Option<Instant>,
}

/// A packet ready to be encrypted: header and payload.
#[derive(Debug)]
pub struct Outgoing<'a> {
    pub header: Rewrite,
    pub payload: &'a [u8],
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
            clock_rate,
            payload_type: 0,
            rtx_payload_type: None,
            audio_level: None,
            orientation: None,
            anchor: None,
            timed: None,
            timestamp_offset: u32::from(random[2]) << 16 | u32::from(random[3]),
            // Below half, so that the rollover counter is never in doubt (RFC 3711 section 3.3.1).
            next: (1 << 16) + u64::from(random[0] & 0x7fff),
            rtx_next: random[1] & 0x7fff,
            last: None,
            recent: VecDeque::new(),
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
        );
        let agreed = (payload_type, rtx, media.audio_level, media.orientation);
        if before != agreed {
            // A number must never be encrypted twice with two different headers: nothing sent so far is sent again.
            self.shut();
        }
        (
            self.payload_type,
            self.rtx_payload_type,
            self.audio_level,
            self.orientation,
        ) = agreed;
        true
    }

    /// Goes on with a track of that codec in the same stream: numbers and timestamps continue.
    pub fn change(&mut self, kind: CodecKind, clock_rate: u32, media: &DownMedia) -> bool {
        self.shut();
        (self.kind, self.clock_rate) = (kind, clock_rate);
        self.agree(media)
    }

    /// Shuts the subscriber out: when it is let in again, it starts at a keyframe, after everything that passed meanwhile.
    pub fn shut(&mut self) {
        self.anchor = None;
        self.recent.clear();
    }

    /// Whether it waits for a keyframe to begin with.
    pub fn waiting(&self) -> bool {
        self.anchor.is_none() && self.kind != CodecKind::Opus
    }

    /// The subscriber's copy; `None` if it must not or cannot have it (yet).
    pub fn forward<'a>(
        &mut self,
        accepted: &Accepted,
        view: &RtpView<'a>,
        ids: &ExtensionIds,
        now: Now,
    ) -> Option<Outgoing<'a>> {
        let anchor = match self
            .anchor
            .filter(|anchor| anchor.generation == accepted.generation)
        {
            Some(anchor) => anchor,
            None if accepted.begins_keyframe => self.drop_anchor(accepted, view, now),
            None => {
                self.anchor = None;
                return None;
            }
        };
        let seq = anchor.to + accepted.seq.checked_sub(anchor.from)?;
        let timestamp = view.timestamp.wrapping_add(self.timestamp_offset);
        if seq >= self.next {
            self.next = seq + 1;
            self.last = Some((timestamp, now.at));
        }
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(view.payload.len() as u32);
        Some(Outgoing {
            header: self.header(view, ids, seq as u16, timestamp),
            payload: view.payload,
        })
    }

    fn drop_anchor(&mut self, accepted: &Accepted, view: &RtpView<'_>, now: Now) -> Anchor {
        if self.timed != Some(accepted.generation) {
            if let Some((last, at)) = self.last {
                // A new stream goes on where the old one would be by now.
                let passed =
                    now.at.saturating_duration_since(at).as_secs_f64() * f64::from(self.clock_rate);
                let wanted = last.wrapping_add((passed as u32).max(1));
                self.timestamp_offset = wanted.wrapping_sub(view.timestamp);
            }
            self.timed = Some(accepted.generation);
        }
        let anchor = Anchor {
            generation: accepted.generation,
            from: accepted.seq,
            to: self.next,
        };
        self.anchor = Some(anchor);
        self.recent.clear();
        anchor
    }

    fn header(&self, view: &RtpView<'_>, ids: &ExtensionIds, seq: u16, timestamp: u32) -> Rewrite {
        let copy = |ours: Option<u8>, theirs: Option<u8>| {
            let value = theirs.and_then(|id| view.extension(id)?.first());
            ours.zip(value).map_or((0, 0), |(id, value)| (id, *value))
        };
        Rewrite {
            payload_type: self.payload_type,
            seq,
            timestamp,
            ssrc: self.ssrc,
            marker: view.marker,
            extensions: [
                copy(self.audio_level, ids.audio_level),
                copy(self.orientation, ids.orientation),
            ],
            osn: None,
        }
    }

    /// Which of the publisher's packets (generation, number) a requested one is, if it may be sent again now.
    pub fn requested(&mut self, seq: u16, rtt: Duration, now: Instant) -> Option<(u64, u64)> {
        let anchor = self.anchor?;
        let behind = (self.next as u16).wrapping_sub(seq);
        if behind == 0 || behind > 0x7fff {
            return None;
        }
        let sent = self.next.checked_sub(u64::from(behind))?;
        let original = anchor.from + sent.checked_sub(anchor.to)?;
        let pause = (rtt / 2).max(Duration::from_millis(10));
        let again = |(number, at): &(u64, Instant)| {
            *number == original && now.saturating_duration_since(*at) < pause
        };
        if self.recent.iter().any(again) {
            return None;
        }
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((original, now));
        Some((anchor.generation, original))
    }

    /// A packet of the history once more: as RTX (RFC 4588) where agreed, else as it was.
    pub fn resend<'a>(
        &mut self,
        packet: &'a Bytes,
        seq: u64,
        ids: &ExtensionIds,
    ) -> Option<Outgoing<'a>> {
        let anchor = self.anchor?;
        let view = RtpView::parse(packet)?;
        let sent = (anchor.to + seq.checked_sub(anchor.from)?) as u16;
        let timestamp = view.timestamp.wrapping_add(self.timestamp_offset);
        let mut header = self.header(&view, ids, sent, timestamp);
        if let Some(payload_type) = self.rtx_payload_type {
            header.payload_type = payload_type;
            header.ssrc = self.rtx_ssrc;
            header.osn = Some(sent);
            header.seq = self.rtx_next;
            self.rtx_next = self.rtx_next.wrapping_add(1);
        }
        Some(Outgoing {
            header,
            payload: view.payload,
        })
    }

    /// The subscriber's RTP time for one of the publisher's, if its stream is the one being sent.
    pub fn rtp_time(&self, publisher_rtp: u32) -> Option<u32> {
        self.anchor
            .map(|_| publisher_rtp.wrapping_add(self.timestamp_offset))
    }
}

#[cfg(test)]
mod tests {
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
            orientation: None,
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
            begins_keyframe: true,
            recovered: false,
            rtt: None,
        }
    }

    fn written(outgoing: &Outgoing<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        outgoing.header.write(outgoing.payload, &mut out);
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
            let view = RtpView::parse(&accepted.packet).unwrap();
            let outgoing = forwarder.forward(&accepted, &view, &ids, now).unwrap();
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
        let (generation, original) = forwarder.requested(sent[2].0, Duration::ZERO, at).unwrap();
        assert_eq!((generation, original), (3, 100_002));
        let again = sound(2);
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
        let view = RtpView::parse(&next.packet).unwrap();
        let outgoing = forwarder.forward(&next, &view, &ids, now).unwrap();
        assert_eq!(
            outgoing.header.seq,
            sent[4].0.wrapping_add(1),
            "and the stream goes on"
        );
    }
}
