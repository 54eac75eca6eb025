//! A seat's up connection: which packet belongs to which track, and what the publisher is told about them.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::api::{Codec, Limits, SeatId, Source, TrackId};
use crate::inbound::{Accepted, InboundTrack};
use crate::peer::{Connection, Counter};
use crate::rtcp::{self, Told, us_from_ntp};
use crate::rtp::{RtpView, unwrap_rtx};
use crate::sdp::answer::UpMedia;
use crate::stats::HalfStats;
use crate::stream::SenderClock;
use crate::twcc;
use crate::worker::{Now, Output};

/// SSRCs that a connection may route; an authenticated peer could otherwise make the table grow.
const MAX_ROUTES: usize = 64;
/// Round trip assumed before one is measured.
pub const DEFAULT_RTT: Duration = Duration::from_millis(100);
/// Time between receiver reports.
const REPORT: Duration = Duration::from_millis(1000);
/// Publishers' clocks that step further than this are taken anew.
const CLOCK_STEP_US: i64 = 2_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Route {
    source: Source,
    layer: usize,
    rtx: bool,
}

/// What a seat publishes.
#[derive(Debug)]
pub struct Up {
    pub connection: Connection,
    pub tracks: Vec<InboundTrack>,
    routes: HashMap<u32, Route>,
    /// SSRCs that a track has left: late packets must not bring them back.
    retired: VecDeque<u32>,
    /// Names streams; begins at random, so that those of a replaced connection differ.
    generations: u64,
    /// Ours, in feedback.
    ssrc: u32,
    twcc: twcc::Recorder,
    twcc_at: Option<Instant>,
    reported_at: Option<Instant>,
    /// Our wall clock minus the publisher's NTP clock, µs; one for all its tracks, so that they stay in step.
    pub clock_offset_us: Option<i64>,
    /// From retransmissions; the down half knows better (see [`smoothed`]).
    pub rtt: Option<Duration>,
    received: Counter,
    nacked: u64,
    loss: f64,
}

/// What changed in what a seat publishes.
#[derive(Debug, Default)]
pub struct TrackChanges {
    pub ended: Vec<TrackId>,
    pub started: Vec<(TrackId, Codec)>,
}

impl Up {
    pub fn new(connection: Connection, ssrc: u32) -> Self {
        Up {
            generations: connection.session,
            connection,
            tracks: Vec::new(),
            routes: HashMap::new(),
            retired: VecDeque::new(),
            ssrc,
            twcc: twcc::Recorder::default(),
            twcc_at: None,
            reported_at: None,
            clock_offset_us: None,
            rtt: None,
            received: Counter::default(),
            nacked: 0,
            loss: 0.0,
        }
    }

    /// Takes a new agreement: tracks that go on keep their stream.
    pub fn agree(&mut self, seat: &SeatId, agreed: Vec<UpMedia>) -> TrackChanges {
        let mut changes = TrackChanges::default();
        let mut before = std::mem::take(&mut self.tracks);
        self.routes.clear();
        for media in agreed.into_iter().filter(|media| media.sending) {
            self.add_routes(&media);
            let id = TrackId {
                seat: seat.clone(),
                source: media.source,
            };
            // Other extension ids make other headers of the same packets, which must never be encrypted under the same
            // numbers: such a track begins anew.
            let same = |track: &InboundTrack| {
                *track.id == id
                    && track.media.codec == media.codec
                    && track.media.rids == media.rids
                    && track.media.extensions == media.extensions
            };
            let kept = before.iter().position(same);
            match kept.map(|at| before.swap_remove(at)) {
                Some(mut track) => {
                    track.media = media;
                    self.tracks.push(track);
                }
                None => {
                    changes.started.push((id.clone(), media.codec.clone()));
                    self.tracks.push(InboundTrack::new(id, media));
                }
            }
        }
        changes
            .ended
            .extend(before.iter().map(|track| (*track.id).clone()));
        changes
    }

    /// Simulcast layers are told apart by what their packets say, not by what was signalled.
    fn add_routes(&mut self, media: &UpMedia) {
        let repairs = media.retransmissions.iter().map(|(_, rtx)| (*rtx, true));
        let sent = media.ssrcs.iter().map(|ssrc| (*ssrc, false));
        for (ssrc, rtx) in sent.chain(repairs).filter(|_| media.rids.is_empty()) {
            if self.routes.len() < MAX_ROUTES {
                let (source, layer) = (media.source, 0);
                self.routes.insert(ssrc, Route { source, layer, rtx });
            }
        }
    }

    pub fn track(&self, source: Source) -> Option<&InboundTrack> {
        self.tracks.iter().find(|track| track.id.source == source)
    }

    pub fn track_mut(&mut self, source: Source) -> Option<&mut InboundTrack> {
        self.tracks
            .iter_mut()
            .find(|track| track.id.source == source)
    }

    /// Takes a decrypted RTP packet; hands out what is new of it, with its track's place.
    pub fn receive(
        &mut self,
        packet: Vec<u8>,
        limits: &Limits,
        now: Now,
    ) -> Option<(usize, Accepted)> {
        let view = RtpView::parse(&packet)?;
        self.received.packets += 1;
        self.received.bytes += packet.len() as u64;
        self.received.meter.add(packet.len(), now.at);
        self.note_transport_seq(&view, now);
        let route = self.route(&view)?;
        let at = self
            .tracks
            .iter()
            .position(|track| track.id.source == route.source)?;
        let track = &mut self.tracks[at];
        let known = track.layers.get(route.layer)?.stream.as_ref();
        let known = known.map(|stream| stream.ssrc);
        let bytes = if route.rtx {
            Bytes::from(unwrap_rtx(&packet, known?, track.codec.payload_type)?)
        } else {
            if let Some(old) = known.filter(|old| *old != view.ssrc) {
                self.routes.remove(&old);
                self.retired.push_back(old);
                if self.retired.len() > MAX_ROUTES {
                    self.retired.pop_front();
                }
            }
            Bytes::from(packet)
        };
        let (layer, generations) = (route.layer, &mut self.generations);
        let accepted = track.receive(layer, bytes, route.rtx, generations, limits, now)?;
        if let Some(sample) = accepted.rtt {
            self.rtt = Some(smoothed(self.rtt.unwrap_or(DEFAULT_RTT), sample));
        }
        Some((at, accepted))
    }

    fn note_transport_seq(&mut self, view: &RtpView<'_>, now: Now) {
        // All m-lines of a bundle share their extension ids (RFC 8843 section 9.1).
        let id = self
            .tracks
            .iter()
            .find_map(|track| track.media.extensions.transport_cc);
        if let Some(&[high, low, ..]) = id.and_then(|id| view.extension(id)) {
            self.twcc
                .record(u16::from_be_bytes([high, low]), now.mono_us as i64);
        }
    }

    /// By signalled or learnt SSRC, else by mid, else by a payload type that only one m-line has; and where the track has
    /// simulcast layers, by rid or the rid of what is repaired.
    fn route(&mut self, view: &RtpView<'_>) -> Option<Route> {
        if self.retired.contains(&view.ssrc) {
            return None;
        }
        let takes = |track: &InboundTrack| {
            let own = [Some(track.codec.payload_type), track.media.red_payload_type];
            if own.contains(&Some(view.payload_type)) {
                Some(false)
            } else {
                (track.media.rtx_payload_type == Some(view.payload_type)).then_some(true)
            }
        };
        if let Some(route) = self.routes.get(&view.ssrc) {
            return (takes(self.track(route.source)?) == Some(route.rtx)).then_some(*route);
        }
        let by_mid = self.tracks.iter().find(|track| {
            let mid = track.media.extensions.mid.and_then(|id| view.extension(id));
            mid == Some(track.media.mid.as_bytes())
        });
        let found = by_mid.or_else(|| {
            let mut candidates = self.tracks.iter().filter(|track| takes(track).is_some());
            candidates.next().filter(|_| candidates.next().is_none())
        })?;
        let rtx = takes(found)?;
        let route = Route {
            source: found.id.source,
            layer: layer(found, rtx, view)?,
            rtx,
        };
        if self.routes.len() < MAX_ROUTES {
            self.routes.insert(view.ssrc, route);
        }
        Some(route)
    }

    /// Takes a decrypted compound; hands out sender reports of what is recorded, with their track's place and SSRC.
    pub fn receive_rtcp(&mut self, compound: &[u8], now: Now) -> Vec<(usize, u32, Bytes)> {
        let mut reports = Vec::new();
        for told in rtcp::read(compound) {
            let Told::SenderClock {
                ssrc,
                ntp,
                rtp,
                packet,
            } = told
            else {
                continue;
            };
            let offset = now.wall_us - us_from_ntp(ntp);
            if self
                .clock_offset_us
                .is_none_or(|known| (known - offset).abs() > CLOCK_STEP_US)
            {
                self.clock_offset_us = Some(offset);
            }
            for (at, track) in self.tracks.iter_mut().enumerate() {
                let mut streams = track.layers.iter_mut().filter_map(|l| l.stream.as_mut());
                if let Some(stream) = streams.find(|stream| stream.ssrc == ssrc) {
                    let at = now.at;
                    stream.clock = Some(SenderClock { ntp, rtp, at });
                } else {
                    continue;
                }
                if track.records_ssrc(ssrc) {
                    reports.push((at, ssrc, Bytes::from(packet.clone())));
                }
            }
        }
        reports
    }

    /// Sends the keyframe requests that are due.
    pub fn ask_for_keyframes(&mut self, now: Instant, out: &mut Output) {
        let pictures = self
            .tracks
            .iter_mut()
            .filter(|track| !track.id.source.is_audio());
        for layer in pictures.flat_map(|track| &mut track.layers) {
            let Some(stream) = &layer.stream else {
                continue;
            };
            if layer.keyframes.poll(now) {
                self.connection
                    .send_rtcp(rtcp::keyframe_request(self.ssrc, stream.ssrc), out);
            }
        }
    }

    /// Requests and reports that are due. `rtt`: between us and this seat.
    pub fn tick(&mut self, rtt: Duration, now: Now, out: &mut Output) {
        for track in &mut self.tracks {
            track.tick(now.at);
        }
        self.ask_for_packets(rtt, now.at, out);
        self.ask_for_keyframes(now.at, out);
        let due = |at: Option<Instant>, every| {
            at.is_none_or(|at| now.at.saturating_duration_since(at) >= every)
        };
        if due(self.twcc_at, twcc::INTERVAL) {
            self.twcc_at = Some(now.at);
            let layers = self.tracks.iter().flat_map(|track| &track.layers);
            let media = layers.filter_map(|layer| Some(layer.stream.as_ref()?.ssrc));
            let media = media.min().unwrap_or(0);
            while let Some(report) = self.twcc.report(self.ssrc, media) {
                self.connection.send_rtcp(report, out);
            }
        }
        if due(self.reported_at, REPORT) {
            self.reported_at = Some(now.at);
            let layers = self.tracks.iter_mut().flat_map(|track| &mut track.layers);
            let streams = layers.filter_map(|layer| layer.stream.as_mut());
            let reports: Vec<_> = streams
                .filter_map(|stream| stream.report(now.at))
                .take(31)
                .collect();
            if !reports.is_empty() {
                let worst = reports
                    .iter()
                    .map(|report| report.fraction_lost)
                    .max()
                    .unwrap_or(0);
                self.loss = f64::from(worst) / 256.0;
                self.connection
                    .send_rtcp(rtcp::receiver_report(self.ssrc, reports), out);
            }
        }
    }

    fn ask_for_packets(&mut self, rtt: Duration, now: Instant, out: &mut Output) {
        for track in &mut self.tracks {
            let nack = track.media.nack;
            for layer in &mut track.layers {
                let Some(stream) = layer.stream.as_mut().filter(|s| !s.gaps.is_empty()) else {
                    continue;
                };
                let mut missing = Vec::new();
                let hopeless = stream.gaps.poll(now, rtt, &mut missing);
                if !nack {
                    continue;
                }
                if hopeless {
                    layer.keyframes.want();
                }
                self.nacked += missing.len() as u64;
                for some in missing.chunks(64) {
                    self.connection
                        .send_rtcp(rtcp::nack(self.ssrc, stream.ssrc, some), out);
                }
            }
        }
    }

    pub fn stats(&self, now: Instant) -> HalfStats {
        let tracks: Vec<_> = self.tracks.iter().map(|track| track.stats(now)).collect();
        HalfStats {
            connected: self.connection.present(),
            path: self.connection.path_kind(),
            loss: self.loss,
            jitter_ms: tracks
                .iter()
                .map(|track| track.jitter_ms)
                .fold(0.0, f64::max),
            bitrate_bps: self.received.meter.bps(now),
            packets: self.received.packets,
            bytes: self.received.bytes,
            nacked: self.nacked,
            retransmitted: tracks.iter().map(|track| track.recovered).sum(),
        }
    }
}

/// The simulcast layer that a packet names; the only one where there are none.
fn layer(track: &InboundTrack, rtx: bool, view: &RtpView<'_>) -> Option<usize> {
    if track.media.rids.is_empty() {
        return Some(0);
    }
    let ids = &track.media.extensions;
    let id = if rtx { ids.repaired_rid } else { ids.rid };
    let rid = view.extension(id?)?;
    let named = |known: &String| known.as_bytes() == rid;
    track.media.rids.iter().position(named)
}

/// An estimate that errs on the long side: a retransmission may answer the second request (then the sample is too long),
/// or be a probe that Chromium sends unasked (then it is much too short, and would make us ask too often).
fn smoothed(rtt: Duration, sample: Duration) -> Duration {
    if sample > rtt {
        (rtt * 3 + sample) / 4
    } else {
        (rtt * 31 + sample) / 32
    }
}
