//! Who tried to come in, from where, and what came of it (R57: kept at least six months).

use crate::error::StoreError;
use crate::statement::statements;
use crate::store::Store;

statements! {
    NOTE_ATTEMPT = "INSERT INTO attempts (at, action, subject, address, outcome) VALUES ($1, $2, $3, $4, $5)";
    ATTEMPTS = "SELECT at, action, subject, address, outcome FROM attempts ORDER BY id DESC LIMIT $1";
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempt {
    /// UTC µs.
    pub at: i64,
    /// `sign_in`, `link_code`, `link_verify`, `act_code`, …
    pub action: String,
    /// User or person id.
    pub subject: String,
    pub address: String,
    /// `ok` or why not.
    pub outcome: String,
}

impl Store {
    /// Notes a try.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        NOTE_ATTEMPT
            .bind(attempt.at)
            .bind(&attempt.action)
            .bind(&attempt.subject)
            .bind(&attempt.address)
            .bind(&attempt.outcome)
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The latest tries, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn attempts(&self, limit: u32) -> Result<Vec<Attempt>, StoreError> {
        Ok(ATTEMPTS.bind(limit).all(&mut self.read().await?).await?)
    }
}
