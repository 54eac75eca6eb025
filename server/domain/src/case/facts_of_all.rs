//! What a session's decisions read of all its cases. Who is kept from one of them is kept from the session.

use super::facts::{CaseFacts, Signed};
use crate::event::DecisionKind;
use crate::people::PersonId;
use crate::refusal::{Code, Refusal};

/// The facts of every case of a session, by case id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a>(Vec<(&'a str, &'a CaseFacts)>);

impl<'a> FromIterator<(&'a str, &'a CaseFacts)> for Facts<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a CaseFacts)>>(cases: I) -> Self {
        Self(cases.into_iter().collect())
    }
}

impl<'a> Facts<'a> {
    #[must_use]
    pub fn of_one(case: &'a str, facts: &'a CaseFacts) -> Self {
        Self(vec![(case, facts)])
    }

    fn of(&self, case: &str) -> Option<&'a CaseFacts> {
        let mut cases = self.0.iter();
        cases.find(|(id, _)| *id == case).map(|(_, facts)| *facts)
    }

    /// R16: recused from one of the cases is not in the session at all.
    #[must_use]
    pub fn is_recused(&self, person: &PersonId) -> bool {
        let mut cases = self.0.iter();
        cases.any(|(_, facts)| facts.recused.contains(person))
    }

    /// R48: signed in each case that called him, and called to one.
    #[must_use]
    pub fn opens_to_expert(&self, person: &PersonId) -> bool {
        let mut signed = self.0.iter().map(|(_, facts)| facts.signed(person));
        let mut any = false;
        let none_open = signed.all(|signed| {
            any |= signed == Signed::Yes;
            signed != Signed::NotYet
        });
        any && none_open
    }

    /// R11, R35, R36, R45, of this case alone. A case that nobody has read forbids everything.
    #[must_use]
    pub fn forbids(&self, case: &str, kind: DecisionKind, now: i64) -> Vec<Refusal> {
        self.of(case).map_or_else(
            || vec![Refusal::of(Code::UnknownCase, [case])],
            |facts| facts.forbids(kind, now),
        )
    }

    /// Whether the person may decide this case: its own approver, or any of the session where none is assigned.
    #[must_use]
    pub fn decides(&self, case: &str, person: &PersonId) -> bool {
        self.of(case)
            .is_some_and(|facts| facts.approvers.is_empty() || facts.approvers.contains(person))
    }
}
