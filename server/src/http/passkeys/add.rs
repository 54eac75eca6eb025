//! `POST /api/v1/me/passkeys`: keeps what the authenticator answered to a challenge.

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use serde::Deserialize;

use crate::auth::passkey::{self, Registration};
use crate::auth::{Caller, sign_in};
use crate::http::json::Json;
use crate::net::Connection;
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
    Extension(connection): Extension<Connection>,
    caller: Caller,
    Json(add): Json<Add>,
) -> Result<StatusCode, Problem> {
    super::staff(&caller)?;
    let added = passkey::add(&services, &caller.person, &add.name, &add.registration).await;
    let word = if added.is_ok() { "ok" } else { "failed" };
    let address = connection.address_key();
    sign_in::note(&services, "passkey_add", &caller.person.0, &address, word).await?;
    added?;
    Ok(StatusCode::CREATED)
}
