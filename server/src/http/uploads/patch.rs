//! `PATCH /api/v1/uploads/{id}`: the next piece.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use kanjie_store::Upload;

use super::{Tus, UPLOAD_OFFSET, expires, number, own};
use crate::auth::Caller;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;
use crate::uploads::{self, Checksum, Received};

const PIECE: &str = "application/offset+octet-stream";

/// Appends a piece. When it is the last, the file is looked into, and is the case's from then on.
#[utoipa::path(patch, path = "/api/v1/uploads/{id}", operation_id = "append_to_upload", tag = "uploads",
    params(("id" = String, Path), Tus, ("Upload-Offset" = i64, Header, description = "Where the piece begins: as many bytes as are there", minimum = 0),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1 BASE64` or `sha256 BASE64` of the piece")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "It is on the disk", headers(("Upload-Offset" = i64))),
        (status = 409, response = Problem), (status = 410, response = Problem), (status = 412, response = Problem),
        (status = 423, response = Problem), (status = 460, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Problem> {
    if headers.get(header::CONTENT_TYPE) != Some(&HeaderValue::from_static(PIECE)) {
        return Err(ProblemCode::UnsupportedMedia.into());
    }
    let offset = number(&headers, &UPLOAD_OFFSET)?;
    let checksum = headers.get("upload-checksum").map(Checksum::parse);
    let checksum = checksum.transpose()?;
    own(&services, &caller, &id).await?;
    let writing = services.writers.take(&id)?;
    // Read again: nobody else writes from here on.
    let mut upload = own(&services, &caller, &id).await?;
    if upload.received != offset || upload.sha256.is_some() {
        return Err(ProblemCode::UploadOffset.into());
    }
    // A task of its own: what came before a connection broke is to be kept.
    let all = receive_and_settle(services, upload.clone(), checksum, body, writing);
    let done = tokio::spawn(all).await;
    let received = done.map_err(|error| Problem::internal(&error))??;
    received.end?;
    upload.received = received.offset;
    let expires = expires(&upload).filter(|_| upload.received < upload.total);
    let offset = (UPLOAD_OFFSET, HeaderValue::from(received.offset));
    let said = std::iter::once(offset).chain(expires);
    Ok((StatusCode::NO_CONTENT, AppendHeaders(said)))
}

async fn receive_and_settle(
    services: Services,
    mut upload: Upload,
    checksum: Option<Checksum>,
    body: Body,
    writing: uploads::Writing,
) -> Result<Received, Problem> {
    let received = uploads::receive(&services, &upload, checksum, body).await?;
    upload.received = received.offset;
    if upload.received == upload.total {
        uploads::settle(&services, &upload).await?;
    }
    drop(writing);
    Ok(received)
}
