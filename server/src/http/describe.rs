//! The description of the API: what the handlers say of themselves, and what holds for all of them.
//!
//! A handler names its own answers; those that follow from how it is called (a body, a path, a sign-in) are added here,
//! so that no endpoint can forget them.

use std::collections::BTreeSet;

use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{Components, Content, OpenApi, Ref, RefOr, Required, Response};
use utoipa::{OpenApi as _, ToResponse, ToSchema};

use crate::auth::cookie;
use crate::http::once;
use crate::problem::{Details, Problem};
use crate::socket::frames;

/// The snapshot that is served and from which clients are generated; a test below holds that it is not stale.
pub const SNAPSHOT: &str = include_str!("../../openapi.json");

const SIGN_IN: &str = "sign_in";

/// An entry of a journal, chained by its hashes; `nonce` and `body` are missing where they are withheld from the viewer.
#[derive(Debug, ToSchema)]
#[schema(as = Entry)]
#[allow(
    dead_code,
    reason = "stands for kanjie_evidence::Entry, which knows nothing of descriptions"
)]
pub struct EntrySchema {
    /// From 1, without gaps.
    seq: u64,
    /// Hash of the entry before, lower-case hex.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    prev: String,
    #[schema(pattern = "^[0-9a-f]{64}$")]
    commit: String,
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
    #[schema(nullable = false)]
    nonce: Option<String>,
    /// The exact canonical JSON text of `{actor, at, event}` that was hashed.
    #[schema(nullable = false)]
    body: Option<String>,
}

/// The next entry of the session's journal.
#[derive(ToSchema)]
#[allow(dead_code, reason = "its text is put together from the stored bytes")]
struct EntryFrame {
    #[schema(value_type = EntrySchema)]
    entry: (),
}

/// A text frame of the server.
#[derive(ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the two are sent by different code")]
enum ServerFrame {
    Entry(EntryFrame),
    Control(ControlFrame),
}

type ControlFrame = frames::ToClient<'static>;

#[derive(Debug, utoipa::OpenApi)]
#[openapi(
    info(
        title = "Kanjie",
        version = "1",
        description = "Joint reviews of permit cases. Conventions (problems, idempotency keys, ETags, paging, uploads): \
                       docs/protocol/api.md; the frames of the WebSocket: docs/protocol/signalling.md.",
        license(name = "MulanPSL-2.0")
    ),
    components(schemas(Details<'static>, EntrySchema, frames::FromClient, frames::ToClient<'static>, EntryFrame, ServerFrame)),
    security(("sign_in" = []))
)]
pub struct Base;

impl<'r> ToResponse<'r> for Problem {
    fn response() -> (&'r str, RefOr<Response>) {
        let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
        let response = Response::builder()
            .description("What is wrong, and what to do next")
            .content("application/problem+json", Content::new(Some(schema)))
            .build();
        ("Problem", RefOr::T(response))
    }
}

/// The whole description: `api` as collected from the handlers, completed.
#[must_use]
pub fn complete(mut api: OpenApi) -> OpenApi {
    let components = api.components.get_or_insert_with(Components::new);
    let (name, problem) = Problem::response();
    components.responses.insert(name.to_owned(), problem);
    let cookie = ApiKeyValue::with_description(cookie::NAME, "Set by a sign-in");
    let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
    components.add_security_scheme(SIGN_IN, scheme);
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            complete_operation(path, method, operation);
        }
    }
    api
}

/// The operations of a path that are there, with their methods.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, item.get.as_mut()),
        (HttpMethod::Put, item.put.as_mut()),
        (HttpMethod::Post, item.post.as_mut()),
        (HttpMethod::Delete, item.delete.as_mut()),
        (HttpMethod::Options, item.options.as_mut()),
        (HttpMethod::Head, item.head.as_mut()),
        (HttpMethod::Patch, item.patch.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.map(|operation| (method, operation)))
}

/// A method's name as it stands in requests.
#[must_use]
pub const fn word(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Put => "PUT",
        HttpMethod::Post => "POST",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Trace => "TRACE",
    }
}

fn complete_operation(path: &str, method: HttpMethod, operation: &mut Operation) {
    let mut implied = BTreeSet::from([500]);
    let parameters = operation.parameters.iter().flatten().count();
    if parameters > 0 || operation.request_body.is_some() {
        implied.insert(400);
    }
    if operation
        .parameters
        .iter()
        .flatten()
        .any(|p| matches!(p, RefOr::T(p) if p.name == once::NAME))
    {
        implied.extend([408, 409, 413, 422]);
    }
    if path.contains('{') {
        implied.insert(404);
    }
    if operation.security.is_none() {
        implied.insert(401);
    }
    if !matches!(method, HttpMethod::Get | HttpMethod::Head) {
        implied.insert(403);
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        // axum reads what is there; an absent body is a malformed one.
        body.required.get_or_insert(Required::True);
        implied.extend([408, 413, 415]);
    }
    for status in implied {
        let response = RefOr::Ref(Ref::from_response_name("Problem"));
        operation
            .responses
            .responses
            .entry(status.to_string())
            .or_insert(response);
    }
}

/// `GET /api/openapi.json`: this description.
#[utoipa::path(get, path = "/api/openapi.json", operation_id = "description", tag = "service", security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = serde_json::Value)))]
pub async fn get() -> impl axum::response::IntoResponse {
    (
        [(axum::http::header::CONTENT_TYPE, "application/json")],
        SNAPSHOT,
    )
}

/// What the program says of itself now.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn now() -> Result<String, serde_json::Error> {
    let routes = utoipa_axum::router::OpenApiRouter::with_openapi(Base::openapi())
        .merge(super::routes())
        .merge(crate::rooms::routes());
    let value = serde_json::to_value(complete(routes.into_openapi()))?;
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

#[cfg(test)]
mod tests;
