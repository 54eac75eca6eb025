//! Whether the way to a subscriber is filling up, from how the delay of its packets grows (draft-ietf-rmcat-gcc-02
//! section 5, with a line fitted through the delay in place of the Kalman filter).

use std::collections::VecDeque;

/// Packets sent within this time count as one.
const GROUP_US: i64 = 5_000;
/// Points that the line is fitted through.
const WINDOW: usize = 20;
/// Weight of the past in the smoothed delay.
const SMOOTHING: f64 = 0.9;
/// Scales the slope so that it can be held against a threshold in ms.
const GAIN: f64 = 4.0;
const MAX_DELTAS: f64 = 60.0;
/// The threshold adapts (section 5.4), so that a flow that fills the queue does not starve us and jitter does not alarm.
const THRESHOLD: f64 = 12.5;
const THRESHOLDS: std::ops::RangeInclusive<f64> = 6.0..=600.0;
const RISES: f64 = 0.0087;
const FALLS: f64 = 0.039;
/// A spike further above the threshold than this is no measure of jitter.
const SPIKE: f64 = 15.0;
/// For how long the slope must be above the threshold.
const SUSTAINED_MS: f64 = 10.0;

/// What the delay says about the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    #[default]
    Normal,
    /// A queue grows.
    Over,
    /// A queue shrinks.
    Under,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: i64,
    last_sent: i64,
    first_arrival: i64,
    last_arrival: i64,
}

/// Follows the delay of one connection's packets.
#[derive(Debug)]
pub struct Trend {
    present: Option<Group>,
    before: Option<Group>,
    points: VecDeque<(f64, f64)>,
    deltas: f64,
    accumulated: f64,
    smoothed: f64,
    threshold: f64,
    adapted: Option<i64>,
    over_ms: f64,
    over: u32,
    slope: f64,
    usage: Usage,
}

impl Default for Trend {
    fn default() -> Self {
        Trend {
            present: None,
            before: None,
            points: VecDeque::with_capacity(WINDOW + 1),
            deltas: 0.0,
            accumulated: 0.0,
            smoothed: 0.0,
            threshold: THRESHOLD,
            adapted: None,
            over_ms: 0.0,
            over: 0,
            slope: 0.0,
            usage: Usage::Normal,
        }
    }
}

impl Trend {
    /// What the delay says now.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Takes a packet that arrived, in the order of sending. Times in µs, each on its own clock.
    pub fn packet(&mut self, sent: i64, arrival: i64) {
        let Some(group) = self.present.as_mut() else {
            self.present = Some(Group::of(sent, arrival));
            return;
        };
        if sent < group.first_sent {
            return;
        }
        if group.takes(sent, arrival) {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrival = group.last_arrival.max(arrival);
            return;
        }
        let complete = *group;
        self.present = Some(Group::of(sent, arrival));
        if let Some(before) = self.before.replace(complete) {
            self.delta(
                (complete.last_sent - before.last_sent) as f64 / 1000.0,
                (complete.last_arrival - before.last_arrival) as f64 / 1000.0,
                complete.last_arrival,
            );
        }
    }

    fn delta(&mut self, sent_ms: f64, arrived_ms: f64, arrival: i64) {
        self.deltas = (self.deltas + 1.0).min(MAX_DELTAS);
        self.accumulated += arrived_ms - sent_ms;
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.accumulated;
        self.points
            .push_back((arrival as f64 / 1000.0, self.smoothed));
        if self.points.len() > WINDOW {
            self.points.pop_front();
        }
        let slope = match self.points.len() {
            WINDOW => slope(&self.points).unwrap_or(self.slope),
            _ => self.slope,
        };
        self.judge(slope, sent_ms, arrival);
    }

    fn judge(&mut self, slope: f64, sent_ms: f64, arrival: i64) {
        let scaled = slope * self.deltas * GAIN;
        if scaled > self.threshold {
            self.over_ms += if self.over == 0 {
                sent_ms / 2.0
            } else {
                sent_ms
            };
            self.over += 1;
            if self.over_ms > SUSTAINED_MS && self.over > 1 && slope >= self.slope {
                (self.over_ms, self.over) = (0.0, 0);
                self.usage = Usage::Over;
            }
        } else {
            (self.over_ms, self.over) = (0.0, 0);
            self.usage = if scaled < -self.threshold {
                Usage::Under
            } else {
                Usage::Normal
            };
        }
        self.slope = slope;
        self.adapt(scaled, arrival);
    }

    fn adapt(&mut self, scaled: f64, arrival: i64) {
        let before = self.adapted.replace(arrival).unwrap_or(arrival);
        let distance = scaled.abs() - self.threshold;
        if distance > SPIKE {
            return;
        }
        let gain = if distance < 0.0 { FALLS } else { RISES };
        let passed = ((arrival - before) as f64 / 1000.0).clamp(0.0, 100.0);
        self.threshold = (self.threshold + gain * distance * passed)
            .clamp(*THRESHOLDS.start(), *THRESHOLDS.end());
    }
}

impl Group {
    fn of(sent: i64, arrival: i64) -> Self {
        Group {
            first_sent: sent,
            last_sent: sent,
            first_arrival: arrival,
            last_arrival: arrival,
        }
    }

    /// Sent together, or caught up with one another on the way.
    fn takes(&self, sent: i64, arrival: i64) -> bool {
        let gained = (arrival - self.last_arrival) - (sent - self.last_sent) < 0;
        let burst = gained
            && arrival - self.last_arrival <= GROUP_US
            && arrival - self.first_arrival < 20 * GROUP_US;
        sent - self.first_sent <= GROUP_US || burst
    }
}

/// Of the line with the least squares through the points.
fn slope(points: &VecDeque<(f64, f64)>) -> Option<f64> {
    let count = points.len() as f64;
    let (sum_x, sum_y) = points
        .iter()
        .fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - mean_x) * (y - mean_y);
        below += (x - mean_x) * (x - mean_x);
    }
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// Feeds a packet every 10 ms with that delay, and says what is thought at the end.
    fn after(packets: i64, delay_us: impl Fn(i64) -> i64) -> Usage {
        let mut trend = Trend::default();
        let mut worst = Usage::Normal;
        for at in 0..packets {
            trend.packet(at * 10_000, at * 10_000 + delay_us(at));
            if trend.usage() != Usage::Normal {
                worst = trend.usage();
            }
        }
        worst
    }

    #[test]
    fn a_growing_delay_is_noticed_and_jitter_is_not() {
        assert_eq!(after(100, |_| 30_000), Usage::Normal);
        assert_eq!(after(100, |at| at * 1_000), Usage::Over);
        assert_eq!(after(100, |at| 500_000 - at * 2_000), Usage::Under);
        let jitter = |at: i64| 20_000 + at * 7_919 % 5_000;
        assert_eq!(after(2_000, jitter), Usage::Normal);
    }
}
