//! Who acts, and the checks that many acts share. Whether somebody may act at all stands in [`crate::authority`].

use jiff::civil::Date;

use super::command::CaseContext;
use super::stage::Acceptance;
use super::{Application, Case, Slip, Stage};
use crate::authority::{Act, Standing, authorise};
use crate::calendar::{CalendarError, day_of};
use crate::command::{Actor, Factor};
use crate::limits;
use crate::people::PersonId;
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
    pub standing: Standing,
}

impl<'a> Guard<'a> {
    pub fn new(case: &'a Case, ctx: &'a CaseContext<'a>) -> Result<Self, Refusal> {
        let Actor::Person(person) = ctx.actor else {
            return Err(Code::NotAllowed.into());
        };
        let application = case.application.as_ref().ok_or(Code::NotInThisStage)?;
        Ok(Self {
            case,
            application,
            ctx,
            person,
            today: day_of(ctx.now)?,
            standing: Standing::in_case(case, person, ctx.roles, ctx.now),
        })
    }

    /// Whether the case opens this act to the person at all.
    pub fn may(&self, act: Act) -> Result<(), Refusal> {
        Ok(authorise(
            &self.standing.roles,
            act,
            self.standing.relation,
        )?)
    }

    /// The bound on what one person can add; what is somebody's right is never bounded away.
    pub fn bounded(&self) -> Result<(), Refusal> {
        let most = if self.standing.roles.iter().any(|role| role.is_staff()) {
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

/// SHA-256, lower-case hex.
pub(super) fn digest(text: &str) -> Result<(), Refusal> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == 64 && text.bytes().all(hex) {
        return Ok(());
    }
    Err(Code::ValueInvalid.into())
}
