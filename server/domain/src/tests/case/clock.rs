//! The working-day clock (R04–R08).

use rstest::rstest;

use super::play::*;
use crate::case::{
    CaseCommand, CaseReport, Duty, ExcludedCause, GovernmentApproval, decision_due, dues, overdue,
};
use crate::event::DecisionKind;
use crate::refusal::Code;

fn due(play: &CasePlay) -> String {
    let due = decision_due(&play.case, &play.calendar, play.now).unwrap();
    due.unwrap().to_string()
}

fn extend(days: u32) -> CaseCommand {
    CaseCommand::Extend {
        days,
        reason: "案情复杂。".to_owned(),
        notice: written(),
    }
}

fn tell(cause: ExcludedCause, days: u32) -> CaseCommand {
    CaseCommand::TellExcludedPeriod {
        cause,
        days,
        notice: written(),
    }
}

fn stop(cause: ExcludedCause) -> CaseCommand {
    CaseCommand::StopClock { cause }
}

#[test]
fn r04_the_limit_runs_over_holidays_and_make_up_days() {
    // Twenty working days after Monday 9 February: Spring Festival lies between, two Saturdays are made up.
    let mut play = CasePlay::opened_by("case-1", guide(), "2026-02-09");
    play.hand_in(&[]);
    play.act(HANDLER, &CaseCommand::Accept {}).unwrap();
    assert_eq!(due(&play), "2026-03-13");
}

#[test]
fn r04_a_limit_that_runs_beyond_the_table_is_refused_not_guessed() {
    let mut play = CasePlay::opened_by("case-1", guide(), "2027-12-20");
    play.hand_in(&[]);
    play.act(HANDLER, &CaseCommand::Accept {}).unwrap();
    assert!(decision_due(&play.case, &play.calendar, play.now).is_err());
    assert_eq!(play.refused(APPROVER, &extend(5)), Code::CalendarNotLoaded);
}

#[test]
fn r05_twenty_working_days_and_ten_more_once() {
    let mut play = CasePlay::accepted();
    assert_eq!(due(&play), "2026-03-30");
    play.act(APPROVER, &extend(10)).unwrap();
    assert_eq!(due(&play), "2026-04-14");
    assert_eq!(play.refused(APPROVER, &extend(1)), Code::AlreadyExtended);
}

#[rstest]
#[case(HANDLER, extend(10), Code::NotAllowed)]
#[case(APPLICANT, extend(10), Code::NotAllowed)]
#[case(APPROVER, extend(11), Code::ExtensionTooLong)]
#[case(APPROVER, extend(0), Code::ExtensionTooLong)]
#[case(APPROVER, CaseCommand::Extend { days: 5, reason: " ".to_owned(), notice: written() }, Code::ReasonMissing)]
fn r05_an_extension_has_an_approver_and_a_reason_that_was_sent(
    #[case] who: &str,
    #[case] command: CaseCommand,
    #[case] expected: Code,
) {
    let play = CasePlay::accepted();
    assert_eq!(play.refused(who, &command), expected);
}

#[test]
fn r05_what_is_late_is_not_extended() {
    let mut play = CasePlay::accepted();
    play.to("2026-03-31");
    assert_eq!(play.refused(APPROVER, &extend(5)), Code::LimitPassed);
}

#[test]
fn r06_a_joint_case_has_forty_five_and_fifteen_by_the_government() {
    let mut play = CasePlay::accepted();
    let bundle = "bundle-1".to_owned();
    play.report(&CaseReport::BundleJoined { bundle }).unwrap();
    assert_eq!(due(&play), "2026-05-08");
    // Its clock is extended in the bundle alone.
    assert_eq!(
        play.refused(APPROVER, &extend(5)),
        Code::GovernmentApprovalMissing
    );
    let extended = |days| CaseReport::BundleExtended {
        days,
        reason: "案情复杂。".to_owned(),
        notice: written(),
        government: GovernmentApproval {
            name: "负责人（示例）".to_owned(),
            document: "示例批〔2026〕1号".to_owned(),
        },
    };
    assert_eq!(play.report_refused(&extended(16)), Code::ExtensionTooLong);
    play.report(&extended(15)).unwrap();
    assert_eq!(due(&play), "2026-05-28");
    assert_eq!(play.report_refused(&extended(1)), Code::AlreadyExtended);
}

#[test]
fn r07_the_clock_stops_only_after_the_applicant_was_told_how_long() {
    let mut play = CasePlay::accepted();
    let expert = ExcludedCause::ExpertReview;
    assert_eq!(play.refused(HANDLER, &stop(expert)), Code::PeriodNotTold);
    play.act(HANDLER, &tell(ExcludedCause::Testing, 5)).unwrap();
    assert_eq!(play.refused(HANDLER, &stop(expert)), Code::PeriodNotTold);
    play.act(HANDLER, &tell(expert, 5)).unwrap();
    play.act(HANDLER, &stop(expert)).unwrap();
    assert_eq!(
        play.refused(HANDLER, &stop(ExcludedCause::Testing)),
        Code::ClockStopped
    );
    play.act(HANDLER, &CaseCommand::ResumeClock {}).unwrap();
    assert_eq!(
        play.refused(HANDLER, &CaseCommand::ResumeClock {}),
        Code::ClockRunning
    );
    // What was told is spent.
    assert_eq!(play.refused(HANDLER, &stop(expert)), Code::PeriodNotTold);
}

#[rstest]
#[case("2026-03-04", "2026-03-30", "stopped and resumed on one day")]
#[case("2026-03-05", "2026-03-31", "one day")]
#[case("2026-03-09", "2026-04-02", "three days and a weekend")]
#[case("2026-03-25", "2026-04-07", "never more than the five that were told")]
fn r07_what_stands_still_is_added_up_to_what_was_told(
    #[case] resumed: &str,
    #[case] expected: &str,
    #[case] why: &str,
) {
    let mut play = CasePlay::accepted();
    play.act(HANDLER, &tell(ExcludedCause::Testing, 5)).unwrap();
    play.to("2026-03-04");
    play.act(HANDLER, &stop(ExcludedCause::Testing)).unwrap();
    play.to(resumed);
    assert_eq!(due(&play), expected, "still standing: {why}");
    play.act(HANDLER, &CaseCommand::ResumeClock {}).unwrap();
    play.to("2026-03-26");
    assert_eq!(due(&play), expected, "{why}");
}

#[test]
fn r07_a_cause_that_is_not_listed_cannot_even_be_said() {
    let text = r#"{"type":"stop_clock","cause":"holiday_of_the_handler"}"#;
    assert!(serde_json::from_str::<CaseCommand>(text).is_err());
}

#[test]
fn r08_a_licence_is_issued_and_served_within_ten_working_days() {
    let mut play = CasePlay::decided(DecisionKind::Granted);
    let serving = |play: &CasePlay| {
        let dues = dues(&play.case, &play.calendar, play.now).unwrap();
        dues.into_iter()
            .find(|due| due.duty == Duty::Serve)
            .unwrap()
    };
    assert_eq!(serving(&play).on, date("2026-03-16"));
    assert_eq!(play.refused(HANDLER, &serve()), Code::LicenceMissing);
    play.act(HANDLER, &issue()).unwrap();
    play.to("2026-03-17");
    let late = overdue(&play.case, &play.calendar, play.now).unwrap();
    assert!(late.iter().any(|due| due.duty == Duty::Serve));
    play.act(HANDLER, &serve()).unwrap();
    assert_eq!(serving(&play).done, Some(date("2026-03-17")));
    assert_eq!(play.refused(HANDLER, &serve()), Code::AlreadyExists);
}

#[test]
fn overdue_is_told_the_day_after_the_last() {
    let mut play = CasePlay::accepted();
    let late = |play: &CasePlay| {
        let overdue = overdue(&play.case, &play.calendar, play.now).unwrap();
        overdue.into_iter().map(|due| due.duty).collect::<Vec<_>>()
    };
    play.to("2026-03-30");
    assert_eq!(late(&play), []);
    play.to("2026-03-31");
    assert_eq!(late(&play), [Duty::Decide]);
}

#[test]
fn a_receipt_that_is_not_answered_is_overdue() {
    let mut play = CasePlay::received_without(&["lease"]);
    play.to("2026-03-10");
    let late = overdue(&play.case, &play.calendar, play.now).unwrap();
    assert_eq!(late[0].duty, Duty::AnswerReceipt);
    assert_eq!(late[0].on, date("2026-03-09"));
}

#[rstest]
#[case::answered(&[], "2026-03-04", "2026-03-04")]
#[case::by_time_itself_at_the_receipt(&["lease"], "2026-03-10", MONDAY)]
fn r02_a_receipt_is_answered_on_the_day_of_the_act_or_by_time_on_its_own(
    #[case] missing: &[&str],
    #[case] accepted: &str,
    #[case] answered: &str,
) {
    let mut play = CasePlay::received_without(missing);
    play.to(accepted);
    play.act(HANDLER, &CaseCommand::Accept {}).unwrap();
    let dues = dues(&play.case, &play.calendar, play.now).unwrap();
    assert_eq!(dues[0].duty, Duty::AnswerReceipt);
    assert_eq!(dues[0].done, Some(date(answered)));
}

#[test]
fn r05_on_the_last_day_itself_it_can_still_be_extended() {
    let mut play = CasePlay::accepted();
    play.to("2026-03-30");
    play.act(APPROVER, &extend(10)).unwrap();
    assert_eq!(due(&play), "2026-04-14");
}

#[test]
fn r07_one_cause_is_told_again_only_when_what_was_told_is_spent() {
    let mut play = CasePlay::accepted();
    let testing = tell(ExcludedCause::Testing, 5);
    play.act(HANDLER, &testing).unwrap();
    assert_eq!(play.refused(HANDLER, &testing), Code::AlreadyExists);
    play.act(HANDLER, &stop(ExcludedCause::Testing)).unwrap();
    play.act(HANDLER, &CaseCommand::ResumeClock {}).unwrap();
    play.act(HANDLER, &testing).unwrap();
}
