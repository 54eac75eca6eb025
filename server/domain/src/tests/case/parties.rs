//! Recusals, legal review, interested parties (R16, R35, R36).

use rstest::rstest;

use super::play::*;
use crate::case::{CaseCommand, CaseReport, ReviewResult};
use crate::event::DecisionKind;
use crate::people::Role;
use crate::refusal::Code;
use crate::testing::person;

fn recuse(who: &str) -> CaseCommand {
    CaseCommand::RecordRecusal {
        person: person(who),
        reason: "与申请人有近亲属关系。".to_owned(),
    }
}

fn assign(who: &str) -> CaseCommand {
    CaseCommand::AssignStaff {
        person: person(who),
        role: Role::Surveyor,
    }
}

#[test]
fn r16_whoever_is_recused_does_nothing_more_in_the_case() {
    let mut play = CasePlay::in_review();
    play.act(APPROVER, &assign(HANDLER)).unwrap();
    play.act(APPROVER, &recuse(HANDLER)).unwrap();
    let note = CaseCommand::NoteReview {
        text: "t".to_owned(),
    };
    assert_eq!(play.refused(HANDLER, &note), Code::Recused);
    assert_eq!(play.refused(APPROVER, &assign(HANDLER)), Code::Recused);
    assert!(play.case.staff.is_empty());
    assert!(play.case.facts.recused.contains(&person(HANDLER)));
}

#[test]
fn r16_one_may_step_aside_but_not_push_others_aside() {
    let mut play = CasePlay::in_review();
    play.act(HANDLER, &call(EXPERT)).unwrap();
    assert_eq!(play.refused(HANDLER, &recuse(EXPERT)), Code::NotAllowed);
    assert_eq!(play.refused(APPLICANT, &recuse(HANDLER)), Code::NotAllowed);
    assert_eq!(
        play.refused(APPLICANT, &recuse(APPLICANT)),
        Code::NotAllowed
    );
    play.act(EXPERT, &recuse(EXPERT)).unwrap();
    let again = CaseCommand::DrawExperts {
        field: EXPERT.to_owned(),
        count: 1,
        instead_of: Vec::new(),
        reason: "原专家回避。".to_owned(),
    };
    assert_eq!(play.refused(HANDLER, &again), Code::ExpertsTooFew);
}

#[test]
fn r16_nobody_with_a_side_works_on_the_case() {
    let mut play = CasePlay::in_review();
    assert_eq!(play.refused(APPROVER, &assign(APPLICANT)), Code::NotAllowed);
    play.act(HANDLER, &notify(NEIGHBOUR)).unwrap();
    assert_eq!(play.refused(APPROVER, &assign(NEIGHBOUR)), Code::NotAllowed);
    assert_eq!(play.refused(HANDLER, &call(NEIGHBOUR)), Code::ExpertsTooFew);
}

#[test]
fn once_somebody_is_assigned_others_leave_the_case_alone() {
    let mut play = CasePlay::in_review();
    let note = CaseCommand::NoteReview {
        text: "t".to_owned(),
    };
    assert!(play.ask(LEGAL, &note).is_ok());
    play.act(APPROVER, &assign(HANDLER)).unwrap();
    assert_eq!(play.refused(LEGAL, &note), Code::NotAllowed);
    assert!(play.ask(HANDLER, &note).is_ok());
}

fn notify(who: &str) -> CaseCommand {
    CaseCommand::NotifyInterestedParty {
        person: person(who),
        interest: "相邻经营者，涉及油烟排放。".to_owned(),
    }
}

fn state() -> CaseCommand {
    CaseCommand::State {
        text: "请求调整排烟口位置。".to_owned(),
    }
}

fn grant() -> CaseReport {
    announced("session-1", DecisionKind::Granted)
}

fn notified() -> CasePlay {
    let mut play = CasePlay::in_review();
    play.act(HANDLER, &notify(NEIGHBOUR)).unwrap();
    play
}

#[rstest]
#[case(DecisionKind::Granted)]
#[case(DecisionKind::Refused)]
fn r35_nothing_is_decided_before_the_statement_is_in_and_the_window_has_passed(
    #[case] kind: DecisionKind,
) {
    let mut play = notified();
    let decision = announced("session-1", kind);
    assert_eq!(play.report_refused(&decision), Code::PartyStatementMissing);
    play.act(NEIGHBOUR, &state()).unwrap();
    assert_eq!(play.report_refused(&decision), Code::HearingWindowOpen);
    // Monday and five days: the last is the next Monday.
    play.to("2026-03-09");
    assert_eq!(play.report_refused(&decision), Code::HearingWindowOpen);
    play.to("2026-03-10");
    play.report(&decision).unwrap();
}

#[test]
fn r35_silence_is_noted_only_when_the_window_has_passed() {
    let mut play = notified();
    let silent = CaseCommand::NoteSilence {
        person: person(NEIGHBOUR),
    };
    assert_eq!(play.refused(HANDLER, &silent), Code::HearingWindowOpen);
    play.to("2026-03-10");
    assert_eq!(play.report_refused(&grant()), Code::PartyStatementMissing);
    play.act(HANDLER, &silent).unwrap();
    play.report(&grant()).unwrap();
}

#[test]
fn r35_a_hearing_that_was_asked_for_is_held_first() {
    let mut play = notified();
    play.act(NEIGHBOUR, &state()).unwrap();
    play.act(NEIGHBOUR, &CaseCommand::RequestHearing {})
        .unwrap();
    play.to("2026-03-10");
    assert_eq!(play.report_refused(&grant()), Code::HearingNotHeld);
    let hearing = |day| CaseCommand::ScheduleHearing {
        at: morning(day),
        place: "示例会议室".to_owned(),
    };
    let record = CaseCommand::RecordHearing {
        record_digest: digest(1),
    };
    // Told seven days before (ARL 48).
    assert_eq!(
        play.refused(HANDLER, &hearing("2026-03-16")),
        Code::DateInvalid
    );
    play.act(HANDLER, &hearing("2026-03-18")).unwrap();
    assert_eq!(play.refused(HANDLER, &record), Code::HearingNotHeld);
    assert_eq!(play.report_refused(&grant()), Code::HearingNotHeld);
    play.to("2026-03-19");
    play.act(HANDLER, &record).unwrap();
    play.report(&grant()).unwrap();
}

#[test]
fn r35_the_request_can_be_withdrawn_and_comes_too_late_after_the_window() {
    let mut play = notified();
    play.act(NEIGHBOUR, &CaseCommand::WaiveStatement {})
        .unwrap();
    play.act(APPLICANT, &CaseCommand::RequestHearing {})
        .unwrap();
    assert_eq!(
        play.refused(NEIGHBOUR, &CaseCommand::WithdrawHearing {}),
        Code::NotAllowed
    );
    play.act(APPLICANT, &CaseCommand::WithdrawHearing {})
        .unwrap();
    play.to("2026-03-10");
    for who in [NEIGHBOUR, APPLICANT] {
        let refused = play.refused(who, &CaseCommand::RequestHearing {});
        assert_eq!(refused, Code::HearingWindowPassed);
    }
    play.report(&grant()).unwrap();
}

/// An office that has no part in cases takes nobody the right to speak for his own side.
#[test]
fn r35_whoever_the_case_touches_is_heard_whatever_his_office() {
    let mut play = notified();
    let waive = CaseCommand::WaiveStatement {};
    assert_eq!(play.refused(ADMINISTRATOR, &waive), Code::NotAllowed);
    let notify = CaseCommand::NotifyInterestedParty {
        person: person(ADMINISTRATOR),
        interest: "住在隔壁".to_owned(),
    };
    play.act(HANDLER, &notify).unwrap();
    play.act(ADMINISTRATOR, &waive).unwrap();
    let note = CaseCommand::NoteReview {
        text: "示例".to_owned(),
    };
    assert_eq!(play.refused(ADMINISTRATOR, &note), Code::NotAllowed);
}

#[rstest]
#[case(APPLICANT)]
#[case(HANDLER)]
#[case(EXPERT)]
fn r35_nobody_states_for_the_interested_party(#[case] who: &str) {
    assert_eq!(notified().refused(who, &state()), Code::NotAllowed);
}

#[test]
fn r36_a_major_case_is_not_decided_without_a_legal_review() {
    let mut play = CasePlay::in_review();
    play.act(APPROVER, &assign(HANDLER)).unwrap();
    let review = |result| CaseCommand::ReviewLegally {
        result,
        opinion: "o".to_owned(),
    };
    let sign = review(ReviewResult::SignedOff);
    assert_eq!(play.refused(LEGAL, &sign), Code::NotInThisStage);
    let flag = CaseCommand::FlagMajor {
        reason: "涉及重大公共利益。".to_owned(),
    };
    play.act(HANDLER, &flag).unwrap();
    assert_eq!(play.report_refused(&grant()), Code::LegalReviewMissing);
    // Not by whoever handles it.
    assert_eq!(play.refused(HANDLER, &sign), Code::HandlerNotIndependent);
    play.act(LEGAL, &review(ReviewResult::Objected)).unwrap();
    assert_eq!(play.report_refused(&grant()), Code::LegalReviewMissing);
    play.act(LEGAL, &sign).unwrap();
    play.report(&grant()).unwrap();
}
