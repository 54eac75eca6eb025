//! From the door to the room: lobby, notice, identity, admission (R16, R18, R19, R48).

use crate::command::Command;
use crate::event::{Clock, Event, IdentityMethod};
use crate::limits;
use crate::people::{PersonId, Role};
use crate::refusal::{Code, Refusal};
use crate::session::{AtDoor, Notice, Stage};

use super::guard::{self, Guard, opens_to};

pub(super) fn decide(guard: &Guard<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::OpenLobby { clock_override } => open_lobby(guard, clock_override.as_deref()),
        Command::AcknowledgeNotice { notice } => acknowledge_notice(guard, notice),
        Command::RefuseNotice {} => refuse_notice(guard),
        Command::BeginIdentityCheck { person } => begin_check(guard, person),
        Command::StopIdentityCheck { person } => stop_check(guard, person),
        Command::ConfirmIdentity {
            person,
            method,
            last_four,
            authorisation,
        } => {
            let shown = Shown {
                person,
                method: *method,
                last_four,
                authorisation: authorisation.as_deref(),
            };
            confirm(guard, &shown)
        }
        Command::Admit { person } => admit(guard, person),
        _ => Err(Code::NotAllowed.into()),
    }
}

/// The clock is part of the evidence: an unknown one opens a session only by the chair's reason.
fn open_lobby(guard: &Guard<'_>, reason: Option<&str>) -> Result<Vec<Event>, Refusal> {
    if guard.session.stage != Stage::Scheduled {
        return Err(Code::NotInThisStage.into());
    }
    let clock = match (&guard.ctx.clock, reason) {
        (Some(clock), _) => clock.clone(),
        (None, Some(reason)) if !reason.trim().is_empty() => {
            limits::text(reason, limits::SHORT)?;
            Clock::Overridden {
                reason: reason.to_owned(),
            }
        }
        (None, _) => return Err(Code::ClockNotSynchronised.into()),
    };
    Ok(vec![Event::LobbyOpened { clock }])
}

fn acknowledge_notice(guard: &Guard<'_>, notice: &str) -> Result<Vec<Event>, Refusal> {
    let door = guard.at_door()?;
    if matches!(door.notice, Notice::Acknowledged { .. }) {
        return Err(Code::AlreadyExists.into());
    }
    if notice != guard.session.scheduled.template.settings.notice_version {
        return Err(Code::NoticeVersion.into());
    }
    Ok(vec![Event::NoticeAcknowledged {
        person: guard.person.clone(),
        notice: notice.to_owned(),
    }])
}

fn refuse_notice(guard: &Guard<'_>) -> Result<Vec<Event>, Refusal> {
    if matches!(guard.at_door()?.notice, Notice::Refused { .. }) {
        return Err(Code::AlreadyExists.into());
    }
    Ok(vec![Event::NoticeRefused {
        person: guard.person.clone(),
    }])
}

/// R19: the notice comes first, for the check of identity too.
fn noticed(door: &AtDoor) -> Result<(), Refusal> {
    match door.notice {
        Notice::Acknowledged { .. } => Ok(()),
        Notice::Refused { .. } => Err(Code::NoticeRefused.into()),
        Notice::Unanswered => Err(Code::NoticeNotAcknowledged.into()),
    }
}

/// R16, R48: the session does not open to a recused person, nor to an expert who has not signed confidentiality.
fn open_to(guard: &Guard<'_>, person: &PersonId) -> Result<(), Refusal> {
    opens_to(guard.other(person)?, &guard.ctx.cases)
        .map_err(|refusal| Refusal::of(refusal.code, [&person.0]))
}

/// R18: one at a time, the chair alone with the person, after the notice.
fn begin_check(guard: &Guard<'_>, person: &PersonId) -> Result<Vec<Event>, Refusal> {
    guard.in_room()?;
    guard.other(person)?;
    open_to(guard, person)?;
    let door = guard::at_door(guard.session.presence(person))?;
    noticed(door)?;
    if door.identity.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    if guard.session.identity_check.is_some() {
        return Err(Code::IdentityCheckRunning.into());
    }
    if guard.session.is_deliberating() {
        return Err(Code::DeliberationRunning.into());
    }
    Ok(vec![Event::IdentityCheckBegun {
        person: person.clone(),
        checker: guard.person.clone(),
    }])
}

fn stop_check(guard: &Guard<'_>, person: &PersonId) -> Result<Vec<Event>, Refusal> {
    let running = guard.session.identity_check.as_ref();
    if running.is_none_or(|check| check.person != *person) {
        return Err(Code::IdentityNotChecked.into());
    }
    Ok(vec![Event::IdentityCheckStopped {
        person: person.clone(),
    }])
}

struct Shown<'a> {
    person: &'a PersonId,
    method: IdentityMethod,
    last_four: &'a str,
    authorisation: Option<&'a str>,
}

fn confirm(guard: &Guard<'_>, shown: &Shown<'_>) -> Result<Vec<Event>, Refusal> {
    let other = guard.other(shown.person)?;
    open_to(guard, shown.person)?;
    if shown.person == guard.person {
        return confirm_self(guard, shown);
    }
    guard.in_room()?;
    let running = guard.session.identity_check.as_ref();
    if running.is_none_or(|check| check.person != *shown.person || check.checker != *guard.person) {
        return Err(Code::IdentityNotChecked.into());
    }
    noticed(guard::at_door(guard.session.presence(shown.person))?)?;
    if shown.method == IdentityMethod::SecondFactor {
        return Err(Code::NotAllowed.into());
    }
    guard::last_four(shown.last_four)?;
    let authorisation = authorisation(shown)?;
    if other.is(Role::Agent) && authorisation.is_none() {
        return Err(Code::AuthorisationMissing.into());
    }
    Ok(vec![checked(guard, shown, authorisation)])
}

/// Nobody is there to check the chair: a fresh second factor does, and admits.
fn confirm_self(guard: &Guard<'_>, shown: &Shown<'_>) -> Result<Vec<Event>, Refusal> {
    noticed(guard.at_door()?)?;
    if guard.session.stage == Stage::Scheduled {
        return Err(Code::NotInThisStage.into());
    }
    if shown.method != IdentityMethod::SecondFactor {
        return Err(Code::NotAllowed.into());
    }
    if !shown.last_four.is_empty() {
        guard::last_four(shown.last_four)?;
    }
    guard.factor()?;
    let admitted = Event::Admitted {
        person: guard.person.clone(),
    };
    Ok(vec![checked(guard, shown, authorisation(shown)?), admitted])
}

fn authorisation(shown: &Shown<'_>) -> Result<Option<String>, Refusal> {
    let text = shown.authorisation.filter(|text| !text.trim().is_empty());
    text.map(|text| limits::text(text, limits::SHORT).map(|()| text.to_owned()))
        .transpose()
}

fn checked(guard: &Guard<'_>, shown: &Shown<'_>, authorisation: Option<String>) -> Event {
    Event::IdentityChecked {
        person: shown.person.clone(),
        checker: guard.person.clone(),
        method: shown.method,
        last_four: shown.last_four.to_owned(),
        authorisation,
    }
}

fn admit(guard: &Guard<'_>, person: &PersonId) -> Result<Vec<Event>, Refusal> {
    guard.in_room()?;
    guard.other(person)?;
    open_to(guard, person)?;
    let door = guard::at_door(guard.session.presence(person))?;
    noticed(door)?;
    if door.identity.is_none() {
        return Err(Code::IdentityNotChecked.into());
    }
    let stays = guard.session.attendance.get(person);
    limits::room_for_more(
        stays.map_or(0, |attendance| attendance.stays.len()),
        limits::STAYS,
    )?;
    Ok(vec![Event::Admitted {
        person: person.clone(),
    }])
}
