//! Slips (会审回执) of receipts as PDF: rendered when first asked for, from what the journal holds.

use std::path::{Path, PathBuf};

use kanjie_documents::ReceiptSlip;
use kanjie_domain::Session;
use kanjie_domain::case::CaseBrief;
use kanjie_domain::documents::TemplateRef;
use kanjie_domain::papers::PaperTexts;
use kanjie_evidence::Receipt;
use kanjie_store::Store;

use super::files;
use super::papers::PaperError;
use super::receipts::path;
use crate::cases::published;

/// What a slip says beside its receipt.
#[derive(Clone, Debug)]
pub struct About {
    brief: CaseBrief,
    /// Of the version with which the case began.
    texts: PaperTexts,
}

/// The slip of receipt `number`; `None` where there is no such receipt.
///
/// # Errors
/// When it cannot be rendered, read or written.
pub async fn slip(
    store: &Store,
    session_dir: PathBuf,
    session: &Session,
    receipts: &[Receipt],
    number: u64,
) -> Result<Option<Vec<u8>>, PaperError> {
    let mut receipts = receipts.iter();
    let Some(receipt) = receipts.find(|receipt| receipt.body().number == number) else {
        return Ok(None);
    };
    let (about, receipt) = (about(store, session, receipt).await?, receipt.clone());
    let rendered = tokio::task::spawn_blocking(move || rendered(&session_dir, about, &receipt));
    let rendered = rendered
        .await
        .unwrap_or_else(|error| Err(PaperError::Render(error.to_string())));
    rendered.map(Some)
}

/// What the receipt is about: the case whose decision it names, else all of the session.
///
/// # Errors
/// When the catalogue cannot be read.
pub async fn about(
    store: &Store,
    session: &Session,
    receipt: &Receipt,
) -> Result<About, PaperError> {
    let scheduled = &session.scheduled;
    let digest = receipt
        .body()
        .content_digest
        .map(|digest| digest.to_string());
    let named = digest.and_then(|digest| {
        let mut matters = session.matters.iter();
        let of = matters.find(|matter| matter.announcement() == Some(&digest))?;
        scheduled.case(&of.case)
    });
    let (brief, template) = match named {
        Some(of) => (of.brief.clone(), of.template),
        None => (scheduled.brief_of_all(), &scheduled.template),
    };
    let texts = published::texts_named(store, &TemplateRef::from(template)).await?;
    Ok(About { brief, texts })
}

/// The slip of this receipt, kept beside it.
///
/// # Errors
/// When it cannot be rendered, read or written.
pub fn rendered(
    session_dir: &Path,
    about: About,
    receipt: &Receipt,
) -> Result<Vec<u8>, PaperError> {
    let path = path(session_dir, receipt.body().number, "pdf");
    if let Ok(pdf) = std::fs::read(&path) {
        return Ok(pdf);
    }
    let slip = ReceiptSlip {
        receipt_json: receipt.text().to_owned(),
        case: about.brief,
    };
    let pdf = kanjie_documents::receipt(&slip, &about.texts)
        .map_err(|error| PaperError::Render(error.to_string()))?;
    files::write_once(&path, &pdf)?;
    Ok(pdf)
}
