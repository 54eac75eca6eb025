//! `GET /api/v1/sessions/{id}/journal?after=N`: the entries after N, withheld where the caller may not see them.

use axum::Json;
use axum::extract::{Path, Query, State};
use kanjie_domain::authority::ReadAct;
use kanjie_evidence::Entry;
use kanjie_store::JournalId;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::http::describe::EntrySchema;
use crate::problem::{Problem, ProblemCode};
use crate::rooms::journal;
use crate::services::Services;

/// Entries in one answer, at most.
pub const LIMIT: u32 = 2_000;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// The last number that is known already.
    #[serde(default)]
    #[param(default = 0)]
    after: u64,
}

impl After {
    /// # Errors
    /// `malformed` for a number further than any goes in the store.
    pub fn seq(&self) -> Result<u64, Problem> {
        i64::try_from(self.after).map_err(|_| ProblemCode::Malformed)?;
        Ok(self.after)
    }
}

/// A piece of a journal, of a session's, a case's or a bundle's.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Entries {
    #[schema(value_type = Vec<EntrySchema>)]
    pub entries: Vec<Entry>,
}

/// Entries of the session's journal after a number, at most 2,000.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/journal", operation_id = "journal", tag = "sessions",
    params(("id" = String, Path, description = "Session"), After),
    responses((status = 200, description = "What the caller may see of each", body = Entries)))]
pub async fn get(
    State(services): State<Services>,
    caller: Caller,
    Path(session): Path<String>,
    Query(after): Query<After>,
) -> Result<Json<Entries>, Problem> {
    let after = after.seq()?;
    caller
        .reads(&services, &session, ReadAct::ReadSession)
        .await?;
    let viewer = journal::viewer(&services.store, &session, &caller.person)
        .await
        .map_err(|error| Problem::internal(&error))?
        .ok_or(ProblemCode::NotFound)?;
    let id = JournalId::Session(session);
    let entries = services.store.entries(&id, after, LIMIT).await?;
    let entries = entries
        .into_iter()
        .map(|entry| journal::for_viewer(entry, &viewer))
        .collect();
    Ok(Json(Entries { entries }))
}
