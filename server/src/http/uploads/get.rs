//! `GET /api/v1/uploads/{id}`: what is known of a file; once it is whole, what a case's act says of it.

use axum::Json;
use axum::extract::{Path, State};
use kanjie_store::Upload;
use serde::Serialize;

use super::own;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::services::Services;

/// An upload. With `sha256` it is whole, and may be submitted to the case: `{sha256, bytes, media_type, name}`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Upload)]
pub struct Facts {
    id: String,
    case: String,
    name: String,
    media_type: String,
    bytes: i64,
    received: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[0-9a-f]{64}$")]
    sha256: Option<String>,
}

impl From<Upload> for Facts {
    fn from(upload: Upload) -> Self {
        Self {
            id: upload.id,
            case: upload.case_id,
            name: upload.name,
            media_type: upload.media_type,
            bytes: upload.total,
            received: upload.received,
            sha256: upload.sha256.map(hex::encode),
        }
    }
}

/// What is known of an upload of the caller's.
#[utoipa::path(get, path = "/api/v1/uploads/{id}", operation_id = "upload", tag = "uploads", params(("id" = String, Path)),
    responses((status = 200, description = "The upload", body = Facts), (status = 410, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Facts>, Problem> {
    Ok(Json(own(&services, &caller, &id).await?.into()))
}
