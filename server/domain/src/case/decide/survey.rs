//! Appointments, sessions, ratings (R44, R60).

use std::collections::BTreeSet;

use crate::case::command::CaseCommand;
use crate::case::event::CaseEvent;
use crate::case::guard::Guard;
use crate::case::parts::{Appointment, RatingState, SessionOf};
use crate::case::stage::Stage;
use crate::case::words::{Rating, Slot};
use crate::limits;
use crate::refusal::{Code, Refusal};

pub(super) fn decide(guard: &Guard<'_>, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
    let event = match command {
        CaseCommand::OfferAppointment { slots } => offer(guard, slots)?,
        CaseCommand::ConfirmAppointment { slot } => confirm(guard, *slot)?,
        CaseCommand::AskAppointmentChange { wish } => {
            standing(guard)?;
            limits::needed(wish, limits::CHAT)?;
            CaseEvent::AppointmentChangeAsked { wish: wish.clone() }
        }
        CaseCommand::CancelAppointment { reason } => {
            standing(guard)?;
            super::clock::given(reason)?;
            CaseEvent::AppointmentCancelled {
                reason: reason.clone(),
            }
        }
        CaseCommand::ScheduleSession { session, items } => {
            return schedule(guard, session, items);
        }
        CaseCommand::Rate {
            session,
            rating,
            text,
        } => rate(guard, session, *rating, text)?,
        CaseCommand::GiveFeedback { session, text } => feedback(guard, session, text)?,
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// Offered anew, it takes the place of what stood.
fn offer(guard: &Guard<'_>, slots: &[Slot]) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    if slots.is_empty() {
        return Err(Code::TextMissing.into());
    }
    if slots.len() > limits::SLOTS {
        return Err(Code::LimitReached.into());
    }
    for slot in slots {
        if slot.from <= guard.ctx.now || slot.until <= slot.from {
            return Err(Code::DateInvalid.into());
        }
        let day = crate::calendar::day_of(slot.from)?;
        guard.ctx.calendar.is_working_day(day)?;
    }
    Ok(CaseEvent::AppointmentOffered {
        slots: slots.to_vec(),
    })
}

fn confirm(guard: &Guard<'_>, slot: Slot) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    match &guard.case.appointment {
        Appointment::Offered { slots } if slots.contains(&slot) => {}
        _ => return Err(Code::SlotNotOffered.into()),
    }
    if slot.from <= guard.ctx.now {
        return Err(Code::DateInvalid.into());
    }
    Ok(CaseEvent::AppointmentConfirmed { slot })
}

/// Something stands that can be changed or cancelled.
fn standing(guard: &Guard<'_>) -> Result<(), Refusal> {
    guard.undecided()?;
    match guard.case.appointment {
        Appointment::Offered { .. } | Appointment::Confirmed { .. } => Ok(()),
        _ => Err(Code::NotInThisStage.into()),
    }
}

/// R44: after a session that left items failed, those and no others. The first one begins the review.
fn schedule(guard: &Guard<'_>, session: &str, items: &[String]) -> Result<Vec<CaseEvent>, Refusal> {
    guard.accepted()?;
    limits::needed(session, limits::TOKEN)?;
    if guard.case.sessions.contains_key(session) {
        return Err(Code::AlreadyExists.into());
    }
    limits::room_for_more(guard.case.sessions.len(), limits::SESSIONS)?;
    let last = guard.case.session_order.last();
    let last = last.and_then(|id| guard.case.sessions.get(id));
    if last.is_some_and(|last| last.head.is_none()) {
        return Err(Code::NotEnded.into());
    }
    let failed = guard.case.failed_items();
    let asked: BTreeSet<_> = items.iter().collect();
    if asked != failed.iter().collect() || asked.len() != items.len() {
        return Err(Refusal::of(Code::ResurveyItems, failed.iter().cloned()));
    }
    let mut events = Vec::new();
    if matches!(guard.case.stage, Stage::Accepted(_)) {
        events.push(CaseEvent::ReviewBegun);
    }
    events.push(CaseEvent::SessionScheduled {
        session: session.to_owned(),
    });
    if !items.is_empty() {
        events.push(CaseEvent::ResurveyScheduled {
            session: session.to_owned(),
            items: items.to_vec(),
        });
    }
    Ok(events)
}

pub(super) fn session_of<'a>(guard: &Guard<'a>, id: &str) -> Result<&'a SessionOf, Refusal> {
    let session = guard.case.sessions.get(id);
    session.ok_or_else(|| Refusal::of(Code::UnknownSession, [id]))
}

/// R60: one answer to the one request.
fn rate(
    guard: &Guard<'_>,
    session: &str,
    rating: Rating,
    text: &str,
) -> Result<CaseEvent, Refusal> {
    match session_of(guard, session)?.rating {
        RatingState::Requested => {}
        RatingState::NotRequested => return Err(Code::NotInThisStage.into()),
        _ => return Err(Code::AlreadyExists.into()),
    }
    limits::text(text, limits::CHAT)?;
    Ok(CaseEvent::Rated {
        session: session.to_owned(),
        rating,
        text: text.to_owned(),
    })
}

/// R60: the task closes only with feedback.
fn feedback(guard: &Guard<'_>, session: &str, text: &str) -> Result<CaseEvent, Refusal> {
    if !matches!(session_of(guard, session)?.rating, RatingState::TaskOpen(_)) {
        return Err(Code::NotInThisStage.into());
    }
    if text.trim().is_empty() {
        return Err(Code::FeedbackMissing.into());
    }
    limits::text(text, limits::LONG)?;
    Ok(CaseEvent::FeedbackGiven {
        session: session.to_owned(),
        text: text.to_owned(),
    })
}
