//! Notices on their way: written with the act that caused them, delivered after, text and code erased once they are.

use sqlx::FromRow;

use crate::error::StoreError;
use crate::store::Store;

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
        sqlx::query(
            "INSERT INTO outbox (recipient, text, code, created_at, next_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&new.recipient)
        .bind(&new.text)
        .bind(&new.code)
        .bind(new.created_at)
        .bind(new.created_at)
        .execute(&mut *tx)
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
        Ok(sqlx::query_as(
            "SELECT id, recipient, text, code, created_at, tries FROM outbox
             WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_at <= ? ORDER BY id LIMIT ?",
        )
        .bind(now)
        .bind(limit)
        .fetch_all(&self.reader)
        .await?)
    }

    /// The sender took it: what it said is erased here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notice_delivered(&self, id: i64, at: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE outbox SET delivered_at = ?, text = '', code = NULL WHERE id = ?")
            .bind(at)
            .bind(id)
            .execute(&mut *tx)
            .await?;
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
        sqlx::query(
            "UPDATE outbox SET tries = tries + 1, next_at = ifnull(?, next_at),
                    given_up_at = iif(? IS NULL, ?, NULL) WHERE id = ?",
        )
        .bind(next_at)
        .bind(next_at)
        .bind(at)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}
