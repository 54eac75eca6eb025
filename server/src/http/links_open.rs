//! `POST /api/v1/links/open`: shows whose link it is and for what; uses nothing up, previews may open it too.

use axum::extract::State;
use axum::{Extension, Json as Answer};
use kanjie_store::Link;
use serde::{Deserialize, Serialize};

use crate::auth::cookie::Token;
use crate::auth::mask;
use crate::http::json::Json;
use crate::net::Connection;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    token: String,
}

#[derive(Serialize)]
pub struct Opened {
    session: String,
    name_masked: String,
    phone_masked: String,
    case_no: String,
    item_title: String,
    starts_at: i64,
}

pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    Json(request): Json<Open>,
) -> Result<Answer<Opened>, Problem> {
    let link = find(&services, &connection, &request.token).await?;
    Ok(Answer(Opened {
        session: link.session,
        name_masked: mask::name(&link.name),
        phone_masked: mask::phone(&link.phone),
        case_no: link.case_no,
        item_title: link.item_title,
        starts_at: link.starts_at,
    }))
}

/// The link of a token, where it works.
///
/// # Errors
/// `link_invalid`, or `too_many_requests` from one address.
pub async fn find(
    services: &Services,
    connection: &Connection,
    token: &str,
) -> Result<Link, Problem> {
    services
        .limits
        .link_by_address
        .pass(&connection.address_key())?;
    let token = Token::parse(token).ok_or(ProblemCode::LinkInvalid)?;
    services
        .store
        .link(&token.digest())
        .await?
        .ok_or_else(|| ProblemCode::LinkInvalid.into())
}
