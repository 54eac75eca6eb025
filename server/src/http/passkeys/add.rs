//! `POST /api/v1/me/passkeys`: keeps what the authenticator answered to a challenge.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::auth::Caller;
use crate::auth::attempts::Attempt;
use crate::auth::passkey::{self, Registration};
use crate::http::json::Json;
use crate::problem::Problem;
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasskeyAdd)]
pub struct Add {
    /// What its owner calls it.
    name: String,
    registration: Registration,
}

/// Keeps a new passkey.
#[utoipa::path(post, path = "/api/v1/me/passkeys", operation_id = "add_passkey", tag = "sign-in", request_body = Add,
    responses((status = 201, description = "Kept"), (status = 409, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Json(add): Json<Add>,
) -> Result<StatusCode, Problem> {
    super::staff(&caller)?;
    let added = passkey::add(&services, &caller.person, &add.name, &add.registration).await;
    let word = if added.is_ok() { "ok" } else { "failed" };
    let attempt = Attempt {
        action: "passkey_add",
        subject: &caller.person.0,
        address: &caller.address,
    };
    attempt.note(&services, word).await?;
    added?;
    Ok(StatusCode::CREATED)
}
