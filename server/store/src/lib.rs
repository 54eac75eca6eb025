//! Keeps what must outlive the process: journals, accounts, sign-ins, links, codes, the index of sessions, notices.
//!
//! The only user of sqlx. SQLite in WAL mode with `synchronous=FULL`: what was answered is on the disk. One writer, each
//! write a `BEGIN IMMEDIATE` transaction; readers beside it. Time and randomness come in as arguments. What this crate
//! does not do: decide anything, know what an event means, hash a password, or keep files.

mod accounts;
mod attempts;
mod codes;
mod error;
mod journal;
mod links;
mod outbox;
mod sessions;
mod sign_ins;
mod stills;
mod store;

pub use accounts::{Account, NewAccount, Person};
pub use attempts::Attempt;
pub use codes::{CodeCheck, NewCode, Purpose};
pub use error::StoreError;
pub use journal::{AppendError, AppendRequest, Head, IndexChange, JournalId, NewEntry};
pub use kanjie_evidence::{Entry, Hash, Opened};
pub use links::{Link, NewLink};
pub use outbox::{NewNotice, WaitingNotice};
pub use sessions::{Part, SessionRow};
pub use sign_ins::{NewSignIn, SignIn};
pub use stills::Still;
pub use store::Store;

/// SHA-256 of a token or a code: what is stored in its place.
pub type TokenHash = [u8; 32];
