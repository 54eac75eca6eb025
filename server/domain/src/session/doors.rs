//! Machines that come in by a media token (docs/protocol/doors.md): what was issued, and what of it is there.

use crate::doors::{self, Direction, Shown};
use crate::event::Event;
use crate::people::{PersonId, SeatId};

use super::Session;

/// A media token as the journal knows it. It is the seat of what comes in by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaToken {
    /// `m1`, `m2`, … in the order issued.
    pub token: String,
    /// What a source is called; of a player, what it is shown.
    pub name: String,
    pub direction: Direction,
    /// SHA-256 of the secret, lower-case hex.
    pub digest: String,
    /// Who answers for it.
    pub person: PersonId,
    pub revoked: bool,
    pub connected: bool,
}

impl MediaToken {
    #[must_use]
    pub fn seat(&self) -> SeatId {
        SeatId(self.token.clone())
    }

    /// Whether it is there and publishes.
    #[must_use]
    pub fn is_source(&self) -> bool {
        self.direction == Direction::Publish && self.connected
    }
}

impl Session {
    #[must_use]
    pub fn media_token(&self, token: &str) -> Option<&MediaToken> {
        self.media_tokens.iter().find(|of| of.token == token)
    }

    /// The token with that secret, if it is good for anything.
    #[must_use]
    pub fn media_token_by(&self, digest: &str) -> Option<&MediaToken> {
        let mut tokens = self.media_tokens.iter();
        tokens.find(|of| of.digest == digest && !of.revoked)
    }

    /// What a player of that name is shown now; `None` where no good token brings a source of that name.
    #[must_use]
    pub fn shown(&self, name: &str) -> Option<Shown> {
        if let Some(shown) = doors::plain(name) {
            return Some(shown);
        }
        let mut sources = self.media_tokens.iter();
        let source = sources
            .find(|of| of.direction == Direction::Publish && !of.revoked && of.name == name)?;
        Some(Shown::Seat {
            seat: source.seat(),
            screen: false,
        })
    }

    pub(super) fn evolve_doors(&mut self, event: &Event) {
        match event {
            Event::MediaTokenIssued {
                token,
                name,
                direction,
                digest,
                person,
            } if self.media_token(token).is_none() => self.media_tokens.push(MediaToken {
                token: token.clone(),
                name: name.clone(),
                direction: *direction,
                digest: digest.clone(),
                person: person.clone(),
                revoked: false,
                connected: false,
            }),
            Event::MediaTokenRevoked { token } => self.change(token, |of| of.revoked = true),
            Event::MediaConnected { token } => {
                self.change(token, |of| of.connected = !of.revoked);
            }
            Event::MediaDisconnected { token, .. } => self.change(token, |of| of.connected = false),
            _ => {}
        }
    }

    fn change(&mut self, token: &str, change: impl FnOnce(&mut MediaToken)) {
        if let Some(of) = self.media_tokens.iter_mut().find(|of| of.token == token) {
            change(of);
        }
    }
}
