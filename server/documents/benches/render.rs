//! How long a document takes, and how that compares within one run. `make bench` runs it; limits stand here, not in the tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{brief, decision_content, people, receipt_text, record_content, signed, texts};
use kanjie_documents::{DocumentError, ReceiptSlip, Status, decision, receipt, survey_record};

const LIMIT: Duration = Duration::from_secs(1);

fn median(make: impl Fn() -> Result<Vec<u8>, DocumentError>) -> (Duration, usize) {
    let mut times = Vec::new();
    let mut size = 0;
    for _ in 0..7 {
        let start = Instant::now();
        size = make().unwrap().len();
        times.push(start.elapsed());
    }
    times.sort();
    (times[times.len() / 2], size)
}

fn main() {
    let slip = ReceiptSlip {
        receipt_json: receipt_text(),
        case: brief(),
    };
    let mut crowd = record_content();
    crowd.participants = people(60);
    crowd.items = crowd.items.iter().cloned().cycle().take(110).collect();

    let texts = texts();
    let start = Instant::now();
    receipt(&slip, &texts).unwrap();
    println!("first document, fonts read: {:?}", start.elapsed());

    let rows: [(&str, (Duration, usize)); 4] = [
        ("receipt", median(|| receipt(&slip, &texts))),
        (
            "decision",
            median(|| decision(&decision_content(), Status::Sealed, &texts, &signed())),
        ),
        (
            "survey record, 28 items",
            median(|| survey_record(&record_content(), &texts, &signed())),
        ),
        (
            "survey record, 110 items, 60 people",
            median(|| survey_record(&crowd, &texts, &signed())),
        ),
    ];
    let unit = rows[0].1.0;
    println!("{:<38}{:>10}{:>10}{:>10}", "document", "ms", "ratio", "KiB");
    for (name, (time, size)) in rows {
        let ratio = time.as_secs_f64() / unit.as_secs_f64();
        println!(
            "{name:<38}{:>10.1}{ratio:>10.2}{:>10}",
            time.as_secs_f64() * 1e3,
            size / 1024
        );
        assert!(time < LIMIT, "{name}: more than {LIMIT:?}");
    }
}
