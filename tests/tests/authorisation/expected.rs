//! What the table says that a caller must hear, and which of its cells nobody can stand in.

use std::collections::BTreeMap;

use kanjie_domain::authority::{
    Act, AdminAct, BundleAct, CaseAct, Denied, OperatorAct, ReadAct, Relation, SessionAct, table,
};
use kanjie_domain::{Refusal, Role};

/// A cell of the table.
pub type Cell = (Act, Role, Relation);

/// The answer to a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, or refused for a reason of the state.
    Open,
    /// Refused with this code.
    Denied(String),
    /// As if there were nothing.
    Hidden,
}

/// The table by cell.
pub struct Table(BTreeMap<Cell, Result<(), Denied>>);

impl Table {
    pub fn read() -> Self {
        let rows = table().map(|row| ((row.act, row.role, row.relation), row.answer));
        Self(rows.collect())
    }

    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.0.keys()
    }

    pub fn allows(&self, cell: Cell) -> bool {
        self.0[&cell].is_ok()
    }

    /// Who may not even read what the act is about learns nothing of it, save an expert who was called: he is told to sign. What
    /// may be read is refused with the denial's own code; what is not to be read is not there.
    pub fn answer(&self, cell: Cell) -> Answer {
        let (act, role, relation) = cell;
        let about = match act {
            Act::Session(_) => Some(ReadAct::ReadSession),
            Act::Case(CaseAct::Open) | Act::Administer(_) | Act::Operate(_) => None,
            Act::Case(_) | Act::Bundle(BundleAct::Open) => Some(ReadAct::ReadCase),
            Act::Bundle(_) => Some(ReadAct::ReadBundle),
            Act::Read(act) => about(act),
        };
        let reads = about.map_or(Ok(()), |read| self.0[&(Act::Read(read), role, relation)]);
        match (reads, self.0[&cell], act) {
            (Err(Denied::ConfidentialityNotSigned), ..) => denied(Denied::ConfidentialityNotSigned),
            // An operator whom an approval lets look at a recording reads nothing else of the session (R58).
            (_, Ok(()), Act::Read(_)) => Answer::Open,
            (Err(_), ..) => Answer::Hidden,
            (Ok(()), Err(why), Act::Read(ReadAct::ViewRecording)) => denied(why),
            (Ok(()), Err(_), Act::Read(_)) => Answer::Hidden,
            (Ok(()), Err(why), _) => denied(why),
            (Ok(()), Ok(()), _) => Answer::Open,
        }
    }
}

/// In what is read, where that is a part of something.
fn about(read: ReadAct) -> Option<ReadAct> {
    match read {
        ReadAct::ReadSession
        | ReadAct::ReadDeliberation
        | ReadAct::ReadStill
        | ReadAct::ReadPaper
        | ReadAct::ReadSealedDecision
        | ReadAct::PreviewDecision
        | ReadAct::ViewRecording => Some(ReadAct::ReadSession),
        ReadAct::ReadMaterial => Some(ReadAct::ReadCase),
        _ => None,
    }
}

fn denied(why: Denied) -> Answer {
    Answer::Denied(code(why))
}

fn code(why: Denied) -> String {
    let code = serde_json::to_value(Refusal::from(why).code).unwrap();
    code.as_str().unwrap().to_owned()
}

/// The codes that say "not you", whatever the state.
pub fn is_denial(said: &str) -> bool {
    let denials = [
        Denied::NotThisRole,
        Denied::Recused,
        Denied::ConfidentialityNotSigned,
        Denied::NotIndependent,
        Denied::ApprovalMissing,
        Denied::PurposeMissing,
    ];
    said == "not_found" || denials.into_iter().any(|why| code(why) == said)
}

/// Acts that have no route, or whose routes are tested elsewhere.
pub fn not_driven(act: Act) -> Option<&'static str> {
    Some(match act {
        Act::Read(ReadAct::ExportRecording) => "on the command line: `kanjie export --purpose`",
        Act::Read(ReadAct::ReadStatistics) => "no route yet",
        Act::Administer(AdminAct::ManageUsers) => "on the command line: `kanjie user`",
        Act::Administer(
            AdminAct::ManageExpertPool | AdminAct::ManageCalendar | AdminAct::ManageTemplates,
        ) => "on the command line: `kanjie catalogue import`",
        Act::Administer(
            AdminAct::ManageSites | AdminAct::ManageWebhooks | AdminAct::ReadAccessLog,
        ) => "no route yet",
        Act::Operate(OperatorAct::ReadHealth) => {
            "a probe has no account: alive or ready, and nothing else"
        }
        Act::Operate(OperatorAct::ReadServerLog) => "standard error",
        Act::Operate(
            OperatorAct::RunBackup | OperatorAct::Migrate | OperatorAct::VerifyJournals,
        ) => "on the command line, with a shell on the machine",
        _ => return None,
    })
}

/// Relations in which nobody with that role can stand.
pub fn nobody(role: Role, relation: Relation) -> Option<&'static str> {
    let staff = role.is_staff();
    match (role, relation) {
        (_, Relation::Open) if !staff => Some("nobody assigned: that is said of staff"),
        (_, Relation::Unsigned) if role != Role::Expert => Some("experts sign"),
        (_, Relation::Approved) if role != Role::Operator => Some("operators are approved"),
        (Role::Applicant | Role::Agent, Relation::Recused) => {
            Some("the applicant's side is not recused")
        }
        (Role::Administrator | Role::Operator, Relation::Part) => Some("never has a part"),
        _ => None,
    }
}

/// Cells that no caller meets, one by one.
pub fn unmet((act, role, relation): Cell) -> Option<&'static str> {
    match (act, relation) {
        (Act::Case(CaseAct::Open), Relation::Part)
            if matches!(role, Role::Applicant | Role::Agent) =>
        {
            None
        }
        (Act::Case(CaseAct::Open) | Act::Administer(_), Relation::Stranger) => None,
        (Act::Case(CaseAct::Open) | Act::Administer(_), _) => {
            Some("concerns no case: everybody is a stranger to it")
        }
        (Act::Session(SessionAct::Leave), Relation::Recused | Relation::Unsigned)
            if !matches!(role, Role::Administrator | Role::Operator) =>
        {
            Some("whom the session opens to no more is led out by the server")
        }
        (Act::Read(ReadAct::FindCases), Relation::Part)
            if matches!(role, Role::Applicant | Role::Agent) =>
        {
            Some("here they come by link, which opens one case and lists none")
        }
        _ => None,
    }
}
