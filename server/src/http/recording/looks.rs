//! `POST /api/v1/sessions/{id}/recording/looks`: says why the recording is watched, before anything of it is shown (R59).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use kanjie_domain::authority;
use kanjie_domain::case::CaseReport;
use kanjie_domain::records::{AccessKind, Purpose};
use kanjie_domain::{Refusal, limits};
use serde::Serialize;

use super::Watching;
use crate::auth::Caller;
use crate::cases::host;
use crate::http::json::Json;
use crate::problem::{Problem, ProblemCode};
use crate::rooms::Rooms;
use crate::services::Services;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Look {
    /// The entry in the case's journal that tells of it; of several cases, in that of the first.
    pub seq: u64,
}

/// Notes in the case who watches the recording and why; its tracks are open to the caller for twelve hours from then on.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/recording/looks", operation_id = "look_at_recording", tag = "sessions",
    params(("id" = String, Path, description = "Session")), request_body = Purpose,
    responses((status = 201, description = "Journalled", body = Look), (status = 403, response = Problem),
        (status = 409, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path(session): Path<String>,
    Json(purpose): Json<Purpose>,
) -> Result<(StatusCode, axum::Json<Look>), Problem> {
    let watching = Watching::of(&services, &rooms, &caller, &session).await?;
    watching.closed()?;
    services.limits.look_by_person.pass(&caller.person.0)?;
    let accessed = authority::look(
        &watching.standing.roles,
        watching.standing.relation,
        &caller.person.0,
        AccessKind::View,
        Some(purpose),
        services.env.now(),
    );
    let accessed = accessed.map_err(Refusal::from)?;
    if let Some(text) = accessed.purpose.text() {
        limits::text(text, limits::SHORT)?;
    }
    let news = CaseReport::RecordingOpened { session, accessed };
    let mut first = None;
    for (case, _) in &watching.cases {
        let seq = host::tell(&services, case, &news).await?;
        first.get_or_insert(seq.ok_or(ProblemCode::NotFound)?);
    }
    let seq = first.ok_or(ProblemCode::NotFound)?;
    Ok((StatusCode::CREATED, axum::Json(Look { seq })))
}
