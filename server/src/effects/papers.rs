//! Documents of a session: canonical content and PDF, kept by the content's digest before the journal names it.
//!
//! Rendering is a pure function of the content: the standing sentences are those of the template's version that it names. So a file that is there is the right one and a crash leaves nothing to mend.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kanjie_documents::{Attestation, DocumentError, Status};
use kanjie_domain::documents::TemplateRef;
use kanjie_domain::papers::PaperTexts;
use kanjie_domain::{
    DecisionContent, Session, SurveyRecordContent, decision_content, survey_record,
};
use kanjie_evidence::{Hash, Signer, canonical, h};
use kanjie_store::Store;

use super::files::{self, FileError};
use crate::cases::error::CaseError;
use crate::cases::published;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaperKind {
    /// 勘验笔录.
    Record,
    /// 决定书.
    Decision,
}

impl PaperKind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Decision => "decision",
        }
    }
}

/// Which paper of a session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    Record,
    /// Of this case.
    Decision(String),
}

impl Wanted {
    #[must_use]
    pub const fn kind(&self) -> PaperKind {
        match self {
            Self::Record => PaperKind::Record,
            Self::Decision(_) => PaperKind::Decision,
        }
    }
}

/// A rendered document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    pub kind: PaperKind,
    pub content_digest: Hash,
    pub pdf_digest: Hash,
}

#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// The session is not where such a document can be made.
    #[error("there is nothing to print yet")]
    TooEarly,
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the document could not be rendered: {0}")]
    Render(String),
    #[error(transparent)]
    Texts(#[from] CaseError),
}

#[derive(Clone, Debug)]
enum Content {
    Record(Box<SurveyRecordContent>),
    Decision(Box<DecisionContent>),
}

/// What a document will say, before it is rendered.
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: PaperKind,
    pub digest: Hash,
    /// Canonical JSON; what `digest` is of.
    pub json: String,
    /// Whose standing sentences it is printed with.
    pub template: TemplateRef,
    content: Content,
}

/// What the document would say as the session stands; `None` where it is too early for it.
#[must_use]
pub fn draft(wanted: &Wanted, session: &Session, number: &str) -> Option<Draft> {
    let (content, template, json) = match wanted {
        Wanted::Record => {
            let content = survey_record(session)?;
            let json = canonical::to_string(&content).ok()?;
            let template = content.template.clone();
            (Content::Record(Box::new(content)), template, json)
        }
        Wanted::Decision(case) => {
            let content = decision_content(session, case, number)?;
            let json = canonical::to_string(&content).ok()?;
            let template = content.template.clone();
            (Content::Decision(Box::new(content)), template, json)
        }
    };
    Some(Draft {
        kind: wanted.kind(),
        digest: h(&[json.as_bytes()]),
        json,
        template,
        content,
    })
}

/// Where a document's file is; `extension` is `json` or `pdf`.
#[must_use]
pub fn path(session_dir: &Path, kind: PaperKind, digest: &str, extension: &str) -> PathBuf {
    session_dir
        .join("documents")
        .join(format!("{}-{digest}.{extension}", kind.name()))
}

/// Renders the document and keeps it, unless it is kept already.
///
/// # Errors
/// When it cannot be rendered or written.
pub async fn render(
    store: &Store,
    session_dir: PathBuf,
    draft: Draft,
    signer: Arc<dyn Signer>,
) -> Result<Paper, PaperError> {
    let texts = published::texts_named(store, &draft.template).await?;
    let render = move || render_now(&session_dir, &draft, &texts, signer.as_ref());
    let rendered = tokio::task::spawn_blocking(render).await;
    rendered.unwrap_or_else(|error| Err(PaperError::Render(error.to_string())))
}

/// The decision of that digest as a draft: to be looked at, without a seal.
///
/// # Errors
/// When no such content was rendered before, or it cannot be rendered as a draft.
pub async fn decision_draft(
    store: &Store,
    session_dir: PathBuf,
    digest: String,
) -> Result<Vec<u8>, PaperError> {
    let render = |error: &dyn ToString| PaperError::Render(error.to_string());
    let path = path(&session_dir, PaperKind::Decision, &digest, "json");
    let json = tokio::fs::read(path).await;
    let json = json.map_err(|_| PaperError::TooEarly)?;
    let content: DecisionContent = serde_json::from_slice(&json).map_err(|e| render(&e))?;
    let texts = published::texts_named(store, &content.template).await?;
    let rendered = tokio::task::spawn_blocking(move || {
        let attestation = Attestation::unsigned(&digest).map_err(|e| render(&e))?;
        kanjie_documents::decision(&content, Status::Draft, &texts, &attestation)
            .map_err(|e| render(&e))
    });
    rendered
        .await
        .unwrap_or_else(|error| Err(PaperError::Render(error.to_string())))
}

fn render_now(
    session_dir: &Path,
    draft: &Draft,
    texts: &PaperTexts,
    signer: &dyn Signer,
) -> Result<Paper, PaperError> {
    let digest = draft.digest.to_string();
    let pdf_path = path(session_dir, draft.kind, &digest, "pdf");
    let pdf = match std::fs::read(&pdf_path) {
        Ok(pdf) => pdf,
        Err(_) => {
            let pdf = laid_out(&draft.content, texts, &digest, signer)
                .map_err(|error| PaperError::Render(error.to_string()))?;
            files::write_once(&pdf_path, &pdf)?;
            pdf
        }
    };
    files::write_once(
        &path(session_dir, draft.kind, &digest, "json"),
        draft.json.as_bytes(),
    )?;
    Ok(Paper {
        kind: draft.kind,
        content_digest: draft.digest,
        pdf_digest: h(&[&pdf]),
    })
}

fn laid_out(
    content: &Content,
    texts: &PaperTexts,
    digest: &str,
    signer: &dyn Signer,
) -> Result<Vec<u8>, DocumentError> {
    let attestation = attest(signer, digest)?;
    match content {
        Content::Record(content) => kanjie_documents::survey_record(content, texts, &attestation),
        Content::Decision(content) => {
            kanjie_documents::decision(content, Status::Sealed, texts, &attestation)
        }
    }
}

/// The server's key over a content's digest, for the code at the paper's foot. It attests the paper, never a person.
///
/// # Errors
/// When the digest is none.
pub fn attest(signer: &dyn Signer, digest: &str) -> Result<Attestation, DocumentError> {
    let signature = signer.sign(&Attestation::message(digest));
    Attestation::signed(digest, &signer.key_id().to_string(), &signature.to_string())
}
