//! Who is signed in: one row a cookie, the cookie itself kept as a digest only.

use std::collections::BTreeSet;

use kanjie_domain::{PersonId, Role};
use sqlx::FromRow;

use crate::TokenHash;
use crate::error::{StoreError, or_exists};
use crate::sessions::roles_from_text;
use crate::store::Store;

/// A sign-in to be.
#[derive(Clone, Debug)]
pub struct NewSignIn {
    pub token_hash: TokenHash,
    pub person: PersonId,
    /// Set where the person came by a link: nothing but that session is open then.
    pub link_session: Option<String>,
    pub device: String,
    /// UTC µs.
    pub created_at: i64,
    pub expires_at: i64,
}

/// A sign-in that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    pub token_hash: TokenHash,
    pub person: PersonId,
    pub name: String,
    pub link_session: Option<String>,
    pub device: String,
    pub expires_at: i64,
    /// Roles of the account; empty for those who came by a link.
    pub roles: BTreeSet<Role>,
}

impl Store {
    /// Keeps a new sign-in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_sign_in(&self, new: &NewSignIn) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO sign_ins (token_hash, person, link_session, device, created_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(new.token_hash.as_slice())
        .bind(&new.person.0)
        .bind(&new.link_session)
        .bind(&new.device)
        .bind(new.created_at)
        .bind(new.expires_at)
        .execute(&mut *tx)
        .await
        .map_err(or_exists("sign-in"))?;
        Ok(tx.commit().await?)
    }

    /// The sign-in of this cookie, unless it is revoked or past, or its account disabled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_in(&self, token: &TokenHash, now: i64) -> Result<Option<SignIn>, StoreError> {
        let row: Option<SignInRow> = sqlx::query_as(
            "SELECT s.person, p.name, s.link_session, s.device, s.expires_at,
                    CASE WHEN s.link_session IS NULL THEN a.roles ELSE '[]' END AS roles
             FROM sign_ins s JOIN people p ON p.id = s.person LEFT JOIN accounts a ON a.person = s.person
             WHERE s.token_hash = ? AND s.revoked_at IS NULL AND s.expires_at > ?
               AND (s.link_session IS NOT NULL OR (a.user IS NOT NULL AND a.disabled_at IS NULL))",
        )
        .bind(token.as_slice())
        .bind(now)
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| {
            Ok(SignIn {
                token_hash: *token,
                person: PersonId(row.person),
                name: row.name,
                link_session: row.link_session,
                device: row.device,
                expires_at: row.expires_at,
                roles: roles_from_text("accounts", &row.roles)?,
            })
        })
        .transpose()
    }

    /// Ends one sign-in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_sign_in(&self, token: &TokenHash, at: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "UPDATE sign_ins SET revoked_at = ? WHERE token_hash = ? AND revoked_at IS NULL",
        )
        .bind(at)
        .bind(token.as_slice())
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// On how many devices the person has come into the session by link.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn devices_by_link(
        &self,
        session: &str,
        person: &PersonId,
    ) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT device FROM sign_ins WHERE link_session = ? AND person = ? ORDER BY created_at",
        )
        .bind(session)
        .bind(&person.0)
        .fetch_all(&self.reader)
        .await?)
    }
}

#[derive(FromRow)]
struct SignInRow {
    person: String,
    name: String,
    link_session: Option<String>,
    device: String,
    expires_at: i64,
    roles: String,
}
