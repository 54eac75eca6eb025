//! How much arrived, how much was sent, and how long it waited on the way.

use std::collections::VecDeque;

/// Events remembered; at 4,000 packets a second still a second.
const MAX_EVENTS: usize = 4_096;

/// Bytes over time.
#[derive(Debug, Default)]
pub struct Throughput {
    events: VecDeque<(i64, usize)>,
}

impl Throughput {
    /// Time that is remembered, µs.
    const SPAN: i64 = 1_000_000;

    pub fn add(&mut self, us: i64, bytes: usize) {
        self.events.push_back((us, bytes));
        while self.events.len() > MAX_EVENTS
            || self
                .events
                .front()
                .is_some_and(|(at, _)| us - at > Self::SPAN)
        {
            self.events.pop_front();
        }
    }

    /// Bits a second over the `window` µs that end with the newest event.
    pub fn bps(&self, window: i64) -> f64 {
        let Some(&(newest, _)) = self.events.back() else {
            return 0.0;
        };
        let within = || self.events.iter().filter(|(at, _)| newest - at < window);
        let bytes: usize = within().map(|(_, bytes)| bytes).sum();
        let (first, first_bytes) = within().next().copied().unwrap_or((newest, 0));
        let span = newest - first;
        // What came first took its time before the span began.
        let (bytes, span) = match span * 2 > window {
            true => (bytes - first_bytes, span),
            false => (bytes, window),
        };
        bytes as f64 * 8e6 / span as f64
    }
}

/// The wait before the bottleneck: the delay of packets above the least delay seen lately.
#[derive(Debug, Default)]
pub struct Queue {
    /// Least delays of the present period and the one before it; the clocks of both ends may differ by anything.
    least: [Option<i64>; 2],
    period: Option<i64>,
    /// (arrival, wait) of each report's least waiting packet.
    waits: VecDeque<(i64, i64)>,
}

impl Queue {
    /// After at most twice this the way may have become another, µs.
    const PERIOD: i64 = 15_000_000;
    const SPAN: i64 = 1_000_000;

    /// Takes the least delay of a report's packets.
    pub fn add(&mut self, arrival: i64, delay: i64) {
        if self
            .period
            .is_none_or(|begun| arrival - begun > Self::PERIOD)
        {
            self.period = Some(arrival);
            self.least = [None, self.least[0]];
        }
        self.least[0] = Some(self.least[0].map_or(delay, |least| least.min(delay)));
        let base = self.least.iter().flatten().min().copied().unwrap_or(delay);
        self.waits.push_back((arrival, delay - base));
        while self
            .waits
            .front()
            .is_some_and(|(at, _)| arrival - at > Self::SPAN)
        {
            self.waits.pop_front();
        }
    }

    /// The wait of the newest report, µs.
    pub fn now(&self) -> i64 {
        self.waits.back().map_or(0, |(_, wait)| *wait)
    }

    /// How much longer the newest wait is than the one reported before, µs.
    pub fn grew(&self) -> i64 {
        let mut waits = self.waits.iter().rev().map(|(_, wait)| *wait);
        match (waits.next(), waits.next()) {
            (Some(now), Some(before)) => now - before,
            _ => 0,
        }
    }

    /// The least wait over the last `window` µs: while it is not near zero, the bottleneck was never idle.
    pub fn standing(&self, window: i64) -> i64 {
        let Some(&(newest, _)) = self.waits.back() else {
            return 0;
        };
        // The one before the window too: nothing is known of a time in which nothing arrived.
        let before = self
            .waits
            .iter()
            .rev()
            .find(|(at, _)| newest - at >= window);
        let Some(before) = before else { return 0 };
        let within = self.waits.iter().filter(|(at, _)| newest - at < window);
        let within = within.chain([before]);
        within.map(|(_, wait)| *wait).min().unwrap_or(0)
    }
}
