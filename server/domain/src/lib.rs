//! What the law and the procedure demand of a survey session, as pure functions.
//!
//! `decide` turns a command into events or a refusal, `evolve` folds events into a [`Session`], `visible` says who may read
//! an entry. No I/O, no clock, no randomness: time, fresh ids and digests come in through [`Context`]. What this crate does
//! not do: hash, sign, store, send, or move media.

pub mod archive;
mod audience;
pub mod authority;
pub mod calendar;
pub mod case;
mod checks;
pub mod command;
mod decide;
pub mod documents;
pub mod doors;
pub mod event;
pub mod limits;
pub mod outward;
pub mod papers;
pub mod people;
pub mod pool;
mod readiness;
pub mod records;
pub mod refusal;
mod resurvey;
pub mod seed;
pub mod session;
pub mod site;
pub mod template;
pub mod template_set;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod together;
pub mod uscc;
mod visible;

pub use audience::{Publishing, audience, ready};
pub use calendar::{Calendar, CalendarError};
pub use case::{
    Case, CaseBrief, CaseCommand, CaseContext, CaseEvent, CaseFacts, CaseRecorded, Facts,
};
pub use command::{
    Actor, Command, Context, Digests, DocumentFacts, Factor, FactorKind, PasskeySignature, Report,
};
pub use decide::{decide, report};
pub use documents::{DecisionContent, SurveyRecordContent, decision_content, survey_record};
pub use event::{Event, FurtherCase, Recorded, Scheduled};
pub use people::{Participant, PersonId, Role, SeatId};
pub use readiness::{Act, ActReadiness, readiness};
pub use refusal::{Code, Refusal};
pub use resurvey::resurvey_scheduled;
pub use seed::{DEFAULT_REMEDIES, template_versions, templates};
pub use session::Session;
pub use together::SurveyedCase;
pub use visible::{Viewer, visible};
