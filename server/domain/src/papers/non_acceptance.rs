//! 不予受理: why, on what ground, what can be done about it, and where to go instead (R03, R40, R41).

use serde::{Deserialize, Serialize};

use super::texts::filled;
use super::{Issue, NonAcceptanceWords, PaperHead, next_steps, reasoned};
use crate::refusal::Refusal;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonAcceptanceSlip {
    #[serde(flatten)]
    pub head: PaperHead,
    #[serde(flatten)]
    pub matter: NonAcceptance,
    pub result: String,
    pub remedies: String,
    pub words: NonAcceptanceWords,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonAcceptance {
    pub ground: NotAccepted,
    pub reason: String,
    pub basis: Vec<String>,
    /// 不得说不: what can be done now.
    pub next_step: String,
    pub contact: String,
}

/// ARL 32(1), (2) and the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum NotAccepted {
    /// No permit is needed: a notice, not a decision.
    NoPermitNeeded,
    /// Another authority's matter: its name, address and telephone.
    OtherAuthority { go_to: String },
    /// R45 and other grounds that the reason states.
    Other,
}

impl NonAcceptanceSlip {
    /// # Errors
    /// Without reason, basis, remedies with both terms, next step, contact, or where to go.
    pub fn new(issue: &Issue<'_>, matter: NonAcceptance) -> Result<Self, Refusal> {
        let texts = &issue.texts.non_acceptance;
        let values = issue.values()?;
        let (title, result) = match matter.ground {
            NotAccepted::NoPermitNeeded => (&texts.notice_title, &texts.notice_result),
            _ => (&texts.decision_title, &texts.decision_result),
        };
        let slip = Self {
            head: PaperHead::new(issue, title),
            result: filled(result, &values)?,
            remedies: filled(&issue.texts.remedies, &values)?,
            words: filled(&texts.words, &values)?,
            matter,
        };
        slip.check()?;
        Ok(slip)
    }

    /// # Errors
    /// As for [`NonAcceptanceSlip::new`].
    pub fn check(&self) -> Result<(), Refusal> {
        self.head.check()?;
        let matter = &self.matter;
        reasoned(&matter.reason, &matter.basis, &self.remedies)?;
        next_steps(&[
            ("next_step", &matter.next_step),
            ("contact", &matter.contact),
        ])?;
        match &matter.ground {
            NotAccepted::OtherAuthority { go_to } => next_steps(&[("go_to", go_to)]),
            NotAccepted::NoPermitNeeded | NotAccepted::Other => Ok(()),
        }
    }
}
