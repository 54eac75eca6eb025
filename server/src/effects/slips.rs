//! Slips (会审回执) of receipts as PDF: rendered when first asked for, from what the journal holds.

use std::path::PathBuf;
use std::sync::Arc;

use kanjie_documents::ReceiptSlip;
use kanjie_domain::Session;
use kanjie_domain::case::CaseBrief;
use kanjie_evidence::Receipt;

use super::files;
use super::papers::PaperError;
use super::receipts::path;

/// The slip of receipt `number`; `None` where there is no such receipt.
///
/// # Errors
/// When it cannot be rendered, read or written.
pub async fn slip(
    session_dir: PathBuf,
    session: Arc<Session>,
    receipts: Arc<[Receipt]>,
    number: u64,
) -> Result<Option<Vec<u8>>, PaperError> {
    let rendered = tokio::task::spawn_blocking(move || {
        let receipt = receipts
            .iter()
            .find(|receipt| receipt.body().number == number);
        receipt
            .map(|receipt| rendered(&session_dir, brief(&session, receipt), receipt))
            .transpose()
    });
    rendered
        .await
        .unwrap_or_else(|error| Err(PaperError::Render(error.to_string())))
}

/// What the receipt is about: the case whose decision it names, else all of the session.
#[must_use]
pub fn brief(session: &Session, receipt: &Receipt) -> CaseBrief {
    let digest = receipt
        .body()
        .content_digest
        .map(|digest| digest.to_string());
    let named = digest.and_then(|digest| {
        let mut matters = session.matters.iter();
        let of = matters.find(|matter| matter.announcement() == Some(&digest))?;
        session.scheduled.case(&of.case)
    });
    named.map_or_else(|| session.scheduled.brief_of_all(), |of| of.brief.clone())
}

/// The slip of this receipt, kept beside it.
///
/// # Errors
/// When it cannot be rendered, read or written.
pub fn rendered(
    session_dir: &std::path::Path,
    case: CaseBrief,
    receipt: &Receipt,
) -> Result<Vec<u8>, PaperError> {
    let path = path(session_dir, receipt.body().number, "pdf");
    if let Ok(pdf) = std::fs::read(&path) {
        return Ok(pdf);
    }
    let slip = ReceiptSlip {
        receipt_json: receipt.text().to_owned(),
        case,
    };
    let pdf =
        kanjie_documents::receipt(&slip).map_err(|error| PaperError::Render(error.to_string()))?;
    files::write_once(&path, &pdf)?;
    Ok(pdf)
}
