//! `POST /api/v1/links/revoke`: an administrator ends a person's links to one session or case, and who came by them.

use axum::extract::State;
use axum::http::StatusCode;
use kanjie_domain::PersonId;
use kanjie_store::LinkTo;
use serde::Deserialize;

use crate::auth::{Caller, attempts, devices};
use crate::http::json::Json;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LinkRevoke)]
pub struct Revoke {
    /// The session, or the case: one of the two.
    #[schema(nullable = false)]
    session: Option<String>,
    #[schema(nullable = false)]
    case: Option<String>,
    person: PersonId,
}

/// Ends somebody's links to a session or a case, and who came by them.
#[utoipa::path(post, path = "/api/v1/links/revoke", operation_id = "revoke_links", tag = "administration", request_body = Revoke,
    responses((status = 204, description = "Ended"), (status = 404, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Json(revoke): Json<Revoke>,
) -> Result<StatusCode, Problem> {
    caller.administers()?;
    let person = revoke.person;
    let to = match (revoke.session, revoke.case) {
        (Some(session), None) => LinkTo::Session(session),
        (None, Some(case)) => LinkTo::Case(case),
        _ => return Err(ProblemCode::Malformed.into()),
    };
    if !devices::end_links(&services, &to, &person).await? {
        return Err(ProblemCode::NotFound.into());
    }
    attempts::administered(&services, "revoke_link", &person, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
