//! Notices to registered phones: kept in the store first, sent after, tried again until given up.
//!
//! One sender for now: a file of JSON lines `{at, code?, text, to}`, for demonstrations and for a gateway that reads it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kanjie_store::{NewNotice, Store, StoreError, WaitingNotice};
use serde::Serialize;
use tokio::sync::Notify;

use crate::env::Env;
use crate::files;

const TRIES: i64 = 8;
const BATCH: u32 = 32;

/// The outbox and its sender.
#[derive(Clone, Debug)]
pub struct Notices {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    env: Arc<dyn Env>,
    file: PathBuf,
    wake: Notify,
    /// One delivery run at a time, so that no notice goes out twice.
    running: tokio::sync::Mutex<()>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    text: &'a str,
    to: &'a str,
}

impl Notices {
    #[must_use]
    pub fn new(store: Store, env: Arc<dyn Env>, file: PathBuf) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                env,
                file,
                wake: Notify::new(),
                running: tokio::sync::Mutex::new(()),
            }),
        }
    }

    /// Keeps a notice and wakes the sender; returns once it is kept.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn send(
        &self,
        to: &str,
        text: String,
        code: Option<String>,
    ) -> Result<(), StoreError> {
        self.inner
            .store
            .add_notice(&NewNotice {
                recipient: to.to_owned(),
                text,
                code,
                created_at: self.inner.env.now(),
            })
            .await?;
        self.inner.wake.notify_one();
        Ok(())
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
        let due = self
            .inner
            .store
            .due_notices(self.inner.env.now(), BATCH)
            .await?;
        let mut sent = 0;
        for notice in due {
            let id = notice.id;
            let tries = notice.tries;
            match self.write(notice).await {
                Ok(()) => {
                    let at = self.inner.env.now();
                    self.inner.store.notice_delivered(id, at).await?;
                    sent += 1;
                }
                Err(error) => {
                    tracing::warn!(%error, id, "notice not sent");
                    self.put_off(id, tries).await?;
                }
            }
        }
        Ok(sent)
    }

    async fn put_off(&self, id: i64, tries: i64) -> Result<(), StoreError> {
        let now = self.inner.env.now();
        let seconds = 2_i64.saturating_pow(u32::try_from(tries.clamp(0, TRIES)).unwrap_or(8));
        let next = (tries + 1 < TRIES).then(|| now + seconds * 1_000_000);
        self.inner.store.notice_failed(id, now, next).await
    }

    async fn write(&self, notice: WaitingNotice) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(&Line {
            at: notice.created_at,
            code: notice.code.as_deref(),
            text: &notice.text,
            to: &notice.recipient,
        })?;
        line.push(b'\n');
        let path = self.inner.file.clone();
        tokio::task::spawn_blocking(move || files::append_private(&path, &line))
            .await
            .map_err(std::io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_notice_goes_out_once_into_a_private_file() {
        let app = TestApp::new().await;
        let notices = &app.services.notices;
        let text = String::from("hello");
        notices
            .send("138", text, Some(String::from("123456")))
            .await
            .unwrap();
        assert_eq!(notices.deliver_due().await.unwrap(), 1);
        assert_eq!(notices.deliver_due().await.unwrap(), 0);
        let path = app.services.config.data.join("outbox.jsonl");
        let line = std::fs::read_to_string(&path).unwrap();
        assert!(line.ends_with("\"code\":\"123456\",\"text\":\"hello\",\"to\":\"138\"}\n"));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn what_failed_is_tried_again_later() {
        let app = TestApp::new().await;
        let notices = &app.services.notices;
        let path = app.services.config.data.join("outbox.jsonl");
        std::fs::create_dir(&path).unwrap();
        notices
            .send("138", String::from("hello"), None)
            .await
            .unwrap();
        assert_eq!(notices.deliver_due().await.unwrap(), 0);
        std::fs::remove_dir(&path).unwrap();
        assert_eq!(notices.deliver_due().await.unwrap(), 0);
        app.env.pass(1);
        assert_eq!(notices.deliver_due().await.unwrap(), 1);
    }
}
