//! `GET /api/v1/sign-in/oidc`: sends the browser to the provider, with a cookie that its answer must find again; where that
//! cannot be, to the sign-in page with the reason.

use axum::extract::{Extension, OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};

use crate::auth::attempts::Attempt;
use crate::auth::oidc;
use crate::net::Connection;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Sends the browser to the bureau's provider of identities.
#[utoipa::path(get, path = "/api/v1/sign-in/oidc", operation_id = "begin_oidc", tag = "sign-in", security(()),
    responses((status = 303, description = "To the provider, or to the sign-in page with the problem's code",
            headers(("Location" = String), ("Set-Cookie" = String))),
        (status = 400, response = Problem), (status = 404, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let settings = super::settings(&services.config)?;
    let redirect_uri = super::redirect_uri(&services.config, &headers, &uri)?;
    let address = connection.address_key();
    let attempt = Attempt {
        action: "oidc_begin",
        subject: "",
        address: &address,
    };
    let gates = [(&services.limits.oidc_by_address, address.as_str())];
    let there = async {
        attempt.pass(&services, &gates).await?;
        let (trip, there) = oidc::begin(&services, settings, &redirect_uri).await?;
        let there = HeaderValue::from_str(&there).map_err(|_| ProblemCode::OidcFailed)?;
        let cookie = trip.cookie().ok_or(ProblemCode::Internal)?;
        Ok([(header::LOCATION, there), (header::SET_COOKIE, cookie)])
    };
    match there.await {
        Ok(headers) => Ok((StatusCode::SEE_OTHER, AppendHeaders(headers)).into_response()),
        Err(problem) => super::explained(problem),
    }
}
