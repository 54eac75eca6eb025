//! Signing in by the bureau's provider of identities: one endpoint, one file. See docs/protocol/sign-in.md.

mod begin;
mod callback;
mod link;
mod unlink;
mod ways;

use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;
use crate::auth::oidc;
use crate::config::{self, Config};
use crate::http::origin;
use crate::problem::{Problem, ProblemCode};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(ways::handle))
        .routes(routes!(begin::handle))
        .routes(routes!(callback::handle))
        .routes(routes!(link::handle, unlink::handle))
}

/// The settings; without them there is no such route.
fn settings(config: &Config) -> Result<&config::Oidc, Problem> {
    config
        .oidc
        .as_ref()
        .ok_or_else(|| ProblemCode::NotFound.into())
}

/// The address that the provider knows: that of the configuration, else the one asked for. A wrong one is refused by the
/// provider, which has it on its list.
fn redirect_uri(config: &Config, headers: &HeaderMap, uri: &Uri) -> Result<String, Problem> {
    let base = match (&config.address, origin::host(headers, uri)) {
        (Some(address), _) => address.clone(),
        (None, Some(host)) => format!("https://{host}"),
        (None, None) => return Err(ProblemCode::Malformed.into()),
    };
    Ok(base + oidc::CALLBACK)
}

/// A browser that is on its way can show no problem details: the sign-in page says what went wrong.
fn explained(problem: Problem) -> Result<Response, Problem> {
    match problem.code {
        ProblemCode::OidcFailed | ProblemCode::NotLinked | ProblemCode::TooManyRequests => {
            let place = format!("/#/sign-in?problem={}", problem.code.as_str());
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response())
        }
        _ => Err(problem),
    }
}
