//! `POST /api/v1/people/{person}/revoke`: an administrator ends everything by which somebody comes in.

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use kanjie_domain::PersonId;

use crate::auth::{Caller, devices, sign_in};
use crate::net::Connection;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Ends everything by which somebody comes in.
#[utoipa::path(post, path = "/api/v1/people/{person}/revoke", operation_id = "revoke_person", tag = "administration",
    params(("person" = String, Path, description = "Person id")),
    responses((status = 204, description = "Ended")))]
pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    caller: Caller,
    Path(person): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.administers()?;
    let ended = devices::end_person(&services, &PersonId(person.clone())).await?;
    if !ended {
        return Err(ProblemCode::NotFound.into());
    }
    let by = format!("by {}", caller.person.0);
    let address = connection.address_key();
    sign_in::note(&services, "revoke_person", &person, &address, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
