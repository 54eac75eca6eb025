//! Brings a case's rows to what its journal says by now.

use std::collections::{BTreeMap, BTreeSet};

use kanjie_domain::case::Listed;
use sqlx::FromRow;

use crate::error::{StoreError, or_exists};
use crate::sessions::roles_to_text;
use crate::statement::statements;
use crate::store::Tx;
use crate::terms;

statements! {
    STANDS = "SELECT n, case_no, item_title, department, applicant, stage, due_on FROM case_rows WHERE id = $1";
    // The first free place within a second of the moment; a second holds a million.
    PLACE = "SELECT COALESCE(MAX(n) + 1, $1) FROM case_rows WHERE n >= $1 AND n < $2";
    ADD = "INSERT INTO case_rows (n, id, case_no, item, item_title, department, applicant, uscc, stage, began_at, due_on,
            slot_from, slot_until, slot_stands)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    SET = "UPDATE case_rows SET case_no = $2, item = $3, item_title = $4, department = $5, applicant = $6, uscc = $7,
        stage = $8, due_on = $9, slot_from = $10, slot_until = $11, slot_stands = $12 WHERE n = $1";
    ADD_TERMS = {
        sqlite: "INSERT INTO case_terms (term, n) SELECT value, $2 FROM json_each($1)",
        postgres: "INSERT INTO case_terms (term, n) SELECT value, $2 FROM json_array_elements_text($1::json)"
    };
    DROP_TERM = "DELETE FROM case_terms WHERE term = $1 AND n = $2";
    PEOPLE = "SELECT person, roles FROM case_people WHERE n = $1";
    SET_PERSON = "INSERT INTO case_people (person, n, roles) VALUES ($1, $2, $3)
        ON CONFLICT (person, n) DO UPDATE SET roles = excluded.roles";
    DROP_PERSON = "DELETE FROM case_people WHERE person = $1 AND n = $2";
    COUNT = "INSERT INTO case_counts (department, stage, cases) VALUES ($1, $2, $3)
        ON CONFLICT (department, stage) DO UPDATE SET cases = case_counts.cases + excluded.cases";
    COUNT_DUE = "INSERT INTO case_due_counts (department, due_on, cases) VALUES ($1, $2, $3)
        ON CONFLICT (department, due_on) DO UPDATE SET cases = case_due_counts.cases + excluded.cases";
}

/// `n` lies within this of the moment at which the case began.
const SECOND: i64 = 1_000_000;

/// What one transaction changes in the counts: written at its end, in one order, so that two never wait for each other.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// By department and stage.
    counts: BTreeMap<(String, String), i64>,
    /// By department and the day on which something is due.
    due: BTreeMap<(String, String), i64>,
}

#[derive(FromRow)]
struct Standing {
    n: i64,
    case_no: String,
    item_title: String,
    department: String,
    applicant: String,
    stage: String,
    due_on: Option<String>,
}

impl Standing {
    fn terms(&self) -> BTreeSet<String> {
        terms::of_case(&self.case_no, &self.applicant, &self.item_title)
    }
}

impl Changes {
    pub(crate) async fn list(
        &mut self,
        tx: &mut Tx,
        case: &str,
        listed: &Listed,
    ) -> Result<(), StoreError> {
        let now = terms::of_case(&listed.case_no, &listed.applicant, &listed.item_title);
        let stood: Option<Standing> = STANDS.bind(case).optional(tx).await?;
        let (n, before) = match stood {
            None => (make(tx, case, listed).await?, BTreeSet::new()),
            Some(stood) => {
                set(tx, stood.n, listed).await?;
                let terms = stood.terms();
                self.count(stood.department, stood.stage, stood.due_on, -1);
                (stood.n, terms)
            }
        };
        let due_on = listed.due_on.map(|day| day.to_string());
        self.count(listed.department.clone(), listed.stage.clone(), due_on, 1);
        set_terms(tx, n, &before, &now).await?;
        set_people(tx, n, listed).await
    }

    fn count(&mut self, department: String, stage: String, due_on: Option<String>, by: i64) {
        if let Some(day) = due_on {
            *self.due.entry((department.clone(), day)).or_default() += by;
        }
        *self.counts.entry((department, stage)).or_default() += by;
    }

    /// # Errors
    /// When the database fails.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), StoreError> {
        for (statement, counts) in [(COUNT, self.counts), (COUNT_DUE, self.due)] {
            for ((department, key), by) in counts.into_iter().filter(|(_, by)| *by != 0) {
                let count = statement.bind(&department).bind(&key).bind(by);
                count.execute(tx).await?;
            }
        }
        Ok(())
    }
}

async fn make(tx: &mut Tx, case: &str, listed: &Listed) -> Result<i64, StoreError> {
    // Two cases of one moment must not take one place.
    tx.lock("case_rows").await?;
    let until = listed.began_at.saturating_add(SECOND);
    let (n,): (i64,) = PLACE.bind(listed.began_at).bind(until).one(tx).await?;
    ADD.bind(n)
        .bind(case)
        .bind(&listed.case_no)
        .bind(&listed.item)
        .bind(&listed.item_title)
        .bind(&listed.department)
        .bind(&listed.applicant)
        .bind(&listed.uscc)
        .bind(&listed.stage)
        .bind(listed.began_at)
        .bind(&listed.due_on.map(|day| day.to_string()))
        .bind(listed.appointment.map(|of| of.slot.from))
        .bind(listed.appointment.map(|of| of.slot.until))
        .bind(listed.appointment.map(|of| i64::from(of.stands)))
        .execute(tx)
        .await
        .map_err(or_exists("case"))?;
    Ok(n)
}

async fn set(tx: &mut Tx, n: i64, listed: &Listed) -> Result<(), StoreError> {
    SET.bind(n)
        .bind(&listed.case_no)
        .bind(&listed.item)
        .bind(&listed.item_title)
        .bind(&listed.department)
        .bind(&listed.applicant)
        .bind(&listed.uscc)
        .bind(&listed.stage)
        .bind(&listed.due_on.map(|day| day.to_string()))
        .bind(listed.appointment.map(|of| of.slot.from))
        .bind(listed.appointment.map(|of| of.slot.until))
        .bind(listed.appointment.map(|of| i64::from(of.stands)))
        .execute(tx)
        .await
        .map_err(or_exists("case"))?;
    Ok(())
}

async fn set_terms(
    tx: &mut Tx,
    n: i64,
    before: &BTreeSet<String>,
    now: &BTreeSet<String>,
) -> Result<(), StoreError> {
    for gone in before.difference(now) {
        DROP_TERM.bind(gone).bind(n).execute(tx).await?;
    }
    let new: Vec<&String> = now.difference(before).collect();
    if !new.is_empty() {
        let new = serde_json::to_string(&new).map_err(|e| StoreError::damaged("case_terms", e))?;
        ADD_TERMS.bind(&new).bind(n).execute(tx).await?;
    }
    Ok(())
}

async fn set_people(tx: &mut Tx, n: i64, listed: &Listed) -> Result<(), StoreError> {
    let stood: Vec<(String, String)> = PEOPLE.bind(n).all(tx).await?;
    let mut stood: BTreeMap<String, String> = stood.into_iter().collect();
    for (person, roles) in &listed.people {
        let roles = roles_to_text(roles)?;
        if stood.remove(&person.0).as_ref() != Some(&roles) {
            SET_PERSON
                .bind(&person.0)
                .bind(n)
                .bind(&roles)
                .execute(tx)
                .await?;
        }
    }
    for gone in stood.keys() {
        DROP_PERSON.bind(gone).bind(n).execute(tx).await?;
    }
    Ok(())
}
