//! Consequences that nobody asks for, in the same batch as their cause (R15, R18, R28).

use crate::checks;
use crate::command::{Actor, Context};
use crate::doors::{Direction, DisconnectCause};
use crate::event::{Event, Recorded, Suspension};
use crate::session::{IdentityCheck, Recording, Session, Stage};

/// The events with what follows from them: a check of identity whose two are no longer there stops; a live session
/// without its quorum or its recording is suspended; one suspended for its quorum goes on when that is back; a deliberation
/// shuts out whatever plays.
pub(super) fn settled(session: &Session, mut events: Vec<Event>, ctx: &Context<'_>) -> Vec<Event> {
    let mut after = session.clone();
    for event in &events {
        after.evolve(&recorded(event, ctx));
    }
    while let Some(event) = consequence(&after, ctx) {
        after.evolve(&recorded(&event, ctx));
        events.push(event);
    }
    events
}

fn recorded(event: &Event, ctx: &Context<'_>) -> Recorded {
    Recorded {
        actor: Actor::System,
        at: ctx.now,
        event: event.clone(),
    }
}

/// Ends: a stop clears the check, a suspension needs the live stage, a resumption what a suspension lacks, a player is shut
/// out once.
fn consequence(session: &Session, ctx: &Context<'_>) -> Option<Event> {
    if let Some(check) = &session.identity_check
        && !can_go_on(session, check, ctx)
    {
        return Some(Event::IdentityCheckStopped {
            person: check.person.clone(),
        });
    }
    if session.is_deliberating() {
        let mut players = session.media_tokens.iter();
        let shown = players.find(|of| of.direction == Direction::Play && of.connected);
        if let Some(of) = shown {
            return Some(Event::MediaDisconnected {
                token: of.token.clone(),
                cause: DisconnectCause::Deliberation,
            });
        }
    }
    let quorum = checks::has_quorum(session, &ctx.cases);
    match (&session.stage, &session.recording) {
        (Stage::Live(_), _) if !quorum => Some(Event::Suspended(Suspension::QuorumLost)),
        (Stage::Live(_), Recording::Stopped { detail, .. }) => {
            Some(Event::Suspended(Suspension::RecordingStopped {
                detail: detail.clone(),
            }))
        }
        (
            Stage::Suspended {
                cause: Suspension::QuorumLost,
                ..
            },
            Recording::Running { .. },
        ) if quorum => Some(Event::Resumed),
        _ => None,
    }
}

fn can_go_on(session: &Session, check: &IdentityCheck, ctx: &Context<'_>) -> bool {
    let person = session.presence(&check.person);
    let recused = |person| ctx.cases.is_recused(person);
    person.at_door().is_some()
        && person.is_connected()
        && person.has_acknowledged()
        && session.presence(&check.checker).is_in_room()
        && !recused(&check.person)
        && !recused(&check.checker)
}
