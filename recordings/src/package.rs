//! Writes the archive package (docs/protocol/recording.md section 5): gathers what the caller hands over and what the
//! recorder wrote, leaves out what this copy may not hold, and has it sealed. Made beside its place and moved there
//! whole: a package is complete or absent. What may be seen is the caller's to decide, by the entries it withholds.

mod checkpoints;
mod text;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use kanjie_evidence::canonical::{self, CanonicalError};
use kanjie_evidence::package::{Copy, SessionFile, seal};
use kanjie_evidence::{Body, Entry, Key, Keys, Leaves, SegmentId, Signer};
use serde::Deserialize;

use crate::derive::Tracks;
use crate::layout;

/// A receipt as it goes into the package.
#[derive(Clone, Debug)]
pub struct PackagedReceipt {
    pub number: u64,
    /// Its exact text.
    pub json: String,
    /// The slip.
    pub pdf: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub struct PackageInput<'a> {
    pub session: String,
    pub case_no: String,
    pub copy: Copy,
    /// UTC µs.
    pub exported_at: i64,
    /// The whole journal; bodies that this copy may not hold are withheld already.
    pub entries: Vec<Entry>,
    /// The recorder's directory.
    pub recording: &'a Path,
    /// What [`crate::derive::tracks`] made, if it did.
    pub media: Option<&'a Path>,
    /// (`{evidence}.jpg` or `.png`, where the file is).
    pub stills: Vec<(String, PathBuf)>,
    /// (`decision.pdf`, `decision.json`, `record.pdf`, `record.json`; content).
    pub documents: Vec<(String, Vec<u8>)>,
    pub receipts: Vec<PackagedReceipt>,
    /// All keys that signed a receipt of the session; the signer's is added.
    pub keys: Vec<Key>,
}

#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    #[error("{0} exists already")]
    Exists(PathBuf),
    #[error("the recording's checkpoints do not hold: {0}")]
    Checkpoints(String),
    #[error("segment {0} is journalled but in no journalled checkpoint: the session is not closed")]
    NotCovered(SegmentId),
    #[error("segment {0} is private and was not withheld from the applicant's copy")]
    Private(SegmentId),
    #[error("journal entry {0} makes no sense")]
    Entry(u64),
}

/// Writes the package to `out`, which must not exist.
///
/// # Errors
/// When files cannot be read or written, or the journal and the recording do not fit; nothing is left at `out` then.
pub fn write(
    out: &Path,
    input: &PackageInput<'_>,
    signer: &dyn Signer,
) -> Result<(), PackageError> {
    if out.symlink_metadata().is_ok() {
        return Err(PackageError::Exists(out.to_owned()));
    }
    let parent = match out.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent)?;
    let unfinished = parent.join(format!(".unfinished-{:016x}", rand::random::<u64>()));
    let written = fill(&unfinished, input, signer)
        .and_then(|()| Ok(fs::rename(&unfinished, out)?))
        .and_then(|()| Ok(layout::sync_dir(parent)?));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_dir_all(&unfinished);
    }
    written
}

fn fill(root: &Path, input: &PackageInput<'_>, signer: &dyn Signer) -> Result<(), PackageError> {
    let journal = Journalled::read(input)?;
    let (lines, leaves) = checkpoints::withheld(input.recording, &journal)?;
    let folder = Folder::create(root.join("data"))?;
    folder.write("journal.jsonl", journal.lines.as_bytes())?;
    folder.write("checkpoints.jsonl", lines.as_bytes())?;
    segments(&folder, input.recording, &journal, &leaves)?;
    if let Some(media) = input.media {
        self::media(&folder, media)?;
    }
    for (name, path) in &input.stills {
        folder.copy(&format!("stills/{name}"), path, u64::MAX)?;
    }
    for (name, bytes) in &input.documents {
        folder.write(&format!("documents/{name}"), bytes)?;
    }
    for receipt in &input.receipts {
        let number = receipt.number;
        folder.write(&format!("receipts/{number}.json"), receipt.json.as_bytes())?;
        if let Some(pdf) = &receipt.pdf {
            folder.write(&format!("receipts/{number}.pdf"), pdf)?;
        }
    }
    let session = SessionFile {
        case_no: input.case_no.clone(),
        copy: input.copy,
        exported_at: input.exported_at,
        session: input.session.clone(),
        v: 1,
    };
    folder.write("session.json", canonical::to_string(&session)?.as_bytes())?;
    let keys = Keys::new(input.keys.iter().copied().chain([signer.key()]));
    folder.write("keys.json", keys.to_json()?.as_bytes())?;
    folder.write("VERIFY.txt", text::verify(input, signer).as_bytes())?;
    let info = [
        ("Bag-Software-Agent", "kanjie"),
        ("Bagging-Date", &text::date(input.exported_at)),
        ("External-Identifier", input.session.as_str()),
        ("Internal-Sender-Identifier", input.case_no.as_str()),
    ];
    Ok(seal(root, &info, signer)?)
}

/// `data/` of the package.
struct Folder(PathBuf);

impl Folder {
    fn create(path: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn place(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::write(self.place(name)?, bytes)
    }

    /// The first `limit` bytes of `from`, or all there are.
    fn copy(&self, name: &str, from: &Path, limit: u64) -> io::Result<u64> {
        let mut input = File::open(from)?.take(limit);
        io::copy(&mut input, &mut File::create(self.place(name)?)?)
    }
}

/// What the journal of this copy shows of the recording.
struct Journalled {
    lines: String,
    /// Segments whose opening can be seen.
    visible: BTreeSet<SegmentId>,
    checkpoints: BTreeSet<u64>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    SegmentOpened {
        segment: SegmentId,
        private: bool,
    },
    Checkpoint {
        number: u64,
    },
    #[serde(other)]
    Other,
}

impl Journalled {
    fn read(input: &PackageInput<'_>) -> Result<Self, PackageError> {
        let mut journalled = Self {
            lines: String::new(),
            visible: BTreeSet::new(),
            checkpoints: BTreeSet::new(),
        };
        for entry in &input.entries {
            journalled.lines.push_str(&entry.to_line()?);
            let Some(body) = entry.body() else {
                continue;
            };
            let nonsense = PackageError::Entry(entry.seq);
            let Ok(event) = Body::parse(body).map(|body| serde_json::from_value(body.event)) else {
                return Err(nonsense);
            };
            match event.map_err(|_| nonsense)? {
                Event::SegmentOpened { segment, private } => {
                    if private && input.copy == Copy::Applicant {
                        return Err(PackageError::Private(segment));
                    }
                    journalled.visible.insert(segment);
                }
                Event::Checkpoint { number } => {
                    journalled.checkpoints.insert(number);
                }
                Event::Other => {}
            }
        }
        Ok(journalled)
    }
}

/// Each visible segment up to where its last checkpoint covers it.
fn segments(
    folder: &Folder,
    recording: &Path,
    journal: &Journalled,
    leaves: &Leaves,
) -> Result<(), PackageError> {
    for segment in &journal.visible {
        let opened = leaves.get(segment).and_then(|leaf| leaf.opened);
        let covered = opened.ok_or(PackageError::NotCovered(*segment))?.covered;
        let name = format!("recording/{segment}.pcapng");
        // A file that is shorter goes in as it is: that it is, must show in every check.
        folder.copy(&name, &layout::segment(recording, *segment), covered.bytes)?;
    }
    Ok(())
}

fn media(folder: &Folder, media: &Path) -> Result<(), PackageError> {
    let json = match fs::read(media.join("tracks.json")) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let tracks: Tracks = canonical::parse(&json)?;
    folder.write("media/tracks.json", &json)?;
    for track in tracks.tracks {
        let name = format!("media/{}", track.file);
        folder.copy(&name, &media.join(&track.file), u64::MAX)?;
    }
    Ok(())
}
