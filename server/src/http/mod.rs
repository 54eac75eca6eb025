//! The HTTP API: one endpoint, one file.

mod bundles;
mod calendar;
mod cases;
mod codes;
pub mod connections;
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
mod oidc;
pub mod once;
pub mod origin;
mod passkeys;
pub mod recording;
mod session;
mod sessions_create;
mod sign_in;
mod sign_out;
pub mod socket;
mod status;
pub mod stills;
mod uploads;
pub mod verification;
pub mod version;
mod webhooks;

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
        .routes(routes!(calendar::make, calendar::end))
        .routes(routes!(calendar::feed))
        .routes(routes!(calendar::session))
        .routes(routes!(status::ask))
        .routes(routes!(status::answer))
        .routes(routes!(webhooks::list, webhooks::add))
        .routes(routes!(webhooks::get, webhooks::remove))
        .routes(routes!(webhooks::pause))
        .routes(routes!(webhooks::resume))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::replay))
        .routes(routes!(sessions_create::handle))
        .merge(cases::routes())
        .merge(bundles::routes())
        .merge(uploads::routes())
        .merge(passkeys::routes())
        .merge(devices::routes())
        .merge(oidc::routes())
}
