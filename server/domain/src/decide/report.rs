//! What the server itself reports. No person can send these (R29).

use crate::command::{Context, Report};
use crate::event::{DepartureCause, Event};
use crate::limits;
use crate::people::{PersonId, SeatId};
use crate::refusal::{Code, Refusal};
use crate::session::{Presence, Recording, Session, Stage};

use super::doors;
use super::guard::opens_to;
use super::settle::settled;

/// The events of a report, with their consequences; see [`crate::decide`].
///
/// # Errors
/// A [`Refusal`] where the report does not apply; `already_exists` where it is known already, so that healing after a
/// crash may report again.
pub fn report(
    session: &Session,
    report: &Report,
    ctx: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let event = match report {
        Report::Arrived { .. }
        | Report::DeviceAdded { .. }
        | Report::ConnectionLost { .. }
        | Report::ConnectionRestored { .. }
        | Report::Departed { .. } => presence(session, report, ctx)?,
        Report::MediaConnected { .. } | Report::MediaDisconnected { .. } => {
            doors::report(session, report)?
        }
        _ => recording(session, report)?,
    };
    Ok(settled(session, vec![event], ctx))
}

fn presence(session: &Session, report: &Report, ctx: &Context<'_>) -> Result<Event, Refusal> {
    if matches!(session.stage, Stage::Closed) {
        return Err(Code::NotInThisStage.into());
    }
    match report {
        Report::Arrived {
            person,
            seat,
            device,
        } => arrived(session, person, seat, device, ctx),
        Report::ConnectionLost { person } => {
            let presence = present(session, person)?;
            if !presence.is_connected() {
                return Err(Code::AlreadyExists.into());
            }
            Ok(Event::ConnectionLost {
                person: person.clone(),
            })
        }
        Report::ConnectionRestored { person } => {
            not_recused(person, ctx)?;
            if present(session, person)?.is_connected() {
                return Err(Code::AlreadyExists.into());
            }
            Ok(Event::ConnectionRestored {
                person: person.clone(),
            })
        }
        Report::DeviceAdded {
            person,
            device,
            number,
        } => {
            not_recused(person, ctx)?;
            present(session, person)?;
            Ok(Event::DeviceAdded {
                person: person.clone(),
                device: device.clone(),
                number: *number,
            })
        }
        Report::Departed { person, cause } => departed(session, person, *cause, ctx),
        _ => Err(Code::NotAllowed.into()),
    }
}

fn present<'a>(session: &'a Session, person: &PersonId) -> Result<&'a Presence, Refusal> {
    match session.presence(person) {
        Presence::Absent => Err(Code::NotPresent.into()),
        presence => Ok(presence),
    }
}

/// R16.
fn not_recused(person: &PersonId, ctx: &Context<'_>) -> Result<(), Refusal> {
    if ctx.cases.is_recused(person) {
        return Err(Code::Recused.into());
    }
    Ok(())
}

/// The seat held before is the same joining, back from the network; another seat begins a new one (R18).
fn arrived(
    session: &Session,
    person: &PersonId,
    seat: &SeatId,
    device: &str,
    ctx: &Context<'_>,
) -> Result<Event, Refusal> {
    let me = session
        .participant(person)
        .filter(|participant| participant.has_part())
        .ok_or(Code::NotAParticipant)?;
    opens_to(me, &ctx.cases)?;
    limits::needed(&seat.0, limits::TOKEN)?;
    limits::text(device, limits::SHORT)?;
    let presence = session.presence(person);
    if let Some(place) = presence.place()
        && place.seat == *seat
    {
        if presence.is_connected() {
            return Err(Code::AlreadyExists.into());
        }
        return Ok(Event::ConnectionRestored {
            person: person.clone(),
        });
    }
    Ok(Event::Arrived {
        person: person.clone(),
        seat: seat.clone(),
        device: device.to_owned(),
    })
}

/// Leaving is an act: nobody whom the network keeps away is made to have left (R22), save by a recusal (R16).
fn departed(
    session: &Session,
    person: &PersonId,
    cause: DepartureCause,
    ctx: &Context<'_>,
) -> Result<Event, Refusal> {
    let presence = present(session, person)?;
    let applicant = session
        .participant(person)
        .is_some_and(crate::Participant::represents_applicant);
    if applicant && presence.is_cut_off() && not_recused(person, ctx).is_ok() {
        return Err(Code::ApplicantNetworkDown.into());
    }
    Ok(Event::Departed {
        person: person.clone(),
        cause,
    })
}

fn recording(session: &Session, report: &Report) -> Result<Event, Refusal> {
    if session.stage == Stage::Scheduled {
        return Err(Code::NotInThisStage.into());
    }
    match report {
        Report::RecordingStarted => {
            if session.recording.is_running() {
                return Err(Code::AlreadyExists.into());
            }
            if matches!(session.stage, Stage::Closed) {
                return Err(Code::NotInThisStage.into());
            }
            Ok(Event::RecordingStarted)
        }
        Report::RecordingStopped { detail } => {
            if matches!(session.recording, Recording::Stopped { .. }) {
                return Err(Code::AlreadyExists.into());
            }
            Ok(Event::RecordingStopped {
                detail: cut(detail),
            })
        }
        Report::RecordingGap {
            track,
            cause,
            from,
            until,
            packets_lost,
        } => Ok(Event::RecordingGap {
            track: track.as_deref().map(cut),
            cause: cut(cause),
            from: *from,
            until: (*until).max(*from),
            packets_lost: *packets_lost,
        }),
        Report::ReceiptIssued { receipt } => Ok(Event::ReceiptIssued {
            receipt: receipt.clone(),
        }),
        _ => segment(session, report),
    }
}

fn segment(session: &Session, report: &Report) -> Result<Event, Refusal> {
    match report {
        Report::SegmentOpened {
            segment,
            track,
            person,
            source,
            codec,
            private,
        } => {
            limits::needed(segment, limits::TOKEN)?;
            if session.segments.contains_key(segment) {
                return Err(Code::AlreadyExists.into());
            }
            Ok(Event::SegmentOpened {
                segment: segment.clone(),
                track: cut(track),
                person: person.clone(),
                source: cut(source),
                codec: cut(codec),
                // R28: what is opened while a deliberation runs is of it, whatever the recorder thought.
                private: *private || session.is_deliberating(),
            })
        }
        Report::SegmentClosed {
            segment,
            bytes,
            packets,
        } => {
            let known = session.segments.get(segment);
            if !known.ok_or(Code::UnknownEvidence)?.open {
                return Err(Code::AlreadyExists.into());
            }
            Ok(Event::SegmentClosed {
                segment: segment.clone(),
                bytes: *bytes,
                packets: *packets,
            })
        }
        Report::Checkpoint {
            number,
            root,
            wall_us,
            mono_us,
            clock,
        } => {
            if session.checkpoint.is_some_and(|last| *number <= last) {
                return Err(Code::AlreadyExists.into());
            }
            Ok(Event::Checkpoint {
                number: *number,
                root: cut(root),
                wall_us: *wall_us,
                mono_us: *mono_us,
                clock: cut(clock),
            })
        }
        _ => Err(Code::NotAllowed.into()),
    }
}

/// The server's own words are cut rather than refused: a gap is never silent.
fn cut(text: &str) -> String {
    text.chars().take(limits::SHORT).collect()
}
