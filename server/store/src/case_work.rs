//! What follows from a case's entries: how far it is done, the papers that were made, and what false material blocks.

use std::collections::BTreeSet;

use kanjie_domain::PersonId;
use sqlx::FromRow;

use crate::error::StoreError;
use crate::links::{self, NewLink};
use crate::outbox::{self, NewNotice};
use crate::statement::statements;
use crate::store::{Store, Tx};

statements! {
    SET_WORK = "INSERT INTO case_work (case_id, head, due_at) VALUES ($1, $2, $3)
        ON CONFLICT (case_id) DO UPDATE SET head = excluded.head, due_at = excluded.due_at";
    SETTLE = "INSERT INTO case_work (case_id, head, done) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING";
    WORK_WAITING = "SELECT case_id, head, done, due_at FROM case_work
        WHERE done < head AND case_id > $1 ORDER BY case_id LIMIT $2";
    WORK_DUE = "SELECT case_id, head, done, due_at FROM case_work WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    WORK_DONE = "UPDATE case_work SET done = $1 WHERE case_id = $2 AND done = $3";
    ADD_PAPER = "INSERT INTO case_papers (case_id, seq, kind, number, content_digest, pdf_digest, made_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    PAPERS = "SELECT seq, kind, number, content_digest, pdf_digest, made_at FROM case_papers
        WHERE case_id = $1 ORDER BY seq, kind";
    SET_BAR = "INSERT INTO bars (case_id, uscc, item, until_day) VALUES ($1, $2, $3, $4)
        ON CONFLICT (case_id) DO UPDATE SET until_day = excluded.until_day";
    RECUSED_FROM = "SELECT case_id FROM recusals WHERE person = $1 ORDER BY case_id";
    BARS = "SELECT case_id, uscc, item, until_day FROM bars WHERE uscc = $1 AND item = $2 ORDER BY case_id";
}

/// A case of which something is owed.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CaseWork {
    pub case_id: String,
    pub head: i64,
    /// Entries up to this one have had what follows from them.
    pub done: i64,
    /// When time itself moves the case, UTC µs.
    pub due_at: Option<i64>,
}

/// A paper of a case, made once; its file goes by the digest of its PDF.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CasePaper {
    /// The entry that it follows from.
    pub seq: i64,
    pub kind: String,
    pub number: String,
    /// SHA-256, lower-case hex.
    pub content_digest: String,
    pub pdf_digest: String,
    /// UTC µs.
    pub made_at: i64,
}

/// R45.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct BarRow {
    pub case_id: String,
    pub uscc: String,
    pub item: String,
    /// Civil date, `2027-11-24`.
    pub until_day: String,
}

/// All that follows from one entry of a case.
#[derive(Clone, Debug, Default)]
pub struct CaseEffect {
    pub papers: Vec<CasePaper>,
    pub notices: Vec<NewNotice>,
    pub links: Vec<NewLink>,
}

impl Store {
    /// Cases after `after` with entries that have not had what follows from them, by id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn case_work_waiting(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<CaseWork>, StoreError> {
        let mut reader = self.read().await?;
        Ok(WORK_WAITING
            .bind(after)
            .bind(limit)
            .all(&mut reader)
            .await?)
    }

    /// Cases that time moves, longest due first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn case_work_due(&self, now: i64, limit: u32) -> Result<Vec<CaseWork>, StoreError> {
        let mut reader = self.read().await?;
        Ok(WORK_DUE.bind(now).bind(limit).all(&mut reader).await?)
    }

    /// Keeps what followed from entry `seq`, together with the mark that it did. False, and nothing kept, where another
    /// run was there first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_case_effect(
        &self,
        case: &str,
        seq: i64,
        effect: &CaseEffect,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let marked = WORK_DONE
            .bind(seq)
            .bind(case)
            .bind(seq.saturating_sub(1))
            .execute(&mut tx)
            .await?;
        if marked == 0 {
            return Ok(false);
        }
        for paper in &effect.papers {
            add_paper(&mut tx, case, paper).await?;
        }
        for notice in &effect.notices {
            outbox::insert(&mut tx, notice).await?;
        }
        for link in &effect.links {
            links::insert(&mut tx, link).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The papers of a case, in the order of their entries.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn case_papers(&self, case: &str) -> Result<Vec<CasePaper>, StoreError> {
        Ok(PAPERS.bind(case).all(&mut self.read().await?).await?)
    }

    /// The cases in which the person stepped aside (R16).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recused_from(&self, person: &PersonId) -> Result<BTreeSet<String>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<(String,)> = RECUSED_FROM.bind(&person.0).all(&mut reader).await?;
        Ok(rows.into_iter().map(|(case,)| case).collect())
    }

    /// What blocks this application of this applicant (R45).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bars(&self, uscc: &str, item: &str) -> Result<Vec<BarRow>, StoreError> {
        Ok(BARS
            .bind(uscc)
            .bind(item)
            .all(&mut self.read().await?)
            .await?)
    }
}

async fn add_paper(tx: &mut Tx, case: &str, paper: &CasePaper) -> Result<(), StoreError> {
    ADD_PAPER
        .bind(case)
        .bind(paper.seq)
        .bind(&paper.kind)
        .bind(&paper.number)
        .bind(&paper.content_digest)
        .bind(&paper.pdf_digest)
        .bind(paper.made_at)
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes how far the case's journal goes and when time moves it.
pub(crate) async fn set(
    tx: &mut Tx,
    case: &str,
    head: u64,
    due_at: Option<i64>,
) -> Result<(), StoreError> {
    let head = i64::try_from(head).map_err(|e| StoreError::damaged("case_work", e))?;
    SET_WORK
        .bind(case)
        .bind(head)
        .bind(due_at)
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes that nothing is owed of the entries up to `head`.
pub(crate) async fn settle(tx: &mut Tx, case: &str, head: u64) -> Result<(), StoreError> {
    let head = i64::try_from(head).map_err(|e| StoreError::damaged("case_work", e))?;
    SETTLE.bind(case).bind(head).execute(tx).await?;
    Ok(())
}

pub(crate) async fn set_bar(tx: &mut Tx, bar: &BarRow) -> Result<(), StoreError> {
    SET_BAR
        .bind(&bar.case_id)
        .bind(&bar.uscc)
        .bind(&bar.item)
        .bind(&bar.until_day)
        .execute(tx)
        .await?;
    Ok(())
}
