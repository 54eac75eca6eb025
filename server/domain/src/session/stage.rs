//! The stages of a session, each with the data that only it has.

use crate::event::{DecisionText, Ending, SurveyOutcome, Suspension};
use crate::people::PersonId;

/// scheduled → lobby → live ⇄ suspended → ended → closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    Scheduled,
    Lobby,
    Live(Run),
    Suspended {
        run: Run,
        cause: Suspension,
        since: i64,
    },
    Ended,
    Closed,
}

/// What goes on while a session runs; survives a suspension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub started_at: i64,
    pub talk: Talk,
}

/// Who the talk in the room is for (R28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    Open,
    Deliberation { since: i64 },
}

/// How a case left the session: exactly one of these (R43).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Announced {
        at: i64,
        content_digest: String,
        live: Vec<PersonId>,
        recording_offset_us: u64,
    },
    Ending {
        at: i64,
        ending: Ending,
        reason: String,
        next_step: String,
        contact: String,
    },
}

/// R18: chair and person alone; at most one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityCheck {
    pub person: PersonId,
    pub checker: PersonId,
    pub since: i64,
}

/// The one recording; only the server starts and stops it (R29).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recording {
    NotStarted,
    Running { since: i64 },
    Stopped { since: i64, detail: String },
}

impl Recording {
    /// Whether what is sent now is kept.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }
}

/// The survey conclusion (勘验结论) of one case, with the decision that follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    pub at: i64,
    pub outcome: SurveyOutcome,
    pub text: String,
    /// Whom the chair confirmed to be there.
    pub present: Vec<PersonId>,
    pub decision: Decision,
}

/// The survey record (勘验笔录) of all cases, as it was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedRecord {
    pub at: i64,
    pub digest: String,
    pub pdf_digest: String,
    pub signatures: Vec<Signature>,
    pub refusals: Vec<SignatureRefused>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub person: PersonId,
    pub at: i64,
}

/// R33: the refusal to sign, noted by the chair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureRefused {
    pub person: PersonId,
    pub reason: String,
    pub at: i64,
}

/// The decision (审批决定): an act of its own, never one button with the conclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    None,
    Drafted {
        text: DecisionText,
        by: Option<PersonId>,
    },
    Sealed(Box<SealedDecision>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedDecision {
    pub text: DecisionText,
    pub at: i64,
    pub number: String,
    pub content_digest: String,
    pub pdf_digest: String,
    pub signer: PersonId,
    pub seal: String,
}
