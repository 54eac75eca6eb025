//! `POST /api/v1/people/{person}/revoke`: an administrator ends everything by which somebody comes in.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use kanjie_domain::PersonId;

use crate::auth::{Caller, attempts, devices};
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Ends everything by which somebody comes in.
#[utoipa::path(post, path = "/api/v1/people/{person}/revoke", operation_id = "revoke_person", tag = "administration",
    params(("person" = String, Path, description = "Person id")),
    responses((status = 204, description = "Ended")))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(person): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.administers()?;
    let person = PersonId(person);
    if !devices::end_person(&services, &person).await? {
        return Err(ProblemCode::NotFound.into());
    }
    attempts::administered(&services, "revoke_person", &person, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
