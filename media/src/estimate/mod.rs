//! How many bits a second reach a subscriber, from what it reports about the arrival of packets.
//!
//! Three things are heard: the delay that grows ([`delay`]), packets that are lost beyond what the way loses anyhow
//! ([`loss`]), and what arrives while the bottleneck is never idle, which is what it takes ([`throughput`]). It rises a
//! little by itself, and in leaps by short trains of packets ([`probe`]) while more could be used than is believed to
//! pass. A peer that never reported is not limited: [`Estimator::estimate`] is `None`
//! for it.
//!
//! Pure: times come as µs on the relay's monotonic clock; nothing here knows what a packet is.

mod delay;
mod history;
mod loss;
mod probe;
mod throughput;

use crate::twcc::Report;
use delay::{Trend, Usage};
use history::History;
use loss::Loss;
pub use probe::Probe;
use probe::Probes;
use throughput::{Queue, Throughput};

/// The first belief, and its bounds, in bits a second.
const START: f64 = 300_000.0;
const LEAST: f64 = 30_000.0;
const MOST: f64 = 30_000_000.0;
/// The share of a measured bottleneck that is used: what is left over lets a queue shrink.
const SHARE: f64 = 0.95;
/// Growth a second where nothing is known against it.
const GROWTH: f64 = 1.08;
/// It may rise by itself to this multiple of what arrives; further only by a train.
const ABOVE_ACKNOWLEDGED: f64 = 1.5;
/// µs over which the arriving rate is taken.
const WINDOW: i64 = 300_000;
/// A queue that was at least this long all that time, µs and packets, means that the bottleneck was never idle.
const BUSY: i64 = 20_000;
const BUSY_PACKETS: i64 = 1;
/// A wait from which the queue is let run empty; for how long at most, and for how long not again.
const LONG: i64 = 80_000;
const LONG_PACKETS: i64 = 2;
const DRAIN: i64 = 5_000_000;
const REST: i64 = 3_000_000;
/// In how many µs it is to be empty, and the bounds of what is sent meanwhile, of the estimate.
const EMPTY_IN: f64 = 1_000_000.0;
const DRAINING: std::ops::RangeInclusive<f64> = 0.1..=0.8;
/// Growth of the queue from one report to the next, µs, and the share of what is sent that arrives, at which the way has
/// suddenly become much narrower.
const STEP: i64 = 20_000;
const COLLAPSE: f64 = 0.6;
/// The largest packet, bits: what one of them takes at the bottleneck is no queue.
const PACKET: f64 = 1_200.0 * 8.0;
/// A measured bottleneck is believed in for this long, µs.
const BELIEF: i64 = 10_000_000;
/// And beyond doubt for this long.
const FRESH: i64 = 2_000_000;
/// A peer that has not reported by then, µs, never will.
const GRACE: i64 = 3_000_000;
/// Nothing was reported for this long, µs: what is sent is halved.
const SILENCE: i64 = 1_500_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drain {
    Idle,
    Since(i64),
    /// Not again before.
    Until(i64),
}

/// Estimates for one connection.
#[derive(Debug)]
pub struct Estimator {
    history: History,
    trend: Trend,
    loss: Loss,
    probes: Probes,
    /// Bytes of a train that are still to be sent.
    to_probe: usize,
    sent: Throughput,
    arrived: Throughput,
    queue: Queue,
    rate: f64,
    /// What a busy bottleneck took, and when.
    bottleneck: Option<(f64, i64)>,
    wanted: f64,
    /// When the last train began.
    trained: i64,
    drain: Drain,
    heard: Option<i64>,
    first_sent: Option<i64>,
    proven: bool,
    raised: i64,
    lowered: i64,
    silenced: i64,
    rtt: i64,
    jitter: f64,
}

impl Default for Estimator {
    fn default() -> Self {
        Estimator {
            history: History::default(),
            trend: Trend::default(),
            loss: Loss::default(),
            probes: Probes::default(),
            to_probe: 0,
            sent: Throughput::default(),
            arrived: Throughput::default(),
            queue: Queue::default(),
            rate: START,
            bottleneck: None,
            wanted: 0.0,
            trained: i64::MIN / 2,
            drain: Drain::Idle,
            heard: None,
            first_sent: None,
            proven: false,
            raised: 0,
            lowered: 0,
            silenced: 0,
            rtt: 100_000,
            jitter: 0.0,
        }
    }
}

impl Estimator {
    /// What the way takes, in bits a second with IP and UDP headers; `None` if the peer does not report at all.
    pub fn estimate(&self, now: i64) -> Option<u64> {
        let may_come = self.first_sent.is_none_or(|first| now - first < GRACE);
        (self.heard.is_some() || may_come).then_some(self.rate as u64)
    }

    /// At which rate to send now: the estimate, or less while a queue is let run empty.
    pub fn pace(&self, now: i64) -> Option<u64> {
        let share = match self.drain {
            Drain::Since(_) => {
                (1.0 - self.queue.now() as f64 / EMPTY_IN).clamp(*DRAINING.start(), *DRAINING.end())
            }
            Drain::Idle | Drain::Until(_) => 1.0,
        };
        self.estimate(now)
            .map(|estimate| (estimate as f64 * share) as u64)
    }

    /// Whether the way was ever found to be narrow: before, the estimate is merely how far it was looked.
    pub fn proven(&self) -> bool {
        self.proven
    }

    /// The wait before the bottleneck that the newest report shows, µs.
    pub fn queue_us(&self) -> i64 {
        self.queue.now()
    }

    /// How many bits a second could be used: it looks for more than it knows of only while they exceed the estimate.
    pub fn want(&mut self, bps: u64) {
        self.wanted = (bps as f64).min(MOST);
    }

    /// A packet leaves; hands out its transport-wide number.
    pub fn sent(&mut self, bytes: usize, now: i64) -> u16 {
        let train = match self.to_probe {
            0 => None,
            left => {
                self.to_probe = left.saturating_sub(bytes);
                self.probes.sent(now)
            }
        };
        self.first_sent.get_or_insert(now);
        self.sent.add(now, bytes);
        self.history.sent(bytes, now, train)
    }

    /// A packet goes out once more under its number: its arrival says nothing any more.
    pub fn sent_again(&mut self, seq: u16) {
        self.history.forget(seq);
    }

    /// A train to be sent now, if it is time for one: besides what else is sent, that many bytes in all.
    pub fn probe(&mut self, now: i64) -> Option<Probe> {
        if self.heard.is_none() || self.to_probe > 0 || matches!(self.drain, Drain::Since(_)) {
            return None;
        }
        let jitter = self.jitter as i64;
        let probe = self.probes.begin(self.rate, self.wanted, jitter, now)?;
        self.to_probe = probe.bytes;
        self.trained = now;
        Some(probe)
    }

    /// Bytes of the present train that are still to be sent.
    pub fn to_probe(&self) -> usize {
        self.to_probe
    }

    /// Takes a report.
    pub fn report(&mut self, report: &Report, now: i64) {
        let silent = self.heard.is_none_or(|heard| now - heard > SILENCE);
        self.heard = Some(now);
        if silent {
            // What was not heard of is no measure.
            (self.raised, self.lowered) = (now, now);
        }
        let mut least: Option<(i64, i64)> = None;
        let mut before: Option<i64> = None;
        for fate in self.history.resolve(report) {
            if let Some(train) = fate.train {
                self.probes.reported(train, fate.bytes, fate.arrival);
            }
            let Some(arrival) = fate.arrival else {
                self.loss.lost();
                continue;
            };
            if fate.late {
                self.loss.came_late();
                continue;
            }
            self.loss.came();
            self.arrived.add(arrival, fate.bytes);
            let delay = arrival - fate.sent;
            if let Some(before) = before.replace(delay) {
                self.jitter += ((delay - before).abs() as f64 - self.jitter) / 32.0;
            }
            least = Some(least.map_or((arrival, delay), |(last, least)| {
                (last.max(arrival), least.min(delay))
            }));
            self.rtt += (now - fate.sent - self.rtt) / 8;
            // A train fills the queue for a moment, and is meant to.
            if fate.train.is_none() {
                self.trend.packet(fate.sent, arrival);
            }
        }
        if let Some((arrival, delay)) = least {
            self.queue.add(arrival, delay);
        }
        self.conclude(now);
    }

    fn conclude(&mut self, now: i64) {
        self.measure_bottleneck(now);
        let over = self.trend.usage() == Usage::Over || self.swamped();
        let settled = now - self.lowered > self.rtt + 200_000;
        if over && settled {
            self.overused(now);
        }
        if let Some(factor) = self.loss.verdict(now) {
            self.proven = true;
            // What a bottleneck was just seen to take, it takes: the full queue has dropped the rest.
            let takes = match self.bottleneck {
                Some((takes, at)) if now - at < FRESH => takes * SHARE,
                _ => 0.0,
            };
            self.lower((self.rate * factor).max(takes).min(self.rate), now);
        }
        if let Some(found) = self.probes.found(self.to_probe == 0, self.loss.usual()) {
            self.probed(found, now);
        }
        if self.trend.usage() != Usage::Over && self.queue.now() < self.busy() {
            self.rise(now);
        } else {
            self.raised = now;
        }
        self.drain(now);
    }

    /// µs that the largest packet takes at the bottleneck.
    fn packet(&self) -> i64 {
        (PACKET * 1e6 / self.rate) as i64
    }

    fn busy(&self) -> i64 {
        BUSY + BUSY_PACKETS * self.packet()
    }

    /// While the queue never ran empty, what arrived is what the bottleneck takes.
    fn measure_bottleneck(&mut self, now: i64) {
        if self.queue.standing(WINDOW) < self.busy() {
            return;
        }
        let takes = self.arrived.bps(WINDOW);
        self.proven = true;
        self.bottleneck = Some((takes, now));
        if takes * SHARE < self.rate {
            self.lower(takes * SHARE, now);
        } else {
            self.rate = takes * SHARE;
        }
    }

    /// The way became much narrower at once: the slope of the delay would say so too, but later.
    fn swamped(&self) -> bool {
        self.queue.now() > LONG / 2 + self.packet()
            && self.queue.grew() > STEP
            && self.arrived.bps(WINDOW / 2) < self.sent.bps(WINDOW) * COLLAPSE
    }

    fn overused(&mut self, now: i64) {
        let (sent, arrived) = (self.sent.bps(WINDOW), self.arrived.bps(WINDOW));
        self.proven = true;
        let long = self.queue.now() > LONG / 2 + self.packet();
        if sent > arrived * 1.1 && long {
            self.bottleneck = Some((arrived, now));
            self.lower((arrived * SHARE).min(self.rate), now);
        } else {
            // Others fill the queue, or the delay merely wavered: what arrived is not all that could have.
            self.lower((self.rate * 0.9).max(arrived * SHARE).min(self.rate), now);
        }
    }

    fn lower(&mut self, to: f64, now: i64) {
        let far = to < self.rate * 0.7;
        self.rate = to.clamp(LEAST, MOST);
        (self.lowered, self.raised) = (now, now);
        // After a deep fall it may have been a moment only.
        self.probes
            .not_before(now + if far { 1_000_000 } else { 500_000 });
    }

    fn probed(&mut self, found: probe::Found, now: i64) {
        self.proven |= found.met;
        let takes = if found.met {
            found.bps * SHARE
        } else {
            found.bps
        };
        if takes <= self.rate {
            return;
        }
        let leap = takes > self.rate * 1.2;
        self.rate = takes.clamp(LEAST, MOST);
        self.raised = now;
        self.bottleneck = found.met.then_some((found.bps, now));
        if leap {
            self.probes.soon(now);
        }
    }

    fn rise(&mut self, now: i64) {
        let passed = ((now - self.raised).max(0) as f64 / 1e6).min(1.0);
        self.raised = now;
        let acknowledged = self.arrived.bps(1_000_000) * ABOVE_ACKNOWLEDGED + 10_000.0;
        let believed = match self.bottleneck {
            // Trains find more by themselves; without them it has to be tried.
            Some((takes, at)) if now - at.max(self.trained) < BELIEF => takes * SHARE,
            _ => MOST,
        };
        let bound = acknowledged.min(believed);
        if self.rate < bound {
            self.rate = (self.rate * GROWTH.powf(passed)).min(bound);
        }
    }

    fn drain(&mut self, now: i64) {
        let standing = self.queue.standing(WINDOW / 2);
        let empty = standing < self.busy();
        self.drain = match self.drain {
            Drain::Idle if standing > LONG + LONG_PACKETS * self.packet() => Drain::Since(now),
            Drain::Until(rest) if now >= rest => Drain::Idle,
            Drain::Since(_) if empty => Drain::Idle,
            Drain::Since(begun) if now - begun > DRAIN => Drain::Until(now + REST),
            unchanged => unchanged,
        };
    }

    /// To be called now and then: a peer that fell silent gets less and less.
    pub fn tick(&mut self, now: i64) {
        let silent = self
            .heard
            .is_some_and(|heard| now - heard > SILENCE && self.history.waits_since(heard));
        if silent && now - self.silenced > SILENCE {
            self.silenced = now;
            self.lower(self.rate * 0.5, now);
        }
    }
}

#[cfg(test)]
mod tests;
