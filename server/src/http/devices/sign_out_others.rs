//! `POST /api/v1/me/devices/sign-out-others`: leaves this sign-in alone.

use axum::extract::State;
use axum::http::StatusCode;

use crate::auth::{Caller, devices};
use crate::problem::Problem;
use crate::services::Services;

/// Signs all my other devices out.
#[utoipa::path(post, path = "/api/v1/me/devices/sign-out-others", operation_id = "sign_out_others", tag = "sign-in",
    responses((status = 204, description = "Ended")))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    for device in devices::of(&services, &caller).await? {
        if device.token_hash != caller.token_hash {
            devices::end(&services, &device.token_hash).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
