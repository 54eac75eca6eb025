//! Receipts owed by the journal: issued by the server's key right after the entry they commit to.

use std::path::{Path, PathBuf};

use kanjie_domain::Report;
use kanjie_evidence::{Receipt, ReceiptBody, Signer};

use crate::rooms::ledger::Ledger;

/// The oldest receipt owed, signed; `None` where none is.
#[must_use]
pub fn next(
    session: &str,
    ledger: &Ledger,
    issued_at: i64,
    signer: &dyn Signer,
) -> Option<Receipt> {
    let owed = ledger.owed().first()?;
    let number = u64::try_from(ledger.receipts.len()).ok()? + 1;
    let body = ReceiptBody {
        content_digest: owed.content,
        head: owed.head,
        issued_at,
        kind: owed.kind,
        number,
        pdf_digest: owed.pdf,
        previous: ledger.receipts.last().map(Receipt::digest),
        seq: owed.seq,
        session: session.to_owned(),
        v: 1,
    };
    match Receipt::issue(body, signer) {
        Ok(receipt) => Some(receipt),
        Err(error) => {
            tracing::error!(session, %error, "a receipt could not be written down");
            None
        }
    }
}

/// What the journal says of it.
#[must_use]
pub fn report(receipt: &Receipt) -> Report {
    Report::ReceiptIssued {
        receipt: receipt.to_value(),
    }
}

/// Where a receipt's file is; `extension` is `json` or `pdf`.
#[must_use]
pub fn path(session_dir: &Path, number: u64, extension: &str) -> PathBuf {
    session_dir
        .join("receipts")
        .join(format!("{number}.{extension}"))
}
