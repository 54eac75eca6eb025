//! A case of the session: what was found, decided and told in it.

use std::collections::BTreeMap;

use crate::command::Actor;
use crate::event::{DecisionText, Event, Recorded};
use crate::people::PersonId;

use super::stage::{Conclusion, Decision, Outcome, SealedDecision};

/// One for each case, however many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    pub case: String,
    pub conclusion: Option<Conclusion>,
    pub outcome: Option<Outcome>,
    /// R42: who confirmed receipt of the announcement, and when.
    pub acknowledged: BTreeMap<PersonId, i64>,
}

impl Matter {
    pub(super) fn new(case: &str) -> Self {
        Self {
            case: case.to_owned(),
            conclusion: None,
            outcome: None,
            acknowledged: BTreeMap::new(),
        }
    }

    /// Neither concluded nor ended: its items can be answered.
    #[must_use]
    pub const fn is_surveyed(&self) -> bool {
        self.conclusion.is_none() && self.outcome.is_none()
    }

    /// The digest that was announced.
    #[must_use]
    pub fn announcement(&self) -> Option<&str> {
        match self.outcome.as_ref()? {
            Outcome::Announced { content_digest, .. } => Some(content_digest),
            Outcome::Ending { .. } => None,
        }
    }

    /// The decision as drafted or sealed.
    #[must_use]
    pub fn decision_text(&self) -> Option<&DecisionText> {
        match &self.conclusion.as_ref()?.decision {
            Decision::None => None,
            Decision::Drafted { text, .. } => Some(text),
            Decision::Sealed(sealed) => Some(&sealed.text),
        }
    }

    /// Who drafted the decision, and so is the one who can seal it.
    #[must_use]
    pub fn drafter(&self) -> Option<&PersonId> {
        match &self.conclusion.as_ref()?.decision {
            Decision::None => None,
            Decision::Drafted { by, .. } => by.as_ref(),
            Decision::Sealed(sealed) => Some(&sealed.signer),
        }
    }

    #[must_use]
    pub fn sealed(&self) -> Option<&SealedDecision> {
        match &self.conclusion.as_ref()?.decision {
            Decision::Sealed(sealed) => Some(sealed),
            _ => None,
        }
    }

    pub(super) fn evolve_decision(&mut self, entry: &Recorded) {
        if let Some(conclusion) = &mut self.conclusion {
            let decision = std::mem::replace(&mut conclusion.decision, Decision::None);
            conclusion.decision = next_decision(decision, entry);
        }
    }

    /// R39: nothing is announced that is not sealed, and nothing twice.
    pub(super) fn evolve_outcome(&mut self, event: &Event, at: i64) {
        if self.outcome.is_some() {
            return;
        }
        self.outcome = match event {
            Event::Announced {
                content_digest,
                live,
                recording_offset_us,
                ..
            } => self
                .sealed()
                .filter(|sealed| sealed.content_digest == *content_digest)
                .map(|_| Outcome::Announced {
                    at,
                    content_digest: content_digest.clone(),
                    live: live.clone(),
                    recording_offset_us: *recording_offset_us,
                }),
            Event::Ended {
                ending,
                reason,
                next_step,
                contact,
                ..
            } => Some(Outcome::Ending {
                at,
                ending: ending.clone(),
                reason: reason.clone(),
                next_step: next_step.clone(),
                contact: contact.clone(),
            }),
            _ => None,
        };
    }
}

fn next_decision(decision: Decision, entry: &Recorded) -> Decision {
    match (decision, &entry.event) {
        (Decision::None | Decision::Drafted { .. }, Event::DecisionDrafted { decision, .. }) => {
            Decision::Drafted {
                text: decision.clone(),
                by: match &entry.actor {
                    Actor::Person(person) => Some(person.clone()),
                    Actor::System => None,
                },
            }
        }
        (
            Decision::Drafted { text, .. },
            Event::DecisionSealed {
                number,
                content_digest,
                pdf_digest,
                signer,
                seal,
                ..
            },
        ) => Decision::Sealed(Box::new(SealedDecision {
            text,
            at: entry.at,
            number: number.clone(),
            content_digest: content_digest.clone(),
            pdf_digest: pdf_digest.clone(),
            signer: signer.clone(),
            seal: seal.clone(),
        })),
        (decision, _) => decision,
    }
}
