//! Names at the doors for machines (docs/protocol/doors.md).

use serde::{Deserialize, Serialize};

use crate::people::SeatId;

/// Which way a media token's media goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A named source sends it.
    Publish,
    /// A wall shows it.
    Play,
}

/// Why something that came by a token is there no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectCause {
    /// It ended its connection itself.
    Left,
    /// The network, or the machine.
    Lost,
    /// The same token came anew.
    Replaced,
    Revoked,
    /// R28: players are shut out.
    Deliberation,
}

/// What a player is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    ActiveSpeaker,
    Seat { seat: SeatId, screen: bool },
}

/// What is shown by a name that needs no source of that name: `active-speaker`, `s3`, `m1`, `s3-screen`.
#[must_use]
pub fn plain(name: &str) -> Option<Shown> {
    if name == "active-speaker" {
        return Some(Shown::ActiveSpeaker);
    }
    let (seat, screen) = match name.strip_suffix("-screen") {
        Some(seat) => (seat, true),
        None => (name, false),
    };
    let number = seat.strip_prefix(['s', 'm'])?;
    let is_number = (1..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| Shown::Seat {
        seat: SeatId(seat.to_owned()),
        screen,
    })
}

/// Whether people may call a source so: it is no name that means something else already, and can be read.
#[must_use]
pub fn names_a_source(name: &str) -> bool {
    plain(name).is_none() && is_readable(name)
}

pub(crate) fn is_readable(name: &str) -> bool {
    name.trim() == name && !name.is_empty() && !name.chars().any(char::is_control)
}
