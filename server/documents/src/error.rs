//! Why a document could not be made.

use thiserror::Error;

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Install the fonts (Debian: `fonts-noto-cjk`).
    #[error("no Chinese fonts: {file} was found in none of {looked_in}; install fonts-noto-cjk")]
    FontMissing {
        file: &'static str,
        looked_in: String,
    },
    #[error("cannot read the font {file}: {source}")]
    FontUnreadable {
        file: String,
        source: std::io::Error,
    },
    /// R40 and its like: a paper that lacks what it must say is not printed; the refusal names the part.
    #[error("the paper is incomplete: {0:?}")]
    Incomplete(#[from] kanjie_domain::refusal::Refusal),
    /// The digest, key id or signature is not lower-case hex of its length.
    #[error("not the {part} of a paper")]
    Attestation { part: &'static str },
    /// The receipt is not the JSON of a receipt.
    #[error("not a receipt: {0}")]
    NotAReceipt(#[source] serde_json::Error),
    /// A QR code holds 2,331 bytes at this level of correction; a receipt has about 650.
    #[error("the receipt does not fit into a QR code: {0}")]
    ReceiptTooLong(qrcode::types::QrError),
    /// A time or date that the calendar does not have.
    #[error("no such time: {0}")]
    Time(String),
    #[error("the content cannot be written as JSON: {0}")]
    Content(#[source] serde_json::Error),
    /// A defect of the template: content of any kind must lay out.
    #[error("layout failed: {0}")]
    Layout(String),
}
