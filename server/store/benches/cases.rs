//! Lists, searches, counts and one case with its journal as a district's cases grow: 10,000 → 100,000 → 1,000,000
//! (`KANJIE_BENCH_CASES` for fewer), on SQLite and on a throw-away PostgreSQL; then commands a second, each durable by itself.
//! Absolute times differ by machine: what is to be read is how they grow. The file is filled in large transactions; PostgreSQL
//! gets the cases by the move that `kanjie migrate --from` makes. Wants 10 GB of disk, which it gives back. PostgreSQL runs as
//! for the tests, with `fsync` off, so that its commands a second are not measured.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::print_stdout)]

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use kanjie_domain::case::Listed;
use kanjie_domain::{PersonId, Role};
use kanjie_store::{AppendRequest, CaseFilter, Database, IndexChange, JournalId, NewEntry, Store};
use kanjie_test_postgres::TestDatabase;

/// Cases in one transaction.
const BATCH: u64 = 5_000;
/// Of each question; fewer, where it takes longer than [`PATIENCE`], but never less than [`LEAST`].
const ASKED: u64 = 400;
const LEAST: u64 = 100;
/// To warm up.
const WARM: u64 = 50;
const PATIENCE: Duration = Duration::from_secs(10);
const ENTRIES: u64 = 4;
/// Milliseconds: the bar for p99 on SQLite at a million cases.
const BAR: f64 = 50.0;

const QUESTIONS: [&str; 13] = [
    "newest",
    "by stage",
    "by department",
    "deep page",
    "three conditions",
    "of a person",
    "of a company",
    "by number",
    "search: rare name",
    "search: common word",
    "search: two words",
    "case with journal",
    "counts and late",
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // `cargo test` asks every bench binary; it is not the place for this one.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let most = std::env::var("KANJIE_BENCH_CASES").ok();
    let most: u64 = most.map_or(1_000_000, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kanjie.sqlite3");
    let file = Store::open(&Database::file(&path)).await.unwrap();
    file.migrate().await.unwrap();
    let (mut sqlite, mut postgres) = (Growth::default(), Growth::default());
    let (mut have, mut step) = (0, 10_000.min(most));
    while have < most {
        let began = Instant::now();
        fill(&file, have, step).await;
        let rate = (step - have) as f64 / began.elapsed().as_secs_f64();
        have = step;
        let how = format!("SQLite, {have} cases: made {rate:.0} a second in batches of {BATCH}");
        sqlite.measure(&how, &file, have, size_of(&path)).await;
        moved(&file, have, &mut postgres).await;
        step = (step * 10).min(most);
    }
    let rate = alone(&file).await;
    println!("\ncommands a second, one after another, each on the disk: {rate:.0}");
    let rate = together(&file).await;
    println!("commands a second, sixteen at once, each on the disk: {rate:.0}");
    file.close().await;
    for (engine, growth) in [("SQLite", sqlite), ("PostgreSQL", postgres)] {
        let (question, worst) = growth.worst;
        println!("{engine}: worst p99 at {most} cases {worst:.1} ms ({question})");
        if engine == "SQLite" {
            let holds = if worst <= BAR { "" } else { "NOT " };
            println!("bar: p99 ≤ {BAR} ms on SQLite: {holds}held");
        }
    }
}

/// The same cases in `PostgreSQL`, by the move.
async fn moved(file: &Store, have: u64, growth: &mut Growth) {
    let server = TestDatabase::create();
    let there = Database::parse(&server.url()).unwrap();
    let store = Store::open(&there).await.unwrap();
    store.migrate().await.unwrap();
    let began = Instant::now();
    store.transfer_from(file).await.unwrap();
    let rate = have as f64 / began.elapsed().as_secs_f64();
    let size = "SELECT pg_database_size(current_database())";
    let size = server.client("psql", &["-Atc", size]);
    let size = size.trim().parse().unwrap();
    let how = format!("PostgreSQL, {have} cases: moved {rate:.0} a second, every chain checked");
    growth.measure(&how, &store, have, size).await;
    store.close().await;
}

/// How an engine answers, step after step.
#[derive(Default)]
struct Growth {
    /// p99 of each question at the first step, milliseconds.
    first: Vec<f64>,
    /// Of the last step.
    worst: (&'static str, f64),
}

impl Growth {
    async fn measure(&mut self, how: &str, store: &Store, have: u64, size: u64) {
        println!(
            "\n{how}; {:.0} MB on the disk, {:.0} bytes a case; {:.0} MB in memory",
            size as f64 / 1e6,
            size as f64 / have as f64,
            resident_mb()
        );
        println!("{:<22} {:>9} {:>9} {:>8}", "", "p50 ms", "p99 ms", "p99 ×");
        self.worst = ("", 0.0);
        for (at, question) in QUESTIONS.into_iter().enumerate() {
            let (p50, p99) = ask(store, question, have).await;
            if self.first.len() == at {
                self.first.push(p99);
            }
            let ratio = p99 / self.first[at];
            println!("{question:<22} {p50:>9.2} {p99:>9.2} {ratio:>7.1}×");
            if p99 > self.worst.1 {
                self.worst = (question, p99);
            }
        }
    }
}

async fn ask(store: &Store, question: &str, have: u64) -> (f64, f64) {
    let mut times: Vec<Duration> = Vec::new();
    let mut spent = Duration::ZERO;
    for turn in 0..WARM + ASKED {
        let pick = mixed(turn) % have;
        let began = Instant::now();
        let found = once(store, question, pick, have).await;
        assert!(found > 0, "{question} found nothing");
        if turn >= WARM {
            times.push(began.elapsed());
            spent += began.elapsed();
        }
        if spent > PATIENCE && times.len() as u64 >= LEAST {
            break;
        }
    }
    times.sort();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    (millis(at(50)), millis(at(99)))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

async fn once(store: &Store, question: &str, pick: u64, have: u64) -> usize {
    let of = listed(pick);
    let none = CaseFilter::default();
    let words = |words: &str| CaseFilter {
        question: Some(words.to_owned()),
        ..CaseFilter::default()
    };
    let (filter, below) = match question {
        "newest" => (none, None),
        "by stage" => (
            CaseFilter {
                stage: Some(of.stage),
                ..none
            },
            None,
        ),
        "by department" => (
            CaseFilter {
                department: Some(of.department),
                ..none
            },
            None,
        ),
        "deep page" => (
            CaseFilter {
                department: Some(of.department),
                stage: Some(of.stage),
                ..none
            },
            Some(listed(have / 2).began_at),
        ),
        "three conditions" => {
            let filter = CaseFilter {
                department: Some(of.department),
                stage: Some(of.stage),
                item: of.item,
                ..none
            };
            (filter, None)
        }
        "of a person" => (
            CaseFilter {
                person: Some(handler(pick)),
                ..none
            },
            None,
        ),
        "of a company" => (words(&of.uscc), None),
        "by number" => (words(&of.case_no), None),
        "search: rare name" => (words(&of.applicant), None),
        "search: common word" => (words("有限公司"), None),
        "search: two words" => (words(&format!("{} 经营许可", &of.applicant[6..12])), None),
        "case with journal" => {
            let row = store.case(&id(pick)).await.unwrap().unwrap();
            return store
                .entries(&JournalId::Case(row.id), 0, 2_000)
                .await
                .unwrap()
                .len();
        }
        _ => return store.case_counts("2026-06-01").await.unwrap().stages.len(),
    };
    store.cases(&filter, below, 50).await.unwrap().rows.len()
}

async fn fill(store: &Store, from: u64, to: u64) {
    let mut batch = from;
    while batch < to {
        let mut request = AppendRequest::default();
        for number in batch..(batch + BATCH).min(to) {
            let listed = listed(number);
            let case_no = listed.case_no.clone();
            request.index.push(IndexChange::Case {
                id: id(number),
                case_no,
            });
            let entries = (0..ENTRIES).map(|_| entry(number)).collect();
            request.write.push((JournalId::Case(id(number)), entries));
            request.index.push(IndexChange::Listed {
                case: id(number),
                listed: Box::new(listed),
            });
        }
        store.append(request).await.unwrap();
        batch += BATCH;
    }
}

/// A command: an entry that follows on a head that was read, and what lists show then.
async fn command(store: &Store, number: u64, stage: &str) {
    let journal = JournalId::Case(id(number));
    let head = store.head(&journal).await.unwrap();
    let listed = Listed {
        stage: stage.to_owned(),
        ..listed(number)
    };
    let request = AppendRequest {
        read: vec![(journal.clone(), head.seq)],
        write: vec![(journal, vec![entry(number)])],
        index: vec![IndexChange::Listed {
            case: id(number),
            listed: Box::new(listed),
        }],
    };
    store.append(request).await.unwrap();
}

async fn alone(store: &Store) -> f64 {
    const TURNS: u64 = 500;
    let began = Instant::now();
    for turn in 0..TURNS {
        command(store, turn, "served").await;
    }
    TURNS as f64 / began.elapsed().as_secs_f64()
}

async fn together(store: &Store) -> f64 {
    const WHO: u64 = 16;
    const TURNS: u64 = 60;
    let began = Instant::now();
    let working: Vec<_> = (0..WHO)
        .map(|who| {
            let store = store.clone();
            tokio::spawn(async move {
                for turn in 0..TURNS {
                    command(&store, who * TURNS + turn, "closed").await;
                }
            })
        })
        .collect();
    for one in working {
        one.await.unwrap();
    }
    (WHO * TURNS) as f64 / began.elapsed().as_secs_f64()
}

fn entry(number: u64) -> NewEntry {
    let mut body = format!(r#"{{"actor":"example-d01-surveyor","at":{number},"event":{{"text":""#);
    let _ = write!(
        body,
        "已核对申请材料，符合受理条件（示例）。\",\"type\":\"review_noted\"}}}}"
    );
    NewEntry {
        nonce: [7; 32],
        body,
    }
}

fn id(number: u64) -> String {
    format!("case-{number:08}")
}

fn handler(number: u64) -> PersonId {
    PersonId(format!("example-d{:02}-surveyor", mixed(number) % 30 + 1))
}

/// The same case for the same number; a company has about three.
fn listed(number: u64) -> Listed {
    const STAGES: [&str; 10] = [
        "closed",
        "closed",
        "closed",
        "closed",
        "closed",
        "closed",
        "served",
        "in_review",
        "accepted",
        "granted",
    ];
    const TRADES: [&str; 8] = [
        "餐饮", "美容", "药房", "超市", "酒店", "物流", "印刷", "培训",
    ];
    let mix = mixed(number);
    let pick = |of: u64, by: u32| (mix >> by) % of;
    let company = number / 3;
    let department = mix % 30 + 1;
    let stage = STAGES[usize::try_from(pick(10, 23)).unwrap()];
    let trade = TRADES[usize::try_from(mixed(company ^ 3) % 8).unwrap()];
    Listed {
        case_no: format!("SL-2026-{number:08}"),
        item: Some(format!("D{department:02}-{:02}-1", pick(20, 31))),
        item_title: format!("{trade}经营许可·新办"),
        department: format!("示例区第{department}局"),
        applicant: format!("示例{}{trade}有限公司", brand(company)),
        uscc: uscc(company),
        stage: stage.to_owned(),
        began_at: i64::try_from(number).unwrap() * 20_000_000,
        due_on: matches!(stage, "in_review" | "accepted")
            .then(|| jiff::civil::date(2026, 1 + i8::try_from(pick(12, 40)).unwrap(), 9)),
        appointment: None,
        people: [
            (handler(number), [Role::Surveyor].into()),
            (
                PersonId(format!("applicant-{company}")),
                [Role::Applicant].into(),
            ),
        ]
        .into(),
    }
}

/// Two characters of many: as common as names are.
fn brand(company: u64) -> String {
    let mix = mixed(company);
    let character =
        |by: u32| char::from_u32(0x4E00 + u32::try_from((mix >> by) % 1_500).unwrap()).unwrap();
    [character(7), character(29)].iter().collect()
}

fn uscc(company: u64) -> String {
    use kanjie_domain::uscc::{Uscc, UsccError};
    let body = format!("91000000MA{company:07}");
    match Uscc::parse(&format!("{body}0")) {
        Err(UsccError::Check { expected }) => format!("{body}{expected}"),
        _ => format!("{body}0"),
    }
}

fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

fn size_of(file: &Path) -> u64 {
    let beside = |tail: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(tail);
        std::fs::metadata(name).map_or(0, |of| of.len())
    };
    beside("") + beside("-wal")
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|text| text.parse::<f64>().ok());
    pages.unwrap_or_default() * 4_096.0 / 1e6
}
