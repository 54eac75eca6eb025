//! Files on their way to a case: written piece by piece, resumed after a loss, looked into when they are whole
//! (docs/protocol/api.md section 6).
//!
//! The database's number of bytes is what counts. What the disk has beyond it was never acknowledged, and is written over.

mod kind;
mod receive;

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use kanjie_evidence::{Digester, Hash};
use kanjie_store::{Upload, UploadQuota};

pub use kind::Kind;
pub use receive::{Checksum, Received, receive};

use crate::files;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Largest file, bytes.
pub const LARGEST: i64 = 100 * 1024 * 1024;
/// How long a file may take to become whole, µs.
pub const LIFE_US: i64 = 24 * 3_600 * 1_000_000;
/// What one person may have unfinished.
pub const QUOTA: UploadQuota = UploadQuota {
    files: 20,
    bytes: 500 * 1024 * 1024,
};
/// Expired ones that are removed at a time.
const SWEEP: u32 = 50;

/// Who writes to which upload just now: one at a time. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Writers(Arc<Mutex<HashSet<String>>>);

impl Writers {
    /// The right to write, until it is dropped.
    ///
    /// # Errors
    /// `upload_locked` while another has it.
    pub fn take(&self, id: &str) -> Result<Writing, Problem> {
        let mut writing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !writing.insert(id.to_owned()) {
            return Err(ProblemCode::UploadLocked.into());
        }
        Ok(Writing {
            writers: self.clone(),
            id: id.to_owned(),
        })
    }
}

/// The right to write to one upload.
#[derive(Debug)]
pub struct Writing {
    writers: Writers,
    id: String,
}

impl Drop for Writing {
    fn drop(&mut self) {
        let writers = &self.writers.0;
        let mut writing = writers.lock().unwrap_or_else(PoisonError::into_inner);
        writing.remove(&self.id);
    }
}

/// Where the bytes of an unfinished file are.
#[must_use]
pub fn part(services: &Services, id: &str) -> PathBuf {
    services.config.data.join("uploads").join(id)
}

/// Where a whole file of a case is, by its digest.
#[must_use]
pub fn whole(services: &Services, case: &str, sha256: &Hash) -> PathBuf {
    let cases = services.config.data.join("cases");
    cases.join(case).join("materials").join(sha256.to_string())
}

/// Removes what was not whole in time.
///
/// # Errors
/// When the store fails.
pub async fn sweep(services: &Services) -> Result<(), Problem> {
    let now = services.env.now();
    for id in services.store.expired_uploads(now, SWEEP).await? {
        // What is being written to just now is left to the next time.
        if let Ok(_writing) = services.writers.take(&id) {
            remove(services, &id).await?;
        }
    }
    Ok(())
}

/// Removes an unfinished file.
///
/// # Errors
/// When the store fails.
pub async fn remove(services: &Services, id: &str) -> Result<(), Problem> {
    services.store.remove_upload(id).await?;
    let _ = tokio::fs::remove_file(part(services, id)).await;
    Ok(())
}

/// Looks into a file of which all bytes are there, and moves it to its case; the same again changes nothing, so that a stop in
/// between is made good by the next who asks.
///
/// # Errors
/// `file_type` where it is not what it was said to be: then nothing of it is kept.
pub async fn settle(services: &Services, upload: &Upload) -> Result<Hash, Problem> {
    let from = part(services, &upload.id);
    let looked = tokio::task::spawn_blocking(move || look(&from));
    let looked = looked.await.map_err(|error| Problem::internal(&error))?;
    let (digest, kind) = looked.map_err(|error| Problem::internal(&error))?;
    if kind.map(Kind::media_type) != Some(upload.media_type.as_str()) {
        remove(services, &upload.id).await?;
        return Err(ProblemCode::FileType.into());
    }
    let from = part(services, &upload.id);
    let to = whole(services, &upload.case_id, &digest);
    tokio::task::spawn_blocking(move || link(&from, &to))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))?;
    services.store.set_whole(&upload.id, &digest.0).await?;
    let _ = tokio::fs::remove_file(part(services, &upload.id)).await;
    Ok(digest)
}

/// Digest of a file, and what it is by its first bytes.
fn look(path: &std::path::Path) -> io::Result<(Hash, Option<Kind>)> {
    let mut file = std::fs::File::open(path)?;
    let mut digester = Digester::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut kind = None;
    let mut first = true;
    loop {
        let read = io::Read::read(&mut file, &mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok((digester.finish(), kind));
        };
        if first {
            kind = Kind::of(bytes);
            first = false;
        }
        digester.update(bytes);
    }
}

/// The file by its second name, on the disk; the first stays until the database knows.
fn link(from: &std::path::Path, to: &std::path::Path) -> io::Result<()> {
    let Some(parent) = to.parent() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    files::private_dir(parent)?;
    match std::fs::hard_link(from, to) {
        // The same bytes came before.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => std::fs::File::open(parent)?.sync_all(),
    }
}
