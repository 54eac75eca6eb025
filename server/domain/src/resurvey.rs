//! The re-survey after a session that ended without a decision (R20, R44).

use crate::event::{CheckResult, Ending, Mode, Resurvey, Scheduled};
use crate::refusal::{Code, Refusal};
use crate::session::{Outcome, Session};

/// A new session of one of the cases that reopens only what failed, was left open, or is for the site alone; every other answer
/// stands.
///
/// # Errors
/// `unknown_case` where the session before had no such case, `not_ended` before the case left it, `already_announced` after a
/// decision, `not_allowed` after a hearing was set.
pub fn resurvey_scheduled(
    before: &Session,
    case: &str,
    session: &str,
    mode: Mode,
    starts_at: i64,
) -> Result<Scheduled, Refusal> {
    let (of, matter) = before
        .scheduled
        .case(case)
        .zip(before.named(Some(case)))
        .ok_or_else(|| Refusal::of(Code::UnknownCase, [case]))?;
    match &matter.outcome {
        None => return Err(Code::NotEnded.into()),
        Some(Outcome::Announced { .. }) => return Err(Code::AlreadyAnnounced.into()),
        Some(Outcome::Ending {
            ending: Ending::Hearing,
            ..
        }) => return Err(Code::NotAllowed.into()),
        Some(Outcome::Ending { .. }) => {}
    }
    let stands = |result| !matches!(result, CheckResult::NotMet | CheckResult::OnSiteOnly);
    let unsuitable = before.unsuitably_answered(matter);
    let carried = before
        .answers
        .values()
        .map(|answered| &answered.answer)
        .filter(|answer| of.has_item(&answer.code) && stands(answer.result))
        .filter(|answer| !unsuitable.contains(&answer.code))
        .cloned()
        .collect();
    Ok(Scheduled {
        session: session.to_owned(),
        case: of.case.to_owned(),
        brief: of.brief.clone(),
        template: of.template.clone(),
        joining_departments: of.joining_departments.to_vec(),
        mode,
        starts_at,
        resurvey: Some(Resurvey {
            of: before.scheduled.session.clone(),
            carried,
        }),
        participants: before.scheduled.participants.clone(),
        site: before.scheduled.site.clone(),
        further: Vec::new(),
    })
}
