//! Who takes part: roles, persons and seats.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A person known to the bureau; opaque, stable over sessions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct PersonId(pub String);

/// One device's place in the room; holds one or more persons.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct SeatId(pub String);

/// What somebody is in this session (rules.md, Roles).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

impl Participant {
    fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// Whether the person holds this role.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Never in a deliberation, live or recorded (R28).
    #[must_use]
    pub fn is_applicant_side(&self) -> bool {
        self.has_any(&[
            Role::Applicant,
            Role::Agent,
            Role::Helper,
            Role::InterestedParty,
        ])
    }

    /// Speaks for the applicant: states, signs, is protected by R22. A helper has no vote.
    #[must_use]
    pub fn represents_applicant(&self) -> bool {
        self.has_any(&[Role::Applicant, Role::Agent])
    }

    /// Read-only, whatever else the person may be.
    #[must_use]
    pub fn is_supervisor(&self) -> bool {
        self.is(Role::Supervisor)
    }

    /// Counts toward the two of ARL 34(3). One who is also expert, helper or applicant never does (R14).
    #[must_use]
    pub fn is_staff(&self) -> bool {
        self.roles.iter().any(|role| role.is_staff())
            && !self.is_applicant_side()
            && !self.has_any(&[Role::Supervisor, Role::Expert])
    }

    /// Staff or expert: speaks in a deliberation (R28).
    #[must_use]
    pub fn deliberates(&self) -> bool {
        (self.is_staff() || self.is(Role::Expert))
            && !self.is_applicant_side()
            && !self.is_supervisor()
    }

    /// May hear a deliberation and read its record (R28).
    #[must_use]
    pub fn hears_deliberation(&self) -> bool {
        !self.is_applicant_side() && (self.deliberates() || self.is_supervisor())
    }

    /// Has a part in the room at all; administrators and operators have no case data (rules.md, Roles).
    #[must_use]
    pub fn has_part(&self) -> bool {
        self.roles
            .iter()
            .any(|role| !matches!(role, Role::Administrator | Role::Operator))
    }
}
