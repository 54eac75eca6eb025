//! `/api/v1/cases` (docs/protocol/cases.md).

mod acts;
mod create;
mod get;
mod journal;
mod list;
mod papers;

use std::sync::Arc;

use kanjie_domain::case::{Case, CaseViewer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use acts::Done;

use crate::app::AppState;
use crate::auth::Caller;
use crate::cases::journal::Loaded;
use crate::cases::{Acting, host};
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::handle, create::handle))
        .routes(routes!(get::handle))
        .routes(routes!(journal::handle))
        .routes(routes!(acts::handle))
        .routes(routes!(papers::list))
        .routes(routes!(papers::pdf))
}

/// The case for a caller who has a part in it. One who came by a session's link has none in any other case.
async fn open_to(
    services: &Services,
    caller: &Caller,
    case: &str,
) -> Result<(Arc<Loaded<Case>>, CaseViewer), Problem> {
    within_link(services, caller, case).await?;
    Ok(host::open_to(services, case, Acting::from(caller)).await?)
}

/// # Errors
/// `not_found` where the caller came by the link of a session of another case.
pub(super) async fn within_link(
    services: &Services,
    caller: &Caller,
    case: &str,
) -> Result<(), Problem> {
    if let Some(session) = &caller.link_session {
        let cases = services.store.cases_of(session).await?;
        if !cases.iter().any(|own| own == case) {
            return Err(ProblemCode::NotFound.into());
        }
    }
    Ok(())
}
