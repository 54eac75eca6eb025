//! What a supervisor asks for: how many cases stand where, and what is late.

use std::collections::BTreeMap;

use crate::cases::CaseRow;
use crate::error::StoreError;
use crate::statement::statements;
use crate::store::Store;

statements! {
    COUNTS = "SELECT department, stage, cases FROM case_counts WHERE cases > 0 ORDER BY department, stage";
    LATE = "SELECT department, CAST(SUM(cases) AS BIGINT) FROM case_due_counts WHERE due_on < $1 AND cases > 0
        GROUP BY department ORDER BY department";
    DUE = "SELECT * FROM case_rows WHERE due_on < $1 AND (due_on, n) > ($2, $3) ORDER BY due_on, n LIMIT $4";
}

/// Numbers of cases by department.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseCounts {
    /// Department → stage → cases; what has none is absent.
    pub stages: BTreeMap<String, BTreeMap<String, i64>>,
    /// Department → cases of which something is due before the day that was asked for.
    pub late: BTreeMap<String, i64>,
}

/// Where a list by due days ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueCursor {
    pub due_on: String,
    pub n: i64,
}

/// Some cases, earliest due day first, and where the list goes on; `None` at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePage {
    pub rows: Vec<CaseRow>,
    pub next: Option<DueCursor>,
}

impl Store {
    /// How many cases stand where, and how many have something due before `day` (`2026-12-01`).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn case_counts(&self, day: &str) -> Result<CaseCounts, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<(String, String, i64)> = COUNTS.query().all(&mut reader).await?;
        let mut counts = CaseCounts::default();
        for (department, stage, cases) in rows {
            counts
                .stages
                .entry(department)
                .or_default()
                .insert(stage, cases);
        }
        let late: Vec<(String, i64)> = LATE.bind(day).all(&mut reader).await?;
        counts.late = late.into_iter().collect();
        Ok(counts)
    }

    /// At most `limit` cases of which something is due before `day`, after the cursor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_cases(
        &self,
        day: &str,
        after: Option<&DueCursor>,
        limit: u32,
    ) -> Result<DuePage, StoreError> {
        let (due_on, n) = after.map_or(("", 0), |cursor| (cursor.due_on.as_str(), cursor.n));
        let query = DUE.bind(day).bind(due_on).bind(n).bind(limit);
        let rows: Vec<CaseRow> = query.all(&mut self.read().await?).await?;
        let full = rows.len() == limit as usize;
        let next = rows.last().filter(|_| full).and_then(|row| {
            Some(DueCursor {
                due_on: row.due_on.clone()?,
                n: row.n,
            })
        });
        Ok(DuePage { rows, next })
    }
}
