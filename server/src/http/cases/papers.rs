//! `GET /api/v1/cases/{id}/papers` and `…/papers/{seq}/{kind}.pdf`: those whose entry the caller may read.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kanjie_domain::case::CaseViewer;
use kanjie_store::{CasePaper, JournalId};
use serde::Serialize;

use crate::auth::Caller;
use crate::cases::{papers, view};
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Papers {
    papers: Vec<Line>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CasePaper)]
pub struct Line {
    seq: i64,
    kind: String,
    number: String,
    content_digest: String,
    pdf_digest: String,
    made_at: i64,
}

/// The case's papers whose entry the caller may read.
#[utoipa::path(get, path = "/api/v1/cases/{id}/papers", operation_id = "case_papers", tag = "cases",
    params(("id" = String, Path, description = "Case")), responses((status = 200, description = "In the order of their entries", body = Papers)))]
pub async fn list(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Papers>, Problem> {
    let (_, viewer) = super::open_to(&services, &caller, &id).await?;
    let papers = open_papers(&services, &id, &viewer).await?;
    let lines = papers.into_iter().map(|paper| Line {
        seq: paper.seq,
        kind: paper.kind,
        number: paper.number,
        content_digest: paper.content_digest,
        pdf_digest: paper.pdf_digest,
        made_at: paper.made_at,
    });
    Ok(Json(Papers {
        papers: lines.collect(),
    }))
}

/// A paper of the case.
#[utoipa::path(get, path = "/api/v1/cases/{id}/papers/{seq}/{file}", operation_id = "case_paper", tag = "cases",
    params(("id" = String, Path, description = "Case"), ("seq" = i64, Path, description = "Of the entry"), ("file" = String, Path, description = "`KIND.pdf`")),
    responses((status = 200, description = "The paper", body = Vec<u8>, content_type = "application/pdf")))]
pub async fn pdf(
    State(services): State<Services>,
    caller: Caller,
    Path((id, seq, file)): Path<(String, i64, String)>,
) -> Result<Response, Problem> {
    let (_, viewer) = super::open_to(&services, &caller, &id).await?;
    let kind = file.strip_suffix(".pdf").ok_or(ProblemCode::NotFound)?;
    let papers = open_papers(&services, &id, &viewer).await?;
    let mut papers = papers.into_iter();
    let paper = papers
        .find(|paper| paper.seq == seq && paper.kind == kind)
        .ok_or(ProblemCode::NotFound)?;
    let path = papers::path(&services.config.data, &id, &paper.pdf_digest, "pdf");
    let bytes = tokio::fs::read(path)
        .await
        .map_err(|error| Problem::internal(&error))?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    Ok((headers, bytes).into_response())
}

async fn open_papers(
    services: &Services,
    case: &str,
    viewer: &CaseViewer,
) -> Result<Vec<CasePaper>, Problem> {
    let journal = JournalId::Case(case.to_owned());
    let mut open = Vec::new();
    for paper in services.store.case_papers(case).await? {
        let before = u64::try_from(paper.seq - 1).unwrap_or(0);
        let entry = services.store.entries(&journal, before, 1).await?;
        let mut entry = entry.into_iter();
        let seen = entry
            .next()
            .map(|entry| view::for_viewer(&journal, entry, viewer));
        if seen.is_some_and(|entry| entry.body().is_some()) {
            open.push(paper);
        }
    }
    Ok(open)
}
