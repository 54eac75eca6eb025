//! Checks every journal that the database holds.

use kanjie_evidence::journal::{Chain, ChainFault};
use kanjie_evidence::{Entry, Hash, h};
use sqlx::FromRow;

use crate::error::StoreError;
use crate::journal::EntryRow;
use crate::statement::{Connection, statements};
use crate::store::Store;

statements! {
    ENTRIES_FROM = "SELECT journal, seq, prev, commitment, hash, nonce, body FROM entries
        WHERE (journal, seq) > ($1, $2) ORDER BY journal, seq LIMIT $3";
}

const PAGE: u32 = 2_000;

/// What was found where every chain holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    pub journals: u64,
    pub entries: u64,
    /// Over every journal's name and head, in order: the same on two databases exactly where the journals are.
    pub digest: Hash,
}

/// Why the journals are not whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("{journal}: {fault}")]
    Chain { journal: String, fault: ChainFault },
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(FromRow)]
struct JournalRow {
    journal: String,
    #[sqlx(flatten)]
    entry: EntryRow,
}

impl Store {
    /// Checks every entry of every journal against its hashes and the entry before it.
    ///
    /// # Errors
    /// [`VerifyError::Chain`] with the first entry that does not hold.
    pub async fn verify_journals(&self) -> Result<Verified, VerifyError> {
        let mut reader = self.read().await.map_err(StoreError::from)?;
        verify(&mut reader).await
    }
}

pub(crate) async fn verify(c: &mut impl Connection) -> Result<Verified, VerifyError> {
    let mut found = Verified {
        journals: 0,
        entries: 0,
        digest: Hash::ZERO,
    };
    let mut journal = String::new();
    let mut chain = Chain::new();
    loop {
        let seq = i64::try_from(chain.seq()).map_err(|e| StoreError::damaged("entries", e))?;
        let query = ENTRIES_FROM.bind(&journal).bind(seq).bind(PAGE);
        let page: Vec<JournalRow> = query.all(c).await.map_err(StoreError::from)?;
        if page.is_empty() {
            found.close(&journal, &chain);
            return Ok(found);
        }
        for row in page {
            if row.journal != journal {
                found.close(&journal, &chain);
                journal = row.journal;
                chain = Chain::new();
            }
            let fault = |fault| VerifyError::Chain {
                journal: journal.clone(),
                fault,
            };
            chain.push(&Entry::try_from(row.entry)?).map_err(fault)?;
            found.entries += 1;
        }
    }
}

impl Verified {
    fn close(&mut self, journal: &str, chain: &Chain) {
        if chain.seq() == 0 {
            return;
        }
        self.journals += 1;
        let length = u64::try_from(journal.len())
            .unwrap_or(u64::MAX)
            .to_be_bytes();
        let head = chain.head();
        self.digest = h(&[
            &self.digest.0,
            &length,
            journal.as_bytes(),
            &chain.seq().to_be_bytes(),
            &head.0,
        ]);
    }
}
