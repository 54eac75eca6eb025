//! The doors for machines: WHIP (RFC 9725) and WHEP, docs/protocol/doors.md.
//!
//! Here is what both ends of a door have in common: the HTTP of it, and which connections there are. Whose rooms these are
//! is behind [`Doors`]: the sessions' (`rooms/doors.rs`), or those of `kanjie bench-room` (`rooms/bench.rs`).

pub mod entries;
mod frag;
pub mod http;

use std::future::Future;

use kanjie_domain::Code;
use kanjie_domain::doors::Direction;

use crate::problem::{Problem, ProblemCode};

/// What came in `Authorization: Bearer`.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer(pub String);

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer")
    }
}

/// Somebody wants to come in.
#[derive(Clone, Debug)]
pub struct Knock {
    pub direction: Direction,
    pub bearer: Bearer,
    /// `from` of a player; `name` of a source, which only the bench asks for.
    pub name: Option<String>,
    pub offer: String,
    /// Where from, as a key of quotas.
    pub address: String,
}

/// Somebody came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub resource: String,
    pub answer: String,
    pub version: u64,
}

/// A connection that there is, as its owner names it.
#[derive(Clone, Debug)]
pub struct At {
    pub direction: Direction,
    pub bearer: Bearer,
    pub resource: String,
}

/// `If-Match` of a PATCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    Any,
    Versions(Vec<u64>),
}

/// What a PATCH brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    pub if_match: IfMatch,
    /// The client's ICE ufrag: another than before is a restart.
    pub ufrag: String,
}

/// What became of a PATCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patched {
    /// Candidates, of which the relay needs none.
    Trickled,
    Restarted {
        ufrag: String,
        pwd: String,
        candidates: Vec<String>,
        version: u64,
    },
}

/// Why a door stays shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorError {
    /// The token is not good for this.
    Token,
    /// Nothing is there for this token.
    NotFound,
    /// The session has not begun, or nothing is there yet that could be shown.
    NotReady,
    Deliberation,
    Description,
    TooMany,
    TooOften,
    /// The connection has another version by now.
    Version,
    Unavailable,
}

impl From<DoorError> for Problem {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::Token => ProblemCode::TokenRefused,
            DoorError::NotFound => ProblemCode::NotFound,
            DoorError::NotReady => ProblemCode::NotReady,
            DoorError::Deliberation => ProblemCode::Refused(Code::DeliberationRunning),
            DoorError::Description => ProblemCode::Malformed,
            DoorError::TooMany => ProblemCode::Refused(Code::LimitReached),
            DoorError::TooOften => ProblemCode::TooManyRequests,
            DoorError::Version => ProblemCode::PreconditionFailed,
            DoorError::Unavailable => ProblemCode::Internal,
        }
        .into()
    }
}

/// Rooms with doors.
pub trait Doors: Clone + Send + Sync + 'static {
    /// Lets somebody in.
    fn open(
        &self,
        room: &str,
        knock: Knock,
    ) -> impl Future<Output = Result<Opened, DoorError>> + Send;

    /// Candidates, or a restart of ICE.
    fn patch(
        &self,
        room: &str,
        at: At,
        patch: Patch,
    ) -> impl Future<Output = Result<Patched, DoorError>> + Send;

    /// Ends a connection.
    fn close(&self, room: &str, at: At) -> impl Future<Output = Result<(), DoorError>> + Send;
}
