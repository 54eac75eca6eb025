//! What is due at an endpoint, and what came of it. Of one case or bundle only the oldest event that was not taken is due, so that
//! its events arrive in their order.

use sqlx::FromRow;

use super::{PausedBy, pause};
use crate::error::StoreError;
use crate::journal::bytes32;
use crate::outbox::{self, NewNotice};
use crate::statement::statements;
use crate::store::Store;

statements! {
    DUE_ENDPOINTS = "SELECT e.id FROM webhook_endpoints e WHERE e.paused_at IS NULL AND e.next_at <= $1
        AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint = e.id AND d.delivered_at IS NULL AND d.next_at <= $1)
        ORDER BY e.id";
    DUE_EVENTS = "SELECT v.seq, v.type AS kind, v.subject, v.journal, v.entry, v.at, v.head, d.tries
        FROM webhook_deliveries d JOIN webhook_events v ON v.seq = d.event JOIN webhook_endpoints e ON e.id = d.endpoint
        WHERE d.endpoint = $1 AND d.delivered_at IS NULL AND d.next_at <= $2 AND e.next_at <= $2 AND e.paused_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM webhook_deliveries b WHERE b.endpoint = d.endpoint AND b.subject = d.subject
            AND b.delivered_at IS NULL AND b.event < d.event)
        ORDER BY d.event LIMIT $3";
    EVENT_DELIVERED = "UPDATE webhook_deliveries SET delivered_at = $1, tries = tries + 1 WHERE endpoint = $2 AND event = $3";
    ENDPOINT_WELL = "UPDATE webhook_endpoints SET failing_since = NULL, fails = 0, next_at = 0, last_error = NULL WHERE id = $1";
    EVENT_FAILED = "UPDATE webhook_deliveries SET tries = tries + 1, next_at = $1 WHERE endpoint = $2 AND event = $3";
    ENDPOINT_FAILING = "UPDATE webhook_endpoints SET fails = fails + 1, next_at = $1, last_error = $2,
        failing_since = COALESCE(failing_since, $3) WHERE id = $4";
    FAILS = "SELECT fails, failing_since FROM webhook_endpoints WHERE id = $1";
    CLEAR_DELIVERIES = "DELETE FROM webhook_deliveries WHERE delivered_at < $1
        OR NOT EXISTS (SELECT 1 FROM webhook_endpoints e WHERE e.id = webhook_deliveries.endpoint)";
    CLEAR_EVENTS = "DELETE FROM webhook_events WHERE at < $1
        AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.event = webhook_events.seq)";
}

/// An event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueEvent {
    pub seq: i64,
    /// `case.created`, …
    pub kind: String,
    /// Id of the case, or of the bundle where the journal is one's.
    pub subject: String,
    pub journal: String,
    /// Number of the journal's entry, and its hash.
    pub entry: i64,
    pub head: [u8; 32],
    /// When it happened, UTC µs.
    pub at: i64,
    /// Before this one.
    pub tries: i64,
}

/// What came of one try.
#[derive(Clone, Debug)]
pub enum TryOutcome {
    Taken,
    /// Times UTC µs.
    Failed {
        /// A status, or a stable word.
        error: String,
        /// When this event is tried again.
        next_at: i64,
        /// … and when the endpoint is asked again at all.
        endpoint_next_at: i64,
        /// Set where it gets no more from now on, with whom to tell.
        pause: Option<(PausedBy, Option<Box<NewNotice>>)>,
    },
}

impl Store {
    /// Endpoints with something due.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_endpoints(&self, now: i64) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String,)> = DUE_ENDPOINTS.bind(now).all(&mut self.read().await?).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// What is due there, oldest first, of each case or bundle one event at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_events(
        &self,
        endpoint: &str,
        now: i64,
        limit: u32,
    ) -> Result<Vec<DueEvent>, StoreError> {
        let rows: Vec<DueRow> = DUE_EVENTS
            .bind(endpoint)
            .bind(now)
            .bind(limit)
            .all(&mut self.read().await?)
            .await?;
        rows.into_iter().map(DueEvent::try_from).collect()
    }

    /// How often the endpoint failed in a row, and since when; `None` where it is gone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn endpoint_fails(
        &self,
        endpoint: &str,
    ) -> Result<Option<(i64, Option<i64>)>, StoreError> {
        Ok(FAILS
            .bind(endpoint)
            .optional(&mut self.read().await?)
            .await?)
    }

    /// Notes what came of a try; true where the endpoint was paused by it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_try(
        &self,
        endpoint: &str,
        event: i64,
        at: i64,
        outcome: &TryOutcome,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let mut paused = false;
        match outcome {
            TryOutcome::Taken => {
                // The endpoint first, as below: two tries of one endpoint never wait for each other in a circle.
                ENDPOINT_WELL.bind(endpoint).execute(&mut tx).await?;
                EVENT_DELIVERED
                    .bind(at)
                    .bind(endpoint)
                    .bind(event)
                    .execute(&mut tx)
                    .await?;
            }
            TryOutcome::Failed {
                error,
                next_at,
                endpoint_next_at,
                pause: then,
            } => {
                ENDPOINT_FAILING
                    .bind(*endpoint_next_at)
                    .bind(error)
                    .bind(at)
                    .bind(endpoint)
                    .execute(&mut tx)
                    .await?;
                EVENT_FAILED
                    .bind(*next_at)
                    .bind(endpoint)
                    .bind(event)
                    .execute(&mut tx)
                    .await?;
                if let Some((by, notice)) = then {
                    paused = pause(&mut tx, endpoint, at, *by).await?;
                    if paused && let Some(notice) = notice {
                        outbox::insert(&mut tx, notice).await?;
                    }
                }
            }
        }
        tx.commit().await?;
        Ok(paused)
    }

    /// Clears away what happened before `before`, UTC µs, and was taken everywhere.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn clear_events(&self, before: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        CLEAR_DELIVERIES.bind(before).execute(&mut tx).await?;
        CLEAR_EVENTS.bind(before).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

#[derive(FromRow)]
struct DueRow {
    seq: i64,
    kind: String,
    subject: String,
    journal: String,
    entry: i64,
    at: i64,
    head: Vec<u8>,
    tries: i64,
}

impl TryFrom<DueRow> for DueEvent {
    type Error = StoreError;

    fn try_from(row: DueRow) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.seq,
            kind: row.kind,
            subject: row.subject,
            journal: row.journal,
            entry: row.entry,
            head: bytes32("webhook_events", &row.head)?,
            at: row.at,
            tries: row.tries,
        })
    }
}
