//! `DELETE /api/v1/uploads/{id}`: it is not to come after all (tus 1.0, extension termination).

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::{Tus, own};
use crate::auth::Caller;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;
use crate::uploads;

/// Gives an unfinished upload up. A whole file is the case's.
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", operation_id = "delete_upload", tag = "uploads", params(("id" = String, Path), Tus),
    responses((status = 204, description = "Nothing of it is kept"), (status = 409, response = Problem), (status = 410, response = Problem),
        (status = 412, response = Problem), (status = 423, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    own(&services, &caller, &id).await?;
    let _writing = services.writers.take(&id)?;
    if own(&services, &caller, &id).await?.sha256.is_some() {
        return Err(ProblemCode::NotReady.into());
    }
    uploads::remove(&services, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
