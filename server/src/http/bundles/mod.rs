//! `/api/v1/bundles` (docs/protocol/cases.md): for staff; a supervisor reads.

mod acts;
mod create;
mod get;
mod journal;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create::handle))
        .routes(routes!(get::handle))
        .routes(routes!(journal::handle))
        .routes(routes!(acts::handle))
}
