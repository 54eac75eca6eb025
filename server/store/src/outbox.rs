//! Notices on their way: written with the act that caused them, delivered after, text and code erased once they are.

use sqlx::FromRow;

use crate::error::StoreError;
use crate::statement::statements;
use crate::store::Store;

statements! {
    ADD_NOTICE = "INSERT INTO outbox (recipient, text, code, created_at, next_at) VALUES ($1, $2, $3, $4, $5)";
    DUE_NOTICES = "SELECT id, recipient, text, code, created_at, tries FROM outbox
        WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_at <= $1 ORDER BY id LIMIT $2";
    NOTICE_DELIVERED = "UPDATE outbox SET delivered_at = $1, text = '', code = NULL WHERE id = $2";
    // The casts say to PostgreSQL what stands in a place that does not.
    NOTICE_FAILED = "UPDATE outbox SET tries = tries + 1, next_at = coalesce($1, next_at),
        given_up_at = CASE WHEN CAST($1 AS BIGINT) IS NULL THEN CAST($2 AS BIGINT) END WHERE id = $3";
}

/// A notice to be sent.
#[derive(Clone)]
pub struct NewNotice {
    /// Phone number.
    pub recipient: String,
    pub text: String,
    pub code: Option<String>,
    /// UTC µs.
    pub created_at: i64,
}

/// A notice that waits for delivery.
#[derive(Clone, FromRow)]
pub struct WaitingNotice {
    pub id: i64,
    pub recipient: String,
    pub text: String,
    pub code: Option<String>,
    pub created_at: i64,
    pub tries: i64,
}

impl std::fmt::Debug for NewNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewNotice").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WaitingNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WaitingNotice")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Puts a notice into the outbox.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_notice(&self, new: &NewNotice) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        ADD_NOTICE
            .bind(&new.recipient)
            .bind(&new.text)
            .bind(&new.code)
            .bind(new.created_at)
            .bind(new.created_at)
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// What is due, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_notices(
        &self,
        now: i64,
        limit: u32,
    ) -> Result<Vec<WaitingNotice>, StoreError> {
        Ok(DUE_NOTICES
            .bind(now)
            .bind(limit)
            .all(&mut self.read().await?)
            .await?)
    }

    /// The sender took it: what it said is erased here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notice_delivered(&self, id: i64, at: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        NOTICE_DELIVERED.bind(at).bind(id).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// The sender failed: due again at `next_at`, or given up where that is `None`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notice_failed(
        &self,
        id: i64,
        at: i64,
        next_at: Option<i64>,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        NOTICE_FAILED
            .bind(next_at)
            .bind(at)
            .bind(id)
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }
}
