//! What it costs to keep and to check a record, against hashing the same bytes once. `make bench` runs it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use kanjie_evidence::{Chain, Entry, Hash, RunningHead, SegmentId, h};

const ENTRIES: u64 = 20_000;
const PACKETS: usize = 100_000;
const PACKET: usize = 1_200;

/// Median of five.
fn time<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        black_box(work());
        times.push(start.elapsed());
    }
    times.sort();
    times[2]
}

fn body(seq: u64) -> String {
    let text = "说".repeat(60);
    format!(
        r#"{{"actor":"p","at":{seq},"event":{{"person":"p","scope":"room","text":"{text}","type":"said"}}}}"#
    )
}

fn journal() -> Vec<Entry> {
    let mut prev = Hash::ZERO;
    (1..=ENTRIES)
        .map(|seq| {
            let entry = Entry::seal(seq, prev, [7; 32], body(seq));
            prev = entry.hash;
            entry
        })
        .collect()
}

fn row(name: &str, each: u64, took: Duration, floor: Duration) {
    let micros = took.as_secs_f64() * 1e6 / each as f64;
    let ratio = took.as_secs_f64() / floor.as_secs_f64();
    println!("{name:<42}{micros:>10.3}{ratio:>10.2}");
}

fn main() {
    println!("{:<42}{:>10}{:>10}", "", "µs each", "ratio");

    let bodies: Vec<String> = (1..=ENTRIES).map(body).collect();
    let floor = time(|| {
        bodies
            .iter()
            .map(|body| h(&[body.as_bytes()]))
            .collect::<Vec<_>>()
    });
    row("SHA-256 of an entry's body", ENTRIES, floor, floor);
    row(
        "entry sealed (body made as well)",
        ENTRIES,
        time(journal),
        floor,
    );
    let entries = journal();
    let check = || {
        let mut chain = Chain::default();
        for entry in &entries {
            chain.push(entry).unwrap();
        }
    };
    row("entry checked in its chain", ENTRIES, time(check), floor);

    let packet = [1_u8; PACKET];
    let floor = time(|| (0..PACKETS).map(|_| h(&[&packet])).collect::<Vec<_>>());
    row(
        "SHA-256 of a packet of 1,200 bytes",
        PACKETS as u64,
        floor,
        floor,
    );
    let segment = SegmentId {
        counter: 1,
        random: 1,
    };
    let run = || {
        let mut head = RunningHead::new(&segment);
        for _ in 0..PACKETS {
            head.push(&packet, true);
        }
        head
    };
    row(
        "packet taken into a segment's head",
        PACKETS as u64,
        time(run),
        floor,
    );
}
