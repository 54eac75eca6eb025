//! What the outside is told when something is not done: RFC 9457 problem details with a stable code.
//!
//! Inner text goes to the log, never into an answer.

use std::borrow::Cow;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kanjie_domain::{Code, Refusal};
use kanjie_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::texts::{self, Lang};

/// Stable codes beside those of the domain. Only ever extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemCode {
    NotFound,
    MethodNotAllowed,
    Malformed,
    TooLarge,
    UnsupportedMedia,
    /// The request came from another origin's page.
    ForeignOrigin,
    SignInNeeded,
    SignInFailed,
    LinkInvalid,
    CodeWrong,
    /// None was sent, it is past, or its tries are used up.
    CodeExpired,
    FactorWrong,
    /// This very code served this act already.
    FactorUsed,
    /// The passkey, its challenge or its page was not right.
    PasskeyRefused,
    /// There is none to ask for.
    PasskeyMissing,
    /// The provider of identities did not vouch for anybody.
    OidcFailed,
    /// It did, for somebody whom nobody linked to an account here.
    NotLinked,
    TooManyRequests,
    TimedOut,
    /// The session is not yet, or no more, where this can be had.
    NotReady,
    /// Others were faster each time: nothing was changed.
    Busy,
    RangeNotSatisfiable,
    /// What is to be changed has changed since the caller read it.
    PreconditionFailed,
    /// RFC 6585: the request must say what it is about to change.
    PreconditionRequired,
    /// A media token is not good for this session, source and direction.
    TokenRefused,
    /// The idempotency key came before with another request.
    KeyReused,
    /// The request with this idempotency key is still being worked on.
    KeyInUse,
    /// The request with this idempotency key began, and how it ended is not known.
    KeyLost,
    /// Another version of tus than 1.0.0, or none.
    UploadVersion,
    UploadOffset,
    UploadChecksum,
    /// Another request writes to it just now.
    UploadLocked,
    UploadExpired,
    /// The person has too much on its way already.
    UploadQuota,
    /// The file is not what it was said to be.
    FileType,
    Internal,
    /// The procedure does not allow it.
    Refused(Code),
}

impl ProblemCode {
    /// As it stands in answers.
    #[must_use]
    pub fn as_str(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia => "unsupported_media",
            Self::ForeignOrigin => "foreign_origin",
            Self::SignInNeeded => "sign_in_needed",
            Self::SignInFailed => "sign_in_failed",
            Self::LinkInvalid => "link_invalid",
            Self::CodeWrong => "code_wrong",
            Self::CodeExpired => "code_expired",
            Self::FactorWrong => "factor_wrong",
            Self::FactorUsed => "factor_used",
            Self::PasskeyRefused => "passkey_refused",
            Self::PasskeyMissing => "passkey_missing",
            Self::OidcFailed => "oidc_failed",
            Self::NotLinked => "not_linked",
            Self::TooManyRequests => "too_many_requests",
            Self::TimedOut => "timed_out",
            Self::NotReady => "not_ready",
            Self::Busy => "busy",
            Self::RangeNotSatisfiable => "range_not_satisfiable",
            Self::PreconditionFailed => "precondition_failed",
            Self::PreconditionRequired => "precondition_required",
            Self::TokenRefused => "token_refused",
            Self::KeyReused => "key_reused",
            Self::KeyInUse => "key_in_use",
            Self::KeyLost => "key_lost",
            Self::UploadVersion => "upload_version",
            Self::UploadOffset => "upload_offset",
            Self::UploadChecksum => "upload_checksum",
            Self::UploadLocked => "upload_locked",
            Self::UploadExpired => "upload_expired",
            Self::UploadQuota => "upload_quota",
            Self::FileType => "file_type",
            Self::Internal => "internal",
            Self::Refused(code) => return Cow::Owned(domain_code(code)),
        })
    }

    fn status(self) -> StatusCode {
        match self {
            // Who has no part in it does not learn whether it exists.
            Self::NotFound
            | Self::LinkInvalid
            | Self::Refused(Code::NotAParticipant | Code::Recused) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia | Self::FileType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::PreconditionFailed | Self::UploadVersion => StatusCode::PRECONDITION_FAILED,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::UploadLocked => StatusCode::LOCKED,
            Self::UploadExpired => StatusCode::GONE,
            // tus 1.0, extension checksum.
            Self::UploadChecksum => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ForeignOrigin | Self::Refused(Code::NotAllowed) => StatusCode::FORBIDDEN,
            Self::SignInNeeded
            | Self::SignInFailed
            | Self::CodeWrong
            | Self::CodeExpired
            | Self::FactorWrong
            | Self::FactorUsed
            | Self::PasskeyRefused
            | Self::OidcFailed
            | Self::NotLinked
            | Self::TokenRefused => StatusCode::UNAUTHORIZED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::NotReady
            | Self::Busy
            | Self::KeyInUse
            | Self::KeyLost
            | Self::UploadOffset
            | Self::UploadQuota
            | Self::PasskeyMissing
            | Self::Refused(_) => StatusCode::CONFLICT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMedia,
            StatusCode::REQUEST_TIMEOUT => Self::TimedOut,
            StatusCode::RANGE_NOT_SATISFIABLE => Self::RangeNotSatisfiable,
            StatusCode::TOO_MANY_REQUESTS => Self::TooManyRequests,
            _ if status.is_server_error() => Self::Internal,
            _ => Self::Malformed,
        }
    }
}

/// A domain code as it stands in answers.
#[must_use]
pub fn domain_code(code: Code) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::from("not_allowed"),
    }
}

/// An answer that says what is wrong and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub code: ProblemCode,
    /// Item codes, person ids, department names, numbers of tries left.
    pub missing: Vec<String>,
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self {
            code,
            missing: Vec::new(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: ProblemCode::Refused(refusal.code),
            missing: refusal.missing,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl Problem {
    /// Notes the cause in the log and says no more than that it failed.
    #[must_use]
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "internal");
        ProblemCode::Internal.into()
    }

    /// Title and next step in a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> texts::Text {
        texts::of(&self.code.as_str(), lang)
    }

    fn render(&self, lang: Lang) -> Response {
        let code = self.code.as_str();
        let status = self.code.status();
        let text = self.text(lang);
        let details = Details {
            kind: format!("urn:kanjie:problem:{code}"),
            title: text.title,
            status: status.as_u16(),
            code: &code,
            next: text.next,
            missing: &self.missing,
        };
        let mut response = (status, Json(details)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code == ProblemCode::TooManyRequests {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
        }
        if self.code == ProblemCode::TokenRefused {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// RFC 9457 problem details; `title` and `next` in the language of `Accept-Language`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Details<'a> {
    /// `urn:kanjie:problem:CODE`.
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    /// Stable; by this a program tells what is wrong.
    #[schema(value_type = String, pattern = "^[a-z0-9_]+$")]
    code: &'a str,
    /// What to do next.
    next: &'a str,
    /// Item codes, person ids, department names, numbers of tries left.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    missing: &'a [String],
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.render(Lang::Zh);
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: says problems in the caller's language, and turns bare errors of the framework into problems.
pub async fn in_callers_language(request: Request, next: Next) -> Response {
    let lang = Lang::of(request.headers());
    let response = next.run(request).await;
    let status = response.status();
    let problem = match response.extensions().get::<Problem>() {
        Some(problem) if lang == Lang::En => problem.clone(),
        None if is_bare_error(status, response.headers()) => {
            ProblemCode::from_status(status).into()
        }
        _ => return response,
    };
    let mut rendered = problem.render(lang);
    for (name, value) in response.headers() {
        if !of_the_body(name) {
            rendered.headers_mut().append(name, value.clone());
        }
    }
    rendered
}

/// Headers that speak of the body, which is another now.
fn of_the_body(name: &HeaderName) -> bool {
    [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::TRANSFER_ENCODING,
        header::CACHE_CONTROL,
        header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
    ]
    .contains(name)
}

/// Errors that carry no page of their own.
fn is_bare_error(status: StatusCode, headers: &HeaderMap) -> bool {
    let is_error = status.is_client_error() || status.is_server_error();
    let has_page = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    is_error && !has_page
}

/// Fallback for a route that exists with another method.
pub async fn method_not_allowed() -> Problem {
    ProblemCode::MethodNotAllowed.into()
}

/// Fallback for everything under `/api` that does not exist.
pub async fn not_found() -> Problem {
    ProblemCode::NotFound.into()
}

#[cfg(test)]
mod tests;
