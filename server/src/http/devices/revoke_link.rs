//! `POST /api/v1/links/revoke`: an administrator ends a person's links to one session, and who came by them.

use axum::extract::State;
use axum::http::StatusCode;
use kanjie_domain::PersonId;
use serde::Deserialize;

use crate::auth::{Caller, attempts, devices};
use crate::http::json::Json;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LinkRevoke)]
pub struct Revoke {
    session: String,
    person: PersonId,
}

/// Ends somebody's links to a session, and who came by them.
#[utoipa::path(post, path = "/api/v1/links/revoke", operation_id = "revoke_links", tag = "administration", request_body = Revoke,
    responses((status = 204, description = "Ended"), (status = 404, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Json(revoke): Json<Revoke>,
) -> Result<StatusCode, Problem> {
    caller.administers()?;
    let Revoke { session, person } = revoke;
    if !devices::end_links(&services, &session, &person).await? {
        return Err(ProblemCode::NotFound.into());
    }
    attempts::administered(&services, "revoke_link", &person, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
