//! Events to other systems: which endpoints there are, what happened, what is still to be delivered where.
//!
//! An event is a view of a journal's entry, written in the same transaction, from the first endpoint on. It says that
//! something happened, never to whom. Events of one case, or of one bundle, have numbers in the order in which they became known.

mod deliveries;

use std::collections::BTreeSet;

use kanjie_domain::outward::is_told;
use serde::Deserialize;
use sqlx::FromRow;

use crate::error::{StoreError, or_exists};
use crate::journal::{JournalId, NewEntry};
use crate::statement::statements;
use crate::store::{Store, Tx};

pub(crate) use self::deliveries::STATEMENTS as DELIVERY_STATEMENTS;
pub use self::deliveries::{DueEvent, TryOutcome};

statements! {
    ADD_ENDPOINT = "INSERT INTO webhook_endpoints (id, url, description, generation, created_at) VALUES ($1, $2, $3, 1, $4)";
    SUBSCRIBE = "INSERT INTO webhook_subscriptions (endpoint, type) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    ENDPOINTS = "SELECT id, url, description, generation, both_until, created_at, paused_at, paused_by, failing_since, last_error,
        (SELECT COUNT(*) FROM webhook_deliveries d WHERE d.endpoint = e.id AND d.delivered_at IS NULL) AS waiting
        FROM webhook_endpoints e ORDER BY created_at, id";
    ENDPOINT = "SELECT id, url, description, generation, both_until, created_at, paused_at, paused_by, failing_since, last_error,
        (SELECT COUNT(*) FROM webhook_deliveries d WHERE d.endpoint = e.id AND d.delivered_at IS NULL) AS waiting
        FROM webhook_endpoints e WHERE id = $1";
    SUBSCRIPTIONS = "SELECT endpoint, type FROM webhook_subscriptions ORDER BY endpoint, type";
    REMOVE_DELIVERIES = "DELETE FROM webhook_deliveries WHERE endpoint = $1";
    REMOVE_SUBSCRIPTIONS = "DELETE FROM webhook_subscriptions WHERE endpoint = $1";
    REMOVE_ENDPOINT = "DELETE FROM webhook_endpoints WHERE id = $1";
    ROTATE = "UPDATE webhook_endpoints SET generation = generation + 1, both_until = $1 WHERE id = $2 RETURNING generation";
    PAUSE = "UPDATE webhook_endpoints SET paused_at = $1, paused_by = $2 WHERE id = $3 AND paused_at IS NULL";
    RESUME = "UPDATE webhook_endpoints SET paused_at = NULL, paused_by = NULL, failing_since = NULL, fails = 0, next_at = 0
        WHERE id = $1";
    RESUME_DELIVERIES = "UPDATE webhook_deliveries SET next_at = 0, tries = 0 WHERE endpoint = $1 AND delivered_at IS NULL";
    REPLAY = "INSERT INTO webhook_deliveries (endpoint, event, subject, next_at)
        SELECT DISTINCT s.endpoint, v.seq, v.subject, 0 FROM webhook_events v
        JOIN webhook_subscriptions s ON s.type IN ('*', v.type, v.family || '.*')
        WHERE s.endpoint = $1 AND v.seq >= $2
        ON CONFLICT (endpoint, event) DO UPDATE SET delivered_at = NULL, tries = 0, next_at = 0";
    ANY_ENDPOINT = "SELECT EXISTS (SELECT 1 FROM webhook_endpoints)";
    CASE_OF_SESSION = "SELECT case_id FROM sessions WHERE id = $1";
    ADD_EVENT = "INSERT INTO webhook_events (type, family, subject, journal, entry, at, head)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING seq";
    // The casts say to PostgreSQL what stands in a place that does not.
    ADD_DELIVERIES = "INSERT INTO webhook_deliveries (endpoint, event, subject, next_at)
        SELECT DISTINCT endpoint, CAST($1 AS BIGINT), CAST($2 AS TEXT), 0 FROM webhook_subscriptions
        WHERE type IN ('*', $3, $4)";
}

/// An endpoint to be; its generation is 1.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub id: String,
    pub url: String,
    pub description: String,
    /// `*`, `case.*`, `case.created`, …
    pub types: Vec<String>,
    /// UTC µs.
    pub created_at: i64,
}

/// Why an endpoint gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PausedBy {
    Administrator,
    /// It took nothing for too long.
    Failures,
    /// It said itself that it wants no more.
    Gone,
}

impl PausedBy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Failures => "failures",
            Self::Gone => "gone",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [Self::Administrator, Self::Failures, Self::Gone]
            .into_iter()
            .find(|by| by.as_str() == text)
            .ok_or_else(|| StoreError::damaged("webhook_endpoints", text))
    }
}

/// An endpoint as it stands. Times UTC µs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub id: String,
    pub url: String,
    pub description: String,
    pub types: Vec<String>,
    pub generation: i64,
    /// Until then the generation before signs too.
    pub both_until: Option<i64>,
    pub created_at: i64,
    pub paused: Option<(i64, PausedBy)>,
    pub failing_since: Option<i64>,
    pub last_error: Option<String>,
    /// Events that it has not taken yet.
    pub waiting: i64,
}

impl Store {
    /// Keeps a new endpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_endpoint(&self, new: &NewEndpoint) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        ADD_ENDPOINT
            .bind(&new.id)
            .bind(&new.url)
            .bind(&new.description)
            .bind(new.created_at)
            .execute(&mut tx)
            .await
            .map_err(or_exists("endpoint"))?;
        for kind in &new.types {
            SUBSCRIBE.bind(&new.id).bind(kind).execute(&mut tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Every endpoint, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
        let mut c = self.read().await?;
        let rows: Vec<EndpointRow> = ENDPOINTS.query().all(&mut c).await?;
        let types: Vec<(String, String)> = SUBSCRIPTIONS.query().all(&mut c).await?;
        rows.into_iter().map(|row| row.with(&types)).collect()
    }

    /// One endpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn endpoint(&self, id: &str) -> Result<Option<Endpoint>, StoreError> {
        let mut c = self.read().await?;
        let Some(row) = ENDPOINT.bind(id).optional::<EndpointRow>(&mut c).await? else {
            return Ok(None);
        };
        let types: Vec<(String, String)> = SUBSCRIPTIONS.query().all(&mut c).await?;
        row.with(&types).map(Some)
    }

    /// Forgets an endpoint and what it has not taken; false where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_endpoint(&self, id: &str) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        REMOVE_DELIVERIES.bind(id).execute(&mut tx).await?;
        REMOVE_SUBSCRIPTIONS.bind(id).execute(&mut tx).await?;
        let removed = REMOVE_ENDPOINT.bind(id).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(removed > 0)
    }

    /// The next generation of its secret; the one before signs too until `both_until`. `None` where there is no endpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rotate_endpoint(
        &self,
        id: &str,
        both_until: i64,
    ) -> Result<Option<i64>, StoreError> {
        let mut tx = self.write().await?;
        let generation: Option<(i64,)> = ROTATE.bind(both_until).bind(id).optional(&mut tx).await?;
        tx.commit().await?;
        Ok(generation.map(|(generation,)| generation))
    }

    /// Sends it nothing any more; its events are kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pause_endpoint(&self, id: &str, at: i64, by: PausedBy) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        pause(&mut tx, id, at, by).await?;
        Ok(tx.commit().await?)
    }

    /// Goes on at once with what it has not taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resume_endpoint(&self, id: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        RESUME.bind(id).execute(&mut tx).await?;
        RESUME_DELIVERIES.bind(id).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Everything from that event on once more, whether or not it was taken; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replay(&self, id: &str, from: i64) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let events = REPLAY.bind(id).bind(from).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(events)
    }
}

/// True where it was not paused before.
async fn pause(tx: &mut Tx, id: &str, at: i64, by: PausedBy) -> Result<bool, StoreError> {
    let paused = PAUSE
        .bind(at)
        .bind(by.as_str())
        .bind(id)
        .execute(tx)
        .await?;
    Ok(paused > 0)
}

/// What every entry's body has.
#[derive(Deserialize)]
struct Body {
    at: i64,
    event: Named,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "type")]
    kind: String,
}

/// Notes an event for each entry that an append wrote and others may learn of, and to whom it goes.
pub(crate) async fn note(
    tx: &mut Tx,
    written: &[(JournalId, Vec<NewEntry>)],
    sealed: &[kanjie_evidence::Entry],
) -> Result<(), StoreError> {
    let (any,): (bool,) = ANY_ENDPOINT.query().one(tx).await?;
    if !any {
        return Ok(());
    }
    let mut subjects = Vec::new();
    for (journal, _) in written {
        subjects.push(subject_of(tx, journal).await?);
    }
    // Numbers of a subject in the order of commits. Taken after the locks of journals, so that nobody waits in a circle.
    for subject in subjects.iter().flatten().collect::<BTreeSet<_>>() {
        tx.lock(&format!("events:{subject}")).await?;
    }
    let mut sealed = sealed.iter();
    for ((journal, new), subject) in written.iter().zip(&subjects) {
        for entry in sealed.by_ref().take(new.len()) {
            if let Some(subject) = subject {
                note_one(tx, journal, subject, entry).await?;
            }
        }
    }
    Ok(())
}

/// The case or bundle whose order an event keeps; `None` where the session is not known: a view never stops a journal.
async fn subject_of(tx: &mut Tx, journal: &JournalId) -> Result<Option<String>, StoreError> {
    Ok(match journal {
        JournalId::Case(id) | JournalId::Bundle(id) => Some(id.clone()),
        JournalId::Session(id) => {
            let found: Option<(String,)> = CASE_OF_SESSION.bind(id).optional(tx).await?;
            found.map(|(case,)| case)
        }
    })
}

async fn note_one(
    tx: &mut Tx,
    journal: &JournalId,
    subject: &str,
    entry: &kanjie_evidence::Entry,
) -> Result<(), StoreError> {
    let body = entry.opened.as_ref().map(|opened| opened.body.as_str());
    let Some(Ok(body)) = body.map(serde_json::from_str::<Body>) else {
        return Ok(());
    };
    let family = match journal {
        JournalId::Session(_) => "session",
        JournalId::Case(_) => "case",
        JournalId::Bundle(_) => "bundle",
    };
    let kind = format!("{family}.{}", body.event.kind);
    if !is_told(&kind) {
        return Ok(());
    }
    let number = i64::try_from(entry.seq).map_err(|e| StoreError::damaged("entries", e))?;
    let (seq,): (i64,) = ADD_EVENT
        .bind(&kind)
        .bind(family)
        .bind(subject)
        .bind(&journal.to_string())
        .bind(number)
        .bind(body.at)
        .bind(&entry.hash.0)
        .one(tx)
        .await?;
    ADD_DELIVERIES
        .bind(seq)
        .bind(subject)
        .bind(&kind)
        .bind(&format!("{family}.*"))
        .execute(tx)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct EndpointRow {
    id: String,
    url: String,
    description: String,
    generation: i64,
    both_until: Option<i64>,
    created_at: i64,
    paused_at: Option<i64>,
    paused_by: Option<String>,
    failing_since: Option<i64>,
    last_error: Option<String>,
    waiting: i64,
}

impl EndpointRow {
    fn with(self, types: &[(String, String)]) -> Result<Endpoint, StoreError> {
        let own = types.iter().filter(|(endpoint, _)| *endpoint == self.id);
        let types = own.map(|(_, kind)| kind.clone()).collect();
        let paused = match (self.paused_at, &self.paused_by) {
            (Some(at), Some(by)) => Some((at, PausedBy::parse(by)?)),
            _ => None,
        };
        Ok(Endpoint {
            id: self.id,
            url: self.url,
            description: self.description,
            types,
            generation: self.generation,
            both_until: self.both_until,
            created_at: self.created_at,
            paused,
            failing_since: self.failing_since,
            last_error: self.last_error,
            waiting: self.waiting,
        })
    }
}
