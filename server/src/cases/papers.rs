//! The papers of a case: their content from the case as it stood, laid out, signed and kept by the digest of the PDF.
//!
//! Printing is a pure function of content and key, and a file is written once: a crash leaves nothing to mend.

mod content;

use std::path::{Path, PathBuf};

use kanjie_documents::DocumentError;
use kanjie_domain::papers::{
    AcceptanceSlip, NonAcceptanceSlip, OneTimeNotice, PaperTexts, RectificationNotice,
    ServiceProof, SupplyUndertaking,
};
use kanjie_evidence::canonical::{self, CanonicalError};
use kanjie_evidence::{Hash, h};
use serde::Serialize;

pub use content::{
    Subject, acceptance, non_acceptance, notice, rectification, service_proof, undertaking,
};

use crate::effects::files::{self, FileError};
use crate::effects::papers::attest;
use crate::services::Services;

/// What a paper is, as it stands in lists and addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    OneTimeNotice,
    Undertaking,
    Acceptance,
    NonAcceptance,
    Rectification,
    Decision,
    ServiceProof,
}

impl Kind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneTimeNotice => "one_time_notice",
            Self::Undertaking => "undertaking",
            Self::Acceptance => "acceptance",
            Self::NonAcceptance => "non_acceptance",
            Self::Rectification => "rectification",
            Self::Decision => "decision",
            Self::ServiceProof => "service_proof",
        }
    }

    /// What stands in its number (文号), until a bureau's own numbering is configured.
    const fn word(self) -> &'static str {
        match self {
            Self::OneTimeNotice => "告知",
            Self::Undertaking => "承诺",
            Self::Acceptance => "受理",
            Self::NonAcceptance => "不受",
            Self::Rectification => "整改",
            Self::Decision => "审决",
            Self::ServiceProof => "送达",
        }
    }
}

/// What a paper says.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Content {
    Notice(Box<OneTimeNotice>),
    Undertaking(Box<SupplyUndertaking>),
    Acceptance(Box<AcceptanceSlip>),
    NonAcceptance(Box<NonAcceptanceSlip>),
    Rectification(Box<RectificationNotice>),
    ServiceProof(Box<ServiceProof>),
}

/// A paper that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    pub number: String,
    pub content_digest: Hash,
    pub pdf_digest: Hash,
}

#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("a paper cannot be said in canonical JSON: {0}")]
    Canonical(#[from] CanonicalError),
    #[error("a paper was not laid out: {0}")]
    Document(#[from] DocumentError),
    #[error("the paper's file is gone: {0}")]
    Gone(std::io::Error),
    #[error("printing was cut off: {0}")]
    CutOff(String),
}

/// Where a paper is; `extension` is `pdf`, or `json` for what it says.
#[must_use]
pub fn path(data: &Path, case: &str, pdf_digest: &str, extension: &str) -> PathBuf {
    let papers = data.join("cases").join(case).join("papers");
    papers.join(format!("{pdf_digest}.{extension}"))
}

/// Lays the paper out in the words of its case's version, signs its digest with the server's key, and keeps it.
///
/// # Errors
/// When it cannot be laid out or written.
pub async fn print(
    services: &Services,
    case: &str,
    number: String,
    content: Content,
    texts: PaperTexts,
) -> Result<Printed, PrintError> {
    let (services, case) = (services.clone(), case.to_owned());
    let printing = tokio::task::spawn_blocking(move || {
        let json = canonical::to_string(&content)?;
        let content_digest = h(&[json.as_bytes()]);
        let pdf = laid_out(&services, &content, &texts, &content_digest.to_string())?;
        let printed = Printed {
            number,
            content_digest,
            pdf_digest: h(&[&pdf]),
        };
        keep(&services, &case, &printed, json.as_bytes(), &pdf)?;
        Ok(printed)
    });
    let printed = printing.await;
    printed.unwrap_or_else(|error| Err(PrintError::CutOff(error.to_string())))
}

/// Keeps a paper that was laid out elsewhere (the decision, in its session).
///
/// # Errors
/// When it cannot be written.
pub fn keep(
    services: &Services,
    case: &str,
    printed: &Printed,
    json: &[u8],
    pdf: &[u8],
) -> Result<(), PrintError> {
    let digest = printed.pdf_digest.to_string();
    let data = &services.config.data;
    files::write_once(&path(data, case, &digest, "json"), json)?;
    Ok(files::write_once(&path(data, case, &digest, "pdf"), pdf)?)
}

/// A kept paper's digests, read back by that of its PDF.
///
/// # Errors
/// When it is not there.
pub async fn kept(
    services: &Services,
    case: &str,
    number: &str,
    pdf_digest: &str,
) -> Result<Printed, PrintError> {
    let data = &services.config.data;
    let read = |extension| tokio::fs::read(path(data, case, pdf_digest, extension));
    let json = read("json").await.map_err(PrintError::Gone)?;
    let pdf = read("pdf").await.map_err(PrintError::Gone)?;
    Ok(Printed {
        number: number.to_owned(),
        content_digest: h(&[&json]),
        pdf_digest: h(&[&pdf]),
    })
}

fn laid_out(
    services: &Services,
    content: &Content,
    texts: &PaperTexts,
    digest: &str,
) -> Result<Vec<u8>, PrintError> {
    let attestation = attest(services.signer.as_ref(), digest)?;
    Ok(match content {
        Content::Notice(of) => kanjie_documents::one_time_notice(of, texts, &attestation)?,
        Content::Undertaking(of) => {
            kanjie_documents::supply_undertaking(of, None, texts, &attestation)?
        }
        Content::Acceptance(of) => kanjie_documents::acceptance_slip(of, texts, &attestation)?,
        Content::NonAcceptance(of) => {
            kanjie_documents::non_acceptance_slip(of, texts, &attestation)?
        }
        Content::Rectification(of) => {
            kanjie_documents::rectification_notice(of, texts, &attestation)?
        }
        Content::ServiceProof(of) => kanjie_documents::service_proof(of, texts, &attestation)?,
    })
}
