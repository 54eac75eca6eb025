//! `GET /api/v1/bundles/{id}/journal?after=N`.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanjie_store::JournalId;

use crate::auth::Caller;
use crate::cases::{Acting, bundles};
use crate::http::journal::{After, Entries, LIMIT};
use crate::problem::Problem;
use crate::services::Services;

/// The bundle's entries after N, at most 2,000.
#[utoipa::path(get, path = "/api/v1/bundles/{id}/journal", operation_id = "bundle_journal", tag = "bundles",
    params(("id" = String, Path, description = "Bundle"), After), responses((status = 200, description = "Entries in order", body = Entries)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Json<Entries>, Problem> {
    bundles::open_bundle(&services, &id, Acting::from(&caller)).await?;
    let journal = JournalId::Bundle(id);
    let entries = services
        .store
        .entries(&journal, after.seq()?, LIMIT)
        .await?;
    Ok(Json(Entries { entries }))
}
