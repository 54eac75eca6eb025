//! Journals: append-only, hash-chained, one transaction for all that a decision read and wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kanjie_domain::case::Listed;
use kanjie_evidence::{Entry, Hash, Opened};
use sqlx::FromRow;

use crate::case_work::BarRow;
use crate::cases::Changes;
use crate::error::{StoreError, is_passing, or_exists};
use crate::sessions::{self, SessionRow};
use crate::statement::{Connection, statements};
use crate::store::{Store, Tx};
use crate::webhooks;

statements! {
    ENTRIES = "SELECT seq, prev, commitment, hash, nonce, body FROM entries
        WHERE journal = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    HEAD = "SELECT seq, hash FROM entries WHERE journal = $1 ORDER BY seq DESC LIMIT 1";
    ADD_ENTRY = "INSERT INTO entries (journal, seq, prev, commitment, hash, nonce, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
}

/// How often an append is tried where the database itself asks for it.
const TRIES: u32 = 5;

/// Which journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JournalId {
    Session(String),
    Case(String),
    Bundle(String),
}

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "session:{id}"),
            Self::Case(id) => write!(f, "case:{id}"),
            Self::Bundle(id) => write!(f, "bundle:{id}"),
        }
    }
}

/// The last entry of a journal; `seq` 0 and a zero hash where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: Hash,
}

/// An entry to be: the exact bytes of its canonical body, and 32 fresh random bytes.
#[derive(Clone, Debug)]
pub struct NewEntry {
    pub nonce: [u8; 32],
    pub body: String,
}

/// What one decision read and what it writes.
#[derive(Clone, Debug, Default)]
pub struct AppendRequest {
    /// Every journal that the decision read, with the head it saw.
    pub read: Vec<(JournalId, u64)>,
    /// What to append. A journal that is not in `read` is appended to wherever it stands.
    pub write: Vec<(JournalId, Vec<NewEntry>)>,
    /// Changes to the views, in the same transaction.
    pub index: Vec<IndexChange>,
}

/// A change to a table that is a view of the journals.
#[derive(Clone, Debug)]
pub enum IndexChange {
    /// A new case.
    Case { id: String, case_no: String },
    /// What lists show of a case after the entries of this request: with each entry of its journal.
    Listed { case: String, listed: Box<Listed> },
    /// A new session with its cases and its participants: person id and roles.
    Session {
        row: SessionRow,
        /// Cases beside that of the row.
        further: Vec<String>,
        participants: Vec<kanjie_domain::Participant>,
    },
    /// The session's stage as shown in lists.
    Stage { session: String, stage: String },
    /// The session closed: its links open no more; who is signed in by one stays so until it expires.
    Closed { session: String, at: i64 },
    /// R16.
    Recused {
        case: String,
        person: kanjie_domain::PersonId,
    },
    /// The case's journal goes to `head` by now; `due_at`: when time itself moves the case, UTC µs.
    CaseWork {
        case: String,
        head: u64,
        due_at: Option<i64>,
    },
    /// A case that was brought in: of its entries up to `head` nothing is owed.
    Settled { case: String, head: u64 },
    /// R45.
    Barred(BarRow),
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else appended since the decision read: read again and decide again.
    #[error("{journal} stands at {head} by now")]
    Conflict { journal: JournalId, head: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AppendError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Appends all or nothing, and returns the sealed entries in the order of the request.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] when a head that was read has moved.
    pub async fn append(&self, request: AppendRequest) -> Result<Vec<Entry>, AppendError> {
        let mut tries = 1;
        loop {
            match self.append_once(&request).await {
                Err(AppendError::Store(error)) if tries < TRIES && is_passing(&error) => tries += 1,
                done => return done,
            }
        }
    }

    async fn append_once(&self, request: &AppendRequest) -> Result<Vec<Entry>, AppendError> {
        let mut tx = self.write().await?;
        lock(&mut tx, request).await?;
        let mut heads = BTreeMap::new();
        for (journal, expected) in &request.read {
            let head = head_of(&mut tx, journal).await?;
            if head.seq != *expected {
                return Err(AppendError::Conflict {
                    journal: journal.clone(),
                    head: head.seq,
                });
            }
            heads.insert(journal, head);
        }
        let mut changes = Changes::default();
        for change in &request.index {
            sessions::apply(&mut tx, change, &mut changes).await?;
        }
        let mut appended = Vec::new();
        for (journal, entries) in &request.write {
            let mut head = match heads.get(journal) {
                Some(head) => *head,
                None => head_of(&mut tx, journal).await?,
            };
            for new in entries {
                let entry = Entry::seal(head.seq + 1, head.hash, new.nonce, new.body.clone());
                if let Err(error) = insert(&mut tx, journal, &entry).await {
                    drop(tx);
                    return Err(self.refused(journal, error).await);
                }
                head = Head {
                    seq: entry.seq,
                    hash: entry.hash,
                };
                appended.push(entry);
            }
            heads.insert(journal, head);
        }
        changes.write(&mut tx).await?;
        webhooks::note(&mut tx, &request.write, &appended).await?;
        tx.commit().await?;
        Ok(appended)
    }

    /// Whoever wrote without the locks is caught by UNIQUE (journal, seq).
    async fn refused(&self, journal: &JournalId, error: StoreError) -> AppendError {
        if !matches!(error, StoreError::Exists(_)) {
            return error.into();
        }
        match self.head(journal).await {
            Ok(head) => AppendError::Conflict {
                journal: journal.clone(),
                head: head.seq,
            },
            Err(error) => error.into(),
        }
    }

    /// At most `limit` entries after `after`, in order.
    ///
    /// # Errors
    /// When the database fails or a row is damaged.
    pub async fn entries(
        &self,
        journal: &JournalId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        entries_of(&mut self.read().await?, journal, after, limit).await
    }

    /// Where the journal stands.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn head(&self, journal: &JournalId) -> Result<Head, StoreError> {
        head_of(&mut self.read().await?, journal).await
    }
}

/// Every journal that is read or written, in one order, so that two decisions never wait for each other.
async fn lock(tx: &mut Tx, request: &AppendRequest) -> Result<(), StoreError> {
    let read = request.read.iter().map(|(journal, _)| journal);
    let written = request.write.iter().map(|(journal, _)| journal);
    for journal in read.chain(written).collect::<BTreeSet<_>>() {
        tx.lock(&journal.to_string()).await?;
    }
    Ok(())
}

pub(crate) async fn entries_of(
    c: &mut impl Connection,
    journal: &JournalId,
    after: u64,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<EntryRow> = ENTRIES
        .bind(&journal.to_string())
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(limit)
        .all(c)
        .await?;
    rows.into_iter().map(Entry::try_from).collect()
}

async fn head_of(c: &mut impl Connection, journal: &JournalId) -> Result<Head, StoreError> {
    let row: Option<(i64, Vec<u8>)> = HEAD.bind(&journal.to_string()).optional(c).await?;
    Ok(match row {
        None => Head {
            seq: 0,
            hash: Hash::ZERO,
        },
        Some((seq, hash)) => Head {
            seq: to_seq(seq)?,
            hash: to_hash(&hash)?,
        },
    })
}

async fn insert(tx: &mut Tx, journal: &JournalId, entry: &Entry) -> Result<(), StoreError> {
    let opened = entry.opened.as_ref();
    // It could not be kept byte for byte; canonical JSON has none.
    if opened.is_some_and(|o| o.body.contains('\0')) {
        return Err(StoreError::damaged("entries", "a body with U+0000"));
    }
    let seq = i64::try_from(entry.seq).map_err(|e| StoreError::damaged("entries", e))?;
    ADD_ENTRY
        .bind(&journal.to_string())
        .bind(seq)
        .bind(&entry.prev.0)
        .bind(&entry.commit.0)
        .bind(&entry.hash.0)
        .bind(opened.map(|o| o.nonce.0.as_slice()))
        .bind(opened.map(|o| o.body.as_str()))
        .execute(tx)
        .await
        .map_err(or_exists("entry"))?;
    Ok(())
}

#[derive(FromRow)]
pub(crate) struct EntryRow {
    seq: i64,
    prev: Vec<u8>,
    commitment: Vec<u8>,
    hash: Vec<u8>,
    nonce: Option<Vec<u8>>,
    body: Option<String>,
}

impl TryFrom<EntryRow> for Entry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let opened = match (row.nonce, row.body) {
            (Some(nonce), Some(body)) => Some(Opened {
                nonce: bytes32("entries", &nonce)?.into(),
                body,
            }),
            _ => None,
        };
        Ok(Self {
            seq: to_seq(row.seq)?,
            prev: to_hash(&row.prev)?,
            commit: to_hash(&row.commitment)?,
            hash: to_hash(&row.hash)?,
            opened,
        })
    }
}

fn to_seq(seq: i64) -> Result<u64, StoreError> {
    u64::try_from(seq).map_err(|e| StoreError::damaged("entries", e))
}

fn to_hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    Ok(Hash::from(bytes32("entries", bytes)?))
}

pub(crate) fn bytes32(table: &'static str, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes
        .try_into()
        .map_err(|_| StoreError::damaged(table, "a digest is not 32 bytes long"))
}
