//! `/api/v1/uploads`: files for a case, by tus 1.0 with creation, checksum, expiration and termination.

mod create;
mod delete;
mod get;
mod head;
mod metadata;
mod options;
mod patch;
#[cfg(test)]
mod tests;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kanjie_domain::authority::CaseAct;
use kanjie_store::Upload;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::app::AppState;
use crate::auth::Caller;
use crate::cases::host;
use crate::http::cases;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// The version of the protocol, on every request but `GET` and `OPTIONS`.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes the header that the layer reads")]
struct Tus {
    #[param(rename = "Tus-Resumable", pattern = r"^1\.0\.0$")]
    tus_resumable: String,
}

/// The routes of uploads.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(options::handle, create::handle).layer(middleware::from_fn(tus)))
        .routes(
            routes!(get::handle, head::handle, patch::handle, delete::handle)
                .layer(middleware::from_fn(tus)),
        )
}

/// Speaks version 1.0.0 and no other.
async fn tus(request: Request, next: Next) -> Response {
    let free = matches!(*request.method(), Method::GET | Method::OPTIONS);
    let spoken = request.headers().get(TUS_RESUMABLE) == Some(&VERSION);
    if !free && !spoken {
        let versions = [(TUS_RESUMABLE, VERSION), (TUS_VERSION, VERSION)];
        return (versions, Problem::from(ProblemCode::UploadVersion)).into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(TUS_RESUMABLE, VERSION);
    response
}

/// The caller's own upload.
///
/// # Errors
/// `not_found` where it is none of the caller's, or its case takes nothing of his any more; `upload_expired`.
async fn own(services: &Services, caller: &Caller, id: &str) -> Result<Upload, Problem> {
    let upload = services.store.upload(id).await?;
    let upload = upload
        .filter(|upload| upload.person == caller.person.0)
        .ok_or(ProblemCode::NotFound)?;
    may_submit(services, caller, &upload.case_id).await?;
    if upload.sha256.is_none() && upload.expires_at <= services.env.now() {
        return Err(ProblemCode::UploadExpired.into());
    }
    Ok(upload)
}

/// Whether the caller may submit material in the case; by a link, only in the cases to which that leads.
async fn may_submit(services: &Services, caller: &Caller, case: &str) -> Result<(), Problem> {
    cases::within_link(services, caller, case).await?;
    if host::may(services, case, caller.into(), CaseAct::SubmitMaterial).await? {
        return Ok(());
    }
    Err(ProblemCode::NotFound.into())
}

/// `Upload-Expires` of what is not whole yet.
fn expires(upload: &Upload) -> Option<(HeaderName, HeaderValue)> {
    if upload.sha256.is_some() {
        return None;
    }
    Some((UPLOAD_EXPIRES, http_date(upload.expires_at)?))
}

/// RFC 9110 section 5.6.7, of UTC µs.
fn http_date(at: i64) -> Option<HeaderValue> {
    let at = Timestamp::from_microsecond(at)
        .ok()?
        .to_zoned(TimeZone::UTC);
    let text = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).ok()
}

/// A number in a header; digits alone.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<i64, Problem> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    let digits = text.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok());
    number.ok_or_else(|| ProblemCode::Malformed.into())
}

/// Where an upload is.
fn location(id: &str) -> Option<(HeaderName, HeaderValue)> {
    let at = HeaderValue::from_str(&format!("/api/v1/uploads/{id}")).ok()?;
    Some((header::LOCATION, at))
}
