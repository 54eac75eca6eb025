//! The HTTP API: one endpoint, one file.

mod bundles;
mod cases;
mod codes;
pub mod describe;
mod devices;
pub mod documents;
pub mod headers;
mod health;
pub mod journal;
pub mod json;
mod links_code;
mod links_open;
mod links_verify;
pub mod me;
mod notices;
pub mod once;
pub mod origin;
mod passkeys;
pub mod recording;
mod session;
mod sessions_create;
mod sign_in;
mod sign_out;
pub mod socket;
pub mod stills;
mod uploads;
pub mod verification;
pub mod version;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;

/// Everything but the routes of live sessions.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(describe::get))
        .routes(routes!(sign_in::handle))
        .routes(routes!(sign_out::handle))
        .routes(routes!(links_open::handle))
        .routes(routes!(links_code::handle))
        .routes(routes!(links_verify::handle))
        .routes(routes!(codes::handle))
        .routes(routes!(me::handle))
        .routes(routes!(notices::handle))
        .routes(routes!(session::handle))
        .routes(routes!(sessions_create::handle))
        .merge(cases::routes())
        .merge(bundles::routes())
        .merge(uploads::routes())
        .merge(passkeys::routes())
        .merge(devices::routes())
}
