//! `POST /api/v1/me/passkeys/challenge`: what to ask the authenticator for a new passkey; with a fresh second factor.

use axum::Json as Answer;
use axum::extract::State;
use kanjie_domain::Code;
use kanjie_store::ChallengePurpose;
use serde::{Deserialize, Serialize};

use crate::auth::passkey::ceremony::base64url;
use crate::auth::passkey::{self, Party, cose};
use crate::auth::{Caller, factor};
use crate::http::json::Json;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasskeyAddAsk)]
pub struct Ask {
    /// From the authenticator app.
    factor: String,
}

/// Parts of `PublicKeyCredentialCreationOptions`; the web app adds what never differs.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PasskeyAddOptions)]
pub struct Options {
    challenge: String,
    rp_id: String,
    user_id: String,
    user_name: String,
    algorithms: [i64; 3],
    /// Credential ids: these authenticators have one already.
    exclude: Vec<String>,
}

/// What to ask an authenticator for, for a new passkey.
#[utoipa::path(post, path = "/api/v1/me/passkeys/challenge", operation_id = "passkey_challenge", tag = "sign-in", request_body = Ask,
    responses((status = 200, description = "A challenge", body = Options), (status = 409, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Json(ask): Json<Ask>,
) -> Result<Answer<Options>, Problem> {
    super::staff(&caller)?;
    factor::verify(&services, &caller, "passkey_add", &ask.factor).await?;
    let has = services.store.passkeys_of(&caller.person).await?;
    if has.len() >= passkey::MOST {
        return Err(ProblemCode::Refused(Code::LimitReached).into());
    }
    let purpose = ChallengePurpose::PasskeyAdd;
    let challenge = passkey::challenge(&services, purpose, Some(&caller.person)).await?;
    Ok(Answer(Options {
        challenge: base64url(&challenge),
        rp_id: Party::of(&services.config).rp_id,
        user_id: base64url(caller.person.0.as_bytes()),
        user_name: caller.name,
        algorithms: cose::ALGORITHMS,
        exclude: has.iter().map(|k| base64url(&k.credential)).collect(),
    }))
}
