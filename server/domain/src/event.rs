//! What happened: the `event` of a session journal entry. Only ever extended; old entries must parse for ever.
//!
//! An entry's body is the canonical JSON of `{at, actor, event}`; `actor` is a person id or `system`. No floating point:
//! measured values are decimal strings, positions 1e-7 degrees.

use serde::{Deserialize, Serialize};

use crate::case::CaseBrief;
use crate::command::{Actor, Factor};
use crate::doors::{Direction, DisconnectCause};
use crate::people::{Participant, PersonId, SeatId};
use crate::site::{Site, Whereabouts};
use crate::template::Template;

/// The state of the server's clock when a session opens (design.md section 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Clock {
    Synchronised {
        source: String,
    },
    /// The configuration says how the clock is kept.
    Kept {
        how: String,
    },
    /// Not known to be synchronised; the chair went on with a reason.
    Overridden {
        reason: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Remote,
    Hybrid,
    OnSite,
}

/// Everything the session begins with; always entry 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    pub session: String,
    pub case: String,
    pub brief: CaseBrief,
    pub template: Template,
    pub participants: Vec<Participant>,
    /// Departments whose opinion a joint conclusion needs (R37).
    pub joining_departments: Vec<String>,
    pub mode: Mode,
    /// Planned start, UTC µs.
    pub starts_at: i64,
    /// R44: the session whose failed items this one reopens, with the answers that stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resurvey: Option<Resurvey>,
    /// R23: absent where no position is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
    /// 证照联办: the cases that are surveyed together with `case`, each with its own decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<FurtherCase>,
}

/// A case beside the first: what a session of it alone would begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherCase {
    pub case: String,
    pub brief: CaseBrief,
    pub template: Template,
    pub joining_departments: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resurvey: Option<Resurvey>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resurvey {
    pub of: String,
    pub carried: Vec<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum IdentityMethod {
    /// Resident identity card held to the camera.
    IdCard,
    Passport,
    /// Staff credential held to the camera.
    StaffCredential,
    /// The chair's own fresh second factor.
    SecondFactor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepartureCause {
    /// Leaving is an act.
    Left,
    Removed,
    /// The sign-in behind the connection was ended, by its owner or by an administrator.
    Revoked,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Suspension {
    /// R15.
    QuorumLost,
    RecordingStopped {
        detail: String,
    },
    Chair {
        reason: String,
    },
}

/// The answers to a check item; `unanswered` is the absence of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    Met,
    NotMet,
    /// Failed at first, mended while the session ran: counts as met.
    Mended,
    NotApplicable,
    OnSiteOnly,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Measurement {
    /// Decimal, as read: `"4.2"`.
    pub value: String,
    pub unit: String,
    pub how: MeasuredHow,
}

/// What R25 accepts for items marked P or N.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MeasuredHow {
    Measurement,
    TestRecord,
    OnSiteReading,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer {
    pub code: String,
    pub result: CheckResult,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurement: Option<Measurement>,
    /// Evidence ids that support it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// Exterior shot that shows the address (R24).
    Exterior,
    Photo,
    Reading,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Position {
    pub lat_e7: i64,
    pub lon_e7: i64,
    pub accuracy_m: u32,
}

impl Position {
    pub(crate) const fn is_on_earth(&self) -> bool {
        self.lat_e7.unsigned_abs() <= 900_000_000 && self.lon_e7.unsigned_abs() <= 1_800_000_000
    }
}

/// R26: what every piece of evidence carries; the server's time is the entry's `at`, the case the session's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    pub id: String,
    pub kind: EvidenceKind,
    /// The check item; the exterior shot may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    pub person: PersonId,
    pub device: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    pub bytes: u64,
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
    /// The device's capture time, UTC µs.
    pub captured_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// A point of the picture, in 1/10000 of its width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Point {
    pub x: u16,
    pub y: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    Agree,
    Disagree,
    Rectify,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OpinionKind {
    Expert,
    Department { department: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChatScope {
    Room,
    /// Reaches only those in the deliberation (R28).
    Deliberation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SurveyOutcome {
    Passed,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    Granted,
    Refused,
}

/// The approver's text of the decision (R38, R40, R41).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecisionText {
    pub kind: DecisionKind,
    /// What is granted or refused, in one line.
    pub result: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub basis: Vec<String>,
    #[serde(default)]
    pub remedies: String,
    #[serde(default)]
    pub next_step: String,
    #[serde(default)]
    pub contact: String,
    /// R38: why it departs from an expert's opinion, where it does.
    #[serde(default)]
    pub departure_reason: String,
}

/// R43: the four ways to end without a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Ending {
    /// `by`: civil date, `2026-12-05`.
    Rectify {
        by: String,
    },
    Resurvey {
        by: String,
    },
    SwitchOnSite,
    Hearing,
}

/// What an entry's body holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    pub actor: Actor,
    /// UTC µs; never decreases within a journal.
    pub at: i64,
    pub event: Event,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    Scheduled(Box<Scheduled>),
    LobbyOpened {
        clock: Clock,
    },

    /// A person is at the door on a device, signed in or by link and code. Presence is by person (several a seat).
    Arrived {
        person: PersonId,
        seat: SeatId,
        device: String,
    },
    /// The person came by the personal link on one more device; `number` counts from 1. For chair, supervisor and the
    /// person.
    DeviceAdded {
        person: PersonId,
        device: String,
        number: u32,
    },
    NoticeAcknowledged {
        person: PersonId,
        notice: String,
    },
    /// R19: offers an on-site survey instead.
    NoticeRefused {
        person: PersonId,
    },
    /// R18: chair and person alone; their media is neither recorded nor forwarded to others until it ends.
    IdentityCheckBegun {
        person: PersonId,
        checker: PersonId,
    },
    IdentityCheckStopped {
        person: PersonId,
    },
    /// The document itself is never kept: method, checker, last four digits.
    IdentityChecked {
        person: PersonId,
        checker: PersonId,
        method: IdentityMethod,
        last_four: String,
        /// An agent's power of attorney as shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authorisation: Option<String>,
    },
    Admitted {
        person: PersonId,
    },
    /// R17.
    CredentialShown {
        person: PersonId,
        number_last_four: String,
        #[serde(default, skip_serializing_if = "Whereabouts::is_remote")]
        whereabouts: Whereabouts,
    },
    WhereaboutsChanged {
        person: PersonId,
        whereabouts: Whereabouts,
    },
    /// R23.
    PositionReported {
        person: PersonId,
        position: Position,
    },
    /// R23: one of the two staff, on the device of `of`.
    LocationOverridden {
        person: PersonId,
        of: PersonId,
        reason: String,
    },
    /// R20: what was done stays valid; answered by the ending `switch_on_site`, or withdrawn.
    OnSiteAsked {
        person: PersonId,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    OnSiteWithdrawn {
        person: PersonId,
    },
    Departed {
        person: PersonId,
        cause: DepartureCause,
    },
    /// The network, not an act (R22): appended after a grace period.
    ConnectionLost {
        person: PersonId,
    },
    ConnectionRestored {
        person: PersonId,
    },
    MediaChanged {
        person: PersonId,
        microphone: bool,
        camera: bool,
        screen: bool,
    },
    HandRaised {
        person: PersonId,
    },
    HandLowered {
        person: PersonId,
    },

    /// lobby → live (R13).
    Started,
    Suspended(Suspension),
    Resumed,

    RecordingStarted,
    RecordingStopped {
        detail: String,
    },
    /// R30. `track` is absent when all were down; times UTC µs.
    RecordingGap {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        track: Option<String>,
        cause: String,
        from: i64,
        until: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        packets_lost: Option<u64>,
    },
    /// docs/protocol/recording.md; `segment` ids are opaque here.
    SegmentOpened {
        segment: String,
        track: String,
        person: Option<PersonId>,
        source: String,
        codec: String,
        private: bool,
    },
    SegmentClosed {
        segment: String,
        bytes: u64,
        packets: u64,
    },
    Checkpoint {
        number: u64,
        root: String,
        wall_us: i64,
        mono_us: u64,
        clock: String,
    },

    EvidenceTaken(Box<Evidence>),
    /// R27: a layer beside the untouched original.
    AnnotationAdded {
        id: String,
        evidence: String,
        person: PersonId,
        strokes: Vec<Vec<Point>>,
        note: String,
    },
    ItemAnswered {
        person: PersonId,
        answer: Answer,
    },
    /// R21: not to be concluded at a distance.
    ItemUnsuitable {
        code: String,
        reason: String,
    },
    OpinionFiled {
        person: PersonId,
        opinion: OpinionKind,
        stance: Stance,
        text: String,
        deliberation: bool,
    },
    Said {
        person: PersonId,
        scope: ChatScope,
        text: String,
    },
    DeliberationBegun,
    DeliberationEnded,
    /// R34. `text` is what was stated; empty with `waived`.
    StatementTaken {
        person: PersonId,
        text: String,
        waived: bool,
    },

    /// R13, R31, R32. `present` is whom the chair confirmed to be there.
    Concluded {
        /// Absent where the session has one case only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        outcome: SurveyOutcome,
        text: String,
        present: Vec<PersonId>,
    },
    /// The survey record's canonical content was fixed and read back; what is signed is `digest`.
    RecordPrepared {
        digest: String,
        pdf_digest: String,
    },
    RecordSigned {
        person: PersonId,
        digest: String,
        factor: Factor,
    },
    RecordSignatureRefused {
        person: PersonId,
        reason: String,
    },

    DecisionDrafted {
        /// Absent where the session has one case only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        decision: DecisionText,
    },
    /// R39: the document exists and is sealed before anything is announced.
    DecisionSealed {
        /// Absent where the session has one case only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        number: String,
        content_digest: String,
        pdf_digest: String,
        signer: PersonId,
        factor: Factor,
        seal: String,
    },
    /// R42. `recording_offset_us`: into the recording; `live`: who was. `number` and `decision` repeat what was sealed:
    /// drafts are withheld from the applicant, the announcement is not.
    Announced {
        /// Absent where the session has one case only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        content_digest: String,
        live: Vec<PersonId>,
        recording_offset_us: u64,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        number: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Box<DecisionText>>,
    },
    Acknowledged {
        person: PersonId,
        content_digest: String,
    },
    /// recordings/evidence `Receipt`, as issued.
    ReceiptIssued {
        receipt: serde_json::Value,
    },
    Ended {
        /// Absent where the session has one case only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        ending: Ending,
        reason: String,
        next_step: String,
        contact: String,
    },
    Closed,

    /// A machine may come in, whose `person` answers for it; `token` is its seat (docs/protocol/doors.md).
    MediaTokenIssued {
        token: String,
        name: String,
        direction: Direction,
        digest: String,
        person: PersonId,
    },
    MediaTokenRevoked {
        token: String,
    },
    MediaConnected {
        token: String,
    },
    MediaDisconnected {
        token: String,
        cause: DisconnectCause,
    },
}
