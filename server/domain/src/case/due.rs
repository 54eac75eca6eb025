//! What is due when: pure functions of case, calendar and now (R02, R05–R08, R11, R46).

use jiff::civil::Date;

use super::parts::{Clock, PeriodState, Publication};
use super::{Case, Stage};
use crate::calendar::{Calendar, CalendarError, day_of};
use crate::event::DecisionKind;

/// R06: working days of a joint case, and of its one extension.
pub(super) const JOINT: (u32, u32) = (45, 15);

/// An act that has a last day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// One-time notice, acceptance or non-acceptance (R01–R03).
    AnswerReceipt,
    Decide,
    /// Issue and serve (R08).
    Serve,
    /// R46.
    Publish,
    /// The applicant's own (R11).
    Undertaking {
        material: String,
    },
}

/// A duty with its last day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub duty: Duty,
    pub on: Date,
    /// The day on which it was done.
    pub done: Option<Date>,
}

impl Due {
    /// Whether it was done too late, or is not done and the day has passed.
    #[must_use]
    pub fn is_overdue(&self, today: Date) -> bool {
        self.done.unwrap_or(today) > self.on
    }
}

/// Everything that has or had a last day, in the order of the procedure.
///
/// # Errors
/// When a date on the way is not loaded.
pub fn dues(case: &Case, calendar: &Calendar, now: i64) -> Result<Vec<Due>, CalendarError> {
    let Some(application) = &case.application else {
        return Ok(Vec::new());
    };
    let time = application.guide.time;
    let day = |at: i64| day_of(at);
    let mut dues = Vec::new();
    if let Some(receipt) = case.stage.receipt() {
        dues.push(Due {
            duty: Duty::AnswerReceipt,
            on: calendar.add_working_days(day(receipt.at)?, time.notice)?,
            done: answered_at(&case.stage).map(day).transpose()?,
        });
    }
    let decided = case.stage.decided();
    if let Some(on) = decision_due(case, calendar, now)? {
        dues.push(Due {
            duty: Duty::Decide,
            on,
            done: decided.map(|decided| day(decided.at)).transpose()?,
        });
    }
    if let Some(decided) = decided {
        let decided_on = day(decided.at)?;
        dues.push(Due {
            duty: Duty::Serve,
            on: calendar.add_working_days(decided_on, time.service)?,
            done: case
                .stage
                .service()
                .map(|service| day(service.at))
                .transpose()?,
        });
        if decided.decision.kind == DecisionKind::Granted {
            let published = match &case.publication {
                Publication::Published { at, .. } => Some(day(*at)?),
                _ => None,
            };
            dues.push(Due {
                duty: Duty::Publish,
                on: calendar.add_working_days(decided_on, time.publication)?,
                done: published,
            });
        }
    }
    if matches!(case.stage, Stage::Accepted(_) | Stage::InReview(_)) {
        let open = case.facts.undertaken.iter();
        dues.extend(open.filter_map(|material| {
            Some(Due {
                duty: Duty::Undertaking {
                    material: material.clone(),
                },
                on: *case.undertakings.get(material)?,
                done: None,
            })
        }));
    }
    Ok(dues)
}

/// The duties whose day has passed (超期).
///
/// # Errors
/// When a date on the way is not loaded.
pub fn overdue(case: &Case, calendar: &Calendar, now: i64) -> Result<Vec<Due>, CalendarError> {
    let today = day_of(now)?;
    let mut dues = dues(case, calendar, now)?;
    dues.retain(|due| due.is_overdue(today));
    Ok(dues)
}

/// The last day to decide, from the acceptance on; a withdrawn case has none. While the clock stands still it moves on with
/// every working day, up to the number that was told (R07).
///
/// # Errors
/// When a date on the way is not loaded.
pub fn decision_due(
    case: &Case,
    calendar: &Calendar,
    now: i64,
) -> Result<Option<Date>, CalendarError> {
    let (Some(application), Some(acceptance)) = (&case.application, case.stage.acceptance()) else {
        return Ok(None);
    };
    if matches!(
        case.stage,
        Stage::Withdrawn(_) | Stage::Closed(super::Conclusion::Withdrawn(_))
    ) {
        return Ok(None);
    }
    let days = match case.clock.bundle {
        Some(_) => JOINT.0,
        None => application.guide.time.decision,
    };
    let extension = case.clock.extension.unwrap_or(0);
    let excluded = excluded_days(&case.clock, calendar, now)?;
    let total = days.saturating_add(extension).saturating_add(excluded);
    calendar.add_working_days(acceptance.on, total).map(Some)
}

/// Working days on which the clock stood still: from the day it stopped to the day before it went on, and never more than
/// the applicant was told.
fn excluded_days(clock: &Clock, calendar: &Calendar, now: i64) -> Result<u32, CalendarError> {
    let mut excluded = 0_u32;
    for period in &clock.periods {
        let (from, until) = match period.state {
            PeriodState::Told => continue,
            PeriodState::Running { from } => (from, now),
            PeriodState::Over { from, until } => (from, until),
        };
        let first = before(day_of(from)?)?;
        let last = before(day_of(until)?)?;
        let stood = calendar.working_days_between(first, last)?;
        excluded = excluded.saturating_add(stood.min(period.days));
    }
    Ok(excluded)
}

fn before(date: Date) -> Result<Date, CalendarError> {
    date.yesterday().map_err(|_| CalendarError::NotLoaded(date))
}

/// When the standing receipt was answered, UTC µs.
fn answered_at(stage: &Stage) -> Option<i64> {
    match stage {
        Stage::OneTimeNotice(notice) => Some(notice.at),
        Stage::NotAccepted(no) | Stage::Closed(super::Conclusion::NotAccepted(no)) => Some(no.at),
        stage => stage.acceptance().map(answered_by),
    }
}

/// R02: time itself answers a receipt, at the receipt.
const fn answered_by(acceptance: &super::Acceptance) -> i64 {
    match acceptance.route {
        super::Route::Deemed => acceptance.receipt.at,
        _ => acceptance.at,
    }
}
