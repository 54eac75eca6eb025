//! The first pass: where each packet lies and what its header says, by track, in order of arrival. Payloads stay on the
//! disk, so an hour of a track costs some tens of megabytes of memory, not hundreds.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use kanjie_evidence::pcapng::{Kind, ReadFault, Reader};

use super::DeriveError;
use super::rtp::{self, SenderReport};
use crate::layout;
use crate::recorder::CodecInfo;
use crate::recorder::state::{self, SegmentState};

/// Bytes of a packet block before the RTP packet: block header, timestamps and lengths, IPv4 and UDP headers.
const BEFORE_DATA: u64 = 28 + 28;

#[derive(Clone, Debug)]
pub struct PacketRef {
    /// Index into [`TrackIndex::files`].
    pub file: usize,
    /// Of the payload in the file.
    pub offset: u64,
    pub length: usize,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    pub wall_us: i64,
}

/// A track, as long as its codec stays the same.
#[derive(Debug)]
pub struct TrackIndex {
    pub track: String,
    /// Without extension; the track's name, with a number where the codec changed.
    pub name: String,
    pub person: Option<String>,
    pub seat: String,
    pub source: String,
    pub codec: CodecInfo,
    pub segments: Vec<String>,
    pub files: Vec<PathBuf>,
    pub packets: Vec<PacketRef>,
    pub reports: Vec<SenderReport>,
    pub first_wall_us: i64,
}

/// All tracks of the recording in `dir` that have packets outside private segments.
pub fn read(dir: &Path) -> Result<Vec<TrackIndex>, DeriveError> {
    let Some((state, _)) = state::read(dir)? else {
        return Ok(Vec::new());
    };
    let mut tracks: Vec<TrackIndex> = Vec::new();
    for segment in state.segments.values() {
        if segment.opened.private {
            continue;
        }
        let track = track_of(&mut tracks, segment);
        read_segment(dir, segment, track)?;
    }
    tracks.retain(|track| !track.packets.is_empty());
    Ok(tracks)
}

fn track_of<'a>(tracks: &'a mut Vec<TrackIndex>, segment: &SegmentState) -> &'a mut TrackIndex {
    let opened = &segment.opened;
    let runs = tracks
        .iter()
        .filter(|track| track.track == opened.track)
        .count();
    let last = tracks
        .iter()
        .rposition(|track| track.track == opened.track)
        .filter(|at| tracks[*at].codec.name == opened.codec.name);
    let at = last.unwrap_or_else(|| {
        let name = match runs {
            0 => opened.track.clone(),
            n => format!("{}-{}", opened.track, n + 1),
        };
        tracks.push(TrackIndex {
            track: opened.track.clone(),
            name,
            person: opened.person.clone(),
            seat: opened.seat.clone(),
            source: opened.source.clone(),
            codec: opened.codec.clone(),
            segments: Vec::new(),
            files: Vec::new(),
            packets: Vec::new(),
            reports: Vec::new(),
            first_wall_us: i64::MAX,
        });
        tracks.len() - 1
    });
    &mut tracks[at]
}

fn read_segment(
    dir: &Path,
    segment: &SegmentState,
    track: &mut TrackIndex,
) -> Result<(), DeriveError> {
    let id = segment.opened.segment;
    let path = layout::segment(dir, id);
    let input = BufReader::with_capacity(1 << 18, File::open(&path)?);
    let mut reader = match Reader::open(input, id) {
        Ok(reader) => reader,
        Err(ReadFault::Io(error)) => return Err(error.into()),
        // A segment torn in its header holds nothing to play; the package's check is where that is told.
        Err(_) => return Ok(()),
    };
    let file = track.files.len();
    track.files.push(path);
    track.segments.push(id.to_string());
    loop {
        let at = reader.running().bytes;
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Err(ReadFault::Io(error)) => return Err(error.into()),
            Ok(None) | Err(_) => return Ok(()),
        };
        let wall_us = i64::try_from(packet.wall_us).unwrap_or(i64::MAX);
        match packet.kind {
            Kind::Rtcp => track
                .reports
                .extend(rtp::sender_report(packet.data, wall_us)),
            Kind::Rtp => {
                let Some(header) = rtp::header(packet.data) else {
                    continue;
                };
                track.first_wall_us = track.first_wall_us.min(wall_us);
                track.packets.push(PacketRef {
                    file,
                    offset: at + BEFORE_DATA + header.payload.start as u64,
                    length: header.payload.len(),
                    ssrc: header.ssrc,
                    sequence: header.sequence,
                    timestamp: header.timestamp,
                    marker: header.marker,
                    wall_us,
                });
            }
        }
    }
}
