//! Playable files of closed sessions: one per track, derived from the recording, made again whenever they are missing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use kanjie_recordings::derive::{self, DeriveError};
use tokio::sync::watch;

/// The list of tracks; its presence says that all of them are whole.
const LIST: &str = "tracks.json";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Making { done: usize, of: usize },
    Ready,
    Failed,
}

/// What is being made in this process.
#[derive(Clone, Debug, Default)]
pub struct Playbacks(Arc<Mutex<HashMap<String, watch::Sender<Progress>>>>);

impl Playbacks {
    /// Begins to make a session's files unless they are there or under way. A failure is not tried again in this process.
    pub fn begin(&self, session: &str, dir: PathBuf) -> watch::Receiver<Progress> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(progress) = known.get(session) {
            return progress.subscribe();
        }
        let ready = list(&dir).exists();
        let (progress, watched) = watch::channel(if ready {
            Progress::Ready
        } else {
            Progress::Making { done: 0, of: 0 }
        });
        known.insert(session.to_owned(), progress.clone());
        drop(known);
        if !ready {
            tokio::spawn(make_and_tell(session.to_owned(), dir, progress));
        }
        watched
    }
}

async fn make_and_tell(session: String, dir: PathBuf, progress: watch::Sender<Progress>) {
    let told = progress.clone();
    let made = tokio::task::spawn_blocking(move || {
        make(&dir, |done, of| {
            told.send_replace(Progress::Making { done, of });
        })
    });
    let end = match made.await {
        Ok(Ok(())) => Progress::Ready,
        Ok(Err(error)) => {
            tracing::error!(session, %error, "the recording cannot be played");
            Progress::Failed
        }
        Err(error) => {
            tracing::error!(session, %error, "making the playable files failed");
            Progress::Failed
        }
    };
    progress.send_replace(end);
}

/// Where a session's list of tracks is.
#[must_use]
pub fn list(session_dir: &Path) -> PathBuf {
    media(session_dir).join(LIST)
}

/// Where a session's playable files are.
#[must_use]
pub fn media(session_dir: &Path) -> PathBuf {
    session_dir.join("media")
}

fn make(session_dir: &Path, progress: impl FnMut(usize, usize)) -> Result<(), DeriveError> {
    derive::tracks(&recording(session_dir), &media(session_dir), progress)?;
    Ok(())
}

/// Makes a closed session's playable files unless they are there; for commands without a running server.
///
/// # Errors
/// When the recording cannot be read or the files not written.
pub fn ensure(session_dir: &Path) -> Result<(), DeriveError> {
    if list(session_dir).exists() {
        return Ok(());
    }
    make(session_dir, |_, _| {})
}

/// Where a session's recorded packets are.
#[must_use]
pub fn recording(session_dir: &Path) -> PathBuf {
    session_dir.join("recording")
}
