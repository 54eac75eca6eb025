//! `GET /api/v1/bundles/{id}/journal?after=N`.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanjie_evidence::Entry;
use kanjie_store::JournalId;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::cases::{Acting, bundles};
use crate::http::describe::EntrySchema;
use crate::problem::Problem;
use crate::services::Services;

/// Entries in one answer, at most.
const LIMIT: u32 = 2_000;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct After {
    #[serde(default)]
    after: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Entries {
    #[schema(value_type = Vec<EntrySchema>)]
    entries: Vec<Entry>,
}

/// The bundle's entries after N, at most 2,000.
#[utoipa::path(get, path = "/api/v1/bundles/{id}/journal", operation_id = "bundle_journal", tag = "bundles",
    params(("id" = String, Path, description = "Bundle"), After), responses((status = 200, description = "Entries in order", body = Entries)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    Query(After { after }): Query<After>,
) -> Result<Json<Entries>, Problem> {
    bundles::open_bundle(&services, &id, Acting::from(&caller)).await?;
    let journal = JournalId::Bundle(id);
    let entries = services.store.entries(&journal, after, LIMIT).await?;
    Ok(Json(Entries { entries }))
}
