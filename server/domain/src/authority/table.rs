//! The whole of it as a table: for `docs/authorisation.md`, and for whoever drives the surfaces with it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::acts::Act;
use super::relation::Relation;
use super::{Denied, authorise};
use crate::people::Role;

/// One cell: may somebody with this role alone, in this relation, do this?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub act: Act,
    pub role: Role,
    pub relation: Relation,
    pub answer: Result<(), Denied>,
}

/// Every act × role × relation, in the order of acts, roles, relations.
pub fn table() -> impl Iterator<Item = Row> {
    Act::all().flat_map(|act| {
        Role::ALL.into_iter().flat_map(move |role| {
            Relation::ALL.into_iter().map(move |relation| Row {
                act,
                role,
                relation,
                answer: authorise(&BTreeSet::from([role]), act, relation),
            })
        })
    })
}

const HEAD: &str = "\
# Who may do what

Made from `server/domain/src/authority` by its tests (`RENEW=1 cargo test -p kanjie-domain authority`); a test fails where it is
stale. What a state or a date forbids beside it stands in `decide`; what of a journal a reader gets, in `visible`.

A cell names the relations to the case in which the role has the act; an empty cell: never.

| letter | relation |
| --- | --- |
| s | stranger: holds the role, but has no part in this case; or the act concerns no case |
| o | open: of staff, nobody is assigned to the case yet |
| p | part: has the role in this very case (its applicant, assigned, drawn, called to the session) |
| u | unsigned: an expert who is called and has not signed confidentiality (R48) |
| r | recused (R16) |
| a | approved: an operator whom an approval in the journal covers now (R58) |

Of several roles the most restricted counts: who supervises only watches, who is on the applicant's side is nothing else, an
expert is no staff (R14, R28). Each look at a recording needs a purpose and leaves an entry (R59).
";

const ROLES: [&str; 12] = [
    "applicant",
    "agent",
    "helper",
    "surveyor",
    "chair",
    "approver",
    "dept. reviewer",
    "expert",
    "interested party",
    "supervisor",
    "administrator",
    "operator",
];

/// `docs/authorisation.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    let mut area = "";
    for act in Act::all() {
        if act.area() != area {
            area = act.area();
            let rule = "--- | ".repeat(ROLES.len());
            let _ = write!(
                text,
                "\n## {area}\n\n| act | {} |\n| --- | {}\n",
                ROLES.join(" | "),
                rule.trim_end()
            );
        }
        let cells = Role::ALL.map(|role| cell(act, role));
        let _ = writeln!(text, "| {} | {} |", act.name(), cells.join(" | "));
    }
    text
}

fn cell(act: Act, role: Role) -> String {
    let roles = BTreeSet::from([role]);
    let may = Relation::ALL
        .into_iter()
        .filter(|relation| authorise(&roles, act, *relation).is_ok());
    may.filter_map(|relation| relation.name().chars().next())
        .collect()
}
