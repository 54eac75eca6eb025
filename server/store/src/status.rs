//! Questions after a case's state by number and phone: kept first, looked up after, so that asking costs the same whether or
//! not the two belong together.

use sqlx::FromRow;

use crate::TokenHash;
use crate::error::StoreError;
use crate::outbox::{self, NewNotice};
use crate::statement::statements;
use crate::store::Store;

statements! {
    ASK_STATUS = "INSERT INTO status_requests (asked_for, case_no, phone, code_hash, expires_at, attempts_left)
        VALUES ($1, $2, $3, $4, $5, $6)";
    WAITING_STATUS = "SELECT asked_for, case_no, phone FROM status_requests
        WHERE case_no IS NOT NULL AND expires_at > $1 ORDER BY expires_at LIMIT $2";
    // Who applies, or acts for whom does, in the case itself or in one of its sessions, and did not step aside.
    STATUS_CASE = "SELECT c.id, (SELECT MIN(o.session) FROM session_cases o WHERE o.case_id = c.id) FROM cases c
        WHERE c.case_no = $1 AND EXISTS (
            SELECT 1 FROM people h WHERE h.phone = $2
            AND NOT EXISTS (SELECT 1 FROM recusals r WHERE r.case_id = c.id AND r.person = h.id)
            AND (EXISTS (SELECT 1 FROM session_cases o JOIN participants p ON p.session = o.session WHERE o.case_id = c.id
                    AND p.person = h.id AND (p.roles LIKE '%\"applicant\"%' OR p.roles LIKE '%\"agent\"%'))
                OR EXISTS (SELECT 1 FROM case_rows n JOIN case_people q ON q.n = n.n WHERE n.id = c.id
                    AND q.person = h.id AND (q.roles LIKE '%\"applicant\"%' OR q.roles LIKE '%\"agent\"%'))))";
    LOOKED_UP = "UPDATE status_requests SET case_no = NULL, phone = NULL, case_id = $1, code_hash = $2 WHERE asked_for = $3";
    STATUS_CODE = {
        sqlite: "SELECT code_hash, attempts_left, case_id FROM status_requests
            WHERE asked_for = $1 AND expires_at > $2 AND attempts_left > 0",
        postgres: "SELECT code_hash, attempts_left, case_id FROM status_requests
            WHERE asked_for = $1 AND expires_at > $2 AND attempts_left > 0 FOR UPDATE"
    };
    STATUS_TRIED = "UPDATE status_requests SET attempts_left = $1 WHERE asked_for = $2";
    CLEAR_STATUS = "DELETE FROM status_requests WHERE expires_at <= $1";
    STATUS_STAGE = "SELECT c.case_no, COALESCE(n.item_title, s.item_title, ''), n.stage, s.stage, s.starts_at FROM cases c
        LEFT JOIN case_rows n ON n.id = c.id
        LEFT JOIN sessions s ON s.id = (SELECT l.id FROM sessions l JOIN session_cases o ON o.session = l.id
            WHERE o.case_id = c.id ORDER BY l.starts_at DESC, l.id LIMIT 1)
        WHERE c.id = $1";
}

/// A question to be.
#[derive(Clone)]
pub struct NewStatusRequest {
    /// Digest of what whoever asks holds.
    pub asked_for: TokenHash,
    pub case_no: String,
    pub phone: String,
    /// Of no code, until it is looked up.
    pub code_hash: TokenHash,
    /// UTC µs.
    pub expires_at: i64,
    pub attempts: u8,
}

impl std::fmt::Debug for NewStatusRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewStatusRequest").finish_non_exhaustive()
    }
}

/// A question that was not looked up yet.
#[derive(Clone, FromRow)]
pub struct StatusRequest {
    pub asked_for: Vec<u8>,
    pub case_no: String,
    pub phone: String,
}

impl std::fmt::Debug for StatusRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusRequest").finish_non_exhaustive()
    }
}

/// What came of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusCheck {
    /// Right, and used up: the case's id.
    Right {
        case: String,
    },
    Wrong {
        attempts_left: u8,
    },
    Absent,
}

/// Where a case stands, for whoever applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseStanding {
    pub case_no: String,
    pub item_title: String,
    /// As in rules.md, States; absent in a case that lists do not know.
    pub stage: Option<String>,
    /// Stage and start (UTC µs) of its last session.
    pub session: Option<(String, i64)>,
}

type StandingRow = (String, String, Option<String>, Option<String>, Option<i64>);

impl Store {
    /// Keeps a question.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask_status(&self, new: &NewStatusRequest) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        ASK_STATUS
            .bind(&new.asked_for)
            .bind(&new.case_no)
            .bind(&new.phone)
            .bind(&new.code_hash)
            .bind(new.expires_at)
            .bind(i64::from(new.attempts))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Questions that were not looked up yet, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting_status(
        &self,
        now: i64,
        limit: u32,
    ) -> Result<Vec<StatusRequest>, StoreError> {
        Ok(WAITING_STATUS
            .bind(now)
            .bind(limit)
            .all(&mut self.read().await?)
            .await?)
    }

    /// The case that number and phone belong to together, with one of its sessions.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn status_case(
        &self,
        case_no: &str,
        phone: &str,
    ) -> Result<Option<(String, Option<String>)>, StoreError> {
        Ok(STATUS_CASE
            .bind(case_no)
            .bind(phone)
            .optional(&mut self.read().await?)
            .await?)
    }

    /// Notes what a question led to: the case and the keyed digest of the code that `notice` brings, or nothing and a digest
    /// of no code. Number and phone are erased.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn status_looked_up(
        &self,
        asked_for: &[u8],
        case: Option<&str>,
        code_hash: &TokenHash,
        notice: Option<&NewNotice>,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        LOOKED_UP
            .bind(case)
            .bind(code_hash)
            .bind(asked_for)
            .execute(&mut tx)
            .await?;
        if let Some(notice) = notice {
            outbox::insert(&mut tx, notice).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Tries a code: a right one is used up, a wrong one costs a try; where number and phone do not belong together, every
    /// code is a wrong one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn try_status(
        &self,
        asked_for: &TokenHash,
        code_hash: &TokenHash,
        now: i64,
    ) -> Result<StatusCheck, StoreError> {
        let mut tx = self.write().await?;
        let kept: Option<(Vec<u8>, i64, Option<String>)> = STATUS_CODE
            .bind(asked_for)
            .bind(now)
            .optional(&mut tx)
            .await?;
        let Some((hash, attempts_left, case)) = kept else {
            return Ok(StatusCheck::Absent);
        };
        let right = case.filter(|_| hash.as_slice() == code_hash.as_slice());
        let left = if right.is_some() {
            0
        } else {
            attempts_left - 1
        };
        STATUS_TRIED
            .bind(left)
            .bind(asked_for)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(match right {
            Some(case) => StatusCheck::Right { case },
            None => StatusCheck::Wrong {
                attempts_left: u8::try_from(left).unwrap_or(0),
            },
        })
    }

    /// Forgets questions that are past.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn clear_status(&self, now: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        CLEAR_STATUS.bind(now).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Where the case stands.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn case_standing(&self, case: &str) -> Result<Option<CaseStanding>, StoreError> {
        let row: Option<StandingRow> = STATUS_STAGE
            .bind(case)
            .optional(&mut self.read().await?)
            .await?;
        Ok(row.map(
            |(case_no, item_title, stage, session, starts_at)| CaseStanding {
                case_no,
                item_title,
                stage,
                session: session.zip(starts_at),
            },
        ))
    }
}
