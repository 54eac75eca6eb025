//! Who is signed in: one row a cookie, the cookie itself kept as a digest only.

use std::collections::BTreeSet;

use kanjie_domain::{PersonId, Role};
use sqlx::FromRow;

use crate::TokenHash;
use crate::error::{StoreError, or_exists};
use crate::links::LinkTo;
use crate::sessions::roles_from_text;
use crate::statement::statements;
use crate::store::Store;

statements! {
    ADD_SIGN_IN = "INSERT INTO sign_ins (token_hash, person, link_session, link_case, method, device, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SIGN_IN = "SELECT s.person, p.name, s.link_session, s.link_case, s.device, s.expires_at,
        CASE WHEN s.link_session IS NULL AND s.link_case IS NULL THEN a.roles ELSE '[]' END AS roles
        FROM sign_ins s JOIN people p ON p.id = s.person LEFT JOIN accounts a ON a.person = s.person
        WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
        AND (s.link_session IS NOT NULL OR s.link_case IS NOT NULL OR (a.user IS NOT NULL AND a.disabled_at IS NULL))";
    REVOKE_SIGN_IN = "UPDATE sign_ins SET revoked_at = $1 WHERE token_hash = $2 AND revoked_at IS NULL";
    DEVICES_BY_LINK = "SELECT token_hash FROM sign_ins WHERE link_session = $1 AND person = $2
        ORDER BY created_at, token_hash";
}

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInMethod {
    /// Password and second factor.
    Password,
    Passkey,
    Oidc,
    /// Personal link and one-time code.
    Link,
}

impl SignInMethod {
    /// As it is stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Oidc => "oidc",
            Self::Link => "link",
        }
    }
}

/// A sign-in to be.
#[derive(Clone, Debug)]
pub struct NewSignIn {
    pub token_hash: TokenHash,
    pub person: PersonId,
    /// Set where the person came by a link: nothing but that is open then.
    pub link: Option<LinkTo>,
    pub method: SignInMethod,
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
    pub link: Option<LinkTo>,
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
        ADD_SIGN_IN
            .bind(&new.token_hash)
            .bind(&new.person.0)
            .bind(new.link.as_ref().and_then(LinkTo::session))
            .bind(new.link.as_ref().and_then(LinkTo::case))
            .bind(new.method.name())
            .bind(&new.device)
            .bind(new.created_at)
            .bind(new.expires_at)
            .execute(&mut tx)
            .await
            .map_err(or_exists("sign-in"))?;
        Ok(tx.commit().await?)
    }

    /// The sign-in of this cookie, unless it is revoked or past, or its account disabled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_in(&self, token: &TokenHash, now: i64) -> Result<Option<SignIn>, StoreError> {
        let row: Option<SignInRow> = SIGN_IN
            .bind(token)
            .bind(now)
            .optional(&mut self.read().await?)
            .await?;
        row.map(|row| {
            Ok(SignIn {
                token_hash: *token,
                person: PersonId(row.person),
                name: row.name,
                link: LinkTo::of(row.link_session, row.link_case),
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
        REVOKE_SIGN_IN.bind(at).bind(token).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Every sign-in by which the person came into the session by link, oldest first, ended ones too: which device this is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn devices_by_link(
        &self,
        session: &str,
        person: &PersonId,
    ) -> Result<Vec<TokenHash>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = DEVICES_BY_LINK
            .bind(session)
            .bind(&person.0)
            .all(&mut self.read().await?)
            .await?;
        rows.into_iter().map(|(hash,)| token_hash(hash)).collect()
    }
}

/// A digest as it was stored.
pub(crate) fn token_hash(bytes: Vec<u8>) -> Result<TokenHash, StoreError> {
    bytes
        .try_into()
        .map_err(|_| StoreError::damaged("sign_ins", "a token's digest is not 32 bytes"))
}

#[derive(FromRow)]
struct SignInRow {
    person: String,
    name: String,
    link_session: Option<String>,
    link_case: Option<String>,
    device: String,
    expires_at: i64,
    roles: String,
}
