//! `GET /api/v1/sessions/{id}/recording/{file}`: one track of a closed session, for whoever said why he watches it (R59).

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::Watching;
use crate::auth::Caller;
use crate::effects::playback::{self, Progress};
use crate::problem::{Problem, ProblemCode};
use crate::rooms::Rooms;
use crate::services::Services;

/// A track's file, in whole or by range.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/recording/{file}", operation_id = "recording_file", tag = "sessions",
    params(("id" = String, Path, description = "Session"), ("file" = String, Path), ("Range" = Option<String>, Header)),
    responses((status = 200, description = "Fragmented MP4", content_type = "video/mp4", body = Vec<u8>),
        (status = 206, description = "The range asked for", content_type = "video/mp4", body = Vec<u8>), (status = 403, response = Problem), (status = 409, response = Problem), (status = 416, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path((session, file)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let watching = Watching::of(&services, &rooms, &caller, &session).await?;
    watching.has_said_why(services.env.now(), &caller.person)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !file.ends_with(".mp4") || file.starts_with('.') || !file.bytes().all(plain) {
        return Err(ProblemCode::NotFound.into());
    }
    if *rooms.playback(&session).borrow() != Progress::Ready {
        return Err(ProblemCode::NotFound.into());
    }
    let path = playback::media(&rooms.deps().session_dir(&session)).join(file);
    if !tokio::fs::try_exists(&path).await.unwrap_or(false) {
        return Err(ProblemCode::NotFound.into());
    }
    let mut response = match ServeFile::new(path).oneshot(request).await {
        Ok(response) => response.into_response(),
        Err(never) => match never {},
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}
