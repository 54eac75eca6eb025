//! Who may do what: pure functions over (actor, act, relation to the case). The one place for it; what a state or a date
//! forbids beside that stands in `decide`. `docs/authorisation.md` is made from here.

mod acts;
mod grants;
mod of_command;
mod relation;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use acts::{Act, AdminAct, BundleAct, CaseAct, OperatorAct, ReadAct, SessionAct};
pub use relation::{Relation, Standing};
pub use table::{Row, markdown, table};

use crate::people::Role;
use crate::records::{AccessKind, Accessed, Purpose, access};
use crate::refusal::{Code, Refusal};

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Denied {
    /// No role of the actor's has this act, in any relation.
    #[error("not this role's act")]
    NotThisRole,
    /// The role has it, but not toward this case.
    #[error("not in this case")]
    NotInThisCase,
    /// R16.
    #[error("recused")]
    Recused,
    /// R48.
    #[error("confidentiality is not signed")]
    ConfidentialityNotSigned,
    /// R36: whoever handles the case does not review it.
    #[error("handles the case")]
    NotIndependent,
    /// R58.
    #[error("no approval in the journal")]
    ApprovalMissing,
    /// R59.
    #[error("no purpose")]
    PurposeMissing,
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::NotThisRole | Denied::NotInThisCase => Code::NotAllowed,
            Denied::Recused => Code::Recused,
            Denied::ConfidentialityNotSigned => Code::ConfidentialityNotSigned,
            Denied::NotIndependent => Code::HandlerNotIndependent,
            Denied::ApprovalMissing => Code::ApprovalMissing,
            Denied::PurposeMissing => Code::PurposeMissing,
        };
        code.into()
    }
}

/// Whether somebody who holds these roles, in this relation to the case, may do this.
///
/// # Errors
/// Why not; of several roles, the most telling reason.
pub fn authorise(actor: &BTreeSet<Role>, act: Act, relation: Relation) -> Result<(), Denied> {
    let mut denied = match relation {
        Relation::Recused => Denied::Recused,
        _ => Denied::NotThisRole,
    };
    for role in capacities(actor) {
        match one(role, act, relation) {
            Ok(()) => return Ok(()),
            Err(why) => denied = denied.max(why),
        }
    }
    Err(denied)
}

/// R59: the entry that a look at a recording leaves, for whoever may look.
///
/// # Errors
/// Without the right, or without a purpose.
pub fn look(
    actor: &BTreeSet<Role>,
    relation: Relation,
    person: &str,
    kind: AccessKind,
    purpose: Option<Purpose>,
    at: i64,
) -> Result<Accessed, Denied> {
    let act = match kind {
        AccessKind::View => ReadAct::ViewRecording,
        AccessKind::Export => ReadAct::ExportRecording,
    };
    authorise(actor, Act::Read(act), relation)?;
    access(person, kind, purpose, at).map_err(|_| Denied::PurposeMissing)
}

/// The roles in which somebody who holds all of these may act: the most restricted decides (R14, R28). Who supervises only
/// watches, who is on the applicant's side is nothing else, who is an expert is no staff. Administration and operation
/// touch no case, so they stand beside it.
#[must_use]
pub fn capacities(roles: &BTreeSet<Role>) -> BTreeSet<Role> {
    let beside = |role: &Role| matches!(role, Role::Administrator | Role::Operator);
    let strictest: [&[Role]; 3] = [
        &[Role::Supervisor],
        &[
            Role::Applicant,
            Role::Agent,
            Role::Helper,
            Role::InterestedParty,
        ],
        &[Role::Expert],
    ];
    let held = strictest
        .into_iter()
        .find(|of| of.iter().any(|role| roles.contains(role)));
    let acts_as = |role: &&Role| beside(role) || held.is_none_or(|of| of.contains(*role));
    roles.iter().filter(acts_as).copied().collect()
}

fn one(role: Role, act: Act, relation: Relation) -> Result<(), Denied> {
    let own = || grants::of(act).iter().filter(|of| of.roles.contains(&role));
    if own().any(|of| of.relations.contains(&relation)) {
        return Ok(());
    }
    if own().next().is_none() {
        return Err(Denied::NotThisRole);
    }
    Err(match relation {
        Relation::Recused => Denied::Recused,
        Relation::Unsigned => Denied::ConfidentialityNotSigned,
        Relation::Part if act == Act::Case(CaseAct::ReviewLegally) => Denied::NotIndependent,
        _ if role == Role::Operator => Denied::ApprovalMissing,
        _ => Denied::NotInThisCase,
    })
}
