//! Typed refusals: one stable code each; the words belong to the surface (zh-CN and en texts keyed by the code).

use serde::{Deserialize, Serialize};

/// Stable codes, shown to clients as `snake_case`. Only ever extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// Not this role, not this case, not this moment for this person.
    NotAllowed,
    NotAParticipant,
    Recused,
    NotInThisStage,
    ClockNotSynchronised,
    NoticeNotAcknowledged,
    NoticeRefused,
    NoticeVersion,
    IdentityNotChecked,
    IdentityCheckRunning,
    AuthorisationMissing,
    NotAdmitted,
    NotPresent,
    CredentialNotShown,
    QuorumMissing,
    Suspended,
    RecordingNotRunning,
    ApplicantNetworkDown,
    ExteriorFirst,
    MeasurementNeeded,
    NotApplicableNotAllowed,
    UnknownItem,
    ItemNotReopened,
    ItemUnsuitable,
    UnknownEvidence,
    AlreadyExists,
    ItemsUnanswered,
    KeyItemFailed,
    TooManyFailures,
    StatementMissing,
    OpinionMissing,
    NotYourDepartment,
    DeliberationRunning,
    NoDeliberation,
    NotConcluded,
    AlreadyConcluded,
    RecordNotPrepared,
    SignaturesMissing,
    AlreadySigned,
    DigestMismatch,
    FactorNeeded,
    DecisionNotDrafted,
    ReasonMissing,
    BasisMissing,
    RemediesMissing,
    NextStepMissing,
    DepartureReasonMissing,
    DecisionContradictsConclusion,
    AlreadySealed,
    NotSealed,
    SignerNotLive,
    AlreadyAnnounced,
    NotAnnounced,
    AlreadyEnded,
    NotEnded,
    TextTooLong,
    TextMissing,
    DateInvalid,
    /// A value of the wrong form: a digest, a position, a media type, four digits.
    ValueInvalid,
    /// More of these than one session may hold.
    LimitReached,
    /// R20: the applicant asked for an on-site survey and waits for the answer.
    OnSiteAsked,
    /// Nothing was asked that could be withdrawn.
    NotAsked,
    /// Fewer staff on the site than the item wants there.
    StaffNotOnSite,
    /// R23: a device is not shown to be on the site.
    LocationDeviation,
    NoDeviation,
    /// The session has several cases, and none was named.
    CaseNotNamed,
    /// The session has no such case.
    UnknownCase,
    /// No such media token, or it is revoked.
    UnknownMediaToken,
    /// These cases cannot be surveyed together.
    CasesDiffer,

    // Of the case.
    CaseNotAccepted,
    CaseOver,
    PartyStatementMissing,
    HearingWindowOpen,
    HearingNotHeld,
    LegalReviewMissing,
    UndertakingOpen,
    FalseMaterial,
    ApplicationBarred,
    MaterialNotListed,
    ObtainableBySharing,
    NoticeIncomplete,
    AlreadyNoticed,
    NoticeTooLate,
    SlipMissing,
    CalendarNotLoaded,
    MaterialsMissing,
    /// What was handed in is no finished upload of that person in this case.
    MaterialNotUploaded,
    MaterialNotMinor,
    UndertakingMissing,
    CreditNotChecked,
    CreditMarked,
    CommitmentNotOffered,
    AlreadyExtended,
    ExtensionTooLong,
    GovernmentApprovalMissing,
    LimitPassed,
    PeriodNotTold,
    ClockStopped,
    ClockRunning,
    HandlerNotIndependent,
    HearingWindowPassed,
    SlotNotOffered,
    ResurveyItems,
    UnknownSession,
    LicenceMissing,
    MaskingMissing,
    ObjectionOpen,
    PublicationMissing,
    FeedbackMissing,
    RetentionTooShort,
    /// R48.
    ConfidentialityNotSigned,
    /// No expert pool is loaded.
    PoolMissing,
    /// Fewer fit experts in that field than are to be drawn.
    ExpertsTooFew,
    /// R58: an operator without an approval in the journal.
    ApprovalMissing,
    /// R59.
    PurposeMissing,
}

/// Why a command was refused, with what is missing (item codes, person ids, department names).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("refused: {code:?}")]
pub struct Refusal {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code: Code,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl Refusal {
    /// A refusal without particulars.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            missing: Vec::new(),
        }
    }

    /// A refusal that names what is missing.
    #[must_use]
    pub fn of<I>(code: Code, missing: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            code,
            missing: missing.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}
