//! What the published service guide (办事指南) of a permit item says: the list of materials and the limits, as data.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::refusal::{Code, Refusal};

/// The guide of the version with which the application was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guide {
    /// Of the item, as in its survey template.
    pub item: String,
    pub version: String,
    pub materials: Vec<ListedMaterial>,
    pub time: TimeLimits,
    /// R45: ARL 78 blocks a new application only where public safety or health is concerned.
    #[serde(default)]
    pub concern: Concern,
    /// Whether the notice-and-commitment route (告知承诺) is offered.
    #[serde(default)]
    pub commitment: CommitmentRoute,
    pub retention: Retention,
}

/// One line of the published list; nothing outside of it can be asked for (R09).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedMaterial {
    pub code: String,
    pub title: String,
    pub need: Need,
    pub supply: Supply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    Required,
    Optional,
}

/// Where a material comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Supply {
    Applicant,
    /// May be missing at acceptance, with an undertaking (R11).
    ApplicantMinor,
    /// A written commitment takes its place on that route.
    ApplicantOrCommitment,
    /// R10: obtainable by sharing, so never asked of the applicant.
    Sharing {
        from: String,
    },
}

/// Working days (R05, R06, R08, R35, R46, R47).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeLimits {
    /// ARL 32(4).
    pub notice: u32,
    /// ARL 42(1): 20 and 10 unless a law says otherwise; a bureau may promise less.
    pub decision: u32,
    pub extension: u32,
    /// ARL 44.
    pub service: u32,
    /// ARL 47: told in days; counted here in working days, which never ends the window too early.
    pub hearing_window: u32,
    pub publication: u32,
    /// Time to object to what is masked before publication.
    pub objection: u32,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            notice: 5,
            decision: 20,
            extension: 10,
            service: 10,
            hearing_window: 5,
            publication: 7,
            objection: 3,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    #[default]
    Ordinary,
    SafetyOrHealth,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitmentRoute {
    #[default]
    NotOffered,
    Offered,
}

/// 保管期限, shortest first (R49).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    TenYears,
    ThirtyYears,
    Permanent,
}

impl Guide {
    #[must_use]
    pub fn material(&self, code: &str) -> Option<&ListedMaterial> {
        self.materials.iter().find(|listed| listed.code == code)
    }

    /// R09: on the list, or refused.
    pub(super) fn listed(&self, code: &str) -> Result<&ListedMaterial, Refusal> {
        self.material(code)
            .ok_or_else(|| Refusal::of(Code::MaterialNotListed, [code]))
    }

    /// R05, R08, R35: a law may shorten what a bureau promises, a guide never lengthens what the law gives.
    pub(crate) fn well_formed(&self) -> Result<(), Refusal> {
        let most = TimeLimits::default();
        let time = &self.time;
        let too_long = time.notice > most.notice
            || time.extension > most.extension
            || time.service > most.service
            || time.publication > most.publication
            || time.decision > 90
            || time.objection > 60
            || !(most.hearing_window..=60).contains(&time.hearing_window);
        if too_long || time.decision == 0 {
            return Err(Code::ValueInvalid.into());
        }
        if self.materials.len() > limits::MATERIALS {
            return Err(Code::LimitReached.into());
        }
        limits::needed(&self.item, limits::TOKEN)?;
        limits::needed(&self.version, limits::TOKEN)?;
        for (at, listed) in self.materials.iter().enumerate() {
            limits::needed(&listed.code, limits::TOKEN)?;
            limits::needed(&listed.title, limits::SHORT)?;
            if let Supply::Sharing { from } = &listed.supply {
                limits::needed(from, limits::SHORT)?;
            }
            let mut before = self.materials.iter().take(at);
            if before.any(|other| other.code == listed.code) {
                return Err(Refusal::of(Code::AlreadyExists, [&listed.code]));
            }
        }
        Ok(())
    }
}
