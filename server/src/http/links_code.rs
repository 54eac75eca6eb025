//! `POST /api/v1/links/code`: sends a one-time code to the registered phone.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use kanjie_store::Purpose;
use serde::Deserialize;

use crate::auth::{codes, sign_in};
use crate::http::json::Json;
use crate::http::links_open;
use crate::net::Connection;
use crate::problem::Problem;
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CodeRequest)]
pub struct Send {
    token: String,
}

/// Sends a one-time code to the registered phone.
#[utoipa::path(post, path = "/api/v1/links/code", operation_id = "send_link_code", tag = "sign-in", security(()), request_body = Send,
    responses((status = 204, description = "Sent"), (status = 404, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    Json(request): Json<Send>,
) -> Result<StatusCode, Problem> {
    let link = links_open::find(&services, &connection, &request.token).await?;
    let address = connection.address_key();
    services.limits.code_by_address.pass(&address)?;
    services.limits.code_by_person.pass(&link.person.0.0)?;
    let person = link.person.0;
    codes::send(
        &services,
        &link.session,
        &person,
        &link.phone,
        Purpose::Device,
    )
    .await?;
    sign_in::note(&services, "link_code", &person.0, &address, "ok").await?;
    Ok(StatusCode::NO_CONTENT)
}
