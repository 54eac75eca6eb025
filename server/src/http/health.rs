//! `GET /healthz`, `GET /readyz`: for whoever watches the process.

use axum::extract::State;
use axum::http::StatusCode;

use crate::problem::Problem;
use crate::services::Services;

/// The process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "alive", tag = "service", security(()), responses((status = 200, description = "It answers")))]
pub async fn alive() -> StatusCode {
    StatusCode::OK
}

/// The store answers too.
#[utoipa::path(get, path = "/readyz", operation_id = "ready", tag = "service", security(()), responses((status = 200, description = "It can work")))]
pub async fn ready(State(services): State<Services>) -> Result<StatusCode, Problem> {
    services.store.ping().await?;
    Ok(StatusCode::OK)
}
