//! Where things lie in a session's recording directory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use kanjie_evidence::SegmentId;

pub fn segment(dir: &Path, id: SegmentId) -> PathBuf {
    dir.join(format!("{id}.pcapng"))
}

pub fn checkpoints(dir: &Path) -> PathBuf {
    dir.join("checkpoints.jsonl")
}

/// The recorder's own notes: nonces, order, privacy. Leaves the house in no package.
pub fn state(dir: &Path) -> PathBuf {
    dir.join("state.jsonl")
}

pub fn lock(dir: &Path) -> PathBuf {
    dir.join("lock")
}

/// Makes a name that was created or removed in `dir` outlive a power cut.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
