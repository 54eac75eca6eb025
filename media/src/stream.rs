//! The packets of one SSRC as they come: gaps, history, clock, and what its publisher is told about them.

use std::time::{Duration, Instant};

use rtc_rtcp::reception_report::ReceptionReport;

use crate::inbound::{Accepted, Kept};
use crate::nack::Gaps;
use crate::rtcp::us_from_ntp;
use crate::rtp::{RtpView, Unwrapper};
use crate::worker::Now;

/// The packets of one SSRC.
#[derive(Debug)]
pub struct Stream {
    pub ssrc: u32,
    pub gaps: Gaps,
    pub clock: Option<SenderClock>,
    pub unwrapper: Unwrapper,
    history: Vec<Option<Kept>>,
    first: u64,
    received: u64,
    reported: (u64, u64),
    pub jitter: f64,
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

impl Stream {
    pub fn new(ssrc: u32, history: usize) -> Self {
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

    pub fn jitter_time(&self, rate: u32) -> Duration {
        Duration::from_secs_f64((self.jitter / f64::from(rate.max(1))).clamp(0.0, 10.0))
    }

    pub fn count(
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

    pub fn remember(&mut self, accepted: &Accepted) {
        let length = self.history.len() as u64;
        if length > 0 {
            self.history[(accepted.seq % length) as usize] = Some(Kept {
                packet: accepted.packet.clone(),
                seq: accepted.seq,
                red: accepted.red,
                padding: accepted.padding,
            });
        }
    }

    /// A packet kept for retransmission.
    pub fn kept(&self, seq: u64) -> Option<&Kept> {
        let slot = (seq % self.history.len().max(1) as u64) as usize;
        let kept = self.history.get(slot)?.as_ref();
        kept.filter(|kept| kept.seq == seq)
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

    /// A first guess, before the first window is over: 0 until it is worth anything.
    pub fn guess(&self, now: Instant) -> u64 {
        let begun = self.window.unwrap_or(now);
        let elapsed = now.saturating_duration_since(begun);
        match self.last_bps == 0 && elapsed >= Self::WINDOW / 4 {
            true => (self.bytes as f64 * 8.0 / elapsed.as_secs_f64()) as u64,
            false => 0,
        }
    }

    /// 0 once nothing came for two windows.
    pub fn bps(&self, now: Instant) -> u64 {
        let fresh = self
            .window
            .is_some_and(|begun| now.saturating_duration_since(begun) < 2 * Self::WINDOW);
        if fresh { self.last_bps } else { 0 }
    }
}
