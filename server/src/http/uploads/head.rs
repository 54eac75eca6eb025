//! `HEAD /api/v1/uploads/{id}`: how much of it is there.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};

use super::{Tus, UPLOAD_LENGTH, UPLOAD_OFFSET, expires, own};
use crate::auth::Caller;
use crate::problem::Problem;
use crate::services::Services;
use crate::uploads;

/// Where to go on.
#[utoipa::path(head, path = "/api/v1/uploads/{id}", operation_id = "upload_offset", tag = "uploads", params(("id" = String, Path), Tus),
    responses((status = 200, description = "Bytes that are there, and of the whole", headers(("Upload-Offset" = i64), ("Upload-Length" = i64))),
        (status = 410, response = Problem), (status = 412, response = Problem), (status = 415, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let upload = own(&services, &caller, &id).await?;
    if upload.sha256.is_none() && upload.received == upload.total {
        let _writing = services.writers.take(&id)?;
        uploads::settle(&services, &upload).await?;
    }
    let numbers = [
        (UPLOAD_OFFSET, HeaderValue::from(upload.received)),
        (UPLOAD_LENGTH, HeaderValue::from(upload.total)),
    ];
    let said = numbers.into_iter().chain(expires(&upload));
    Ok((StatusCode::OK, AppendHeaders(said)))
}
