//! Finding out whether more would pass: short trains of packets, faster than what is sent otherwise.

/// Shortest train, µs, and how it grows with jitter, which would blur its length.
const TRAIN: i64 = 20_000;
const LONGEST: i64 = 80_000;
/// Bytes of the shortest train: fewer packets measure nothing.
const LEAST_BYTES: usize = 1_800;
/// An unanswered train is forgotten after this long, µs.
const FORGET: i64 = 2_000_000;
/// Time between two trains while the rate does not suffice, µs; doubled as often as they find nothing.
const PAUSE: i64 = 1_500_000;
const MAX_DOUBLINGS: u32 = 1;
/// How much faster than the estimate a train is.
const FASTER: f64 = 2.0;
/// The share of its packets that a train must have reported to count.
const ANSWERED: f64 = 0.7;
/// More loss than this is not made up for.
const MOST_LOST: f64 = 0.3;
/// A train that arrived slower than this share of its rate met the bottleneck.
const MET: f64 = 0.9;

/// A train to be sent: that many more bytes, at that rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    pub bps: u64,
    pub bytes: usize,
}

/// What a train found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Bits a second that arrived.
    pub bps: f64,
    /// It was slowed down on the way, so this is what the way takes.
    pub met: bool,
}

#[derive(Debug)]
struct Train {
    id: u32,
    bps: f64,
    begun: i64,
    packets: u32,
    reported: u32,
    first_sent: i64,
    last_sent: i64,
    arrivals: Option<(i64, i64)>,
    first_bytes: usize,
    bytes: usize,
}

/// Begins trains, and reads what became of them.
#[derive(Debug, Default)]
pub struct Probes {
    train: Option<Train>,
    next_id: u32,
    next_at: i64,
    failures: u32,
}

impl Probes {
    /// Whether a train is to be sent now, with a way that jitters by that many µs.
    pub fn begin(&mut self, estimate: f64, wanted: f64, jitter: i64, now: i64) -> Option<Probe> {
        if self
            .train
            .as_ref()
            .is_some_and(|train| now - train.begun < FORGET)
            || now < self.next_at
            || wanted <= estimate
        {
            return None;
        }
        // A fifth more than what would be used: a train that just carries it must not find it just too slow.
        let bps = (estimate * FASTER).min(wanted * 1.2).max(estimate * 1.1);
        let length = (4 * jitter).clamp(TRAIN, LONGEST);
        let bytes = ((bps * length as f64 / 8e6) as usize).max(LEAST_BYTES);
        self.next_id = self.next_id.wrapping_add(1);
        self.train = Some(Train {
            id: self.next_id,
            bps,
            begun: now,
            packets: 0,
            reported: 0,
            first_sent: now,
            last_sent: now,
            arrivals: None,
            first_bytes: 0,
            bytes: 0,
        });
        self.failed_until_found(now);
        Some(Probe {
            bps: bps as u64,
            bytes,
        })
    }

    fn failed_until_found(&mut self, now: i64) {
        self.next_at = now + (PAUSE << self.failures.min(MAX_DOUBLINGS));
        self.failures += 1;
    }

    /// Not before that time.
    pub fn not_before(&mut self, at: i64) {
        self.next_at = self.next_at.max(at);
    }

    /// As soon as possible.
    pub fn soon(&mut self, now: i64) {
        (self.next_at, self.failures) = (now, 0);
    }

    /// A packet of the train that is being sent leaves. Hands out the train's name.
    pub fn sent(&mut self, now: i64) -> Option<u32> {
        let train = self.train.as_mut()?;
        if train.packets == 0 {
            train.first_sent = now;
        }
        train.packets += 1;
        train.last_sent = now;
        Some(train.id)
    }

    /// A packet of a train came, or did not.
    pub fn reported(&mut self, id: u32, bytes: usize, arrival: Option<i64>) {
        let Some(train) = self.train.as_mut().filter(|train| train.id == id) else {
            return;
        };
        train.reported += 1;
        let Some(arrival) = arrival else { return };
        train.bytes += bytes;
        match train.arrivals.as_mut() {
            None => {
                train.first_bytes = bytes;
                train.arrivals = Some((arrival, arrival));
            }
            Some((first, last)) => {
                if arrival < *first {
                    (*first, train.first_bytes) = (arrival, bytes);
                }
                *last = (*last).max(arrival);
            }
        }
    }

    /// What the train found, once enough of it is reported. `complete`: all of it has been sent; `lost`: the share that
    /// the way loses whatever is sent.
    pub fn found(&mut self, complete: bool, lost: f64) -> Option<Found> {
        let answered = |train: &mut Train| {
            complete && f64::from(train.reported) >= f64::from(train.packets) * ANSWERED
        };
        let train = self.train.take_if(answered)?;
        let (first, last) = train.arrivals?;
        let span = (last - first) as f64;
        let after_first = train.bytes.saturating_sub(train.first_bytes) as f64;
        let enough = train.packets >= 4 && train.bytes * 2 >= LEAST_BYTES;
        if !enough || after_first == 0.0 {
            return None;
        }
        let came = after_first * 8e6 / span.max(1.0) / (1.0 - lost.clamp(0.0, MOST_LOST));
        let met = came < train.bps * MET;
        Some(Found {
            bps: came.min(train.bps),
            met,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// Sends a train of 250-byte packets that leave a bottleneck of `capacity` one after another.
    fn found(capacity: i64) -> Found {
        let mut probes = Probes::default();
        let probe = probes.begin(500_000.0, 5e6, 0, 0).unwrap();
        let packets = probe.bytes.div_ceil(250) as i64;
        let ids: Vec<u32> = (0..packets).map(|_| probes.sent(0).unwrap()).collect();
        for (at, id) in ids.into_iter().enumerate() {
            probes.reported(id, 250, Some(at as i64 * 250 * 8_000_000 / capacity));
        }
        probes.found(true, 0.0).unwrap()
    }

    #[test]
    fn a_train_finds_the_bottleneck_or_its_own_rate() {
        let narrow = found(700_000);
        assert!(
            narrow.met && (650_000.0..750_000.0).contains(&narrow.bps),
            "{narrow:?}"
        );
        assert_eq!(
            found(9_000_000),
            Found {
                bps: 1e6,
                met: false
            }
        );
    }
}
