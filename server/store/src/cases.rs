//! The index of cases: lists, search and counts, a view of the cases' journals.
//!
//! Every list goes by `n`, newest first, and goes on below the `n` that it ended with: as quick at its end as at its
//! beginning. One condition leads, by an index of its own; the others are held against what it gives.

mod count;
mod lead;
mod rebuild;
mod write;

use std::collections::BTreeSet;

use kanjie_domain::{PersonId, Role};
use sqlx::FromRow;

pub(crate) use count::STATEMENTS as COUNT_STATEMENTS;
pub use count::{CaseCounts, DueCursor, DuePage};
pub(crate) use lead::STATEMENTS as LEAD_STATEMENTS;
pub(crate) use rebuild::STATEMENTS as REBUILD_STATEMENTS;
pub(crate) use write::{Changes, STATEMENTS as WRITE_STATEMENTS};

use crate::error::StoreError;
use crate::sessions::roles_from_text;
use crate::statement::statements;
use crate::store::Store;
use crate::terms::Question;

statements! {
    CASE = "SELECT * FROM case_rows WHERE id = $1";
    BY_NUMBER = "SELECT * FROM case_rows WHERE case_no = $1";
    ROLES = "SELECT p.roles FROM case_rows c JOIN case_people p ON p.n = c.n WHERE c.id = $1 AND p.person = $2";
}

/// A case as lists show it ([`kanjie_domain::case::Listed`]).
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CaseRow {
    /// Its place in lists.
    pub n: i64,
    pub id: String,
    pub case_no: String,
    /// Code of the permit item; absent in a case that was made for one session alone.
    pub item: Option<String>,
    pub item_title: String,
    pub department: String,
    pub applicant: String,
    pub uscc: String,
    /// As in rules.md, States.
    pub stage: String,
    /// UTC µs.
    pub began_at: i64,
    /// The last day of what the authority has to do next, `2026-12-01`.
    pub due_on: Option<String>,
}

/// Which cases a list shows: those that meet every condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    pub stage: Option<String>,
    pub department: Option<String>,
    pub item: Option<String>,
    /// Has a part in the case.
    pub person: Option<PersonId>,
    /// Began at or after this moment, UTC µs.
    pub from: Option<i64>,
    /// Began before this moment, UTC µs.
    pub until: Option<i64>,
    /// What somebody typed: a number or its end, a 统一社会信用代码, words of applicant and item. What has neither letter
    /// nor digit finds nothing.
    pub question: Option<String>,
}

/// Some cases, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasePage {
    pub rows: Vec<CaseRow>,
    /// Below which `n` the list goes on; `None` at its end. A page may be short, or empty, and yet go on: one question looks
    /// through so many cases and no more.
    pub next: Option<i64>,
}

impl Store {
    /// # Errors
    /// When the database fails.
    pub async fn case(&self, id: &str) -> Result<Option<CaseRow>, StoreError> {
        Ok(CASE.bind(id).optional(&mut self.read().await?).await?)
    }

    /// # Errors
    /// When the database fails.
    pub async fn case_by_number(&self, case_no: &str) -> Result<Option<CaseRow>, StoreError> {
        let mut reader = self.read().await?;
        Ok(BY_NUMBER.bind(case_no).optional(&mut reader).await?)
    }

    /// What the person is in the case, as its journal says; empty for whoever has no part in it.
    ///
    /// # Errors
    /// When the database fails or a row is damaged.
    pub async fn case_roles(
        &self,
        case: &str,
        person: &PersonId,
    ) -> Result<BTreeSet<Role>, StoreError> {
        let mut reader = self.read().await?;
        let row: Option<(String,)> = ROLES
            .bind(case)
            .bind(&person.0)
            .optional(&mut reader)
            .await?;
        row.map_or_else(
            || Ok(BTreeSet::new()),
            |(roles,)| roles_from_text("case_people", &roles),
        )
    }

    /// At most `limit` cases, the newest of those below `below`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cases(
        &self,
        filter: &CaseFilter,
        below: Option<i64>,
        limit: u32,
    ) -> Result<CasePage, StoreError> {
        let question = match &filter.question {
            None => None,
            Some(text) => match Question::parse(text) {
                None => {
                    return Ok(CasePage {
                        rows: Vec::new(),
                        next: None,
                    });
                }
                question => question,
            },
        };
        lead::page(
            &mut self.read().await?,
            filter,
            question.as_ref(),
            below,
            limit,
        )
        .await
    }
}
