//! Files that are written once, whole, and are on the disk when the journal names them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct FileError {
    path: String,
    source: std::io::Error,
}

/// Where a session's files are: `recording`, `media`, `stills`, `documents`, `receipts`.
#[must_use]
pub fn session_dir(data: &Path, session: &str) -> PathBuf {
    data.join("sessions").join(session)
}

/// Writes `bytes` under `path` by way of a temporary name, synced before and after the rename. A file that is there
/// already stays as it is.
///
/// # Errors
/// When the disk refuses.
pub fn write_once(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let fault = |source| FileError {
        path: path.display().to_string(),
        source,
    };
    if path.exists() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(fault)?;
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = parent.join(format!(".{}-{number}.part", std::process::id()));
    let written = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(parent)?.sync_all()
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(fault)
}

/// Where a still is, by its digest; `extension` is `jpg` or `png`.
#[must_use]
pub fn still(session_dir: &Path, digest: &str, extension: &str) -> PathBuf {
    session_dir
        .join("stills")
        .join(format!("{digest}.{extension}"))
}
