//! The authorisation itself; what each act does stands with the rules.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use rstest::rstest;

use super::*;
use crate::command::Command;
use crate::people::PersonId;
use crate::records::{AccessKind, Purpose};

fn may(roles: &[Role], act: Act, relation: Relation) -> Result<(), Denied> {
    authorise(&roles.iter().copied().collect(), act, relation)
}

const fn read(act: ReadAct) -> Act {
    Act::Read(act)
}

/// Every act that shows or changes something of a case.
fn of_cases() -> impl Iterator<Item = Act> {
    let touches = |act: &Act| !matches!(act, Act::Administer(_) | Act::Operate(_));
    Act::all().filter(touches)
}

#[test]
fn the_table_in_the_docs_is_this_one() {
    let made = markdown();
    if std::env::var_os("RENEW").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/authorisation.md");
        std::fs::write(path, &made).unwrap();
        return;
    }
    let stands = include_str!("../../../../docs/authorisation.md");
    assert!(stands == made, "stale: run with RENEW=1");
}

#[test]
fn a_hand_is_lowered_by_its_owner_or_by_another() {
    let me = PersonId("me".to_owned());
    let of = |person: &str| {
        let person = PersonId(person.to_owned());
        Act::of_session(&Command::LowerHand { person }, &me)
    };
    assert_eq!(of("me"), Act::Session(SessionAct::LowerOwnHand));
    assert_eq!(of("other"), Act::Session(SessionAct::LowerHandOfAnother));
}

#[test]
fn the_table_has_every_act_with_every_role_in_every_relation() {
    let rows: Vec<_> = table().collect();
    let acts = Act::all().count();
    assert_eq!(rows.len(), acts * Role::ALL.len() * Relation::ALL.len());
    let names: BTreeSet<_> = Act::all().map(|act| (act.area(), act.name())).collect();
    assert_eq!(names.len(), acts);
    // Everything is somebody's.
    for act in Act::all() {
        let mut cells = rows.iter().filter(|row| row.act == act);
        assert!(cells.any(|row| row.answer.is_ok()), "{act:?}");
    }
}

#[test]
fn r58_an_operator_and_an_administrator_touch_no_case() {
    let approved = [
        ReadAct::ReadCase,
        ReadAct::ReadMaterial,
        ReadAct::ViewRecording,
        ReadAct::ExportRecording,
    ];
    for act in of_cases() {
        for relation in Relation::ALL {
            let operator = may(&[Role::Operator], act, relation);
            let opened = relation == Relation::Approved && approved.map(read).contains(&act);
            assert_eq!(operator.is_ok(), opened, "{act:?} {relation:?}");
            assert!(may(&[Role::Administrator], act, relation).is_err());
        }
    }
    let without = may(
        &[Role::Operator],
        read(ReadAct::ReadCase),
        Relation::Stranger,
    );
    assert_eq!(without, Err(Denied::ApprovalMissing));
    // Whatever else binds him to the case, it is the approval that he lacks.
    let bound = may(&[Role::Operator], read(ReadAct::ReadCase), Relation::Part);
    assert_eq!(bound, Err(Denied::ApprovalMissing));
}

#[test]
fn nobody_else_administers_or_operates() {
    for row in table() {
        let own = match row.act {
            Act::Administer(AdminAct::ReadAccessLog) => {
                [Role::Administrator, Role::Supervisor].contains(&row.role)
            }
            Act::Administer(_) => row.role == Role::Administrator,
            Act::Operate(_) => row.role == Role::Operator,
            _ => continue,
        };
        assert_eq!(row.answer.is_ok(), own, "{row:?}");
    }
}

#[test]
fn r16_the_recused_may_only_leave() {
    for act in of_cases() {
        for role in Role::ALL {
            let answer = may(&[role], act, Relation::Recused);
            let leaves = act == Act::Session(SessionAct::Leave)
                && ![Role::Administrator, Role::Operator].contains(&role);
            let expected = if leaves { Ok(()) } else { Err(Denied::Recused) };
            assert_eq!(answer, expected, "{act:?} {role:?}");
        }
    }
}

#[test]
fn r48_an_unsigned_expert_signs_steps_aside_reads_his_call_or_leaves() {
    let open = [
        Act::Session(SessionAct::Leave),
        Act::Case(CaseAct::SignConfidentiality),
        Act::Case(CaseAct::StepAside),
        read(ReadAct::FindCases),
        read(ReadAct::ReadCase),
    ];
    for act in of_cases() {
        let answer = may(&[Role::Expert], act, Relation::Unsigned);
        assert_eq!(answer.is_ok(), open.contains(&act), "{act:?}");
    }
    let material = may(
        &[Role::Expert],
        read(ReadAct::ReadMaterial),
        Relation::Unsigned,
    );
    assert_eq!(material, Err(Denied::ConfidentialityNotSigned));
}

#[test]
fn a_supervisor_reads_acknowledges_and_changes_nothing() {
    let own = [
        SessionAct::AcknowledgeNotice,
        SessionAct::RefuseNotice,
        SessionAct::Leave,
        SessionAct::ChangeMedia,
        SessionAct::Acknowledge,
    ];
    for act in of_cases().filter(|act| !matches!(act, Act::Read(_))) {
        let answer = may(&[Role::Supervisor], act, Relation::Part);
        assert_eq!(
            answer.is_ok(),
            own.map(Act::Session).contains(&act),
            "{act:?}"
        );
    }
    let deliberation = read(ReadAct::ReadDeliberation);
    assert_eq!(
        may(&[Role::Supervisor], deliberation, Relation::Part),
        Ok(())
    );
}

#[test]
fn r28_no_applicant_agent_helper_or_interested_party_comes_near_a_deliberation() {
    for role in [
        Role::Applicant,
        Role::Agent,
        Role::Helper,
        Role::InterestedParty,
    ] {
        for relation in Relation::ALL {
            for act in [
                read(ReadAct::ReadDeliberation),
                Act::Session(SessionAct::SayInDeliberation),
                read(ReadAct::ReadSealedDecision),
                read(ReadAct::PreviewDecision),
            ] {
                assert!(may(&[role], act, relation).is_err(), "{role:?} {act:?}");
            }
        }
    }
}

#[test]
fn who_is_not_called_to_a_session_does_and_reads_nothing_of_it() {
    let of_a_session = |act: &Act| {
        matches!(act, Act::Session(_))
            || matches!(
                act,
                Act::Read(
                    ReadAct::ReadSession
                        | ReadAct::ReadStill
                        | ReadAct::ReadPaper
                        | ReadAct::ReadDeliberation
                        | ReadAct::ReadSealedDecision
                        | ReadAct::PreviewDecision
                        | ReadAct::ViewRecording
                        | ReadAct::ExportRecording
                )
            )
    };
    for act in Act::all().filter(of_a_session) {
        for role in Role::ALL {
            for relation in [Relation::Stranger, Relation::Open] {
                assert!(may(&[role], act, relation).is_err(), "{role:?} {act:?}");
            }
        }
    }
}

#[rstest]
#[case::staff_who_is_expert(&[Role::Surveyor, Role::Expert], &[Role::Expert])]
#[case::staff_who_applies(&[Role::Approver, Role::Applicant], &[Role::Applicant])]
#[case::expert_of_the_applicant(&[Role::Expert, Role::Agent], &[Role::Agent])]
#[case::supervising_chair(&[Role::Chair, Role::Supervisor], &[Role::Supervisor])]
#[case::supervising_applicant(&[Role::Applicant, Role::Supervisor], &[Role::Supervisor])]
#[case::two_of_staff(&[Role::Chair, Role::Approver], &[Role::Chair, Role::Approver])]
#[case::administrating_expert(&[Role::Expert, Role::Administrator], &[Role::Expert, Role::Administrator])]
#[case::operating_chair(&[Role::Chair, Role::Operator], &[Role::Chair, Role::Operator])]
fn r14_the_most_restricted_capacity_counts(#[case] held: &[Role], #[case] acts_as: &[Role]) {
    let held = held.iter().copied().collect();
    assert_eq!(capacities(&held), acts_as.iter().copied().collect());
}

#[test]
fn r14_an_expert_who_is_surveyor_too_answers_nothing_and_conducts_nothing() {
    let roles = [Role::Expert, Role::Surveyor, Role::Chair];
    for act in [
        SessionAct::AnswerItem,
        SessionAct::Start,
        SessionAct::SignRecord,
        SessionAct::FileDepartmentOpinion,
    ] {
        let answer = may(&roles, Act::Session(act), Relation::Part);
        assert_eq!(answer, Err(Denied::NotThisRole), "{act:?}");
    }
    let opinion = Act::Session(SessionAct::FileExpertOpinion);
    assert_eq!(may(&roles, opinion, Relation::Part), Ok(()));
}

#[rstest]
#[case::surveyor(Role::Surveyor, Relation::Stranger, Err(Denied::NotInThisCase))]
#[case::assigned(Role::Surveyor, Relation::Part, Ok(()))]
#[case::nobody_assigned(Role::Surveyor, Relation::Open, Ok(()))]
#[case::any_approver(Role::Approver, Relation::Stranger, Ok(()))]
#[case::applicant(Role::Applicant, Relation::Part, Err(Denied::NotThisRole))]
#[case::supervisor(Role::Supervisor, Relation::Stranger, Err(Denied::NotThisRole))]
fn a_case_is_handled_by_those_assigned_or_an_approver(
    #[case] role: Role,
    #[case] relation: Relation,
    #[case] expected: Result<(), Denied>,
) {
    assert_eq!(may(&[role], Act::Case(CaseAct::Accept), relation), expected);
}

#[test]
fn r36_whoever_handles_a_case_does_not_review_it() {
    let review = Act::Case(CaseAct::ReviewLegally);
    let staff = &[Role::DepartmentReviewer];
    assert_eq!(
        may(staff, review, Relation::Part),
        Err(Denied::NotIndependent)
    );
    assert_eq!(may(staff, review, Relation::Stranger), Ok(()));
}

#[test]
fn of_several_reasons_the_most_telling_is_given() {
    // The approver's part is not this role's act at all; the operator's lacks an approval.
    let roles = [Role::DepartmentReviewer, Role::Operator];
    let answer = may(&roles, read(ReadAct::ViewRecording), Relation::Stranger);
    assert_eq!(answer, Err(Denied::ApprovalMissing));
    assert_eq!(
        may(&[], read(ReadAct::ReadCase), Relation::Part),
        Err(Denied::NotThisRole)
    );
}

#[rstest]
#[case::view(AccessKind::View, Role::Surveyor, true)]
#[case::staff_does_not_export(AccessKind::Export, Role::Surveyor, false)]
#[case::approver_exports(AccessKind::Export, Role::Approver, true)]
#[case::own_copy(AccessKind::Export, Role::Applicant, true)]
#[case::helper(AccessKind::View, Role::Helper, false)]
#[case::interested(AccessKind::View, Role::InterestedParty, false)]
fn r59_only_who_may_look_looks_and_says_why(
    #[case] kind: AccessKind,
    #[case] role: Role,
    #[case] looks: bool,
) {
    let roles = BTreeSet::from([role]);
    let purpose = Some(Purpose::Review);
    let entry = look(&roles, Relation::Part, "p", kind, purpose, 7);
    assert_eq!(entry.is_ok(), looks);
    if let Ok(entry) = entry {
        assert_eq!(
            (entry.person.as_str(), entry.kind, entry.at),
            ("p", kind, 7)
        );
        let mute = look(&roles, Relation::Part, "p", kind, None, 7);
        assert_eq!(mute, Err(Denied::PurposeMissing));
    }
}

#[test]
fn what_is_denied_is_refused_by_a_code_that_says_what_to_do() {
    let codes = [
        (Denied::NotThisRole, Code::NotAllowed),
        (Denied::NotInThisCase, Code::NotAllowed),
        (Denied::Recused, Code::Recused),
        (
            Denied::ConfidentialityNotSigned,
            Code::ConfidentialityNotSigned,
        ),
        (Denied::NotIndependent, Code::HandlerNotIndependent),
        (Denied::ApprovalMissing, Code::ApprovalMissing),
        (Denied::PurposeMissing, Code::PurposeMissing),
    ];
    for (denied, code) in codes {
        assert_eq!(Refusal::from(denied).code, code);
    }
}
