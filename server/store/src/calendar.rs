//! Calendars: whose feed a token opens, a person's appointments (sessions, and surveys that are to come), and what was last told of
//! each.

use kanjie_domain::{PersonId, Role};
use sqlx::FromRow;

use crate::TokenHash;
use crate::error::StoreError;
use crate::sessions::roles_from_text;
use crate::statement::statements;
use crate::store::Store;

statements! {
    SET_FEED = "INSERT INTO calendar_feeds (person, token_hash, created_at) VALUES ($1, $2, $3)
        ON CONFLICT (person) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at";
    END_FEED = "DELETE FROM calendar_feeds WHERE person = $1";
    FEED = "SELECT f.person FROM calendar_feeds f WHERE f.token_hash = $1
        AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.person = f.person AND a.disabled_at IS NOT NULL)";
    APPOINTMENTS = "SELECT s.id, s.case_no, s.item_title, s.starts_at, s.closed_at,
            (SELECT COUNT(*) FROM session_cases c JOIN recusals r ON r.case_id = c.case_id
                WHERE c.session = s.id AND r.person = p.person) AS recusals
        FROM sessions s JOIN participants p ON p.session = s.id
        WHERE p.person = $1 AND s.starts_at >= $2 ORDER BY s.starts_at, s.id LIMIT $3";
    // Of whoever has a part in the case, and of whoever was told of it before: calendars delete nothing by themselves.
    CASE_APPOINTMENTS = "SELECT n.id, n.case_no, n.item_title, n.slot_from, n.slot_until, n.slot_stands, p.roles
        FROM case_people p JOIN case_rows n ON n.n = p.n WHERE p.person = $1 AND n.slot_from >= $2
        UNION ALL
        SELECT n.id, n.case_no, n.item_title, n.slot_from, n.slot_until, 0, '[]'
        FROM calendar_revisions t JOIN case_rows n ON n.id = t.about WHERE t.person = $1 AND n.slot_from >= $2
        AND NOT EXISTS (SELECT 1 FROM case_people p WHERE p.person = $1 AND p.n = n.n)
        ORDER BY 4, 1 LIMIT $3";
    TELL = "INSERT INTO calendar_revisions (person, about, content, sequence, changed_at) VALUES ($1, $2, $3, 0, $4)
        ON CONFLICT (person, about) DO UPDATE SET content = excluded.content,
            sequence = calendar_revisions.sequence + 1, changed_at = excluded.changed_at
        WHERE calendar_revisions.content <> excluded.content";
    TOLD = "SELECT content, sequence, changed_at FROM calendar_revisions WHERE person = $1 AND about = $2";
}

/// What an appointment is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// 联合会审.
    Session,
    /// 勘验预约: the slot that the applicant confirmed, as long as there is no session for it.
    Survey,
}

/// A session, or a case with its appointment, as a calendar shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    pub occasion: Occasion,
    /// Of the session or of the case.
    pub id: String,
    pub case_no: String,
    pub item_title: String,
    /// UTC µs.
    pub starts_at: i64,
    /// Where it is known.
    pub ends_at: Option<i64>,
    /// It closed before it began, does not stand any more, or the person stepped aside (R16).
    pub called_off: bool,
}

/// What a calendar was told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// From 0, one more with each change.
    pub sequence: i64,
    /// UTC µs.
    pub changed_at: i64,
}

impl Store {
    /// Gives the person a feed; the one before opens no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_feed(
        &self,
        person: &PersonId,
        token: &TokenHash,
        at: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        SET_FEED
            .bind(&person.0)
            .bind(token)
            .bind(at)
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Ends the person's feed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_feed(&self, person: &PersonId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        END_FEED.bind(&person.0).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Whose feed it is; nobody's where the account is disabled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn feed(&self, token: &TokenHash) -> Result<Option<PersonId>, StoreError> {
        let row: Option<(String,)> = FEED.bind(token).optional(&mut self.read().await?).await?;
        Ok(row.map(|(person,)| PersonId(person)))
    }

    /// The person's sessions and appointments of cases from a moment on, called off or not, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn appointments(
        &self,
        person: &PersonId,
        from: i64,
        limit: u32,
    ) -> Result<Vec<Appointment>, StoreError> {
        let mut reader = self.read().await?;
        let sessions = APPOINTMENTS.bind(&person.0).bind(from).bind(limit);
        let sessions: Vec<Row> = sessions.all(&mut reader).await?;
        let cases = CASE_APPOINTMENTS.bind(&person.0).bind(from).bind(limit);
        let cases: Vec<CaseRow> = cases.all(&mut reader).await?;
        let mut all: Vec<Appointment> = sessions.into_iter().map(Appointment::from).collect();
        for case in cases {
            all.extend(case.appointment()?);
        }
        all.sort_by(|a, b| (a.starts_at, &a.id).cmp(&(b.starts_at, &b.id)));
        all.truncate(limit as usize);
        Ok(all)
    }

    /// Notes what the person's calendar is told of a session or a case: a content that differs from the one before has the next number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell(
        &self,
        person: &PersonId,
        about: &str,
        content: &[u8; 32],
        now: i64,
    ) -> Result<Revision, StoreError> {
        // Calendar programs ask often and seldom hear anything new: most asking writes nothing.
        let told: Option<(Vec<u8>, i64, i64)> = TOLD
            .bind(&person.0)
            .bind(about)
            .optional(&mut self.read().await?)
            .await?;
        if let Some((kept, sequence, changed_at)) = told
            && kept.as_slice() == content.as_slice()
        {
            return Ok(Revision {
                sequence,
                changed_at,
            });
        }
        let mut tx = self.write().await?;
        TELL.bind(&person.0)
            .bind(about)
            .bind(content)
            .bind(now)
            .execute(&mut tx)
            .await?;
        let (_, sequence, changed_at): (Vec<u8>, i64, i64) =
            TOLD.bind(&person.0).bind(about).one(&mut tx).await?;
        tx.commit().await?;
        Ok(Revision {
            sequence,
            changed_at,
        })
    }
}

#[derive(FromRow)]
struct Row {
    id: String,
    case_no: String,
    item_title: String,
    starts_at: i64,
    closed_at: Option<i64>,
    recusals: i64,
}

#[derive(FromRow)]
struct CaseRow {
    id: String,
    case_no: String,
    item_title: String,
    slot_from: i64,
    slot_until: i64,
    slot_stands: i64,
    roles: String,
}

impl CaseRow {
    /// Of those who are on the site, or let somebody onto it; an expert and an interested party are called to the session.
    fn appointment(self) -> Result<Option<Appointment>, StoreError> {
        let roles = roles_from_text("case_people", &self.roles)?;
        let meets = |role: &Role| role.is_staff() || matches!(role, Role::Applicant | Role::Agent);
        let was_told = roles.is_empty();
        Ok(
            (was_told || roles.iter().any(meets)).then_some(Appointment {
                occasion: Occasion::Survey,
                id: self.id,
                case_no: self.case_no,
                item_title: self.item_title,
                starts_at: self.slot_from,
                ends_at: Some(self.slot_until),
                called_off: self.slot_stands == 0,
            }),
        )
    }
}

impl From<Row> for Appointment {
    fn from(row: Row) -> Self {
        Self {
            occasion: Occasion::Session,
            called_off: row.recusals > 0 || row.closed_at.is_some_and(|at| at < row.starts_at),
            id: row.id,
            case_no: row.case_no,
            item_title: row.item_title,
            starts_at: row.starts_at,
            ends_at: None,
        }
    }
}
