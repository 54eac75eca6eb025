//! A subscriber behind a bottleneck: sound always passes, pictures as far as they fit, and no queue stands.

use std::net::SocketAddr;
use std::time::Duration;

use crate::api::{RelayEvent, Source};
use crate::sim::{Encoding, Loss, Path, World, open_policy, room, seat};

/// What a browser sends of a camera of 1280 × 720.
pub const LAYERS: [Encoding; 3] = [
    Encoding {
        rid: "q",
        bps: 80_000,
        frame: Duration::from_millis(50),
        width: 320,
    },
    Encoding {
        rid: "h",
        bps: 450_000,
        frame: Duration::from_millis(33),
        width: 640,
    },
    Encoding {
        rid: "f",
        bps: 1_600_000,
        frame: Duration::from_millis(33),
        width: 1280,
    },
];

fn narrow(bps: u64, rtt_ms: u64) -> Path {
    Path {
        bps: Some(bps),
        queue: 64 * 1024,
        delay: Duration::from_millis(rtt_ms / 2),
        ..Path::default()
    }
}

struct Call {
    world: World,
    down: SocketAddr,
}

impl Call {
    /// One publishes sound and simulcast, one receives behind that path.
    fn new(seed: u64, sources: &[Source], path: Path) -> Self {
        let mut world = World::new(seed);
        world.set_policy(open_policy(&["a", "b"]));
        world.publish_as("a", sources, &LAYERS);
        let down = world.subscribe("b");
        world.client_mut(down).rtt = 2 * path.delay;
        world.set_path(down, path);
        Call { world, down }
    }

    fn run(&mut self, seconds: u64) {
        self.world.run(Duration::from_secs(seconds));
    }

    fn change(&mut self, path: Path) {
        self.world.set_path(self.down, path);
    }

    fn us(&self) -> u64 {
        self.world.now().mono_us
    }

    /// The width of what is shown, if anything came within the last second.
    fn width(&self) -> Option<u16> {
        let now = self.us();
        let shown = self.world.client(self.down).received.values();
        let mut shown = shown.filter(|r| r.width().is_some() && r.bytes(now - 1_000_000, now) > 0);
        shown.next().and_then(|received| received.width())
    }

    /// The longest time without sound that is new, µs.
    fn silence(&self, from: u64) -> u64 {
        let sound = self.world.client(self.down).received.values();
        let sound = sound.filter(|r| r.first_is_keyframe.is_none() && !r.arrivals.is_empty());
        sound
            .map(|received| received.longest_gap(from, self.us()))
            .max()
            .unwrap()
    }

    fn standing_queue(&self, from: u64) -> Duration {
        let wire = self.world.wire(self.down, false);
        let (from, to) = (
            Duration::from_micros(from),
            Duration::from_micros(self.us()),
        );
        wire.standing_queue(from, to, Duration::from_secs(1))
    }
}

#[test]
fn the_layer_follows_the_bottleneck_and_sound_is_never_starved() {
    let mut call = Call::new(
        1,
        &[Source::Microphone, Source::Camera],
        narrow(200_000, 40),
    );
    call.run(8);
    assert_eq!(call.width(), Some(320), "at 200 kbit/s");
    for (bps, width) in [(2_600_000, 1280), (200_000, 320), (800_000, 640)] {
        let from = call.us();
        call.change(narrow(bps, 40));
        call.run(6);
        assert_eq!(call.width(), Some(width), "6 s after {bps}");
        let settled = call.us();
        call.run(10);
        assert_eq!(call.width(), Some(width), "and it stays");
        assert!(
            call.standing_queue(settled) < Duration::from_millis(250),
            "{bps}: {:?}",
            call.standing_queue(settled)
        );
        let silence = call.silence(if bps == 200_000 { settled } else { from });
        assert!(silence < 300_000, "{bps}: {silence} µs without sound");
    }
}

#[test]
fn below_the_smallest_layer_there_is_sound_alone_and_pictures_come_back() {
    let mut call = Call::new(
        2,
        &[Source::Microphone, Source::Camera],
        narrow(100_000, 60),
    );
    call.run(10);
    let said = |on| RelayEvent::AudioOnly {
        room: room(),
        seat: seat("b"),
        on,
    };
    assert!(call.world.events.contains(&said(true)));
    assert_eq!(call.width(), None);
    assert!(call.silence(5_000_000) < 300_000);
    call.change(narrow(1_000_000, 60));
    call.run(10);
    assert_eq!(
        call.world
            .events
            .iter()
            .filter(|event| **event == said(false))
            .count(),
        1
    );
    assert_eq!(call.width(), Some(640));
}

#[test]
fn who_reports_nothing_is_not_limited() {
    let mut call = Call::new(3, &[Source::Camera], Path::default());
    call.world.client_mut(call.down).feedback = false;
    call.run(6);
    assert_eq!(call.width(), Some(1280));
    assert_eq!(call.world.client(call.down).padding, 0);
}

#[test]
fn random_and_bursty_loss_do_not_starve_anything() {
    for (loss, packets) in [
        (0.05, 1.0),
        (0.1, 1.0),
        (0.2, 1.0),
        (0.05, 5.0),
        (0.1, 5.0),
        (0.2, 5.0),
    ] {
        let path = Path {
            loss: match packets > 1.0 {
                true => Loss::Bursts {
                    mean: loss,
                    packets,
                },
                false => Loss::Random(loss),
            },
            ..narrow(4_000_000, 60)
        };
        let mut call = Call::new(4, &[Source::Microphone, Source::Camera], path);
        call.run(20);
        let what = format!("{loss} in runs of {packets}");
        assert_eq!(call.width(), Some(1280), "{what}");
        assert!(
            call.silence(2_000_000) < 500_000,
            "{what}: {}",
            call.silence(2_000_000)
        );
        let stats = call.world.worker.stats(&room(), call.world.now());
        let resent = stats
            .iter()
            .find_map(|seat| seat.down.as_ref())
            .unwrap()
            .retransmitted;
        let wire = call.world.wire(call.down, false);
        let lost = wire.lost + wire.dropped;
        assert!(
            resent * 10 <= lost * 13,
            "{what}: {resent} resent, {lost} lost"
        );
    }
}

#[test]
fn a_trace_is_the_same_for_a_seed() {
    let trace = |seed| {
        let mut call = Call::new(seed, &[Source::Microphone, Source::Camera], Path::default());
        call.run(1);
        call.change(Path {
            loss: Loss::Bursts {
                mean: 0.05,
                packets: 3.0,
            },
            jitter: Duration::from_millis(9),
            twice: 0.01,
            ..narrow(900_000, 80)
        });
        call.run(6);
        call.world.trace()
    };
    assert_eq!(trace(5), trace(5));
    assert_ne!(trace(5), trace(6));
}
