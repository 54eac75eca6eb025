//! What happened in a case: the `event` of a case journal's entry. Only ever extended; old entries must parse for ever.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::guide::{Guide, Retention};
use super::words::{
    CreditStanding, ExcludedCause, FileFacts, GovernmentApproval, MissingItem, Part,
    PartyStatement, Rating, ReviewResult, Route, ServiceMethod, Slip, Slot, Verdict, Written,
};
use crate::command::{Actor, Factor};
use crate::event::DecisionKind;
use crate::people::{PersonId, Role};
use crate::pool::ExpertDraw;
use crate::records::Accessed;

/// What everybody in the room may know of the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseBrief {
    /// 办件编号.
    pub case_no: String,
    /// 事项.
    pub item_title: String,
    pub applicant: String,
    /// 统一社会信用代码.
    pub uscc: String,
    /// Registered address of the site.
    pub address: String,
    /// The authority in whose name the decision is made.
    pub authority: String,
    pub contact: String,
}

/// What is applied for and by whom; entry 2 of every case that was not only made for one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub case: String,
    pub applicant: PersonId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<PersonId>,
    pub guide: Guide,
}

/// The decision as it was announced in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionFacts {
    pub session: String,
    /// The session's journal head at the announcement.
    pub head: String,
    pub kind: DecisionKind,
    pub number: String,
    pub content_digest: String,
}

/// What an entry's body holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRecorded {
    pub actor: Actor,
    /// UTC µs; never decreases within a journal.
    pub at: i64,
    pub event: CaseEvent,
}

/// Events of a case's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CaseEvent {
    Created {
        brief: CaseBrief,
    },
    /// R16: from here on no session of the case opens to this person.
    RecusalRecorded {
        person: PersonId,
        reason: String,
    },
    SessionScheduled {
        session: String,
    },
    /// The session's journal head at the announcement or ending is referred to from the case.
    SessionResult {
        session: String,
        head: String,
        outcome: String,
    },

    ApplicationOpened(Box<Application>),
    MaterialSubmitted {
        material: String,
        file: FileFacts,
    },
    /// R10: got from where it is, not from the applicant.
    MaterialShared {
        material: String,
        sha256: String,
    },
    MaterialReviewed {
        material: String,
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// 收件; `submission` counts from 1.
    Received {
        submission: u32,
    },
    /// R45: at receipt, where false material blocks this application. `until_us`: the end of that day, UTC µs.
    BarNoted {
        of: String,
        until: Date,
        until_us: i64,
    },
    /// R01.
    NoticeGiven {
        submission: u32,
        missing: Vec<MissingItem>,
        contact: String,
    },
    CreditChecked {
        standing: CreditStanding,
    },
    UndertakingGiven {
        material: String,
        by: Date,
    },
    CommitmentMade {
        sha256: String,
        factor: Factor,
    },
    /// R03. `on`: the day from which the clock counts; the receipt's where it is deemed (R02).
    Accepted {
        on: Date,
        route: Route,
        slip: Slip,
    },
    NotAccepted {
        reason: String,
        basis: String,
        next_step: String,
        contact: String,
        slip: Slip,
    },
    ReviewBegun,

    /// R06: from here on the clock is the bundle's.
    BundleJoined {
        bundle: String,
    },
    /// R05, R06.
    Extended {
        days: u32,
        reason: String,
        notice: Written,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        government: Option<GovernmentApproval>,
    },
    /// R07: the applicant was told in writing how long.
    ExcludedPeriodTold {
        cause: ExcludedCause,
        days: u32,
        notice: Written,
    },
    ClockStopped {
        cause: ExcludedCause,
    },
    ClockResumed,

    StaffAssigned {
        person: PersonId,
        role: Role,
    },
    StaffReleased {
        person: PersonId,
    },
    DepartmentJoined {
        department: String,
        part: Part,
    },
    /// With everything by which anybody can repeat it.
    ExpertsDrawn(Box<ExpertDraw>),
    /// `draw`: the number of the draw.
    ExpertCalled {
        person: PersonId,
        draw: String,
    },
    /// Another is drawn in his place.
    ExpertReleased {
        person: PersonId,
        reason: String,
    },
    /// R48. `sha256`: of the text.
    ConfidentialitySigned {
        person: PersonId,
        sha256: String,
        factor: Factor,
    },
    ReviewNoted {
        text: String,
    },
    /// 重大 (R36).
    MajorFlagged {
        reason: String,
    },
    LegalReviewed {
        result: ReviewResult,
        opinion: String,
    },

    /// R35. `window_until`: the end of the last day to ask for a hearing, UTC µs.
    InterestedPartyNotified {
        person: PersonId,
        interest: String,
        window_until: i64,
    },
    PartyStated {
        person: PersonId,
        #[serde(flatten)]
        statement: PartyStatement,
    },
    HearingRequested {
        person: PersonId,
    },
    HearingWithdrawn {
        person: PersonId,
    },
    HearingScheduled {
        at: i64,
        place: String,
    },
    HearingHeld {
        record_digest: String,
    },

    AppointmentOffered {
        slots: Vec<Slot>,
    },
    AppointmentConfirmed {
        slot: Slot,
    },
    AppointmentChangeAsked {
        wish: String,
    },
    AppointmentCancelled {
        reason: String,
    },
    /// R44: beside `SessionScheduled`.
    ResurveyScheduled {
        session: String,
        items: Vec<String>,
    },
    /// Beside `SessionResult`: the items of that session that failed or stayed open.
    ItemsFailed {
        session: String,
        items: Vec<String>,
    },
    Decided(DecisionFacts),

    /// R45. `until`: the last day of the block.
    FalseMaterialFound {
        material: String,
        finding: String,
        until: Date,
    },
    LicenceIssued {
        number: String,
        pdf_digest: String,
    },
    Served {
        method: ServiceMethod,
        to: String,
        proof_digest: String,
    },
    /// R47.
    SecretClaimed {
        material: String,
        passage: String,
    },
    MaskingProposed {
        text_digest: String,
        masked: Vec<String>,
        objections_until: i64,
    },
    MaskingObjected {
        text: String,
    },
    MaskingAccepted,
    /// R46.
    Published {
        text_digest: String,
    },
    RetentionSet {
        class: Retention,
    },
    RecordingRetentionSet {
        session: String,
        class: Retention,
    },
    /// R60.
    RatingRequested {
        session: String,
    },
    Rated {
        session: String,
        rating: Rating,
        text: String,
    },
    FeedbackGiven {
        session: String,
        text: String,
    },
    /// R58: the bureau lets a contractor see this case.
    OperatorApproved {
        operator: PersonId,
        purpose: String,
        until: i64,
    },
    /// R59.
    RecordingOpened {
        session: String,
        #[serde(flatten)]
        accessed: Accessed,
    },
    Withdrawn {
        reason: String,
    },
    Closed,
}
