//! Notices to people: kept in the store first, sent after, tried again until given up; the state of each can be read.
//!
//! E-mail addresses go to the mail server, phones to the SMS gateway; what has no sender configured goes to a file of JSON
//! lines `{at, code?, text, to}`, which is the default: nothing leaves the machine then (R54).

mod sender;
mod sms;
mod smtp;
pub mod texts;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kanjie_store::{NewNotice, Outcome, RecipientLimit, Store, StoreError, WaitingNotice};
use serde::Serialize;
use tokio::sync::Notify;

use self::sender::{NotSent, Sender};
use self::sms::SmsSender;
use self::smtp::SmtpSender;
use self::texts::Kind;
use crate::config::{Config, Language};
use crate::env::Env;
use crate::error::Failure;

/// Sent side by side.
const BATCH: u32 = 8;
const HOUR_US: i64 = 60 * 60 * 1_000_000;
/// Longest pause between two tries, seconds.
const LONGEST_PAUSE_S: i64 = 15 * 60;

/// The outbox and its senders.
#[derive(Clone, Debug)]
pub struct Notices {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    env: Arc<dyn Env>,
    language: Language,
    limit: RecipientLimit,
    tries: i64,
    mail: Sender,
    phone: Sender,
    wake: Notify,
    /// One delivery run at a time, so that no notice goes out twice.
    running: tokio::sync::Mutex<()>,
}

/// Who gets a notice, and what it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct To<'a> {
    /// Phone or e-mail address.
    pub recipient: &'a str,
    /// The session whose case it belongs to.
    pub session: Option<&'a str>,
    /// The case itself, where no session says so.
    pub case: Option<&'a str>,
    /// How long it is of use, µs.
    pub life: Option<i64>,
}

#[derive(Serialize)]
struct CodeValues<'a> {
    code: &'a str,
}

impl Notices {
    /// # Errors
    /// When a sender's configuration does not work.
    pub fn open(config: &Config, store: Store, env: Arc<dyn Env>) -> Result<Self, Failure> {
        let notices = &config.notices;
        let file = || {
            let own = config.data.join("outbox.jsonl");
            Sender::File(notices.file.clone().unwrap_or(own))
        };
        let mail = match &notices.smtp {
            Some(smtp) => Sender::Smtp(Box::new(SmtpSender::new(smtp)?)),
            None => file(),
        };
        let phone = match &notices.sms {
            Some(sms) => Sender::Sms(Box::new(SmsSender::new(sms)?)),
            None => file(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                env,
                language: notices.language,
                limit: RecipientLimit {
                    notices: notices.per_recipient_hour,
                    within: HOUR_US,
                },
                tries: i64::from(notices.tries),
                mail,
                phone,
                wake: Notify::new(),
                running: tokio::sync::Mutex::new(()),
            }),
        })
    }

    /// Keeps a notice with a code and wakes the sender; returns once it is kept.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn send_code(&self, kind: Kind, to: To<'_>, code: &str) -> Result<(), StoreError> {
        if let Some(notice) = self.write_code(kind, to, code) {
            self.inner.store.add_notice(&notice).await?;
            self.wake();
        }
        Ok(())
    }

    /// A notice with a code, for whoever keeps it in a transaction of their own and calls [`Self::wake`] after.
    #[must_use]
    pub fn write_code(&self, kind: Kind, to: To<'_>, code: &str) -> Option<NewNotice> {
        let notice = self.write(kind, to, &CodeValues { code })?;
        Some(NewNotice {
            code: Some(code.to_owned()),
            ..notice
        })
    }

    /// Keeps a notice without a code.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn send<V: Serialize>(
        &self,
        kind: Kind,
        to: To<'_>,
        values: &V,
    ) -> Result<(), StoreError> {
        if let Some(notice) = self.write(kind, to, values) {
            self.inner.store.add_notice(&notice).await?;
            self.wake();
        }
        Ok(())
    }

    /// A notice to be, for whoever keeps it in a transaction of their own and calls [`Self::wake`] after.
    #[must_use]
    pub fn write<V: Serialize>(&self, kind: Kind, to: To<'_>, values: &V) -> Option<NewNotice> {
        let words = texts::write(kind, self.inner.language, values)
            .inspect_err(|error| tracing::error!(%error, kind = kind.as_str(), "notice's words"))
            .ok()?;
        let now = self.inner.env.now();
        Some(NewNotice {
            recipient: to.recipient.to_owned(),
            kind: kind.as_str().to_owned(),
            subject: words.subject,
            text: words.text,
            code: None,
            session: to.session.map(ToOwned::to_owned),
            case: to.case.map(ToOwned::to_owned),
            created_at: now,
            expires_at: to.life.map(|life| now + life),
        })
    }

    /// There is something to send.
    pub fn wake(&self) {
        self.inner.wake.notify_one();
    }

    /// The senders in use, by name: `file` alone where nothing is configured.
    #[must_use]
    pub fn channels(&self) -> [&'static str; 2] {
        [self.inner.mail.channel(), self.inner.phone.channel()]
    }

    /// Sends what is due, now and whenever there is more; never returns.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.deliver_due().await {
                tracing::error!(%error, "outbox");
            }
            // The pause picks up what failed before; a new notice wakes at once.
            let _ = tokio::time::timeout(Duration::from_secs(5), self.inner.wake.notified()).await;
        }
    }

    /// Sends what is due, and returns how many went out.
    ///
    /// # Errors
    /// When the store fails; a sender that fails is only noted.
    pub async fn deliver_due(&self) -> Result<usize, StoreError> {
        let _running = self.inner.running.lock().await;
        let mut sent = 0;
        loop {
            let now = self.inner.env.now();
            let store = &self.inner.store;
            let taken = store.take_due_notices(now, BATCH, self.inner.limit).await?;
            if taken.is_empty() {
                return Ok(sent);
            }
            for one in join_all(taken.iter().map(|notice| self.deliver(notice))).await {
                sent += usize::from(one?);
            }
        }
    }

    /// One try; true where it went out.
    async fn deliver(&self, notice: &WaitingNotice) -> Result<bool, StoreError> {
        let sender = if notice.recipient.contains('@') {
            &self.inner.mail
        } else {
            &self.inner.phone
        };
        let outcome = match sender.send(notice).await {
            Ok(taken) => Outcome::Sent {
                gateway_id: taken.gateway_id,
            },
            Err(not_sent) => self.put_off(notice, not_sent),
        };
        let at = self.inner.env.now();
        let store = &self.inner.store;
        store
            .note_notice(notice.id, at, sender.channel(), &outcome)
            .await?;
        Ok(matches!(outcome, Outcome::Sent { .. }))
    }

    fn put_off(&self, notice: &WaitingNotice, why: NotSent) -> Outcome {
        let pause = pause_us(notice.tries, LONGEST_PAUSE_S, self.inner.env.as_ref());
        let next_at = self.inner.env.now() + pause;
        tracing::warn!(id = notice.id, ?why, "notice not sent");
        match why {
            NotSent::Refused(class) => Outcome::Failed {
                class,
                next_at: None,
            },
            NotSent::Later(class) => Outcome::Failed {
                class,
                next_at: (notice.tries < self.inner.tries).then_some(next_at),
            },
            NotSent::Unknown(class) => Outcome::Unknown { class, next_at },
        }
    }
}

/// How long to wait after so many tries, µs: twice as long each time, and between half and the whole of that, so that
/// what failed together does not come back together.
#[must_use]
pub fn pause_us(tries: i64, longest_s: i64, env: &dyn Env) -> i64 {
    let doublings = u32::try_from(tries.clamp(1, 40) - 1).unwrap_or(0);
    let whole = 2_i64.saturating_pow(doublings).min(longest_s) * 1_000_000;
    let half = whole / 2;
    half + i64::from(u32::from_be_bytes(env.random())) % half
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_smtp;
