//! What a session's decisions read of its case: who is recused, and what stands between the case and its decision.

use std::collections::{BTreeMap, BTreeSet};

use super::event::CaseEvent;
use super::words::ReviewResult;
use crate::event::DecisionKind;
use crate::people::{PersonId, Role};
use crate::refusal::{Code, Refusal};

/// Fold of a case's journal, read by [`crate::Context`]. Its default demands nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFacts {
    /// R16.
    pub recused: BTreeSet<PersonId>,
    pub course: Course,
    /// R11: undertaken and not yet in and reviewed.
    pub undertaken: BTreeSet<String>,
    /// R35.
    pub parties: BTreeMap<PersonId, NotifiedParty>,
    pub hearing: Hearing,
    /// R36.
    pub legal_review: LegalReview,
    /// R45.
    pub truth: Truth,
    /// R48.
    pub confidentiality: Confidentiality,
    /// Assigned to decide this case; while there is nobody, it is everybody's.
    pub approvers: BTreeSet<PersonId>,
}

/// R48: which experts have signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Confidentiality {
    /// In a case that was made for one session alone: whoever called the experts saw to it.
    #[default]
    NotAsked,
    Asked {
        called: BTreeSet<PersonId>,
        signed: BTreeSet<PersonId>,
    },
}

/// R48: an expert toward one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    Yes,
    /// Called, and has not.
    NotYet,
    NotCalled,
}

/// Where the case stands, as far as a decision cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Course {
    /// A case made for one session, without an application of its own.
    #[default]
    SessionOnly,
    BeforeAcceptance,
    Accepted,
    /// Decided, withdrawn or not accepted.
    Over,
}

/// Told of the application, UTC µs until when a hearing may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotifiedParty {
    pub window_until: i64,
    pub statement: Statement,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement {
    Awaited,
    In,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hearing {
    #[default]
    None,
    Requested {
        by: BTreeSet<PersonId>,
    },
    Scheduled {
        by: BTreeSet<PersonId>,
        at: i64,
    },
    Held {
        record_digest: String,
    },
}

impl Hearing {
    /// Who asked and has not withdrawn.
    #[must_use]
    pub fn asked_by(&self, person: &PersonId) -> bool {
        match self {
            Self::Requested { by } | Self::Scheduled { by, .. } => by.contains(person),
            Self::None | Self::Held { .. } => false,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LegalReview {
    #[default]
    NotNeeded,
    Needed,
    Objected,
    SignedOff,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Truth {
    #[default]
    Unquestioned,
    /// Blocked by an earlier application until this moment, UTC µs.
    BarredUntil(i64),
    FalseMaterial,
}

impl CaseFacts {
    /// R48: no material opens to an expert before he has signed.
    #[must_use]
    pub fn opens_to_expert(&self, person: &PersonId) -> bool {
        self.signed(person) == Signed::Yes
    }

    pub(super) fn signed(&self, person: &PersonId) -> Signed {
        match &self.confidentiality {
            Confidentiality::NotAsked => Signed::Yes,
            Confidentiality::Asked { signed, .. } if signed.contains(person) => Signed::Yes,
            Confidentiality::Asked { called, .. } if called.contains(person) => Signed::NotYet,
            Confidentiality::Asked { .. } => Signed::NotCalled,
        }
    }

    /// Folds one event.
    pub fn evolve(&mut self, event: &CaseEvent) {
        match event {
            CaseEvent::RecusalRecorded { person, .. } => {
                self.recused.insert(person.clone());
                self.approvers.remove(person);
                self.evolve_confidentiality(event);
            }
            CaseEvent::StaffAssigned {
                person,
                role: Role::Approver,
            } => {
                self.approvers.insert(person.clone());
            }
            CaseEvent::StaffReleased { person } => {
                self.approvers.remove(person);
            }
            CaseEvent::UndertakingGiven { material, .. } => {
                self.undertaken.insert(material.clone());
            }
            CaseEvent::MaterialReviewed {
                material,
                verdict: super::Verdict::Sufficient,
            } => {
                self.undertaken.remove(material);
            }
            CaseEvent::MajorFlagged { .. } if self.legal_review == LegalReview::NotNeeded => {
                self.legal_review = LegalReview::Needed;
            }
            CaseEvent::LegalReviewed { result, .. }
                if self.legal_review != LegalReview::NotNeeded =>
            {
                self.legal_review = match result {
                    ReviewResult::SignedOff => LegalReview::SignedOff,
                    ReviewResult::Objected => LegalReview::Objected,
                };
            }
            CaseEvent::BarNoted { until_us, .. } if self.truth != Truth::FalseMaterial => {
                self.truth = Truth::BarredUntil(*until_us);
            }
            CaseEvent::FalseMaterialFound { .. } => self.truth = Truth::FalseMaterial,
            _ => {
                self.evolve_course(event);
                self.evolve_confidentiality(event);
                self.evolve_hearing(event);
            }
        }
    }

    fn evolve_course(&mut self, event: &CaseEvent) {
        let next = match (self.course, event) {
            (Course::SessionOnly, CaseEvent::ApplicationOpened(_)) => Course::BeforeAcceptance,
            (Course::BeforeAcceptance, CaseEvent::Accepted { .. }) => Course::Accepted,
            (
                _,
                CaseEvent::Decided(_) | CaseEvent::Withdrawn { .. } | CaseEvent::NotAccepted { .. },
            ) => Course::Over,
            (course, _) => course,
        };
        self.course = next;
    }

    fn evolve_confidentiality(&mut self, event: &CaseEvent) {
        match (&mut self.confidentiality, event) {
            (asked @ Confidentiality::NotAsked, CaseEvent::ApplicationOpened(_)) => {
                *asked = Confidentiality::Asked {
                    called: BTreeSet::new(),
                    signed: BTreeSet::new(),
                };
            }
            (Confidentiality::Asked { called, .. }, CaseEvent::ExpertCalled { person, .. }) => {
                called.insert(person.clone());
            }
            (
                Confidentiality::Asked { signed, .. },
                CaseEvent::ConfidentialitySigned { person, .. },
            ) => {
                signed.insert(person.clone());
            }
            // Whoever is called anew signs anew.
            (
                Confidentiality::Asked { called, signed },
                CaseEvent::ExpertReleased { person, .. }
                | CaseEvent::RecusalRecorded { person, .. },
            ) => {
                called.remove(person);
                signed.remove(person);
            }
            _ => {}
        }
    }

    fn evolve_hearing(&mut self, event: &CaseEvent) {
        match event {
            CaseEvent::InterestedPartyNotified {
                person,
                window_until,
                ..
            } => {
                self.parties.entry(person.clone()).or_insert(NotifiedParty {
                    window_until: *window_until,
                    statement: Statement::Awaited,
                });
            }
            CaseEvent::PartyStated { person, .. } => {
                if let Some(party) = self.parties.get_mut(person) {
                    party.statement = Statement::In;
                }
            }
            _ => {
                let hearing = std::mem::take(&mut self.hearing);
                self.hearing = next_hearing(hearing, event);
            }
        }
    }

    /// Everything that forbids a decision of this kind at this moment, in the order in which it is told
    /// (R11, R35, R36, R45).
    #[must_use]
    pub fn forbids(&self, kind: DecisionKind, now: i64) -> Vec<Refusal> {
        let mut forbids = Vec::new();
        let mut all_of = |code, missing: Vec<String>| {
            if !missing.is_empty() {
                forbids.push(Refusal::of(code, missing));
            }
        };
        let parties = |of: &dyn Fn(&NotifiedParty) -> bool| {
            let parties = self.parties.iter().filter(|(_, party)| of(party));
            parties
                .map(|(person, _)| person.0.clone())
                .collect::<Vec<_>>()
        };
        all_of(
            Code::PartyStatementMissing,
            parties(&|party| party.statement == Statement::Awaited),
        );
        all_of(
            Code::HearingWindowOpen,
            parties(&|party| now <= party.window_until),
        );
        if kind == DecisionKind::Granted {
            let undertaken = self.undertaken.iter().cloned().collect();
            all_of(Code::UndertakingOpen, undertaken);
        }
        let mut unless = |holds: bool, code: Code| {
            if !holds {
                forbids.push(code.into());
            }
        };
        let hearing_done = matches!(self.hearing, Hearing::None | Hearing::Held { .. });
        unless(hearing_done, Code::HearingNotHeld);
        let reviewed = matches!(
            self.legal_review,
            LegalReview::NotNeeded | LegalReview::SignedOff
        );
        unless(reviewed, Code::LegalReviewMissing);
        if kind == DecisionKind::Granted {
            match self.truth {
                Truth::FalseMaterial => unless(false, Code::FalseMaterial),
                Truth::BarredUntil(until) => unless(now > until, Code::ApplicationBarred),
                Truth::Unquestioned => {}
            }
        }
        match self.course {
            Course::BeforeAcceptance => unless(false, Code::CaseNotAccepted),
            Course::Over => unless(false, Code::CaseOver),
            Course::SessionOnly | Course::Accepted => {}
        }
        forbids
    }
}

fn next_hearing(hearing: Hearing, event: &CaseEvent) -> Hearing {
    match (hearing, event) {
        (Hearing::None, CaseEvent::HearingRequested { person }) => Hearing::Requested {
            by: BTreeSet::from([person.clone()]),
        },
        (Hearing::Requested { mut by }, CaseEvent::HearingRequested { person }) => {
            by.insert(person.clone());
            Hearing::Requested { by }
        }
        (Hearing::Scheduled { mut by, at }, CaseEvent::HearingRequested { person }) => {
            by.insert(person.clone());
            Hearing::Scheduled { by, at }
        }
        (Hearing::Requested { mut by }, CaseEvent::HearingWithdrawn { person }) => {
            by.remove(person);
            if by.is_empty() {
                return Hearing::None;
            }
            Hearing::Requested { by }
        }
        (Hearing::Scheduled { mut by, at }, CaseEvent::HearingWithdrawn { person }) => {
            by.remove(person);
            if by.is_empty() {
                return Hearing::None;
            }
            Hearing::Scheduled { by, at }
        }
        (
            Hearing::Requested { by } | Hearing::Scheduled { by, .. },
            CaseEvent::HearingScheduled { at, .. },
        ) => Hearing::Scheduled { by, at: *at },
        (Hearing::Scheduled { .. }, CaseEvent::HearingHeld { record_digest }) => Hearing::Held {
            record_digest: record_digest.clone(),
        },
        (hearing, _) => hearing,
    }
}
