//! What loss says about the rate: nothing, where the way loses that much whatever is sent.
//!
//! A radio link that drops a tenth of all packets would push a rate that follows loss alone (draft-ietf-rmcat-gcc-02
//! section 6) to nothing. So only loss above the least of the last seconds counts.

use std::collections::VecDeque;

/// Loss that counts as congestion, above what the way loses anyhow.
const TOLERATED: f64 = 0.1;
/// A period ends when it is this old, µs, and holds that many packets.
const PERIOD: i64 = 1_000_000;
const ENOUGH: u64 = 40;
/// Periods that the least loss is taken of.
const REMEMBERED: usize = 5;

/// Counts packets of one connection.
#[derive(Debug, Default)]
pub struct Loss {
    begun: Option<i64>,
    came: u64,
    lost: u64,
    /// The last period's share, and the means of each two that followed one another: bursts make single ones leap.
    last: f64,
    periods: VecDeque<f64>,
}

impl Loss {
    pub fn came(&mut self) {
        self.came += 1;
    }

    pub fn lost(&mut self) {
        self.lost += 1;
    }

    /// A packet that was reported lost came after all.
    pub fn came_late(&mut self) {
        self.lost = self.lost.saturating_sub(1);
        self.came += 1;
    }

    /// The share that is lost whatever is sent.
    pub fn usual(&self) -> f64 {
        let least = self.periods.iter().copied().reduce(f64::min);
        least.unwrap_or(0.0)
    }

    /// The factor by which to lower the rate, if a period ended with too much loss.
    pub fn verdict(&mut self, now: i64) -> Option<f64> {
        let begun = *self.begun.get_or_insert(now);
        let total = self.came + self.lost;
        if now - begun < PERIOD || total < ENOUGH {
            return None;
        }
        let share = self.lost as f64 / total as f64;
        let share = (share + std::mem::replace(&mut self.last, share)) / 2.0;
        let least = self.usual().min(share);
        self.periods.push_back(share);
        if self.periods.len() > REMEMBERED {
            self.periods.pop_front();
        }
        (self.begun, self.came, self.lost) = (Some(now), 0, 0);
        let excess = share - least;
        (excess > TOLERATED).then_some(1.0 - excess / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loss of a hundred packets within the second before `at`.
    fn second(loss: &mut Loss, at: i64, lost: u64) -> Option<f64> {
        (0..100 - lost).for_each(|_| loss.came());
        (0..lost).for_each(|_| loss.lost());
        loss.verdict(at * PERIOD)
    }

    #[test]
    fn loss_that_stays_whatever_is_sent_is_not_congestion() {
        let mut loss = Loss::default();
        assert_eq!(loss.verdict(0), None);
        assert_eq!(second(&mut loss, 1, 0), None);
        let lowered = (2..20).filter(|at| second(&mut loss, *at, 20).is_some());
        assert_eq!(lowered.count(), REMEMBERED - 1, "then it is known");
        assert!((0.19..0.21).contains(&loss.usual()));
    }
}
