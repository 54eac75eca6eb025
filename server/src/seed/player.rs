//! Plays one case by the domain's own commands, on a clock that runs from its opening to now.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kanjie_domain::calendar::{day_of, end_of_day};
use kanjie_domain::case::{Application, CaseCommand, CaseContext, Slip, decide, open};
use kanjie_domain::{
    Actor, Calendar, CalendarError, Case, CaseBrief, CaseEvent, CaseRecorded, PersonId, Refusal,
    Role,
};

const HOUR: i64 = 3_600_000_000;

/// Why an example could not be played: the data that came with the program is wrong.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error("refused: {0:?}")]
    Refused(Refusal),
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    #[error("a case that does not begin")]
    Empty,
}

impl From<Refusal> for PlayError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Somebody with what he is at the bureau.
#[derive(Clone, Debug)]
pub struct Who {
    pub person: PersonId,
    pub roles: BTreeSet<Role>,
}

/// A case on its way.
#[derive(Debug)]
pub struct Player<'a> {
    pub case: Case,
    pub journal: Vec<CaseRecorded>,
    /// Of the case.
    pub number: String,
    now: i64,
    /// Nothing happens after this moment.
    until: i64,
    calendar: &'a Calendar,
}

impl<'a> Player<'a> {
    /// Opens the case; both moments in UTC µs.
    ///
    /// # Errors
    /// When the domain refuses it.
    pub fn open(
        brief: &CaseBrief,
        application: &Application,
        by: &Who,
        (now, until): (i64, i64),
        calendar: &'a Calendar,
    ) -> Result<Self, PlayError> {
        let actor = Actor::Person(by.person.clone());
        let ctx = context(&actor, &by.roles, now, calendar, None);
        let mut journal = recorded(&actor, now, open(brief, application, &ctx)?);
        let mut case = journal
            .first()
            .and_then(Case::begin)
            .ok_or(PlayError::Empty)?;
        journal.iter().skip(1).for_each(|entry| case.evolve(entry));
        journal.shrink_to_fit();
        Ok(Self {
            case,
            journal,
            number: brief.case_no.clone(),
            now,
            until,
            calendar,
        })
    }

    /// Goes on by so many working days, to some minute of office hours there, never backwards; false, and nowhere, where that
    /// is after the end.
    ///
    /// # Errors
    /// When a day on the way is in no holiday table.
    pub fn later(&mut self, days: u32, minute: u32) -> Result<bool, PlayError> {
        let today = day_of(self.now)?;
        let day = match self.calendar.add_working_days(today, days) {
            Ok(day) => day,
            // After the last table: nothing is played there.
            Err(CalendarError::NotLoaded(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let next = office_hours(day, minute)?.max(self.now.saturating_add(60_000_000));
        if next > self.until {
            return Ok(false);
        }
        self.now = next;
        Ok(true)
    }

    /// An hour of office time so many working days from now, UTC µs.
    ///
    /// # Errors
    /// When a day on the way is in no holiday table.
    pub fn slot(&self, days: u32) -> Result<(i64, i64), CalendarError> {
        let day = self.calendar.add_working_days(day_of(self.now)?, days)?;
        let from = office_hours(day, 30)?;
        Ok((from, from + HOUR))
    }

    /// # Errors
    /// When the domain refuses it.
    pub fn act(&mut self, who: &Who, command: &CaseCommand) -> Result<(), PlayError> {
        let actor = Actor::Person(who.person.clone());
        let slip = Slip {
            number: format!("示例受理{}", self.number),
            pdf_digest: "0".repeat(64),
            seal: String::from("示例"),
        };
        // What an example hands in counts as uploaded.
        let uploads = match command {
            CaseCommand::SubmitMaterial { file, .. } => std::slice::from_ref(file),
            _ => &[],
        };
        let ctx = CaseContext {
            uploads,
            ..context(&actor, &who.roles, self.now, self.calendar, Some(slip))
        };
        let events = decide(&self.case, command, &ctx)?;
        self.append(&actor, events);
        Ok(())
    }

    fn append(&mut self, actor: &Actor, events: Vec<CaseEvent>) {
        for entry in recorded(actor, self.now, events) {
            self.case.evolve(&entry);
            self.journal.push(entry);
        }
        self.now += 1;
    }
}

/// A minute after nine in the morning in Shanghai, UTC µs.
///
/// # Errors
/// At the end of all dates.
pub fn office_hours(day: Date, minute: u32) -> Result<i64, CalendarError> {
    let nine = end_of_day(day)?.saturating_add(1) - 15 * HOUR;
    Ok(nine + i64::from(minute) * 60_000_000)
}

fn recorded(actor: &Actor, at: i64, events: Vec<CaseEvent>) -> Vec<CaseRecorded> {
    let entry = |event| CaseRecorded {
        actor: actor.clone(),
        at,
        event,
    };
    events.into_iter().map(entry).collect()
}

fn context<'c>(
    actor: &'c Actor,
    roles: &'c BTreeSet<Role>,
    now: i64,
    calendar: &'c Calendar,
    slip: Option<Slip>,
) -> CaseContext<'c> {
    CaseContext {
        actor,
        roles,
        now,
        calendar,
        factor: None,
        slip,
        bars: &[],
        draw: None,
        uploads: &[],
    }
}
