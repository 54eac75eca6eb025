//! R21, R24–R27, R30–R32, R37, R44: the survey and its conclusion.

use rstest::rstest;

use super::refused;
use crate::command::Command;
use crate::event::{
    Answer, CheckResult, Ending, EvidenceKind, MeasuredHow, Measurement, Mode, OpinionKind, Point,
    Stance, SurveyOutcome,
};
use crate::refusal::Code;
use crate::resurvey_scheduled;
use crate::template::{Level, Remote};
use crate::testing::{
    APPLICANT, CHAIR, DEPARTMENT, EXPERT, HELPER, Play, REVIEWER, SUPERVISOR, SURVEYOR_1, live,
    scheduled, surveyed,
};

fn answer(play: &Play, code: &str, result: CheckResult) -> Command {
    Command::AnswerItem {
        answer: Answer {
            result,
            ..play.met(code)
        },
    }
}

fn end(ending: Ending) -> Command {
    Command::End {
        case: None,
        ending,
        reason: "不符合".to_owned(),
        next_step: "整改后复勘".to_owned(),
        contact: "010-00000000".to_owned(),
    }
}

/// A live session of this mode whose first item is for the site only.
fn live_with_site_item(mode: Mode) -> Play {
    let mut schedule = scheduled();
    schedule.mode = mode;
    schedule.template.items[0].remote = Remote::N;
    let before = live().unwrap();
    let mut play = before.clone();
    play.session.scheduled = schedule;
    play
}

#[rstest]
#[case::no_measurement(None, Err(Code::MeasurementNeeded))]
#[case::measured(Some((MeasuredHow::Measurement, "26.5")), Ok(()))]
#[case::test_record(Some((MeasuredHow::TestRecord, "检测报告 2026-7")), Ok(()))]
#[case::on_site(Some((MeasuredHow::OnSiteReading, "26.5")), Ok(()))]
#[case::not_a_number(Some((MeasuredHow::Measurement, "约26米")), Err(Code::ValueInvalid))]
#[case::empty(Some((MeasuredHow::Measurement, " ")), Err(Code::TextMissing))]
fn r25_an_item_marked_p_is_not_met_by_looking(
    #[case] measured: Option<(MeasuredHow, &str)>,
    #[case] expected: Result<(), Code>,
) {
    let play = live().unwrap();
    assert_eq!(play.session.item("F02").unwrap().remote, Remote::P);
    for result in [CheckResult::Met, CheckResult::Mended] {
        let answer = Answer {
            result,
            measurement: measured.map(|(how, value)| Measurement {
                value: value.to_owned(),
                unit: "m".to_owned(),
                how,
            }),
            ..play.met("F02")
        };
        let got = play.ask(SURVEYOR_1, &Command::AnswerItem { answer });
        assert_eq!(got.map(|_| ()).map_err(|refusal| refusal.code), expected);
    }
}

#[rstest]
#[case::remote(Mode::Remote, MeasuredHow::OnSiteReading, false)]
#[case::hybrid_by_picture(Mode::Hybrid, MeasuredHow::Measurement, false)]
#[case::hybrid_read_on_site(Mode::Hybrid, MeasuredHow::OnSiteReading, true)]
#[case::on_site(Mode::OnSite, MeasuredHow::Measurement, true)]
fn r21_an_item_for_the_site_is_not_concluded_at_a_distance(
    #[case] mode: Mode,
    #[case] how: MeasuredHow,
    #[case] accepted: bool,
) {
    let play = live_with_site_item(mode);
    let met = Answer {
        measurement: Some(Measurement {
            value: "1".to_owned(),
            unit: String::new(),
            how,
        }),
        ..play.met("F01")
    };
    let got = play.ask(SURVEYOR_1, &Command::AnswerItem { answer: met });
    match got {
        Ok(_) => assert!(accepted),
        Err(refusal) => {
            assert!(!accepted);
            assert_eq!(refusal.code, Code::ItemUnsuitable);
        }
    }
}

#[test]
fn r21_an_item_the_chair_marks_stops_the_conclusion_even_after_its_answer() {
    let mut play = surveyed().unwrap();
    let mark = Command::MarkUnsuitable {
        code: "F05".to_owned(),
        reason: "镜头看不清".to_owned(),
    };
    assert_eq!(refused(&play, SURVEYOR_1, &mark), Code::NotAllowed);
    play.act(CHAIR, &mark).unwrap();
    let refusal = play
        .ask(CHAIR, &play.conclude(SurveyOutcome::Passed))
        .unwrap_err();
    assert_eq!(
        (refusal.code, refusal.missing),
        (Code::ItemUnsuitable, vec!["F05".to_owned()])
    );
    assert!(play.ask(CHAIR, &end(Ending::SwitchOnSite)).is_ok());
}

#[test]
fn r21_answered_as_for_the_site_only_cannot_be_concluded() {
    let mut play = surveyed().unwrap();
    let on_site = answer(&play, "F05", CheckResult::OnSiteOnly);
    play.act(SURVEYOR_1, &on_site).unwrap();
    let conclude = play.conclude(SurveyOutcome::Passed);
    assert_eq!(refused(&play, CHAIR, &conclude), Code::ItemUnsuitable);
}

#[test]
fn r24_the_first_evidence_is_the_exterior_shot() {
    let mut play = live().unwrap();
    let photo = play.still(SURVEYOR_1, EvidenceKind::Photo);
    assert_eq!(refused(&play, SURVEYOR_1, &photo), Code::ExteriorFirst);
    let exterior = play.still(SURVEYOR_1, EvidenceKind::Exterior);
    play.act(SURVEYOR_1, &exterior).unwrap();
    assert!(play.ask(SURVEYOR_1, &photo).is_ok());
}

#[test]
fn r26_evidence_names_its_taker_and_is_never_replaced() {
    let mut play = live().unwrap();
    let exterior = play.still(SURVEYOR_1, EvidenceKind::Exterior);
    let at = play.now;
    play.act(SURVEYOR_1, &exterior).unwrap();
    assert_eq!(play.session.evidence[0].at, at);
    let Command::TakeEvidence { evidence } = exterior.clone() else {
        unreachable!()
    };
    assert_eq!(refused(&play, SURVEYOR_1, &exterior), Code::AlreadyExists);
    let mut other = evidence.clone();
    other.id = "other".to_owned();
    other.person = crate::testing::person(CHAIR);
    let command = Command::TakeEvidence {
        evidence: other.clone(),
    };
    assert_eq!(refused(&play, SURVEYOR_1, &command), Code::NotAllowed);
    other.person = evidence.person.clone();
    other.sha256 = "AB".repeat(32);
    let command = Command::TakeEvidence { evidence: other };
    assert_eq!(refused(&play, SURVEYOR_1, &command), Code::ValueInvalid);
}

#[rstest]
#[case(CHAIR)]
#[case(EXPERT)]
#[case(APPLICANT)]
#[case(HELPER)]
#[case(SUPERVISOR)]
fn r26_evidence_and_answers_are_the_surveyors(#[case] who: &str) {
    let mut play = live().unwrap();
    let still = play.still(who, EvidenceKind::Exterior);
    assert_eq!(refused(&play, who, &still), Code::NotAllowed);
    let met = answer(&play, "F01", CheckResult::Met);
    assert_eq!(refused(&play, who, &met), Code::NotAllowed);
}

#[test]
fn r27_an_annotation_is_a_layer_beside_the_untouched_original() {
    let mut play = live().unwrap();
    let exterior = play.still(SURVEYOR_1, EvidenceKind::Exterior);
    play.act(SURVEYOR_1, &exterior).unwrap();
    let before = play.session.evidence.clone();
    let layer = |evidence: &str| Command::Annotate {
        id: "layer-1".to_owned(),
        evidence: evidence.to_owned(),
        strokes: vec![vec![Point { x: 1, y: 2 }, Point { x: 10_000, y: 0 }]],
        note: "门牌".to_owned(),
    };
    assert_eq!(
        refused(&play, EXPERT, &layer("none")),
        Code::UnknownEvidence
    );
    assert_eq!(
        refused(&play, APPLICANT, &layer("still-1")),
        Code::NotAllowed
    );
    play.act(EXPERT, &layer("still-1")).unwrap();
    assert_eq!(play.session.evidence, before);
    assert_eq!(
        refused(&play, EXPERT, &layer("still-1")),
        Code::AlreadyExists
    );
}

#[test]
fn r31_no_conclusion_with_an_item_unanswered() {
    let mut play = live().unwrap();
    let refusal = play
        .ask(CHAIR, &play.conclude(SurveyOutcome::Passed))
        .unwrap_err();
    assert_eq!(refusal.code, Code::ItemsUnanswered);
    assert_eq!(refusal.missing.len(), 28);
    play.answer_all().unwrap();
    let conclude = play.conclude(SurveyOutcome::Passed);
    assert_eq!(refused(&play, CHAIR, &conclude), Code::OpinionMissing);
}

#[rstest]
#[case::one_key(Level::Key, 1, Err(Code::KeyItemFailed))]
#[case::majors_allowed(Level::Major, 2, Ok(()))]
#[case::one_major_more(Level::Major, 3, Err(Code::TooManyFailures))]
#[case::minors_allowed(Level::Minor, 4, Ok(()))]
#[case::one_minor_more(Level::Minor, 5, Err(Code::TooManyFailures))]
fn r32_the_judgement_is_the_templates_and_a_failed_key_item_never_passes(
    #[case] level: Level,
    #[case] failures: usize,
    #[case] expected: Result<(), Code>,
) {
    let mut play = surveyed().unwrap();
    let items = play.session.scheduled.template.items.clone();
    let failing = items.iter().filter(|item| item.level == level);
    for item in failing.take(failures) {
        let failed = answer(&play, &item.code, CheckResult::NotMet);
        play.act(SURVEYOR_1, &failed).unwrap();
    }
    let got = play.ask(CHAIR, &play.conclude(SurveyOutcome::Passed));
    assert_eq!(got.map(|_| ()).map_err(|refusal| refusal.code), expected);
    // A failing conclusion is open, the statement being taken (R34).
    assert!(
        play.ask(CHAIR, &play.conclude(SurveyOutcome::Failed))
            .is_ok()
    );
}

#[test]
fn r32_what_was_mended_on_the_spot_counts_as_met() {
    let mut play = surveyed().unwrap();
    let failed = answer(&play, "F01", CheckResult::NotMet);
    play.act(SURVEYOR_1, &failed).unwrap();
    assert_eq!(play.session.judged(play.matter()), SurveyOutcome::Failed);
    let mended = answer(&play, "F01", CheckResult::Mended);
    play.act(SURVEYOR_1, &mended).unwrap();
    assert_eq!(play.session.judged(play.matter()), SurveyOutcome::Passed);
}

#[test]
fn not_applicable_only_where_the_template_allows_it() {
    let play = live().unwrap();
    let no = answer(&play, "F01", CheckResult::NotApplicable);
    assert_eq!(
        refused(&play, SURVEYOR_1, &no),
        Code::NotApplicableNotAllowed
    );
    let yes = answer(&play, "F08", CheckResult::NotApplicable);
    assert!(play.ask(SURVEYOR_1, &yes).is_ok());
}

#[test]
fn a_conclusion_closes_the_survey() {
    let mut play = crate::testing::concluded().unwrap();
    let met = answer(&play, "F01", CheckResult::Met);
    assert_eq!(refused(&play, SURVEYOR_1, &met), Code::AlreadyConcluded);
    let still = play.still(SURVEYOR_1, EvidenceKind::Photo);
    assert_eq!(refused(&play, SURVEYOR_1, &still), Code::AlreadyConcluded);
    let conclude = play.conclude(SurveyOutcome::Failed);
    assert_eq!(refused(&play, CHAIR, &conclude), Code::AlreadyConcluded);
}

#[test]
fn r37_a_joint_conclusion_waits_for_every_department_and_nobody_files_for_another() {
    let mut schedule = scheduled();
    schedule
        .joining_departments
        .push("示例区消防救援大队".to_owned());
    let mut play = surveyed().unwrap();
    play.session.scheduled = schedule;
    let refusal = play
        .ask(CHAIR, &play.conclude(SurveyOutcome::Passed))
        .unwrap_err();
    assert_eq!(refusal.code, Code::OpinionMissing);
    assert_eq!(refusal.missing, ["示例区消防救援大队"]);
    let opinion = |department: &str| Command::FileOpinion {
        opinion: OpinionKind::Department {
            department: department.to_owned(),
        },
        stance: Stance::Agree,
        text: "同意".to_owned(),
    };
    let other = opinion("示例区消防救援大队");
    assert_eq!(refused(&play, REVIEWER, &other), Code::NotYourDepartment);
    for who in [SURVEYOR_1, CHAIR] {
        assert_eq!(
            refused(&play, who, &opinion(DEPARTMENT)),
            Code::NotYourDepartment
        );
    }
    for who in [EXPERT, APPLICANT, HELPER, SUPERVISOR] {
        assert_eq!(refused(&play, who, &opinion(DEPARTMENT)), Code::NotAllowed);
    }
    assert!(play.ask(REVIEWER, &opinion(DEPARTMENT)).is_ok());
}

#[test]
fn r38_an_expert_opinion_is_the_experts() {
    let play = surveyed().unwrap();
    let opinion = Command::FileOpinion {
        opinion: OpinionKind::Expert,
        stance: Stance::Agree,
        text: "同意".to_owned(),
    };
    for who in [CHAIR, SURVEYOR_1, REVIEWER, APPLICANT, SUPERVISOR] {
        assert_eq!(refused(&play, who, &opinion), Code::NotAllowed);
    }
    assert!(play.ask(EXPERT, &opinion).is_ok());
}

#[test]
fn r44_a_resurvey_reopens_only_the_failed_items() {
    let mut play = surveyed().unwrap();
    let failed = answer(&play, "F11", CheckResult::NotMet);
    play.act(SURVEYOR_1, &failed).unwrap();
    assert_eq!(
        resurvey_scheduled(&play.session, "case-1", "session-2", Mode::Remote, play.now)
            .unwrap_err()
            .code,
        Code::NotEnded
    );
    let by = "2026-12-05".to_owned();
    play.act(CHAIR, &end(Ending::Rectify { by })).unwrap();
    let again =
        resurvey_scheduled(&play.session, "case-1", "session-2", Mode::Remote, play.now).unwrap();
    let mut second = Play::of(again).unwrap();
    assert_eq!(second.session.unanswered(second.matter()), ["F11"]);
    second
        .act(
            CHAIR,
            &Command::OpenLobby {
                clock_override: None,
            },
        )
        .unwrap();
    second.report(&crate::Report::RecordingStarted).unwrap();
    for who in crate::testing::ALL {
        second.enter(who).unwrap();
    }
    second.act(CHAIR, &Command::Start {}).unwrap();
    let other = answer(&second, "F01", CheckResult::NotMet);
    assert_eq!(refused(&second, SURVEYOR_1, &other), Code::ItemNotReopened);
    second.answer_all().unwrap();
    assert!(second.session.unanswered(second.matter()).is_empty());
    assert_eq!(
        second.session.judged(second.matter()),
        SurveyOutcome::Passed
    );
}

#[test]
fn r44_after_a_decision_or_a_hearing_there_is_no_resurvey() {
    let play = crate::testing::announced().unwrap();
    let refusal = resurvey_scheduled(&play.session, "case-1", "s", Mode::Remote, 0).unwrap_err();
    assert_eq!(refusal.code, Code::AlreadyAnnounced);
    let mut play = surveyed().unwrap();
    play.act(CHAIR, &end(Ending::Hearing)).unwrap();
    let refusal = resurvey_scheduled(&play.session, "case-1", "s", Mode::Remote, 0).unwrap_err();
    assert_eq!(refusal.code, Code::NotAllowed);
}

#[test]
fn the_example_templates_hold_110_items() {
    let templates = crate::templates();
    let items: usize = templates.iter().map(|template| template.items.len()).sum();
    assert_eq!((templates.len(), items), (5, 110));
    for template in &templates {
        assert!(template.version.starts_with("示例"));
        assert!(template.settings.notice_text.contains("个人信息保护法"));
        assert!(template.settings.notice_text.contains("现场勘验"));
    }
}
