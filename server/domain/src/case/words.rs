//! The words that commands and events of a case share.

use serde::{Deserialize, Serialize};

/// A file that is in: its digest is SHA-256, lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    pub sha256: String,
    pub bytes: u64,
    pub media_type: String,
    pub name: String,
}

impl FileFacts {
    /// The same bytes of the same kind; each may call them what he likes.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.sha256, self.bytes, &self.media_type)
            == (&other.sha256, other.bytes, &other.media_type)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Sufficient,
    Insufficient { reason: String },
}

/// One line of a one-time notice: which listed material, and what to mend in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MissingItem {
    pub material: String,
    pub what: String,
}

/// R03: the dated, sealed slip of acceptance or non-acceptance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    pub number: String,
    pub pdf_digest: String,
    /// `示例` until a licensed signer is configured.
    pub seal: String,
}

/// How the case was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// With everything that the list asks for.
    Complete,
    /// 容缺受理: minor material follows by undertaking (R11).
    Tolerant,
    /// 告知承诺.
    Commitment,
    /// By the time that passed (R02).
    Deemed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CreditStanding {
    Clear,
    /// R12: before repair neither 容缺 nor 告知承诺.
    Marked,
}

/// Something told in writing: what, and how it went out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Written {
    pub sha256: String,
    pub method: ServiceMethod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServiceMethod {
    InPerson,
    Electronic,
    Courier,
    LeftAtAddress,
    PublicNotice,
}

/// R06: the government's responsible person, and the paper that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GovernmentApproval {
    pub name: String,
    pub document: String,
}

/// R07: the causes of ARL 45, and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExcludedCause {
    Hearing,
    Tender,
    Auction,
    Inspection,
    Testing,
    Quarantine,
    Appraisal,
    ExpertReview,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Lead,
    Joining,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReviewResult {
    SignedOff,
    Objected,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "statement", rename_all = "snake_case")]
pub enum PartyStatement {
    Stated {
        text: String,
    },
    Waived,
    /// Noted by staff when the window had passed in silence.
    Silent,
}

/// An offered time, UTC µs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Slot {
    pub from: i64,
    pub until: i64,
}

/// 好差评.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    VeryDissatisfied,
    Dissatisfied,
    FairlySatisfied,
    Satisfied,
    VerySatisfied,
}

impl Rating {
    /// R60: opens a task.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::VeryDissatisfied | Self::Dissatisfied)
    }
}
