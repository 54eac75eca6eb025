//! Who acts, and whether this person may act at all: the one place that a wider authorisation replaces.

use jiff::civil::Date;

use super::command::CaseContext;
use super::stage::Acceptance;
use super::{Application, Case, Slip, Stage};
use crate::calendar::{CalendarError, day_of};
use crate::command::{Actor, Factor};
use crate::limits;
use crate::people::{PersonId, Role};
use crate::refusal::{Code, Refusal};

impl From<CalendarError> for Refusal {
    fn from(error: CalendarError) -> Self {
        match error {
            CalendarError::NotLoaded(date) => Self::of(Code::CalendarNotLoaded, [date.to_string()]),
            CalendarError::NoDate(_) => Code::DateInvalid.into(),
            CalendarError::Malformed(_) => Code::CalendarNotLoaded.into(),
        }
    }
}

/// The actor of a command on a case that has an application.
pub(super) struct Guard<'a> {
    pub case: &'a Case,
    pub application: &'a Application,
    pub ctx: &'a CaseContext<'a>,
    pub person: &'a PersonId,
    pub today: Date,
}

impl<'a> Guard<'a> {
    pub fn new(case: &'a Case, ctx: &'a CaseContext<'a>) -> Result<Self, Refusal> {
        let Actor::Person(person) = ctx.actor else {
            return Err(Code::NotAllowed.into());
        };
        let application = case.application.as_ref().ok_or(Code::NotInThisStage)?;
        let guard = Self {
            case,
            application,
            ctx,
            person,
            today: day_of(ctx.now)?,
        };
        // R16.
        if case.facts.recused.contains(person) {
            return Err(Code::Recused.into());
        }
        Ok(guard)
    }

    /// The bound on what one person can add; what is somebody's right is never bounded away.
    pub fn bounded(&self) -> Result<(), Refusal> {
        let most = if self.is_staff() {
            limits::ENTRIES_STAFF
        } else {
            limits::ENTRIES_OTHERS
        };
        let caused = self.case.entries.get(self.person).copied().unwrap_or(0);
        if caused >= most {
            return Err(Code::LimitReached.into());
        }
        Ok(())
    }

    /// Staff of the bureau with no other part in this case.
    fn is_staff(&self) -> bool {
        self.ctx.roles.iter().any(|role| role.is_staff()) && !self.has_a_side()
    }

    /// Whoever has an interest in the case or advises on it handles nothing in it (R14, R16).
    fn has_a_side(&self) -> bool {
        self.case.is_applicant(self.person)
            || self.case.facts.parties.contains_key(self.person)
            || self.case.experts.contains(self.person)
            || self.ctx.roles.contains(&Role::Supervisor)
    }

    /// Handles the case: one of those assigned, an approver, or any staff before somebody is assigned.
    pub fn is_handler(&self) -> bool {
        let open = self.case.staff.is_empty() || self.case.staff.contains_key(self.person);
        self.is_staff() && (open || self.ctx.roles.contains(&Role::Approver))
    }

    /// Has work in the case that a recusal takes away.
    pub fn works_on_it(&self) -> bool {
        self.is_staff() || self.case.experts.contains(self.person)
    }

    pub fn handler(&self) -> Result<(), Refusal> {
        allowed(self.is_handler())
    }

    pub fn approver(&self) -> Result<(), Refusal> {
        allowed(self.is_staff() && self.ctx.roles.contains(&Role::Approver))
    }

    /// R36: staff who do not handle the case.
    pub fn independent(&self) -> Result<(), Refusal> {
        allowed(self.is_staff())?;
        if self.case.staff.contains_key(self.person) {
            return Err(Code::HandlerNotIndependent.into());
        }
        Ok(())
    }

    pub fn applicant(&self) -> Result<(), Refusal> {
        allowed(self.case.is_applicant(self.person))
    }

    pub fn applicant_or_handler(&self) -> Result<(), Refusal> {
        allowed(self.case.is_applicant(self.person) || self.is_handler())
    }

    pub fn interested_party(&self) -> Result<(), Refusal> {
        allowed(self.case.facts.parties.contains_key(self.person))
    }

    /// Accepted and not yet decided.
    pub fn accepted(&self) -> Result<&'a Acceptance, Refusal> {
        match &self.case.stage {
            Stage::Accepted(acceptance) | Stage::InReview(acceptance) => Ok(acceptance),
            Stage::PreReview | Stage::Received(_) | Stage::OneTimeNotice(_) => {
                Err(Code::CaseNotAccepted.into())
            }
            _ => Err(Code::CaseOver.into()),
        }
    }

    /// Anything before the decision.
    pub fn undecided(&self) -> Result<(), Refusal> {
        match &self.case.stage {
            Stage::PreReview | Stage::Received(_) | Stage::OneTimeNotice(_) => Ok(()),
            _ => self.accepted().map(|_| ()),
        }
    }

    pub fn factor(&self) -> Result<Factor, Refusal> {
        let factor = self.ctx.factor.clone();
        factor.ok_or_else(|| Code::FactorNeeded.into())
    }

    pub fn later_than_today(&self, date: Date) -> Result<(), Refusal> {
        let latest = self.today.saturating_add(jiff::Span::new().years(2));
        if date <= self.today || date > latest {
            return Err(Code::DateInvalid.into());
        }
        Ok(())
    }
}

/// R03: the slip as it was made.
pub(super) fn slip(ctx: &CaseContext<'_>) -> Result<Slip, Refusal> {
    let slip = ctx.slip.as_ref().ok_or(Code::SlipMissing)?;
    limits::needed(&slip.number, limits::TOKEN)?;
    limits::needed(&slip.seal, limits::SHORT)?;
    digest(&slip.pdf_digest)?;
    Ok(slip.clone())
}

fn allowed(holds: bool) -> Result<(), Refusal> {
    if holds {
        return Ok(());
    }
    Err(Code::NotAllowed.into())
}

/// SHA-256, lower-case hex.
pub(super) fn digest(text: &str) -> Result<(), Refusal> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == 64 && text.bytes().all(hex) {
        return Ok(());
    }
    Err(Code::ValueInvalid.into())
}
