//! The channel and the place: asking for an on-site survey (R20), where devices and staff are (R23).

use crate::command::Command;
use crate::event::{Event, Mode, Position};
use crate::limits;
use crate::people::PersonId;
use crate::refusal::{Code, Refusal};
use crate::session::Stage;
use crate::site::Whereabouts;

use super::guard::Guard;

pub(super) fn decide(guard: &Guard<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        Command::AskOnSite { reason } => ask_on_site(guard, reason)?,
        Command::WithdrawOnSite {} => withdraw(guard)?,
        Command::ChangeWhereabouts { whereabouts } => change_whereabouts(guard, *whereabouts)?,
        Command::ReportPosition { position } => report_position(guard, position)?,
        Command::OverrideLocation { of, reason } => override_location(guard, of, reason)?,
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// By applicant or agent, at the door too; until the result is sealed, which nothing undoes.
fn applicants_choice(guard: &Guard<'_>) -> Result<(), Refusal> {
    if guard.session.scheduled.mode == Mode::OnSite {
        return Err(Code::NotAllowed.into());
    }
    if matches!(guard.session.stage, Stage::Ended | Stage::Closed) {
        return Err(Code::AlreadyEnded.into());
    }
    if !guard.presence().is_connected() {
        return Err(Code::NotPresent.into());
    }
    Ok(())
}

/// R20. A reason is welcome and not needed.
fn ask_on_site(guard: &Guard<'_>, reason: &str) -> Result<Event, Refusal> {
    applicants_choice(guard)?;
    if !guard.session.is_undecided() {
        return Err(Code::AlreadySealed.into());
    }
    if guard.session.on_site_asked().is_some() {
        return Err(Code::AlreadyExists.into());
    }
    limits::text(reason, limits::SHORT)?;
    limits::room_for_more(
        guard.session.on_site_requests.len(),
        limits::ON_SITE_REQUESTS,
    )?;
    Ok(Event::OnSiteAsked {
        person: guard.person.clone(),
        reason: reason.to_owned(),
    })
}

fn withdraw(guard: &Guard<'_>) -> Result<Event, Refusal> {
    applicants_choice(guard)?;
    if guard.session.on_site_asked().is_none() {
        return Err(Code::NotAsked.into());
    }
    Ok(Event::OnSiteWithdrawn {
        person: guard.person.clone(),
    })
}

/// Coming to the site or leaving it is an act; who is there counts toward the staff whom the item wants on the site.
fn change_whereabouts(guard: &Guard<'_>, whereabouts: Whereabouts) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    let shown = guard.in_room()?.credential.as_ref();
    if shown.is_some_and(|credential| credential.whereabouts == whereabouts) {
        return Err(Code::AlreadyExists.into());
    }
    Ok(Event::WhereaboutsChanged {
        person: guard.person.clone(),
        whereabouts,
    })
}

fn report_position(guard: &Guard<'_>, position: &Position) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    if matches!(guard.session.stage, Stage::Ended) {
        return Err(Code::AlreadyEnded.into());
    }
    if !position.is_on_earth() {
        return Err(Code::ValueInvalid.into());
    }
    Ok(Event::PositionReported {
        person: guard.person.clone(),
        position: position.clone(),
    })
}

/// R23: each of two staff in his own words.
fn override_location(guard: &Guard<'_>, of: &PersonId, reason: &str) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    let deviation = guard.session.deviation(of).ok_or(Code::NoDeviation)?;
    let mut given = deviation.overrides.iter();
    if given.any(|given| given.person == *guard.person) {
        return Err(Code::AlreadyExists.into());
    }
    limits::needed(reason, limits::SHORT)?;
    Ok(Event::LocationOverridden {
        person: guard.person.clone(),
        of: of.clone(),
        reason: reason.to_owned(),
    })
}
