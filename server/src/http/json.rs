//! JSON bodies of requests: small, in time, and exactly as described.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use crate::problem::{Problem, ProblemCode};

/// How long a body may take to come.
const IN_TIME: Duration = Duration::from_secs(10);

/// A JSON body; `application/json` only, which no foreign page's form can send unasked.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(ProblemCode::UnsupportedMedia.into());
        }
        let bytes = bytes(request, state).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|_| ProblemCode::Malformed.into())
    }
}

/// The whole body, within the limits of size and time.
///
/// # Errors
/// `timed_out`, `too_large`.
pub async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    tokio::time::timeout(IN_TIME, Bytes::from_request(request, state))
        .await
        .map_err(|_| ProblemCode::TimedOut)?
        .map_err(|_| ProblemCode::TooLarge.into())
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
