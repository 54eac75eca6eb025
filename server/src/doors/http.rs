//! The routes of WHIP and WHEP. They read no cookie, so any page may call them; the token is all that counts.

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, patch, post};
use kanjie_domain::doors::Direction;
use serde::Deserialize;

use super::frag::{self, Fragment};
use super::{At, Bearer, Doors, IfMatch, Knock, Patch, Patched};
use crate::http::json;
use crate::net::Connection;
use crate::problem::{self, Problem, ProblemCode};

/// Bytes of a description.
const MOST: usize = 64 * 1024;
const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// What may stand in an address.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: Option<String>,
    from: Option<String>,
}

/// The routes over somebody's rooms.
pub fn routes<D, S>() -> Router<S>
where
    D: Doors + FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    let (whip, whep) = (Direction::Publish, Direction::Play);
    Router::new()
        .route("/whip/{room}", endpoint::<D, S>(whip))
        .route("/whep/{room}", endpoint::<D, S>(whep))
        .route("/whip/{room}/{resource}", connection::<D, S>(whip))
        .route("/whep/{room}/{resource}", connection::<D, S>(whep))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(axum::middleware::map_response(for_any_page))
        .layer(DefaultBodyLimit::max(MOST))
}

/// Where somebody knocks.
fn endpoint<D, S>(direction: Direction) -> MethodRouter<S>
where
    D: Doors + FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    let knock =
        move |State(doors): State<D>,
              Path(room): Path<String>,
              named: Query<Named>,
              uri: Uri,
              request: Request| { knock(doors, direction, room, named, uri, request) };
    post(knock).options(preflight)
}

/// Where somebody is in.
fn connection<D, S>(direction: Direction) -> MethodRouter<S>
where
    D: Doors + FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    let change = move |State(doors): State<D>,
                       Path(path): Path<(String, String)>,
                       request: Request| change(doors, direction, path, request);
    let end = move |State(doors): State<D>,
                    Path(path): Path<(String, String)>,
                    headers: HeaderMap| end(doors, direction, path, headers);
    patch(change).delete(end).options(preflight)
}

async fn knock<D: Doors>(
    doors: D,
    direction: Direction,
    room: String,
    query: Query<Named>,
    uri: Uri,
    request: Request,
) -> Result<Response, Problem> {
    let bearer = bearer(request.headers())?;
    let connection = request.extensions().get::<Connection>();
    let address = connection.map_or_else(String::new, Connection::address_key);
    let offer = body(request, SDP).await?;
    let name = match direction {
        Direction::Publish => query.0.name,
        // Without it there is nothing to show.
        Direction::Play => Some(query.0.from.ok_or(ProblemCode::Malformed)?),
    };
    let knock = Knock {
        direction,
        bearer,
        name,
        offer,
        address,
    };
    let opened = doors.open(&room, knock).await?;
    let location = format!("{}/{}", uri.path(), opened.resource);
    let location = HeaderValue::from_str(&location).map_err(|_| ProblemCode::Malformed)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(SDP)),
        (header::LOCATION, location),
        (header::ETAG, etag(opened.version)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::CREATED, headers, opened.answer).into_response())
}

async fn change<D: Doors>(
    doors: D,
    direction: Direction,
    (room, resource): (String, String),
    request: Request,
) -> Result<Response, Problem> {
    let at = At {
        direction,
        bearer: bearer(request.headers())?,
        resource,
    };
    let if_match = if_match(request.headers())?;
    let text = body(request, FRAGMENT).await?;
    let fragment = Fragment::parse(&text).ok_or(ProblemCode::Malformed)?;
    let patch = Patch {
        if_match,
        ufrag: fragment.ufrag.to_owned(),
    };
    Ok(match doors.patch(&room, at, patch).await? {
        Patched::Trickled => StatusCode::NO_CONTENT.into_response(),
        Patched::Restarted {
            ufrag,
            pwd,
            candidates,
            version,
        } => {
            let text = frag::write(&ufrag, &pwd, &candidates, fragment.mid.unwrap_or("0"));
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(FRAGMENT)),
                (header::ETAG, etag(version)),
            ];
            (headers, text).into_response()
        }
    })
}

async fn end<D: Doors>(
    doors: D,
    direction: Direction,
    (room, resource): (String, String),
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let at = At {
        direction,
        bearer: bearer(&headers)?,
        resource,
    };
    doors.close(&room, at).await?;
    Ok(StatusCode::OK)
}

/// What may be asked here; for CORS and for RFC 9725 section 4.2 alike.
async fn preflight() -> impl IntoResponse {
    let allowed = [
        (
            HeaderName::from_static("accept-post"),
            HeaderValue::from_static(SDP),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("POST, PATCH, DELETE, OPTIONS"),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Authorization, Content-Type, If-Match"),
        ),
        (
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("86400"),
        ),
    ];
    (StatusCode::NO_CONTENT, allowed)
}

async fn for_any_page(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Location, ETag, Accept-Post, WWW-Authenticate"),
    );
    response
}

/// The token, which is in one header and nowhere else.
fn bearer(headers: &HeaderMap) -> Result<Bearer, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next(), values.next()) else {
        return Err(ProblemCode::TokenRefused.into());
    };
    let value = value.and_then(|value| value.to_str().ok());
    let scheme = value.and_then(|value| value.split_once(' '));
    let token = scheme.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token
        .map(|(_, token)| Bearer(token.trim().to_owned()))
        .ok_or_else(|| ProblemCode::TokenRefused.into())
}

/// The body as text, where it is of that type.
async fn body(request: Request, kind: &str) -> Result<String, Problem> {
    let said = request.headers().get(header::CONTENT_TYPE);
    let said = said.and_then(|value| value.to_str().ok()?.split(';').next());
    if !said.is_some_and(|said| said.trim().eq_ignore_ascii_case(kind)) {
        return Err(ProblemCode::UnsupportedMedia.into());
    }
    let bytes = json::bytes(request, &()).await?;
    String::from_utf8(bytes.into()).map_err(|_| ProblemCode::Malformed.into())
}

fn etag(version: u64) -> HeaderValue {
    // Digits and quotes are always a header's value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// RFC 9725 section 4.3.1: a PATCH says to which ICE session it belongs.
fn if_match(headers: &HeaderMap) -> Result<IfMatch, Problem> {
    let mut versions = Vec::new();
    for value in headers.get_all(header::IF_MATCH).iter().take(8) {
        let text = value.to_str().map_err(|_| ProblemCode::Malformed)?;
        if text.trim() == "*" {
            return Ok(IfMatch::Any);
        }
        // A tag that is none of ours is of no session there ever was.
        let tags = text
            .split(',')
            .take(16)
            .map(|tag| tag.trim().trim_matches('"'));
        versions.extend(tags.map(|tag| tag.parse().unwrap_or(0)));
    }
    if versions.is_empty() {
        return Err(ProblemCode::PreconditionRequired.into());
    }
    Ok(IfMatch::Versions(versions))
}

#[cfg(test)]
mod tests;
