//! `POST /api/v1/cases/{id}/acts`: a command of the case.

use axum::extract::{Path, State};
use kanjie_domain::{CaseCommand, Code, Refusal};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::cases::{Acting, Second, host};
use crate::http::json::Json;
use crate::http::once;
use crate::http::version::{self, IfMatch};
use crate::problem::Problem;
use crate::services::Services;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActOnCase {
    command: CaseCommand,
    #[serde(default)]
    factor: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Done {
    /// Of the last entry that the command caused.
    pub seq: u64,
}

/// Carries out a command of the case.
#[utoipa::path(post, path = "/api/v1/cases/{id}/acts", operation_id = "act_on_case", tag = "cases",
    params(("id" = String, Path, description = "Case"), once::Key, version::Seen), request_body = ActOnCase,
    responses((status = 200, description = "Journalled", body = Done), (status = 403, response = Problem),
        (status = 409, response = Problem),
        (status = 412, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Json(act): Json<ActOnCase>,
) -> Result<axum::Json<Done>, Problem> {
    super::open_to(&services, &caller, &id).await?;
    if matches!(act.command, CaseCommand::ScheduleSession { .. }) {
        // The entry is made together with its session, by `POST /api/v1/sessions`.
        return Err(Refusal::from(Code::NotAllowed).into());
    }
    let second = match &act.factor {
        Some(code) => Second::Code(&caller, code),
        None => Second::None,
    };
    let acting = Acting::from(&caller);
    let seq = host::act(&services, &id, acting, &act.command, second, &if_match).await?;
    Ok(axum::Json(Done { seq }))
}
