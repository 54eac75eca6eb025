//! Calendars: a feed a person by a secret address, and one session or one case's appointment as a file.

use axum::Extension;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::auth::cookie::Token;
use crate::calendar;
use crate::http::cases;
use crate::net::Connection;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Whoever knows the address sees the appointments: it is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarFeed {
    /// Path of the feed, below the server's address.
    path: String,
}

/// Makes the caller's feed, or another address for it: the one before opens no more.
#[utoipa::path(post, path = "/api/v1/me/calendar", operation_id = "make_calendar_feed", tag = "calendar",
    responses((status = 201, description = "Its address, shown this once", body = CalendarFeed), (status = 404, response = Problem)))]
pub async fn make(
    State(services): State<Services>,
    caller: Caller,
) -> Result<(StatusCode, Json<CalendarFeed>), Problem> {
    own(&caller)?;
    let token = Token::new(services.env.as_ref());
    let now = services.env.now();
    let store = &services.store;
    store.set_feed(&caller.person, &token.digest(), now).await?;
    let path = format!("/api/v1/calendar/{}.ics", token.text());
    Ok((StatusCode::CREATED, Json(CalendarFeed { path })))
}

/// Ends the caller's feed.
#[utoipa::path(delete, path = "/api/v1/me/calendar", operation_id = "end_calendar_feed", tag = "calendar",
    responses((status = 204, description = "There is none any more"), (status = 404, response = Problem)))]
pub async fn end(State(services): State<Services>, caller: Caller) -> Result<StatusCode, Problem> {
    own(&caller)?;
    services.store.end_feed(&caller.person).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who came by a link has one session or case, and its file.
fn own(caller: &Caller) -> Result<(), Problem> {
    if caller.link.is_some() {
        return Err(ProblemCode::NotFound.into());
    }
    Ok(())
}

/// A person's appointments, for a calendar program.
#[utoipa::path(get, path = "/api/v1/calendar/{file}", operation_id = "calendar_feed", tag = "calendar", security(()),
    params(("file" = String, Path, description = "The secret, and .ics")),
    responses((status = 200, description = "iCalendar", content_type = "text/calendar", body = String), (status = 429, response = Problem)))]
pub async fn feed(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    services
        .limits
        .link_by_address
        .pass(&connection.address_key())?;
    let token = file.strip_suffix(".ics").and_then(Token::parse);
    let token = token.ok_or(ProblemCode::NotFound)?;
    let person = services.store.feed(&token.digest()).await?;
    let person = person.ok_or(ProblemCode::NotFound)?;
    Ok(answer(calendar::of(&services, &person).await?))
}

/// One session as a file for a calendar program.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/calendar", operation_id = "session_calendar", tag = "calendar",
    params(("id" = String, Path, description = "Session")),
    responses((status = 200, description = "iCalendar", content_type = "text/calendar", body = String)))]
pub async fn session(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let part = caller.part(&services.store, &id).await?;
    one(&services, &caller, &part.session.id).await
}

/// The appointment of one case as a file for a calendar program.
#[utoipa::path(get, path = "/api/v1/cases/{id}/calendar", operation_id = "case_calendar", tag = "calendar",
    params(("id" = String, Path, description = "Case")),
    responses((status = 200, description = "iCalendar", content_type = "text/calendar", body = String)))]
pub async fn case(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    cases::open_to(&services, &caller, &id).await?;
    one(&services, &caller, &id).await
}

async fn one(services: &Services, caller: &Caller, id: &str) -> Result<Response, Problem> {
    let text = calendar::of_one(services, &caller.person, id).await?;
    Ok(answer(text.ok_or(ProblemCode::NotFound)?))
}

fn answer(text: String) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/calendar; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"kanjie.ics\""),
    );
    response
}
