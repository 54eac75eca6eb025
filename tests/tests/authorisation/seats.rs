//! Who stands where: for every role and relation that there can be, somebody.

use kanjie_domain::Role;
use kanjie_domain::authority::Relation;

/// Which case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// Everybody has a part in it, its session is live.
    Part,
    /// Nobody is assigned to it.
    Open,
    /// Everybody was called to its session, and is recused.
    Recused,
}

/// Somebody with that role alone, in that relation to the case and to its session.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    pub role: Role,
    pub relation: Relation,
    pub who: &'static str,
    pub of: Of,
}

impl Seat {
    /// For acts on the case. Applicant's side and interested party stand where the days to be heard still run.
    pub fn in_case() -> Vec<Self> {
        use Relation::{Approved, Part, Recused, Stranger, Unsigned};
        let mut seats = vec![
            seat(Role::Applicant, Part, "applicant_o", Of::Open),
            seat(Role::Applicant, Stranger, "applicant_o", Of::Part),
            seat(Role::Agent, Part, "agent_o", Of::Open),
            seat(Role::Agent, Stranger, "agent_o", Of::Part),
            seat(Role::Helper, Part, "helper", Of::Part),
            seat(Role::Helper, Stranger, "helper_o", Of::Part),
            seat(Role::Helper, Recused, "helper_r", Of::Recused),
            seat(Role::Expert, Part, "expert", Of::Part),
            seat(Role::Expert, Unsigned, "unsigned", Of::Part),
            seat(Role::Expert, Stranger, "expert_b", Of::Part),
            seat(Role::Expert, Recused, "expert", Of::Recused),
            seat(Role::InterestedParty, Part, "party", Of::Open),
            seat(Role::InterestedParty, Stranger, "party_b", Of::Part),
            seat(Role::InterestedParty, Recused, "party", Of::Recused),
            seat(Role::Supervisor, Part, "watcher", Of::Part),
            seat(Role::Supervisor, Stranger, "watcher_b", Of::Part),
            seat(Role::Supervisor, Recused, "watcher", Of::Recused),
            seat(Role::Administrator, Stranger, "administrator", Of::Part),
            seat(Role::Administrator, Recused, "administrator", Of::Recused),
            seat(Role::Operator, Approved, "operator", Of::Part),
            seat(Role::Operator, Stranger, "operator_b", Of::Part),
            seat(Role::Operator, Recused, "operator", Of::Recused),
        ];
        let staff = [
            (Role::Surveyor, "surveyor", "surveyor_b"),
            (Role::Chair, "presiding", "presiding_b"),
            (Role::Approver, "approver", "approver_b"),
            (Role::DepartmentReviewer, "reviewer", "reviewer_b"),
        ];
        for (role, who, stranger) in staff {
            seats.extend([
                seat(role, Part, who, Of::Part),
                seat(role, Relation::Open, who, Of::Open),
                seat(role, Recused, who, Of::Recused),
                seat(role, Stranger, stranger, Of::Part),
            ]);
        }
        seats
    }

    /// For what is done and read in the session.
    pub fn in_session() -> Vec<Self> {
        let there = |mut seat: Self| {
            match seat.who {
                "applicant_o" if seat.relation == Relation::Part => seat.who = "applicant",
                "agent_o" if seat.relation == Relation::Part => seat.who = "agent",
                "party" if seat.relation == Relation::Part => {}
                _ => return seat,
            }
            seat.of = Of::Part;
            seat
        };
        Self::in_case().into_iter().map(there).collect()
    }
}

const fn seat(role: Role, relation: Relation, who: &'static str, of: Of) -> Seat {
    Seat {
        role,
        relation,
        who,
        of,
    }
}
