//! Where one is signed in, and an administrator's revocations: one endpoint, one file. See docs/protocol/sign-in.md.

mod list;
mod revoke_link;
mod revoke_person;
mod sign_out;
mod sign_out_others;
#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::handle))
        .routes(routes!(sign_out::handle))
        .routes(routes!(sign_out_others::handle))
        .routes(routes!(revoke_person::handle))
        .routes(routes!(revoke_link::handle))
}
