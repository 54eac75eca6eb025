//! The index of sessions: who has a part in which, for lists and for the question "is this any business of yours".

use std::collections::BTreeSet;

use kanjie_domain::{PersonId, Role};
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use crate::error::{StoreError, or_exists};
use crate::journal::IndexChange;
use crate::store::Store;

/// A session as shown in lists.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SessionRow {
    pub id: String,
    pub case_id: String,
    pub case_no: String,
    pub item_title: String,
    pub applicant: String,
    /// UTC µs.
    pub starts_at: i64,
    /// As in signalling.md section 4.
    pub stage: String,
    pub closed_at: Option<i64>,
}

/// A person's part in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub session: SessionRow,
    pub roles: BTreeSet<Role>,
}

impl Store {
    /// The person's part in the session: `None` where there is no such session, no part in it, or a recusal (R16).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn part(&self, session: &str, person: &PersonId) -> Result<Option<Part>, StoreError> {
        let row: Option<PartRow> = sqlx::query_as(
            "SELECT s.*, p.roles FROM sessions s JOIN participants p ON p.session = s.id
             WHERE s.id = ? AND p.person = ?
               AND NOT EXISTS (SELECT 1 FROM recusals r WHERE r.case_id = s.case_id AND r.person = p.person)",
        )
        .bind(session)
        .bind(&person.0)
        .fetch_optional(&self.reader)
        .await?;
        row.map(Part::try_from).transpose()
    }

    /// Every session that the person has a part in, newest start first, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn parts(&self, person: &PersonId, limit: u32) -> Result<Vec<Part>, StoreError> {
        let rows: Vec<PartRow> = sqlx::query_as(
            "SELECT s.*, p.roles FROM sessions s JOIN participants p ON p.session = s.id
             WHERE p.person = ?
               AND NOT EXISTS (SELECT 1 FROM recusals r WHERE r.case_id = s.case_id AND r.person = p.person)
             ORDER BY s.starts_at DESC, s.id LIMIT ?",
        )
        .bind(&person.0)
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(Part::try_from).collect()
    }

    /// The session's row, for the server's own work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, session: &str) -> Result<Option<SessionRow>, StoreError> {
        Ok(sqlx::query_as("SELECT * FROM sessions WHERE id = ?")
            .bind(session)
            .fetch_optional(&self.reader)
            .await?)
    }

    /// Every session that is not closed, oldest start first: what the server takes up again at start.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        Ok(
            sqlx::query_as("SELECT * FROM sessions WHERE closed_at IS NULL ORDER BY starts_at, id")
                .fetch_all(&self.reader)
                .await?,
        )
    }

    /// Whether any session exists: a demonstration seeds an empty store only.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_sessions(&self) -> Result<bool, StoreError> {
        let found: i64 = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sessions)")
            .fetch_one(&self.reader)
            .await?;
        Ok(found != 0)
    }
}

pub(crate) async fn apply(c: &mut SqliteConnection, change: IndexChange) -> Result<(), StoreError> {
    match change {
        IndexChange::Case { id, case_no } => {
            sqlx::query("INSERT INTO cases (id, case_no) VALUES (?, ?)")
                .bind(id)
                .bind(case_no)
                .execute(c)
                .await
                .map_err(or_exists("case"))?;
        }
        IndexChange::Session { row, participants } => {
            insert_session(c, &row).await?;
            for participant in participants {
                sqlx::query("INSERT INTO participants (session, person, roles) VALUES (?, ?, ?)")
                    .bind(&row.id)
                    .bind(participant.person.0)
                    .bind(roles_to_text(&participant.roles)?)
                    .execute(&mut *c)
                    .await
                    .map_err(or_exists("participant"))?;
            }
        }
        IndexChange::Stage { session, stage } => {
            sqlx::query("UPDATE sessions SET stage = ? WHERE id = ?")
                .bind(stage)
                .bind(session)
                .execute(c)
                .await?;
        }
        IndexChange::Closed { session, at } => {
            sqlx::query("UPDATE sessions SET closed_at = ?, stage = 'closed' WHERE id = ?")
                .bind(at)
                .bind(session)
                .execute(c)
                .await?;
        }
        IndexChange::Recused { case, person } => {
            sqlx::query("INSERT OR IGNORE INTO recusals (case_id, person) VALUES (?, ?)")
                .bind(case)
                .bind(person.0)
                .execute(c)
                .await?;
        }
    }
    Ok(())
}

async fn insert_session(c: &mut SqliteConnection, row: &SessionRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (id, case_id, case_no, item_title, applicant, starts_at, stage, closed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.case_id)
    .bind(&row.case_no)
    .bind(&row.item_title)
    .bind(&row.applicant)
    .bind(row.starts_at)
    .bind(&row.stage)
    .bind(row.closed_at)
    .execute(c)
    .await
    .map_err(or_exists("session"))?;
    Ok(())
}

#[derive(FromRow)]
struct PartRow {
    #[sqlx(flatten)]
    session: SessionRow,
    roles: String,
}

impl TryFrom<PartRow> for Part {
    type Error = StoreError;

    fn try_from(row: PartRow) -> Result<Self, StoreError> {
        Ok(Self {
            session: row.session,
            roles: roles_from_text("participants", &row.roles)?,
        })
    }
}

pub(crate) fn roles_to_text(roles: &BTreeSet<Role>) -> Result<String, StoreError> {
    serde_json::to_string(roles).map_err(|e| StoreError::damaged("roles", e))
}

pub(crate) fn roles_from_text(
    table: &'static str,
    text: &str,
) -> Result<BTreeSet<Role>, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::damaged(table, e))
}
