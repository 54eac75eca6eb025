//! What the recorder promises: everything offered is on the disk or reported, and survives a kill at any byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use kanjie_evidence::pcapng::Reader;
use kanjie_evidence::{CheckpointLine, Leaves, RunningHead, SegmentId};
use kanjie_recordings::{
    CodecInfo, Kind, Received, Recorder, RecorderConfig, RecorderEvent, Recovered,
};

const AT: i64 = 1_764_000_000_000_000;

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<RecorderEvent>>>);

impl Told {
    fn open(&self, dir: &Path) -> (Recorder, Option<Recovered>) {
        self.open_with(dir, RecorderConfig::default())
    }

    fn open_with(&self, dir: &Path, config: RecorderConfig) -> (Recorder, Option<Recovered>) {
        let told = self.clone();
        let sink = move |event| told.0.lock().unwrap().push(event);
        Recorder::open(dir, "s-1", config, sink).unwrap()
    }

    fn take(&self) -> Vec<RecorderEvent> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn opened(&self) -> Vec<(String, String, bool)> {
        let opened = |event| match event {
            RecorderEvent::SegmentOpened {
                segment,
                track,
                private,
                ..
            } => Some((segment, track, private)),
            _ => None,
        };
        self.take().into_iter().filter_map(opened).collect()
    }
}

fn packet(track: &str, n: u16) -> Received {
    let mut data = vec![0x80, 111];
    data.extend(n.to_be_bytes());
    data.extend([0; 40]);
    Received {
        track: track.into(),
        person: Some("p1".into()),
        seat: "s1".into(),
        source: "microphone".into(),
        kind: Kind::Rtp,
        codec: codec("opus"),
        ssrc: 7,
        data: Bytes::from(data),
        wall_us: AT + i64::from(n) * 20_000,
        mono_us: u64::from(n) * 20_000,
        recovered: false,
    }
}

fn codec(name: &str) -> CodecInfo {
    CodecInfo {
        name: name.into(),
        clock_rate: 48_000,
        channels: 2,
        fmtp: "minptime=10".into(),
    }
}

/// The sequence numbers in a segment, and its running head.
fn read(dir: &Path, segment: &str) -> (Vec<u16>, RunningHead) {
    let file = fs::File::open(dir.join(format!("{segment}.pcapng"))).unwrap();
    let mut reader = Reader::open(file, segment.parse().unwrap()).unwrap();
    let mut numbers = Vec::new();
    while let Some(packet) = reader.next_packet().unwrap() {
        numbers.push(u16::from_be_bytes([packet.data[2], packet.data[3]]));
    }
    (numbers, reader.running())
}

fn leaves(dir: &Path) -> Leaves {
    let text = fs::read_to_string(dir.join("checkpoints.jsonl")).unwrap();
    let mut leaves = Leaves::new();
    for line in text.lines() {
        let line = CheckpointLine::from_line(line.as_bytes()).unwrap();
        leaves.apply(&line).unwrap();
    }
    leaves
}

fn covered(leaves: &Leaves, segment: &str) -> RunningHead {
    let id: SegmentId = segment.parse().unwrap();
    leaves.get(&id).unwrap().opened.unwrap().covered
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[tokio::test]
async fn packets_are_written_in_order_and_checkpoints_cover_them() {
    let dir = tempfile::tempdir().unwrap();
    let told = Told::default();
    let (recorder, recovered) = told.open(dir.path());
    assert_eq!(recovered, None);
    let intake = recorder.intake();
    let empty = recorder.checkpoint().await.unwrap();
    for n in 0..50 {
        intake.offer(packet("s1-microphone", n));
    }
    let middle = recorder.checkpoint().await.unwrap();
    assert_eq!((empty.number, middle.number), (1, 2));
    let opened = told.opened();
    assert_eq!(opened.len(), 1);
    let segment = &opened[0].0;
    let (numbers, head) = read(dir.path(), segment);
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    assert_eq!(covered(&leaves(dir.path()), segment), head);
    assert_eq!(leaves(dir.path()).root(), middle.root);
    for n in 50..60 {
        intake.offer(packet("s1-microphone", n));
    }
    recorder.close_segments().await.unwrap();
    let last = recorder.checkpoint().await.unwrap();
    let (numbers, head) = read(dir.path(), segment);
    assert_eq!(numbers.len(), 60);
    assert_eq!(leaves(dir.path()).root(), last.root);
    assert_eq!(
        told.take(),
        [RecorderEvent::SegmentClosed {
            segment: segment.clone(),
            bytes: head.bytes,
            packets: 60
        }]
    );
    recorder.stop().await;
}

#[tokio::test]
async fn privacy_cuts_between_the_packets_before_and_after() {
    let dir = tempfile::tempdir().unwrap();
    let told = Told::default();
    let (recorder, _) = told.open(dir.path());
    let intake = recorder.intake();
    for (n, private) in [(0, false), (1, true), (2, true), (3, false)] {
        recorder.set_private(private).await.unwrap();
        intake.offer(packet("s1-microphone", n));
        intake.offer(packet("s2-microphone", n));
    }
    recorder.stop().await;
    let opened = told.opened();
    let flags: Vec<bool> = opened.iter().map(|(_, _, private)| *private).collect();
    assert_eq!(flags, [false, false, true, true, false, false]);
    let held: Vec<Vec<u16>> = opened
        .iter()
        .map(|(segment, _, _)| read(dir.path(), segment).0)
        .collect();
    assert_eq!(
        held,
        [vec![0], vec![0], vec![1, 2], vec![1, 2], vec![3], vec![3]]
    );
}

#[tokio::test]
async fn segments_are_cut_by_length_codec_and_end_of_track() {
    let dir = tempfile::tempdir().unwrap();
    let told = Told::default();
    let config = RecorderConfig {
        segment_max: Duration::from_secs(1),
        ..RecorderConfig::default()
    };
    let (recorder, _) = told.open_with(dir.path(), config);
    let intake = recorder.intake();
    for n in 0..60 {
        intake.offer(packet("s1-microphone", n));
    }
    let mut other = packet("s1-microphone", 60);
    other.codec = codec("opus2");
    intake.offer(other.clone());
    recorder.end_track("s1-microphone").await;
    intake.offer(other);
    recorder.stop().await;
    let counts: Vec<usize> = told
        .opened()
        .iter()
        .map(|(segment, _, _)| read(dir.path(), segment).0.len())
        .collect();
    assert_eq!(counts, [50, 10, 1, 1]);
}

#[tokio::test]
async fn an_overflow_is_reported_never_silent() {
    let dir = tempfile::tempdir().unwrap();
    let told = Told::default();
    let config = RecorderConfig {
        queue: 64,
        ..RecorderConfig::default()
    };
    let (recorder, _) = told.open_with(dir.path(), config);
    let intake = recorder.intake();
    for n in 0..20_000 {
        intake.offer(packet("s1-microphone", n));
    }
    recorder.stop().await;
    let mut written = 0;
    let mut lost = 0;
    for event in told.take() {
        match event {
            RecorderEvent::SegmentClosed { packets, .. } => written += packets,
            RecorderEvent::Gap {
                track,
                cause,
                from,
                until,
                packets_lost,
            } => {
                assert_eq!(
                    (track.as_str(), cause.as_str()),
                    ("s1-microphone", "overflow")
                );
                assert!(from <= until);
                lost += packets_lost;
            }
            _ => {}
        }
    }
    assert!(lost > 0, "the queue never filled");
    assert_eq!(written + lost, 20_000);
}

#[tokio::test]
async fn a_stopped_recorder_refuses_commands_and_one_directory_has_one_recorder() {
    let dir = tempfile::tempdir().unwrap();
    let told = Told::default();
    let (recorder, _) = told.open(dir.path());
    let intake = recorder.intake();
    recorder.stop().await;
    intake.offer(packet("s1-microphone", 0));
    let (recorder, recovered) = told.open(dir.path());
    assert_eq!(recovered.unwrap().segments, 0);
    assert!(recorder.checkpoint().await.is_ok());
    recorder.stop().await;
    assert_eq!(told.take(), []);
}

/// A directory as a kill leaves it: two segments, the checkpoint's word on them, more packets behind it.
async fn killed(dir: &Path) -> Vec<String> {
    let live = tempfile::tempdir().unwrap();
    let told = Told::default();
    let (recorder, _) = told.open(live.path());
    let intake = recorder.intake();
    for n in 0..6 {
        intake.offer(packet("s1-microphone", n));
        intake.offer(packet("s2-microphone", n));
    }
    recorder.checkpoint().await.unwrap();
    let attested = fs::read(live.path().join("checkpoints.jsonl")).unwrap();
    for n in 6..9 {
        intake.offer(packet("s1-microphone", n));
    }
    recorder.checkpoint().await.unwrap();
    copy(live.path(), dir);
    // As if the second checkpoint had not been taken: packets are ahead of what is attested.
    fs::write(dir.join("checkpoints.jsonl"), attested).unwrap();
    recorder.stop().await;
    let opened = told.opened();
    opened.into_iter().map(|(segment, _, _)| segment).collect()
}

#[tokio::test]
async fn a_segment_torn_at_any_byte_is_cut_at_its_last_whole_block() {
    let image = tempfile::tempdir().unwrap();
    let segments = killed(image.path()).await;
    let name = format!("{}.pcapng", segments[0]);
    let whole = fs::read(image.path().join(&name)).unwrap();
    let attested = covered(&leaves(image.path()), &segments[0]).bytes as usize;
    let told = Told::default();
    for length in attested..=whole.len() {
        let dir = tempfile::tempdir().unwrap();
        copy(image.path(), dir.path());
        fs::write(dir.path().join(&name), &whole[..length]).unwrap();
        let (recorder, recovered) = told.open(dir.path());
        let recovered = recovered.unwrap();
        assert_eq!(recovered.segments, 2);
        let (numbers, head) = read(dir.path(), &segments[0]);
        assert!((6..=9).contains(&numbers.len()));
        assert_eq!(recovered.cut_bytes, length as u64 - head.bytes);
        let last = i64::from(*numbers.last().unwrap());
        assert_eq!(recovered.last_wall_us, Some(AT + last * 20_000));
        recorder.intake().offer(packet("s1-microphone", 99));
        let checkpoint = recorder.checkpoint().await.unwrap();
        let leaves = leaves(dir.path());
        assert_eq!(leaves.root(), checkpoint.root);
        assert_eq!(covered(&leaves, &segments[0]), head);
        assert_eq!(leaves.iter().count(), 3);
        let events = told.take();
        let closed = RecorderEvent::SegmentClosed {
            segment: segments[0].clone(),
            bytes: head.bytes,
            packets: numbers.len() as u64,
        };
        assert!(events.contains(&closed));
        let gaps = events
            .iter()
            .filter(|e| matches!(e, RecorderEvent::Gap { .. }));
        assert_eq!(gaps.count(), 0);
    }
}

#[tokio::test]
async fn garbage_behind_the_last_block_is_cut_too() {
    let image = tempfile::tempdir().unwrap();
    let segments = killed(image.path()).await;
    let path = image.path().join(format!("{}.pcapng", segments[0]));
    let whole = fs::read(&path).unwrap();
    for garbage in [vec![0; 4096], vec![0xFF; 33], whole.clone()] {
        fs::write(&path, [whole.clone(), garbage].concat()).unwrap();
        let told = Told::default();
        let dir = tempfile::tempdir().unwrap();
        copy(image.path(), dir.path());
        let (_recorder, _) = told.open(dir.path());
        assert_eq!(read(dir.path(), &segments[0]).0.len(), 9);
    }
}

#[tokio::test]
async fn what_a_checkpoint_covers_and_the_disk_lost_is_reported() {
    let image = tempfile::tempdir().unwrap();
    let segments = killed(image.path()).await;
    let attested = covered(&leaves(image.path()), &segments[0]);
    let path = image.path().join(format!("{}.pcapng", segments[0]));
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..attested.bytes as usize - 1]).unwrap();
    let told = Told::default();
    let (recorder, _) = told.open(image.path());
    assert!(told.take().iter().any(|event| matches!(
        event,
        RecorderEvent::Gap { cause, packets_lost: 1, .. } if cause == "damaged"
    )));
    recorder.checkpoint().await.unwrap();
    // The word given stands, so that every check of the package shows the loss.
    assert_eq!(covered(&leaves(image.path()), &segments[0]), attested);
}

#[tokio::test]
async fn notes_and_checkpoints_torn_at_any_byte_of_their_last_line_recover() {
    let image = tempfile::tempdir().unwrap();
    let segments = killed(image.path()).await;
    let told = Told::default();
    let (recorder, _) = told.open(image.path());
    recorder.checkpoint().await.unwrap();
    recorder.stop().await;
    for name in ["state.jsonl", "checkpoints.jsonl"] {
        let whole = fs::read(image.path().join(name)).unwrap();
        let before = whole[..whole.len() - 1]
            .iter()
            .rposition(|b| *b == b'\n')
            .unwrap();
        for length in before + 1..whole.len() {
            let dir = tempfile::tempdir().unwrap();
            copy(image.path(), dir.path());
            fs::write(dir.path().join(name), &whole[..length]).unwrap();
            let (recorder, _) = told.open(dir.path());
            let checkpoint = recorder.checkpoint().await.unwrap();
            let leaves = leaves(dir.path());
            assert_eq!(leaves.root(), checkpoint.root);
            assert_eq!(
                covered(&leaves, &segments[0]),
                read(dir.path(), &segments[0]).1
            );
        }
    }
}

#[tokio::test]
async fn a_segment_that_never_got_its_header_is_dropped_and_its_number_not_used_again() {
    let image = tempfile::tempdir().unwrap();
    let segments = killed(image.path()).await;
    fs::remove_file(image.path().join("checkpoints.jsonl")).unwrap();
    let path = image.path().join(format!("{}.pcapng", segments[1]));
    for left in [Some(0), Some(20), Some(100), None] {
        let dir = tempfile::tempdir().unwrap();
        copy(image.path(), dir.path());
        let copied = dir.path().join(path.file_name().unwrap());
        match left {
            Some(length) => fs::write(&copied, &fs::read(&path).unwrap()[..length]).unwrap(),
            None => fs::remove_file(&copied).unwrap(),
        }
        let told = Told::default();
        let (recorder, recovered) = told.open(dir.path());
        assert_eq!(recovered.unwrap().segments, 1);
        recorder.intake().offer(packet("s2-microphone", 9));
        recorder.stop().await;
        let opened = told.opened();
        assert_eq!(opened.len(), 2);
        assert!(opened[1].0.starts_with("0003-"), "{}", opened[1].0);
        assert!(!copied.exists());
    }
}

#[tokio::test]
async fn a_deliberation_stays_private_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let told = Told::default();
    let (recorder, _) = told.open(dir.path());
    recorder.set_private(true).await.unwrap();
    drop(recorder);
    let (recorder, _) = told.open(dir.path());
    recorder.intake().offer(packet("s1-microphone", 0));
    recorder.stop().await;
    assert!(told.opened()[0].2);
}
