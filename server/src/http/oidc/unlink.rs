//! `DELETE /api/v1/people/{person}/identities`: an administrator takes away what links a person to the provider.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use kanjie_domain::PersonId;

use crate::auth::{Caller, attempts};
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Takes away what links an account to the provider of identities.
#[utoipa::path(delete, path = "/api/v1/people/{person}/identities", operation_id = "unlink_identity", tag = "administration",
    params(("person" = String, Path, description = "Person id")),
    responses((status = 204, description = "Unlinked")))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(person): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.administers()?;
    let settings = super::settings(&services.config)?;
    let (store, person) = (&services.store, PersonId(person));
    if !store.unlink_identities(&settings.issuer, &person).await? {
        return Err(ProblemCode::NotFound.into());
    }
    attempts::administered(&services, "unlink_identity", &person, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
