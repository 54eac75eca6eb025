//! `DELETE /api/v1/me/passkeys/{credential}`: a lost authenticator opens nothing any more.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::Caller;
use crate::auth::attempts::Attempt;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Ends a passkey of mine.
#[utoipa::path(delete, path = "/api/v1/me/passkeys/{credential}", operation_id = "remove_passkey", tag = "sign-in",
    params(("credential" = String, Path, description = "Credential id, base64url")),
    responses((status = 204, description = "Ended")))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(credential): Path<String>,
) -> Result<StatusCode, Problem> {
    super::staff(&caller)?;
    let credential = URL_SAFE_NO_PAD
        .decode(credential)
        .map_err(|_| ProblemCode::NotFound)?;
    let (store, now) = (&services.store, services.env.now());
    if !store
        .revoke_passkey(&caller.person, &credential, now)
        .await?
    {
        return Err(ProblemCode::NotFound.into());
    }
    let attempt = Attempt {
        action: "passkey_remove",
        subject: &caller.person.0,
        address: &caller.address,
    };
    attempt.note(&services, "ok").await?;
    Ok(StatusCode::NO_CONTENT)
}
