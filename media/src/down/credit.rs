//! What is left of the pace for retransmissions, beside what is sent anyhow.

use crate::worker::Now;

/// Saved up and owed at most, in seconds of the pace.
const SAVED: f64 = 0.3;
const OWED: f64 = -0.3;

/// Bits that may go out now.
#[derive(Debug, Default)]
pub struct Credit {
    bits: f64,
    at: Option<u64>,
}

impl Credit {
    fn fill(&mut self, pace: u64, now: Now) {
        let pace = pace as f64;
        let before = self.at.replace(now.mono_us).unwrap_or(now.mono_us);
        let passed = now.mono_us.saturating_sub(before) as f64 / 1e6;
        self.bits = (self.bits + passed * pace).clamp(OWED * pace, SAVED * pace);
    }

    /// What goes out whether there is room or not.
    pub fn spend(&mut self, bytes: usize, pace: Option<u64>, now: Now) {
        if let Some(pace) = pace {
            self.fill(pace, now);
            self.bits -= bytes as f64 * 8.0;
        }
    }

    /// Takes the room for a retransmission, if there is any.
    pub fn has(&mut self, bytes: usize, pace: Option<u64>, now: Now) -> bool {
        let Some(pace) = pace else { return true };
        self.fill(pace, now);
        let room = self.bits > 0.0;
        if room {
            self.bits -= bytes as f64 * 8.0;
        }
        room
    }
}
