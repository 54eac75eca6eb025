//! `POST /api/v1/sign-in/passkey`: staff, by a passkey alone: it is held, and its owner was verified by it.

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use kanjie_store::SignInMethod;
use serde::Deserialize;

use crate::auth::attempts::Attempt;
use crate::auth::passkey::ceremony::base64url;
use crate::auth::passkey::{self, Assertion};
use crate::http::json::Json;
use crate::http::me;
use crate::http::sign_in::come_in;
use crate::net::Connection;
use crate::problem::Problem;
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasskeySignIn)]
pub struct SignIn {
    assertion: Assertion,
}

/// Signs staff in, by a passkey alone.
#[utoipa::path(post, path = "/api/v1/sign-in/passkey", operation_id = "sign_in_by_passkey", tag = "sign-in", security(()), request_body = SignIn,
    responses((status = 200, description = "Signed in; the answer sets the cookie", body = me::Me, headers(("Set-Cookie" = String))),
        (status = 401, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    Json(request): Json<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    let address = connection.address_key();
    let limits = &services.limits;
    let credential: String = base64url(&request.assertion.credential.0)
        .chars()
        .take(64)
        .collect();
    let attempt = Attempt {
        action: "passkey_sign_in",
        subject: &credential,
        address: &address,
    };
    let gates = [
        (&limits.passkey_by_address, address.as_str()),
        (&limits.passkey_by_credential, credential.as_str()),
    ];
    attempt.pass(&services, &gates).await?;
    let person = passkey::sign_in(&services, &request.assertion).await;
    let (subject, word) = match &person {
        Ok(person) => (person.0.as_str(), "ok"),
        Err(_) => (credential.as_str(), "failed"),
    };
    Attempt { subject, ..attempt }.note(&services, word).await?;
    come_in(
        &services,
        &connection,
        &headers,
        &person?,
        SignInMethod::Passkey,
    )
    .await
}
