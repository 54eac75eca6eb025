//! What waits to be sent to one subscriber: sound first, then repairs, then pictures, at the rate that its path bears.
//!
//! Packets wait in the clear and are encrypted as they leave, so what is taken back here was never sent. With no rate
//! known everything passes at once. A frame's worth of credit lets a frame leave in one go, which is what makes GSO runs.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::forward::Outgoing;

/// Credit that may be saved up, as time at the rate: a frame at 25 a second.
const CREDIT: Duration = Duration::from_millis(40);
/// Credit that a slow path has all the same, bytes.
const MIN_CREDIT: f64 = 3000.0;
/// Pictures that have waited longer are worth nothing: their track begins again with a keyframe.
const MAX_AGE: Duration = Duration::from_millis(500);
/// Packets of one kind that may wait.
pub const MAX_WAITING: usize = 1024;
/// A rate of zero would never let anything through.
const MIN_RATE: u64 = 8_000;

/// What a packet is to the pacer, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Sound,
    /// A packet that was asked for again.
    Repair,
    Picture,
}

#[derive(Debug)]
struct Waiting {
    packet: Outgoing,
    since: Instant,
}

/// The queue of one connection.
#[derive(Debug, Default)]
pub struct Pacer {
    /// Bytes a second.
    rate: Option<f64>,
    /// Bytes sent beyond the rate, as of the moment; below zero is credit.
    debt: f64,
    settled: Option<Instant>,
    sound: VecDeque<Waiting>,
    repairs: VecDeque<Waiting>,
    pictures: VecDeque<Waiting>,
    /// Tracks whose pictures were dropped.
    dropped: Vec<u32>,
}

impl Pacer {
    /// Sets how many bits a second may leave; `None` lets everything pass.
    pub fn set_rate(&mut self, bps: Option<u64>) {
        self.rate = bps.map(|bps| bps.max(MIN_RATE) as f64 / 8.0);
        if self.rate.is_none() {
            self.debt = 0.0;
        }
    }

    /// Takes a packet.
    pub fn push(&mut self, class: Class, packet: Outgoing, now: Instant) {
        let ssrc = packet.header.ssrc;
        let waiting = Waiting { packet, since: now };
        match class {
            Class::Sound => {
                if self.sound.len() >= MAX_WAITING {
                    self.sound.pop_front();
                }
                self.sound.push_back(waiting);
            }
            // The client asks again.
            Class::Repair if self.repairs.len() >= MAX_WAITING => {}
            Class::Repair => self.repairs.push_back(waiting),
            Class::Picture if self.pictures.len() >= MAX_WAITING => self.drop_track(ssrc),
            Class::Picture => self.pictures.push_back(waiting),
        }
    }

    /// The next packet that may leave now. [`Pacer::sent`] is to be told its size.
    pub fn pop(&mut self, now: Instant) -> Option<Outgoing> {
        self.settle(now);
        if let Some(waiting) = self.sound.pop_front() {
            return Some(waiting.packet);
        }
        if self.rate.is_some() && self.debt > 0.0 {
            return None;
        }
        let next = self.repairs.pop_front();
        next.or_else(|| self.pictures.pop_front())
            .map(|waiting| waiting.packet)
    }

    /// A packet left.
    pub fn sent(&mut self, bytes: usize) {
        if self.rate.is_some() {
            self.debt += bytes as f64;
        }
    }

    /// Drops what has waited too long. Returns the SSRCs whose pictures were dropped since the last call: nothing of them
    /// is left here, and they must begin again with a keyframe.
    pub fn take_dropped(&mut self, now: Instant) -> Vec<u32> {
        let old = |waiting: &&Waiting| now.saturating_duration_since(waiting.since) > MAX_AGE;
        while self.repairs.front().filter(old).is_some() {
            self.repairs.pop_front();
        }
        while let Some(stale) = self.pictures.front().filter(old) {
            self.drop_track(stale.packet.header.ssrc);
        }
        let dropped = std::mem::take(&mut self.dropped);
        // What came after the queue was full hangs in the air.
        dropped.iter().for_each(|ssrc| self.purge(*ssrc));
        dropped
    }

    fn drop_track(&mut self, ssrc: u32) {
        self.purge(ssrc);
        if !self.dropped.contains(&ssrc) {
            self.dropped.push(ssrc);
        }
    }

    /// Takes back everything of one SSRC.
    pub fn purge(&mut self, ssrc: u32) {
        for queue in [&mut self.sound, &mut self.repairs, &mut self.pictures] {
            queue.retain(|waiting| waiting.packet.header.ssrc != ssrc);
        }
    }

    /// Takes back everything.
    pub fn clear(&mut self) {
        self.sound.clear();
        self.repairs.clear();
        self.pictures.clear();
        self.dropped.clear();
    }

    /// When something can be done next; `None` if nothing waits.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        if !self.sound.is_empty() || !self.dropped.is_empty() {
            return Some(now);
        }
        let fronts = [self.repairs.front(), self.pictures.front()];
        let oldest = fronts
            .into_iter()
            .flatten()
            .map(|waiting| waiting.since)
            .min()?;
        let Some(rate) = self.rate.filter(|_| self.debt > 0.0) else {
            return Some(now);
        };
        let paid = now + Duration::from_secs_f64((self.debt / rate).min(10.0));
        Some(paid.min(oldest + MAX_AGE + Duration::from_millis(1)))
    }

    fn settle(&mut self, now: Instant) {
        let since = self.settled.replace(now).unwrap_or(now);
        let Some(rate) = self.rate else { return };
        let elapsed = now.saturating_duration_since(since).as_secs_f64();
        let credit = (rate * CREDIT.as_secs_f64()).max(MIN_CREDIT);
        self.debt = (self.debt - rate * elapsed).max(-credit);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::rtp::Rewrite;

    const SOUND: u32 = 1;
    const PICTURE: u32 = 2;

    fn packet(ssrc: u32, seq: u16) -> Outgoing {
        Outgoing {
            header: Rewrite {
                payload_type: 96,
                seq,
                timestamp: 0,
                ssrc,
                marker: false,
                extensions: [(0, 0); 2],
                transport: None,
                osn: None,
            },
            packet: bytes::Bytes::new(),
            payload: 0..0,
            patch: Default::default(),
            padding: 0,
            only_padding: false,
            number: u64::from(seq),
            again: false,
        }
    }

    /// Releases what may leave, each packet of `size` bytes; (SSRC, number) in order.
    fn release(pacer: &mut Pacer, size: usize, now: Instant) -> Vec<(u32, u16)> {
        let mut out = Vec::new();
        while let Some(packet) = pacer.pop(now) {
            pacer.sent(size);
            out.push((packet.header.ssrc, packet.header.seq));
        }
        out
    }

    fn pictures(pacer: &mut Pacer, count: u16, now: Instant) {
        for seq in 0..count {
            pacer.push(Class::Picture, packet(PICTURE, seq), now);
        }
    }

    #[test]
    fn without_a_rate_everything_leaves_at_once() {
        let (mut pacer, now) = (Pacer::default(), Instant::now());
        pictures(&mut pacer, 500, now);
        assert_eq!(release(&mut pacer, 1200, now).len(), 500);
        assert_eq!(pacer.due(now), None);
    }

    #[test]
    fn sound_never_waits_and_overtakes_pictures_and_repairs() {
        let (mut pacer, now) = (Pacer::default(), Instant::now());
        pacer.set_rate(Some(100_000));
        pictures(&mut pacer, 50, now);
        release(&mut pacer, 1200, now);
        pacer.push(Class::Repair, packet(3, 0), now);
        pacer.push(Class::Sound, packet(SOUND, 7), now);
        assert_eq!(
            release(&mut pacer, 120, now),
            [(SOUND, 7)],
            "the debt is the pictures'"
        );
        let later = now + Duration::from_millis(490);
        assert_eq!(
            release(&mut pacer, 1200, later)[0],
            (3, 0),
            "then what was asked for again"
        );
    }

    #[test]
    fn a_frame_leaves_in_one_go_and_a_long_burst_at_the_rate() {
        let (mut pacer, start) = (Pacer::default(), Instant::now());
        // 2.4 Mbit/s: 300 bytes a millisecond, 12,000 of credit, which is ten packets.
        pacer.set_rate(Some(2_400_000));
        pacer.pop(start);
        let now = start + Duration::from_millis(100);
        pictures(&mut pacer, 100, now);
        let at_once = release(&mut pacer, 1200, now).len();
        assert_eq!(at_once, 11, "credit of ten, and the one that uses it up");
        let mut sent = at_once;
        for ms in 1..=100 {
            sent += release(&mut pacer, 1200, now + Duration::from_millis(ms)).len();
        }
        assert_eq!(sent, 11 + 25, "a hundred milliseconds at the rate more");
    }

    #[test]
    fn what_is_due_next_is_neither_late_nor_busy() {
        let (mut pacer, now) = (Pacer::default(), Instant::now());
        pacer.set_rate(Some(2_400_000));
        pictures(&mut pacer, 20, now);
        release(&mut pacer, 1200, now);
        let due = pacer.due(now).unwrap();
        assert!(due > now);
        assert!(release(&mut pacer, 1200, due - Duration::from_millis(1)).is_empty());
        assert_eq!(
            release(&mut pacer, 1200, due + Duration::from_micros(1)).len(),
            1
        );
    }

    #[test]
    fn stale_pictures_are_dropped_whole_and_told_once() {
        let (mut pacer, now) = (Pacer::default(), Instant::now());
        pacer.set_rate(Some(8_000));
        pictures(&mut pacer, 100, now);
        let left = release(&mut pacer, 1200, now).len();
        assert!(left < 5);
        let later = now + Duration::from_millis(400);
        pacer.push(Class::Picture, packet(PICTURE, 100), later);
        assert!(pacer.take_dropped(later).is_empty(), "not yet");
        let stale = now + Duration::from_millis(501);
        assert_eq!(pacer.take_dropped(stale), [PICTURE]);
        assert_eq!(
            pacer.due(stale),
            None,
            "the young ones after a gap went too"
        );
        assert!(pacer.take_dropped(stale).is_empty());
    }

    #[test]
    fn a_full_queue_drops_the_track_and_keeps_the_others() {
        let (mut pacer, now) = (Pacer::default(), Instant::now());
        pacer.set_rate(Some(8_000));
        pacer.push(Class::Picture, packet(9, 0), now);
        pictures(&mut pacer, MAX_WAITING as u16 + 5, now);
        assert_eq!(pacer.take_dropped(now), [PICTURE]);
        assert_eq!(release(&mut pacer, 1200, now), [(9, 0)]);
        for seq in 0..=MAX_WAITING as u16 {
            pacer.push(Class::Sound, packet(SOUND, seq), now);
            pacer.push(Class::Repair, packet(3, seq), now);
        }
        assert_eq!(pacer.sound.len(), MAX_WAITING);
        assert_eq!(pacer.sound[0].packet.header.seq, 1, "the oldest sound went");
        assert_eq!(pacer.repairs.len(), MAX_WAITING);
    }

    #[test]
    fn what_is_taken_back_does_not_leave() {
        let (mut pacer, now) = (Pacer::default(), Instant::now());
        pictures(&mut pacer, 3, now);
        pacer.push(Class::Repair, packet(PICTURE, 0), now);
        pacer.push(Class::Sound, packet(SOUND, 0), now);
        pacer.purge(PICTURE);
        assert_eq!(release(&mut pacer, 1200, now), [(SOUND, 0)]);
    }
}
