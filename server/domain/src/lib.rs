//! What the law and the procedure demand of a survey session, as pure functions.
//!
//! `decide` turns a command into events or a refusal, `evolve` folds events into a [`Session`], `visible` says who may read
//! an entry. No I/O, no clock, no randomness: time, fresh ids and digests come in through [`Context`]. What this crate does
//! not do: hash, sign, store, send, or move media.

pub mod case;
pub mod command;
pub mod event;
pub mod people;
pub mod refusal;
pub mod template;

pub use case::{CaseBrief, CaseEvent, CaseFacts};
pub use command::{Actor, Command, Context, Digests, DocumentFacts, Factor, FactorKind, Report};
pub use event::Event;
pub use people::{Participant, PersonId, Role, SeatId};
pub use refusal::{Code, Refusal};
