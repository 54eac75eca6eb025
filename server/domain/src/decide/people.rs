//! What a person does for himself in the room, and removal.

use crate::command::Command;
use crate::event::{ChatScope, DepartureCause, Event};
use crate::limits;
use crate::people::PersonId;
use crate::refusal::{Code, Refusal};
use crate::session::{Presence, Stage};
use crate::site::Whereabouts;

use super::guard::{self, Guard};

pub(super) fn decide(guard: &Guard<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        Command::ShowCredential {
            number_last_four,
            whereabouts,
        } => show_credential(guard, number_last_four, *whereabouts)?,
        Command::Leave {} => leave(guard)?,
        Command::Remove { person } => remove(guard, person)?,
        Command::ChangeMedia {
            microphone,
            camera,
            screen,
        } => {
            // At the door a supervisor too is seen by the chair who checks him.
            if guard.presence().at_door().is_none() {
                guard.takes_part()?;
            }
            if !guard.presence().is_connected() {
                return Err(Code::NotPresent.into());
            }
            Event::MediaChanged {
                person: guard.person.clone(),
                microphone: *microphone,
                camera: *camera,
                screen: *screen,
            }
        }
        Command::RaiseHand {} => raise_hand(guard)?,
        Command::LowerHand { person } => lower_hand(guard, person)?,
        Command::Say { scope, text } => say(guard, *scope, text)?,
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// R17.
fn show_credential(
    guard: &Guard<'_>,
    number_last_four: &str,
    whereabouts: Whereabouts,
) -> Result<Event, Refusal> {
    if guard.in_room()?.credential.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    guard::last_four(number_last_four)?;
    Ok(Event::CredentialShown {
        person: guard.person.clone(),
        number_last_four: number_last_four.to_owned(),
        whereabouts,
    })
}

fn leave(guard: &Guard<'_>) -> Result<Event, Refusal> {
    if *guard.presence() == Presence::Absent {
        return Err(Code::NotPresent.into());
    }
    Ok(Event::Departed {
        person: guard.person.clone(),
        cause: DepartureCause::Left,
    })
}

/// The inspectorate is not shut out, and nobody whom the network keeps away is made absent by an act (R22).
fn remove(guard: &Guard<'_>, person: &PersonId) -> Result<Event, Refusal> {
    guard.in_room()?;
    let other = guard.other(person)?;
    if person == guard.person || other.is_supervisor() {
        return Err(Code::NotAllowed.into());
    }
    let presence = guard.session.presence(person);
    if *presence == Presence::Absent {
        return Err(Code::NotPresent.into());
    }
    if other.represents_applicant() && presence.is_cut_off() {
        return Err(Refusal::of(Code::ApplicantNetworkDown, [person.0.as_str()]));
    }
    Ok(Event::Departed {
        person: person.clone(),
        cause: DepartureCause::Removed,
    })
}

fn raise_hand(guard: &Guard<'_>) -> Result<Event, Refusal> {
    if guard.in_room()?.hand_raised.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    Ok(Event::HandRaised {
        person: guard.person.clone(),
    })
}

fn lower_hand(guard: &Guard<'_>, person: &PersonId) -> Result<Event, Refusal> {
    guard.in_room()?;
    guard.other(person)?;
    let raised = guard.session.presence(person).admitted();
    if raised.is_none_or(|admitted| admitted.hand_raised.is_none()) {
        return Err(Code::NotPresent.into());
    }
    Ok(Event::HandLowered {
        person: person.clone(),
    })
}

/// R28: what is said in a deliberation is for those who take part in it.
fn say(guard: &Guard<'_>, scope: ChatScope, text: &str) -> Result<Event, Refusal> {
    guard.in_room()?;
    match scope {
        ChatScope::Room if guard.session.stage == Stage::Scheduled => {
            return Err(Code::NotInThisStage.into());
        }
        ChatScope::Room => {}
        ChatScope::Deliberation if !guard.session.is_deliberating() => {
            return Err(Code::NoDeliberation.into());
        }
        ChatScope::Deliberation => {}
    }
    limits::needed(text, limits::CHAT)?;
    if guard.session.said >= limits::SAID {
        return Err(Code::LimitReached.into());
    }
    Ok(Event::Said {
        person: guard.person.clone(),
        scope,
        text: text.to_owned(),
    })
}
