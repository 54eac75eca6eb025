//! A room's side of the recorder: what it reports becomes entries, and checkpoints bind the media to the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kanjie_domain::session::{Recording as Recorded, Stage};
use kanjie_domain::{Event, PersonId, Report, Session};
use kanjie_media::{Limits, Tap, TrackId};
use kanjie_recordings::{Checkpoint, Recorder, RecorderConfig, RecorderError, RecorderEvent};
use tokio::sync::mpsc;

use super::acts::ActError;
use super::journal::JournalError;
use super::policy::Allowed;
use super::room::Room;
use super::tap::{Holders, RecordingTap};

/// How long after a trouble of the recorder it is tried again.
const RETRY: Duration = Duration::from_secs(5);

pub struct Recording {
    dir: PathBuf,
    session: String,
    /// Where the relay's monotonic clock begins.
    epoch: Instant,
    recorder: Option<Recorder>,
    told: mpsc::UnboundedSender<RecorderEvent>,
    events: mpsc::UnboundedReceiver<RecorderEvent>,
    retry_at: Option<Instant>,
    private: bool,
    holders: Holders,
    /// Seats from which nothing comes: since when, UTC µs, and what of theirs was being recorded.
    silent: BTreeMap<String, (i64, BTreeSet<String>)>,
}

impl Recording {
    #[must_use]
    pub fn new(session_dir: PathBuf, session: &str, epoch: Instant) -> Self {
        let (told, events) = mpsc::unbounded_channel();
        Self {
            dir: session_dir.join("recording"),
            session: session.to_owned(),
            epoch,
            recorder: None,
            told,
            events,
            retry_at: None,
            private: false,
            holders: Holders::default(),
            silent: BTreeMap::new(),
        }
    }

    pub async fn next_event(&mut self) -> Option<RecorderEvent> {
        self.events.recv().await
    }

    /// Keeps in mind who holds which seat, for naming the tracks.
    pub fn seats(&self, state: &Session) {
        self.holders.set(state);
    }

    #[must_use]
    pub const fn wants_checkpoint(&self) -> bool {
        self.recorder.is_some()
    }

    /// Whether what is recorded now goes into private segments.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.private
    }

    /// Whether everything that the recorder reported is journalled.
    #[must_use]
    pub fn has_no_news(&self) -> bool {
        self.events.is_empty()
    }

    /// Opens the recorder; returns when the last packet of one before it was received, UTC µs.
    async fn open(&mut self, private: bool) -> Result<Option<i64>, RecorderError> {
        let told = self.told.clone();
        let (dir, session) = (self.dir.clone(), self.session.clone());
        let config = RecorderConfig {
            epoch: self.epoch,
            ..RecorderConfig::default()
        };
        let opened = tokio::task::spawn_blocking(move || {
            Recorder::open(&dir, &session, config, move |event| {
                // The room is gone only when the process ends.
                let _ = told.send(event);
            })
        });
        let (recorder, recovered) = opened.await.map_err(RecorderError::gone)??;
        recorder.set_private(private).await?;
        self.recorder = Some(recorder);
        self.private = private;
        self.retry_at = None;
        Ok(recovered.and_then(|recovered| recovered.last_wall_us))
    }

    fn tap(&self) -> Option<Arc<dyn Tap>> {
        let intake = self.recorder.as_ref()?.intake();
        Some(Arc::new(RecordingTap::new(intake, self.holders.clone())))
    }

    pub async fn stop(&mut self) {
        if let Some(recorder) = self.recorder.take() {
            recorder.stop().await;
        }
    }
}

impl Room {
    /// After a restart: what was being written is closed, and the time without recording is a journalled gap.
    pub(super) async fn recover_recording(&mut self) -> Result<(), ActError> {
        self.recording.seats(&self.journal.state);
        if matches!(self.journal.state.stage, Stage::Scheduled | Stage::Closed) {
            return Ok(());
        }
        let was_recording = !self.journal.ledger.open_segments.is_empty();
        let last = match self
            .recording
            .open(self.journal.state.is_deliberating())
            .await
        {
            Ok(last) => last,
            Err(error) => return self.recording_trouble(&error.to_string()).await,
        };
        self.journal_recorder_events().await?;
        if let (true, Some(from)) = (was_recording, last) {
            let until = self.now();
            self.report(&Report::RecordingGap {
                track: None,
                cause: "process_died".to_owned(),
                from: from.min(until),
                until,
                packets_lost: None,
            })
            .await?;
        }
        Ok(())
    }

    /// From the lobby to the end of the session the recorder is open, or the journal says that it is not.
    pub(super) async fn keep_recording(&mut self) -> Result<(), ActError> {
        if self.recording.recorder.is_none() {
            if self
                .recording
                .retry_at
                .is_some_and(|at| Instant::now() < at)
            {
                return Ok(());
            }
            if let Err(error) = self
                .recording
                .open(self.journal.state.is_deliberating())
                .await
            {
                return self.recording_trouble(&error.to_string()).await;
            }
            self.journal_recorder_events().await?;
            // The relay's tap fed the recorder before; the room opens anew with this one's.
            if self.media.is_open() {
                self.media.close().await;
            }
        }
        if !self.journal.state.recording.is_running() {
            self.report(&Report::RecordingStarted).await?;
        }
        Ok(())
    }

    /// Opens the relay's room with the recorder's tap, closed to all until the state says otherwise.
    pub(super) async fn open_media(&mut self) {
        if self.media.is_open() {
            return;
        }
        let Some(tap) = self.recording.tap() else {
            return;
        };
        match self.media.open(tap).await {
            Ok(()) => {
                let allowed = Allowed::by(&self.journal.state);
                self.media.apply(allowed).await;
            }
            Err(error) => {
                tracing::error!(session = self.journal.id(), %error, "the relay has no room")
            }
        }
    }

    async fn recording_trouble(&mut self, detail: &str) -> Result<(), ActError> {
        tracing::error!(session = self.journal.id(), detail, "the recording stopped");
        self.recording.stop().await;
        self.recording.retry_at = Some(Instant::now() + RETRY);
        if matches!(self.journal.state.recording, Recorded::Running { .. }) {
            let detail = "storage".to_owned();
            self.report(&Report::RecordingStopped { detail }).await?;
        }
        Ok(())
    }

    /// Journals what the recorder has reported so far.
    pub(super) async fn journal_recorder_events(&mut self) -> Result<(), ActError> {
        while let Ok(event) = self.recording.events.try_recv() {
            self.recorder_report(event).await?;
        }
        Ok(())
    }

    pub(super) async fn recorder_event(&mut self, event: RecorderEvent) {
        if let Err(error) = self.recorder_report(event).await {
            tracing::error!(session = self.journal.id(), %error, "a report of the recorder was lost");
        }
    }

    async fn recorder_report(&mut self, event: RecorderEvent) -> Result<(), ActError> {
        if let RecorderEvent::SegmentOpened { track, .. } = &event {
            self.media.picture_for(track).await;
        }
        let report = match event {
            RecorderEvent::SegmentOpened {
                segment,
                track,
                person,
                source,
                codec,
                private,
            } => Report::SegmentOpened {
                segment,
                track,
                person: person.map(PersonId),
                source,
                codec,
                private,
            },
            RecorderEvent::SegmentClosed {
                segment,
                bytes,
                packets,
            } => Report::SegmentClosed {
                segment,
                bytes,
                packets,
            },
            RecorderEvent::Gap {
                track,
                cause,
                from,
                until,
                packets_lost,
            } => Report::RecordingGap {
                track: Some(track),
                cause,
                from,
                until,
                packets_lost: Some(packets_lost),
            },
            RecorderEvent::Trouble { detail } => return self.recording_trouble(&detail).await,
        };
        self.report(&report).await
    }

    /// A checkpoint for the entry to come. `None`: the recorder had to be opened first, which may have news.
    pub(super) async fn fresh_checkpoint(&mut self) -> Result<Option<Event>, JournalError> {
        let checkpoint = match &self.recording.recorder {
            Some(recorder) => recorder.checkpoint().await,
            None => {
                self.recording
                    .open(self.journal.state.is_deliberating())
                    .await
                    .map_err(JournalError::recording)?;
                return Ok(None);
            }
        };
        let checkpoint = checkpoint.map_err(JournalError::recording)?;
        Ok(Some(self.checkpoint_event(&checkpoint)))
    }

    pub(super) async fn journal_checkpoint(&mut self) {
        for _ in 0..2 {
            if let Err(error) = self.journal_recorder_events().await {
                tracing::error!(session = self.journal.id(), %error, "no checkpoint");
                return;
            }
            match self.fresh_checkpoint().await {
                Ok(Some(event)) => {
                    let at = self.now();
                    let batch = vec![(kanjie_domain::Actor::System, event)];
                    if let Err(error) = self.commit(at, batch).await {
                        tracing::warn!(session = self.journal.id(), %error, "no checkpoint");
                    }
                    return;
                }
                Ok(None) => {}
                Err(error) => {
                    let stopped = self.recording_trouble(&error.to_string()).await;
                    if let Err(error) = stopped {
                        tracing::error!(session = self.journal.id(), %error, "not journalled");
                    }
                    return;
                }
            }
        }
    }

    fn checkpoint_event(&self, checkpoint: &Checkpoint) -> Event {
        Event::Checkpoint {
            number: checkpoint.number,
            root: checkpoint.root.to_string(),
            wall_us: checkpoint.wall_us,
            mono_us: checkpoint.mono_us,
            clock: self.deps.clock_word().to_owned(),
        }
    }

    /// Before closing: nothing is received any more and every segment is closed and journalled.
    pub(super) async fn finish_recording(&mut self) -> Result<(), ActError> {
        self.media.close().await;
        if let Some(recorder) = &self.recording.recorder
            && let Err(error) = recorder.close_segments().await
        {
            tracing::error!(session = self.journal.id(), %error, "segments were not closed");
        }
        self.journal_recorder_events().await
    }

    pub(super) async fn set_private(&mut self, private: bool) {
        self.recording.private = private;
        if let Some(recorder) = &self.recording.recorder
            && let Err(error) = recorder.set_private(private).await
        {
            tracing::error!(session = self.journal.id(), %error, private, "segments were not cut");
        }
    }

    /// Packets that the tap itself could not hand on; what the recorder's queue drops it reports by itself.
    pub(super) async fn note_overflow(&mut self, track: &TrackId, lost: u64) {
        let until = self.now();
        let report = Report::RecordingGap {
            track: Some(super::tap::track_name(track)),
            cause: "overflow".to_owned(),
            from: until - 1_000_000,
            until,
            packets_lost: Some(lost),
        };
        if let Err(error) = self.report(&report).await {
            tracing::error!(session = self.journal.id(), %error, lost, "a gap was not journalled");
        }
    }

    /// R30: the network took a seat away, as the relay found after its patience.
    pub(super) fn fell_silent(&mut self, seat: &str) {
        let patience = i64::try_from(Limits::default().vanish_s).unwrap_or(0) * 1_000_000;
        let since = self.now() - patience;
        let prefix = format!("{seat}-");
        let open = self.journal.ledger.open_segments.values();
        let tracks = open.filter(|track| track.starts_with(&prefix)).cloned();
        let silent = (since, tracks.collect());
        self.recording
            .silent
            .entry(seat.to_owned())
            .or_insert(silent);
    }

    /// It is back: what its tracks lack is a journalled gap.
    pub(super) async fn is_heard_again(&mut self, seat: &str) {
        let Some((from, tracks)) = self.recording.silent.remove(seat) else {
            return;
        };
        let until = self.now();
        for track in tracks {
            let report = Report::RecordingGap {
                track: Some(track),
                cause: "network".to_owned(),
                from,
                until,
                packets_lost: None,
            };
            if let Err(error) = self.report(&report).await {
                tracing::error!(session = self.journal.id(), seat, %error, "a gap was not journalled");
            }
        }
    }

    pub(super) async fn end_track(&mut self, track: &TrackId) {
        if let Some(recorder) = &self.recording.recorder {
            recorder.end_track(super::tap::track_name(track)).await;
        }
    }
}
