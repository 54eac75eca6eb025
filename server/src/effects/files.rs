//! Files that are written once, whole, and are on the disk when the journal names them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

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
    let temporary = parent.join(format!(".{}.part", uuid::Uuid::new_v4().simple()));
    let written = (|| {
        let mut file = File::create_new(&temporary)?;
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
    session_dir.join("stills").join(format!("{digest}.{extension}"))
}
