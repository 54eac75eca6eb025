//! Notices on their way: written with the act that caused them, delivered after, text and code erased once they are.
//!
//! A notice is marked before it goes to its sender. One that is found marked later (the process died, the answer never
//! came) may or may not have gone out: it is sent once more, and given up if that happens again. So nobody gets the same
//! notice more than twice.

use sqlx::FromRow;

use crate::error::StoreError;
use crate::statement::{Statement, statements};
use crate::store::{Store, Tx};

statements! {
    ADD_NOTICE = "INSERT INTO outbox (recipient, kind, subject, text, code, case_id, created_at, next_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, COALESCE($9, (SELECT case_id FROM sessions WHERE id = $6)), $7, $7, $8) RETURNING id";
    ANY_NOTICE_DUE = "SELECT id FROM outbox
        WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_at <= $1 LIMIT 1";
    DUE_NOTICES = "SELECT id, recipient, begun_at, uncertain, expires_at FROM outbox
        WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_at <= $1 ORDER BY id LIMIT $2";
    TAKE_NOTICE = "UPDATE outbox SET begun_at = $1, uncertain = $2, tries = tries + 1 WHERE id = $3
        RETURNING id, recipient, kind, subject, text, code, created_at, tries";
    // What is with a sender counts as sent.
    SENT_TO = "SELECT COUNT(*), MIN(COALESCE(delivered_at, begun_at)) FROM outbox
        WHERE recipient = $1 AND COALESCE(delivered_at, begun_at) > $2 AND given_up_at IS NULL";
    NOTICE_WAITS = "UPDATE outbox SET next_at = $1 WHERE id = $2";
    NOTICE_CHANNEL = "UPDATE outbox SET channel = $1 WHERE id = $2";
    NOTICE_SENT = "UPDATE outbox SET delivered_at = $1, gateway_id = $2, begun_at = NULL, error_class = NULL,
        text = '', code = NULL WHERE id = $3";
    NOTICE_PUT_OFF = "UPDATE outbox SET next_at = $1, failed_at = $2, error_class = $3, begun_at = NULL WHERE id = $4";
    // The mark stays: whoever takes it next counts it as unknown.
    NOTICE_UNKNOWN = "UPDATE outbox SET next_at = $1, failed_at = $2, error_class = $3 WHERE id = $4";
    NOTICE_GIVEN_UP = "UPDATE outbox SET given_up_at = $1, failed_at = $1, error_class = $2, begun_at = NULL,
        text = '', code = NULL WHERE id = $3";
    NOTICES_OF_CASE = "SELECT id, recipient, kind, channel, created_at, tries, next_at, begun_at, gateway_id, failed_at,
        error_class, delivered_at, given_up_at FROM outbox WHERE case_id = $1 ORDER BY id DESC LIMIT $2";
}

/// Longest list of deliveries in one answer.
const MOST: u32 = 200;
/// Held while due notices are taken.
const LOCK: &str = "outbox";
/// How often a notice may be sent without anybody knowing what came of the time before.
const REPEATS: i64 = 1;

/// A notice to be sent.
#[derive(Clone, Default)]
pub struct NewNotice {
    /// Phone number or e-mail address.
    pub recipient: String,
    /// What it is about: `code_device`, `webhook_paused`, …
    pub kind: String,
    /// For senders that have one (e-mail).
    pub subject: String,
    pub text: String,
    pub code: Option<String>,
    /// The session whose case it belongs to.
    pub session: Option<String>,
    /// The case that it belongs to, where no session says so.
    pub case: Option<String>,
    /// UTC µs.
    pub created_at: i64,
    /// After that it is of no use to anybody, UTC µs.
    pub expires_at: Option<i64>,
}

/// A notice that is with its sender.
#[derive(Clone, FromRow)]
pub struct WaitingNotice {
    pub id: i64,
    pub recipient: String,
    pub kind: String,
    pub subject: String,
    pub text: String,
    pub code: Option<String>,
    pub created_at: i64,
    /// This one included.
    pub tries: i64,
}

impl std::fmt::Debug for NewNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewNotice").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WaitingNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WaitingNotice")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// How much one recipient gets.
#[derive(Clone, Copy, Debug)]
pub struct RecipientLimit {
    pub notices: u32,
    /// … within so many µs.
    pub within: i64,
}

/// What a sender reports of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken; the gateway's own id where it gave one.
    Sent { gateway_id: Option<String> },
    /// Certainly not sent: due again at `next_at`, or given up where that is `None`.
    Failed {
        class: &'static str,
        next_at: Option<i64>,
    },
    /// Nobody knows: once more at `next_at`, and no more after that.
    Unknown { class: &'static str, next_at: i64 },
}

/// Where a notice stands. Times UTC µs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    Queued {
        due_at: i64,
    },
    /// With the sender, or the process died there.
    Sending {
        since: i64,
    },
    Sent {
        at: i64,
        gateway_id: Option<String>,
    },
    Failed {
        at: i64,
        class: String,
        due_at: i64,
    },
    GivenUp {
        at: i64,
        class: String,
    },
}

/// A notice as staff may see it: never what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: i64,
    pub recipient: String,
    pub kind: String,
    pub channel: Option<String>,
    pub created_at: i64,
    pub tries: i64,
    pub state: DeliveryState,
}

impl Store {
    /// Puts a notice into the outbox and returns its id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_notice(&self, new: &NewNotice) -> Result<i64, StoreError> {
        let mut tx = self.write().await?;
        let id = insert(&mut tx, new).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Takes what is due, oldest first, and marks it as with its sender. What is past its use, or was sent twice without
    /// anybody knowing, is given up here; what is too much for its recipient waits.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_due_notices(
        &self,
        now: i64,
        batch: u32,
        limit: RecipientLimit,
    ) -> Result<Vec<WaitingNotice>, StoreError> {
        if !self.any_notice_due(now).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.write().await?;
        tx.lock(LOCK).await?;
        let mut taken = Vec::new();
        // Rows that end or wait here make room for those behind them.
        while taken.is_empty() {
            let due: Vec<DueRow> = DUE_NOTICES.bind(now).bind(batch).all(&mut tx).await?;
            if due.is_empty() {
                break;
            }
            for row in &due {
                taken.extend(take(&mut tx, row, now, limit).await?);
            }
        }
        tx.commit().await?;
        Ok(taken)
    }

    async fn any_notice_due(&self, now: i64) -> Result<bool, StoreError> {
        let found: Option<(i64,)> = ANY_NOTICE_DUE
            .bind(now)
            .optional(&mut self.read().await?)
            .await?;
        Ok(found.is_some())
    }

    /// Notes what came of a try; once it is sent or given up, what it said is erased here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_notice(
        &self,
        id: i64,
        at: i64,
        channel: &str,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        NOTICE_CHANNEL
            .bind(channel)
            .bind(id)
            .execute(&mut tx)
            .await?;
        match outcome {
            Outcome::Sent { gateway_id } => sent(&mut tx, id, at, gateway_id.as_deref()).await?,
            Outcome::Failed {
                class,
                next_at: None,
            } => give_up(&mut tx, id, at, class).await?,
            Outcome::Failed {
                class,
                next_at: Some(next_at),
            } => failed(&mut tx, NOTICE_PUT_OFF, id, at, class, *next_at).await?,
            Outcome::Unknown { class, next_at } => {
                failed(&mut tx, NOTICE_UNKNOWN, id, at, class, *next_at).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// The notices of a case, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notices_of_case(&self, case_id: &str) -> Result<Vec<Delivery>, StoreError> {
        let rows: Vec<DeliveryRow> = NOTICES_OF_CASE
            .bind(case_id)
            .bind(MOST)
            .all(&mut self.read().await?)
            .await?;
        Ok(rows.into_iter().map(Delivery::from).collect())
    }
}

pub(crate) async fn insert(tx: &mut Tx, new: &NewNotice) -> Result<i64, StoreError> {
    let (id,): (i64,) = ADD_NOTICE
        .bind(&new.recipient)
        .bind(&new.kind)
        .bind(&new.subject)
        .bind(&new.text)
        .bind(&new.code)
        .bind(&new.session)
        .bind(new.created_at)
        .bind(new.expires_at)
        .bind(&new.case)
        .one(tx)
        .await?;
    Ok(id)
}

/// Marks one notice, unless it ends or waits here.
async fn take(
    tx: &mut Tx,
    row: &DueRow,
    now: i64,
    limit: RecipientLimit,
) -> Result<Option<WaitingNotice>, StoreError> {
    let uncertain = row.uncertain + i64::from(row.begun_at.is_some());
    if uncertain > REPEATS {
        give_up(tx, row.id, now, "uncertain").await?;
        return Ok(None);
    }
    if row.expires_at.is_some_and(|at| at <= now) {
        give_up(tx, row.id, now, "expired").await?;
        return Ok(None);
    }
    if let Some(next_at) = too_many(tx, &row.recipient, now, limit).await? {
        NOTICE_WAITS.bind(next_at).bind(row.id).execute(tx).await?;
        return Ok(None);
    }
    let notice = TAKE_NOTICE
        .bind(now)
        .bind(uncertain)
        .bind(row.id)
        .one(tx)
        .await?;
    Ok(Some(notice))
}

/// When the recipient may get the next one, where that is not now.
async fn too_many(
    tx: &mut Tx,
    recipient: &str,
    now: i64,
    limit: RecipientLimit,
) -> Result<Option<i64>, StoreError> {
    let (count, oldest): (i64, Option<i64>) = SENT_TO
        .bind(recipient)
        .bind(now - limit.within)
        .one(tx)
        .await?;
    let full = count >= i64::from(limit.notices);
    Ok(full.then(|| oldest.unwrap_or(now) + limit.within))
}

async fn sent(tx: &mut Tx, id: i64, at: i64, gateway_id: Option<&str>) -> Result<(), StoreError> {
    NOTICE_SENT
        .bind(at)
        .bind(gateway_id)
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

async fn failed(
    tx: &mut Tx,
    how: Statement,
    id: i64,
    at: i64,
    class: &str,
    next_at: i64,
) -> Result<(), StoreError> {
    how.bind(next_at)
        .bind(at)
        .bind(class)
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

async fn give_up(tx: &mut Tx, id: i64, at: i64, class: &str) -> Result<(), StoreError> {
    NOTICE_GIVEN_UP
        .bind(at)
        .bind(class)
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct DueRow {
    id: i64,
    recipient: String,
    begun_at: Option<i64>,
    uncertain: i64,
    expires_at: Option<i64>,
}

#[derive(FromRow)]
struct DeliveryRow {
    id: i64,
    recipient: String,
    kind: String,
    channel: Option<String>,
    created_at: i64,
    tries: i64,
    next_at: i64,
    begun_at: Option<i64>,
    gateway_id: Option<String>,
    failed_at: Option<i64>,
    error_class: Option<String>,
    delivered_at: Option<i64>,
    given_up_at: Option<i64>,
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        let class = row.error_class.unwrap_or_default();
        let state = match (row.delivered_at, row.given_up_at, row.failed_at) {
            (Some(at), ..) => DeliveryState::Sent {
                at,
                gateway_id: row.gateway_id,
            },
            (None, Some(at), _) => DeliveryState::GivenUp { at, class },
            (None, None, Some(at)) => DeliveryState::Failed {
                at,
                class,
                due_at: row.next_at,
            },
            (None, None, None) => match row.begun_at {
                Some(since) => DeliveryState::Sending { since },
                None => DeliveryState::Queued {
                    due_at: row.next_at,
                },
            },
        };
        Self {
            id: row.id,
            recipient: row.recipient,
            kind: row.kind,
            channel: row.channel,
            created_at: row.created_at,
            tries: row.tries,
            state,
        }
    }
}
