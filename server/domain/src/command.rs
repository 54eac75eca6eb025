//! What somebody asks for. The server parses, fills in [`Context`], and calls `decide`.

use serde::{Deserialize, Serialize};

use crate::case::Facts;
use crate::doors::{Direction, DisconnectCause};
use crate::event::{
    Answer, ChatScope, Clock, DecisionText, DepartureCause, Ending, Evidence, IdentityMethod,
    OpinionKind, Point, Position, Stance, SurveyOutcome,
};
use crate::people::{PersonId, SeatId};
use crate::site::Whereabouts;

/// A fresh second factor used for one act, as verified by the server at that act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    pub kind: FactorKind,
    /// When it was verified, UTC µs.
    pub at: i64,
    /// What a passkey signed; absent for codes, which leave nothing to check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Box<PasskeySignature>>,
}

/// An assertion over a challenge that is bound to the act and to the digest of its content, with the key that checks it
/// (docs/protocol/sign-in.md). All in base64url without padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeySignature {
    pub credential: String,
    /// COSE_Key.
    pub public_key: String,
    pub nonce: String,
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    Totp,
    /// A one-time code sent to the registered phone.
    PhoneCode,
    /// A key in the person's authenticator, with user verification.
    Passkey,
}

/// A command of a person; who says it is in [`Context::actor`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Chair. The server supplies the clock state; `clock_override` is the chair's reason where it is not synchronised.
    OpenLobby {
        #[serde(default)]
        clock_override: Option<String>,
    },
    AcknowledgeNotice {
        notice: String,
    },
    RefuseNotice {},
    /// Chair.
    BeginIdentityCheck {
        person: PersonId,
    },
    /// Chair.
    StopIdentityCheck {
        person: PersonId,
    },
    /// Chair, for others; for the chair's own person with a fresh factor and method `second_factor`.
    ConfirmIdentity {
        person: PersonId,
        method: IdentityMethod,
        last_four: String,
        #[serde(default)]
        authorisation: Option<String>,
    },
    /// Chair.
    Admit {
        person: PersonId,
    },
    /// Staff: on the record, at the start (R17).
    ShowCredential {
        number_last_four: String,
        #[serde(default)]
        whereabouts: Whereabouts,
    },
    /// Staff who come to the site or leave it.
    ChangeWhereabouts {
        whereabouts: Whereabouts,
    },
    /// Staff: where the own device says it is (R23).
    ReportPosition {
        position: Position,
    },
    /// Staff, two of them: why it may go on though this person's device is not shown to be on the site (R23).
    OverrideLocation {
        of: PersonId,
        reason: String,
    },
    /// Applicant, agent (R20).
    AskOnSite {
        #[serde(default)]
        reason: String,
    },
    /// Applicant, agent.
    WithdrawOnSite {},
    Leave {},
    /// Chair.
    Remove {
        person: PersonId,
    },
    ChangeMedia {
        microphone: bool,
        camera: bool,
        screen: bool,
    },
    RaiseHand {},
    /// Own hand, or the chair for anybody.
    LowerHand {
        person: PersonId,
    },
    /// Chair.
    Start {},
    /// Chair.
    Suspend {
        reason: String,
    },
    /// Chair.
    Resume {},
    /// Surveyor (or chair who is also a surveyor).
    AnswerItem {
        answer: Answer,
    },
    /// Chair (R21).
    MarkUnsuitable {
        code: String,
        reason: String,
    },
    /// Surveyor; sent by the server after an upload whose hash it checked.
    TakeEvidence {
        evidence: Box<Evidence>,
    },
    /// Staff and experts.
    Annotate {
        id: String,
        evidence: String,
        strokes: Vec<Vec<Point>>,
        #[serde(default)]
        note: String,
    },
    /// Expert, or staff of that department (R37).
    FileOpinion {
        opinion: OpinionKind,
        stance: Stance,
        text: String,
    },
    Say {
        scope: ChatScope,
        text: String,
    },
    /// Chair.
    BeginDeliberation {},
    /// Chair.
    EndDeliberation {},
    /// Applicant or agent for themselves; the chair may take it down for a present applicant.
    TakeStatement {
        text: String,
        waived: bool,
    },
    /// Chair. `present`: whom the chair confirms to be there. `case`, here and below: which, where the session has several.
    Conclude {
        #[serde(default)]
        case: Option<String>,
        outcome: SurveyOutcome,
        text: String,
        present: Vec<PersonId>,
    },
    /// Chair: fixes the record that is read back; digests come in the context.
    PrepareRecord {},
    /// Staff, applicant, agent: with a fresh factor.
    SignRecord {
        digest: String,
    },
    /// Chair (R33).
    NoteSignatureRefused {
        person: PersonId,
        reason: String,
    },
    /// Approver.
    DraftDecision {
        #[serde(default)]
        case: Option<String>,
        decision: DecisionText,
    },
    /// Approver, with a fresh factor; digests come in the context.
    SealDecision {
        #[serde(default)]
        case: Option<String>,
        content_digest: String,
    },
    /// Approver (R39): every sealed decision of the session at once.
    Announce {},
    Acknowledge {
        content_digest: String,
    },
    /// Chair (R43).
    End {
        #[serde(default)]
        case: Option<String>,
        ending: Ending,
        reason: String,
        next_step: String,
        contact: String,
    },
    /// Chair.
    Close {},
    /// Chair; the server makes the secret and fills in its digest, so that nobody chooses one: not to be had over a socket.
    #[serde(skip_deserializing)]
    IssueMediaToken {
        name: String,
        direction: Direction,
        digest: String,
    },
    /// Chair.
    RevokeMediaToken {
        token: String,
    },
}

/// What the server itself reports; no person can send these (R29).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    Arrived {
        person: PersonId,
        seat: SeatId,
        device: String,
    },
    /// A further device on a personal link.
    DeviceAdded {
        person: PersonId,
        device: String,
        number: u32,
    },
    ConnectionLost {
        person: PersonId,
    },
    ConnectionRestored {
        person: PersonId,
    },
    RecordingStarted,
    RecordingStopped {
        detail: String,
    },
    RecordingGap {
        track: Option<String>,
        cause: String,
        from: i64,
        until: i64,
        packets_lost: Option<u64>,
    },
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
    ReceiptIssued {
        receipt: serde_json::Value,
    },
    Departed {
        person: PersonId,
        cause: DepartureCause,
    },
    /// Media can flow that came in by a token.
    MediaConnected {
        token: String,
    },
    MediaDisconnected {
        token: String,
        cause: DisconnectCause,
    },
}

/// Who asks, or who did. In JSON a person id, or `system`; so no person may have that id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Actor {
    Person(PersonId),
    System,
}

impl From<String> for Actor {
    fn from(text: String) -> Self {
        if text == "system" {
            Self::System
        } else {
            Self::Person(PersonId(text))
        }
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::Person(person) => person.0,
            Actor::System => "system".to_owned(),
        }
    }
}

/// Everything `decide` may use beside state and command.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    pub actor: &'a Actor,
    /// UTC µs; the server guarantees that it never decreases within a journal.
    pub now: i64,
    pub cases: Facts<'a>,
    /// Set when a fresh second factor was verified for this very act.
    pub factor: Option<Factor>,
    /// The server's clock, where the command opens a session: `None` means not known to be synchronised.
    pub clock: Option<Clock>,
    /// For `PrepareRecord` and `SealDecision`: of the canonical content and PDF the server just made from this state.
    pub digests: Option<Digests>,
    /// For `SealDecision`: the document number, and what sealed it (`示例` until a licensed signer is configured).
    pub document: Option<DocumentFacts>,
    /// For `Announce`: microseconds since the recording began.
    pub recording_offset_us: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    pub content: String,
    pub pdf: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFacts {
    pub number: String,
    pub seal: String,
}
