//! Files on their way to a case: how much of each is there. The bytes themselves are kept elsewhere.

use kanjie_domain::PersonId;
use sqlx::FromRow;

use crate::error::StoreError;
use crate::statement::statements;
use crate::store::Store;

statements! {
    UNFINISHED = "SELECT COUNT(*), CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM uploads
        WHERE person = $1 AND sha256 IS NULL";
    ADD_UPLOAD = "INSERT INTO uploads (id, person, case_id, name, media_type, total, received, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)";
    UPLOAD = "SELECT id, person, case_id, name, media_type, total, received, expires_at, sha256 FROM uploads WHERE id = $1";
    WHOLE = "SELECT id, person, case_id, name, media_type, total, received, expires_at, sha256 FROM uploads
        WHERE case_id = $1 AND person = $2 AND sha256 = $3 ORDER BY id LIMIT 1";
    SET_RECEIVED = "UPDATE uploads SET received = $1 WHERE id = $2 AND sha256 IS NULL";
    SET_WHOLE = "UPDATE uploads SET sha256 = $1 WHERE id = $2 AND received = total";
    REMOVE_UPLOAD = "DELETE FROM uploads WHERE id = $1";
    EXPIRED = "SELECT id FROM uploads WHERE sha256 IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";
}

/// A file to come.
#[derive(Clone, Debug)]
pub struct NewUpload {
    pub id: String,
    pub person: PersonId,
    pub case: String,
    pub name: String,
    pub media_type: String,
    /// Bytes.
    pub total: i64,
    /// UTC µs.
    pub created_at: i64,
    pub expires_at: i64,
}

/// What one person may have unfinished at a time.
#[derive(Clone, Copy, Debug)]
pub struct UploadQuota {
    pub files: i64,
    pub bytes: i64,
}

/// A file, and how much of it is there.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Upload {
    pub id: String,
    pub person: String,
    pub case_id: String,
    pub name: String,
    pub media_type: String,
    pub total: i64,
    pub received: i64,
    /// Of what is not whole by then nothing is kept; UTC µs.
    pub expires_at: i64,
    /// Of the whole file.
    pub sha256: Option<Vec<u8>>,
}

impl Store {
    /// Notes a file to come; false where the person's quota is used up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_upload(
        &self,
        new: &NewUpload,
        quota: UploadQuota,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        tx.lock(&format!("uploads of {}", new.person.0)).await?;
        let (files, bytes): (i64, i64) = UNFINISHED.bind(&new.person.0).one(&mut tx).await?;
        if files >= quota.files || bytes.saturating_add(new.total) > quota.bytes {
            return Ok(false);
        }
        ADD_UPLOAD
            .bind(&new.id)
            .bind(&new.person.0)
            .bind(&new.case)
            .bind(&new.name)
            .bind(&new.media_type)
            .bind(new.total)
            .bind(new.created_at)
            .bind(new.expires_at)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// # Errors
    /// When the database fails.
    pub async fn upload(&self, id: &str) -> Result<Option<Upload>, StoreError> {
        Ok(UPLOAD.bind(id).optional(&mut self.read().await?).await?)
    }

    /// The whole file with this digest that the person uploaded to the case.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn whole_upload(
        &self,
        case: &str,
        person: &PersonId,
        sha256: &[u8; 32],
    ) -> Result<Option<Upload>, StoreError> {
        let mut reader = self.read().await?;
        let query = WHOLE.bind(case).bind(&person.0).bind(sha256);
        Ok(query.optional(&mut reader).await?)
    }

    /// So many bytes are on the disk.
    ///
    /// # Errors
    /// When the database fails, or there are more than were said.
    pub async fn set_received(&self, id: &str, received: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        SET_RECEIVED
            .bind(received)
            .bind(id)
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The file is whole, and this is its digest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_whole(&self, id: &str, sha256: &[u8; 32]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        SET_WHOLE.bind(sha256).bind(id).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// # Errors
    /// When the database fails.
    pub async fn remove_upload(&self, id: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        REMOVE_UPLOAD.bind(id).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// What was not whole in time, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expired_uploads(&self, now: i64, limit: u32) -> Result<Vec<String>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<(String,)> = EXPIRED.bind(now).bind(limit).all(&mut reader).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }
}
