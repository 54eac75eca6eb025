//! `POST /api/v1/codes`: a fresh code for an act that needs a second factor; for those who came by a link.

use axum::extract::State;
use axum::http::StatusCode;
use kanjie_domain::Code;
use kanjie_store::Purpose;

use crate::auth::{Caller, codes};
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    // Staff use their authenticator.
    let Some(session) = &caller.link_session else {
        return Err(ProblemCode::Refused(Code::NotAllowed).into());
    };
    caller.part(&services.store, session).await?;
    services.limits.code_by_person.pass(&caller.person.0)?;
    let person = services
        .store
        .person(&caller.person)
        .await?
        .ok_or(ProblemCode::SignInNeeded)?;
    codes::send(&services, session, &caller.person, &person.phone, Purpose::Act).await?;
    Ok(StatusCode::NO_CONTENT)
}
