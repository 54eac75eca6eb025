//! `GET /api/v1/me/devices`: where I am signed in.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::auth::{Caller, devices};
use crate::problem::Problem;
use crate::services::Services;

/// One of one's own sign-ins.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Device)]
pub struct Listed {
    id: String,
    /// `password`, `passkey`, `oidc`, `link`.
    method: String,
    device: String,
    /// The one that asks.
    current: bool,
    /// UTC µs.
    created_at: i64,
    expires_at: i64,
}

/// Where I am signed in.
#[utoipa::path(get, path = "/api/v1/me/devices", operation_id = "devices", tag = "sign-in",
    responses((status = 200, description = "Oldest first; who came by a link sees what came by links to the same place", body = Vec<Listed>)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
) -> Result<Json<Vec<Listed>>, Problem> {
    let devices = devices::of(&services, &caller).await?;
    let listed = devices.into_iter().map(|device| Listed {
        id: devices::id_of(&device.token_hash),
        current: device.token_hash == caller.token_hash,
        method: device.method,
        device: device.device,
        created_at: device.created_at,
        expires_at: device.expires_at,
    });
    Ok(Json(listed.collect()))
}
