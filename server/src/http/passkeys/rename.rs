//! `PUT /api/v1/me/passkeys/{credential}`: calls a passkey by another name.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::auth::{Caller, passkey};
use crate::http::json::Json;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasskeyRename)]
pub struct Rename {
    name: String,
}

/// Calls a passkey of mine by another name.
#[utoipa::path(put, path = "/api/v1/me/passkeys/{credential}", operation_id = "rename_passkey", tag = "sign-in",
    params(("credential" = String, Path, description = "Credential id, base64url")), request_body = Rename,
    responses((status = 204, description = "Renamed")))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(credential): Path<String>,
    Json(rename): Json<Rename>,
) -> Result<StatusCode, Problem> {
    super::staff(&caller)?;
    let credential = URL_SAFE_NO_PAD
        .decode(credential)
        .map_err(|_| ProblemCode::NotFound)?;
    passkey::rename(&services, &caller.person, &credential, &rename.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
