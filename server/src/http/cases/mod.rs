//! `/api/v1/cases` (docs/protocol/cases.md).

mod acts;
mod create;
mod get;
mod journal;
mod list;
mod papers;

use std::sync::Arc;

use kanjie_domain::case::{Case, CaseViewer};
use kanjie_store::LinkTo;
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

/// The case for a caller who has a part in it. One who came by a link has none in any other case.
///
/// # Errors
/// `not_found` for everybody else.
pub(super) async fn open_to(
    services: &Services,
    caller: &Caller,
    case: &str,
) -> Result<(Arc<Loaded<Case>>, CaseViewer), Problem> {
    within_link(services, caller, case).await?;
    Ok(host::open_to(services, case, Acting::from(caller)).await?)
}

/// # Errors
/// `not_found` where the caller came by a link to another case, or to a session of another.
pub(super) async fn within_link(
    services: &Services,
    caller: &Caller,
    case: &str,
) -> Result<(), Problem> {
    let within = match &caller.link {
        None => true,
        Some(LinkTo::Case(own)) => own == case,
        Some(LinkTo::Session(session)) => {
            let cases = services.store.cases_of(session).await?;
            cases.iter().any(|own| own == case)
        }
    };
    within
        .then_some(())
        .ok_or_else(|| ProblemCode::NotFound.into())
}
