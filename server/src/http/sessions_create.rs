//! `POST /api/v1/sessions`: schedules a session from its case; links go to the phones of those without an account.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use kanjie_domain::event::Mode;
use kanjie_domain::site::Site;
use kanjie_domain::{PersonId, Role};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::cases::Acting;
use crate::cases::sessions::{self, NewSession, Surveyed};
use crate::http::json::Json;
use crate::http::once;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// People that one request may call besides those whom the case knows.
const MOST_PEOPLE: usize = 100;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The case; or `bundle`, one of the two.
    #[serde(default)]
    #[schema(nullable = false)]
    case: Option<String>,
    /// All accepted cases of this bundle, surveyed together.
    #[serde(default)]
    #[schema(nullable = false)]
    bundle: Option<String>,
    mode: Mode,
    /// UTC µs; the confirmed appointment's where absent.
    #[serde(default)]
    starts_at: Option<i64>,
    /// R44, of a case: those to reopen; where absent, what the session before left failed.
    #[serde(default)]
    items: Option<Vec<String>>,
    #[serde(default)]
    participants: Vec<Called>,
    #[serde(default)]
    site: Option<Site>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Called {
    person: PersonId,
    roles: BTreeSet<Role>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CreatedSession {
    session: String,
    /// Of the last entry of the case, or of the bundle.
    seq: u64,
}

/// Schedules a session from its case; personal links go to the phones of those without an account.
#[utoipa::path(post, path = "/api/v1/sessions", operation_id = "create_session", tag = "sessions", params(once::Key), request_body = CreateSession,
    responses((status = 201, description = "Scheduled", body = CreatedSession), (status = 403, response = Problem), (status = 404, response = Problem), (status = 409, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Json(request): Json<CreateSession>,
) -> Result<impl IntoResponse, Problem> {
    let of = match (request.case, request.bundle) {
        (Some(case), None) => {
            super::cases::within_link(&services, &caller, &case).await?;
            Surveyed::Case(case)
        }
        (None, Some(bundle)) => Surveyed::Bundle(bundle),
        _ => return Err(ProblemCode::Malformed.into()),
    };
    if request.participants.len() > MOST_PEOPLE {
        return Err(ProblemCode::NotFound.into());
    }
    let new = NewSession {
        of,
        mode: request.mode,
        starts_at: request.starts_at,
        items: request.items,
        participants: request
            .participants
            .into_iter()
            .map(|called| (called.person, called.roles))
            .collect(),
        site: request.site,
    };
    let (session, seq) = sessions::schedule(&services, Acting::from(&caller), &new).await?;
    Ok((
        StatusCode::CREATED,
        axum::Json(CreatedSession { session, seq }),
    ))
}
