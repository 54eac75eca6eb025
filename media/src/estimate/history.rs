//! What was sent, until the peer reports what became of it.

use std::collections::VecDeque;

use crate::twcc::Report;

/// Packets remembered; what is older when reported is ignored.
const MAX_SENT: usize = 8_192;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Flying,
    Lost,
    Done,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    at: i64,
    bytes: usize,
    train: Option<u32>,
    state: State,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    pub sent: i64,
    pub bytes: usize,
    pub train: Option<u32>,
    /// µs on the peer's clock; `None` if it did not come.
    pub arrival: Option<i64>,
    /// It had been reported lost before.
    pub late: bool,
}

/// Packets by transport-wide number.
#[derive(Debug, Default)]
pub struct History {
    sent: VecDeque<Sent>,
    /// Number of the first in `sent`.
    first: u64,
    /// The peer's clock, counted on over its cycle.
    reference: Option<i64>,
}

impl History {
    pub fn sent(&mut self, bytes: usize, at: i64, train: Option<u32>) -> u16 {
        if self.sent.len() >= MAX_SENT {
            self.sent.pop_front();
            self.first += 1;
        }
        let seq = self.first + self.sent.len() as u64;
        self.sent.push_back(Sent {
            at,
            bytes,
            train,
            state: State::Flying,
        });
        seq as u16
    }

    pub fn forget(&mut self, seq: u16) {
        if let Some(sent) = self.find(seq) {
            sent.state = State::Done;
        }
    }

    /// Whether anything that left after `since` has not been reported.
    pub fn waits_since(&self, since: i64) -> bool {
        let flying = |sent: &Sent| sent.state == State::Flying && sent.at > since;
        self.sent.iter().rev().take(64).any(flying)
    }

    fn find(&mut self, seq: u16) -> Option<&mut Sent> {
        let last = self.first + self.sent.len() as u64;
        let behind = u64::from((last as u16).wrapping_sub(seq));
        let at = (self.sent.len() as u64).checked_sub(behind)?;
        self.sent.get_mut(at as usize)
    }

    /// What is new in a report, in the order of sending.
    pub fn resolve(&mut self, report: &Report) -> Vec<Fate> {
        let reference = match self.reference {
            None => report.reference_us,
            Some(before) => {
                let half = Report::CYCLE_US / 2;
                let moved = (report.reference_us - before + half).rem_euclid(Report::CYCLE_US);
                before + moved - half
            }
        };
        self.reference = Some(reference);
        let mut fates = Vec::with_capacity(report.arrivals.len());
        for (at, arrival) in report.arrivals.iter().enumerate() {
            let Some(sent) = self.find(report.base.wrapping_add(at as u16)) else {
                continue;
            };
            let late = sent.state == State::Lost;
            let fate = Fate {
                sent: sent.at,
                bytes: sent.bytes,
                train: sent.train,
                arrival: arrival.map(|us| reference + us),
                late,
            };
            match (sent.state, arrival) {
                (State::Done, _) | (State::Lost, None) => continue,
                (State::Flying, None) => sent.state = State::Lost,
                (State::Flying | State::Lost, Some(_)) => sent.state = State::Done,
            }
            fates.push(fate);
        }
        fates
    }
}
