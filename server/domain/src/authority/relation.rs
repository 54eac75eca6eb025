//! What somebody is toward a case, a bundle or a session.

use std::collections::BTreeSet;

use super::{Act, Denied, ReadAct, authorise};
use crate::case::{Case, Facts};
use crate::people::{Participant, PersonId, Role};

/// How the role in which somebody acts is bound to the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Holds the role, but has no part here; or the act concerns no case.
    Stranger,
    /// Of staff: nobody is assigned yet, so the case is everybody's.
    Open,
    /// Has the role in this very case: its applicant, assigned to it, drawn for it, called to the session.
    Part,
    /// An expert who is called and has not signed confidentiality (R48).
    Unsigned,
    /// Stepped aside or was set aside (R16).
    Recused,
    /// An operator whom an approval in the journal covers now (R58).
    Approved,
}

impl Relation {
    pub const ALL: [Self; 6] = [
        Self::Stranger,
        Self::Open,
        Self::Part,
        Self::Unsigned,
        Self::Recused,
        Self::Approved,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Open => "open",
            Self::Part => "part",
            Self::Unsigned => "unsigned",
            Self::Recused => "recused",
            Self::Approved => "approved",
        }
    }
}

/// A person toward one case: the roles in which he can act in it, and how they are bound to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub roles: BTreeSet<Role>,
    pub relation: Relation,
}

impl Standing {
    /// What the case itself says of the person outranks what he is at the bureau: an applicant who works there acts as an
    /// applicant, and an expert there is one only where he was drawn. `now`: UTC µs.
    #[must_use]
    pub fn in_case(
        case: &Case,
        person: &PersonId,
        at_the_bureau: &BTreeSet<Role>,
        now: i64,
    ) -> Self {
        let application = case.application.as_ref();
        let of_the_case = if application.is_some_and(|of| of.applicant == *person) {
            Some(Role::Applicant)
        } else if case.is_applicant(person) {
            Some(Role::Agent)
        } else if case.facts.parties.contains_key(person) {
            Some(Role::InterestedParty)
        } else if case.experts.contains(person) {
            Some(Role::Expert)
        } else {
            None
        };
        let works = |role: &&Role| {
            role.is_staff()
                || matches!(
                    **role,
                    Role::Supervisor | Role::Administrator | Role::Operator
                )
        };
        let roles: BTreeSet<_> = match of_the_case {
            Some(role) => BTreeSet::from([role]),
            None => at_the_bureau.iter().filter(works).copied().collect(),
        };
        let relation = if case.facts.recused.contains(person) {
            Relation::Recused
        } else if of_the_case == Some(Role::Expert) && !case.facts.opens_to_expert(person) {
            Relation::Unsigned
        } else if of_the_case.is_some() || case.staff.contains_key(person) {
            Relation::Part
        } else if roles.contains(&Role::Operator) && case.is_approved(person, now) {
            Relation::Approved
        } else if case.staff.is_empty() && roles.iter().any(|role| role.is_staff()) {
            Relation::Open
        } else {
            Relation::Stranger
        };
        Self { roles, relation }
    }

    /// Of a session: `participant` is absent for whoever is not called to it.
    #[must_use]
    pub fn in_session(participant: Option<&Participant>, cases: &Facts<'_>) -> Self {
        let Some(me) = participant.filter(|me| me.has_part()) else {
            return Self {
                roles: BTreeSet::new(),
                relation: Relation::Stranger,
            };
        };
        Self::called(&me.person, &me.roles, cases)
    }

    /// Of a session to which the person was called with these roles.
    #[must_use]
    pub fn called(person: &PersonId, roles: &BTreeSet<Role>, cases: &Facts<'_>) -> Self {
        let relation = if cases.is_recused(person) {
            Relation::Recused
        } else if roles.contains(&Role::Expert) && !cases.opens_to_expert(person) {
            Relation::Unsigned
        } else {
            Relation::Part
        };
        Self {
            roles: roles.clone(),
            relation,
        }
    }

    /// R16, R48: whether a session opens to such a one.
    ///
    /// # Errors
    /// Why not.
    pub fn comes_in(&self) -> Result<(), Denied> {
        authorise(&self.roles, Act::Read(ReadAct::ReadSession), self.relation)
    }
}
