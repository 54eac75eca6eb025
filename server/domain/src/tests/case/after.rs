//! Re-survey, publication, retention, ratings, closing (R44, R46, R47, R49, R60), and appointments.

use rstest::rstest;

use super::play::*;
use crate::case::{
    Appointment, CaseCommand, CaseEvent, Duty, Publication, Rating, RatingState, Retention, Slot,
    dues,
};
use crate::event::DecisionKind;
use crate::refusal::Code;

#[rstest]
#[case(&[])]
#[case(&["F01"])]
#[case(&["F01", "F02", "F03"])]
#[case(&["F01", "F03"])]
#[case(&["F01", "F02", "F02"])]
fn r44_a_resurvey_reopens_the_failed_items_and_no_others(#[case] items: &[&str]) {
    let mut play = CasePlay::in_review();
    assert_eq!(
        play.refused(HANDLER, &schedule("session-2", &[])),
        Code::NotEnded
    );
    play.report(&ended("session-1", &["F02", "F01"])).unwrap();
    let wrong = schedule("session-2", items);
    assert_eq!(play.refused(HANDLER, &wrong), Code::ResurveyItems);
    assert_eq!(play.named(HANDLER, &wrong), ["F01", "F02"]);
    play.act(HANDLER, &schedule("session-2", &["F01", "F02"]))
        .unwrap();
    assert_eq!(play.case.sessions["session-2"].reopened, ["F01", "F02"]);
    play.report(&announced("session-2", DecisionKind::Granted))
        .unwrap();
}

#[test]
fn r44_a_session_has_one_result() {
    let mut play = CasePlay::in_review();
    play.report(&ended("session-1", &["F01"])).unwrap();
    let grant = announced("session-1", DecisionKind::Granted);
    assert_eq!(play.report_refused(&grant), Code::AlreadyExists);
    assert_eq!(
        play.report_refused(&ended("session-9", &[])),
        Code::UnknownSession
    );
}

#[test]
fn r46_a_grant_is_published_within_seven_working_days_and_before_closing() {
    let mut play = CasePlay::decided(DecisionKind::Granted);
    let dues = dues(&play.case, &play.calendar, play.now).unwrap();
    let publication = dues.iter().find(|due| due.duty == Duty::Publish).unwrap();
    assert_eq!(publication.on, date("2026-03-11"));
    play.act(HANDLER, &issue()).unwrap();
    play.act(HANDLER, &serve()).unwrap();
    assert_eq!(
        play.refused(HANDLER, &CaseCommand::Close {}),
        Code::PublicationMissing
    );
    play.act(HANDLER, &mask(7)).unwrap();
    play.to("2026-03-10");
    play.act(HANDLER, &publish(7)).unwrap();
    play.act(HANDLER, &CaseCommand::Close {}).unwrap();
}

#[test]
fn r46_a_refusal_is_not_published_and_closes_without() {
    let mut play = CasePlay::decided(DecisionKind::Refused);
    assert_eq!(play.refused(HANDLER, &mask(7)), Code::NotInThisStage);
    assert_eq!(play.refused(HANDLER, &issue()), Code::NotInThisStage);
    play.act(HANDLER, &serve()).unwrap();
    play.act(HANDLER, &CaseCommand::Close {}).unwrap();
    assert_eq!(play.case.stage.name(), "closed");
}

#[test]
fn r47_secrets_are_masked_with_time_to_object_before_anything_is_public() {
    let mut play = CasePlay::decided(DecisionKind::Granted);
    let claim = CaseCommand::ClaimSecret {
        material: "plan".to_owned(),
        passage: "配方".to_owned(),
    };
    play.act(APPLICANT, &claim).unwrap();
    assert_eq!(play.refused(HANDLER, &publish(7)), Code::MaskingMissing);
    play.act(HANDLER, &mask(7)).unwrap();
    // Three working days to object: to the end of Thursday.
    play.to("2026-03-05");
    assert_eq!(play.refused(HANDLER, &publish(7)), Code::ObjectionOpen);
    let object = CaseCommand::ObjectToMasking {
        text: "供货商名称也应遮蔽。".to_owned(),
    };
    assert_eq!(play.refused(NEIGHBOUR, &object), Code::NotAllowed);
    play.act(APPLICANT, &object).unwrap();
    play.to("2026-03-12");
    assert_eq!(play.refused(HANDLER, &publish(7)), Code::ObjectionOpen);
    play.act(HANDLER, &mask(8)).unwrap();
    play.to("2026-03-18");
    assert_eq!(play.refused(APPLICANT, &object), Code::NotInThisStage);
    // What goes out is what stood open to objection, not the text before.
    assert_eq!(play.refused(HANDLER, &publish(7)), Code::DigestMismatch);
    play.act(HANDLER, &publish(8)).unwrap();
    assert!(matches!(
        play.case.publication,
        Publication::Published { .. }
    ));
}

#[test]
fn r47_the_applicant_may_agree_before_the_time_is_over() {
    let mut play = CasePlay::decided(DecisionKind::Granted);
    play.act(HANDLER, &mask(7)).unwrap();
    play.act(AGENT, &CaseCommand::AcceptMasking {}).unwrap();
    play.act(HANDLER, &publish(7)).unwrap();
}

#[test]
fn r49_a_recording_is_never_kept_shorter_than_its_case() {
    let mut play = CasePlay::in_review();
    assert_eq!(
        play.case.recording_retention("session-1"),
        Some(Retention::TenYears)
    );
    let recording = |class| CaseCommand::SetRecordingRetention {
        session: "session-1".to_owned(),
        class,
    };
    play.act(APPROVER, &recording(Retention::ThirtyYears))
        .unwrap();
    assert_eq!(
        play.refused(APPROVER, &recording(Retention::TenYears)),
        Code::RetentionTooShort
    );
    let case = |class| CaseCommand::SetRetention { class };
    play.act(APPROVER, &case(Retention::Permanent)).unwrap();
    assert_eq!(
        play.case.recording_retention("session-1"),
        Some(Retention::Permanent)
    );
    assert_eq!(
        play.refused(APPROVER, &recording(Retention::ThirtyYears)),
        Code::RetentionTooShort
    );
    assert_eq!(
        play.refused(APPROVER, &case(Retention::TenYears)),
        Code::RetentionTooShort
    );
}

fn rate(rating: Rating) -> CaseCommand {
    CaseCommand::Rate {
        session: "session-1".to_owned(),
        rating,
        text: String::new(),
    }
}

#[test]
fn r60_each_session_asks_once_for_a_rating() {
    let mut play = CasePlay::in_review();
    assert_eq!(
        play.refused(APPLICANT, &rate(Rating::Satisfied)),
        Code::NotInThisStage
    );
    let events = play.report(&ended("session-1", &["F01"])).unwrap();
    let asks = |event: &&CaseEvent| matches!(event, CaseEvent::RatingRequested { .. });
    assert_eq!(events.iter().filter(asks).count(), 1);
    assert_eq!(
        play.refused(HANDLER, &rate(Rating::Satisfied)),
        Code::NotAllowed
    );
    play.act(APPLICANT, &rate(Rating::Satisfied)).unwrap();
    assert_eq!(
        play.refused(AGENT, &rate(Rating::Satisfied)),
        Code::AlreadyExists
    );
}

#[rstest]
#[case(Rating::VeryDissatisfied, true)]
#[case(Rating::Dissatisfied, true)]
#[case(Rating::FairlySatisfied, false)]
#[case(Rating::VerySatisfied, false)]
fn r60_a_bad_rating_opens_a_task_that_closes_only_with_feedback(
    #[case] rating: Rating,
    #[case] opens: bool,
) {
    let mut play = CasePlay::decided(DecisionKind::Refused);
    play.act(HANDLER, &serve()).unwrap();
    play.act(APPLICANT, &rate(rating)).unwrap();
    let feedback = |text: &str| CaseCommand::GiveFeedback {
        session: "session-1".to_owned(),
        text: text.to_owned(),
    };
    if opens {
        assert_eq!(
            play.refused(HANDLER, &CaseCommand::Close {}),
            Code::FeedbackMissing
        );
        assert_eq!(
            play.refused(APPROVER, &feedback(" ")),
            Code::FeedbackMissing
        );
        play.act(APPROVER, &feedback("已核实并致歉。")).unwrap();
        let state = &play.case.sessions["session-1"].rating;
        assert!(matches!(state, RatingState::TaskClosed { .. }));
    } else {
        assert_eq!(play.refused(APPROVER, &feedback("t")), Code::NotInThisStage);
    }
    play.act(HANDLER, &CaseCommand::Close {}).unwrap();
}

#[test]
fn r60_a_bad_rating_after_closing_still_gets_its_feedback() {
    let mut play = CasePlay::closed();
    play.act(APPLICANT, &rate(Rating::Dissatisfied)).unwrap();
    let feedback = CaseCommand::GiveFeedback {
        session: "session-1".to_owned(),
        text: "已核实。".to_owned(),
    };
    play.act(APPROVER, &feedback).unwrap();
}

#[test]
fn an_appointment_is_offered_confirmed_changed_and_cancelled() {
    let mut play = CasePlay::accepted();
    let slot = |day| Slot {
        from: morning(day),
        until: morning(day) + 3_600_000_000,
    };
    let offer = |slots: &[Slot]| CaseCommand::OfferAppointment {
        slots: slots.to_vec(),
    };
    let confirm = |slot| CaseCommand::ConfirmAppointment { slot };
    let past = offer(&[slot(MONDAY)]);
    assert_eq!(play.refused(HANDLER, &past), Code::DateInvalid);
    play.act(HANDLER, &offer(&[slot("2026-03-04"), slot("2026-03-05")]))
        .unwrap();
    let other = confirm(slot("2026-03-06"));
    assert_eq!(play.refused(APPLICANT, &other), Code::SlotNotOffered);
    play.act(APPLICANT, &confirm(slot("2026-03-05"))).unwrap();
    let change = CaseCommand::AskAppointmentChange {
        wish: "希望改到下周。".to_owned(),
    };
    play.act(AGENT, &change).unwrap();
    assert_eq!(play.refused(AGENT, &change), Code::NotInThisStage);
    play.act(HANDLER, &offer(&[slot("2026-03-10")])).unwrap();
    play.act(AGENT, &confirm(slot("2026-03-10"))).unwrap();
    let cancel = CaseCommand::CancelAppointment {
        reason: "停电。".to_owned(),
    };
    assert_eq!(play.refused(NEIGHBOUR, &cancel), Code::NotAllowed);
    play.act(HANDLER, &cancel).unwrap();
    assert!(matches!(
        play.case.appointment,
        Appointment::Cancelled { .. }
    ));
}

#[test]
fn a_withdrawn_case_has_no_more_course_and_can_be_closed() {
    let mut play = CasePlay::in_review();
    let withdraw = CaseCommand::Withdraw {
        reason: "另行选址。".to_owned(),
    };
    assert_eq!(play.refused(HANDLER, &withdraw), Code::NotAllowed);
    play.act(APPLICANT, &withdraw).unwrap();
    assert_eq!(
        play.refused(HANDLER, &schedule("session-2", &[])),
        Code::CaseOver
    );
    let grant = announced("session-1", DecisionKind::Granted);
    assert_eq!(play.report_refused(&grant), Code::CaseOver);
    play.act(HANDLER, &CaseCommand::Close {}).unwrap();
    let again = CaseCommand::Withdraw {
        reason: "r".to_owned(),
    };
    assert_eq!(play.refused(APPLICANT, &again), Code::CaseOver);
}
