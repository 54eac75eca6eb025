//! The recorder of one session: a thread that takes packets and commands from one ordered queue and writes segments.
//!
//! Packets come by [`Intake::offer`], which never waits: what finds the queue full is counted and reported as a
//! [`RecorderEvent::Gap`]. Commands are never dropped. What was taken in is handed to the system within 0.1 s and
//! synced to the disk within [`RecorderConfig::sync_every`]. It writes no journal: the caller journals what it reports.

mod queue;
mod recovery;
pub(crate) mod segment;
pub(crate) mod state;
mod writer;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kanjie_evidence::Hash;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::layout;
use queue::{Command, Queue};
use writer::Writer;

pub use kanjie_evidence::pcapng::Kind;

/// A codec as the publisher negotiated it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodecInfo {
    /// `opus`, `vp8` or `h264`.
    pub name: String,
    /// RTP ticks a second.
    pub clock_rate: u32,
    /// 0 for video.
    pub channels: u8,
    /// `a=fmtp` parameters, empty if none.
    pub fmtp: String,
}

/// A packet as received, after decryption.
#[derive(Clone, Debug)]
pub struct Received {
    /// `{seat}-{source}`.
    pub track: String,
    pub person: Option<String>,
    pub seat: String,
    pub source: String,
    pub kind: Kind,
    pub codec: CodecInfo,
    pub ssrc: u32,
    /// A whole RTP or RTCP packet.
    pub data: Bytes,
    /// Receive time, UTC µs.
    pub wall_us: i64,
    /// Receive time on the monotonic clock of [`RecorderConfig::epoch`], µs.
    pub mono_us: u64,
    /// It came by retransmission.
    pub recovered: bool,
}

#[derive(Clone, Debug)]
pub struct RecorderConfig {
    /// A segment is closed when it spans this much.
    pub segment_max: Duration,
    /// Packets that may wait for the writer.
    pub queue: usize,
    /// At most this long from taking a packet to its being synced.
    pub sync_every: Duration,
    /// Where the monotonic clock of packets and checkpoints begins.
    pub epoch: Instant,
}

impl Default for RecorderConfig {
    fn default() -> Self {
        Self {
            segment_max: Duration::from_secs(600),
            queue: 16_384,
            sync_every: Duration::from_millis(500),
            epoch: Instant::now(),
        }
    }
}

/// What the caller journals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecorderEvent {
    SegmentOpened {
        segment: String,
        track: String,
        person: Option<String>,
        source: String,
        codec: String,
        private: bool,
    },
    SegmentClosed {
        segment: String,
        bytes: u64,
        packets: u64,
    },
    /// Packets of a track are missing. `overflow`: the queue was full; `damaged`: the disk lost what a checkpoint covers.
    Gap {
        track: String,
        cause: String,
        /// UTC µs.
        from: i64,
        until: i64,
        packets_lost: u64,
    },
    /// The disk refused; nothing more is recorded by this recorder.
    Trouble { detail: String },
}

/// A point up to which everything is on the disk; the caller journals it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub number: u64,
    pub root: Hash,
    pub wall_us: i64,
    pub mono_us: u64,
}

/// What was found of a recorder before this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Receive time of the last packet kept, UTC µs.
    pub last_wall_us: Option<i64>,
    /// Segments that had not been closed.
    pub segments: usize,
    /// Bytes of torn blocks cut off.
    pub cut_bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    #[error("the recording cannot be written: {0}")]
    Io(#[from] io::Error),
    #[error("the recording's own notes are damaged: {0}")]
    Damaged(String),
    #[error("another recorder is writing this recording")]
    Busy,
    #[error("the recorder has stopped")]
    Stopped,
}

impl RecorderError {
    /// For the error of a task that ran [`Recorder::open`].
    pub fn gone<E>(_: E) -> Self {
        Self::Stopped
    }
}

/// Hands packets to the recorder from any thread.
#[derive(Clone, Debug)]
pub struct Intake(Arc<Queue>);

impl Intake {
    /// Never waits. A packet that finds the queue full is counted and reported.
    pub fn offer(&self, packet: Received) {
        self.0.offer(packet);
    }
}

/// A running recorder. Dropped, it finishes what is queued and closes its segments by itself.
#[derive(Debug)]
pub struct Recorder {
    queue: Arc<Queue>,
}

impl Recorder {
    /// Opens the recording in `dir`, which is made if it is absent, and recovers what a killed process left: torn ends
    /// are cut, open segments closed. After recovery [`RecorderEvent::SegmentOpened`] and
    /// [`RecorderEvent::SegmentClosed`] are reported again for every segment of the recording, since the process may
    /// have died before they were journalled: the caller journals those that its journal lacks. They are reported before
    /// this returns. Blocks on the disk.
    ///
    /// # Errors
    /// When the disk refuses, another recorder holds `dir`, or the notes in it are damaged beyond a torn end.
    pub fn open(
        dir: &Path,
        session: &str,
        config: RecorderConfig,
        sink: impl Fn(RecorderEvent) + Send + 'static,
    ) -> Result<(Self, Option<Recovered>), RecorderError> {
        fs::create_dir_all(dir)?;
        let lock = lock(dir)?;
        let (found, recovered) = recovery::recover(dir, &sink)?;
        let queue = Arc::new(Queue::new(config.queue));
        let writer = Writer::new(dir, config, found, Box::new(sink), Arc::clone(&queue))?;
        let name = format!("recorder {session}");
        thread::Builder::new().name(name).spawn(move || {
            writer.run();
            drop(lock);
        })?;
        Ok((Self { queue }, recovered))
    }

    #[must_use]
    pub fn intake(&self) -> Intake {
        Intake(Arc::clone(&self.queue))
    }

    /// Cuts all segments where it changes; later packets go into segments of that privacy.
    ///
    /// # Errors
    /// When the disk refused or the recorder has stopped.
    pub async fn set_private(&self, private: bool) -> Result<(), RecorderError> {
        self.ask(|reply| Command::SetPrivate(private, reply)).await
    }

    /// Closes the track's segment, if one is open; a later packet of it opens another.
    pub async fn end_track(&self, track: impl Into<String>) {
        let track = track.into();
        // A recorder that has stopped has no open segment.
        let _ = self.ask(|reply| Command::EndTrack(track, reply)).await;
    }

    /// Closes all segments. Packets that come later open others.
    ///
    /// # Errors
    /// When the disk refused or the recorder has stopped.
    pub async fn close_segments(&self) -> Result<(), RecorderError> {
        self.ask(Command::CloseSegments).await
    }

    /// Syncs everything offered so far and writes a line of `checkpoints.jsonl`. What the sink was told before the
    /// reply must be journalled before the checkpoint is.
    ///
    /// # Errors
    /// When the disk refused or the recorder has stopped.
    pub async fn checkpoint(&self) -> Result<Checkpoint, RecorderError> {
        self.ask(Command::Checkpoint).await
    }

    /// Closes all segments and ends. The last checkpoint is taken before, after [`Recorder::close_segments`].
    pub async fn stop(self) {
        // A recorder that has stopped already is what is wanted.
        let _ = self.ask(Command::Stop).await;
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, RecorderError> {
        let (reply, answer) = oneshot::channel();
        self.queue.command(command(reply));
        answer.await.map_err(|_| RecorderError::Stopped)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let (reply, _) = oneshot::channel();
        self.queue.command(Command::Stop(reply));
    }
}

/// One recorder a directory. One that was just dropped may still be closing its segments: it gets a while.
fn lock(dir: &Path) -> Result<File, RecorderError> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let file = File::create(layout::lock(dir))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) if begun.elapsed() > PATIENCE => {
                return Err(RecorderError::Busy);
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
}
