//! The router, and what its handlers share.

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware;

use crate::rooms::{self, Rooms};
use crate::services::Services;
use crate::{http, problem, web};

/// Bodies of JSON requests, bytes; routes that take more say so themselves.
pub const JSON_LIMIT: usize = 64 * 1024;

/// State of every handler.
#[derive(Clone, Debug)]
pub struct AppState {
    pub services: Services,
    pub rooms: Rooms,
}

impl FromRef<AppState> for Services {
    fn from_ref(app: &AppState) -> Self {
        app.services.clone()
    }
}

impl FromRef<AppState> for Rooms {
    fn from_ref(app: &AppState) -> Self {
        app.rooms.clone()
    }
}

/// Everything that is served on the HTTPS port.
pub fn router(app: AppState) -> Router {
    let web = web::Files::find(&app.services.config).into_router();
    http::routes()
        .merge(rooms::routes())
        .fallback_service(web)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(JSON_LIMIT))
        .layer(middleware::from_fn(http::origin::same_origin))
        .layer(middleware::from_fn(problem::in_callers_language))
        .layer(middleware::from_fn(http::headers::secure))
        .with_state(app)
}
