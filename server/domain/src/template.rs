//! The checklist template of a permit item: versioned data, kept by the session it began with.

use serde::{Deserialize, Serialize};

/// How much a check item weighs (关键项 / 重点项 / 一般项).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Key,
    Major,
    Minor,
}

/// Whether a check item can be judged at a distance: `Y`, partly (`P`) or on site only (`N`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remote {
    Y,
    P,
    N,
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckItem {
    pub code: String,
    pub group: String,
    /// English name of the group; journals from before it have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group_gloss: String,
    pub text: String,
    /// English text.
    pub gloss: String,
    pub level: Level,
    /// Kinds of evidence the item asks for, as in the published list (`photo`, `measure`, `reading`, …).
    pub evidence: Vec<String>,
    pub remote: Remote,
    pub na_allowed: bool,
}

/// How many failures still pass (R32); a failed key item never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    pub major_failures_allowed: u16,
    pub minor_failures_allowed: u16,
}

/// Limits and switches that differ by item and district.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Staff who must be on the site: 0, 1 or 2.
    pub staff_on_site: u8,
    /// A recording gap longer than this is shown in the survey record (R30), ms.
    pub recording_gap_limit_ms: u64,
    /// Whether the first evidence must be the exterior shot with the address (R24).
    pub exterior_first: bool,
    /// Whether the survey record must be signed (R33).
    pub record_signed: bool,
    /// Whether experts' or departments' private deliberation is recorded (R28).
    pub deliberation_recorded: bool,
    /// Version and text of the recording notice (R19).
    pub notice_version: String,
    pub notice_text: String,
}

/// A published version of a permit item's survey template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub key: String,
    pub version: String,
    pub title: String,
    pub gloss: String,
    pub items: Vec<CheckItem>,
    pub judgement: Judgement,
    pub settings: Settings,
}
