//! `GET /api/v1/me`: who I am here, and my sessions.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use kanjie_domain::{PersonId, Role};
use kanjie_store::{LinkTo, Part};
use serde::Serialize;

use crate::auth::Caller;
use crate::auth::cookie::Token;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Longest list of sessions.
const MOST_SESSIONS: u32 = 200;

/// The caller.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Me {
    pub person: PersonId,
    pub name: String,
    /// Roles of the account; those in a session stand with the session.
    pub roles: BTreeSet<Role>,
    /// Where the caller came by a link: the session that alone is open, or the case.
    #[schema(required = true)]
    pub link_session: Option<String>,
    #[schema(required = true)]
    pub link_case: Option<String>,
    pub sessions: Vec<SessionBrief>,
}

/// A session as its participant sees it in a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionBrief {
    pub id: String,
    pub case_no: String,
    pub item_title: String,
    pub applicant: String,
    #[schema(value_type = SessionStage)]
    pub stage: String,
    /// UTC µs.
    pub starts_at: i64,
    pub my_roles: BTreeSet<Role>,
}

/// Where a session stands (docs/protocol/signalling.md section 4).
#[derive(utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(
    dead_code,
    reason = "describes the words that the index of sessions has"
)]
enum SessionStage {
    Scheduled,
    Lobby,
    Live,
    Suspended,
    Ended,
    Closed,
}

impl From<Part> for SessionBrief {
    fn from(part: Part) -> Self {
        Self {
            id: part.session.id,
            case_no: part.session.case_no,
            item_title: part.session.item_title,
            applicant: part.session.applicant,
            stage: part.session.stage,
            starts_at: part.session.starts_at,
            my_roles: part.roles,
        }
    }
}

/// Who I am here, and my sessions.
#[utoipa::path(get, path = "/api/v1/me", operation_id = "me", tag = "sign-in",
    responses((status = 200, description = "The caller", body = Me)))]
pub async fn handle(State(services): State<Services>, caller: Caller) -> Result<Json<Me>, Problem> {
    Ok(Json(of(&services, caller).await?))
}

/// The caller with the sessions open to them: one where they came by a link to it.
pub async fn of(services: &Services, caller: Caller) -> Result<Me, Problem> {
    let parts = match &caller.link {
        Some(LinkTo::Case(_)) => Vec::new(),
        Some(LinkTo::Session(session)) => services
            .store
            .part(session, &caller.person)
            .await?
            .into_iter()
            .collect(),
        None => services.store.parts(&caller.person, MOST_SESSIONS).await?,
    };
    Ok(Me {
        person: caller.person,
        name: caller.name,
        roles: caller.account_roles,
        link_session: caller
            .link
            .as_ref()
            .and_then(LinkTo::session)
            .map(str::to_owned),
        link_case: caller
            .link
            .as_ref()
            .and_then(LinkTo::case)
            .map(str::to_owned),
        sessions: parts.into_iter().map(SessionBrief::from).collect(),
    })
}

/// The same for a sign-in that was started this moment.
pub async fn signed_in(services: &Services, token: &Token) -> Result<Me, Problem> {
    let row = services
        .store
        .sign_in(&token.digest(), services.env.now())
        .await?
        .ok_or(ProblemCode::SignInNeeded)?;
    of(services, row.into()).await
}
