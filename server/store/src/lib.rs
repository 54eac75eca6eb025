//! Keeps what must outlive the process: journals, accounts, sign-ins, links, codes, the indices of cases and sessions,
//! notices.
//!
//! The only user of sqlx. Two engines, one behaviour: SQLite, the embedded default, in WAL mode with `synchronous=FULL`
//! and one writer whose transactions `BEGIN IMMEDIATE`; or `PostgreSQL`, where transactions run beside each other and hold
//! locks by name ([`store::Tx::lock`]). What was answered is on the disk. Time and randomness come in as arguments. What
//! this crate does not do: decide anything, know what an event means, hash a password, or keep files.
//!
//! A statement is a constant made by `statements!`, one text for both engines where it can be.

mod accounts;
mod answers;
mod attempts;
mod backup;
mod calendar;
mod case_work;
mod cases;
mod catalogue;
mod challenges;
mod codes;
mod database;
mod error;
mod identities;
mod journal;
mod links;
mod migrations;
mod outbox;
mod passkeys;
mod revocations;
mod sessions;
mod sign_ins;
mod statement;
mod status;
mod stills;
mod store;
mod terms;
mod transfer;
mod uploads;
mod verify;
mod webhooks;

pub use accounts::{Account, NewAccount, Person};
pub use answers::{AnswerKey, KeptAnswer, Taken};
pub use attempts::Attempt;
pub use calendar::{Appointment, Occasion, Revision};
pub use case_work::{BarRow, CaseEffect, CasePaper, CaseWork};
pub use cases::{CaseCounts, CaseFilter, CasePage, CaseRow, DueCursor, DuePage};
pub use catalogue::{Catalogued, HOLIDAY_YEAR};
pub use challenges::{ChallengePurpose, NewChallenge};
pub use codes::{CodeCheck, NewCode, Purpose};
pub use database::{Database, Postgres};
pub use error::StoreError;
pub use identities::NewIdentity;
pub use journal::{AppendError, AppendRequest, Head, IndexChange, JournalId, NewEntry};
pub use kanjie_evidence::{Entry, Hash, Opened};
pub use links::{Link, LinkTo, NewLink};
pub use migrations::{Migration, MigrationState};
pub use outbox::{Delivery, DeliveryState, NewNotice, Outcome, RecipientLimit, WaitingNotice};
pub use passkeys::{NewPasskey, Passkey};
pub use revocations::Device;
pub use sessions::{Part, SessionRow};
pub use sign_ins::{NewSignIn, SignIn, SignInMethod};
pub use statement::Statement;
pub use status::{CaseStanding, NewStatusRequest, StatusCheck, StatusRequest};
pub use stills::Still;
pub use store::Store;
pub use transfer::{TransferError, Transferred};
pub use uploads::{NewUpload, Upload, UploadQuota};
pub use verify::{Verified, VerifyError};
pub use webhooks::{DueEvent, Endpoint, NewEndpoint, PausedBy, TryOutcome};

/// SHA-256 of a token or a code: what is stored in its place.
pub type TokenHash = [u8; 32];

/// Every statement with its name, for the test that prepares them all on both engines.
pub fn statements() -> impl Iterator<Item = (&'static str, Statement)> {
    [
        accounts::STATEMENTS,
        answers::STATEMENTS,
        attempts::STATEMENTS,
        calendar::STATEMENTS,
        case_work::STATEMENTS,
        catalogue::STATEMENTS,
        cases::COUNT_STATEMENTS,
        cases::LEAD_STATEMENTS,
        cases::REBUILD_STATEMENTS,
        cases::STATEMENTS,
        cases::WRITE_STATEMENTS,
        challenges::STATEMENTS,
        codes::STATEMENTS,
        identities::STATEMENTS,
        journal::STATEMENTS,
        links::STATEMENTS,
        migrations::STATEMENTS,
        outbox::STATEMENTS,
        passkeys::STATEMENTS,
        revocations::STATEMENTS,
        sessions::STATEMENTS,
        sign_ins::STATEMENTS,
        status::STATEMENTS,
        stills::STATEMENTS,
        store::STATEMENTS,
        uploads::STATEMENTS,
        verify::STATEMENTS,
        webhooks::DELIVERY_STATEMENTS,
        webhooks::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
