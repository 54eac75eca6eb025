#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! The estimator against a bottleneck in virtual time: a source that sends what the estimate allows, up to a demand.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::sim::{Class, Loss as PathLoss, Path, Wire};
use crate::twcc::Recorder;

/// Time from one report to the next, and from one picture to the next, µs.
const REPORTS: i64 = 100_000;
const FRAME: i64 = 33_000;

struct Loop {
    estimator: Estimator,
    wire: Wire,
    path: Path,
    recorder: Recorder,
    now: i64,
    flying: BTreeMap<(i64, u64), Option<u16>>,
    reports: Vec<(i64, Vec<u8>)>,
    sent: u64,
    demand: u64,
    /// Bits that a pacer holds back.
    backlog: f64,
    credit: f64,
    history: Vec<(i64, u64)>,
}

impl Loop {
    fn new(path: Path, demand: u64) -> Self {
        Loop {
            estimator: Estimator::default(),
            wire: Wire::new(path, 7),
            path,
            recorder: Recorder::default(),
            now: 0,
            flying: BTreeMap::new(),
            reports: Vec::new(),
            sent: 0,
            demand,
            backlog: 0.0,
            credit: 0.0,
            history: Vec::new(),
        }
    }

    fn change(&mut self, path: Path) {
        self.path = path;
        self.wire
            .change(path, Duration::from_micros(self.now as u64));
    }

    fn send(&mut self, bytes: usize) {
        let seq = self.estimator.sent(bytes + 28, self.now);
        let at = Duration::from_micros(self.now as u64);
        for arrival in self.wire.send(bytes, Class::Media, at) {
            self.sent += 1;
            let arrival = arrival.as_micros() as i64;
            self.flying.insert((arrival, self.sent), Some(seq));
        }
    }

    fn run(&mut self, seconds: f64) {
        let end = self.now + (seconds * 1e6) as i64;
        self.estimator.want(self.demand);
        while self.now < end {
            self.now += 1_000;
            while let Some((&(at, number), seq)) = self
                .flying
                .first_key_value()
                .filter(|((at, _), _)| *at <= self.now)
            {
                self.recorder.record(seq.unwrap(), at + 5_000_000_000);
                self.flying.remove(&(at, number));
            }
            if self.now % REPORTS == 0 {
                let back = self.path.delay.as_micros() as i64;
                while let Some(report) = self.recorder.report(1, 2) {
                    self.reports.push((self.now + back, report));
                }
            }
            while self.reports.first().is_some_and(|(at, _)| *at <= self.now) {
                let (_, report) = self.reports.remove(0);
                self.estimator
                    .report(&Report::parse(&report).unwrap(), self.now);
            }
            self.produce();
        }
    }

    /// Pictures at 90 % of what is believed to pass, paced; trains on top.
    fn produce(&mut self) {
        let pace = self.estimator.pace(self.now).unwrap_or(START as u64) as f64;
        let media = (self.estimator.estimate(self.now).unwrap_or(START as u64) as f64 * 0.9)
            .min(self.demand as f64);
        if self.now % FRAME == 0 {
            self.backlog = (self.backlog + media * FRAME as f64 / 1e6).min(pace.max(media));
        }
        self.credit = (self.credit + pace / 1e3).min(20_000.0);
        while self.backlog > 0.0 && self.credit > 0.0 {
            let bytes = ((self.backlog / 8.0) as usize).clamp(60, 1_100);
            self.backlog -= bytes as f64 * 8.0;
            self.credit -= (bytes + 28) as f64 * 8.0;
            self.send(bytes);
        }
        if self.now % 10_000 == 0 {
            self.estimator.tick(self.now);
            self.estimator.probe(self.now);
            while self.estimator.to_probe() > 0 {
                self.send(250);
            }
        }
        if self.now % 100_000 == 0 {
            self.history
                .push((self.now, self.estimator.estimate(self.now).unwrap_or(0)));
        }
    }

    /// The least and the largest estimate ÷ bottleneck over so many tenths of a second.
    fn ratios(&self, bps: u64, tenths: usize) -> (f64, f64) {
        let last = self.history.iter().rev().take(tenths);
        let ratios = last.map(|(_, estimate)| *estimate as f64 / bps as f64);
        ratios.fold((f64::MAX, 0.0), |(low, high), ratio| {
            (low.min(ratio), f64::max(high, ratio))
        })
    }
}

fn narrow(bps: u64, rtt_ms: u64) -> Path {
    Path {
        bps: Some(bps),
        queue: 64 * 1024,
        delay: Duration::from_millis(rtt_ms / 2),
        ..Path::default()
    }
}

fn assert_near(ratios: (f64, f64), what: &str) {
    assert!(ratios.0 >= 0.8 && ratios.1 <= 1.05, "{what}: {ratios:?}");
}

#[test]
fn it_follows_a_bottleneck_up_and_down() {
    for rtt in [40, 100, 300] {
        let mut sim = Loop::new(narrow(200_000, rtt), 3_000_000);
        for (step, bps) in [200_000, 2_000_000, 200_000, 1_000_000]
            .into_iter()
            .enumerate()
        {
            sim.change(narrow(bps, rtt));
            sim.run(5.0);
            let begun = Duration::from_micros(sim.now as u64);
            assert_near(sim.ratios(bps, 1), &format!("{bps} at {rtt} ms, 5 s after"));
            sim.run(10.0);
            assert_near(
                sim.ratios(bps, 90),
                &format!("{bps} at {rtt} ms, until 15 s after"),
            );
            let over = Duration::from_secs(1);
            let standing = sim
                .wire
                .standing_queue(begun, begun + Duration::from_secs(10), over);
            assert!(
                standing < Duration::from_millis(250),
                "step {step} at {rtt}: {standing:?}"
            );
        }
    }
}

#[test]
fn jitter_and_random_loss_are_no_congestion() {
    for loss in [0.0, 0.05, 0.1, 0.2] {
        let path = Path {
            loss: PathLoss::Random(loss),
            jitter: Duration::from_millis(15),
            ..narrow(1_000_000, 60)
        };
        let mut sim = Loop::new(path, 3_000_000);
        sim.run(20.0);
        let (low, high) = sim.ratios(1_000_000, 10);
        // What is lost before the bottleneck takes no room in it.
        let takes = 1.0 / (1.0 - loss);
        assert!(low > 0.8 && high < 1.05 * takes, "{loss}: {low} to {high}");
    }
}

#[test]
fn a_wide_way_carries_all_that_is_wanted() {
    let path = Path {
        bps: None,
        ..Path::default()
    };
    let mut sim = Loop::new(path, 4_000_000);
    sim.run(5.0);
    assert!(sim.estimator.estimate(sim.now).unwrap() >= 4_000_000);
}

#[test]
fn who_never_reported_is_not_limited_and_who_falls_silent_gets_less() {
    let mut estimator = Estimator::default();
    let send = |estimator: &mut Estimator, ms: i64| {
        estimator.sent(1_000, ms * 1_000);
        estimator.tick(ms * 1_000);
    };
    (0..1_000).for_each(|ms| send(&mut estimator, ms));
    assert_eq!(
        estimator.estimate(1_000_000),
        Some(START as u64),
        "it may still report"
    );
    (1_000..5_000).for_each(|ms| send(&mut estimator, ms));
    assert_eq!(
        (estimator.estimate(5_000_000), estimator.pace(5_000_000)),
        (None, None)
    );
    let mut sim = Loop::new(narrow(1_000_000, 40), 3_000_000);
    sim.run(5.0);
    let before = sim.estimator.estimate(sim.now).unwrap();
    sim.change(Path {
        cut: true,
        ..sim.path
    });
    sim.run(10.0);
    assert!(sim.estimator.estimate(sim.now).unwrap() < before / 8);
    sim.change(narrow(1_000_000, 40));
    sim.run(5.0);
    assert_near(sim.ratios(1_000_000, 10), "after the silence");
}
