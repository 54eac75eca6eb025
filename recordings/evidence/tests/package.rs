//! A package is built by hand from the page, then harmed in every way: each harm must be found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use kanjie_evidence::command::Verify;
use kanjie_evidence::package::{self, Copy, Options, SessionFile, VerifyError};
use kanjie_evidence::pcapng::{self, Interface, Kind, Packet};
use kanjie_evidence::{
    CheckpointLine, Ed25519Signer, Entry, Hash, Keys, Leaf, Leaves, Receipt, ReceiptBody,
    ReceiptKind, RunningHead, SegmentId, Signer, canonical, h,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const AT: i64 = 1_764_000_000_000_000;

/// A session of two segments, one of them private, with a still, a record, a decision and two receipts.
struct Session {
    signer: Ed25519Signer,
    entries: Vec<Entry>,
    lines: Vec<CheckpointLine>,
    leaves: Leaves,
    segments: Vec<(SegmentId, Vec<u8>, RunningHead)>,
    receipts: Vec<Receipt>,
}

const STILL: &[u8] = b"\xFF\xD8 a still";
const PDF: &[u8] = b"%PDF-1.7 a document";
const CONTENT: &str = r#"{"content":"示例"}"#;

fn segment(counter: u64, codec: &str, packets: u8) -> (SegmentId, Vec<u8>, RunningHead) {
    let id = SegmentId {
        counter,
        random: 0x1234_5678,
    };
    let interface = Interface {
        clock_rate: 48_000,
        codec: codec.into(),
        fmtp: String::new(),
        segment: id,
        source: "microphone".into(),
        track: format!("s{counter}-microphone"),
    };
    let mut running = RunningHead::new(&id);
    let mut file = Vec::new();
    for block in pcapng::header(&interface).unwrap() {
        running.push(&block, false);
        file.extend(block);
    }
    for n in 0..packets {
        let mut block = Vec::new();
        let sent = Packet {
            kind: Kind::Rtp,
            wall_us: AT as u64 + u64::from(n),
            mono_us: u64::from(n),
            recovered: false,
            data: &[n; 33],
        };
        pcapng::packet(&mut block, &sent).unwrap();
        running.push(&block, true);
        file.extend(block);
    }
    (id, file, running)
}

impl Session {
    fn event(&mut self, event: Value) {
        let seq = self.entries.len() as u64 + 1;
        let prev = self.entries.last().map_or(Hash::ZERO, |entry| entry.hash);
        let body = json!({"actor": "system", "at": AT + seq as i64, "event": event});
        let body = canonical::to_string(&body).unwrap();
        self.entries
            .push(Entry::seal(seq, prev, [seq as u8; 32], body));
    }

    fn checkpoint(&mut self, segments: &[(SegmentId, Vec<u8>, RunningHead)]) {
        let number = self.leaves.number() + 1;
        let now = segments
            .iter()
            .map(|(id, _, running)| Leaf::open(*id, [id.counter as u8 + 7; 32].into(), *running));
        let line = self.leaves.advance(number, now);
        self.event(
            json!({"type": "checkpoint", "number": number, "root": line.root,
            "wall_us": AT, "mono_us": 1, "clock": "kept"}),
        );
        self.lines.push(line);
    }

    fn receipt(&mut self, kind: ReceiptKind) {
        let entry = self.entries.last().unwrap();
        let body = ReceiptBody {
            content_digest: Some(h(&[CONTENT.as_bytes()])),
            head: entry.hash,
            issued_at: AT,
            kind,
            number: self.receipts.len() as u64 + 1,
            pdf_digest: Some(h(&[PDF])),
            previous: self.receipts.last().map(Receipt::digest),
            seq: entry.seq,
            session: "s-1".into(),
            v: 1,
        };
        let receipt = Receipt::issue(body, &self.signer).unwrap();
        self.event(json!({"type": "receipt_issued", "receipt": receipt.to_value()}));
        self.receipts.push(receipt);
    }

    fn opened(&mut self, id: SegmentId, codec: &str, private: bool) {
        self.event(json!({"type": "segment_opened", "segment": id, "codec": codec, "person": "p",
            "track": format!("s{}-microphone", id.counter), "source": "microphone", "private": private}));
    }

    fn play() -> Self {
        let mut session = Self {
            signer: Ed25519Signer::from_seed([1; 32]),
            entries: Vec::new(),
            lines: Vec::new(),
            leaves: Leaves::new(),
            segments: vec![segment(1, "opus", 9), segment(2, "vp8", 5)],
            receipts: Vec::new(),
        };
        let all = session.segments.clone();
        session
            .event(json!({"type": "scheduled", "session": "s-1", "brief": {"case_no": "示例-1"}}));
        session.checkpoint(&[]);
        session.opened(all[0].0, "opus", false);
        session.checkpoint(&[segment(1, "opus", 4)]);
        session.opened(all[1].0, "vp8", true);
        session.event(
            json!({"type": "evidence_taken", "id": "e1", "sha256": h(&[STILL]),
            "bytes": STILL.len(), "media_type": "image/jpeg"}),
        );
        let document = h(&[CONTENT.as_bytes()]);
        session
            .event(json!({"type": "record_prepared", "digest": document, "pdf_digest": h(&[PDF])}));
        session.event(
            json!({"type": "decision_sealed", "content_digest": document, "pdf_digest": h(&[PDF])}),
        );
        session.checkpoint(&[segment(1, "opus", 7), segment(2, "vp8", 2)]);
        session.event(json!({"type": "announced"}));
        session.receipt(ReceiptKind::Announced);
        for (id, _, end) in &all {
            session.event(json!({"type": "segment_closed", "segment": id,
                "bytes": end.bytes, "packets": end.packets}));
        }
        session.checkpoint(&all);
        session.event(json!({"type": "closed"}));
        session.receipt(ReceiptKind::Closed);
        session
    }

    /// Without what the applicant may not see.
    fn withhold(mut self) -> Self {
        let private = self.segments.pop().unwrap().0;
        for entry in &mut self.entries {
            if entry.body().unwrap().contains(r#""private":true"#) {
                *entry = entry.clone().withhold();
            }
        }
        for leaf in self.lines.iter_mut().flat_map(|line| &mut line.leaves) {
            if leaf.segment == private {
                *leaf = leaf.withhold();
            }
        }
        self
    }

    fn write(&self, root: &Path, copy: Copy) {
        let data = root.join("data");
        for folder in ["recording", "media", "stills", "documents", "receipts"] {
            fs::create_dir_all(data.join(folder)).unwrap();
        }
        let write = |path: &str, bytes: &[u8]| fs::write(data.join(path), bytes).unwrap();
        let journal: String = self.entries.iter().map(|e| e.to_line().unwrap()).collect();
        write("journal.jsonl", journal.as_bytes());
        let lines: String = self.lines.iter().map(|l| l.to_line().unwrap()).collect();
        write("checkpoints.jsonl", lines.as_bytes());
        let session = SessionFile {
            case_no: "示例-1".into(),
            copy,
            exported_at: AT,
            session: "s-1".into(),
            v: 1,
        };
        let session = canonical::to_string(&session).unwrap();
        write("session.json", session.as_bytes());
        let keys = Keys::new([self.signer.key()]).to_json().unwrap();
        write("keys.json", keys.as_bytes());
        write("VERIFY.txt", "如何核验\n".as_bytes());
        for (id, file, _) in &self.segments {
            write(&format!("recording/{id}.pcapng"), file);
        }
        write("media/t1.mp4", b"derived");
        write(
            "media/tracks.json",
            br#"{"duration_us":1,"t0":1,"tracks":[{"file":"t1.mp4"}]}"#,
        );
        write("stills/e1.jpg", STILL);
        for name in ["record", "decision"] {
            write(&format!("documents/{name}.json"), CONTENT.as_bytes());
            write(&format!("documents/{name}.pdf"), PDF);
        }
        for (n, receipt) in self.receipts.iter().enumerate() {
            let name = format!("receipts/{}.json", n + 1);
            write(&name, receipt.text().as_bytes());
        }
        write("receipts/1.pdf", PDF);
        package::seal(root, &[("Bag-Software-Agent", "kanjie")], &self.signer).unwrap();
    }
}

fn whole() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    Session::play().write(folder.path(), Copy::Full);
    folder
}

fn check(root: &Path) -> Result<package::Report, VerifyError> {
    package::verify(root, &Options::default())
}

fn fault(root: &Path) -> String {
    match check(root) {
        Err(VerifyError::Fault(fault)) => fault.to_string(),
        other => panic!("no fault found: {other:?}"),
    }
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn a_whole_package_is_reported_with_what_it_holds() {
    let folder = whole();
    let report = check(folder.path()).unwrap();
    assert_eq!(report.files, files(folder.path()).len());
    assert_eq!(report.entries, 16);
    assert_eq!(report.withheld, 0);
    assert_eq!(report.checkpoints, 4);
    assert_eq!(report.segments, 2);
    assert_eq!(report.packets, 14);
    assert_eq!(report.receipts, 2);
    assert_eq!(report.stills, 1);
}

#[test]
fn the_applicants_copy_verifies_against_the_same_receipts() {
    let session = Session::play();
    let receipts: Vec<Receipt> = session.receipts.clone();
    let folder = tempfile::tempdir().unwrap();
    session.withhold().write(folder.path(), Copy::Applicant);
    for receipt in receipts {
        let options = Options {
            receipt: Some(format!("{}\n", receipt.text()).into_bytes()),
            keys: vec![Ed25519Signer::from_seed([1; 32]).public()],
        };
        let report = package::verify(folder.path(), &options).unwrap();
        assert_eq!(report.segments_withheld, 1);
        assert_eq!(report.withheld, 1);
    }
}

#[test]
fn another_receipt_and_another_key_are_refused() {
    let folder = whole();
    let other = Options {
        receipt: Some(b"{}".to_vec()),
        ..Options::default()
    };
    assert!(matches!(
        package::verify(folder.path(), &other),
        Err(VerifyError::Fault(_))
    ));
    let other = Options {
        keys: vec![Ed25519Signer::from_seed([2; 32]).public()],
        ..Options::default()
    };
    assert!(matches!(
        package::verify(folder.path(), &other),
        Err(VerifyError::Fault(_))
    ));
}

#[test]
fn the_command_says_it_in_words_and_by_exit_code() {
    let folder = whole();
    let verify = Verify {
        path: folder.path().to_owned(),
        ..Verify::default()
    };
    let outcome = verify.run();
    assert_eq!(outcome.exit_code, 0);
    let key = Ed25519Signer::from_seed([1; 32]).key_id();
    let line = format!("whole; signed by key {key}; identity not checked");
    assert!(outcome.text.contains(&line), "{}", outcome.text);
    let known = Verify {
        key: Some(Ed25519Signer::from_seed([1; 32]).public().to_string()),
        receipt: Some(folder.path().join("data/receipts/1.json")),
        ..verify.clone()
    };
    assert_eq!(known.run().exit_code, 0);
    let own_keys = Verify {
        key: Some(folder.path().join("data/keys.json").display().to_string()),
        ..verify.clone()
    };
    assert_eq!(own_keys.run().exit_code, 0);
    fs::write(folder.path().join("data/VERIFY.txt"), "x").unwrap();
    assert_eq!(verify.run().exit_code, 1);
    let absent = Verify {
        path: folder.path().join("nothing"),
        ..Verify::default()
    };
    assert_eq!(absent.run().exit_code, 2);
}

#[test]
fn any_file_removed_or_added_is_found() {
    let folder = whole();
    for path in files(folder.path()) {
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fault(folder.path());
        fs::write(&path, bytes).unwrap();
        let beside = path.with_file_name("extra.json");
        fs::write(&beside, "{}").unwrap();
        fault(folder.path());
        fs::remove_file(beside).unwrap();
    }
    for extra in [
        "data/stills/e2.jpg",
        "data/receipts/3.json",
        "data/receipts/01.json",
    ] {
        fs::write(folder.path().join(extra), "x").unwrap();
        fault(folder.path());
        fs::remove_file(folder.path().join(extra)).unwrap();
    }
    fs::create_dir(folder.path().join("data/empty")).unwrap();
    fault(folder.path());
    fs::remove_dir(folder.path().join("data/empty")).unwrap();
    check(folder.path()).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_a_file_is_found() {
    let folder = whole();
    let elsewhere = tempfile::tempdir().unwrap();
    for path in files(folder.path()) {
        let kept = elsewhere.path().join("kept");
        fs::rename(&path, &kept).unwrap();
        std::os::unix::fs::symlink(&kept, &path).unwrap();
        fault(folder.path());
        fs::remove_file(&path).unwrap();
        fs::rename(&kept, &path).unwrap();
    }
    check(folder.path()).unwrap();
}

type Harm = fn(&mut Session);

const HARMS: [(&str, Harm); 6] = [
    ("data/journal.jsonl line 17", |session| {
        session
            .event(json!({"type": "scheduled", "session": "s-1", "brief": {"case_no": "示例-1"}}));
    }),
    ("data/journal.jsonl line 5", |session| {
        session.entries.remove(4);
    }),
    ("data/checkpoints.jsonl line 2", |session| {
        session.lines[1].root = Hash::ZERO;
    }),
    ("data/checkpoints.jsonl", |session| {
        session.lines.pop();
    }),
    ("data/recording/0001-12345678.pcapng", |session| {
        session.segments[0].1.truncate(300);
    }),
    ("data/receipts/1.json", |session| {
        session.receipts.swap(0, 1);
    }),
];

/// The holder of the key itself repacks the bag after a change: what was signed before must still give it away.
#[test]
fn a_change_that_is_sealed_again_is_found_by_what_the_journal_holds() {
    for (place, harm) in HARMS {
        let mut session = Session::play();
        harm(&mut session);
        let folder = tempfile::tempdir().unwrap();
        session.write(folder.path(), Copy::Full);
        let found = fault(folder.path());
        assert!(found.starts_with(place), "{found}");
    }
}

#[test]
fn packets_of_a_segment_changed_and_sealed_again_are_found() {
    let mut session = Session::play();
    let last = session.segments[0].1.len() - 60;
    session.segments[0].1[last] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    session.write(folder.path(), Copy::Full);
    assert!(fault(folder.path()).contains("recording/0001"));
}

/// Runs tests/verify_package.py, which was written from docs/protocol/recording.md alone.
fn second_opinion(root: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/verify_package.py");
    #[expect(
        clippy::disallowed_methods,
        reason = "the other implementation is another program"
    )]
    let output = std::process::Command::new("python3")
        .arg(script)
        .arg(root)
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// Where the two disagree, one of them or the page is wrong.
#[test]
fn a_second_implementation_agrees() {
    let folder = whole();
    let public = Ed25519Signer::from_seed([1; 32]).public().to_string();
    let receipt = folder.path().join("data/receipts/1.json");
    let known = ["--key", &public, "--receipt", receipt.to_str().unwrap()];
    for arguments in [&known[..], &[]] {
        let (code, said) = second_opinion(folder.path(), arguments);
        assert_eq!(code, Some(0), "{said}");
    }
    let applicants = tempfile::tempdir().unwrap();
    let session = Session::play().withhold();
    session.write(applicants.path(), Copy::Applicant);
    let (code, said) = second_opinion(applicants.path(), &known);
    assert_eq!(code, Some(0), "{said}");

    for (n, path) in files(folder.path()).into_iter().enumerate() {
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[(n * 31) % bytes.len()] ^= 1;
        fs::write(&path, changed).unwrap();
        assert_eq!(second_opinion(folder.path(), &[]).0, Some(1), "{path:?}");
        fs::remove_file(&path).unwrap();
        assert_eq!(second_opinion(folder.path(), &[]).0, Some(1), "{path:?}");
        fs::write(&path, bytes).unwrap();
    }
    fs::write(folder.path().join("data/extra"), "x").unwrap();
    assert_eq!(second_opinion(folder.path(), &[]).0, Some(1));
    let absent = folder.path().join("nothing");
    assert_eq!(second_opinion(&absent, &[]).0, Some(2));

    for (place, harm) in HARMS {
        let mut session = Session::play();
        harm(&mut session);
        let folder = tempfile::tempdir().unwrap();
        session.write(folder.path(), Copy::Full);
        let (code, said) = second_opinion(folder.path(), &[]);
        assert_eq!(code, Some(1), "{place}: {said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn one_byte_changed_anywhere_is_found(
        file in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        thread_local! {
            static FOLDER: tempfile::TempDir = whole();
        }
        FOLDER.with(|folder| {
            let path = file.get(&files(folder.path())).clone();
            let bytes = fs::read(&path).unwrap();
            let mut changed = bytes.clone();
            changed[byte.index(bytes.len())] ^= change;
            fs::write(&path, changed).unwrap();
            let found = check(folder.path());
            fs::write(&path, bytes).unwrap();
            prop_assert!(matches!(found, Err(VerifyError::Fault(_))), "{path:?}: {found:?}");
            Ok(())
        })?;
    }

    #[test]
    fn bytes_added_or_cut_are_found(
        file in any::<prop::sample::Index>(),
        cut in any::<bool>(),
        extra in any::<u8>(),
    ) {
        thread_local! {
            static FOLDER: tempfile::TempDir = whole();
        }
        FOLDER.with(|folder| {
            let path = file.get(&files(folder.path())).clone();
            let bytes = fs::read(&path).unwrap();
            let mut changed = bytes.clone();
            if cut { changed.pop(); } else { changed.push(extra); }
            fs::write(&path, changed).unwrap();
            let found = check(folder.path());
            fs::write(&path, bytes).unwrap();
            prop_assert!(matches!(found, Err(VerifyError::Fault(_))), "{path:?}: {found:?}");
            Ok(())
        })?;
    }
}
