//! `GET /healthz`, `GET /readyz`: for whoever watches the process.

use axum::extract::State;
use axum::http::StatusCode;

use crate::problem::Problem;
use crate::services::Services;

/// The process answers.
pub async fn alive() -> StatusCode {
    StatusCode::OK
}

/// The store answers too.
pub async fn ready(State(services): State<Services>) -> Result<StatusCode, Problem> {
    services.store.ping().await?;
    Ok(StatusCode::OK)
}
