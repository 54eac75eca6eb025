//! Issues what is owed: the state says which receipts are missing, so a crash before one only delays it.

use super::acts::ActError;
use super::room::Room;
use crate::effects::{files, receipts};

impl Room {
    pub(super) async fn issue_receipts(&mut self) -> Result<(), ActError> {
        loop {
            let ledger = &self.journal.ledger;
            let issued = ledger.receipts.len();
            let signer = self.deps.services.signer.clone();
            let next = receipts::next(self.journal.id(), ledger, self.now(), signer.as_ref());
            let Some(receipt) = next else {
                return Ok(());
            };
            self.report(&receipts::report(&receipt)).await?;
            if self.journal.ledger.receipts.len() == issued {
                return Err(self.unavailable(&"a receipt was not taken into the journal"));
            }
            let path = receipts::path(
                &self.deps.session_dir(self.journal.id()),
                receipt.body().number,
                "json",
            );
            if let Err(error) = files::write_once(&path, receipt.text().as_bytes()) {
                // The journal holds it; the export writes it again.
                tracing::warn!(session = self.journal.id(), %error, "a receipt has no file of its own");
            }
        }
    }
}
