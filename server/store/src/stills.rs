//! Which file holds which still; the file itself lies beside the database, written once.

use sqlx::FromRow;

use crate::TokenHash;
use crate::error::{StoreError, or_exists};
use crate::journal::bytes32;
use crate::statement::statements;
use crate::store::Store;

statements! {
    ADD_STILL = "INSERT INTO stills (session, evidence, sha256, bytes, media_type, file) VALUES ($1, $2, $3, $4, $5, $6)";
    STILL = "SELECT * FROM stills WHERE session = $1 AND evidence = $2";
    STILLS = "SELECT * FROM stills WHERE session = $1 ORDER BY evidence";
}

/// A still's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Still {
    pub session: String,
    /// Evidence id.
    pub evidence: String,
    pub sha256: TokenHash,
    pub bytes: u64,
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
    /// File name within the session's directory.
    pub file: String,
}

impl Store {
    /// Notes a still's file.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the evidence id has one already.
    pub async fn add_still(&self, still: &Still) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        ADD_STILL
            .bind(&still.session)
            .bind(&still.evidence)
            .bind(&still.sha256)
            .bind(i64::try_from(still.bytes).map_err(|e| StoreError::damaged("stills", e))?)
            .bind(&still.media_type)
            .bind(&still.file)
            .execute(&mut tx)
            .await
            .map_err(or_exists("still"))?;
        Ok(tx.commit().await?)
    }

    /// One still of a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn still(&self, session: &str, evidence: &str) -> Result<Option<Still>, StoreError> {
        let row: Option<StillRow> = STILL
            .bind(session)
            .bind(evidence)
            .optional(&mut self.read().await?)
            .await?;
        row.map(Still::try_from).transpose()
    }

    /// All stills of a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stills(&self, session: &str) -> Result<Vec<Still>, StoreError> {
        let rows: Vec<StillRow> = STILLS.bind(session).all(&mut self.read().await?).await?;
        rows.into_iter().map(Still::try_from).collect()
    }
}

#[derive(FromRow)]
struct StillRow {
    session: String,
    evidence: String,
    sha256: Vec<u8>,
    bytes: i64,
    media_type: String,
    file: String,
}

impl TryFrom<StillRow> for Still {
    type Error = StoreError;

    fn try_from(row: StillRow) -> Result<Self, StoreError> {
        Ok(Self {
            sha256: bytes32("stills", &row.sha256)?,
            bytes: u64::try_from(row.bytes).map_err(|e| StoreError::damaged("stills", e))?,
            session: row.session,
            evidence: row.evidence,
            media_type: row.media_type,
            file: row.file,
        })
    }
}
