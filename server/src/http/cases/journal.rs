//! `GET /api/v1/cases/{id}/journal?after=N`: the entries after N, withheld where the caller may not read them.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanjie_store::JournalId;

use crate::auth::Caller;
use crate::cases::view;
use crate::http::journal::{After, Entries, LIMIT};
use crate::problem::Problem;
use crate::services::Services;

/// The case's entries after N, at most 2,000, withheld where the caller may not read them.
#[utoipa::path(get, path = "/api/v1/cases/{id}/journal", operation_id = "case_journal", tag = "cases",
    params(("id" = String, Path, description = "Case"), After), responses((status = 200, description = "Entries in order", body = Entries)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Json<Entries>, Problem> {
    let (_, viewer) = super::open_to(&services, &caller, &id).await?;
    let journal = JournalId::Case(id);
    let entries = services
        .store
        .entries(&journal, after.seq()?, LIMIT)
        .await?;
    let entries = entries
        .into_iter()
        .map(|entry| view::for_viewer(&journal, entry, &viewer))
        .collect();
    Ok(Json(Entries { entries }))
}
