//! The recorder's own notes, `state.jsonl`: one JSON object a line, only ever appended, synced before the first packet
//! of the segment that it is about. They hold the nonces, so they are readable by the owner alone.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use kanjie_evidence::digest::Nonce;
use kanjie_evidence::{Hash, RunningHead, SegmentId};
use serde::{Deserialize, Serialize};

use super::{CodecInfo, RecorderError};
use crate::layout;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub segment: SegmentId,
    pub nonce: Nonce,
    pub track: String,
    pub person: Option<String>,
    pub seat: String,
    pub source: String,
    pub codec: CodecInfo,
    pub private: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    pub segment: SegmentId,
    pub head: Hash,
    pub bytes: u64,
    pub packets: u64,
    /// Receive time of the last packet, UTC µs.
    pub last_wall_us: Option<i64>,
}

impl Closed {
    pub const fn covered(&self) -> RunningHead {
        RunningHead {
            head: self.head,
            bytes: self.bytes,
            packets: self.packets,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    Opened(Opened),
    Closed(Closed),
    /// The segment never got its header: it holds nothing and was reported to nobody.
    Dropped(SegmentId),
    Private(bool),
}

#[derive(Clone, Debug)]
pub struct SegmentState {
    pub opened: Opened,
    pub closed: Option<Closed>,
}

/// All notes folded.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub segments: BTreeMap<SegmentId, SegmentState>,
    /// The highest counter ever used, dropped segments included.
    pub last_counter: u64,
    pub private: bool,
}

impl State {
    /// # Errors
    /// When the note makes no sense after those before it.
    pub fn take(&mut self, note: Note) -> Result<(), RecorderError> {
        match note {
            Note::Opened(opened) => {
                let segment = opened.segment;
                self.last_counter = self.last_counter.max(segment.counter);
                let state = SegmentState {
                    opened,
                    closed: None,
                };
                self.segments.insert(segment, state);
            }
            Note::Closed(closed) => {
                let Some(state) = self.segments.get_mut(&closed.segment) else {
                    let detail = format!("{} closed but never opened", closed.segment);
                    return Err(RecorderError::Damaged(detail));
                };
                state.closed = Some(closed);
            }
            Note::Dropped(segment) => {
                self.segments.remove(&segment);
            }
            Note::Private(private) => self.private = private,
        }
        Ok(())
    }
}

/// The whole lines of a file that is only appended to, and the length they take up: a torn last line is left out.
pub fn whole_lines(bytes: &[u8]) -> (impl Iterator<Item = &[u8]>, u64) {
    let length = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
    let lines = bytes[..length]
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty());
    (lines, length as u64)
}

/// Reads the notes in `dir`, and how many bytes of them are whole; none if there are none.
///
/// # Errors
/// When they cannot be read or a whole line makes no sense.
pub fn read(dir: &Path) -> Result<Option<(State, u64)>, RecorderError> {
    let bytes = match std::fs::read(layout::state(dir)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut state = State::default();
    let (lines, length) = whole_lines(&bytes);
    for line in lines {
        let note =
            serde_json::from_slice(line).map_err(|e| RecorderError::Damaged(e.to_string()))?;
        state.take(note)?;
    }
    Ok(Some((state, length)))
}

/// Appends notes, each synced before it returns.
#[derive(Debug)]
pub struct Notes(File);

impl Notes {
    /// # Errors
    /// When the disk refuses.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(layout::state(dir))?;
        layout::sync_dir(dir)?;
        Ok(Self(file))
    }

    /// # Errors
    /// When the disk refuses.
    pub fn append(&mut self, note: &Note) -> io::Result<()> {
        let mut line = serde_json::to_vec(note)?;
        line.push(b'\n');
        self.0.write_all(&line)?;
        self.0.sync_data()
    }

    /// Leaves out what stands behind the first `length` bytes.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)?;
        self.0.sync_data()
    }
}
