//! What somebody asks of a case. The server parses, fills in [`CaseContext`], and calls [`super::decide`].

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::event::DecisionFacts;
use super::guide::Retention;
use super::words::{
    CreditStanding, ExcludedCause, FileFacts, GovernmentApproval, MissingItem, Part, Rating,
    ReviewResult, ServiceMethod, Slip, Slot, Verdict, Written,
};
use crate::calendar::Calendar;
use crate::command::{Actor, Factor};
use crate::people::{PersonId, Role};
use crate::pool::{ExpertPool, Seed};
use crate::records::Accessed;

/// A command of a person; who says it is in [`CaseContext::actor`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum CaseCommand {
    /// Applicant side, or a handler at the window.
    SubmitMaterial { material: String, file: FileFacts },
    /// Handler (R10).
    TakeShared { material: String, sha256: String },
    /// Handler.
    ReviewMaterial { material: String, review: Verdict },
    /// Applicant side or a handler: 收件, the first time or after a notice.
    Receive {},
    /// Handler (R01): everything that is missing, at once.
    GiveNotice {
        missing: Vec<MissingItem>,
        contact: String,
    },
    /// Handler.
    CheckCredit { standing: CreditStanding },
    /// Applicant side: minor material follows by this day (R11, R12).
    Undertake {
        material: String,
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
        by: Date,
    },
    /// Applicant side, with a fresh factor (R12).
    Commit { sha256: String },
    /// Handler; the slip comes in the context (R03).
    Accept {},
    /// Handler; the slip comes in the context (R03).
    NotAccept {
        reason: String,
        basis: String,
        next_step: String,
        contact: String,
    },
    /// Handler.
    BeginReview {},
    /// Approver, once (R05); a joint case is extended in its bundle (R06).
    Extend {
        days: u32,
        reason: String,
        notice: Written,
    },
    /// Handler (R07).
    TellExcludedPeriod {
        cause: ExcludedCause,
        days: u32,
        notice: Written,
    },
    /// Handler (R07).
    StopClock { cause: ExcludedCause },
    /// Handler.
    ResumeClock {},
    /// Approver.
    AssignStaff { person: PersonId, role: Role },
    /// Approver.
    ReleaseStaff { person: PersonId },
    /// Approver.
    JoinDepartment { department: String, part: Part },
    /// Handler: a random draw from the pool, which comes in the context; whoever is drawn is called. A second draw of the
    /// field wants a reason; those whom it replaces are released.
    DrawExperts {
        field: String,
        count: u8,
        #[serde(default)]
        instead_of: Vec<PersonId>,
        #[serde(default)]
        reason: String,
    },
    /// The expert, with a fresh factor (R48). `sha256`: of the text that he signs.
    SignConfidentiality { sha256: String },
    /// Approver, or the person of himself (R16).
    RecordRecusal { person: PersonId, reason: String },
    /// Handler: an internal review note.
    NoteReview { text: String },
    /// Handler (R36).
    FlagMajor { reason: String },
    /// Staff who do not handle the case (R36).
    ReviewLegally {
        result: ReviewResult,
        opinion: String,
    },
    /// Handler (R35).
    NotifyInterestedParty { person: PersonId, interest: String },
    /// Interested party.
    State { text: String },
    /// Interested party.
    WaiveStatement {},
    /// Handler, after the window.
    NoteSilence { person: PersonId },
    /// Applicant side or interested party (ARL 47).
    RequestHearing {},
    /// Whoever asked for it.
    WithdrawHearing {},
    /// Handler.
    ScheduleHearing { at: i64, place: String },
    /// Handler.
    RecordHearing { record_digest: String },
    /// Handler: offered anew, it is a change.
    OfferAppointment { slots: Vec<Slot> },
    /// Applicant side.
    ConfirmAppointment { slot: Slot },
    /// Applicant side.
    AskAppointmentChange { wish: String },
    /// Applicant side or handler.
    CancelAppointment { reason: String },
    /// Handler. `items`: those reopened, where it is a re-survey (R44).
    ScheduleSession {
        session: String,
        #[serde(default)]
        items: Vec<String>,
    },
    /// Approver (R45).
    FindFalseMaterial { material: String, finding: String },
    /// Handler (R08).
    IssueLicence { number: String, pdf_digest: String },
    /// Handler (R08).
    Serve {
        method: ServiceMethod,
        to: String,
        proof_digest: String,
    },
    /// Applicant side (R47).
    ClaimSecret { material: String, passage: String },
    /// Handler (R47).
    ProposeMasking {
        text_digest: String,
        masked: Vec<String>,
    },
    /// Applicant side (R47).
    ObjectToMasking { text: String },
    /// Applicant side (R47).
    AcceptMasking {},
    /// Handler (R46).
    Publish { text_digest: String },
    /// Approver (R49).
    SetRetention { class: Retention },
    /// Approver (R49).
    SetRecordingRetention { session: String, class: Retention },
    /// Applicant side (R60).
    Rate {
        session: String,
        rating: Rating,
        #[serde(default)]
        text: String,
    },
    /// Approver (R60).
    GiveFeedback { session: String, text: String },
    /// Approver (R58). `until`: UTC µs, not part of it.
    ApproveOperator {
        operator: PersonId,
        purpose: String,
        until: i64,
    },
    /// Applicant side.
    Withdraw { reason: String },
    /// Handler.
    Close {},
}

/// What the server itself reports; no person can send these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseReport {
    /// R02: asked for by the clock; the slip comes in the context.
    TimePassed,
    /// From the session's journal. The server appends it in one transaction with the announcement.
    DecisionAnnounced(DecisionFacts),
    /// One of the four endings; `failed` are the items to reopen (R44).
    SessionEnded {
        session: String,
        head: String,
        outcome: String,
        failed: Vec<String>,
    },
    /// R59: before anything is shown; [`crate::authority::look`] makes the entry.
    RecordingOpened { session: String, accessed: Accessed },
    /// From the bundle's journal.
    BundleJoined { bundle: String },
    /// From the bundle's journal (R06).
    BundleExtended {
        days: u32,
        reason: String,
        notice: Written,
        government: GovernmentApproval,
    },
}

/// R45: the same application of the same applicant is blocked until the end of that day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The case in which the false material was found.
    pub of: String,
    pub uscc: String,
    pub item: String,
    pub until: Date,
}

/// Everything a case's decisions may use beside state and command.
#[derive(Clone, Debug)]
pub struct CaseContext<'a> {
    pub actor: &'a Actor,
    /// What the actor is at the bureau; what he is in the case, the case says.
    pub roles: &'a BTreeSet<Role>,
    /// UTC µs; never decreases within a journal.
    pub now: i64,
    pub calendar: &'a Calendar,
    /// Set when a fresh second factor was verified for this very act.
    pub factor: Option<Factor>,
    /// The slip that was made from this state, where the command is one that gives it.
    pub slip: Option<Slip>,
    /// Of all cases; [`super::Case::bar`] makes them.
    pub bars: &'a [Bar],
    /// Where the command is one that draws experts.
    pub draw: Option<DrawFrom<'a>>,
    /// Finished uploads of the actor to this very case, at least those that the command names.
    pub uploads: &'a [FileFacts],
}

/// The pool, and randomness that is fresh at this very act.
#[derive(Clone, Copy, Debug)]
pub struct DrawFrom<'a> {
    pub pool: &'a ExpertPool,
    pub seed: Seed,
}
