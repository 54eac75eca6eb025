//! One published track: its layers, which of them is recorded, loudness and counters.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::api::{Codec, CodecKind, Limits, TrackId};
use crate::gather::{Gathered, Ready, equalise};
use crate::keyframes::{KeyframeRequests, begins_keyframe};
use crate::nack::Arrival;
use crate::rtp::RtpView;
use crate::sdp::answer::UpMedia;
use crate::stats::TrackStats;
use crate::stream::{RateMeter, SenderClock, Stream};
use crate::vp8::{Descriptor, Numbers, keyframe_size};
use crate::worker::Now;

/// Sound older than two and a half seconds is not asked for again.
const SOUND_HISTORY: usize = 128;
/// A layer that is silent for this long while another goes on is not sent any more.
const DEAD: Duration = Duration::from_millis(1000);
/// The recording stays with a layer at least this long.
const STAY: Duration = Duration::from_millis(2500);

/// A published track.
#[derive(Debug)]
pub struct InboundTrack {
    pub id: Arc<TrackId>,
    pub codec: Arc<Codec>,
    pub media: UpMedia,
    /// One, or one for each simulcast layer in the order of the offer.
    pub layers: Vec<Layer>,
    recorded: Option<(usize, Instant)>,
    pub meter: RateMeter,
    /// Smoothed loudness, 0 (silent) to 127.
    pub loudness: f32,
    heard: Option<Instant>,
    counters: Counters,
}

/// One encoding of a track.
#[derive(Debug, Default)]
pub struct Layer {
    pub rid: Option<String>,
    pub keyframes: KeyframeRequests,
    pub stream: Option<Stream>,
    /// Names the stream, so that a subscriber notices a new one.
    pub generation: u64,
    meter: RateMeter,
    /// Bits a second when it was last sent.
    usual_bps: u64,
    /// As its last keyframe stated it.
    size: Option<(u16, u16)>,
    came: Option<Instant>,
    /// When the first packet of its stream came.
    began: Option<Instant>,
    gathered: Gathered,
}

/// A layer as those who choose see it, from the smallest to the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Its place in [`InboundTrack::layers`].
    pub layer: usize,
    /// 0 if it never came.
    pub bps: u64,
    pub size: Option<(u16, u16)>,
    /// It is being sent.
    pub alive: bool,
}

#[derive(Debug, Default)]
struct Counters {
    packets: u64,
    bytes: u64,
    recovered: u64,
    duplicates: u64,
    frames: u64,
    keyframes: u64,
    lost: u64,
}

/// A packet to be tapped and forwarded.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub packet: Bytes,
    pub seq: u64,
    pub generation: u64,
    pub layer: usize,
    pub begins_keyframe: bool,
    pub recovered: bool,
    /// The sound carries its past (RFC 2198).
    pub red: bool,
    /// The numbers of a VP8 payload.
    pub numbers: Numbers,
    /// How long after the first request for it the publisher's answer came.
    pub rtt: Option<Duration>,
    /// RTP padding with which it goes to subscribers.
    pub padding: u8,
}

/// A packet as subscribers got it, kept for those who ask again.
#[derive(Clone, Debug)]
pub struct Kept {
    pub packet: Bytes,
    pub seq: u64,
    /// The sound carries its past (RFC 2198).
    pub red: bool,
    pub padding: u8,
}

impl InboundTrack {
    pub fn new(id: TrackId, media: UpMedia) -> Self {
        let layer = |rid: Option<&String>| Layer {
            rid: rid.cloned(),
            ..Layer::default()
        };
        let layers = match media.rids.is_empty() {
            true => vec![layer(None)],
            false => media.rids.iter().map(|rid| layer(Some(rid))).collect(),
        };
        InboundTrack {
            id: Arc::new(id),
            codec: Arc::new(media.codec.clone()),
            media,
            layers,
            recorded: None,
            meter: RateMeter::default(),
            loudness: 0.0,
            heard: None,
            counters: Counters::default(),
        }
    }

    /// Takes a packet of one of the track's layers; `None` if it is a duplicate or malformed.
    /// A new SSRC takes the next of `generations`.
    pub fn receive(
        &mut self,
        layer: usize,
        packet: Bytes,
        recovered: bool,
        generations: &mut u64,
        limits: &Limits,
        now: Now,
    ) -> Option<Accepted> {
        let view = RtpView::parse(&packet)?;
        let (kind, rate) = (self.codec.kind, self.codec.clock_rate);
        self.begin_stream(layer, view.ssrc, generations, limits);
        let state = self.layers.get_mut(layer)?;
        let stream = state.stream.as_mut()?;
        let seq = stream.unwrapper.unwrap(view.seq);
        let mut rtt = None;
        let jitter = stream.jitter_time(rate);
        let arrival = stream.gaps.arrive(seq, jitter, now.at);
        let unwrapped = recovered;
        // Without RTX a retransmission looks like the original, but it was asked for.
        let resent = self.media.rtx_payload_type.is_none()
            && matches!(arrival, Arrival::Filled { asked: Some(_) });
        let recovered = recovered || resent;
        match arrival {
            Arrival::Duplicate => {
                self.counters.duplicates += 1;
                return None;
            }
            Arrival::Filled { asked: Some(asked) } if unwrapped => {
                rtt = Some(now.at.saturating_duration_since(asked));
            }
            Arrival::Jumped => state.keyframes.want(),
            Arrival::New | Arrival::Filled { .. } => {}
        }
        let begins_keyframe = begins_keyframe(kind, view.payload);
        if begins_keyframe && kind != CodecKind::Opus {
            state.keyframes.arrived();
            state.size = keyframe_size(view.payload).or(state.size);
            self.counters.keyframes += 1;
        }
        let frames = &mut self.counters.frames;
        stream.count(&view, seq, recovered, rate, now, frames);
        let numbers = match kind {
            CodecKind::Vp8 => Descriptor::parse(view.payload).map(|read| read.numbers),
            CodecKind::Opus | CodecKind::H264 => None,
        };
        state.came = Some(now.at);
        state.began.get_or_insert(now.at);
        state.meter.add(packet.len(), now.at);
        self.counters.packets += 1;
        self.counters.bytes += packet.len() as u64;
        self.counters.recovered += u64::from(recovered);
        self.meter.add(packet.len(), now.at);
        let generation = state.generation;
        let level = self.media.extensions.audio_level;
        if let Some(level) = level.and_then(|id| view.extension(id)) {
            self.hear(level, now.at);
        }
        Some(Accepted {
            red: self.media.red_payload_type == Some(view.payload_type),
            numbers: numbers.unwrap_or_default(),
            packet,
            seq,
            generation,
            layer,
            begins_keyframe,
            recovered,
            rtt,
            padding: 0,
        })
    }

    fn begin_stream(&mut self, layer: usize, ssrc: u32, generations: &mut u64, limits: &Limits) {
        let Some(state) = self.layers.get_mut(layer) else {
            return;
        };
        if state
            .stream
            .as_ref()
            .is_some_and(|stream| stream.ssrc == ssrc)
        {
            return;
        }
        *generations = generations.wrapping_add(1);
        state.generation = *generations;
        let history = match self.codec.kind {
            CodecKind::Opus => limits.history_packets.min(SOUND_HISTORY),
            CodecKind::Vp8 | CodecKind::H264 => limits.history_packets,
        };
        self.counters.lost += state.stream.as_ref().map_or(0, |stream| stream.gaps.lost);
        state.stream = Some(Stream::new(ssrc, history));
    }

    /// RFC 6464: the low seven bits are -dBov.
    fn hear(&mut self, level: &[u8], now: Instant) {
        let Some(level) = level.first() else { return };
        let loud = f32::from(127 - (level & 0x7f));
        self.loudness += (loud - self.loudness) * 0.1;
        self.heard = Some(now);
    }

    /// Silence when nothing has come lately.
    pub fn loudness_at(&self, now: Instant) -> f32 {
        let recent = self
            .heard
            .is_some_and(|heard| now.saturating_duration_since(heard) < Duration::from_secs(1));
        if recent { self.loudness } else { 0.0 }
    }

    fn layer_of(&self, generation: u64) -> Option<&Layer> {
        let named = |layer: &&Layer| layer.generation == generation && layer.stream.is_some();
        self.layers.iter().find(named)
    }

    /// Takes a packet for the subscribers. Pictures wait for the rest of their frame, which nobody can show without it.
    pub fn gather(&mut self, accepted: Accepted, ends_frame: bool, now: Instant) -> Ready {
        let whole = self.codec.kind == CodecKind::Opus || accepted.recovered || ends_frame;
        let layer = self.layers.get_mut(accepted.layer);
        layer.map_or(Ready::Later, |layer| {
            layer.gathered.push(accepted, whole, now)
        })
    }

    /// The layers whose packets may wait no longer than until then.
    pub fn gathered_until(&self, until: Instant) -> Vec<usize> {
        let due =
            |(at, layer): (usize, &Layer)| (layer.gathered.until() == Some(until)).then_some(at);
        self.layers.iter().enumerate().filter_map(due).collect()
    }

    /// What was gathered of a layer, in order of arrival, sizes made equal, and now kept for retransmission: only from here
    /// on may anybody get it, and everybody and always gets the same.
    pub fn take_gathered(&mut self, layer: usize) -> Vec<Accepted> {
        let Some(layer) = self.layers.get_mut(layer) else {
            return Vec::new();
        };
        let mut gathered = layer.gathered.take();
        if self.codec.kind != CodecKind::Opus {
            equalise(&mut gathered);
        }
        for accepted in &gathered {
            let same = layer.generation == accepted.generation;
            if let Some(stream) = layer.stream.as_mut().filter(|_| same) {
                stream.remember(accepted);
            }
        }
        gathered
    }

    /// A packet kept for retransmission.
    pub fn kept(&self, generation: u64, seq: u64) -> Option<&Kept> {
        self.layer_of(generation)?.stream.as_ref()?.kept(seq)
    }

    /// The clock of a stream.
    pub fn clock(&self, generation: u64) -> Option<SenderClock> {
        self.layer_of(generation)?.stream.as_ref()?.clock
    }

    /// The clocks of its streams, by generation.
    pub fn clocks(&self) -> impl Iterator<Item = (u64, SenderClock)> {
        let clock = |layer: &Layer| Some((layer.generation, layer.stream.as_ref()?.clock?));
        self.layers.iter().filter_map(clock)
    }

    /// Whoever shows or records any layer needs a keyframe of it.
    pub fn want_keyframes(&mut self) {
        self.layers
            .iter_mut()
            .for_each(|layer| layer.keyframes.want());
    }

    /// A recording that begins a new segment needs a keyframe of what it has.
    pub fn want_recorded_keyframe(&mut self) {
        let layer = self.recorded.map_or(0, |(layer, _)| layer);
        if let Some(layer) = self.layers.get_mut(layer) {
            layer.keyframes.want();
        }
    }

    /// Notes how much each layer takes, while it comes. To be called now and then.
    pub fn tick(&mut self, now: Instant) {
        for layer in &mut self.layers {
            let bps = layer.meter.bps(now);
            if bps > 0 {
                layer.usual_bps = bps;
            } else if layer.usual_bps == 0 {
                layer.usual_bps = layer.meter.guess(now);
            }
        }
    }

    /// The layers from the smallest to the largest. Offers name them in that order as a rule; sizes tell if not.
    pub fn ladder(&self) -> Vec<Rung> {
        let newest = self.layers.iter().filter_map(|layer| layer.came).max();
        let rung = |(at, layer): (usize, &Layer)| Rung {
            layer: at,
            bps: layer.usual_bps,
            size: layer.size,
            alive: layer.came.is_some_and(|came| {
                newest.is_some_and(|newest| newest.saturating_duration_since(came) < DEAD)
            }),
        };
        let mut rungs: Vec<Rung> = self.layers.iter().enumerate().map(rung).collect();
        let area = |rung: &Rung| rung.size.map(|(w, h)| u32::from(w) * u32::from(h));
        let known: Vec<u32> = rungs.iter().filter_map(area).collect();
        if known.windows(2).any(|pair| pair[0] > pair[1]) {
            rungs.reverse();
        }
        rungs
    }

    /// Whether the recording takes a packet: of all layers it has the largest that is sent, and changes at keyframes.
    pub fn records(&mut self, accepted: &Accepted, now: Instant) -> bool {
        let recorded = self.recorded.map(|(layer, _)| layer);
        if self.layers.len() == 1 || recorded == Some(accepted.layer) {
            return true;
        }
        if !accepted.begins_keyframe {
            return false;
        }
        let ladder = self.ladder();
        let place = |layer| ladder.iter().position(|rung| rung.layer == layer);
        let takes = match self.recorded {
            None => true,
            Some((layer, since)) => {
                let dead = ladder.iter().any(|rung| rung.layer == layer && !rung.alive);
                let stayed = now.saturating_duration_since(since) >= STAY;
                stayed && (dead || place(accepted.layer) > place(layer))
            }
        };
        if takes {
            self.recorded = Some((accepted.layer, now));
        }
        takes
    }

    /// The layer that the recording should have and has not.
    pub fn missing_from_record(&self) -> Option<usize> {
        let ladder = self.ladder();
        let best = ladder.iter().rev().find(|rung| rung.alive)?.layer;
        let recorded = self.recorded.map(|(layer, _)| layer);
        (self.layers.len() > 1 && recorded != Some(best)).then_some(best)
    }

    /// Whether the recording is made of the stream with that SSRC.
    pub fn records_ssrc(&self, ssrc: u32) -> bool {
        let layer = self.recorded.map_or(0, |(layer, _)| layer);
        let stream = self
            .layers
            .get(layer)
            .and_then(|layer| layer.stream.as_ref());
        stream.is_some_and(|stream| stream.ssrc == ssrc)
    }

    /// Whether a layer first came less than that ago.
    pub fn began_within(&self, layer: usize, now: Instant, time: Duration) -> bool {
        let began = self.layers.get(layer).and_then(|layer| layer.began);
        began.is_some_and(|began| now.saturating_duration_since(began) < time)
    }

    fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.layers.iter().filter_map(|layer| layer.stream.as_ref())
    }

    /// Figures since the track began.
    pub fn stats(&self, now: Instant) -> TrackStats {
        let jitter = self
            .streams()
            .map(|stream| stream.jitter)
            .fold(0.0, f64::max);
        TrackStats {
            track: (*self.id).clone(),
            codec: self.codec.kind,
            packets: self.counters.packets,
            bytes: self.counters.bytes,
            lost: self.counters.lost + self.streams().map(|stream| stream.gaps.lost).sum::<u64>(),
            recovered: self.counters.recovered,
            duplicates: self.counters.duplicates,
            frames: self.counters.frames,
            keyframes: self.counters.keyframes,
            keyframes_asked: self.layers.iter().map(|layer| layer.keyframes.asked).sum(),
            jitter_ms: jitter * 1000.0 / f64::from(self.codec.clock_rate.max(1)),
            bitrate_bps: self.meter.bps(now),
        }
    }
}
