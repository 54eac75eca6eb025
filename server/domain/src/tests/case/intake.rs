//! From the first material to acceptance (R01–R03, R09–R12, R45).

use rstest::rstest;

use super::play::*;
use crate::case::{
    CaseCommand, CaseEvent, CaseReport, CreditStanding, FileFacts, Route, Stage, Verdict,
};
use crate::event::DecisionKind;
use crate::refusal::Code;

fn route(play: &CasePlay) -> Route {
    play.case.stage.acceptance().unwrap().route
}

#[test]
fn r01_a_notice_holds_all_that_is_missing() {
    let play = CasePlay::received_without(&["lease", "plan"]);
    let partial = notice(&["lease"]);
    assert_eq!(play.refused(HANDLER, &partial), Code::NoticeIncomplete);
    assert_eq!(play.named(HANDLER, &partial), ["plan"]);
    let events = play
        .ask(HANDLER, &notice(&["lease", "plan", "form"]))
        .unwrap();
    let CaseEvent::NoticeGiven {
        missing,
        submission,
        ..
    } = &events[0]
    else {
        panic!("{events:?}");
    };
    assert_eq!((missing.len(), *submission), (3, 1));
}

#[test]
fn r01_material_found_insufficient_is_missing_too() {
    let mut play = CasePlay::received_without(&["plan"]);
    play.act(HANDLER, &insufficient("form")).unwrap();
    assert_eq!(play.named(HANDLER, &notice(&["plan"])), ["form"]);
}

#[test]
fn r01_a_second_notice_for_the_same_submission_is_refused() {
    let mut play = CasePlay::received_without(&["lease"]);
    play.act(HANDLER, &notice(&["lease"])).unwrap();
    assert_eq!(
        play.refused(HANDLER, &notice(&["lease"])),
        Code::AlreadyNoticed
    );
    // A new submission may have its own.
    play.act(AGENT, &CaseCommand::Receive {}).unwrap();
    assert!(play.act(HANDLER, &notice(&["lease"])).is_ok());
}

#[rstest]
#[case("2026-03-09", None)]
#[case("2026-03-10", Some(Route::Deemed))]
fn r02_without_a_notice_in_five_working_days_the_case_is_accepted(
    #[case] day: &str,
    #[case] expected: Option<Route>,
) {
    let mut play = CasePlay::received_without(&["lease"]);
    play.to(day);
    let passed = play.report(&CaseReport::TimePassed);
    assert_eq!(passed.is_ok(), expected.is_some(), "{passed:?}");
    if let Some(expected) = expected {
        let acceptance = play.case.stage.acceptance().unwrap();
        assert_eq!((acceptance.route, acceptance.on), (expected, date(MONDAY)));
    }
}

#[test]
fn r02_after_the_five_days_nothing_but_acceptance_is_left() {
    let mut play = CasePlay::received_without(&["lease"]);
    play.to("2026-03-10");
    assert_eq!(
        play.refused(HANDLER, &notice(&["lease"])),
        Code::NoticeTooLate
    );
    assert_eq!(play.refused(HANDLER, &not_accept()), Code::NoticeTooLate);
    play.act(HANDLER, &CaseCommand::Accept {}).unwrap();
    assert_eq!(play.case.stage.acceptance().unwrap().on, date(MONDAY));
}

#[test]
fn r02_the_days_count_anew_from_the_corrected_submission() {
    let mut play = CasePlay::received_without(&["lease"]);
    play.act(HANDLER, &notice(&["lease"])).unwrap();
    play.to("2026-03-20");
    assert_eq!(
        play.report_refused(&CaseReport::TimePassed),
        Code::NotInThisStage
    );
    play.act(APPLICANT, &submit("lease")).unwrap();
    play.act(APPLICANT, &CaseCommand::Receive {}).unwrap();
    play.to("2026-03-30");
    play.report(&CaseReport::TimePassed).unwrap();
    assert_eq!(play.case.stage.acceptance().unwrap().on, date("2026-03-20"));
}

#[rstest]
#[case(CaseCommand::Accept {})]
#[case(not_accept())]
fn r03_acceptance_and_non_acceptance_always_have_a_sealed_slip(#[case] command: CaseCommand) {
    let mut play = CasePlay::received_without(&[]);
    play.slip = false;
    assert_eq!(play.refused(HANDLER, &command), Code::SlipMissing);
    play.slip = true;
    play.act(HANDLER, &command).unwrap();
    let slip = match &play.case.stage {
        Stage::Accepted(acceptance) => &acceptance.slip,
        Stage::NotAccepted(no) => &no.slip,
        stage => panic!("{stage:?}"),
    };
    assert_eq!(slip.seal, "示例");
}

#[test]
fn r03_deemed_acceptance_has_a_slip_too() {
    let mut play = CasePlay::received_without(&[]);
    play.to("2026-03-10");
    play.slip = false;
    assert_eq!(
        play.report_refused(&CaseReport::TimePassed),
        Code::SlipMissing
    );
}

#[rstest]
#[case("", "b", "n", "c", Code::ReasonMissing)]
#[case("r", " ", "n", "c", Code::BasisMissing)]
#[case("r", "b", "", "c", Code::NextStepMissing)]
#[case("r", "b", "n", "", Code::NextStepMissing)]
fn r03_non_acceptance_says_why_and_what_to_do_next(
    #[case] reason: &str,
    #[case] basis: &str,
    #[case] next_step: &str,
    #[case] contact: &str,
    #[case] expected: Code,
) {
    let play = CasePlay::received_without(&[]);
    let command = CaseCommand::NotAccept {
        reason: reason.to_owned(),
        basis: basis.to_owned(),
        next_step: next_step.to_owned(),
        contact: contact.to_owned(),
    };
    assert_eq!(play.refused(HANDLER, &command), expected);
}

#[test]
fn r09_nothing_outside_the_list_can_be_asked_for_or_taken_in() {
    let play = CasePlay::received_without(&["lease"]);
    let more = notice(&["lease", "letter_of_the_bank"]);
    assert_eq!(play.refused(HANDLER, &more), Code::MaterialNotListed);
    assert_eq!(play.named(HANDLER, &more), ["letter_of_the_bank"]);
    assert_eq!(
        play.refused(APPLICANT, &submit("letter")),
        Code::MaterialNotListed
    );
}

#[test]
fn nothing_is_handed_in_that_was_not_uploaded() {
    let mut play = CasePlay::opened();
    let uploaded = file();
    let named = |file: FileFacts| CaseCommand::SubmitMaterial {
        material: "form".to_owned(),
        file,
    };
    for not in [
        FileFacts {
            sha256: digest(2),
            ..uploaded.clone()
        },
        FileFacts {
            bytes: 999,
            ..uploaded.clone()
        },
        FileFacts {
            media_type: "image/png".to_owned(),
            ..uploaded.clone()
        },
    ] {
        assert_eq!(
            play.refused(APPLICANT, &named(not)),
            Code::MaterialNotUploaded
        );
    }
    let renamed = FileFacts {
        name: "申请书.pdf".to_owned(),
        ..uploaded
    };
    play.act(APPLICANT, &named(renamed)).unwrap();
    play.uploads.clear();
    assert_eq!(play.named(APPLICANT, &submit("form")), ["form"]);
}

#[test]
fn r10_what_sharing_gives_is_not_asked_of_the_applicant() {
    let mut play = CasePlay::received_without(&["lease"]);
    let more = notice(&["lease", "licence"]);
    assert_eq!(play.refused(HANDLER, &more), Code::ObtainableBySharing);
    assert_eq!(
        play.refused(APPLICANT, &submit("licence")),
        Code::ObtainableBySharing
    );
    assert!(!play.case.missing().contains(&"licence".to_owned()));
    let shared = CaseCommand::TakeShared {
        material: "licence".to_owned(),
        sha256: digest(9),
    };
    assert_eq!(play.refused(APPLICANT, &shared), Code::NotAllowed);
    play.act(HANDLER, &shared).unwrap();
    play.act(HANDLER, &sufficient("licence")).unwrap();
}

#[rstest]
#[case(&["lease"], Code::MaterialsMissing)]
#[case(&["plan"], Code::UndertakingMissing)]
#[case(&["health"], Code::MaterialsMissing)]
fn r11_only_minor_material_may_be_missing_and_only_by_undertaking(
    #[case] missing: &[&str],
    #[case] expected: Code,
) {
    let play = CasePlay::received_without(missing);
    assert_eq!(play.refused(HANDLER, &CaseCommand::Accept {}), expected);
    assert_eq!(play.named(HANDLER, &CaseCommand::Accept {}), missing);
}

/// Accepted with the plan to follow by the twentieth.
fn tolerated() -> CasePlay {
    let mut play = CasePlay::received_without(&["plan"]);
    play.act(HANDLER, &credit(CreditStanding::Clear)).unwrap();
    play.act(APPLICANT, &undertake("plan", "2026-03-20"))
        .unwrap();
    play.act(HANDLER, &CaseCommand::Accept {}).unwrap();
    play
}

#[test]
fn r11_no_grant_until_everything_undertaken_is_in_and_reviewed() {
    let mut play = tolerated();
    assert_eq!(route(&play), Route::Tolerant);
    play.act(HANDLER, &schedule("session-1", &[])).unwrap();
    let grant = announced("session-1", DecisionKind::Granted);
    assert_eq!(play.report_refused(&grant), Code::UndertakingOpen);
    play.act(APPLICANT, &submit("plan")).unwrap();
    assert_eq!(play.report_refused(&grant), Code::UndertakingOpen);
    play.act(HANDLER, &insufficient("plan")).unwrap();
    assert_eq!(play.report_refused(&grant), Code::UndertakingOpen);
    play.act(APPLICANT, &submit("plan")).unwrap();
    play.act(HANDLER, &sufficient("plan")).unwrap();
    play.report(&grant).unwrap();
    assert_eq!(play.case.stage.name(), "granted");
}

#[test]
fn r11_an_open_undertaking_does_not_keep_a_refusal_back() {
    let mut play = tolerated();
    play.act(HANDLER, &schedule("session-1", &[])).unwrap();
    play.report(&announced("session-1", DecisionKind::Refused))
        .unwrap();
    assert_eq!(play.case.stage.name(), "refused");
}

#[rstest]
#[case("lease", "2026-03-20", Code::MaterialNotMinor)]
#[case("plan", "2026-03-02", Code::DateInvalid)]
#[case("plan", "2029-03-02", Code::DateInvalid)]
#[case("letter", "2026-03-20", Code::MaterialNotListed)]
fn r11_an_undertaking_names_minor_material_and_a_day(
    #[case] material: &str,
    #[case] by: &str,
    #[case] expected: Code,
) {
    let mut play = CasePlay::opened();
    play.act(HANDLER, &credit(CreditStanding::Clear)).unwrap();
    assert_eq!(play.refused(APPLICANT, &undertake(material, by)), expected);
}

#[rstest]
#[case(None, Some(Code::CreditNotChecked))]
#[case(Some(CreditStanding::Marked), Some(Code::CreditMarked))]
#[case(Some(CreditStanding::Clear), None)]
fn r12_a_bad_mark_bars_both_easier_ways(
    #[case] standing: Option<CreditStanding>,
    #[case] expected: Option<Code>,
) {
    let mut play = CasePlay::opened();
    if let Some(standing) = standing {
        play.act(HANDLER, &credit(standing)).unwrap();
    }
    let commit = CaseCommand::Commit { sha256: digest(1) };
    for command in [undertake("plan", "2026-03-20"), commit] {
        let refused = play.ask(APPLICANT, &command).err();
        assert_eq!(refused.map(|refusal| refusal.code), expected, "{command:?}");
    }
}

#[test]
fn r12_a_mark_that_comes_before_acceptance_counts_and_so_does_its_repair() {
    let mut play = CasePlay::received_without(&["plan"]);
    play.act(HANDLER, &credit(CreditStanding::Clear)).unwrap();
    play.act(APPLICANT, &undertake("plan", "2026-03-20"))
        .unwrap();
    play.act(HANDLER, &credit(CreditStanding::Marked)).unwrap();
    assert_eq!(
        play.refused(HANDLER, &CaseCommand::Accept {}),
        Code::CreditMarked
    );
    play.act(HANDLER, &credit(CreditStanding::Clear)).unwrap();
    play.act(HANDLER, &CaseCommand::Accept {}).unwrap();
}

#[test]
fn r12_a_commitment_stands_for_what_the_guide_says_and_is_signed() {
    let mut play = CasePlay::received_without(&["health"]);
    play.act(HANDLER, &credit(CreditStanding::Clear)).unwrap();
    play.factor = false;
    let commit = CaseCommand::Commit { sha256: digest(1) };
    assert_eq!(play.refused(APPLICANT, &commit), Code::FactorNeeded);
    play.factor = true;
    play.act(APPLICANT, &commit).unwrap();
    play.act(HANDLER, &CaseCommand::Accept {}).unwrap();
    assert_eq!(route(&play), Route::Commitment);
}

/// A case in which false material was found on [`MONDAY`].
fn lied() -> CasePlay {
    let mut play = CasePlay::in_review();
    let found = CaseCommand::FindFalseMaterial {
        material: "lease".to_owned(),
        finding: "租赁合同系伪造。".to_owned(),
    };
    assert_eq!(play.refused(HANDLER, &found), Code::NotAllowed);
    play.act(APPROVER, &found).unwrap();
    play
}

#[rstest]
#[case("2027-03-01", true)]
#[case("2027-03-02", true)]
#[case("2027-03-03", false)]
fn r45_false_material_blocks_the_same_application_for_one_year(
    #[case] day: &str,
    #[case] blocked: bool,
) {
    let bar = lied().case.bar().unwrap();
    let mut again = CasePlay::opened_by("case-2", guide(), day);
    again.bars = vec![bar];
    again.hand_in(&[]);
    let accepted = again.ask(HANDLER, &CaseCommand::Accept {});
    assert_eq!(accepted.is_err(), blocked);
    if blocked {
        assert_eq!(accepted.unwrap_err().code, Code::ApplicationBarred);
        again.act(HANDLER, &not_accept()).unwrap();
    }
}

#[test]
fn r45_what_is_accepted_by_time_alone_is_not_granted_while_blocked() {
    let bar = lied().case.bar().unwrap();
    let mut again = CasePlay::opened_by("case-2", guide(), "2026-04-07");
    again.bars = vec![bar];
    again.hand_in(&[]);
    again.to("2026-04-20");
    again.report(&CaseReport::TimePassed).unwrap();
    again.act(HANDLER, &schedule("session-1", &[])).unwrap();
    let grant = announced("session-1", DecisionKind::Granted);
    assert_eq!(again.report_refused(&grant), Code::ApplicationBarred);
    again
        .report(&announced("session-1", DecisionKind::Refused))
        .unwrap();
}

#[test]
fn r45_another_item_another_applicant_or_an_ordinary_item_is_not_blocked() {
    let bar = lied().case.bar().unwrap();
    for other in [
        crate::case::Bar {
            item: "hygiene".to_owned(),
            ..bar.clone()
        },
        crate::case::Bar {
            uscc: "other".to_owned(),
            ..bar
        },
    ] {
        let mut play = CasePlay::opened_by("case-2", guide(), "2026-04-07");
        play.bars = vec![other];
        play.hand_in(&[]);
        play.act(HANDLER, &CaseCommand::Accept {}).unwrap();
    }
    let mut lied = lied();
    lied.case.application.as_mut().unwrap().guide.concern = crate::case::Concern::Ordinary;
    assert_eq!(lied.case.bar(), None);
}

#[test]
fn r45_the_case_in_which_it_was_found_is_not_granted() {
    let mut play = lied();
    let grant = announced("session-1", DecisionKind::Granted);
    assert_eq!(play.report_refused(&grant), Code::FalseMaterial);
}

#[test]
fn material_is_reviewed_once_it_is_in() {
    let play = CasePlay::received_without(&["lease"]);
    assert_eq!(
        play.refused(HANDLER, &sufficient("lease")),
        Code::MaterialsMissing
    );
    let reviewed = play.ask(HANDLER, &sufficient("form")).unwrap();
    assert!(matches!(
        &reviewed[0],
        CaseEvent::MaterialReviewed {
            verdict: Verdict::Sufficient,
            ..
        }
    ));
}
