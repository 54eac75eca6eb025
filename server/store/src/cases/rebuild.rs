//! Makes the index of cases anew from the journals.

use kanjie_domain::case::Listed;
use kanjie_domain::{Calendar, Case, CaseRecorded};

use crate::cases::Changes;
use crate::error::StoreError;
use crate::journal::{JournalId, entries_of};
use crate::statement::statements;
use crate::store::{Store, Tx};

statements! {
    CASES_FROM = "SELECT id FROM cases WHERE id > $1 ORDER BY id LIMIT $2";
    FORGET_TERMS = "DELETE FROM case_terms";
    FORGET_PEOPLE = "DELETE FROM case_people";
    FORGET_ROWS = "DELETE FROM case_rows";
    FORGET_COUNTS = "DELETE FROM case_counts";
    FORGET_DUE_COUNTS = "DELETE FROM case_due_counts";
    NOT_INDEXED = "SELECT EXISTS (SELECT 1 FROM cases) AND NOT EXISTS (SELECT 1 FROM case_rows)";
}

const PAGE: u32 = 1_000;

impl Store {
    /// Makes the index of cases anew, in one transaction; says how many cases there are. What it says afterwards follows
    /// from the journals and the calendar alone. For migrating and repair: on `PostgreSQL` nobody else may write meanwhile.
    ///
    /// # Errors
    /// When the database fails or an entry cannot be read.
    pub async fn rebuild_case_index(&self, calendar: &Calendar) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        for forget in [
            FORGET_TERMS,
            FORGET_PEOPLE,
            FORGET_ROWS,
            FORGET_COUNTS,
            FORGET_DUE_COUNTS,
        ] {
            forget.query().execute(&mut tx).await?;
        }
        let mut changes = Changes::default();
        let mut after = String::new();
        let mut cases = 0;
        loop {
            let page: Vec<(String,)> = CASES_FROM.bind(&after).bind(PAGE).all(&mut tx).await?;
            for (id,) in &page {
                if let Some(case) = folded(&mut tx, id).await? {
                    changes
                        .list(&mut tx, id, &Listed::of(&case, calendar))
                        .await?;
                    cases += 1;
                }
            }
            match page.into_iter().next_back() {
                Some((last,)) => after = last,
                None => break,
            }
        }
        changes.write(&mut tx).await?;
        tx.commit().await?;
        Ok(cases)
    }

    /// Indexes the cases of a database from before there was an index.
    pub(crate) async fn index_cases_once(&self) -> Result<(), StoreError> {
        let (needed,): (bool,) = NOT_INDEXED.query().one(&mut self.read().await?).await?;
        if needed {
            // From before there was a catalogue: the next entry of a case sets right what a bureau's own years say else.
            let calendar = Calendar::example().map_err(|e| StoreError::damaged("holidays", e))?;
            self.rebuild_case_index(&calendar).await?;
        }
        Ok(())
    }
}

/// What the case's journal says; `None` where it has none, or its first entry is erased.
async fn folded(tx: &mut Tx, id: &str) -> Result<Option<Case>, StoreError> {
    let journal = JournalId::Case(id.to_owned());
    let mut case: Option<Case> = None;
    let mut after = 0;
    loop {
        let entries = entries_of(tx, &journal, after, PAGE).await?;
        let Some(last) = entries.last() else {
            return Ok(case);
        };
        after = last.seq;
        for body in entries.iter().filter_map(kanjie_evidence::Entry::body) {
            let entry: CaseRecorded =
                serde_json::from_str(body).map_err(|e| StoreError::damaged("entries", e))?;
            match &mut case {
                None => case = Case::begin(&entry),
                Some(case) => case.evolve(&entry),
            }
        }
    }
}
