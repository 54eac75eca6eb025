//! `POST /api/v1/bundles`: several cases on one clock.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::cases::Acting;
use crate::cases::bundles::{self, NewBundle};
use crate::http::json::Json;
use crate::http::once;
use crate::problem::Problem;
use crate::services::Services;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBundle {
    title: String,
    lead_department: String,
    cases: Vec<Member>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    case: String,
    /// Which decides it.
    department: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CreatedBundle {
    bundle: String,
    seq: u64,
}

/// Puts several cases on one clock.
#[utoipa::path(post, path = "/api/v1/bundles", operation_id = "create_bundle", tag = "bundles", params(once::Key), request_body = CreateBundle,
    responses((status = 201, description = "Made", body = CreatedBundle), (status = 403, response = Problem), (status = 404, response = Problem), (status = 409, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Json(request): Json<CreateBundle>,
) -> Result<impl IntoResponse, Problem> {
    let members = request.cases.into_iter();
    let new = NewBundle {
        title: request.title,
        lead_department: request.lead_department,
        cases: members.map(|of| (of.case, of.department)).collect(),
    };
    let (bundle, seq) = bundles::create(&services, Acting::from(&caller), &new).await?;
    Ok((
        StatusCode::CREATED,
        axum::Json(CreatedBundle { bundle, seq }),
    ))
}
