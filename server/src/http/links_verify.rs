//! `POST /api/v1/links/verify`: link and code together sign in, to that session alone.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::{Extension, Json as Answer};
use kanjie_store::Purpose;
use serde::Deserialize;

use crate::auth::{codes, cookie, sign_in};
use crate::http::json::Json;
use crate::http::{links_open, me};
use crate::net::Connection;
use crate::problem::Problem;
use crate::services::Services;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    token: String,
    code: String,
    device: String,
}

pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    Json(request): Json<Verify>,
) -> Result<impl IntoResponse, Problem> {
    let link = links_open::find(&services, &connection, &request.token).await?;
    let person = link.person.0;
    let address = connection.address_key();
    services.limits.factor_by_person.pass(&person.0)?;
    let checked = codes::check(
        &services,
        &link.session,
        &person,
        &request.code,
        Purpose::Device,
    )
    .await;
    let word = if checked.is_ok() { "ok" } else { "failed" };
    sign_in::note(&services, "link_verify", &person.0, &address, word).await?;
    checked?;
    let session = Some(link.session.as_str());
    let token = sign_in::start(&services, &person, session, &request.device).await?;
    connection.recognise();
    let me = me::signed_in(&services, &token).await?;
    let set_cookie = cookie::set(&token, sign_in::LIFE_S);
    Ok(([(header::SET_COOKIE, set_cookie)], Answer(me)))
}
