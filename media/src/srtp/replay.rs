//! The replay window and rollover counter of one inbound SSRC (RFC 3711 section 3.3).

/// Packets behind the newest that are still taken.
pub const WINDOW: u64 = 1024;
const WORDS: usize = (WINDOW / 64) as usize;

/// Which indices were seen. Made only after a first packet was authenticated.
#[derive(Clone, Debug, Default)]
pub struct Window {
    highest: u64,
    started: bool,
    seen: [u64; WORDS],
}

impl Window {
    /// The index of a sequence number: the one nearest to the highest authenticated (RFC 3711 appendix A).
    pub fn index_of(&self, seq: u16) -> u64 {
        let delta = i64::from(seq.wrapping_sub(self.highest as u16) as i16);
        match self.highest.checked_add_signed(delta) {
            Some(index) => index,
            None => self.highest & !0xffff | u64::from(seq),
        }
    }

    /// Whether a packet with that index must be refused.
    pub fn seen(&self, index: u64) -> bool {
        if !self.started || index > self.highest {
            return false;
        }
        self.highest - index >= WINDOW || self.seen[word(index)] & bit(index) != 0
    }

    /// Remembers an authenticated index.
    pub fn mark(&mut self, index: u64) {
        if !self.started {
            self.started = true;
            self.highest = index;
        } else if index > self.highest {
            if index - self.highest >= WINDOW {
                self.seen = [0; WORDS];
            } else {
                for skipped in self.highest + 1..=index {
                    self.seen[word(skipped)] &= !bit(skipped);
                }
            }
            self.highest = index;
        }
        self.seen[word(index)] |= bit(index);
    }
}

fn word(index: u64) -> usize {
    (index % WINDOW / 64) as usize
}

fn bit(index: u64) -> u64 {
    1 << (index % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_taken_once_and_late_ones_within_the_window() {
        let mut window = Window::default();
        for index in [5000, 5002, 5001, 5000 - WINDOW + 3] {
            assert!(!window.seen(index));
            window.mark(index);
            assert!(window.seen(index));
        }
        assert!(window.seen(5002 - WINDOW), "older than the window");
        window.mark(5002 + 10 * WINDOW);
        assert!(window.seen(5002));
        assert!(!window.seen(5001 + 10 * WINDOW));
    }

    #[test]
    fn the_rollover_counter_follows() {
        let mut window = Window::default();
        window.mark(65_530);
        assert_eq!(window.index_of(3), 65_536 + 3);
        window.mark(65_536 + 3);
        assert_eq!(window.index_of(65_531), 65_531);
    }
}
