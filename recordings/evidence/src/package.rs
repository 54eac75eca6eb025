//! The archive package: a signed BagIt bag (docs/protocol/recording.md section 5). [`verify`] says whether every byte
//! of it is what was signed and whether what was signed holds together, or the first place that does not; [`seal`]
//! finishes a bag whose `data/` is in place.
//!
//! It says nothing of who holds the key, unless told a key or a receipt that came another way. It plays no media.

mod attachments;
mod bag;
mod journal;
mod receipts;
mod recording;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use bag::seal;

use crate::canonical;
use crate::key::{KeyId, Keys, PublicKey};
use bag::Bag;

/// What the caller knows by another way than the package.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The bytes of a receipt; line ends after it are not looked at.
    pub receipt: Option<Vec<u8>>,
    /// One of these must have signed; none given: whose key it is is not checked.
    pub keys: Vec<PublicKey>,
}

/// Whose copy a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Copy {
    Full,
    /// Lacks what the applicant may not see.
    Applicant,
}

/// `data/session.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionFile {
    pub case_no: String,
    pub copy: Copy,
    /// UTC µs.
    pub exported_at: i64,
    pub session: String,
    /// Format version: 1.
    pub v: u8,
}

/// The file name, without its ending, of the `nth` decision that was sealed, from 1: several where a session has several
/// cases.
#[must_use]
pub fn decision_name(nth: usize) -> String {
    match nth {
        0 | 1 => String::from("decision"),
        nth => format!("decision-{nth}"),
    }
}

/// `data/media/tracks.json`, as far as a verifier looks.
#[derive(Debug, Deserialize)]
struct TracksFile {
    tracks: Vec<TrackFile>,
}

#[derive(Debug, Deserialize)]
struct TrackFile {
    file: String,
}

/// What a whole package holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub session: String,
    pub case_no: String,
    pub copy: Copy,
    /// That signed the package.
    pub key: KeyId,
    /// It is the key asked for.
    pub key_checked: bool,
    /// The receipt asked for is among those issued.
    pub receipt_checked: bool,
    pub files: usize,
    pub entries: u64,
    /// Entries whose body is withheld or erased.
    pub withheld: u64,
    pub checkpoints: usize,
    /// Segments whose packets are here.
    pub segments: usize,
    /// Segments of which the commitment alone is here.
    pub segments_withheld: usize,
    pub packets: u64,
    pub receipts: usize,
    pub stills: usize,
}

/// The first place that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Fault {
    /// A path in the package, with the line or byte where that is known.
    pub place: String,
    pub what: String,
}

impl Fault {
    pub(crate) fn new(place: impl Into<String>, what: impl ToString) -> Self {
        Self {
            place: place.into(),
            what: what.to_string(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Nothing can be said: it is absent, or the system refuses to read it.
    #[error("{path}: {error}")]
    Unreadable { path: PathBuf, error: io::Error },
}

/// Checks the package at `root`.
///
/// # Errors
/// [`VerifyError::Fault`] with the first place that is not as it must be; [`VerifyError::Unreadable`] when the system
/// does not let it be read.
pub fn verify(root: &Path, options: &Options) -> Result<Report, VerifyError> {
    let bag = Bag::open(root)?;
    let keys = Keys::parse(&bag.read(bag::KEYS)?).map_err(|e| Fault::new(bag::KEYS, e))?;
    let key = bag.check_signature(&keys)?;
    let session = session_file(&bag)?;
    let journal = journal::read(&bag, &session)?;
    let recording = recording::check(&bag, &journal)?;
    let receipts = receipts::check(&bag, &keys, &session, &journal)?;
    let stills = attachments::check(&bag, &journal)?;
    if let Some(receipt) = &options.receipt {
        let text = receipt.trim_ascii_end();
        if !receipts.iter().any(|known| known.text().as_bytes() == text) {
            return Err(Fault::new("--receipt", "this receipt is not among those issued").into());
        }
    }
    if !options.keys.is_empty() && !options.keys.contains(&key.public) {
        return Err(
            Fault::new(bag::SIGNATURE, format!("signed by another key: {}", key.id)).into(),
        );
    }
    Ok(Report {
        session: session.session,
        case_no: session.case_no,
        copy: session.copy,
        key: key.id,
        key_checked: !options.keys.is_empty(),
        receipt_checked: options.receipt.is_some(),
        files: bag.count(),
        entries: journal.hashes.len() as u64,
        withheld: journal.withheld,
        checkpoints: journal.checkpoints.len(),
        segments: recording.segments,
        segments_withheld: recording.withheld,
        packets: recording.packets,
        receipts: receipts.len(),
        stills,
    })
}

fn session_file(bag: &Bag) -> Result<SessionFile, VerifyError> {
    let session: SessionFile =
        canonical::parse(&bag.read(bag::SESSION)?).map_err(|e| Fault::new(bag::SESSION, e))?;
    if session.v == 1 {
        Ok(session)
    } else {
        Err(Fault::new(bag::SESSION, "unknown version").into())
    }
}
