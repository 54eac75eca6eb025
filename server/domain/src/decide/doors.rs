//! Media tokens (docs/protocol/doors.md): the chair lets machines in, and answers for them.

use crate::command::{Command, Report};
use crate::doors::{self, Direction, DisconnectCause};
use crate::event::Event;
use crate::limits;
use crate::refusal::{Code, Refusal};
use crate::session::{MediaToken, Session, Stage};

use super::guard::Guard;

/// Characters of a SHA-256 in hex.
const DIGEST: usize = 64;

pub(super) fn decide(guard: &Guard<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::IssueMediaToken {
            name,
            direction,
            digest,
        } => issue(guard, name, *direction, digest),
        Command::RevokeMediaToken { token } => revoke(guard.session, token),
        _ => Err(Code::NotAllowed.into()),
    }
}

fn issue(
    guard: &Guard<'_>,
    name: &str,
    direction: Direction,
    digest: &str,
) -> Result<Vec<Event>, Refusal> {
    let session = guard.session;
    limits::needed(name, limits::SOURCE_NAME)?;
    let fits = match direction {
        Direction::Publish => doors::names_a_source(name),
        Direction::Play => doors::is_readable(name),
    };
    let is_digest = digest.len() == DIGEST
        && digest
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !fits || !is_digest {
        return Err(Code::ValueInvalid.into());
    }
    let good = session.media_tokens.iter().filter(|of| !of.revoked);
    let taken = |of: &&MediaToken| {
        let same_source = direction == Direction::Publish && of.direction == Direction::Publish;
        of.digest == digest || (same_source && of.name == name)
    };
    if good.clone().any(|of| taken(&of)) {
        return Err(Code::AlreadyExists.into());
    }
    limits::room_for_more(good.count(), limits::MEDIA_TOKENS)?;
    limits::room_for_more(session.media_tokens.len(), limits::MEDIA_TOKENS_EVER)?;
    Ok(vec![Event::MediaTokenIssued {
        token: format!("m{}", session.media_tokens.len() + 1),
        name: name.to_owned(),
        direction,
        digest: digest.to_owned(),
        person: guard.person.clone(),
    }])
}

fn revoke(session: &Session, token: &str) -> Result<Vec<Event>, Refusal> {
    let of = session.media_token(token).filter(|of| !of.revoked);
    let of = of.ok_or(Code::UnknownMediaToken)?;
    let mut events = vec![Event::MediaTokenRevoked {
        token: of.token.clone(),
    }];
    if of.connected {
        events.push(Event::MediaDisconnected {
            token: of.token.clone(),
            cause: DisconnectCause::Revoked,
        });
    }
    Ok(events)
}

/// Something came in by a token, or is gone.
pub(super) fn report(session: &Session, report: &Report) -> Result<Event, Refusal> {
    if matches!(session.stage, Stage::Scheduled | Stage::Closed) {
        return Err(Code::NotInThisStage.into());
    }
    let known = |token: &str| {
        let of = session.media_token(token);
        of.ok_or(Refusal::from(Code::UnknownMediaToken))
    };
    match report {
        Report::MediaConnected { token } => {
            let of = known(token)?;
            if of.revoked {
                return Err(Code::UnknownMediaToken.into());
            }
            if of.direction == Direction::Play && session.is_deliberating() {
                return Err(Code::DeliberationRunning.into());
            }
            if of.connected {
                return Err(Code::AlreadyExists.into());
            }
            Ok(Event::MediaConnected {
                token: token.clone(),
            })
        }
        Report::MediaDisconnected { token, cause } => {
            if !known(token)?.connected {
                return Err(Code::AlreadyExists.into());
            }
            Ok(Event::MediaDisconnected {
                token: token.clone(),
                cause: *cause,
            })
        }
        _ => Err(Code::NotAllowed.into()),
    }
}
