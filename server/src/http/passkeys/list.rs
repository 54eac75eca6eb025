//! `GET /api/v1/me/passkeys`.

use axum::Json;
use axum::extract::State;
use kanjie_store::Passkey;
use serde::Serialize;

use crate::auth::Caller;
use crate::auth::passkey::ceremony::base64url;
use crate::problem::Problem;
use crate::services::Services;

/// One of one's own passkeys.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Passkey)]
pub struct Listed {
    credential: String,
    name: String,
    /// UTC µs.
    created_at: i64,
    #[schema(required = true)]
    last_used_at: Option<i64>,
}

impl From<Passkey> for Listed {
    fn from(passkey: Passkey) -> Self {
        Self {
            credential: base64url(&passkey.credential),
            name: passkey.name,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

/// My passkeys.
#[utoipa::path(get, path = "/api/v1/me/passkeys", operation_id = "passkeys", tag = "sign-in",
    responses((status = 200, description = "Oldest first", body = Vec<Listed>), (status = 403, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
) -> Result<Json<Vec<Listed>>, Problem> {
    super::staff(&caller)?;
    let passkeys = services.store.passkeys_of(&caller.person).await?;
    Ok(Json(passkeys.into_iter().map(Listed::from).collect()))
}
