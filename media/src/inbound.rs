//! One published track: its stream, gaps, history, clock and counters.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_rtcp::reception_report::ReceptionReport;

use crate::api::{Codec, CodecKind, Limits, TrackId};
use crate::keyframes::{KeyframeRequests, begins_keyframe};
use crate::nack::{Arrival, Gaps};
use crate::rtcp::us_from_ntp;
use crate::rtp::{RtpView, Unwrapper};
use crate::sdp::answer::UpMedia;
use crate::stats::TrackStats;
use crate::worker::Now;

/// Sound older than two and a half seconds is not asked for again.
const SOUND_HISTORY: usize = 128;

/// A published track.
#[derive(Debug)]
pub struct InboundTrack {
    pub id: Arc<TrackId>,
    pub codec: Arc<Codec>,
    pub media: UpMedia,
    pub keyframes: KeyframeRequests,
    pub stream: Option<Stream>,
    /// Names the stream, so that a subscriber notices a new one.
    generation: u64,
    pub meter: RateMeter,
    /// Smoothed loudness, 0 (silent) to 127.
    pub loudness: f32,
    heard: Option<Instant>,
    counters: Counters,
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

/// The packets of one SSRC.
#[derive(Debug)]
pub struct Stream {
    pub ssrc: u32,
    pub gaps: Gaps,
    pub clock: Option<SenderClock>,
    unwrapper: Unwrapper,
    history: Vec<Option<(u64, Bytes)>>,
    first: u64,
    received: u64,
    reported: (u64, u64),
    jitter: f64,
    transit: Option<f64>,
    last_timestamp: Option<u32>,
}

/// A publisher's last sender report.
#[derive(Clone, Copy, Debug)]
pub struct SenderClock {
    pub ntp: u64,
    pub rtp: u32,
    pub at: Instant,
}

/// A packet to be tapped and forwarded.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub packet: Bytes,
    pub seq: u64,
    pub generation: u64,
    pub begins_keyframe: bool,
    pub recovered: bool,
    /// How long after the first request for it the publisher's answer came.
    pub rtt: Option<Duration>,
}

impl InboundTrack {
    pub fn new(id: TrackId, media: UpMedia) -> Self {
        InboundTrack {
            id: Arc::new(id),
            codec: Arc::new(media.codec.clone()),
            media,
            keyframes: KeyframeRequests::default(),
            stream: None,
            generation: 0,
            meter: RateMeter::default(),
            loudness: 0.0,
            heard: None,
            counters: Counters::default(),
        }
    }

    /// Takes a packet of the track's media; `None` if it is a duplicate or malformed.
    /// A new SSRC takes the next of `generations`.
    pub fn receive(
        &mut self,
        packet: Bytes,
        recovered: bool,
        generations: &mut u64,
        limits: &Limits,
        now: Now,
    ) -> Option<Accepted> {
        let view = RtpView::parse(&packet)?;
        if self
            .stream
            .as_ref()
            .is_none_or(|stream| stream.ssrc != view.ssrc)
        {
            *generations = generations.wrapping_add(1);
            self.generation = *generations;
            let history = match self.codec.kind {
                CodecKind::Opus => limits.history_packets.min(SOUND_HISTORY),
                CodecKind::Vp8 | CodecKind::H264 => limits.history_packets,
            };
            self.counters.lost += self.stream.as_ref().map_or(0, |stream| stream.gaps.lost);
            self.stream = Some(Stream::new(view.ssrc, history));
        }
        let stream = self.stream.as_mut()?;
        let seq = stream.unwrapper.unwrap(view.seq);
        let mut rtt = None;
        let jitter = stream.jitter_time(self.codec.clock_rate);
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
            Arrival::Jumped => self.keyframes.want(),
            Arrival::New | Arrival::Filled { .. } => {}
        }
        let begins_keyframe = begins_keyframe(self.codec.kind, view.payload);
        if begins_keyframe && self.codec.kind != CodecKind::Opus {
            self.keyframes.arrived();
            self.counters.keyframes += 1;
        }
        stream.count(
            &view,
            seq,
            recovered,
            self.codec.clock_rate,
            now,
            &mut self.counters.frames,
        );
        self.counters.packets += 1;
        self.counters.bytes += packet.len() as u64;
        self.counters.recovered += u64::from(recovered);
        self.meter.add(packet.len(), now.at);
        stream.remember(seq, &packet);
        if let Some(level) = self
            .media
            .extensions
            .audio_level
            .and_then(|id| view.extension(id))
        {
            self.hear(level, now.at);
        }
        Some(Accepted {
            packet,
            seq,
            generation: self.generation,
            begins_keyframe,
            recovered,
            rtt,
        })
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

    /// A packet kept for retransmission.
    pub fn kept(&self, generation: u64, seq: u64) -> Option<&Bytes> {
        let stream = self
            .stream
            .as_ref()
            .filter(|_| self.generation == generation)?;
        let slot = (seq % stream.history.len().max(1) as u64) as usize;
        stream
            .history
            .get(slot)?
            .as_ref()
            .filter(|(kept, _)| *kept == seq)
            .map(|(_, packet)| packet)
    }

    /// Figures since the track began.
    pub fn stats(&self, now: Instant) -> TrackStats {
        let jitter = self.stream.as_ref().map_or(0.0, |stream| stream.jitter);
        TrackStats {
            track: (*self.id).clone(),
            codec: self.codec.kind,
            packets: self.counters.packets,
            bytes: self.counters.bytes,
            lost: self.counters.lost + self.stream.as_ref().map_or(0, |stream| stream.gaps.lost),
            recovered: self.counters.recovered,
            duplicates: self.counters.duplicates,
            frames: self.counters.frames,
            keyframes: self.counters.keyframes,
            keyframes_asked: self.keyframes.asked,
            jitter_ms: jitter * 1000.0 / f64::from(self.codec.clock_rate.max(1)),
            bitrate_bps: self.meter.bps(now),
        }
    }
}

impl Stream {
    fn new(ssrc: u32, history: usize) -> Self {
        Stream {
            ssrc,
            gaps: Gaps::default(),
            clock: None,
            unwrapper: Unwrapper::default(),
            history: vec![None; history],
            first: 0,
            received: 0,
            reported: (0, 0),
            jitter: 0.0,
            transit: None,
            last_timestamp: None,
        }
    }

    fn jitter_time(&self, rate: u32) -> Duration {
        Duration::from_secs_f64((self.jitter / f64::from(rate.max(1))).clamp(0.0, 10.0))
    }

    fn count(
        &mut self,
        view: &RtpView<'_>,
        seq: u64,
        recovered: bool,
        rate: u32,
        now: Now,
        frames: &mut u64,
    ) {
        if self.received == 0 {
            self.first = seq;
        }
        self.received += 1;
        if recovered {
            return;
        }
        if self
            .last_timestamp
            .is_none_or(|last| view.timestamp.wrapping_sub(last) as i32 > 0)
        {
            self.last_timestamp = Some(view.timestamp);
            *frames += 1;
        }
        // RFC 3550 appendix A.8, in ticks. Transit wraps with the timestamp, so a wild difference is not counted.
        let transit = now.mono_us as f64 * f64::from(rate) / 1e6 - f64::from(view.timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = (transit - before).abs();
            if difference < f64::from(rate) * 10.0 {
                self.jitter += (difference - self.jitter) / 16.0;
            }
        }
    }

    fn remember(&mut self, seq: u64, packet: &Bytes) {
        let length = self.history.len() as u64;
        if length > 0 {
            self.history[(seq % length) as usize] = Some((seq, packet.clone()));
        }
    }

    /// The report block for the publisher (RFC 3550 section 6.4.1); the share of loss is since the last report.
    pub fn report(&mut self, now: Instant) -> Option<ReceptionReport> {
        let highest = self.unwrapper.highest()?;
        let expected = highest.saturating_sub(self.first) + 1;
        let lost = expected.saturating_sub(self.received);
        let (expected_before, received_before) = self.reported;
        let (expected_now, received_now) = (
            expected.saturating_sub(expected_before),
            self.received.saturating_sub(received_before),
        );
        self.reported = (expected, self.received);
        let fraction = (expected_now.saturating_sub(received_now) * 256)
            .checked_div(expected_now)
            .unwrap_or(0);
        let delay = self.clock.map_or(0.0, |clock| {
            now.saturating_duration_since(clock.at).as_secs_f64() * 65_536.0
        });
        Some(ReceptionReport {
            ssrc: self.ssrc,
            fraction_lost: fraction.min(255) as u8,
            total_lost: lost.min(0x7f_ffff) as u32,
            last_sequence_number: highest.saturating_sub(1 << 16) as u32,
            jitter: self.jitter as u32,
            last_sender_report: self.clock.map_or(0, |clock| (clock.ntp >> 16) as u32),
            delay: delay as u32,
        })
    }
}

impl SenderClock {
    /// The RTP time at `us` on the publisher's NTP time line.
    pub fn rtp_at(&self, us: i64, rate: u32) -> u32 {
        let ticks = (us - us_from_ntp(self.ntp)) as i128 * i128::from(rate) / 1_000_000;
        self.rtp.wrapping_add(ticks as u32)
    }
}

/// Bits a second over whole windows of a second.
#[derive(Debug, Default)]
pub struct RateMeter {
    window: Option<Instant>,
    bytes: u64,
    last_bps: u64,
}

impl RateMeter {
    const WINDOW: Duration = Duration::from_secs(1);

    pub fn add(&mut self, bytes: usize, now: Instant) {
        let begun = *self.window.get_or_insert(now);
        let elapsed = now.saturating_duration_since(begun);
        if elapsed >= Self::WINDOW {
            self.last_bps = (self.bytes as f64 * 8.0 / elapsed.as_secs_f64()) as u64;
            self.bytes = 0;
            self.window = Some(now);
        }
        self.bytes += bytes as u64;
    }

    /// 0 once nothing came for two windows.
    pub fn bps(&self, now: Instant) -> u64 {
        let fresh = self
            .window
            .is_some_and(|begun| now.saturating_duration_since(begun) < 2 * Self::WINDOW);
        if fresh { self.last_bps } else { 0 }
    }
}
