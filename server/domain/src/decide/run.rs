//! Start, suspension, deliberation (R13, R15, R28).

use crate::checks;
use crate::command::Command;
use crate::event::{Event, Suspension};
use crate::limits;
use crate::refusal::{Code, Refusal};
use crate::session::Stage;

use super::guard::Guard;

pub(super) fn decide(guard: &Guard<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        Command::Start {} => {
            guard.in_room()?;
            checks::start(guard.session, &guard.ctx.cases).into_result()?;
            guard.staff_in_room()?;
            Event::Started
        }
        Command::Suspend { reason } => suspend(guard, reason)?,
        Command::Resume {} => {
            guard.staff_in_room()?;
            checks::resume(guard.session, &guard.ctx.cases).into_result()?;
            Event::Resumed
        }
        Command::BeginDeliberation {} => begin_deliberation(guard)?,
        Command::EndDeliberation {} => {
            guard.staff_in_room()?;
            if !guard.session.is_deliberating() {
                return Err(Code::NoDeliberation.into());
            }
            Event::DeliberationEnded
        }
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// Always possible while live, whoever is cut off (R22).
fn suspend(guard: &Guard<'_>, reason: &str) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    match guard.session.stage {
        Stage::Live(_) => {}
        Stage::Suspended { .. } => return Err(Code::Suspended.into()),
        _ => return Err(Code::NotInThisStage.into()),
    }
    limits::needed(reason, limits::SHORT)?;
    Ok(Event::Suspended(Suspension::Chair {
        reason: reason.to_owned(),
    }))
}

fn begin_deliberation(guard: &Guard<'_>) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    guard.live()?;
    if guard.session.is_deliberating() {
        return Err(Code::DeliberationRunning.into());
    }
    if guard.session.identity_check.is_some() {
        return Err(Code::IdentityCheckRunning.into());
    }
    Ok(Event::DeliberationBegun)
}
