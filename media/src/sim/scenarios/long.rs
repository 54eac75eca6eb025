//! Twelve with simulcast in one room, for as long as `KANJIE_SOAK_VIRTUAL_S` says: nothing drifts, nothing grows.

use std::time::Duration;

use crate::api::{Source, TrackId, View};
use crate::sim::{Encoding, World, open_policy, room, seat};

const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
const LAYERS: [Encoding; 2] = [
    Encoding {
        rid: "q",
        bps: 60_000,
        frame: Duration::from_millis(100),
        width: 320,
    },
    Encoding {
        rid: "f",
        bps: 250_000,
        frame: Duration::from_millis(66),
        width: 1280,
    },
];
/// Who is shown large changes this often.
const TURN: u64 = 5;

/// Everybody sees one of the others large and the rest small.
fn look(world: &mut World, large: usize) {
    for name in NAMES {
        let shown = NAMES.iter().enumerate().map(|(at, other)| View {
            track: TrackId {
                seat: seat(other),
                source: Source::Camera,
            },
            width: if at == large { 1280 } else { 320 },
            height: if at == large { 720 } else { 180 },
            important: false,
        });
        let now = world.now();
        let set = world
            .worker
            .set_views(&room(), &seat(name), shown.collect(), now);
        set.unwrap();
    }
}

/// Resident memory of this process, pages.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn twelve_with_simulcast_for_a_long_time() {
    let seconds: u64 =
        std::env::var("KANJIE_SOAK_VIRTUAL_S").map_or(10, |seconds| seconds.parse().unwrap());
    let mut world = World::new(1);
    world.set_policy(open_policy(&NAMES));
    for name in NAMES {
        world.publish_as(name, &[Source::Microphone, Source::Camera], &LAYERS);
    }
    let downs: Vec<_> = NAMES.iter().map(|name| world.subscribe(name)).collect();
    let mut early = 0;
    for turn in 0..seconds.div_ceil(TURN) {
        look(&mut world, turn as usize % NAMES.len());
        world.run(Duration::from_secs(TURN));
        for address in &downs {
            let client = world.client_mut(*address);
            let live = client
                .received
                .values_mut()
                .filter(|r| !r.contents.is_empty());
            let mut streams = 0;
            for received in live {
                streams += 1;
                let seqs: Vec<u64> = received.contents.keys().copied().collect();
                assert!(
                    seqs.windows(2).all(|pair| pair[1] == pair[0] + 1),
                    "turn {turn}: a hole"
                );
                // Over a turn and what is remembered from before it, time goes on as it passes.
                let times: Vec<u32> = received.timestamps.values().copied().collect();
                let leap = times
                    .windows(2)
                    .map(|pair| pair[1].wrapping_sub(pair[0]))
                    .max();
                assert!(
                    leap.unwrap() < 90_000,
                    "turn {turn}: a leap of {leap:?} ticks"
                );
                received.forget();
            }
            assert_eq!(streams, 2 * (NAMES.len() - 1), "turn {turn}");
        }
        world.tap.0.lock().unwrap().clear();
        world
            .clients
            .values_mut()
            .for_each(|client| client.reports.clear());
        if turn == seconds / TURN / 3 {
            early = resident();
        }
    }
    // A short run is still filling its histories, and shares the process with other tests.
    if seconds >= 300 {
        let grown = resident() as f64 / early as f64;
        assert!(
            grown < 1.1,
            "{early} pages after a third, {grown} times that in the end"
        );
    }
}
