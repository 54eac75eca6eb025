//! Extension and excluded periods (R05–R07).

use crate::case::command::CaseCommand;
use crate::case::due::decision_due;
use crate::case::event::CaseEvent;
use crate::case::guard::{Guard, digest};
use crate::case::parts::PeriodState;
use crate::case::words::{ExcludedCause, Written};
use crate::limits;
use crate::refusal::{Code, Refusal};

/// The longest period that can be told at once, working days.
const LONGEST_PERIOD: u32 = 250;

pub(super) fn decide(guard: &Guard<'_>, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
    let event = match command {
        CaseCommand::Extend {
            days,
            reason,
            notice,
        } => extend(guard, *days, reason, notice)?,
        CaseCommand::TellExcludedPeriod {
            cause,
            days,
            notice,
        } => tell(guard, *cause, *days, notice)?,
        CaseCommand::StopClock { cause } => stop(guard, *cause)?,
        CaseCommand::ResumeClock {} => {
            guard.accepted()?;
            if guard.case.clock.stopped().is_none() {
                return Err(Code::ClockRunning.into());
            }
            CaseEvent::ClockResumed
        }
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// R05: once, by an approver, with a reason that went to the applicant, before the limit is over. The clock of a joint case
/// is its bundle's (R06).
fn extend(
    guard: &Guard<'_>,
    days: u32,
    reason: &str,
    notice: &Written,
) -> Result<CaseEvent, Refusal> {
    guard.accepted()?;
    if guard.case.clock.bundle.is_some() {
        return Err(Code::GovernmentApprovalMissing.into());
    }
    if guard.case.clock.extension.is_some() {
        return Err(Code::AlreadyExtended.into());
    }
    if !(1..=guard.application.guide.time.extension).contains(&days) {
        return Err(Code::ExtensionTooLong.into());
    }
    let due = decision_due(guard.case, guard.ctx.calendar, guard.ctx.now)?;
    if due.is_some_and(|due| guard.today > due) {
        return Err(Code::LimitPassed.into());
    }
    given(reason)?;
    digest(&notice.sha256)?;
    Ok(CaseEvent::Extended {
        days,
        reason: reason.to_owned(),
        notice: notice.clone(),
        government: None,
    })
}

/// A reason is asked for by its own name.
pub(in crate::case) fn given(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Code::ReasonMissing.into());
    }
    limits::text(reason, limits::LONG)
}

/// R07.
fn tell(
    guard: &Guard<'_>,
    cause: ExcludedCause,
    days: u32,
    notice: &Written,
) -> Result<CaseEvent, Refusal> {
    guard.accepted()?;
    limits::room_for_more(guard.case.clock.periods.len(), limits::PERIODS)?;
    if !(1..=LONGEST_PERIOD).contains(&days) {
        return Err(Code::ValueInvalid.into());
    }
    let mut periods = guard.case.clock.periods.iter();
    if periods.any(|period| period.cause == cause && period.state == PeriodState::Told) {
        return Err(Code::AlreadyExists.into());
    }
    digest(&notice.sha256)?;
    Ok(CaseEvent::ExcludedPeriodTold {
        cause,
        days,
        notice: notice.clone(),
    })
}

/// R07.
fn stop(guard: &Guard<'_>, cause: ExcludedCause) -> Result<CaseEvent, Refusal> {
    guard.accepted()?;
    if guard.case.clock.stopped().is_some() {
        return Err(Code::ClockStopped.into());
    }
    let mut periods = guard.case.clock.periods.iter();
    if !periods.any(|period| period.cause == cause && period.state == PeriodState::Told) {
        return Err(Code::PeriodNotTold.into());
    }
    Ok(CaseEvent::ClockStopped { cause })
}
