//! `POST /api/v1/bundles/{id}/acts`: a command of the bundle.

use axum::extract::{Path, State};
use kanjie_domain::case::BundleCommand;
use serde::Deserialize;

use crate::auth::Caller;
use crate::cases::{Acting, bundles};
use crate::http::cases::Done;
use crate::http::json::Json;
use crate::http::once;
use crate::http::version::{self, IfMatch};
use crate::problem::Problem;
use crate::services::Services;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActOnBundle {
    command: BundleCommand,
}

/// Carries out a command of the bundle.
#[utoipa::path(post, path = "/api/v1/bundles/{id}/acts", operation_id = "act_on_bundle", tag = "bundles",
    params(("id" = String, Path, description = "Bundle"), once::Key, version::Seen), request_body = ActOnBundle,
    responses((status = 200, description = "Journalled", body = Done), (status = 403, response = Problem), (status = 409, response = Problem),
        (status = 412, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Json(act): Json<ActOnBundle>,
) -> Result<axum::Json<Done>, Problem> {
    let seq = bundles::act(
        &services,
        &id,
        Acting::from(&caller),
        &act.command,
        &if_match,
    )
    .await?;
    Ok(axum::Json(Done { seq }))
}
