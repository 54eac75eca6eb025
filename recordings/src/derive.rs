//! Playable files from the recorded packets: one fragmented MP4 a track, all on one time line, without transcoding.
//!
//! Each file begins at its own first sample; [`Track::start_us`] says where that lies on the session's time line. Gaps
//! keep their place: a picture stands until the next, missing sound is filled with Opus silence. Pictures that lost a
//! packet are left out, and so are those that need them, up to the next keyframe; the originals hold every packet.
//! Private segments are left out. It reads what the recorder wrote and changes nothing of it.

mod depay;
mod h264;
mod index;
mod mux;
mod opus;
mod rtp;
mod timeline;
mod track;
mod vp8;

use std::fs;
use std::io;
use std::path::Path;

use kanjie_evidence::canonical;
use serde::{Deserialize, Serialize};

use crate::recorder::RecorderError;
use index::TrackIndex;

/// `tracks.json`: what the player needs to put the files in step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracks {
    /// Where the time line begins, UTC µs.
    pub t0: i64,
    pub duration_us: u64,
    pub tracks: Vec<Track>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    Audio,
    Video,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    pub track: String,
    pub person: Option<String>,
    pub source: String,
    pub kind: TrackKind,
    pub codec: String,
    /// File name beside `tracks.json`.
    pub file: String,
    /// From `t0` to the file's first sample.
    pub start_us: u64,
    pub duration_us: u64,
    /// Of the first picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Receive time of the track's first packet, UTC µs.
    pub first_packet_wall_us: i64,
    /// Segments it was made from.
    pub segments: Vec<String>,
    /// Pictures, or packets of sound (filled silence not counted).
    pub samples: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the recording cannot be read: {0}")]
    Recording(#[from] RecorderError),
    #[error("{track}: {detail}")]
    Mux { track: String, detail: String },
}

/// Makes the files in `out` from the recording in `dir`, which must not be recording any more, and `tracks.json` last.
/// `progress` is told how many of how many tracks are done.
///
/// # Errors
/// When files cannot be read or written, or GStreamer lacks what is needed.
pub fn tracks(
    dir: &Path,
    out: &Path,
    mut progress: impl FnMut(usize, usize),
) -> Result<Tracks, DeriveError> {
    fs::create_dir_all(out)?;
    let indexes = index::read(dir)?;
    let placed: Vec<_> = indexes
        .iter()
        .map(|track| timeline::place(track, &seat_reports(&indexes, track)))
        .collect();
    // A sender's clock may place what it captured before the first packet came.
    let t0 = placed
        .iter()
        .flatten()
        .map(|packet| packet.time_us)
        .chain(indexes.iter().map(|track| track.first_wall_us))
        .min()
        .unwrap_or(0);
    let of = indexes.len();
    let mut tracks = Tracks {
        t0,
        ..Tracks::default()
    };
    progress(0, of);
    for (done, (index, packets)) in indexes.iter().zip(&placed).enumerate() {
        if let Some(track) = track::make(index, packets, t0, out)? {
            tracks.duration_us = tracks.duration_us.max(track.start_us + track.duration_us);
            tracks.tracks.push(track);
        }
        progress(done + 1, of);
    }
    let json = canonical::to_string(&tracks).map_err(io::Error::other)?;
    fs::write(out.join("tracks.json"), json)?;
    Ok(tracks)
}

/// What a seat's device said of its clock, over all tracks of the seat.
fn seat_reports(indexes: &[TrackIndex], track: &TrackIndex) -> Vec<rtp::SenderReport> {
    indexes
        .iter()
        .filter(|other| other.seat == track.seat)
        .flat_map(|other| other.reports.iter().copied())
        .collect()
}
