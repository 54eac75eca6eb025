//! The state of a session: the fold of its journal.
//!
//! [`Session::evolve`] takes any sequence of events and never panics: an event that cannot apply where the session stands
//! changes nothing. So a state is lawful however it came about, and `decide` alone says which events may be written.

mod doors;
mod evolve;
mod evolve_matters;
mod evolve_people;
mod location;
mod matter;
mod presence;
mod queries;
mod stage;

use std::collections::BTreeMap;

pub use doors::MediaToken;
pub use location::{Deviation, LocationOverride, OnSiteRequest};
pub use matter::Matter;
pub use presence::{
    Admitted, AtDoor, Attendance, Connection, Credential, Identity, Media, Notice, Place, Presence,
    Stay,
};
pub use stage::{
    Conclusion, Decision, IdentityCheck, Outcome, PreparedRecord, Recording, Run, SealedDecision,
    Signature, SignatureRefused, Stage, Talk,
};

use crate::event::{Answer, Clock, Event, Evidence, OpinionKind, Recorded, Scheduled, Stance};
use crate::people::PersonId;

/// Everything a decision about a session reads, and everything the documents print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub scheduled: Scheduled,
    pub stage: Stage,
    /// Of the last entry, UTC µs.
    pub last_at: i64,
    pub started_at: Option<i64>,
    pub clock: Option<Clock>,
    /// Of every participant, the absent too.
    pub attendance: BTreeMap<PersonId, Attendance>,
    pub identity_check: Option<IdentityCheck>,
    pub recording: Recording,
    pub segments: BTreeMap<String, Segment>,
    pub gaps: Vec<Gap>,
    /// Number of the last checkpoint.
    pub checkpoint: Option<u64>,
    /// By item code; carried answers of a re-survey included (R44).
    pub answers: BTreeMap<String, Answered>,
    /// R21: item code → the chair's reason.
    pub unsuitable: BTreeMap<String, String>,
    /// In the order taken; never changed (R26).
    pub evidence: Vec<TakenEvidence>,
    pub annotations: Vec<Annotation>,
    pub opinions: Vec<Opinion>,
    pub statements: Vec<Statement>,
    /// Lines of chat so far; the words themselves stay in the journal.
    pub said: u32,
    /// R20: every one there was, the last may stand.
    pub on_site_requests: Vec<OnSiteRequest>,
    /// R23: every one there was.
    pub deviations: Vec<Deviation>,
    /// One a case, in the order of `scheduled.cases()`; never empty.
    pub matters: Vec<Matter>,
    /// The one survey record of all cases.
    pub record: Option<PreparedRecord>,
    pub receipts: u32,
    /// In the order issued; the revoked too.
    pub media_tokens: Vec<MediaToken>,
}

/// A segment of one recorded track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub track: String,
    pub person: Option<PersonId>,
    pub private: bool,
    pub open: bool,
}

/// R30. Times UTC µs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub track: Option<String>,
    pub cause: String,
    pub from: i64,
    pub until: i64,
}

/// The answer that stands for a check item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub answer: Answer,
    /// Absent for an answer carried from the session before (R44).
    pub person: Option<PersonId>,
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenEvidence {
    pub evidence: Evidence,
    /// The server's time (R26).
    pub at: i64,
}

/// R27: a layer; the original stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    pub id: String,
    pub evidence: String,
    pub person: PersonId,
    pub note: String,
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    pub person: PersonId,
    pub kind: OpinionKind,
    pub stance: Stance,
    pub text: String,
    /// Filed in a deliberation: not for the applicant's eyes (R28).
    pub deliberation: bool,
    pub at: i64,
}

/// R34: 陈述申辩, or that the applicant waived it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub person: PersonId,
    pub text: String,
    pub waived: bool,
    pub at: i64,
}

impl Session {
    /// The state after entry 1, which must be [`Event::Scheduled`]; `None` for anything else.
    #[must_use]
    pub fn begin(entry: &Recorded) -> Option<Self> {
        let Event::Scheduled(scheduled) = &entry.event else {
            return None;
        };
        Some(Self::new(scheduled, entry.at))
    }

    fn new(scheduled: &Scheduled, at: i64) -> Self {
        let carried = scheduled
            .cases()
            .filter_map(|of| of.resurvey)
            .flat_map(|resurvey| &resurvey.carried)
            .filter(|answer| !scheduled.is_open(&answer.code));
        Self {
            scheduled: scheduled.clone(),
            stage: Stage::Scheduled,
            last_at: at,
            started_at: None,
            clock: None,
            attendance: scheduled
                .participants
                .iter()
                .map(|participant| (participant.person.clone(), Attendance::default()))
                .collect(),
            identity_check: None,
            recording: Recording::NotStarted,
            segments: BTreeMap::new(),
            gaps: Vec::new(),
            checkpoint: None,
            answers: carried
                .map(|answer| {
                    let answered = Answered {
                        answer: answer.clone(),
                        person: None,
                        at,
                    };
                    (answer.code.clone(), answered)
                })
                .collect(),
            unsuitable: BTreeMap::new(),
            evidence: Vec::new(),
            annotations: Vec::new(),
            opinions: Vec::new(),
            statements: Vec::new(),
            said: 0,
            on_site_requests: Vec::new(),
            deviations: Vec::new(),
            matters: scheduled.cases().map(|of| Matter::new(of.case)).collect(),
            record: None,
            receipts: 0,
            media_tokens: Vec::new(),
        }
    }
}
