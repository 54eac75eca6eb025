//! `POST /api/v1/sign-in/passkey/challenge`: the same for everybody, so that it tells nobody who has a passkey.

use axum::Json;
use axum::extract::{Extension, State};
use kanjie_store::ChallengePurpose;
use serde::Serialize;

use crate::auth::passkey::ceremony::base64url;
use crate::auth::passkey::{self, Party};
use crate::net::Connection;
use crate::problem::Problem;
use crate::services::Services;

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PasskeySignInOptions)]
pub struct Options {
    challenge: String,
    rp_id: String,
}

/// What to ask an authenticator for, to sign in.
#[utoipa::path(post, path = "/api/v1/sign-in/passkey/challenge", operation_id = "sign_in_challenge", tag = "sign-in", security(()),
    responses((status = 200, description = "The same for everybody", body = Options), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
) -> Result<Json<Options>, Problem> {
    let address = connection.address_key();
    services.limits.passkey_by_address.pass(&address)?;
    let purpose = ChallengePurpose::PasskeySignIn;
    let challenge = passkey::challenge(&services, purpose, None).await?;
    Ok(Json(Options {
        challenge: base64url(&challenge),
        rp_id: Party::of(&services.config).rp_id,
    }))
}
