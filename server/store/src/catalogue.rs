//! What the bureau works by, as versioned data: departments, items, guides, checklists, holidays, experts (rules.md). Each
//! version stands from a day on, until the next one does; a version that stands is never changed.

use kanjie_domain::Calendar;
use kanjie_domain::calendar::HolidayYear;
use sqlx::FromRow;

use crate::error::StoreError;
use crate::statement::statements;
use crate::store::Store;

statements! {
    PUT = "INSERT INTO catalogue (kind, code, from_day, until_day, version, body) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT DO NOTHING";
    STANDING = "SELECT * FROM catalogue c WHERE kind = $1 AND from_day <= $2 AND (until_day IS NULL OR until_day >= $2)
        AND NOT EXISTS (SELECT 1 FROM catalogue l WHERE l.kind = c.kind AND l.code = c.code
            AND l.from_day > c.from_day AND l.from_day <= $2)
        ORDER BY code";
    STANDING_ONE = "SELECT * FROM (SELECT * FROM catalogue WHERE kind = $1 AND code = $2 AND from_day <= $3
        ORDER BY from_day DESC LIMIT 1) AS latest WHERE until_day IS NULL OR until_day >= $3";
    VERSIONS = "SELECT * FROM catalogue WHERE kind = $1 AND code = $2 ORDER BY from_day";
    HAS_KIND = "SELECT EXISTS (SELECT 1 FROM catalogue WHERE kind = $1)";
}

/// The kind whose bodies are one [`HolidayYear`] each.
pub const HOLIDAY_YEAR: &str = "holiday_year";

/// One version of one thing. Days are civil dates in Shanghai, `2026-12-01`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Catalogued {
    /// `department`, `street`, `park`, `item`, `template`, `holiday_year`, `expert`.
    pub kind: String,
    /// Which one, within its kind.
    pub code: String,
    /// First day on which it stands.
    pub from_day: String,
    /// Last day, where none comes after it.
    pub until_day: Option<String>,
    pub version: String,
    /// JSON.
    pub body: String,
}

impl Store {
    /// Adds what is not there yet, all or nothing; says how many that were.
    ///
    /// # Errors
    /// When the database fails or a body is no JSON.
    pub async fn put_catalogue(&self, entries: &[Catalogued]) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let mut added = 0;
        for entry in entries {
            added += PUT
                .bind(&entry.kind)
                .bind(&entry.code)
                .bind(&entry.from_day)
                .bind(&entry.until_day)
                .bind(&entry.version)
                .bind(&entry.body)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(added)
    }

    /// Everything of a kind as it stands on that day, by code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn catalogue(&self, kind: &str, day: &str) -> Result<Vec<Catalogued>, StoreError> {
        let mut reader = self.read().await?;
        Ok(STANDING.bind(kind).bind(day).all(&mut reader).await?)
    }

    /// R04: the working days by the years that stand on that day.
    ///
    /// # Errors
    /// When the database fails, or what stands contradicts itself.
    pub async fn working_days(&self, day: &str) -> Result<Calendar, StoreError> {
        let years = self.catalogue(HOLIDAY_YEAR, day).await?;
        let years: Result<Vec<HolidayYear>, _> = years
            .iter()
            .map(|row| serde_json::from_str(&row.body))
            .collect();
        let damaged = |what: &dyn ToString| StoreError::damaged("catalogue", what.to_string());
        Calendar::new(years.map_err(|error| damaged(&error))?).map_err(|error| damaged(&error))
    }

    /// One thing as it stands on that day.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn catalogued(
        &self,
        kind: &str,
        code: &str,
        day: &str,
    ) -> Result<Option<Catalogued>, StoreError> {
        let query = STANDING_ONE.bind(kind).bind(code).bind(day);
        Ok(query.optional(&mut self.read().await?).await?)
    }

    /// Every version of one thing, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn catalogue_versions(
        &self,
        kind: &str,
        code: &str,
    ) -> Result<Vec<Catalogued>, StoreError> {
        let query = VERSIONS.bind(kind).bind(code);
        Ok(query.all(&mut self.read().await?).await?)
    }

    /// Whether there is anything of that kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_catalogue(&self, kind: &str) -> Result<bool, StoreError> {
        let (found,): (bool,) = HAS_KIND.bind(kind).one(&mut self.read().await?).await?;
        Ok(found)
    }
}
