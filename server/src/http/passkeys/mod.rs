//! Passkeys: one endpoint, one file. See docs/protocol/sign-in.md.

mod act_challenge;
mod add;
mod add_challenge;
mod list;
mod remove;
mod rename;
mod sign_in;
mod sign_in_challenge;

use kanjie_domain::Code;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;
use crate::auth::Caller;
use crate::problem::{Problem, ProblemCode};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(sign_in::handle))
        .routes(routes!(sign_in_challenge::handle))
        .routes(routes!(list::handle, add::handle))
        .routes(routes!(add_challenge::handle))
        .routes(routes!(act_challenge::handle))
        .routes(routes!(rename::handle, remove::handle))
}

/// Passkeys are for those with an account: who came by a link has a phone.
fn staff(caller: &Caller) -> Result<(), Problem> {
    match caller.link {
        None => Ok(()),
        Some(_) => Err(ProblemCode::Refused(Code::NotAllowed).into()),
    }
}
