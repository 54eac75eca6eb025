//! `kanjie export`: a closed session as a package that anybody can check offline (docs/protocol/recording.md section 5).

use std::path::{Path, PathBuf};

use kanjie_domain::case::CaseReport;
use kanjie_domain::records::{AccessKind, Purpose, access};
use kanjie_domain::session::Stage;
use kanjie_domain::{Event, PersonId, Recorded, Session, Viewer};
use kanjie_evidence::package::{Copy, decision_name};
use kanjie_evidence::{Entry, Key, Receipt};
use kanjie_recordings::package::{self, PackageInput, PackagedReceipt};
use kanjie_store::{JournalId, StoreError};

use crate::cases::{CaseError, host};
use crate::effects::papers::{self, PaperKind};
use crate::effects::{files, playback, slips};
use crate::rooms::journal::{for_viewer, read};
use crate::services::Services;

const PAGE: u32 = 2_000;

/// Why no package came about; for whoever runs the command, and for the log.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("there is no session {0}")]
    NotFound(String),
    #[error("the session is not closed yet: close it first, then export")]
    NotClosed,
    #[error("nobody speaks for the applicant in this session: there is no applicant's copy")]
    NoApplicant,
    #[error("entry {seq} of the journal cannot be read: {what}")]
    Damaged { seq: u64, what: String },
    #[error("say why it is exported: the purpose stands in the case's journal")]
    NoPurpose,
    #[error("the case's journal: {0}")]
    Case(#[from] CaseError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a document: {0}")]
    Paper(#[from] papers::PaperError),
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the package: {0}")]
    Package(#[from] kanjie_recordings::package::PackageError),
    #[error("the package cannot be read: {0}")]
    Unreadable(String),
    #[error("a part of the program failed: {0}")]
    Task(String),
}

impl ExportError {
    pub(crate) fn task(error: tokio::task::JoinError) -> Self {
        Self::Task(error.to_string())
    }
}

/// Who exports by the command line: whoever may start the program on the machine.
const COMMAND_LINE: &str = "command_line";

/// Takes the package of a closed session out of the house. That it was, and why, is journalled in the case before (R59).
///
/// # Errors
/// As [`export`], and without a purpose.
pub async fn take_out(
    services: &Services,
    session: &str,
    copy: Copy,
    purpose: Purpose,
    out: &Path,
) -> Result<(), ExportError> {
    let journal = Journal::read(services, session).await?;
    let now = services.env.now();
    let accessed = access(COMMAND_LINE, AccessKind::Export, Some(purpose), now);
    let news = CaseReport::RecordingOpened {
        session: session.to_owned(),
        accessed: accessed.map_err(|_| ExportError::NoPurpose)?,
    };
    for of in journal.state.scheduled.cases() {
        let noted = host::tell(services, of.case, &news).await?;
        noted.ok_or(ExportError::NoPurpose)?;
    }
    write(services, session, journal, copy, out).await
}

/// Writes the package of a closed session to `out`, which must not exist.
///
/// # Errors
/// When the session is not closed, or something that belongs into the package cannot be had.
pub async fn export(
    services: &Services,
    session: &str,
    copy: Copy,
    out: &Path,
) -> Result<(), ExportError> {
    let journal = Journal::read(services, session).await?;
    write(services, session, journal, copy, out).await
}

async fn write(
    services: &Services,
    session: &str,
    journal: Journal,
    copy: Copy,
    out: &Path,
) -> Result<(), ExportError> {
    let dir = files::session_dir(&services.config.data, session);
    let (out, signer) = (out.to_owned(), services.signer.clone());
    let now = services.env.now();
    let write = move || {
        // Playable files are made again where they are missing; the package is whole without them.
        if let Err(error) = playback::ensure(&dir) {
            tracing::error!(%error, "exported without playable files");
        }
        let (recording, media) = (playback::recording(&dir), playback::media(&dir));
        let places = Places {
            session: &dir,
            recording: &recording,
            media: media.exists().then_some(media.as_path()),
        };
        let input = journal.into_input(&places, copy, now, signer.key())?;
        package::write(&out, &input, signer.as_ref())?;
        Ok(())
    };
    tokio::task::spawn_blocking(write)
        .await
        .map_err(ExportError::task)?
}

/// Where a session's files are.
struct Places<'a> {
    session: &'a Path,
    recording: &'a Path,
    media: Option<&'a Path>,
}

/// A journal in whole, with its fold.
struct Journal {
    entries: Vec<Entry>,
    state: Session,
    receipts: Vec<(Receipt, slips::About)>,
    /// Contents of the sealed decisions, in the order in which they were sealed.
    sealed: Vec<String>,
}

impl Journal {
    async fn read(services: &Services, session: &str) -> Result<Self, ExportError> {
        let id = JournalId::Session(session.to_owned());
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.seq);
            let page = services.store.entries(&id, after, PAGE).await?;
            let more = page.len() == PAGE as usize;
            entries.extend(page);
            if !more {
                break;
            }
        }
        let mut state: Option<Session> = None;
        let mut receipts = Vec::new();
        let mut sealed = Vec::new();
        for entry in &entries {
            let Some(recorded) = open(entry)? else {
                continue;
            };
            match &mut state {
                None => state = Session::begin(&recorded),
                Some(state) => state.evolve(&recorded),
            }
            match recorded.event {
                Event::ReceiptIssued { receipt } => {
                    receipts.extend(Receipt::from_value(&receipt).ok());
                }
                Event::DecisionSealed { content_digest, .. } => sealed.push(content_digest),
                _ => {}
            }
        }
        let state = state.ok_or_else(|| ExportError::NotFound(session.to_owned()))?;
        if !matches!(state.stage, Stage::Closed) {
            return Err(ExportError::NotClosed);
        }
        let mut slips = Vec::new();
        for receipt in receipts {
            let about = slips::about(&services.store, &state, &receipt).await?;
            slips.push((receipt, about));
        }
        Ok(Self {
            entries,
            state,
            receipts: slips,
            sealed,
        })
    }

    fn into_input<'a>(
        self,
        places: &Places<'a>,
        copy: Copy,
        exported_at: i64,
        key: Key,
    ) -> Result<PackageInput<'a>, ExportError> {
        let dir = places.session;
        let scheduled = &self.state.scheduled;
        let receipts = self.receipts.into_iter().map(|(receipt, about)| {
            Ok(PackagedReceipt {
                number: receipt.body().number,
                json: receipt.text().to_owned(),
                pdf: Some(slips::rendered(dir, about, &receipt)?),
            })
        });
        let receipts: Result<Vec<_>, ExportError> = receipts.collect();
        let (session, case_no) = (scheduled.session.clone(), scheduled.brief.case_no.clone());
        let (stills, documents) = (
            stills(&self.state, dir),
            documents(&self.state, &self.sealed, dir)?,
        );
        let entries = match copy {
            Copy::Full => self.entries,
            Copy::Applicant => {
                let viewer = applicant(&self.state).ok_or(ExportError::NoApplicant)?;
                let entries = self.entries.into_iter();
                entries.map(|entry| for_viewer(entry, &viewer)).collect()
            }
        };
        Ok(PackageInput {
            session,
            case_no,
            copy,
            exported_at,
            entries,
            recording: places.recording,
            media: places.media,
            stills,
            documents,
            receipts: receipts?,
            keys: vec![key],
        })
    }
}

fn open(entry: &Entry) -> Result<Option<Recorded>, ExportError> {
    read(entry).map_err(|error| ExportError::Damaged {
        seq: entry.seq,
        what: error.to_string(),
    })
}

/// The applicant, or who speaks for it.
fn applicant(state: &Session) -> Option<Viewer> {
    let person: &PersonId = state
        .scheduled
        .participants
        .iter()
        .find(|participant| participant.represents_applicant())
        .map(|participant| &participant.person)?;
    Viewer::of(&state.scheduled, person)
}

/// File names in the package and where each still is kept.
fn stills(state: &Session, dir: &Path) -> Vec<(String, PathBuf)> {
    let stills = state.evidence.iter().map(|taken| {
        let evidence = &taken.evidence;
        let extension = if evidence.media_type == "image/png" {
            "png"
        } else {
            "jpg"
        };
        let kept = files::still(dir, &evidence.sha256, extension);
        (format!("{}.{extension}", evidence.id), kept)
    });
    stills.collect()
}

fn documents(
    state: &Session,
    sealed: &[String],
    dir: &Path,
) -> Result<Vec<(String, Vec<u8>)>, ExportError> {
    let mut documents = Vec::new();
    let mut add = |kind: PaperKind, name: &str, digest: &str| {
        for extension in ["json", "pdf"] {
            let path = papers::path(dir, kind, digest, extension);
            let bytes =
                std::fs::read(&path).map_err(|source| ExportError::File { path, source })?;
            documents.push((format!("{name}.{extension}"), bytes));
        }
        Ok::<(), ExportError>(())
    };
    if let Some(record) = &state.record {
        add(PaperKind::Record, PaperKind::Record.name(), &record.digest)?;
    }
    for (nth, digest) in (1..).zip(sealed) {
        add(PaperKind::Decision, &decision_name(nth), digest)?;
    }
    Ok(documents)
}
