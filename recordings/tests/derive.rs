//! Really encoded media goes in as packets; ffmpeg says what the derived files hold and when.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use gst::prelude::*;
use kanjie_recordings::derive::{self, Track, TrackKind, Tracks};
use kanjie_recordings::{CodecInfo, Kind, Received, Recorder, RecorderConfig};

const AT: i64 = 1_764_000_000_000_000;
/// By which the sender's clock is wrong.
const CLOCK: i64 = -3_600_000_000;

#[derive(Clone)]
struct Coded {
    /// Captured, µs.
    at: i64,
    data: Vec<u8>,
}

impl Coded {
    fn sequence(&self) -> u16 {
        u16::from_be_bytes([self.data[2], self.data[3]])
    }

    fn timestamp(&self) -> u32 {
        u32::from_be_bytes(self.data[4..8].try_into().unwrap())
    }
}

/// Runs a pipeline that ends in a payloader.
fn encode(description: &str) -> Vec<Coded> {
    gst::init().unwrap();
    let description = format!("{description} ! appsink name=out sync=false");
    let pipeline = gst::parse::launch(&description).unwrap();
    let sink = pipeline.clone().downcast::<gst::Bin>().unwrap();
    let sink = sink.by_name("out").unwrap();
    let sink = sink.downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut packets = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let buffer = sample.buffer().unwrap();
        packets.push(Coded {
            at: buffer.pts().unwrap().useconds() as i64,
            data: buffer.map_readable().unwrap().to_vec(),
        });
    }
    pipeline.set_state(gst::State::Null).unwrap();
    assert!(!packets.is_empty());
    packets
}

fn vp8(frames: u32, size: (u32, u32), ssrc: u32) -> Vec<Coded> {
    let (width, height) = size;
    encode(&format!(
        "videotestsrc num-buffers={frames} pattern=ball ! video/x-raw,width={width},height={height},framerate=15/1 \
         ! vp8enc deadline=1 keyframe-max-dist=15 ! rtpvp8pay pt=96 ssrc={ssrc} mtu=600 picture-id-mode=2"
    ))
}

fn h264(frames: u32) -> Vec<Coded> {
    encode(&format!(
        "videotestsrc num-buffers={frames} pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=15/1 \
         ! x264enc tune=zerolatency key-int-max=15 bitrate=500 ! video/x-h264,profile=constrained-baseline \
         ! rtph264pay pt=96 ssrc=3 mtu=600 aggregate-mode=zero-latency config-interval=-1"
    ))
}

/// Where audiotestsrc puts its ticks, µs.
const TICKS: [i64; 3] = [0, 980_000, 1_980_000];

/// A short tone at each of [`TICKS`].
fn opus(seconds: u32) -> Vec<Coded> {
    let buffers = seconds * 50;
    encode(&format!(
        "audiotestsrc wave=ticks num-buffers={buffers} samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=2 \
         ! opusenc ! rtpopuspay pt=111 ssrc=2"
    ))
}

fn codec(name: &str) -> CodecInfo {
    let (clock_rate, channels) = if name == "opus" {
        (48_000, 2)
    } else {
        (90_000, 0)
    };
    CodecInfo {
        name: name.into(),
        clock_rate,
        channels,
        fmtp: String::new(),
    }
}

fn source(codec: &str) -> &'static str {
    if codec == "opus" {
        "microphone"
    } else {
        "camera"
    }
}

fn received(codec_name: &str, kind: Kind, data: Vec<u8>, wall_us: i64) -> Received {
    let source = source(codec_name);
    Received {
        track: format!("s1-{source}"),
        person: Some("p1".into()),
        seat: "s1".into(),
        source: source.into(),
        kind,
        codec: codec(codec_name),
        ssrc: 0,
        data: Bytes::from(data),
        wall_us,
        mono_us: (wall_us - AT) as u64,
        recovered: false,
    }
}

/// What arrives of a stream whose capture began at `begun`, each packet `delay` later, with a report after `first_report`.
fn arrivals(
    codec: &str,
    coded: &[Coded],
    begun: i64,
    delay: i64,
    first_report: i64,
) -> Vec<Received> {
    let zero = coded[0].at;
    let mut packets: Vec<Received> = coded
        .iter()
        .map(|packet| {
            let wall = begun + packet.at - zero + delay;
            received(codec, Kind::Rtp, packet.data.clone(), wall)
        })
        .collect();
    for n in 0..2 {
        packets.push(report(
            codec,
            &coded[0],
            begun,
            first_report + n * 1_000_000,
        ));
    }
    packets
}

/// A sender report, `at` after the capture of the `first` packet began; it takes 5 ms.
fn report(codec: &str, first: &Coded, begun: i64, at: i64) -> Received {
    let ntp = begun + at + CLOCK + 2_208_988_800_000_000;
    let mut report = vec![0x80, 200, 0, 6];
    report.extend(&first.data[8..12]);
    report.extend(((ntp / 1_000_000) as u32).to_be_bytes());
    report.extend((((ntp % 1_000_000) << 32) / 1_000_000).to_be_bytes()[4..].to_vec());
    let ticks = (at * i64::from(self::codec(codec).clock_rate) / 1_000_000) as u32;
    report.extend(first.timestamp().wrapping_add(ticks).to_be_bytes());
    report.extend([0; 8]);
    received(codec, Kind::Rtcp, report, begun + at + 5_000)
}

/// Records in order of arrival, then derives.
async fn play(out: &Path, mut packets: Vec<Received>) -> Tracks {
    let dir = tempfile::tempdir().unwrap();
    let (recorder, _) = Recorder::open(dir.path(), "s", RecorderConfig::default(), |_| {}).unwrap();
    packets.sort_by_key(|packet| packet.wall_us);
    for packet in packets {
        recorder.intake().offer(packet);
    }
    recorder.stop().await;
    derive::tracks(dir.path(), out, |_, _| {}).unwrap()
}

fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.is_empty(),
        "{program}: {errors}"
    );
    output.stdout
}

/// One line for each picture of the file.
fn probe(out: &Path, track: &Track, entries: &str) -> Vec<String> {
    let file = out.join(&track.file);
    let text = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-select_streams",
            "v",
            "-show_entries",
            entries,
            "-of",
            "csv=p=0",
            file.to_str().unwrap(),
        ],
    );
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// Times of the decoded pictures on the session's time line, µs, and their heights.
fn pictures(out: &Path, track: &Track) -> Vec<(i64, u32)> {
    let line = |line: &String| {
        let mut fields = line.split(',');
        let at: f64 = fields.next()?.parse().ok()?;
        let height = fields.next()?.parse().ok()?;
        Some(((at * 1e6) as i64 + track.start_us as i64, height))
    };
    let lines = probe(out, track, "frame=pts_time,height");
    lines.iter().map(|text| line(text).unwrap()).collect()
}

/// Bytes of each coded picture in the packets, which tell one from another.
fn sizes(coded: &[Coded]) -> Vec<usize> {
    // RTP header; VP8 payload descriptor with a picture number of 15 bits.
    let bytes = |packet: &Coded| packet.data.len() - 12 - 4;
    coded
        .chunk_by(|a, b| a.timestamp() == b.timestamp())
        .map(|picture| picture.iter().map(bytes).sum())
        .collect()
}

/// When the ticks begin on the session's time line, µs.
fn ticks(out: &Path, track: &Track) -> Vec<i64> {
    let file = out.join(&track.file);
    let pcm = run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-i",
            file.to_str().unwrap(),
            "-ac",
            "1",
            "-ar",
            "48000",
            "-f",
            "s16le",
            "-",
        ],
    );
    let mut found = Vec::new();
    let mut quiet = i64::MAX / 2;
    for (n, sample) in (0_i64..).zip(pcm.chunks_exact(2)) {
        let loud = i16::from_le_bytes([sample[0], sample[1]]).unsigned_abs() > 3000;
        if loud && quiet > 4800 {
            found.push(n * 1_000_000 / 48_000 + track.start_us as i64);
        }
        quiet = if loud { 0 } else { quiet + 1 };
    }
    found
}

fn of(tracks: &Tracks, kind: TrackKind) -> &Track {
    tracks
        .tracks
        .iter()
        .find(|track| track.kind == kind)
        .unwrap()
}

#[track_caller]
fn near(found: &[i64], expected: impl IntoIterator<Item = i64>, slack: i64) {
    let expected: Vec<i64> = expected.into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= slack,
            "{found} is not {expected}"
        );
    }
}

#[tokio::test]
async fn sound_and_picture_stay_in_step_though_one_came_later_by_a_wrong_clock() {
    let out = tempfile::tempdir().unwrap();
    let mut packets = arrivals("vp8", &vp8(45, (640, 360), 1), AT, 180_000, 1_500_000);
    packets.extend(arrivals("opus", &opus(2), AT, 20_000, 700_000));
    let tracks = play(out.path(), packets).await;
    let video = of(&tracks, TrackKind::Video);
    assert_eq!((video.width, video.height), (Some(640), Some(360)));
    assert_eq!(video.samples, 45);
    let capture = |at: i64| AT + at + 5_000 - tracks.t0;
    let shown = pictures(out.path(), video);
    let times: Vec<i64> = shown.iter().map(|(at, _)| *at).collect();
    near(&times, (0..45).map(|n| capture(n * 1_000_000 / 15)), 5_000);
    // Opus' own delay is 6.5 ms.
    near(
        &ticks(out.path(), of(&tracks, TrackKind::Audio)),
        TICKS.map(capture),
        20_000,
    );
    assert!((2_900_000..3_200_000).contains(&tracks.duration_us));
    let json = std::fs::read(out.path().join("tracks.json")).unwrap();
    let read: Tracks = kanjie_evidence::canonical::parse(&json).unwrap();
    assert_eq!(read, tracks);
}

#[tokio::test]
async fn h264_is_taken_over_whole() {
    let out = tempfile::tempdir().unwrap();
    let tracks = play(out.path(), arrivals("h264", &h264(40), AT, 30_000, 500_000)).await;
    let video = of(&tracks, TrackKind::Video);
    assert_eq!((video.width, video.height), (Some(640), Some(360)));
    let shown = pictures(out.path(), video);
    assert_eq!(shown.len(), 40);
    assert!(
        shown
            .windows(2)
            .all(|pair| (66_000..67_500).contains(&(pair[1].0 - pair[0].0)))
    );
}

#[tokio::test]
async fn a_rejoin_in_another_size_and_the_gap_before_it_keep_their_place() {
    let out = tempfile::tempdir().unwrap();
    let mut packets = arrivals("vp8", &vp8(30, (640, 360), 1), AT, 30_000, 500_000);
    let back = AT + 7_000_000;
    packets.extend(arrivals(
        "vp8",
        &vp8(30, (320, 180), 9),
        back,
        30_000,
        500_000,
    ));
    let mut sound = opus(2);
    packets.extend(arrivals("opus", &sound, AT, 20_000, 500_000));
    for packet in &mut sound {
        packet.data[11] ^= 0xFF; // another SSRC
    }
    packets.extend(arrivals("opus", &sound, back, 20_000, 500_000));
    let tracks = play(out.path(), packets).await;
    assert_eq!(tracks.tracks.len(), 2);
    let capture = |at: i64| AT + at + 5_000 - tracks.t0;
    let shown = pictures(out.path(), of(&tracks, TrackKind::Video));
    let heights: Vec<u32> = shown.iter().map(|(_, height)| *height).collect();
    assert_eq!(heights, [vec![360; 30], vec![180; 30]].concat());
    assert!(
        (shown[30].0 - capture(7_000_000)).abs() < 5_000,
        "{:?}",
        shown[30]
    );
    let heard = ticks(out.path(), of(&tracks, TrackKind::Audio));
    // The tick in the very first packet after the silence: a decoder all but swallows it.
    let expected = [0, 980_000, 1_980_000, 7_980_000, 8_980_000].map(capture);
    near(&heard, expected, 20_000);
}

#[tokio::test]
async fn a_layer_that_comes_back_after_another_is_shown_behind_it() {
    let out = tempfile::tempdir().unwrap();
    let second = 1_000_000;
    // The large layer is sent for nine seconds, and the recording has the small one instead from the third to the sixth.
    let mut large = vp8(135, (640, 360), 1);
    let small = vp8(45, (320, 180), 2);
    let first = large[0].clone();
    large.retain(|packet| !(3 * second..6 * second).contains(&(packet.at - first.at)));
    let mut packets = arrivals("vp8", &large, AT, 60_000, 700_000);
    packets.push(report("vp8", &first, AT, 7 * second));
    packets.extend(arrivals("vp8", &small, AT + 3 * second, 20_000, 500_000));
    let tracks = play(out.path(), packets).await;
    assert_eq!(tracks.tracks.len(), 1);
    let video = &tracks.tracks[0];
    assert_eq!(video.samples, 135);
    let shown = pictures(out.path(), video);
    let times: Vec<i64> = shown.iter().map(|(at, _)| *at).collect();
    let capture = |n: i64| AT + n * second / 15 + 5_000 - tracks.t0;
    near(&times, (0..135).map(capture), 5_000);
    let heights: Vec<u32> = shown.iter().map(|(_, height)| *height).collect();
    assert_eq!(heights, [[360; 45], [180; 45], [360; 45]].concat());
    let coded = sizes(&large);
    let expected = [&coded[..45], &sizes(&small), &coded[45..]].concat();
    let written: Vec<usize> = probe(out.path(), video, "packet=size")
        .iter()
        .map(|size| size.trim_end_matches(',').parse().unwrap())
        .collect();
    assert_eq!(written, expected);
}

#[tokio::test]
async fn reordered_repeated_and_lost_packets_leave_only_whole_pictures() {
    let out = tempfile::tempdir().unwrap();
    let coded = vp8(45, (640, 360), 1);
    let mut packets = arrivals("vp8", &coded, AT, 30_000, 500_000);
    // Later by 40 ms: every seventh; twice: every fifth; never: one of the picture at 1.2 s.
    let lost = coded
        .iter()
        .find(|packet| packet.at - coded[0].at > 1_200_000)
        .unwrap();
    packets.retain(|packet| packet.kind == Kind::Rtcp || packet.data[..] != lost.data[..]);
    let again: Vec<Received> = packets.iter().step_by(5).cloned().collect();
    for packet in packets.iter_mut().step_by(7) {
        packet.wall_us += 40_000;
    }
    packets.extend(again);
    let tracks = play(out.path(), packets).await;
    let shown = pictures(out.path(), of(&tracks, TrackKind::Video));
    // From the lost one (the 20th, number 19) to before the next keyframe (number 30) nothing can be shown rightly.
    assert_eq!(shown.len(), 45 - 11, "lost sequence {}", lost.sequence());
}

#[tokio::test]
async fn private_segments_and_what_never_had_a_keyframe_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let (recorder, _) = Recorder::open(dir.path(), "s", RecorderConfig::default(), |_| {}).unwrap();
    let sound = arrivals("opus", &opus(3), AT, 20_000, 10_000_000);
    for (n, packet) in sound.into_iter().enumerate() {
        recorder.set_private((50..100).contains(&n)).await.unwrap();
        recorder.intake().offer(packet);
    }
    let pictures = vp8(14, (320, 180), 1);
    let first = pictures[0].timestamp();
    let without_key: Vec<Coded> = pictures
        .into_iter()
        .filter(|p| p.timestamp() != first)
        .collect();
    for packet in arrivals("vp8", &without_key, AT, 0, 10_000_000) {
        recorder.intake().offer(packet);
    }
    recorder.stop().await;
    let mut told = Vec::new();
    let tracks = derive::tracks(dir.path(), out.path(), |done, of| told.push((done, of))).unwrap();
    assert_eq!(told, [(0, 2), (1, 2), (2, 2)]);
    assert_eq!(tracks.tracks.len(), 1);
    assert_eq!(tracks.tracks[0].segments.len(), 2);
    // The tick at 1.98 s was private.
    let begins = AT + 5_000 - tracks.t0;
    near(
        &ticks(out.path(), &tracks.tracks[0]),
        [0, 980_000, 2_980_000].map(|at| at + begins),
        20_000,
    );
    let mut files: Vec<_> = std::fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["s1-microphone.mp4", "tracks.json"]);
}
