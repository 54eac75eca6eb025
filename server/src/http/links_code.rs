//! `POST /api/v1/links/code`: sends a one-time code to the registered phone.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use kanjie_store::Purpose;
use serde::Deserialize;

use crate::auth::attempts::Attempt;
use crate::auth::codes;
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
    let (limits, person) = (&services.limits, link.person);
    let attempt = Attempt {
        action: "link_code",
        subject: &person.0,
        address: &address,
    };
    let gates = [
        (&limits.code_by_address, address.as_str()),
        (&limits.code_by_person, person.0.as_str()),
    ];
    attempt.pass(&services, &gates).await?;
    codes::send(&services, &link.to, &person, &link.phone, Purpose::Device).await?;
    attempt.note(&services, "ok").await?;
    Ok(StatusCode::NO_CONTENT)
}
