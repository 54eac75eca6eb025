//! `GET /api/v1/cases/{id}`: the case as the caller may see it.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;

use crate::auth::Caller;
use crate::cases::view::{self, CaseView};
use crate::http::version;
use crate::problem::Problem;
use crate::services::Services;

/// The case as the caller may see it.
#[utoipa::path(get, path = "/api/v1/cases/{id}", operation_id = "case", tag = "cases",
    params(("id" = String, Path, description = "Case")), responses((status = 200, description = "The case", body = CaseView)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let (loaded, viewer) = super::open_to(&services, &caller, &id).await?;
    let view = view::of(&services, &id, &loaded.state, &viewer).await?;
    Ok((version::of(view.head), Json(view)))
}
