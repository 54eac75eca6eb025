//! `GET /api/v1/sessions/{id}`.

use axum::Json;
use axum::extract::{Path, State};

use crate::auth::Caller;
use crate::http::me::SessionBrief;
use crate::problem::Problem;
use crate::services::Services;

pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(session): Path<String>,
) -> Result<Json<SessionBrief>, Problem> {
    let part = caller.part(&services.store, &session).await?;
    Ok(Json(part.into()))
}
