//! The HTTP API: one endpoint, one file.

mod codes;
pub mod documents;
pub mod headers;
mod health;
pub mod journal;
pub mod json;
mod links_code;
mod links_open;
mod links_verify;
pub mod me;
pub mod origin;
pub mod recording;
mod session;
mod sign_in;
mod sign_out;
pub mod socket;
pub mod stills;
pub mod verification;

use axum::Router;
use axum::routing::{get, post};

use crate::app::AppState;

/// Everything but the routes of live sessions.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/api/v1/sign-in", post(sign_in::handle))
        .route("/api/v1/sign-out", post(sign_out::handle))
        .route("/api/v1/links/open", post(links_open::handle))
        .route("/api/v1/links/code", post(links_code::handle))
        .route("/api/v1/links/verify", post(links_verify::handle))
        .route("/api/v1/codes", post(codes::handle))
        .route("/api/v1/me", get(me::handle))
        .route("/api/v1/sessions/{id}", get(session::handle))
}
