//! `POST /api/v1/me/passkeys/act-challenge`: what to sign for one act of one session, bound to its content's digest.

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::auth::passkey::Party;
use crate::auth::passkey::act::{self, Bound};
use crate::auth::passkey::ceremony::base64url;
use crate::http::json::Json;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasskeyActAsk)]
pub struct Ask {
    session: String,
    /// The command's `type`.
    act: String,
    /// Of the content, in hex; empty for acts without content.
    #[serde(default)]
    digest: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PasskeyActOptions)]
pub struct Options {
    challenge: String,
    nonce: String,
    rp_id: String,
    /// Credential ids of the caller.
    allow: Vec<String>,
}

/// What to sign for one act, bound to its content.
#[utoipa::path(post, path = "/api/v1/me/passkeys/act-challenge", operation_id = "act_challenge", tag = "sign-in", request_body = Ask,
    responses((status = 200, description = "A challenge", body = Options), (status = 404, response = Problem), (status = 409, response = Problem),
        (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Json(ask): Json<Ask>,
) -> Result<Answer<Options>, Problem> {
    super::staff(&caller)?;
    caller.part(&services.store, &ask.session).await?;
    services.limits.passkey_by_person.pass(&caller.person.0)?;
    let passkeys = services.store.passkeys_of(&caller.person).await?;
    if passkeys.is_empty() {
        return Err(ProblemCode::PasskeyMissing.into());
    }
    let bound = Bound {
        session: &ask.session,
        act: &ask.act,
        digest: &ask.digest,
    };
    let (nonce, challenge) = act::challenge(&services, &caller.person, &bound).await?;
    Ok(Answer(Options {
        challenge: base64url(&challenge.0),
        nonce: base64url(&nonce),
        rp_id: Party::of(&services.config).rp_id,
        allow: passkeys.iter().map(|k| base64url(&k.credential)).collect(),
    }))
}
