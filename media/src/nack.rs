//! Which packets of a stream are missing, and when to ask for them (RFC 4585 generic NACK).
//!
//! Asks first after a short wait for reordering, then once a round trip, a bounded number of times. What cannot be had
//! any more is reported as hopeless, so that a keyframe is asked for instead. Also finds duplicates.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Bounds of the wait for packets that merely overtook each other; between them it is thrice the stream's jitter.
const MIN_REORDER: Duration = Duration::from_millis(8);
const MAX_REORDER: Duration = Duration::from_millis(40);
/// Shortest time between two requests for one packet.
const MIN_RETRY: Duration = Duration::from_millis(20);
const MAX_TRIES: u8 = 10;
/// A packet this late helps no live picture; the recording still takes it if it comes.
const GIVE_UP: Duration = Duration::from_millis(1200);
/// Missing packets remembered, given-up ones included.
const MAX_MISSING: usize = 512;
/// A jump this large is a new start, not loss.
const MAX_GAP: u64 = 500;

/// What a packet's arrival means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The newest so far.
    New,
    /// It was missing, and first asked for then.
    Filled { asked: Option<Instant> },
    /// Seen before, or too old to tell.
    Duplicate,
    /// The newest, after a jump that no retransmission can bridge.
    Jumped,
}

#[derive(Debug)]
struct Missing {
    since: Instant,
    next: Instant,
    asked: Option<Instant>,
    tries: u8,
    given_up: bool,
}

/// The gaps of one stream.
#[derive(Debug, Default)]
pub struct Gaps {
    highest: Option<u64>,
    missing: BTreeMap<u64, Missing>,
    /// Packets that never came.
    pub lost: u64,
}

impl Gaps {
    /// Notes the arrival of an extended sequence number on a stream with that much jitter.
    pub fn arrive(&mut self, seq: u64, jitter: Duration, now: Instant) -> Arrival {
        let Some(highest) = self.highest else {
            self.highest = Some(seq);
            return Arrival::New;
        };
        if seq <= highest {
            return match self.missing.remove(&seq) {
                Some(gap) => Arrival::Filled { asked: gap.asked },
                None => Arrival::Duplicate,
            };
        }
        self.highest = Some(seq);
        if seq - highest > MAX_GAP {
            self.lost += seq - highest - 1 + self.missing.len() as u64;
            self.missing.clear();
            return Arrival::Jumped;
        }
        let wait = (3 * jitter).clamp(MIN_REORDER, MAX_REORDER);
        for gap in highest + 1..seq {
            let gap_state = Missing {
                since: now,
                next: now + wait,
                asked: None,
                tries: 0,
                given_up: false,
            };
            self.missing.insert(gap, gap_state);
        }
        while self.missing.len() > MAX_MISSING {
            self.missing.pop_first();
            self.lost += 1;
        }
        Arrival::New
    }

    /// Whether anything may have to be asked for.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
    }

    /// Pushes the sequence numbers due for a request; says whether a packet was given up since the last call.
    pub fn poll(&mut self, now: Instant, rtt: Duration, due: &mut Vec<u16>) -> bool {
        let mut hopeless = false;
        let mut lost = 0;
        self.missing.retain(|seq, gap| {
            let age = now.saturating_duration_since(gap.since);
            if age > 4 * GIVE_UP {
                lost += 1;
                return false;
            }
            if gap.given_up || now < gap.next {
                return true;
            }
            if age > GIVE_UP.max(3 * rtt) || gap.tries >= MAX_TRIES {
                gap.given_up = true;
                hopeless = true;
                return true;
            }
            gap.tries += 1;
            gap.asked.get_or_insert(now);
            // A quarter more than the round trip, and longer each time: an answer under way is not asked for again.
            gap.next = now + (rtt + rtt / 4).max(MIN_RETRY) + MIN_RETRY * u32::from(gap.tries) / 4;
            due.push(*seq as u16);
            true
        });
        self.lost += lost;
        hopeless
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const RTT: Duration = Duration::from_millis(100);

    fn polled(gaps: &mut Gaps, at: Instant) -> (Vec<u16>, bool) {
        let mut due = Vec::new();
        let hopeless = gaps.poll(at, RTT, &mut due);
        (due, hopeless)
    }

    #[test]
    fn reordering_is_not_loss() {
        let (mut gaps, start) = (Gaps::default(), Instant::now());
        gaps.arrive(1, Duration::ZERO, start);
        gaps.arrive(3, Duration::ZERO, start);
        assert!(
            polled(&mut gaps, start + Duration::from_millis(5))
                .0
                .is_empty()
        );
        assert!(matches!(
            gaps.arrive(2, Duration::ZERO, start),
            Arrival::Filled { asked: None }
        ));
        assert_eq!(gaps.arrive(2, Duration::ZERO, start), Arrival::Duplicate);
        assert!(gaps.is_empty());
    }

    #[test]
    fn a_lost_packet_is_asked_for_once_a_round_trip_and_then_given_up() {
        let (mut gaps, start) = (Gaps::default(), Instant::now());
        gaps.arrive(1, Duration::ZERO, start);
        gaps.arrive(3, Duration::ZERO, start);
        let (mut asked, mut hopeless) = (0, 0);
        for ms in 0..3000 {
            let (due, given_up) = polled(&mut gaps, start + Duration::from_millis(ms));
            asked += due.len();
            hopeless += usize::from(given_up);
        }
        assert!(
            (5..=10).contains(&asked),
            "asked {asked} times within 1.2 s at 100 ms round trip"
        );
        assert_eq!(hopeless, 1);
        assert!(
            matches!(
                gaps.arrive(2, Duration::ZERO, start),
                Arrival::Filled { .. }
            ),
            "late is better than never for the recording"
        );
    }

    #[test]
    fn a_jump_and_a_flood_of_gaps_stay_bounded() {
        let (mut gaps, start) = (Gaps::default(), Instant::now());
        gaps.arrive(1, Duration::ZERO, start);
        assert_eq!(gaps.arrive(100_000, Duration::ZERO, start), Arrival::Jumped);
        for step in 1..100 {
            gaps.arrive(100_000 + step * 400, Duration::ZERO, start);
        }
        assert!(gaps.missing.len() <= MAX_MISSING);
    }
}
