//! `/api/v1/sessions/{id}/media-tokens`: the chair lets a machine in, and out again (docs/protocol/doors.md).

use std::sync::Arc;

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use kanjie_domain::Command;
use kanjie_domain::authority::ReadAct;
use kanjie_domain::doors::Direction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::auth::cookie::Token;
use crate::http::json::Json;
use crate::problem::{Problem, ProblemCode};
use crate::rooms::{ActError, Rooms};
use crate::services::Services;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueMediaToken {
    /// What people call the source; of a player, what it is shown.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    direction: Direction,
}

/// The secret is shown here and never again; a lost one is revoked and replaced.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedMediaToken {
    /// By which it is revoked, and the seat of what comes in by it.
    token: String,
    /// For `Authorization: Bearer`.
    secret: String,
    seq: u64,
}

/// Lets a machine in: a named source, or a wall that shows something. The secret is in the answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/media-tokens", operation_id = "issue_media_token", tag = "sessions",
    params(("id" = String, Path, description = "Session")), request_body = IssueMediaToken,
    responses((status = 201, description = "Issued", body = IssuedMediaToken), (status = 403, response = Problem), (status = 409, response = Problem)))]
pub async fn issue(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path(session): Path<String>,
    Json(wanted): Json<IssueMediaToken>,
) -> Result<impl IntoResponse, Problem> {
    caller
        .reads(&services, &session, ReadAct::ReadSession)
        .await?;
    let secret = Token::new(services.env.as_ref());
    let digest = hex::encode(secret.digest());
    let command = Command::IssueMediaToken {
        name: wanted.name,
        direction: wanted.direction,
        digest: digest.clone(),
    };
    let seq = done(rooms.execute(&session, Arc::new(caller), command).await)?;
    let state = rooms
        .look(&session)
        .await
        .map_err(|_| ProblemCode::NotFound)?;
    let issued = state.media_token_by(&digest).ok_or(ProblemCode::NotFound)?;
    let answer = IssuedMediaToken {
        token: issued.token.clone(),
        secret: secret.text(),
        seq,
    };
    Ok((StatusCode::CREATED, JsonAnswer(answer)))
}

/// Makes a token worth nothing, and cuts off what came in by it.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}/media-tokens/{token}", operation_id = "revoke_media_token", tag = "sessions",
    params(("id" = String, Path, description = "Session"), ("token" = String, Path, description = "`m1`, …")),
    responses((status = 204, description = "Revoked"), (status = 403, response = Problem), (status = 409, response = Problem)))]
pub async fn revoke(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path((session, token)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    caller
        .reads(&services, &session, ReadAct::ReadSession)
        .await?;
    let command = Command::RevokeMediaToken { token };
    done(rooms.execute(&session, Arc::new(caller), command).await)?;
    Ok(StatusCode::NO_CONTENT)
}

fn done(outcome: Result<u64, ActError>) -> Result<u64, Problem> {
    outcome.map_err(|error| match error {
        ActError::Refused(refusal) => refusal.into(),
        ActError::Factor(problem) => problem,
        ActError::Unavailable => ProblemCode::Internal.into(),
    })
}
