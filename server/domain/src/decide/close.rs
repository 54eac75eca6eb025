//! Announcement, acknowledgement, endings, closing (R39, R42, R43).

use jiff::civil::Date;

use crate::calendar::day_of;
use crate::checks;
use crate::command::Command;
use crate::event::{Ending, Event};
use crate::limits;
use crate::refusal::{Code, Refusal};

use super::guard::Guard;
use crate::session::Matter;

pub(super) fn decide(guard: &Guard<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        Command::Announce {} => return announce(guard),
        Command::Acknowledge { content_digest } => acknowledge(guard, content_digest)?,
        Command::End {
            case,
            ending,
            reason,
            next_step,
            contact,
        } => {
            let matter = guard.matter(case.as_deref())?;
            end(guard, matter, ending, [reason, next_step, contact])?
        }
        Command::Close {} => {
            guard.in_room()?;
            checks::close(guard.session).into_result()?;
            Event::Closed
        }
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// R39, R42: by a signer, with the sealed documents in hand; one entry a case lists who was live.
fn announce(guard: &Guard<'_>) -> Result<Vec<Event>, Refusal> {
    let session = guard.session;
    checks::announce(session, &guard.ctx.cases).into_result()?;
    guard.staff_in_room()?;
    let mut waiting = session.to_announce();
    if waiting.all(|(_, sealed)| sealed.signer != *guard.person) {
        return Err(Code::NotAllowed.into());
    }
    let announced = session
        .to_announce()
        .map(|(matter, sealed)| Event::Announced {
            case: session.name_of(matter),
            content_digest: sealed.content_digest.clone(),
            live: session.in_room(),
            recording_offset_us: guard.ctx.recording_offset_us,
            number: sealed.number.clone(),
            decision: Some(Box::new(sealed.text.clone())),
        });
    Ok(announced.collect())
}

/// R42: 签收, once, of exactly what was announced; a supervisor too confirms what he received.
fn acknowledge(guard: &Guard<'_>, content_digest: &str) -> Result<Event, Refusal> {
    guard.in_room()?;
    if !guard.session.is_announced() {
        return Err(Code::NotAnnounced.into());
    }
    let mut matters = guard.session.matters.iter();
    let matter = matters.find(|of| of.announcement() == Some(content_digest));
    let matter = matter.ok_or(Code::DigestMismatch)?;
    if matter.acknowledged.contains_key(guard.person) {
        return Err(Code::AlreadyExists.into());
    }
    Ok(Event::Acknowledged {
        person: guard.person.clone(),
        content_digest: content_digest.to_owned(),
    })
}

/// R43; every ending says why, what comes next and whom to ask.
fn end(
    guard: &Guard<'_>,
    matter: &Matter,
    ending: &Ending,
    [reason, next_step, contact]: [&str; 3],
) -> Result<Event, Refusal> {
    guard.in_room()?;
    checks::end(guard.session, matter, &guard.ctx.cases, ending).into_result()?;
    if reason.trim().is_empty() {
        return Err(Code::ReasonMissing.into());
    }
    limits::text(reason, limits::LONG)?;
    let named = [("next_step", next_step), ("contact", contact)];
    let absent: Vec<_> = named
        .iter()
        .filter(|(_, value)| value.trim().is_empty())
        .map(|(name, _)| *name)
        .collect();
    if !absent.is_empty() {
        return Err(Refusal::of(Code::NextStepMissing, absent));
    }
    limits::text(next_step, limits::CHAT)?;
    limits::text(contact, limits::SHORT)?;
    if let Ending::Rectify { by } | Ending::Resurvey { by } = ending {
        future_date(by, guard.ctx.now)?;
    }
    Ok(Event::Ended {
        case: guard.session.name_of(matter),
        ending: ending.clone(),
        reason: reason.to_owned(),
        next_step: next_step.to_owned(),
        contact: contact.to_owned(),
    })
}

/// A civil date `YYYY-MM-DD` after today in Shanghai, within two years.
fn future_date(text: &str, now: i64) -> Result<(), Refusal> {
    let invalid = || Refusal::new(Code::DateInvalid);
    let date: Date = text.parse().map_err(|_| invalid())?;
    let today = day_of(now).map_err(|_| invalid())?;
    let latest = today
        .checked_add(jiff::Span::new().years(2))
        .map_err(|_| invalid())?;
    if date.to_string() != text || date <= today || date > latest {
        return Err(invalid());
    }
    Ok(())
}
