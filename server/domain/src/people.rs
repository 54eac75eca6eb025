//! Who takes part: roles, persons and seats.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A person known to the bureau; opaque, stable over sessions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub String);

/// One device's place in the room; holds one or more persons.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeatId(pub String);

/// What somebody is in this session (rules.md, Roles).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Applicant,
    Agent,
    Helper,
    Surveyor,
    Chair,
    Approver,
    DepartmentReviewer,
    Expert,
    InterestedParty,
    Supervisor,
    Administrator,
    Operator,
}

impl Role {
    /// Every role, for tables and tests.
    pub const ALL: [Self; 12] = [
        Self::Applicant,
        Self::Agent,
        Self::Helper,
        Self::Surveyor,
        Self::Chair,
        Self::Approver,
        Self::DepartmentReviewer,
        Self::Expert,
        Self::InterestedParty,
        Self::Supervisor,
        Self::Administrator,
        Self::Operator,
    ];

    /// Staff of the authority: only they count toward the two of ARL 34(3) (R13, R14).
    #[must_use]
    pub const fn is_staff(self) -> bool {
        matches!(
            self,
            Self::Surveyor | Self::Chair | Self::Approver | Self::DepartmentReviewer
        )
    }
}

/// A person called to the session, with every role held in it (chair and approver may be one person).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    pub person: PersonId,
    pub name: String,
    pub roles: BTreeSet<Role>,
    /// Organisation shown under the name: the department, the company, the institute.
    pub organisation: String,
    /// Set where the person may file that department's opinion (R37).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
}
