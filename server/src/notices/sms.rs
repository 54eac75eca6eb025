//! Notices by a gateway that takes HTTP requests: every bureau has another one, so its words are templates.

use std::collections::BTreeMap;
use std::time::Duration;

use kanjie_store::WaitingNotice;
use minijinja::Environment;
use minijinja::value::Serde;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::sender::{NotSent, Taken};
use super::texts;
use crate::config::{Sms, Success};
use crate::error::Failure;
use crate::{files, net};

/// Longest answer that is read, bytes.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Longest id that is kept, characters.
const LONGEST_ID: usize = 200;

pub struct SmsSender {
    client: Client,
    url: Url,
    method: Method,
    headers: BTreeMap<String, String>,
    body: Body,
    secret: Zeroizing<String>,
    success: Option<Success>,
    id_pointer: Option<String>,
    engine: Environment<'static>,
}

enum Body {
    Json(String),
    Form(BTreeMap<String, String>),
}

impl std::fmt::Debug for SmsSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmsSender")
    }
}

/// What templates may name.
#[derive(Serialize)]
struct Values<'a> {
    to: &'a str,
    text: &'a str,
    /// Empty where the notice has none.
    code: &'a str,
    kind: &'a str,
    /// The same for a repeat: a gateway that knows it sends once.
    id: String,
    secret: &'a str,
}

impl SmsSender {
    /// # Errors
    /// When a file cannot be read, or a template does not make a request.
    pub fn new(config: &Sms) -> Result<Self, Failure> {
        let wrong = |what: String| Failure::Usage(format!("notices.sms: {what}"));
        let body = match (&config.json, &config.form) {
            (Some(json), None) => Body::Json(json.clone()),
            (None, Some(form)) => Body::Form(form.clone()),
            _ => return Err(wrong(String::from("exactly one of `json` and `form`"))),
        };
        let secret = match &config.secret_file {
            Some(path) => files::read_secret(path).map_err(Failure::file(path))?,
            None => String::new(),
        };
        let sender = Self {
            client: net::client::new(
                net::client::Reach::Configured,
                config.ca_file.as_deref(),
                Duration::from_secs(config.timeout_seconds),
            )?,
            url: Url::parse(&config.url).map_err(|e| wrong(format!("url: {e}")))?,
            method: config
                .method
                .parse()
                .map_err(|_| wrong(format!("method: {}", config.method)))?,
            headers: config.headers.clone(),
            body,
            secret: Zeroizing::new(secret),
            success: config.success.clone(),
            id_pointer: config.id_pointer.clone(),
            engine: texts::engine(),
        };
        // A template that does not work is found at the start, not at the first code.
        let _unsent = sender.request(&example()).map_err(wrong)?;
        Ok(sender)
    }

    fn request(&self, notice: &WaitingNotice) -> Result<RequestBuilder, String> {
        let values = minijinja::Value::from(Serde(Values {
            to: &notice.recipient,
            text: &notice.text,
            code: notice.code.as_deref().unwrap_or_default(),
            kind: &notice.kind,
            id: format!("{}.{}", notice.id, notice.created_at),
            secret: &self.secret,
        }));
        let render = |what: &str, template: &str| {
            let rendered = self.engine.render_str(template, values.clone());
            rendered.map_err(|e| format!("{what}: {e}"))
        };
        let mut request = self.client.request(self.method.clone(), self.url.clone());
        for (name, template) in &self.headers {
            request = request.header(name, render(name, template)?);
        }
        match &self.body {
            Body::Json(template) => {
                let text = render("json", template)?;
                let value: Value = serde_json::from_str(&text).map_err(|e| format!("json: {e}"))?;
                Ok(request.json(&value))
            }
            Body::Form(fields) => {
                let fields: Result<BTreeMap<_, _>, String> = fields
                    .iter()
                    .map(|(name, template)| Ok((name, render(name, template)?)))
                    .collect();
                Ok(request.form(&fields?))
            }
        }
    }

    pub(super) async fn send(&self, notice: &WaitingNotice) -> Result<Taken, NotSent> {
        let request = self.request(notice).map_err(|error| {
            tracing::error!(error, "gateway's template");
            NotSent::Refused("malformed")
        })?;
        let answer = request.send().await.map_err(|e| not_sent(&e))?;
        match answer.status() {
            status if status.is_success() => self.read(answer).await,
            // The gateway says itself that it did not.
            StatusCode::TOO_MANY_REQUESTS => Err(NotSent::Later("busy")),
            status if status.is_server_error() => Err(NotSent::Later("unavailable")),
            status => {
                tracing::warn!(%status, "gateway");
                Err(NotSent::Refused("refused"))
            }
        }
    }

    async fn read(&self, answer: Response) -> Result<Taken, NotSent> {
        if self.success.is_none() && self.id_pointer.is_none() {
            return Ok(Taken::default());
        }
        let bytes = net::client::body(answer, LONGEST_ANSWER)
            .await
            .map_err(|_| NotSent::Unknown("answer"))?;
        let answer: Value =
            serde_json::from_slice(&bytes).map_err(|_| NotSent::Unknown("answer"))?;
        if let Some(success) = &self.success
            && answer.pointer(&success.pointer) != Some(&success.equals)
        {
            tracing::warn!("the gateway's answer does not say that it sent it");
            return Err(NotSent::Refused("refused"));
        }
        let id = self.id_pointer.as_ref().and_then(|p| answer.pointer(p));
        let id = id.map(|id| {
            id.as_str()
                .map_or_else(|| id.to_string(), ToOwned::to_owned)
        });
        Ok(Taken {
            gateway_id: id.map(|id| id.chars().take(LONGEST_ID).collect()),
        })
    }
}

fn not_sent(error: &reqwest::Error) -> NotSent {
    // The address may carry a key: it does not go to the log.
    tracing::warn!(
        connect = error.is_connect(),
        timeout = error.is_timeout(),
        "gateway"
    );
    if error.is_connect() {
        NotSent::Later("unreachable")
    } else if error.is_builder() {
        NotSent::Refused("malformed")
    } else if error.is_timeout() {
        NotSent::Unknown("timed_out")
    } else {
        NotSent::Unknown("interrupted")
    }
}

fn example() -> WaitingNotice {
    WaitingNotice {
        id: 1,
        recipient: String::from("13800000000"),
        kind: String::from("code_device"),
        subject: String::from("示例"),
        text: String::from("“示例”\\\""),
        code: Some(String::from("123456")),
        created_at: 1,
        tries: 1,
    }
}
