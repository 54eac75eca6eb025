//! The re-survey after a session that ended without a decision (R20, R44).

use std::collections::BTreeSet;

use crate::event::{CheckResult, Ending, Mode, Resurvey, Scheduled};
use crate::refusal::{Code, Refusal};
use crate::session::{Outcome, Session};

/// A new session that reopens only what failed, was left open, or is for the site alone; every other answer stands.
///
/// # Errors
/// `not_ended` before the session has ended, `already_announced` after a decision, `not_allowed` after a hearing was set.
pub fn resurvey_scheduled(
    before: &Session,
    session: &str,
    mode: Mode,
    starts_at: i64,
) -> Result<Scheduled, Refusal> {
    match before.outcome() {
        None => return Err(Code::NotEnded.into()),
        Some(Outcome::Announced { .. }) => return Err(Code::AlreadyAnnounced.into()),
        Some(Outcome::Ending {
            ending: Ending::Hearing,
            ..
        }) => return Err(Code::NotAllowed.into()),
        Some(Outcome::Ending { .. }) => {}
    }
    let codes: BTreeSet<_> = before
        .scheduled
        .template
        .items
        .iter()
        .map(|item| &item.code)
        .collect();
    let stands = |result| !matches!(result, CheckResult::NotMet | CheckResult::OnSiteOnly);
    let carried = before
        .answers
        .values()
        .map(|answered| &answered.answer)
        .filter(|answer| codes.contains(&answer.code) && stands(answer.result))
        .filter(|answer| !before.unsuitably_answered().contains(&answer.code))
        .cloned()
        .collect();
    Ok(Scheduled {
        session: session.to_owned(),
        mode,
        starts_at,
        resurvey: Some(Resurvey {
            of: before.scheduled.session.clone(),
            carried,
        }),
        ..before.scheduled.clone()
    })
}
