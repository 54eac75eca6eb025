//! `Idempotency-Key`: who asks for the same thing twice makes it once (docs/protocol/api.md section 3).
//!
//! A route takes it by one line of its description, `params(…, Key)`: the description is what switches it on, so that the two
//! cannot differ. The work goes on when the caller hangs up; its answer can be had by the key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::{self, Body};
use axum::extract::{FromRequestParts as _, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use kanjie_evidence::h;
use kanjie_store::{AnswerKey, KeptAnswer, LinkTo, Taken};
use utoipa::openapi::{OpenApi, RefOr};

use crate::app::AppState;
use crate::auth::Caller;
use crate::http::{describe, json};
use crate::problem::{Problem, ProblemCode};

/// The header's name in the description.
pub const NAME: &str = "Idempotency-Key";

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Headers that are given again with the answer.
const GIVEN_AGAIN: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// Longest key, characters.
const LONGEST: usize = 128;
/// How long an answer is kept, µs.
const KEPT_US: i64 = 24 * 3_600 * 1_000_000;
/// After this nobody works on it any more, µs: the server stopped in between.
const WORK_US: i64 = 60 * 1_000_000;
/// Largest answer that is read, bytes; what makes something answers with a few.
const LARGEST: usize = 1024 * 1024;

/// Makes a route idempotent where a handler's description names it among its `params`.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes the header that the middleware reads")]
pub struct Key {
    /// The same key with the same request gives the first answer again.
    #[param(
        rename = "Idempotency-Key",
        max_length = 130,
        pattern = r#"^("[!#-~]{1,128}"|[!#-~]{1,128})$"#
    )]
    key: Option<String>,
}

/// Which calls take a key, and what is needed to answer by it.
#[derive(Clone, Debug)]
pub struct Once {
    app: AppState,
    calls: Arc<BTreeSet<(String, String)>>,
}

impl Once {
    /// The calls of `api` that describe the header.
    #[must_use]
    pub fn new(app: AppState, api: &mut OpenApi) -> Self {
        let mut calls = BTreeSet::new();
        for (path, item) in &mut api.paths.paths {
            for (method, operation) in describe::operations(item) {
                let mut parameters = operation.parameters.iter().flatten();
                if parameters.any(|p| matches!(p, RefOr::T(p) if p.name == NAME)) {
                    calls.insert((describe::word(&method).to_owned(), path.clone()));
                }
            }
        }
        Self {
            app,
            calls: Arc::new(calls),
        }
    }

    fn takes(&self, request: &Request) -> bool {
        let path = request.extensions().get::<MatchedPath>();
        path.is_some_and(|path| {
            let call = (request.method().to_string(), path.as_str().to_owned());
            self.calls.contains(&call)
        })
    }

    /// Takes the key for this request, or says what is known of it.
    async fn take(&self, request: Request) -> Result<Claim, Problem> {
        let Some(key) = key_of(request.headers())? else {
            return Ok(Claim::Unasked(request));
        };
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, &self.app).await?;
        let request = Request::from_parts(parts.clone(), body);
        let bytes = json::bytes(request, &self.app).await?;
        let digest = fingerprint(&parts, &bytes);
        let key = AnswerKey {
            scope: scope(&caller),
            key,
        };
        let services = &self.app.services;
        let now = services.env.now();
        let known = services
            .store
            .take_key(&key, &digest, now, now - KEPT_US)
            .await?;
        match known {
            Taken::Fresh => Ok(Claim::Mine {
                key,
                at: now,
                request: Request::from_parts(parts, Body::from(bytes)),
            }),
            Taken::Answered(answer) => Ok(Claim::Answered(again(&answer)?)),
            Taken::Begun { at } if now - at > WORK_US => Err(ProblemCode::KeyLost.into()),
            Taken::Begun { .. } => Err(ProblemCode::KeyInUse.into()),
            Taken::Other => Err(ProblemCode::KeyReused.into()),
        }
    }

    /// Does the work, and keeps what came of it.
    async fn work(
        self,
        key: AnswerKey,
        at: i64,
        request: Request,
        next: Next,
    ) -> Result<Response, Problem> {
        let response = next.run(request).await;
        let store = &self.app.services.store;
        if !is_kept(response.status()) {
            store.let_go_of_key(&key, at).await?;
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = body::to_bytes(body, LARGEST)
            .await
            .map_err(|error| Problem::internal(&error))?;
        let answer = KeptAnswer {
            status: parts.status.as_u16(),
            headers: kept_headers(&parts.headers).map_err(|error| Problem::internal(&error))?,
            body: body.to_vec(),
        };
        store.keep_answer(&key, at, &answer).await?;
        Ok(Response::from_parts(parts, Body::from(body)))
    }
}

enum Claim {
    /// No key was sent.
    Unasked(Request),
    Mine {
        key: AnswerKey,
        at: i64,
        request: Request,
    },
    Answered(Response),
}

/// Middleware for all routes; looks at those alone that describe the header.
pub async fn by_key(State(once): State<Once>, request: Request, next: Next) -> Response {
    if !once.takes(&request) {
        return next.run(request).await;
    }
    match once.take(request).await {
        Ok(Claim::Unasked(request)) => next.run(request).await,
        Ok(Claim::Answered(response)) => response,
        Ok(Claim::Mine { key, at, request }) => {
            // A task of its own: a caller who hangs up would leave it half done.
            let work = tokio::spawn(once.work(key, at, request, next));
            let done = work.await.map_err(|error| Problem::internal(&error));
            done.flatten().into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// Made, or it cannot be said that it was not; every other answer says that nothing was.
fn is_kept(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::INTERNAL_SERVER_ERROR
}

/// The key, bare or as a structured field's string.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(KEY).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().unwrap_or_default().trim(),
        (Some(_), Some(_)) => return Err(ProblemCode::Malformed.into()),
    };
    let inner = value
        .strip_prefix('"')
        .map_or(Some(value), |rest| rest.strip_suffix('"'));
    let right = |key: &&str| {
        (1..=LONGEST).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic() && b != b'"')
    };
    let key = inner.filter(right).ok_or(ProblemCode::Malformed)?;
    Ok(Some(key.to_owned()))
}

/// Whose keys they are. Who came by a link is another caller than with an account: less is open to him.
fn scope(caller: &Caller) -> String {
    match &caller.link {
        Some(LinkTo::Session(session)) => format!("{} {session}", caller.person.0),
        Some(LinkTo::Case(case)) => format!("{} case {case}", caller.person.0),
        None => caller.person.0.clone(),
    }
}

/// What makes a request the same: method, path with query, type and body, to the byte.
fn fingerprint(parts: &axum::http::request::Parts, body: &[u8]) -> [u8; 32] {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let target = parts.uri.path_and_query().map_or("", |p| p.as_str());
    let fields = [
        parts.method.as_str().as_bytes(),
        target.as_bytes(),
        kind.map_or(&[][..], HeaderValue::as_bytes),
        body,
    ];
    // Each hashed by itself: no two requests run together to the same bytes.
    let digests = fields.map(|field| h(&[field]).0);
    let [method, target, kind, body] = &digests;
    h(&[b"kanjie request v1", method, target, kind, body]).0
}

fn kept_headers(headers: &HeaderMap) -> Result<String, serde_json::Error> {
    let kept: BTreeMap<&str, &str> = GIVEN_AGAIN
        .iter()
        .filter_map(|name| Some((name.as_str(), headers.get(name)?.to_str().ok()?)))
        .collect();
    serde_json::to_string(&kept)
}

/// The kept answer; a failure in the language of whoever asks now.
fn again(answer: &KeptAnswer) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(answer.status).map_err(|e| Problem::internal(&e))?;
    let mut response = if status.is_server_error() {
        Problem::from(ProblemCode::Internal).into_response()
    } else {
        (status, answer.body.clone()).into_response()
    };
    let kept: BTreeMap<String, String> =
        serde_json::from_str(&answer.headers).map_err(|e| Problem::internal(&e))?;
    let headers = response.headers_mut();
    if status.is_success() {
        headers.remove(header::CONTENT_TYPE);
        for (name, value) in &kept {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
                headers.insert(name, value);
            }
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

#[cfg(test)]
mod tests;
