//! One track's file.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::depay::{self, Assembler, Picture};
use super::index::{PacketRef, TrackIndex};
use super::mux::{Format, Muxer, Sample};
use super::timeline::Placed;
use super::{DeriveError, Track, TrackKind, opus};

/// Sound this far behind its place is brought there by silence; less is the clocks' unrest. Ticks of 48 kHz.
const FILL_FROM: i64 = 720;
/// A picture at most this far before the one already written is put right behind it.
const PICTURE_SLACK_US: i64 = 200_000;
/// How long the last picture stands where nothing says it.
const LAST_PICTURE_US: i64 = 66_000;

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    /// UTC µs of the first sample.
    begins_us: i64,
    duration_us: u64,
    samples: u64,
    size: Option<(u32, u32)>,
}

/// Makes the track's file in `out`; `None` if nothing of it can be played.
pub fn make(
    index: &TrackIndex,
    packets: &[Placed<'_>],
    t0: i64,
    out: &Path,
) -> Result<Option<Track>, DeriveError> {
    let name = format!("{}.mp4", index.name);
    let unfinished = out.join(format!("{name}.part"));
    let job = Job {
        index,
        packets,
        path: &unfinished,
        payloads: Payloads::open(&index.files)?,
    };
    let (kind, made) = match index.codec.name.as_str() {
        "opus" => (TrackKind::Audio, job.sound()?),
        "vp8" => (TrackKind::Video, job.pictures(depay::Format::Vp8)?),
        "h264" => (TrackKind::Video, job.pictures(depay::Format::H264)?),
        other => {
            tracing::warn!(
                track = index.track,
                codec = other,
                "no file is made of this codec"
            );
            return Ok(None);
        }
    };
    let Some(made) = made else {
        tracing::warn!(track = index.track, "nothing of this track can be played");
        return Ok(None);
    };
    fs::rename(&unfinished, out.join(&name))?;
    Ok(Some(Track {
        track: index.track.clone(),
        person: index.person.clone(),
        source: index.source.clone(),
        kind,
        codec: index.codec.name.clone(),
        file: name,
        start_us: u64::try_from(made.begins_us - t0).unwrap_or(0),
        duration_us: made.duration_us,
        width: made.size.map(|(width, _)| width),
        height: made.size.map(|(_, height)| height),
        first_packet_wall_us: index.first_wall_us,
        segments: index.segments.clone(),
        samples: made.samples,
    }))
}

/// Payloads by their place in the files.
struct Payloads(Vec<File>);

impl Payloads {
    fn open(files: &[PathBuf]) -> io::Result<Self> {
        Ok(Self(
            files.iter().map(File::open).collect::<Result<_, _>>()?,
        ))
    }

    fn read(&self, packet: &PacketRef) -> io::Result<Vec<u8>> {
        let mut payload = vec![0; packet.length];
        self.0[packet.file].read_exact_at(&mut payload, packet.offset)?;
        Ok(payload)
    }
}

struct Job<'a> {
    index: &'a TrackIndex,
    packets: &'a [Placed<'a>],
    path: &'a Path,
    payloads: Payloads,
}

impl Job<'_> {
    fn mux(&self, detail: String) -> DeriveError {
        DeriveError::Mux {
            track: self.index.track.clone(),
            detail,
        }
    }

    fn sound(&self) -> Result<Option<Made>, DeriveError> {
        let Some(first) = self.packets.first() else {
            return Ok(None);
        };
        let stereo = self.index.codec.channels != 1;
        let channels = if stereo { 2 } else { 1 };
        let format = Format::Opus { channels };
        let mut muxer = Muxer::create(self.path, &format).map_err(|e| self.mux(e))?;
        let mut written: i64 = 0;
        let mut push = |data: Vec<u8>, ticks: u32, written: &mut i64| {
            let sample = Sample {
                pts_ns: ticks_to_ns(*written),
                duration_ns: ticks_to_ns(*written + i64::from(ticks)) - ticks_to_ns(*written),
                key: true,
                data,
            };
            *written += i64::from(ticks);
            muxer.push(sample)
        };
        let mut samples = 0;
        for placed in self.packets {
            let payload = self.payloads.read(placed.packet)?;
            let Some(ticks) = opus::duration(&payload) else {
                continue;
            };
            let place = (placed.time_us - first.time_us) * 48 / 1000;
            let behind = place - written;
            if behind <= -i64::from(ticks) {
                continue; // its time is taken by what came before
            }
            if behind >= FILL_FROM {
                // To the nearest 2.5 ms, the shortest frame there is.
                let gap = u32::try_from(behind + 60).unwrap_or(u32::MAX);
                for (frame, ticks) in opus::fill(gap, stereo) {
                    push(frame, ticks, &mut written).map_err(|e| self.mux(e))?;
                }
            }
            push(payload, ticks, &mut written).map_err(|e| self.mux(e))?;
            samples += 1;
        }
        muxer.finish().map_err(|e| self.mux(e))?;
        Ok((samples > 0).then_some(Made {
            begins_us: first.time_us,
            duration_us: ticks_to_ns(written) / 1000,
            samples,
            size: None,
        }))
    }

    fn pictures(&self, format: depay::Format) -> Result<Option<Made>, DeriveError> {
        let mut assembler = Assembler::new(format);
        let mut film = Film::default();
        for placed in self.packets {
            let payload = self.payloads.read(placed.packet)?;
            for picture in assembler.push(placed, &payload) {
                let fits = film.push(self.path, format, picture);
                if !fits.map_err(|e| self.mux(e))? {
                    assembler.wait_for_keyframe();
                }
            }
        }
        if let Some(picture) = assembler.end() {
            film.push(self.path, format, picture)
                .map_err(|e| self.mux(e))?;
        }
        if assembler.dropped > 0 {
            let dropped = assembler.dropped;
            tracing::info!(track = self.index.track, dropped, "pictures left out");
        }
        film.finish().map_err(|e| self.mux(e))
    }
}

const fn ticks_to_ns(ticks: i64) -> u64 {
    (ticks as u128 * 1_000_000_000 / 48_000) as u64
}

/// Pictures on their way into the file: one is held back until the next says how long it stands.
#[derive(Debug, Default)]
struct Film {
    muxer: Option<Muxer>,
    made: Made,
    held: Option<(i64, Picture)>,
}

impl Film {
    /// False if the picture has no place in time, so that it must be left out. The first one is a keyframe.
    fn push(
        &mut self,
        path: &Path,
        format: depay::Format,
        picture: Picture,
    ) -> Result<bool, String> {
        if self.muxer.is_none() {
            let Some(key) = &picture.key else {
                return Ok(false);
            };
            self.made.begins_us = picture.time_us;
            self.made.size = Some((key.width, key.height));
            self.muxer = Some(Muxer::create(path, &container(format, key))?);
        }
        let mut at = picture.time_us - self.made.begins_us;
        if let Some((before, held)) = self.held.take() {
            if at <= before - PICTURE_SLACK_US {
                self.held = Some((before, held));
                return Ok(false);
            }
            at = at.max(before + 1000);
            self.write(before, at - before, held)?;
        }
        self.held = Some((at, picture));
        Ok(true)
    }

    fn write(&mut self, at_us: i64, lasts_us: i64, picture: Picture) -> Result<(), String> {
        let ns = |us: i64| u64::try_from(us).unwrap_or(0) * 1000;
        self.made.samples += 1;
        self.made.duration_us = u64::try_from(at_us + lasts_us).unwrap_or(0);
        let muxer = self.muxer.as_mut().ok_or("no file")?;
        muxer.push(Sample {
            pts_ns: ns(at_us),
            duration_ns: ns(lasts_us),
            key: picture.key.is_some(),
            data: picture.data,
        })
    }

    fn finish(mut self) -> Result<Option<Made>, String> {
        if let Some((at, picture)) = self.held.take() {
            self.write(at, LAST_PICTURE_US, picture)?;
        }
        match self.muxer.take() {
            Some(muxer) => muxer.finish().map(|()| Some(self.made)),
            None => Ok(None),
        }
    }
}

fn container(format: depay::Format, key: &depay::Keyframe) -> Format<'_> {
    let (width, height) = (key.width, key.height);
    match format {
        depay::Format::Vp8 => Format::Vp8 { width, height },
        depay::Format::H264 => Format::H264 {
            width,
            height,
            configuration: &key.configuration,
        },
    }
}
