//! `GET /api/v1/sessions/{id}/verification`: the check of a closed session's package, by the code of `kanjie verify`.

use axum::Json;
use axum::extract::{Path, State};
use kanjie_domain::authority::ReadAct;
use kanjie_domain::session::Stage;

use crate::auth::Caller;
use crate::effects::verification::Verdict;
use crate::problem::{Problem, ProblemCode};
use crate::rooms::Rooms;
use crate::services::Services;

/// The check of a closed session's package, by the code of `kanjie verify`.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/verification", operation_id = "verification", tag = "sessions", params(("id" = String, Path, description = "Session")),
    responses((status = 200, description = "What the check found", body = Verdict), (status = 409, response = Problem)))]
pub async fn get(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path(session): Path<String>,
) -> Result<Json<Verdict>, Problem> {
    caller
        .reads(&services, &session, ReadAct::ReadSession)
        .await?;
    let state = rooms
        .look(&session)
        .await
        .map_err(|_| ProblemCode::NotFound)?;
    if !matches!(state.stage, Stage::Closed) {
        return Err(ProblemCode::NotReady.into());
    }
    let verdict = rooms.verification(&session).await;
    Ok(Json(verdict.map_err(|error| Problem::internal(&error))?))
}
