//! One try of one sender, and what is certain after it.

use std::path::PathBuf;

use kanjie_store::WaitingNotice;
use serde::Serialize;

use super::sms::SmsSender;
use super::smtp::SmtpSender;
use crate::files;

/// The gateway took it; its own id where it gave one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub gateway_id: Option<String>,
}

/// Why a notice was not noted as sent. Classes are stable words; what the gateway said goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// Trying again brings the same answer.
    Refused(&'static str),
    /// Certainly not sent; later perhaps.
    Later(&'static str),
    /// Handed over, but the answer never came: it may have gone out.
    Unknown(&'static str),
}

/// Where notices of one kind of address go.
#[derive(Debug)]
pub enum Sender {
    File(PathBuf),
    Smtp(Box<SmtpSender>),
    Sms(Box<SmsSender>),
}

impl Sender {
    /// As it stands in the list of deliveries.
    #[must_use]
    pub const fn channel(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Smtp(_) => "smtp",
            Self::Sms(_) => "sms",
        }
    }

    /// # Errors
    /// When it was not sent, or nobody knows.
    pub async fn send(&self, notice: &WaitingNotice) -> Result<Taken, NotSent> {
        match self {
            Self::File(path) => append(path.clone(), notice).await,
            Self::Smtp(smtp) => smtp.send(notice).await,
            Self::Sms(sms) => sms.send(notice).await,
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    text: &'a str,
    to: &'a str,
}

async fn append(path: PathBuf, notice: &WaitingNotice) -> Result<Taken, NotSent> {
    let mut line = serde_json::to_vec(&Line {
        at: notice.created_at,
        code: notice.code.as_deref(),
        text: &notice.text,
        to: &notice.recipient,
    })
    .map_err(|_| NotSent::Refused("malformed"))?;
    line.push(b'\n');
    let written = tokio::task::spawn_blocking(move || files::append_private(&path, &line)).await;
    match written {
        Ok(Ok(())) => Ok(Taken::default()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "notices' file");
            Err(NotSent::Later("file"))
        }
        Err(_) => Err(NotSent::Unknown("interrupted")),
    }
}
