//! What the documents print: canonical content, built from the session alone. Laying it out is another crate's work.
//!
//! Nothing of a deliberation is in it (R28): both documents go to the applicant.

mod build;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::case::CaseBrief;
use crate::event::{
    CheckResult, Clock, DecisionText, Ending, EvidenceKind, IdentityMethod, Measurement, Mode,
    OpinionKind, Position, Stance, SurveyOutcome,
};
use crate::people::{PersonId, Role};
use crate::template::{Level, Remote, Template};

pub(crate) use build::civil_date;
pub use build::{decision_content, survey_record};

/// 勘验笔录: read back, then signed by its digest (R33).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyRecordContent {
    pub v: u8,
    pub session: String,
    pub case: CaseBrief,
    pub template: TemplateRef,
    pub mode: Mode,
    pub clock: Option<Clock>,
    /// The session this one reopens (R44).
    pub resurvey_of: Option<String>,
    /// UTC µs.
    pub started_at: Option<i64>,
    pub concluded_at: i64,
    pub outcome: SurveyOutcome,
    pub text: String,
    pub participants: Vec<Attendee>,
    /// Whom the chair confirmed to be there at the conclusion.
    pub present: Vec<PersonId>,
    pub items: Vec<ItemLine>,
    pub tally: Tally,
    pub evidence: Vec<EvidenceLine>,
    pub opinions: Vec<OpinionLine>,
    pub statements: Vec<StatementLine>,
    /// R30: longer than the template's limit.
    pub gaps: Vec<GapLine>,
    /// R33: whose signatures it asks for; on the applicant's side one is enough.
    pub signers: Vec<PersonId>,
    pub signatures: Vec<SignatureLine>,
    /// R20, R23; left out where there is nothing to say.
    #[serde(default, skip_serializing_if = "PlaceLines::is_empty")]
    pub place: PlaceLines,
    /// 证照联办: each case for itself, where there are several. Above, `case` names all, `outcome` is the worst, `text` joins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseLine>,
}

/// One of several cases in the survey record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseLine {
    pub case: CaseBrief,
    pub template: TemplateRef,
    pub resurvey_of: Option<String>,
    /// Codes of its own checklist.
    pub items: Vec<String>,
    /// Absent where the case ended before it was concluded.
    pub conclusion: Option<ConclusionLine>,
    /// How it left the session, where it did before the record.
    pub ended: Option<Ending>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConclusionLine {
    pub at: i64,
    pub outcome: SurveyOutcome,
    pub text: String,
}

/// 决定书, as it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionContent {
    pub v: u8,
    /// 文号.
    pub number: String,
    /// Civil date in Asia/Shanghai, `2026-11-24`.
    pub dated: String,
    pub session: String,
    pub case: CaseBrief,
    pub template: TemplateRef,
    pub decision: DecisionText,
    /// Who drafted it, and seals it.
    pub approver: Option<PersonId>,
    pub survey: SurveyLine,
    pub statements: Vec<StatementLine>,
    /// Who took part until sealing (R42 lists who was live at the announcement, in the journal).
    pub participants: Vec<Attendee>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRef {
    pub key: String,
    pub version: String,
    pub title: String,
}

impl From<&Template> for TemplateRef {
    fn from(template: &Template) -> Self {
        Self {
            key: template.key.clone(),
            version: template.version.clone(),
            title: template.title.clone(),
        }
    }
}

/// A person who was in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    pub person: PersonId,
    pub name: String,
    pub roles: BTreeSet<Role>,
    pub organisation: String,
    pub department: Option<String>,
    pub identity: Option<IdentityMethod>,
    /// An agent's power of attorney, as shown.
    pub authorisation: Option<String>,
    pub credential_last_four: Option<String>,
    pub stays: Vec<StayLine>,
}

/// UTC µs; `until` is absent while the stay lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StayLine {
    pub from: i64,
    pub until: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemLine {
    pub code: String,
    pub group: String,
    pub text: String,
    pub level: Level,
    pub remote: Remote,
    pub result: Option<CheckResult>,
    pub note: String,
    pub measurement: Option<Measurement>,
    pub evidence: Vec<String>,
    /// R21.
    pub unsuitable: Option<String>,
    /// Stands from the session before (R44).
    pub carried: bool,
    pub person: Option<PersonId>,
    pub at: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub met: u32,
    pub mended: u32,
    pub not_met: u32,
    pub not_applicable: u32,
    pub on_site_only: u32,
    pub unanswered: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceLine {
    pub id: String,
    pub kind: EvidenceKind,
    pub item: Option<String>,
    pub person: PersonId,
    pub device: String,
    pub sha256: String,
    pub bytes: u64,
    pub media_type: String,
    pub captured_at: i64,
    pub taken_at: i64,
    pub position: Option<Position>,
    pub annotations: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpinionLine {
    pub person: PersonId,
    pub kind: OpinionKind,
    pub stance: Stance,
    pub text: String,
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    pub person: PersonId,
    pub text: String,
    pub waived: bool,
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapLine {
    pub track: Option<String>,
    pub cause: String,
    pub from: i64,
    pub until: i64,
}

/// A signature, or with a reason the refusal to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureLine {
    pub person: PersonId,
    pub at: i64,
    pub refused: Option<String>,
}

/// The channel and the place of the survey.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceLines {
    /// Of those confirmed present, who is on the site.
    pub on_site: Vec<PersonId>,
    /// R20.
    pub requests: Vec<OnSiteLine>,
    /// R23.
    pub deviations: Vec<DeviationLine>,
}

impl PlaceLines {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An on-site survey was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnSiteLine {
    pub person: PersonId,
    pub reason: String,
    pub at: i64,
    pub withdrawn_at: Option<i64>,
}

/// A device was not shown to be on the site, and who went on for which reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviationLine {
    pub person: PersonId,
    pub metres: u32,
    pub since: i64,
    pub until: Option<i64>,
    pub overrides: Vec<StatementLine>,
}

/// The survey as the decision refers to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyLine {
    pub concluded_at: i64,
    pub outcome: SurveyOutcome,
    pub text: String,
    pub record_digest: Option<String>,
}
