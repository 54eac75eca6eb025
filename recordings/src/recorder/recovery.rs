//! What a killed process left: notes, segments and checkpoints, each torn at its end at worst. Torn ends are cut, heads
//! are computed anew, open segments are closed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader};
use std::path::Path;

use kanjie_evidence::pcapng::{ReadFault, Reader};
use kanjie_evidence::{CheckpointLine, Leaves, RunningHead, SegmentId};

use super::state::{self, Closed, Note, Notes, Opened, SegmentState, State};
use super::{RecorderError, RecorderEvent, Recovered};
use crate::layout;

/// Everything that a writer goes on from.
pub struct Found {
    pub state: State,
    pub notes: Notes,
    pub leaves: Leaves,
}

/// Recovers the recording in `dir`; `None` if there was none.
pub fn recover(
    dir: &Path,
    sink: &dyn Fn(RecorderEvent),
) -> Result<(Found, Option<Recovered>), RecorderError> {
    let Some((mut state, whole)) = state::read(dir)? else {
        let found = Found {
            state: State::default(),
            notes: Notes::open(dir)?,
            leaves: Leaves::new(),
        };
        return Ok((found, None));
    };
    let mut notes = Notes::open(dir)?;
    notes.cut(whole)?;
    let leaves = checkpoints(dir)?;
    let mut recovered = Recovered::default();
    let open: Vec<Opened> = state
        .segments
        .values()
        .filter(|segment| segment.closed.is_none())
        .map(|segment| segment.opened.clone())
        .collect();
    for opened in open {
        let segment = opened.segment;
        let leaf = leaves.get(&segment).and_then(|leaf| leaf.opened);
        let attested = leaf.map(|leaf| leaf.covered);
        let note = match close(dir, &opened, attested, &mut recovered, sink)? {
            Some(closed) => {
                recovered.segments += 1;
                Note::Closed(closed)
            }
            None => Note::Dropped(segment),
        };
        notes.append(&note)?;
        state.take(note)?;
    }
    for segment in state.segments.values() {
        report(segment, sink);
    }
    recovered.last_wall_us = state
        .segments
        .values()
        .filter_map(|segment| segment.closed?.last_wall_us)
        .max();
    let found = Found {
        state,
        notes,
        leaves,
    };
    Ok((found, Some(recovered)))
}

/// The leaves as of the last whole line.
fn checkpoints(dir: &Path) -> Result<Leaves, RecorderError> {
    let path = layout::checkpoints(dir);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Leaves::new()),
        Err(error) => return Err(error.into()),
    };
    let mut leaves = Leaves::new();
    let (lines, whole) = state::whole_lines(&bytes);
    for line in lines {
        let line = CheckpointLine::from_line(line)
            .map_err(|e| RecorderError::Damaged(format!("checkpoints.jsonl: {e}")))?;
        leaves
            .apply(&line)
            .map_err(|e| RecorderError::Damaged(format!("checkpoints.jsonl: {e}")))?;
    }
    if whole < bytes.len() as u64 {
        let file = OpenOptions::new().write(true).open(&path)?;
        file.set_len(whole)?;
        file.sync_data()?;
    }
    Ok(leaves)
}

/// The whole blocks of a segment's file.
struct Scan {
    running: RunningHead,
    /// Receive time of the last packet, UTC µs.
    last_wall_us: Option<i64>,
    /// What the last checkpoint covers is there, unchanged.
    intact: bool,
}

/// Cuts the torn end and says how the segment ends; `None` if it never got its header. Where the disk lost what a
/// checkpoint covers, that checkpoint's word stands: the loss must show in every later check, never be papered over.
fn close(
    dir: &Path,
    opened: &Opened,
    attested: Option<RunningHead>,
    recovered: &mut Recovered,
    sink: &dyn Fn(RecorderEvent),
) -> Result<Option<Closed>, RecorderError> {
    let segment = opened.segment;
    let path = layout::segment(dir, segment);
    let scan = match File::open(&path) {
        Ok(file) => scan(file, segment, attested)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(scan) = &scan {
        let file = OpenOptions::new().write(true).open(&path)?;
        recovered.cut_bytes += file.metadata()?.len().saturating_sub(scan.running.bytes);
        file.set_len(scan.running.bytes)?;
        file.sync_data()?;
    }
    let (covered, last_wall_us) = match (scan, attested) {
        (Some(scan), _) if scan.intact => (scan.running, scan.last_wall_us),
        (None, None) => return remove(dir, &path).map(|()| None),
        (scan, attested) => {
            let kept = scan.as_ref().map_or(0, |scan| scan.running.packets);
            let last = scan.as_ref().and_then(|scan| scan.last_wall_us);
            let covered = attested.unwrap_or(RunningHead::new(&segment));
            tracing::error!(%segment, kept, covered = covered.packets, "the disk lost attested packets");
            sink(RecorderEvent::Gap {
                track: opened.track.clone(),
                cause: "damaged".to_owned(),
                from: last.unwrap_or(0),
                until: last.unwrap_or(0),
                packets_lost: covered.packets.saturating_sub(kept),
            });
            (covered, last)
        }
    };
    Ok(Some(Closed {
        segment,
        head: covered.head,
        bytes: covered.bytes,
        packets: covered.packets,
        last_wall_us,
    }))
}

fn remove(dir: &Path, path: &Path) -> Result<(), RecorderError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(layout::sync_dir(dir)?),
    }
}

/// `None` if the header itself is torn.
fn scan(file: File, segment: SegmentId, attested: Option<RunningHead>) -> io::Result<Option<Scan>> {
    let mut reader = match Reader::open(BufReader::with_capacity(1 << 18, file), segment) {
        Ok(reader) => reader,
        Err(ReadFault::Io(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let mut last_wall_us = None;
    let mut intact = attested.is_none_or(|attested| attested == reader.running());
    loop {
        match reader.next_packet() {
            Ok(Some(packet)) => {
                last_wall_us = last_wall_us.max(i64::try_from(packet.wall_us).ok());
                intact |= attested == Some(reader.running());
            }
            Err(ReadFault::Io(error)) => return Err(error),
            // A power cut may leave zeros or stale bytes behind the last synced block.
            Ok(None) | Err(_) => {
                return Ok(Some(Scan {
                    running: reader.running(),
                    last_wall_us,
                    intact,
                }));
            }
        }
    }
}

fn report(segment: &SegmentState, sink: &dyn Fn(RecorderEvent)) {
    sink(opened_event(&segment.opened));
    if let Some(closed) = segment.closed {
        sink(closed_event(&closed));
    }
}

pub fn closed_event(closed: &Closed) -> RecorderEvent {
    RecorderEvent::SegmentClosed {
        segment: closed.segment.to_string(),
        bytes: closed.bytes,
        packets: closed.packets,
    }
}

pub fn opened_event(opened: &Opened) -> RecorderEvent {
    RecorderEvent::SegmentOpened {
        segment: opened.segment.to_string(),
        track: opened.track.clone(),
        person: opened.person.clone(),
        source: opened.source.clone(),
        codec: opened.codec.name.clone(),
        private: opened.private,
    }
}
