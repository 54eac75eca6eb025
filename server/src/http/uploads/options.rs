//! `OPTIONS /api/v1/uploads`: what this server speaks.

use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::uploads::LARGEST;

/// What the server's tus can do.
#[utoipa::path(options, path = "/api/v1/uploads", operation_id = "upload_options", tag = "uploads", security(()),
    responses((status = 204, description = "Versions, extensions and limits", headers(("Tus-Version" = String), ("Tus-Extension" = String),
        ("Tus-Max-Size" = i64), ("Tus-Checksum-Algorithm" = String)))))]
pub async fn handle() -> impl IntoResponse {
    let headers = [
        ("tus-version", "1.0.0".to_owned()),
        (
            "tus-extension",
            "creation,checksum,expiration,termination".to_owned(),
        ),
        ("tus-checksum-algorithm", "sha1,sha256".to_owned()),
        ("tus-max-size", LARGEST.to_string()),
    ];
    (StatusCode::NO_CONTENT, headers)
}
