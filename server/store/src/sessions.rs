//! The index of sessions: who has a part in which, for lists and for the question "is this any business of yours".

use std::collections::BTreeSet;

use kanjie_domain::{PersonId, Role};
use sqlx::FromRow;

use crate::case_work;
use crate::cases::Changes;
use crate::error::{StoreError, or_exists};
use crate::journal::IndexChange;
use crate::statement::statements;
use crate::store::{Store, Tx};

statements! {
    PART = "SELECT s.*, p.roles FROM sessions s JOIN participants p ON p.session = s.id
        WHERE s.id = $1 AND p.person = $2
        AND NOT EXISTS (SELECT 1 FROM session_cases c JOIN recusals r ON r.case_id = c.case_id
            WHERE c.session = s.id AND r.person = p.person)";
    PARTS = "SELECT s.*, p.roles FROM sessions s JOIN participants p ON p.session = s.id
        WHERE p.person = $1
        AND NOT EXISTS (SELECT 1 FROM session_cases c JOIN recusals r ON r.case_id = c.case_id
            WHERE c.session = s.id AND r.person = p.person)
        ORDER BY s.starts_at DESC, s.id LIMIT $2";
    ROLES_IN_CASE = "SELECT p.roles FROM session_cases o JOIN sessions s ON s.id = o.session
        JOIN participants p ON p.session = s.id WHERE o.case_id = $1 AND p.person = $2
        AND NOT EXISTS (SELECT 1 FROM session_cases c JOIN recusals r ON r.case_id = c.case_id
            WHERE c.session = s.id AND r.person = p.person)";
    CASES = "SELECT case_id FROM session_cases WHERE session = $1 ORDER BY place";
    ADD_CASE_OF = "INSERT INTO session_cases (session, case_id, place) VALUES ($1, $2, $3)";
    SESSION = "SELECT * FROM sessions WHERE id = $1";
    OPEN_SESSIONS = "SELECT * FROM sessions WHERE closed_at IS NULL ORDER BY starts_at, id";
    HAS_SESSIONS = "SELECT EXISTS (SELECT 1 FROM sessions)";
    ADD_CASE = "INSERT INTO cases (id, case_no) VALUES ($1, $2)";
    ADD_PARTICIPANT = "INSERT INTO participants (session, person, roles) VALUES ($1, $2, $3)";
    SET_STAGE = "UPDATE sessions SET stage = $1 WHERE id = $2";
    CLOSE_SESSION = "UPDATE sessions SET closed_at = $1, stage = 'closed' WHERE id = $2";
    RECUSE = "INSERT INTO recusals (case_id, person) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    ADD_SESSION = "INSERT INTO sessions (id, case_id, case_no, item_title, applicant, starts_at, stage, closed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
}

/// A session as shown in lists.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SessionRow {
    pub id: String,
    /// The first, where there are several.
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
        let row: Option<PartRow> = PART
            .bind(session)
            .bind(&person.0)
            .optional(&mut self.read().await?)
            .await?;
        row.map(Part::try_from).transpose()
    }

    /// Every session that the person has a part in, newest start first, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn parts(&self, person: &PersonId, limit: u32) -> Result<Vec<Part>, StoreError> {
        let rows: Vec<PartRow> = PARTS
            .bind(&person.0)
            .bind(limit)
            .all(&mut self.read().await?)
            .await?;
        rows.into_iter().map(Part::try_from).collect()
    }

    /// The roles that a person has in a case's sessions; none where there is no part, or a recusal (R16).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn roles_in_case(
        &self,
        case_id: &str,
        person: &PersonId,
    ) -> Result<BTreeSet<Role>, StoreError> {
        let rows: Vec<(String,)> = ROLES_IN_CASE
            .bind(case_id)
            .bind(&person.0)
            .all(&mut self.read().await?)
            .await?;
        let mut roles = BTreeSet::new();
        for (row,) in rows {
            roles.extend(roles_from_text("participants", &row)?);
        }
        Ok(roles)
    }

    /// The ids of the session's cases, as it was scheduled; none where there is no such session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cases_of(&self, session: &str) -> Result<Vec<String>, StoreError> {
        let mut read = self.read().await?;
        let rows: Vec<(String,)> = CASES.bind(session).all(&mut read).await?;
        Ok(rows.into_iter().map(|(case,)| case).collect())
    }

    /// The session's row, for the server's own work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, session: &str) -> Result<Option<SessionRow>, StoreError> {
        Ok(SESSION
            .bind(session)
            .optional(&mut self.read().await?)
            .await?)
    }

    /// Every session that is not closed, oldest start first: what the server takes up again at start.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        Ok(OPEN_SESSIONS.query().all(&mut self.read().await?).await?)
    }

    /// Whether any session exists: a demonstration seeds an empty store only.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_sessions(&self) -> Result<bool, StoreError> {
        let (found,): (bool,) = HAS_SESSIONS.query().one(&mut self.read().await?).await?;
        Ok(found)
    }
}

pub(crate) async fn apply(
    tx: &mut Tx,
    change: &IndexChange,
    changes: &mut Changes,
) -> Result<(), StoreError> {
    match change {
        IndexChange::Case { id, case_no } => {
            ADD_CASE
                .bind(id)
                .bind(case_no)
                .execute(tx)
                .await
                .map_err(or_exists("case"))?;
        }
        IndexChange::Listed { case, listed } => changes.list(tx, case, listed).await?,
        IndexChange::Session {
            row,
            further,
            participants,
        } => {
            insert_session(tx, row).await?;
            for (place, case) in (0_i64..).zip(std::iter::once(&row.case_id).chain(further)) {
                ADD_CASE_OF
                    .bind(&row.id)
                    .bind(case)
                    .bind(place)
                    .execute(tx)
                    .await
                    .map_err(or_exists("case"))?;
            }
            for participant in participants {
                ADD_PARTICIPANT
                    .bind(&row.id)
                    .bind(&participant.person.0)
                    .bind(&roles_to_text(&participant.roles)?)
                    .execute(tx)
                    .await
                    .map_err(or_exists("participant"))?;
            }
        }
        IndexChange::Stage { session, stage } => {
            SET_STAGE.bind(stage).bind(session).execute(tx).await?;
        }
        IndexChange::Closed { session, at } => {
            CLOSE_SESSION.bind(*at).bind(session).execute(tx).await?;
        }
        IndexChange::Recused { case, person } => {
            RECUSE.bind(case).bind(&person.0).execute(tx).await?;
        }
        IndexChange::CaseWork { case, head, due_at } => {
            case_work::set(tx, case, *head, *due_at).await?;
        }
        IndexChange::Settled { case, head } => case_work::settle(tx, case, *head).await?,
        IndexChange::Barred(bar) => case_work::set_bar(tx, bar).await?,
    }
    Ok(())
}

async fn insert_session(tx: &mut Tx, row: &SessionRow) -> Result<(), StoreError> {
    ADD_SESSION
        .bind(&row.id)
        .bind(&row.case_id)
        .bind(&row.case_no)
        .bind(&row.item_title)
        .bind(&row.applicant)
        .bind(row.starts_at)
        .bind(&row.stage)
        .bind(row.closed_at)
        .execute(tx)
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
