//! `DELETE /api/v1/me/devices/{device}`: signs one of one's own devices out.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::auth::{Caller, devices};
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Signs one of my devices out.
#[utoipa::path(delete, path = "/api/v1/me/devices/{device}", operation_id = "sign_out_device", tag = "sign-in",
    params(("device" = String, Path, description = "`id` of the list")),
    responses((status = 204, description = "Ended")))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(wanted): Path<String>,
) -> Result<StatusCode, Problem> {
    let own = devices::of(&services, &caller).await?;
    let device = own
        .iter()
        .find(|device| devices::id_of(&device.token_hash) == wanted)
        .ok_or(ProblemCode::NotFound)?;
    devices::end(&services, &device.token_hash).await?;
    Ok(StatusCode::NO_CONTENT)
}
