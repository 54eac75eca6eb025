//! Interested parties, their statements, the hearing (R35).

use crate::calendar::end_of_day;
use crate::case::command::CaseCommand;
use crate::case::event::CaseEvent;
use crate::case::facts::{Hearing, Statement};
use crate::case::guard::{Guard, digest};
use crate::case::words::PartyStatement;
use crate::limits;
use crate::people::PersonId;
use crate::refusal::{Code, Refusal};

/// ARL 48: time and place are told seven days before.
const HEARING_NOTICE_US: i64 = 7 * 24 * 3_600 * 1_000_000;

pub(super) fn decide(guard: &Guard<'_>, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
    guard.undecided()?;
    let event = match command {
        CaseCommand::NotifyInterestedParty { person, interest } => notify(guard, person, interest)?,
        CaseCommand::State { text } => {
            limits::needed(text, limits::LONG)?;
            let text = text.clone();
            stated(guard, PartyStatement::Stated { text })?
        }
        CaseCommand::WaiveStatement {} => stated(guard, PartyStatement::Waived)?,
        CaseCommand::NoteSilence { person } => note_silence(guard, person)?,
        CaseCommand::RequestHearing {} => request(guard)?,
        CaseCommand::WithdrawHearing {} => {
            if !guard.case.facts.hearing.asked_by(guard.person) {
                return Err(Code::NotAllowed.into());
            }
            CaseEvent::HearingWithdrawn {
                person: guard.person.clone(),
            }
        }
        CaseCommand::ScheduleHearing { at, place } => schedule(guard, *at, place)?,
        CaseCommand::RecordHearing { record_digest } => record(guard, record_digest)?,
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// R35: from here on nothing is decided until the statement is in and the window has passed.
fn notify(guard: &Guard<'_>, person: &PersonId, interest: &str) -> Result<CaseEvent, Refusal> {
    guard.accepted()?;
    limits::needed(&person.0, limits::TOKEN)?;
    limits::needed(interest, limits::LONG)?;
    let facts = &guard.case.facts;
    let works = guard.case.staff.contains_key(person) || guard.case.experts.contains(person);
    if works || guard.case.is_applicant(person) {
        return Err(Code::NotAllowed.into());
    }
    if facts.parties.contains_key(person) {
        return Err(Code::AlreadyExists.into());
    }
    limits::room_for_more(facts.parties.len(), limits::PEOPLE)?;
    let days = guard.application.guide.time.hearing_window;
    let last = guard.ctx.calendar.add_working_days(guard.today, days)?;
    Ok(CaseEvent::InterestedPartyNotified {
        person: person.clone(),
        interest: interest.to_owned(),
        window_until: end_of_day(last)?,
    })
}

fn stated(guard: &Guard<'_>, statement: PartyStatement) -> Result<CaseEvent, Refusal> {
    Ok(CaseEvent::PartyStated {
        person: guard.person.clone(),
        statement,
    })
}

/// Silence is noted only of one whose time has passed.
fn note_silence(guard: &Guard<'_>, person: &PersonId) -> Result<CaseEvent, Refusal> {
    let party = guard.case.facts.parties.get(person);
    let party = party.ok_or_else(|| Refusal::of(Code::NotAParticipant, [&person.0]))?;
    if party.statement == Statement::In {
        return Err(Code::AlreadyExists.into());
    }
    if guard.ctx.now <= party.window_until {
        return Err(Refusal::of(Code::HearingWindowOpen, [&person.0]));
    }
    Ok(CaseEvent::PartyStated {
        person: person.clone(),
        statement: PartyStatement::Silent,
    })
}

/// ARL 47: applicant and interested party, within the window; the applicant while any is open.
fn request(guard: &Guard<'_>) -> Result<CaseEvent, Refusal> {
    let parties = &guard.case.facts.parties;
    let open = |until: i64| guard.ctx.now <= until;
    let within = match parties.get(guard.person) {
        Some(party) => open(party.window_until),
        None => parties.values().any(|party| open(party.window_until)),
    };
    if !within {
        return Err(Code::HearingWindowPassed.into());
    }
    let hearing = &guard.case.facts.hearing;
    if hearing.asked_by(guard.person) || matches!(hearing, Hearing::Held { .. }) {
        return Err(Code::AlreadyExists.into());
    }
    Ok(CaseEvent::HearingRequested {
        person: guard.person.clone(),
    })
}

fn schedule(guard: &Guard<'_>, at: i64, place: &str) -> Result<CaseEvent, Refusal> {
    let hearing = &guard.case.facts.hearing;
    if !matches!(
        hearing,
        Hearing::Requested { .. } | Hearing::Scheduled { .. }
    ) {
        return Err(Code::NotInThisStage.into());
    }
    limits::needed(place, limits::SHORT)?;
    crate::calendar::day_of(at)?;
    if at < guard.ctx.now.saturating_add(HEARING_NOTICE_US) {
        return Err(Code::DateInvalid.into());
    }
    Ok(CaseEvent::HearingScheduled {
        at,
        place: place.to_owned(),
    })
}

fn record(guard: &Guard<'_>, record_digest: &str) -> Result<CaseEvent, Refusal> {
    match guard.case.facts.hearing {
        Hearing::Scheduled { at, .. } if guard.ctx.now >= at => {}
        _ => return Err(Code::HearingNotHeld.into()),
    }
    digest(record_digest)?;
    Ok(CaseEvent::HearingHeld {
        record_digest: record_digest.to_owned(),
    })
}
