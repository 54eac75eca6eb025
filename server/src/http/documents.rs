//! `GET /api/v1/sessions/{id}/documents/{name}`: decision, survey record, receipts, and the approver's preview.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kanjie_domain::authority::ReadAct;
use kanjie_domain::{Participant, Role, Session};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::effects::papers::{self, PaperError, PaperKind};
use crate::effects::slips;
use crate::problem::{Problem, ProblemCode};
use crate::rooms::Rooms;
use crate::services::Services;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct How {
    /// 1: as it would be sealed now; for who seals.
    #[param(minimum = 0, maximum = 1)]
    preview: Option<u8>,
    /// Of which case the decision is, where the session has several.
    #[param(nullable = false)]
    case: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Preview {
    content_digest: String,
}

/// A document: `decision.pdf`, `record.pdf`, `receipt-N.pdf`, or `preview`, the digest of what sealing would seal now.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/documents/{name}", operation_id = "document", tag = "sessions",
    params(("id" = String, Path, description = "Session"), ("name" = String, Path), How),
    responses((status = 200, description = "The document", content((Vec<u8> = "application/pdf"), (Preview = "application/json"))),
        (status = 409, response = Problem)))]
pub async fn get(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path((session, name)): Path<(String, String)>,
    Query(how): Query<How>,
) -> Result<Response, Problem> {
    let preview = match how.preview {
        None | Some(0) => false,
        Some(1) => true,
        Some(_) => return Err(ProblemCode::Malformed.into()),
    };
    caller
        .reads(&services, &session, ReadAct::ReadPaper)
        .await?;
    let state = rooms
        .look(&session)
        .await
        .map_err(|_| ProblemCode::NotFound)?;
    let reader = state
        .participant(&caller.person)
        .ok_or(ProblemCode::NotFound)?;
    let case = how.case.as_deref();
    match name.as_str() {
        "preview" => {
            let content_digest = previewed(&rooms, &session, reader, case).await?;
            Ok(Json(Preview { content_digest }).into_response())
        }
        "decision.pdf" if preview => {
            let digest = previewed(&rooms, &session, reader, case).await?;
            let dir = rooms.deps().session_dir(&session);
            let draft = papers::decision_draft(&services.store, dir, digest).await;
            Ok(as_pdf(draft.map_err(|error| Problem::internal(&error))?))
        }
        "decision.pdf" => {
            let digest = decision_of(&state, case, reader).ok_or(ProblemCode::NotFound)?;
            pdf(&rooms, &session, PaperKind::Decision, &digest).await
        }
        "record.pdf" => {
            let digest = &state.record.as_ref().ok_or(ProblemCode::NotFound)?.digest;
            pdf(&rooms, &session, PaperKind::Record, digest).await
        }
        name => {
            let number = name
                .strip_prefix("receipt-")
                .and_then(|rest| rest.strip_suffix(".pdf"))
                .and_then(|number| number.parse().ok())
                .ok_or(ProblemCode::NotFound)?;
            let dir = rooms.deps().session_dir(&session);
            let receipts = rooms
                .receipts(&session)
                .await
                .map_err(|_| ProblemCode::NotFound)?;
            let slip = slips::slip(&services.store, dir, &state, &receipts, number).await;
            let slip = slip.map_err(|error| Problem::internal(&error))?;
            Ok(as_pdf(slip.ok_or(ProblemCode::NotFound)?))
        }
    }
}

/// Renders what sealing would seal now; only for who seals.
async fn previewed(
    rooms: &Rooms,
    session: &str,
    reader: &Participant,
    case: Option<&str>,
) -> Result<String, Problem> {
    if !reader.is(Role::Approver) {
        return Err(ProblemCode::NotFound.into());
    }
    match rooms.preview(session, case).await {
        Ok(paper) => Ok(paper.content_digest.to_string()),
        Err(PaperError::TooEarly) => Err(ProblemCode::NotReady.into()),
        Err(error) => Err(Problem::internal(&error)),
    }
}

/// The sealed decision: for the authority's own people until it is announced, for all of the session afterwards.
fn decision_of(state: &Session, case: Option<&str>, reader: &Participant) -> Option<String> {
    let matter = state.named(case)?;
    if let Some(digest) = matter.announcement() {
        return Some(digest.to_owned());
    }
    let own = reader.is_staff() || reader.is_supervisor();
    let sealed = matter.sealed().filter(|_| own)?;
    Some(sealed.content_digest.clone())
}

async fn pdf(
    rooms: &Rooms,
    session: &str,
    kind: PaperKind,
    digest: &str,
) -> Result<Response, Problem> {
    let path = papers::path(&rooms.deps().session_dir(session), kind, digest, "pdf");
    let bytes = tokio::fs::read(path)
        .await
        .map_err(|e| Problem::internal(&e))?;
    Ok(as_pdf(bytes))
}

fn as_pdf(bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    (headers, bytes).into_response()
}
