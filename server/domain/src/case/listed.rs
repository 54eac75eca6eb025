//! A case as lists show it: what an index keeps of its journal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::due::{Duty, dues};
use super::parts::{Appointment, PeriodState};
use super::words::Slot;
use super::{Case, Part};
use crate::calendar::{Calendar, CalendarError, day_of, end_of_day};
use crate::people::{PersonId, Role};

/// Follows from the journal and the calendar alone: made anew at any time, it is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub case_no: String,
    /// Code of the permit item; absent in a case that was made for one session alone.
    pub item: Option<String>,
    pub item_title: String,
    /// The lead department, else the authority.
    pub department: String,
    pub applicant: String,
    pub uscc: String,
    /// As in rules.md, States.
    pub stage: String,
    /// UTC µs.
    pub began_at: i64,
    /// The last day of what the authority has to do next. While the clock stands still: as if it stood for all the days
    /// that were told (R07).
    pub due_on: Option<Date>,
    /// For calendars.
    pub appointment: Option<Appointed>,
    /// Who has a part in it, and as what; whoever stepped aside has none (R16).
    pub people: BTreeMap<PersonId, BTreeSet<Role>>,
}

/// The slot that was confirmed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appointed {
    pub slot: Slot,
    /// Not once it was called off, a session was scheduled for it, or the case is over.
    pub stands: bool,
}

impl Appointed {
    fn of(case: &Case) -> Option<Self> {
        let (slot, sessions) = case.appointed?;
        let confirmed = matches!(case.appointment, Appointment::Confirmed { .. });
        let over = matches!(case.stage.name(), "withdrawn" | "closed");
        Some(Self {
            slot,
            stands: confirmed && case.session_order.len() == sessions && !over,
        })
    }
}

impl Listed {
    /// The case as it stands after its last entry.
    #[must_use]
    pub fn of(case: &Case, calendar: &Calendar) -> Self {
        let lead = case.departments.iter().find(|(_, of)| **of == Part::Lead);
        let department = lead.map_or(&case.brief.authority, |(department, _)| department);
        Self {
            case_no: case.brief.case_no.clone(),
            item: case.application.as_ref().map(|of| of.guide.item.clone()),
            item_title: case.brief.item_title.clone(),
            department: department.clone(),
            applicant: case.brief.applicant.clone(),
            uscc: case.brief.uscc.clone(),
            stage: case.stage.name().to_owned(),
            began_at: case.began_at,
            // Where no holiday table is loaded for it, nothing is said (R04).
            due_on: due_next(case, calendar).unwrap_or(None),
            appointment: Appointed::of(case),
            people: people(case),
        }
    }
}

fn due_next(case: &Case, calendar: &Calendar) -> Result<Option<Date>, CalendarError> {
    let mut now = case.last_at;
    if let Some(period) = case.clock.stopped()
        && let PeriodState::Running { from } = period.state
    {
        let last = calendar.add_working_days(day_of(from)?, period.days.saturating_add(1))?;
        now = now.max(end_of_day(last)?);
    }
    let open = dues(case, calendar, now)?.into_iter();
    let open = open.filter(|due| due.done.is_none());
    Ok(open
        .filter(|due| !matches!(due.duty, Duty::Undertaking { .. }))
        .map(|due| due.on)
        .min())
}

fn people(case: &Case) -> BTreeMap<PersonId, BTreeSet<Role>> {
    let mut people: BTreeMap<PersonId, BTreeSet<Role>> = case.staff.clone();
    let mut add = |person: &PersonId, role| {
        people.entry(person.clone()).or_default().insert(role);
    };
    if let Some(application) = &case.application {
        add(&application.applicant, Role::Applicant);
        for agent in &application.agents {
            add(agent, Role::Agent);
        }
    }
    for expert in &case.experts {
        add(expert, Role::Expert);
    }
    for party in case.facts.parties.keys() {
        add(party, Role::InterestedParty);
    }
    people.retain(|person, roles| !roles.is_empty() && !case.facts.recused.contains(person));
    people
}
