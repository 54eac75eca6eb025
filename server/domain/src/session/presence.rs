//! Where each person stands between absent and admitted. Presence is by person, not by connection.

use crate::event::IdentityMethod;
use crate::people::{PersonId, SeatId};
use crate::site::Whereabouts;

/// What the session knows of one person called to it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Attendance {
    pub presence: Presence,
    /// Every time the person was in the room, for the documents (R42).
    pub stays: Vec<Stay>,
    /// Entries this person caused; bounds what one person can add to the journal.
    pub entries: u32,
}

/// From admission to departure, UTC µs, with what the person showed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    pub from: i64,
    pub until: Option<i64>,
    pub identity: Identity,
    pub credential: Option<Credential>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Presence {
    #[default]
    Absent,
    AtDoor(AtDoor),
    Admitted(Admitted),
}

/// A seat taken on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub seat: SeatId,
    pub device: String,
    pub since: i64,
    pub connection: Connection,
    pub media: Media,
}

/// Lost means the network, never an act (R22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    Up,
    Lost { since: i64 },
}

/// What the person has switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Media {
    pub microphone: bool,
    pub camera: bool,
    pub screen: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtDoor {
    pub place: Place,
    pub notice: Notice,
    pub identity: Option<Identity>,
    /// Came back at another seat after the network failed: still under R22 until admitted.
    pub after_loss: bool,
}

/// The recording notice (R19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Unanswered,
    Acknowledged { version: String, at: i64 },
    Refused { at: i64 },
}

/// The document itself is never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub checker: PersonId,
    pub method: IdentityMethod,
    pub last_four: String,
    pub authorisation: Option<String>,
    pub at: i64,
}

/// Only reached with the notice acknowledged and the identity checked (R18, R19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    pub place: Place,
    pub notice: String,
    pub identity: Identity,
    pub since: i64,
    /// R17.
    pub credential: Option<Credential>,
    pub hand_raised: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub number_last_four: String,
    pub at: i64,
    /// As said when it was shown, or since.
    pub whereabouts: Whereabouts,
}

impl Presence {
    /// The seat, for a person who is there or at the door.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::Absent => None,
            Self::AtDoor(door) => Some(&door.place),
            Self::Admitted(admitted) => Some(&admitted.place),
        }
    }

    pub(crate) const fn place_mut(&mut self) -> Option<&mut Place> {
        match self {
            Self::Absent => None,
            Self::AtDoor(door) => Some(&mut door.place),
            Self::Admitted(admitted) => Some(&mut admitted.place),
        }
    }

    #[must_use]
    pub const fn admitted(&self) -> Option<&Admitted> {
        match self {
            Self::Admitted(admitted) => Some(admitted),
            _ => None,
        }
    }

    #[must_use]
    pub const fn at_door(&self) -> Option<&AtDoor> {
        match self {
            Self::AtDoor(door) => Some(door),
            _ => None,
        }
    }

    /// At the door or admitted, and reachable.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.place()
            .is_some_and(|place| place.connection == Connection::Up)
    }

    /// Admitted and reachable.
    #[must_use]
    pub fn is_in_room(&self) -> bool {
        self.admitted().is_some() && self.is_connected()
    }

    /// Whether the notice was acknowledged by this person (R19).
    #[must_use]
    pub const fn has_acknowledged(&self) -> bool {
        match self {
            Self::Absent => false,
            Self::AtDoor(door) => matches!(door.notice, Notice::Acknowledged { .. }),
            Self::Admitted(_) => true,
        }
    }

    /// Kept away by the network: lost, or back but not let in again (R22).
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        match self {
            Self::Absent => false,
            Self::AtDoor(door) => door.after_loss || !self.is_connected(),
            Self::Admitted(_) => !self.is_connected(),
        }
    }
}
