//! Personal links: a right to knock, for one person at one session, or at one case, until it closes.

use kanjie_domain::PersonId;
use sqlx::FromRow;

use crate::TokenHash;
use crate::error::{StoreError, or_exists};
use crate::statement::statements;
use crate::store::{Store, Tx};

statements! {
    ADD_LINK = "INSERT INTO links (token_hash, session, case_id, person, created_at) VALUES ($1, $2, $3, $4, $5)";
    LINK = "SELECT l.session, l.case_id, l.person, p.name, p.phone, COALESCE(s.case_no, n.case_no, '') AS case_no,
            COALESCE(s.item_title, n.item_title, '') AS item_title, s.starts_at
        FROM links l JOIN people p ON p.id = l.person LEFT JOIN sessions s ON s.id = l.session
        LEFT JOIN case_rows n ON n.id = l.case_id
        WHERE l.token_hash = $1 AND l.revoked_at IS NULL
        AND ((s.id IS NOT NULL AND s.closed_at IS NULL) OR (n.id IS NOT NULL AND n.stage <> 'closed'))
        AND NOT EXISTS (SELECT 1 FROM session_cases c JOIN recusals r ON r.case_id = c.case_id
            WHERE c.session = s.id AND r.person = l.person)
        AND NOT EXISTS (SELECT 1 FROM recusals r WHERE r.case_id = l.case_id AND r.person = l.person)";
    REVOKE_LINKS = "UPDATE links SET revoked_at = $1 WHERE (session = $2 OR case_id = $3) AND person = $4 AND revoked_at IS NULL";
    REVOKE_SIGN_INS = "UPDATE sign_ins SET revoked_at = $1
        WHERE (link_session = $2 OR link_case = $3) AND person = $4 AND revoked_at IS NULL";
}

/// Where a link leads. Whoever came by one has nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTo {
    Session(String),
    /// From the day on which the case is opened, before there is any session.
    Case(String),
}

impl LinkTo {
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        match self {
            Self::Session(id) => Some(id),
            Self::Case(_) => None,
        }
    }

    #[must_use]
    pub fn case(&self) -> Option<&str> {
        match self {
            Self::Session(_) => None,
            Self::Case(id) => Some(id),
        }
    }

    /// One text that no other place has.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Session(id) => format!("session:{id}"),
            Self::Case(id) => format!("case:{id}"),
        }
    }

    /// As two columns have it, of which one is filled.
    pub(crate) fn of(session: Option<String>, case: Option<String>) -> Option<Self> {
        session.map(Self::Session).or(case.map(Self::Case))
    }
}

/// A link to be.
#[derive(Clone, Debug)]
pub struct NewLink {
    pub token_hash: TokenHash,
    pub to: LinkTo,
    pub person: PersonId,
    pub created_at: i64,
}

/// A link that works, with what its page may show once masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub to: LinkTo,
    pub person: PersonId,
    pub name: String,
    pub phone: String,
    pub case_no: String,
    pub item_title: String,
    /// Of a session, UTC µs.
    pub starts_at: Option<i64>,
}

#[derive(FromRow)]
struct Row {
    session: Option<String>,
    case_id: Option<String>,
    person: String,
    name: String,
    phone: String,
    case_no: String,
    item_title: String,
    starts_at: Option<i64>,
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

    /// The link of this token, unless revoked, its session or case closed, or its person recused (R16).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn link(&self, token: &TokenHash) -> Result<Option<Link>, StoreError> {
        let row: Option<Row> = LINK.bind(token).optional(&mut self.read().await?).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let to = LinkTo::of(row.session, row.case_id);
        Ok(Some(Link {
            to: to.ok_or_else(|| StoreError::damaged("links", "leads nowhere"))?,
            person: PersonId(row.person),
            name: row.name,
            phone: row.phone,
            case_no: row.case_no,
            item_title: row.item_title,
            starts_at: row.starts_at,
        }))
    }

    /// Ends every link of a person to that place, and every sign-in that came by one; false where there was none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_links(
        &self,
        to: &LinkTo,
        person: &PersonId,
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let links = REVOKE_LINKS
            .bind(at)
            .bind(to.session())
            .bind(to.case())
            .bind(&person.0)
            .execute(&mut tx)
            .await?;
        let sign_ins = REVOKE_SIGN_INS
            .bind(at)
            .bind(to.session())
            .bind(to.case())
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
        .bind(new.to.session())
        .bind(new.to.case())
        .bind(&new.person.0)
        .bind(new.created_at)
        .execute(tx)
        .await
        .map_err(or_exists("link"))?;
    Ok(())
}
