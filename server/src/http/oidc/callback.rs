//! `GET /api/v1/sign-in/oidc/callback`: the browser comes back from the provider; signs in and goes to the first page, or
//! to the sign-in page with the reason.

use axum::extract::{Extension, OriginalUri, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use kanjie_domain::PersonId;
use kanjie_store::SignInMethod;

use crate::auth::attempts::Attempt;
use crate::auth::cookie::{self, Token};
use crate::auth::oidc::{self, Fault, Returned, Trip};
use crate::http::sign_in::begin;
use crate::net::Connection;
use crate::problem::Problem;
use crate::services::Services;

/// Where the browser comes back to from the provider of identities.
#[utoipa::path(get, path = "/api/v1/sign-in/oidc/callback", operation_id = "end_oidc", tag = "sign-in", security(()), params(Returned),
    responses((status = 303, description = "To the first page, or to the sign-in page with the problem's code",
            headers(("Location" = String), ("Set-Cookie" = String))),
        (status = 404, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Result<Response, Problem> {
    super::settings(&services.config)?;
    let redirect_uri = super::redirect_uri(&services.config, &headers, &uri)?;
    let address = connection.address_key();
    let signed_in = async {
        let person = come(&services, &headers, &address, &returned, &redirect_uri).await?;
        let method = SignInMethod::Oidc;
        begin(&services, &connection, &headers, &person, method).await
    };
    match signed_in.await {
        Ok((_, mut cookies)) => {
            cookies.push((header::SET_COOKIE, Trip::over()));
            // Nothing that came with the request says where to go.
            let place = [(header::LOCATION, "/")];
            Ok((StatusCode::SEE_OTHER, place, AppendHeaders(cookies)).into_response())
        }
        Err(problem) => super::explained(problem),
    }
}

/// Who it is; the try is limited and noted.
async fn come(
    services: &Services,
    headers: &HeaderMap,
    address: &str,
    returned: &Returned,
    redirect_uri: &str,
) -> Result<PersonId, Problem> {
    let attempt = Attempt {
        action: "oidc_sign_in",
        subject: "",
        address,
    };
    let gates = [(&services.limits.oidc_by_address, address)];
    attempt.pass(services, &gates).await?;
    let (subject, person) = identify(services, headers, address, returned, redirect_uri).await;
    let word = person
        .as_ref()
        .map_or_else(|e| e.code.as_str(), |_| "ok".into());
    let attempt = Attempt {
        subject: &subject,
        ..attempt
    };
    attempt.note(services, &word).await?;
    person
}

/// The subject for the log beside who it is.
async fn identify(
    services: &Services,
    headers: &HeaderMap,
    address: &str,
    returned: &Returned,
    redirect_uri: &str,
) -> (String, Result<PersonId, Problem>) {
    let claims = async {
        let settings = super::settings(&services.config)?;
        let token = cookie::value(headers, oidc::COOKIE).and_then(Token::parse);
        let trip = Trip::of(token.ok_or(Fault::State)?);
        let claims = oidc::finish(services, settings, &trip, returned, redirect_uri).await?;
        Ok::<_, Problem>((settings, claims))
    };
    let (settings, claims) = match claims.await {
        Ok(known) => known,
        Err(problem) => return (String::new(), Err(problem)),
    };
    let attempt = Attempt {
        action: "oidc_sign_in",
        subject: &claims.sub,
        address,
    };
    let gates = [(&services.limits.oidc_by_subject, claims.sub.as_str())];
    let person = match attempt.pass(services, &gates).await {
        Ok(()) => oidc::person_of(services, settings, &claims).await,
        Err(problem) => Err(problem),
    };
    (claims.sub, person)
}
