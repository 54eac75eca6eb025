//! `POST /api/v1/uploads`: a file for a case is to come (tus 1.0, extension creation).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use kanjie_store::NewUpload;

use super::metadata::Metadata;
use super::{Tus, UPLOAD_EXPIRES, UPLOAD_LENGTH, http_date, location, may_submit, number};
use crate::auth::Caller;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;
use crate::uploads::{self, Kind, LARGEST, LIFE_US, QUOTA};

/// Begins an upload: a picture or PDF for a case in which the caller may submit material.
#[utoipa::path(post, path = "/api/v1/uploads", operation_id = "create_upload", tag = "uploads",
    params(Tus, ("Upload-Length" = i64, Header, description = "Bytes of the whole file, at most 100 MiB", minimum = 1),
        ("Upload-Metadata" = String, Header, description = "`case BASE64,filename BASE64,filetype BASE64`")),
    responses((status = 201, description = "It may come, to `Location`", headers(("Location" = String), ("Upload-Expires" = String))),
        (status = 404, response = Problem), (status = 409, response = Problem), (status = 412, response = Problem),
        (status = 413, response = Problem), (status = 415, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let total = number(&headers, &UPLOAD_LENGTH)?;
    let Metadata {
        case,
        name,
        media_type,
    } = Metadata::of(&headers)?;
    if total == 0 {
        return Err(ProblemCode::Malformed.into());
    }
    may_submit(&services, &caller, &case).await?;
    if Kind::named(&media_type).is_none() {
        return Err(ProblemCode::FileType.into());
    }
    if total > LARGEST {
        return Err(ProblemCode::TooLarge.into());
    }
    uploads::sweep(&services).await?;
    let now = services.env.now();
    let new = NewUpload {
        id: services.env.new_id(),
        person: caller.person,
        case,
        name,
        media_type,
        total,
        created_at: now,
        expires_at: now + LIFE_US,
    };
    if !services.store.add_upload(&new, QUOTA).await? {
        return Err(ProblemCode::UploadQuota.into());
    }
    let expires = http_date(new.expires_at).map(|at| (UPLOAD_EXPIRES, at));
    let said = [location(&new.id), expires];
    Ok((
        StatusCode::CREATED,
        AppendHeaders(said.into_iter().flatten()),
    ))
}
