//! A session recorded by the recorder, derived, packed, and checked by the verifier.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use kanjie_evidence::package::{Copy, Options, verify};
use kanjie_evidence::{
    Ed25519Signer, Entry, Hash, Receipt, ReceiptBody, ReceiptKind, Signer, canonical, h,
};
use kanjie_recordings::package::{PackageError, PackageInput, PackagedReceipt, write};
use kanjie_recordings::{
    CodecInfo, Kind, Received, Recorder, RecorderConfig, RecorderEvent, derive,
};
use serde_json::{Value, json};

const AT: i64 = 1_764_000_000_000_000;
const STILL: &[u8] = b"\x89PNG a still";
const PDF: &[u8] = b"%PDF-1.7 a document";
const CONTENT: &[u8] = "{\"content\":\"示例\"}".as_bytes();

struct Session {
    dir: tempfile::TempDir,
    signer: Ed25519Signer,
    entries: Vec<Entry>,
    receipts: Vec<Receipt>,
    events: Arc<Mutex<Vec<RecorderEvent>>>,
    sequence: u16,
}

impl Session {
    fn new() -> Self {
        let mut session = Self {
            dir: tempfile::tempdir().unwrap(),
            signer: Ed25519Signer::from_seed([1; 32]),
            entries: Vec::new(),
            receipts: Vec::new(),
            events: Arc::default(),
            sequence: 0,
        };
        session
            .event(json!({"type": "scheduled", "session": "s-1", "brief": {"case_no": "示例-1"}}));
        fs::write(session.dir.path().join("e1.png"), STILL).unwrap();
        session.event(
            json!({"type": "evidence_taken", "id": "e1", "sha256": h(&[STILL]),
            "bytes": STILL.len(), "media_type": "image/png"}),
        );
        session.event(
            json!({"type": "record_prepared", "digest": h(&[CONTENT]), "pdf_digest": h(&[PDF])}),
        );
        session
    }

    fn recording(&self) -> std::path::PathBuf {
        self.dir.path().join("recording")
    }

    fn recorder(&self) -> Recorder {
        let events = Arc::clone(&self.events);
        let sink = move |event| events.lock().unwrap().push(event);
        let config = RecorderConfig::default();
        Recorder::open(&self.recording(), "s-1", config, sink)
            .unwrap()
            .0
    }

    fn event(&mut self, event: Value) {
        let seq = self.entries.len() as u64 + 1;
        let prev = self.entries.last().map_or(Hash::ZERO, |entry| entry.hash);
        let body = json!({"actor": "system", "at": AT + seq as i64, "event": event});
        let body = canonical::to_string(&body).unwrap();
        let nonce = h(&[&seq.to_be_bytes()]).0;
        self.entries.push(Entry::seal(seq, prev, nonce, body));
    }

    /// Journals what the recorder told and the journal lacks.
    fn journal(&mut self) {
        let told = std::mem::take(&mut *self.events.lock().unwrap());
        for event in told {
            let event = match event {
                RecorderEvent::SegmentOpened {
                    segment,
                    track,
                    person,
                    source,
                    codec,
                    private,
                } => json!({
                    "type": "segment_opened", "segment": segment, "track": track, "person": person,
                    "source": source, "codec": codec, "private": private}),
                RecorderEvent::SegmentClosed {
                    segment,
                    bytes,
                    packets,
                } => json!({
                    "type": "segment_closed", "segment": segment, "bytes": bytes, "packets": packets}),
                other => panic!("{other:?}"),
            };
            let text = canonical::to_string(&event).unwrap();
            if !self
                .entries
                .iter()
                .any(|entry| entry.body().unwrap().contains(&text))
            {
                self.event(event);
            }
        }
    }

    fn offer(&mut self, recorder: &Recorder, count: u16) {
        for _ in 0..count {
            let n = self.sequence;
            self.sequence += 1;
            let mut data = vec![0x80, 111];
            data.extend(n.to_be_bytes());
            data.extend((u32::from(n) * 960).to_be_bytes());
            data.extend([0, 0, 0, 7, 0xFC, 0xFF, 0xFE]);
            recorder.intake().offer(Received {
                track: "seat1-microphone".into(),
                person: Some("p1".into()),
                seat: "seat1".into(),
                source: "microphone".into(),
                kind: Kind::Rtp,
                codec: CodecInfo {
                    name: "opus".into(),
                    clock_rate: 48_000,
                    channels: 2,
                    fmtp: String::new(),
                },
                ssrc: 7,
                data: Bytes::from(data),
                wall_us: AT + i64::from(n) * 20_000,
                mono_us: u64::from(n) * 20_000,
                recovered: false,
            });
        }
    }

    async fn checkpoint(&mut self, recorder: &Recorder) {
        let point = recorder.checkpoint().await.unwrap();
        self.journal();
        self.event(
            json!({"type": "checkpoint", "number": point.number, "root": point.root,
            "wall_us": point.wall_us, "mono_us": point.mono_us, "clock": "kept"}),
        );
    }

    async fn receipt(&mut self, recorder: &Recorder, kind: ReceiptKind) {
        self.checkpoint(recorder).await;
        self.event(json!({"type": "closed"}));
        let entry = self.entries.last().unwrap();
        let body = ReceiptBody {
            content_digest: None,
            head: entry.hash,
            issued_at: AT,
            kind,
            number: self.receipts.len() as u64 + 1,
            pdf_digest: None,
            previous: self.receipts.last().map(Receipt::digest),
            seq: entry.seq,
            session: "s-1".into(),
            v: 1,
        };
        let receipt = Receipt::issue(body, &self.signer).unwrap();
        self.event(json!({"type": "receipt_issued", "receipt": receipt.to_value()}));
        self.receipts.push(receipt);
    }

    /// In the open, in private, killed, in the open again, closed.
    async fn play() -> Self {
        let mut session = Self::new();
        let recorder = session.recorder();
        session.offer(&recorder, 100);
        session.checkpoint(&recorder).await;
        recorder.set_private(true).await.unwrap();
        session.offer(&recorder, 50);
        session.checkpoint(&recorder).await;
        recorder.set_private(false).await.unwrap();
        session.offer(&recorder, 30);
        // Written, but the process dies before it is journalled; so do the events since.
        recorder.checkpoint().await.unwrap();
        recorder.stop().await;
        session.events.lock().unwrap().clear();
        let recorder = session.recorder();
        session.journal();
        session.offer(&recorder, 40);
        session.receipt(&recorder, ReceiptKind::Announced).await;
        recorder.close_segments().await.unwrap();
        session.receipt(&recorder, ReceiptKind::Closed).await;
        recorder.stop().await;
        derive::tracks(
            &session.recording(),
            &session.dir.path().join("media"),
            |_, _| {},
        )
        .unwrap();
        session
    }

    fn write(&self, out: &Path, copy: Copy) -> Result<(), PackageError> {
        let withhold = |entry: &Entry| {
            let private = entry.body().unwrap().contains(r#""private":true"#);
            if private && copy == Copy::Applicant {
                entry.clone().withhold()
            } else {
                entry.clone()
            }
        };
        self.write_entries(out, copy, self.entries.iter().map(withhold).collect())
    }

    fn write_entries(
        &self,
        out: &Path,
        copy: Copy,
        entries: Vec<Entry>,
    ) -> Result<(), PackageError> {
        let receipts = self.receipts.iter().map(|receipt| PackagedReceipt {
            number: receipt.body().number,
            json: receipt.text().to_owned(),
            pdf: Some(PDF.to_vec()),
        });
        let input = PackageInput {
            session: "s-1".into(),
            case_no: "示例-1".into(),
            copy,
            exported_at: AT,
            entries,
            recording: &self.recording(),
            media: Some(&self.dir.path().join("media")),
            stills: vec![("e1.png".into(), self.dir.path().join("e1.png"))],
            documents: vec![
                ("record.json".into(), CONTENT.to_vec()),
                ("record.pdf".into(), PDF.to_vec()),
            ],
            receipts: receipts.collect(),
            keys: Vec::new(),
        };
        write(out, &input, &self.signer)
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn both_copies_verify_against_the_same_receipts() {
    let session = Session::play().await;
    let place = tempfile::tempdir().unwrap();
    let (full, copy) = (place.path().join("full"), place.path().join("copy"));
    session.write(&full, Copy::Full).unwrap();
    session.write(&copy, Copy::Applicant).unwrap();
    assert_eq!(names(place.path()), ["copy", "full"]);
    for receipt in &session.receipts {
        let options = Options {
            receipt: Some(receipt.text().into()),
            keys: vec![session.signer.public()],
        };
        let whole = verify(&full, &options).unwrap();
        assert_eq!((whole.segments, whole.segments_withheld), (4, 0));
        assert_eq!((whole.packets, whole.withheld), (220, 0));
        assert_eq!((whole.checkpoints, whole.receipts, whole.stills), (4, 2, 1));
        let part = verify(&copy, &options).unwrap();
        assert_eq!((part.segments, part.segments_withheld), (3, 1));
        assert_eq!((part.packets, part.withheld), (170, 1));
    }
    assert_eq!(names(&full.join("data/recording")).len(), 4);
    assert_eq!(names(&copy.join("data/recording")).len(), 3);
    assert_eq!(
        names(&full.join("data/media")),
        ["seat1-microphone.mp4", "tracks.json"]
    );
}

#[tokio::test]
async fn nothing_of_a_private_segment_is_in_the_applicants_copy() {
    let session = Session::play().await;
    let place = tempfile::tempdir().unwrap();
    let (full, copy) = (place.path().join("full"), place.path().join("copy"));
    session.write(&full, Copy::Full).unwrap();
    session.write(&copy, Copy::Applicant).unwrap();
    let open = names(&copy.join("data/recording"));
    let private = names(&full.join("data/recording"))
        .into_iter()
        .find(|name| !open.contains(name))
        .unwrap();
    let lines = fs::read_to_string(copy.join("data/checkpoints.jsonl")).unwrap();
    let id = private.strip_suffix(".pcapng").unwrap();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for leaf in line["leaves"].as_array().unwrap() {
            assert_eq!(leaf["segment"] == id, leaf["nonce"].is_null(), "{leaf}");
        }
    }
    let tracks = fs::read_to_string(copy.join("data/media/tracks.json")).unwrap();
    assert!(!tracks.contains(id));
}

#[tokio::test]
async fn what_was_not_withheld_or_not_closed_is_refused_and_leaves_nothing() {
    let session = Session::play().await;
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("out");
    let careless = session.write_entries(&out, Copy::Applicant, session.entries.clone());
    assert!(
        matches!(careless, Err(PackageError::Private(_))),
        "{careless:?}"
    );
    let early = session.entries[..4].to_vec();
    let early = session.write_entries(&out, Copy::Full, early);
    assert!(
        matches!(early, Err(PackageError::NotCovered(_))),
        "{early:?}"
    );
    assert!(names(place.path()).is_empty());
    session.write(&out, Copy::Full).unwrap();
    assert!(matches!(
        session.write(&out, Copy::Full),
        Err(PackageError::Exists(_))
    ));
    verify(&out, &Options::default()).unwrap();
}

#[tokio::test]
async fn the_commands_in_verify_txt_work_and_find_a_change() {
    let session = Session::play().await;
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("full");
    session.write(&out, Copy::Full).unwrap();
    let text = fs::read_to_string(out.join("data/VERIFY.txt")).unwrap();
    let commands: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .collect();
    let run = || {
        let mut shell = Command::new("sh");
        let output = shell
            .arg("-ec")
            .arg(commands.join("\n"))
            .current_dir(&out)
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    assert_eq!(
        run(),
        (true, "Signature Verified Successfully\n".to_owned())
    );
    let journal = out.join("data/journal.jsonl");
    let mut bytes = fs::read(&journal).unwrap();
    bytes[9] ^= 1;
    fs::write(&journal, &bytes).unwrap();
    assert!(!run().0);
}

/// The verifier that was written from the page alone agrees.
#[tokio::test]
async fn the_independent_verifier_takes_both_copies_and_finds_a_change() {
    let session = Session::play().await;
    let place = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/verify_package.py");
    for (name, copy) in [("full", Copy::Full), ("copy", Copy::Applicant)] {
        let out = place.path().join(name);
        session.write(&out, copy).unwrap();
        let check = || {
            let output = Command::new("python3")
                .arg(&script)
                .arg(&out)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            (
                output.status.code(),
                said + &String::from_utf8_lossy(&output.stderr),
            )
        };
        let (code, said) = check();
        assert_eq!(code, Some(0), "{said}");
        let segment = &names(&out.join("data/recording"))[0];
        let path = out.join("data/recording").join(segment);
        let mut bytes = fs::read(&path).unwrap();
        bytes[200] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(check().0, Some(1));
    }
}
