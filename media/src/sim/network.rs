//! One direction of a client's network: loss, delay, reordering, duplication, and a bottleneck with its queue.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// IP and UDP headers, which take their share of a bottleneck too.
pub const OVERHEAD: usize = 28;

/// Which packets are lost on the way, whatever the bottleneck does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Each by itself with that probability.
    Random(f64),
    /// Gilbert and Elliott: a good state that loses nothing and a bad one that loses all but a tenth.
    Bursts { mean: f64, packets: f64 },
}

impl Default for Loss {
    fn default() -> Self {
        Loss::Random(0.0)
    }
}

/// What a network does to packets in one direction.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    pub loss: Loss,
    pub delay: Duration,
    /// Each packet is late by up to this, by itself: they overtake one another.
    pub jitter: Duration,
    /// The share of packets that come twice.
    pub twice: f64,
    /// Bits a second of the bottleneck.
    pub bps: Option<u64>,
    /// Bytes that wait before the bottleneck; what comes then is dropped.
    pub queue: usize,
    /// The cable is out.
    pub cut: bool,
}

impl Default for Path {
    fn default() -> Self {
        Path {
            loss: Loss::default(),
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            twice: 0.0,
            bps: None,
            queue: 256 * 1024,
            cut: false,
        }
    }
}

/// What a datagram is, for a wire that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// STUN and DTLS. Handshakes are not the same from run to run: they pass the bottleneck unseen.
    Handshake,
    Control,
    Media,
}

impl Class {
    pub fn of(datagram: &[u8]) -> Self {
        match datagram.first() {
            Some(0..=63) => Class::Handshake,
            _ if crate::rtp::is_rtcp(datagram) => Class::Control,
            _ => Class::Media,
        }
    }
}

/// A path at work.
#[derive(Debug)]
pub struct Wire {
    path: Path,
    rng: StdRng,
    /// Handshakes are not the same from run to run; what they draw must not change what media draws.
    handshakes: StdRng,
    bad: bool,
    /// When the bottleneck is idle again.
    free: Duration,
    /// Media packets, and how many of them were lost on the way or dropped by the full queue.
    pub sent: u64,
    pub lost: u64,
    pub dropped: u64,
    /// (time, wait) of each packet that came before the bottleneck.
    pub waits: Vec<(Duration, Duration)>,
}

impl Wire {
    pub fn new(path: Path, seed: u64) -> Self {
        Wire {
            path,
            rng: StdRng::seed_from_u64(seed),
            handshakes: StdRng::seed_from_u64(seed ^ 0x5a5a),
            bad: false,
            free: Duration::ZERO,
            sent: 0,
            lost: 0,
            dropped: 0,
            waits: Vec::new(),
        }
    }

    /// The network changes; what waits before the bottleneck goes on waiting, at the new pace.
    pub fn change(&mut self, path: Path, now: Duration) {
        let waiting = self.free.saturating_sub(now);
        if let (Some(before), Some(after)) = (self.path.bps, path.bps) {
            self.free = now + waiting.mul_f64(before as f64 / after as f64);
        }
        self.path = path;
    }

    /// When the packet arrives: never, once, or twice.
    pub fn send(&mut self, bytes: usize, class: Class, now: Duration) -> Vec<Duration> {
        let path = self.path;
        if path.cut {
            return Vec::new();
        }
        let (handshake, media) = (class == Class::Handshake, class == Class::Media);
        self.sent += u64::from(media);
        let rng = if handshake {
            &mut self.handshakes
        } else {
            &mut self.rng
        };
        let (lost, late, twice) = (
            lost(path.loss, &mut self.bad, rng),
            rng.random::<f64>(),
            rng.random::<f64>() < path.twice,
        );
        if lost {
            self.lost += u64::from(media);
            return Vec::new();
        }
        let mut through = now;
        if let Some(bps) = path.bps.filter(|_| !handshake) {
            let wait = self.free.saturating_sub(now);
            let waiting = (wait.as_secs_f64() * bps as f64 / 8.0) as usize;
            if waiting + bytes > path.queue {
                self.dropped += u64::from(media);
                return Vec::new();
            }
            self.waits.push((now, wait));
            through =
                now + wait + Duration::from_secs_f64((bytes + OVERHEAD) as f64 * 8.0 / bps as f64);
            self.free = through;
        }
        let arrival = through + path.delay + path.jitter.mul_f64(late);
        let mut arrivals = vec![arrival];
        if twice {
            arrivals.push(arrival + Duration::from_millis(3));
        }
        arrivals
    }

    /// The longest wait that no packet of any span of `over` between `from` and `to` fell below: a standing queue.
    pub fn standing_queue(&self, from: Duration, to: Duration, over: Duration) -> Duration {
        let within: Vec<_> = self
            .waits
            .iter()
            .filter(|(at, _)| (from..to).contains(at))
            .collect();
        let mut worst = Duration::ZERO;
        for (first, (begun, _)) in within.iter().enumerate() {
            if *begun + over > to {
                break;
            }
            let span = within[first..]
                .iter()
                .take_while(|(at, _)| *at <= *begun + over);
            worst = worst.max(span.map(|(_, wait)| *wait).min().unwrap_or_default());
        }
        worst
    }
}

fn lost(loss: Loss, bad: &mut bool, rng: &mut StdRng) -> bool {
    let (change, drop): (f64, f64) = (rng.random(), rng.random());
    match loss {
        Loss::Random(share) => drop < share,
        Loss::Bursts { mean, packets } => {
            const BAD: f64 = 0.9;
            let in_bad = (mean / BAD).clamp(0.0, 0.99);
            let leave = 1.0 / packets.max(1.0);
            let enter = leave * in_bad / (1.0 - in_bad);
            *bad = if *bad {
                change >= leave
            } else {
                change < enter
            };
            *bad && drop < BAD
        }
    }
}

#[test]
fn bursts_lose_their_mean_in_runs() {
    let path = Path {
        loss: Loss::Bursts {
            mean: 0.1,
            packets: 5.0,
        },
        ..Path::default()
    };
    let mut wire = Wire::new(path, 1);
    let lost: Vec<bool> = (0..50_000)
        .map(|_| wire.send(100, Class::Media, Duration::ZERO).is_empty())
        .collect();
    let share = lost.iter().filter(|lost| **lost).count() as f64 / lost.len() as f64;
    assert!((0.085..0.115).contains(&share), "{share}");
    let after_loss = lost.windows(2).filter(|pair| pair[0]);
    let again = after_loss.clone().filter(|pair| pair[1]).count() as f64;
    let chance = again / after_loss.count() as f64;
    assert!(chance > 0.6, "a loss is followed by a loss: {chance}");
}

#[test]
fn a_bottleneck_delays_and_then_drops() {
    let path = Path {
        bps: Some(800_000),
        queue: 3_000,
        delay: Duration::ZERO,
        ..Path::default()
    };
    let mut wire = Wire::new(path, 1);
    let arrivals: Vec<_> = (0..4)
        .map(|_| wire.send(1_000 - OVERHEAD, Class::Media, Duration::ZERO))
        .collect();
    let ms = |ms| vec![Duration::from_millis(ms)];
    assert_eq!(arrivals[..3], [ms(10), ms(20), ms(30)]);
    assert_eq!((arrivals[3].len(), wire.dropped), (0, 1));
}
