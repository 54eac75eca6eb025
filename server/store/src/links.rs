//! Personal links: a right to knock, for one person and one session, until it closes.

use kanjie_domain::PersonId;
use sqlx::FromRow;

use crate::TokenHash;
use crate::error::{StoreError, or_exists};
use crate::statement::statements;
use crate::store::{Store, Tx};

statements! {
    ADD_LINK = "INSERT INTO links (token_hash, session, person, created_at) VALUES ($1, $2, $3, $4)";
    LINK = "SELECT l.session, l.person, p.name, p.phone, s.case_no, s.item_title, s.starts_at
        FROM links l JOIN people p ON p.id = l.person JOIN sessions s ON s.id = l.session
        WHERE l.token_hash = $1 AND l.revoked_at IS NULL AND s.closed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM session_cases c JOIN recusals r ON r.case_id = c.case_id
            WHERE c.session = s.id AND r.person = l.person)";
    REVOKE_LINKS = "UPDATE links SET revoked_at = $1 WHERE session = $2 AND person = $3 AND revoked_at IS NULL";
    REVOKE_SIGN_INS = "UPDATE sign_ins SET revoked_at = $1 WHERE link_session = $2 AND person = $3 AND revoked_at IS NULL";
}

/// A link to be.
#[derive(Clone, Debug)]
pub struct NewLink {
    pub token_hash: TokenHash,
    pub session: String,
    pub person: PersonId,
    pub created_at: i64,
}

/// A link that works, with what its page may show once masked.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Link {
    pub session: String,
    #[sqlx(try_from = "String")]
    pub person: LinkPerson,
    pub name: String,
    pub phone: String,
    pub case_no: String,
    pub item_title: String,
    pub starts_at: i64,
}

/// Whom a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPerson(pub PersonId);

impl From<String> for LinkPerson {
    fn from(id: String) -> Self {
        Self(PersonId(id))
    }
}

impl Store {
    /// Keeps a new link.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_link(&self, new: &NewLink) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        insert(&mut tx, new).await?;
        Ok(tx.commit().await?)
    }

    /// The link of this token, unless revoked, its session closed, or its person recused (R16).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn link(&self, token: &TokenHash) -> Result<Option<Link>, StoreError> {
        Ok(LINK.bind(token).optional(&mut self.read().await?).await?)
    }

    /// Ends every link of a person to a session, and every sign-in that came by one; false where there was none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_links(
        &self,
        session: &str,
        person: &PersonId,
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let links = REVOKE_LINKS
            .bind(at)
            .bind(session)
            .bind(&person.0)
            .execute(&mut tx)
            .await?;
        let sign_ins = REVOKE_SIGN_INS
            .bind(at)
            .bind(session)
            .bind(&person.0)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(links + sign_ins > 0)
    }
}

pub(crate) async fn insert(tx: &mut Tx, new: &NewLink) -> Result<(), StoreError> {
    ADD_LINK
        .bind(&new.token_hash)
        .bind(&new.session)
        .bind(&new.person.0)
        .bind(new.created_at)
        .execute(tx)
        .await
        .map_err(or_exists("link"))?;
    Ok(())
}
