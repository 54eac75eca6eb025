//! Events to other systems by Standard Webhooks (docs/protocol/webhooks.md): sent after they are kept, tried again until
//! taken, in order for each case.

#[cfg(test)]
pub mod receiver;
mod signature;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use kanjie_evidence::h;
use kanjie_store::{DueEvent, Endpoint, NewNotice, PausedBy, Store, StoreError, TryOutcome};
use reqwest::{Client, StatusCode, Url};
use serde::Serialize;

pub use self::signature::WebhookKey;
use crate::config::Config;
use crate::env::Env;
use crate::error::Failure;
use crate::net::client::{self, Reach};
use crate::net::outward::{Allowed, check_host};
use crate::notices::texts::Kind;
use crate::notices::{Notices, To, pause_us};

/// Sent to one endpoint side by side.
const BATCH: u32 = 8;
/// How often the store is asked for what is due.
const LOOK: Duration = Duration::from_secs(1);
/// Longest pause between two tries of one event, and of an endpoint, seconds.
const EVENT_PAUSE_S: i64 = 60 * 60;
const ENDPOINT_PAUSE_S: i64 = 15 * 60;
/// How long an event that was taken can be had again, µs.
const KEPT_US: i64 = 30 * 24 * HOUR_US;
const HOUR_US: i64 = 60 * 60 * 1_000_000;
/// How long two generations of a secret sign, µs.
pub const BOTH_US: i64 = 24 * HOUR_US;

/// The sender of events.
#[derive(Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    env: Arc<dyn Env>,
    notices: Notices,
    key: WebhookKey,
    client: Client,
    allowed: Allowed,
    allow_http: bool,
    notify: Option<String>,
    pause_after: i64,
    /// Endpoints that are being served: one run each, so that a slow one holds up nobody.
    busy: Mutex<BTreeSet<String>>,
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhooks")
    }
}

/// Why an address is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAddress {
    /// No absolute `https:` address (or `http:`, where that is allowed) without user and password.
    Form,
    /// In a network that may not be called.
    Network,
}

/// What is sent: nothing that is not in the index of journals.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(flatten)]
    subject: Subject<'a>,
    journal: &'a str,
    seq: i64,
    head: String,
    event: i64,
}

/// Whose order the event keeps: a field of that name.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Subject<'a> {
    Case(&'a str),
    Bundle(&'a str),
}

#[derive(Serialize)]
struct PausedValues<'a> {
    host: &'a str,
    since: String,
}

impl Webhooks {
    /// # Errors
    /// When the file of authorities cannot be read, or TLS cannot be set up.
    pub fn open(
        config: &Config,
        store: Store,
        env: Arc<dyn Env>,
        notices: Notices,
        key: WebhookKey,
    ) -> Result<Self, Failure> {
        let webhooks = &config.webhooks;
        let allowed = Allowed::new(&webhooks.allow_networks);
        let client = client::new(
            Reach::Entered(allowed.clone()),
            webhooks.ca_file.as_deref(),
            Duration::from_secs(u64::from(webhooks.timeout_seconds)),
        )?;
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                env,
                notices,
                key,
                client,
                allowed,
                allow_http: webhooks.allow_http,
                notify: webhooks.notify.clone(),
                pause_after: i64::from(webhooks.pause_after_hours) * HOUR_US,
                busy: Mutex::default(),
            }),
        })
    }

    /// The secret of an endpoint's generation, as the other system keeps it.
    #[must_use]
    pub fn secret(&self, endpoint: &str, generation: i64) -> String {
        self.inner.key.secret(endpoint, generation).to_text()
    }

    /// Reads an address that somebody entered.
    ///
    /// # Errors
    /// See [`BadAddress`]. A name is looked up at each call, not here.
    pub fn address(&self, text: &str) -> Result<Url, BadAddress> {
        let url = Url::parse(text).map_err(|_| BadAddress::Form)?;
        let scheme = url.scheme() == "https" || (self.inner.allow_http && url.scheme() == "http");
        let plain =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !scheme || !plain || url.host_str().is_none() {
            return Err(BadAddress::Form);
        }
        check_host(&url, &self.inner.allowed).map_err(|_| BadAddress::Network)?;
        Ok(url)
    }

    /// Sends what is due, now and whenever there is more; never returns.
    pub async fn run(self) {
        let mut look = tokio::time::interval(LOOK);
        let mut looks: u32 = 0;
        loop {
            look.tick().await;
            if let Err(error) = self.start_due().await {
                tracing::error!(%error, "webhooks");
            }
            // Once an hour, the first time right at the start.
            if looks.is_multiple_of(3_600)
                && let Err(error) = self.clear().await
            {
                tracing::error!(%error, "webhooks");
            }
            looks = looks.wrapping_add(1);
        }
    }

    async fn start_due(&self) -> Result<(), StoreError> {
        let now = self.inner.env.now();
        for endpoint in self.inner.store.due_endpoints(now).await? {
            let own = self.clone();
            tokio::spawn(async move {
                if let Err(error) = own.serve(&endpoint).await {
                    tracing::error!(%error, endpoint, "webhooks");
                }
            });
        }
        Ok(())
    }

    async fn clear(&self) -> Result<(), StoreError> {
        let before = self.inner.env.now() - KEPT_US;
        self.inner.store.clear_events(before).await
    }

    /// Sends everything that is due now, and returns how many events were taken.
    ///
    /// # Errors
    /// When the store fails; an endpoint that fails is only noted.
    pub async fn deliver_due(&self) -> Result<usize, StoreError> {
        let due = self.inner.store.due_endpoints(self.inner.env.now()).await?;
        let mut taken = 0;
        for one in join_all(due.iter().map(|endpoint| self.serve(endpoint))).await {
            taken += one?;
        }
        Ok(taken)
    }

    /// Everything that is due at one endpoint, unless somebody does that already.
    async fn serve(&self, id: &str) -> Result<usize, StoreError> {
        let Some(_turn) = Turn::take(&self.inner, id) else {
            return Ok(0);
        };
        let mut taken = 0;
        loop {
            let now = self.inner.env.now();
            let due = self.inner.store.due_events(id, now, BATCH).await?;
            // Read again each time: it may have been paused or given another secret.
            let endpoint = self.inner.store.endpoint(id).await?;
            let Some(endpoint) = endpoint.filter(|_| !due.is_empty()) else {
                return Ok(taken);
            };
            for one in join_all(due.iter().map(|event| self.deliver(&endpoint, event))).await {
                taken += usize::from(one?);
            }
        }
    }

    /// One try; true where it was taken.
    async fn deliver(&self, endpoint: &Endpoint, event: &DueEvent) -> Result<bool, StoreError> {
        let outcome = match self.post(endpoint, event).await {
            Ok(status) if status.is_success() => TryOutcome::Taken,
            Ok(status) => {
                self.failed(endpoint, event, status.as_str(), Some(status))
                    .await?
            }
            Err(word) => self.failed(endpoint, event, word, None).await?,
        };
        let at = self.inner.env.now();
        let store = &self.inner.store;
        if store
            .note_try(&endpoint.id, event.seq, at, &outcome)
            .await?
        {
            tracing::warn!(endpoint = endpoint.id, "endpoint paused");
            self.inner.notices.wake();
        }
        Ok(matches!(outcome, TryOutcome::Taken))
    }

    async fn post(
        &self,
        endpoint: &Endpoint,
        event: &DueEvent,
    ) -> Result<StatusCode, &'static str> {
        let url = self.address(&endpoint.url).map_err(|bad| match bad {
            BadAddress::Form => "address",
            BadAddress::Network => "forbidden_network",
        })?;
        let body = payload(event).ok_or("malformed")?;
        let id = event_id(event);
        let now = self.inner.env.now();
        let seconds = now.div_euclid(1_000_000);
        let key = &self.inner.key;
        let mut signatures = key
            .secret(&endpoint.id, endpoint.generation)
            .sign(&id, seconds, &body);
        if endpoint.both_until.is_some_and(|until| now < until) {
            let before = key.secret(&endpoint.id, endpoint.generation - 1);
            signatures = format!("{signatures} {}", before.sign(&id, seconds, &body));
        }
        let request = self.inner.client.post(url);
        let answer = request
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signatures)
            .body(body)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.status()),
            Err(error) if error.is_timeout() => Err("timed_out"),
            Err(error) if error.is_connect() => Err("unreachable"),
            Err(_) => Err("interrupted"),
        }
    }

    async fn failed(
        &self,
        endpoint: &Endpoint,
        event: &DueEvent,
        error: &str,
        status: Option<StatusCode>,
    ) -> Result<TryOutcome, StoreError> {
        let inner = &self.inner;
        let fails = inner.store.endpoint_fails(&endpoint.id).await?;
        let (fails, since) = fails.unwrap_or((0, None));
        let now = inner.env.now();
        let pause = if status == Some(StatusCode::GONE) {
            Some((PausedBy::Gone, None))
        } else {
            let since = since.filter(|since| now - since >= inner.pause_after);
            since.map(|since| (PausedBy::Failures, self.notice(endpoint, since)))
        };
        let wait = |tries, longest| now + pause_us(tries, longest, inner.env.as_ref());
        Ok(TryOutcome::Failed {
            error: error.to_owned(),
            next_at: wait(event.tries + 1, EVENT_PAUSE_S),
            endpoint_next_at: wait(fails + 1, ENDPOINT_PAUSE_S),
            pause,
        })
    }

    /// Whom the configuration names is told that an endpoint gets no more.
    fn notice(&self, endpoint: &Endpoint, since: i64) -> Option<Box<NewNotice>> {
        let recipient = self.inner.notify.as_deref()?;
        let url = Url::parse(&endpoint.url).ok()?;
        let to = To {
            recipient,
            session: None,
            case: None,
            life: None,
        };
        let values = PausedValues {
            host: url.host_str().unwrap_or_default(),
            since: local_minute(since),
        };
        let notice = self.inner.notices.write(Kind::WebhookPaused, to, &values);
        notice.map(Box::new)
    }
}

/// The right to serve one endpoint.
struct Turn<'a> {
    inner: &'a Inner,
    endpoint: &'a str,
}

impl<'a> Turn<'a> {
    fn take(inner: &'a Inner, endpoint: &'a str) -> Option<Self> {
        let mut busy = inner.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(endpoint.to_owned())
            .then_some(Self { inner, endpoint })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let busy = self.inner.busy.lock();
        busy.unwrap_or_else(PoisonError::into_inner)
            .remove(self.endpoint);
    }
}

/// Of Shanghai, which keeps one offset all year.
fn local_minute(at: i64) -> String {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    jiff::Timestamp::from_microsecond(at)
        .map(|at| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// The same for every try, every replay and every endpoint.
fn event_id(event: &DueEvent) -> String {
    let digest = h(&[
        event.journal.as_bytes(),
        b"\n",
        event.entry.to_string().as_bytes(),
    ]);
    format!("evt_{}", hex::encode(&digest.0[..16]))
}

/// The same bytes for every try.
fn payload(event: &DueEvent) -> Option<String> {
    let payload = Payload {
        kind: &event.kind,
        timestamp: jiff::Timestamp::from_microsecond(event.at)
            .ok()?
            .to_string(),
        data: Data {
            subject: match event.kind.split_once('.') {
                Some(("bundle", _)) => Subject::Bundle(&event.subject),
                _ => Subject::Case(&event.subject),
            },
            journal: &event.journal,
            seq: event.entry,
            head: hex::encode(event.head),
            event: event.seq,
        },
    };
    serde_json::to_string(&payload).ok()
}
