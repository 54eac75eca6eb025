//! Notices by e-mail (RFC 5321): TLS at once or by STARTTLS, credentials from a file.

use std::time::{Duration, UNIX_EPOCH};

use kanjie_store::WaitingNotice;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{self, AsyncSmtpTransport};
use lettre::{AsyncTransport, Tokio1Executor};

use super::sender::{NotSent, Taken};
use crate::config::{Encryption, Smtp};
use crate::error::Failure;
use crate::files;

/// Longest answer of the server that is kept, characters.
const LONGEST_ID: usize = 200;

#[derive(Debug)]
pub struct SmtpSender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Right of the @ in message ids.
    host: String,
}

impl SmtpSender {
    /// # Errors
    /// When a file cannot be read or a value is wrong.
    pub fn new(config: &Smtp) -> Result<Self, Failure> {
        let wrong =
            |what: &dyn ToString| Failure::Usage(format!("notices.smtp: {}", what.to_string()));
        let from: Mailbox = config.from.parse().map_err(|e| wrong(&e))?;
        let host = from.email.domain().to_owned();
        let mut tls = TlsParameters::builder(config.host.clone());
        if let Some(path) = &config.ca_file {
            let pem = std::fs::read(path).map_err(Failure::file(path))?;
            tls = tls.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| wrong(&e))?);
        }
        let (tls, port) = match config.encryption {
            Encryption::Starttls => (Tls::Required(tls.build().map_err(|e| wrong(&e))?), 587),
            Encryption::Implicit => (Tls::Wrapper(tls.build().map_err(|e| wrong(&e))?), 465),
            Encryption::None => (Tls::None, 25),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port.unwrap_or(port))
            .timeout(Some(Duration::from_secs(config.timeout_seconds)))
            .tls(tls);
        if let (Some(user), Some(path)) = (&config.user, &config.password_file) {
            let password = files::read_secret(path).map_err(Failure::file(path))?;
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            from,
            host,
        })
    }

    pub(super) async fn send(&self, notice: &WaitingNotice) -> Result<Taken, NotSent> {
        let message = self.message(notice).ok_or(NotSent::Refused("malformed"))?;
        // Everything up to here and this greeting can fail without anything being sent.
        match self.transport.test_connection().await {
            Ok(true) => {}
            Ok(false) => return Err(NotSent::Later("unreachable")),
            Err(error) => return Err(before(&error)),
        }
        match self.transport.send(message).await {
            Ok(response) => {
                let said = response.message().collect::<Vec<_>>().join(" ");
                Ok(Taken {
                    gateway_id: Some(said.chars().take(LONGEST_ID).collect()),
                })
            }
            Err(error) => Err(after(&error)),
        }
    }

    /// The same notice has the same message id, so that a mail program shows a repeat once.
    fn message(&self, notice: &WaitingNotice) -> Option<Message> {
        let micros = u64::try_from(notice.created_at).ok()?;
        let id = format!("<notice-{}.{}@{}>", notice.id, notice.created_at, self.host);
        Message::builder()
            .from(self.from.clone())
            .to(notice.recipient.parse().ok()?)
            .subject(&notice.subject)
            .date(UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN)
            .body(notice.text.clone())
            .ok()
    }
}

/// Nothing was handed over yet.
fn before(error: &smtp::Error) -> NotSent {
    tracing::warn!(%error, "mail server");
    if error.is_permanent() {
        NotSent::Later("not_authorised")
    } else if error.is_tls() {
        NotSent::Later("tls")
    } else if error.is_timeout() {
        NotSent::Later("timed_out")
    } else {
        NotSent::Later("unreachable")
    }
}

/// The server's own word is certain; without one nobody knows.
fn after(error: &smtp::Error) -> NotSent {
    tracing::warn!(%error, "mail server");
    if error.is_permanent() {
        NotSent::Refused("refused")
    } else if error.is_transient() {
        NotSent::Later("busy")
    } else if error.is_timeout() {
        NotSent::Unknown("timed_out")
    } else {
        NotSent::Unknown("interrupted")
    }
}
