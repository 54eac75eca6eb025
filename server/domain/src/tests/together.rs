//! Several cases, one survey, one decision each (证照联办).

use rstest::rstest;

use crate::case::{CaseFacts, Confidentiality, Facts, LegalReview};
use crate::command::Command;
use crate::documents::{decision_content, survey_record};
use crate::event::{
    Answer, CheckResult, DecisionKind, Ending, Event, Mode, OpinionKind, Scheduled, Stance,
    SurveyOutcome,
};
use crate::people::PersonId;
use crate::readiness::{Act, readiness};
use crate::refusal::{Code, Refusal};
use crate::resurvey_scheduled;
use crate::session::{Outcome, Stage};
use crate::testing::{
    ALL, APPLICANT, CHAIR, DEPARTMENT, EXPERT, Play, REVIEWER, SECOND, SURVEYOR_1, grant, person,
    refuse, scheduled, scheduled_together,
};

use super::invariants::walk::end;

const FIRST: &str = "case-1";

/// Live, with everybody in and the exterior taken.
fn live_of(scheduled: Scheduled) -> Play {
    let mut play = Play::of(scheduled).unwrap();
    let open = Command::OpenLobby {
        clock_override: None,
    };
    play.act(CHAIR, &open).unwrap();
    play.report(&crate::Report::RecordingStarted).unwrap();
    for who in ALL {
        play.enter(who).unwrap();
    }
    play.act(CHAIR, &Command::Start {}).unwrap();
    let still = play.still(SURVEYOR_1, crate::event::EvidenceKind::Exterior);
    play.act(SURVEYOR_1, &still).unwrap();
    play
}

/// Everything answered, heard and stated; H11, a key item of the second case, not met.
fn surveyed() -> Play {
    let mut play = live_of(scheduled_together());
    play.answer_all().unwrap();
    let answer = Answer {
        result: CheckResult::NotMet,
        ..play.met("H11")
    };
    play.act(SURVEYOR_1, &Command::AnswerItem { answer })
        .unwrap();
    let department = OpinionKind::Department {
        department: DEPARTMENT.to_owned(),
    };
    play.opine(REVIEWER, department, Stance::Agree).unwrap();
    let statement = Command::TakeStatement {
        text: "五日内装好。".to_owned(),
        waived: false,
    };
    play.act(APPLICANT, &statement).unwrap();
    play
}

fn concluded() -> Play {
    let mut play = surveyed();
    for (case, outcome) in [
        (FIRST, SurveyOutcome::Passed),
        (SECOND, SurveyOutcome::Failed),
    ] {
        let conclude = play.conclude_case(Some(case), outcome);
        play.act(CHAIR, &conclude).unwrap();
    }
    play
}

fn signed() -> Play {
    let mut play = concluded();
    play.sign_all().unwrap();
    play
}

fn refused(play: &Play, who: &str, command: &Command) -> Code {
    play.ask(who, command).unwrap_err().code
}

#[test]
fn a_session_of_one_case_names_it_nowhere_so_that_old_journals_hash_as_they_did() {
    let play = crate::testing::journey_a().unwrap();
    for entry in &play.journal[1..] {
        let event = serde_json::to_value(&entry.event).unwrap();
        assert_eq!(event.get("case"), None, "{event}");
    }
    let first = serde_json::to_value(&play.journal[0].event).unwrap();
    assert_eq!(first.get("further"), None);
    // As the first build wrote it.
    let old = r#"{"type":"concluded","outcome":"passed","text":"t","present":["chair"]}"#;
    let event: Event = serde_json::from_str(old).unwrap();
    assert_eq!(
        event,
        Event::Concluded {
            case: None,
            outcome: SurveyOutcome::Passed,
            text: "t".to_owned(),
            present: vec![person("chair")],
        }
    );
}

#[rstest]
#[case::not_named(None, Code::CaseNotNamed)]
#[case::of_another_session(Some("case-9"), Code::UnknownCase)]
fn of_several_cases_an_act_names_one(#[case] case: Option<&str>, #[case] code: Code) {
    let play = signed();
    let named = case.map(str::to_owned);
    let commands = [
        play.conclude_case(case, SurveyOutcome::Passed),
        Command::DraftDecision {
            case: named.clone(),
            decision: grant(),
        },
        Command::SealDecision {
            case: named,
            content_digest: play.paper_of(case),
        },
        end(case, Ending::Hearing),
    ];
    for command in commands {
        assert_eq!(refused(&play, CHAIR, &command), code, "{command:?}");
    }
}

#[test]
fn r31_r32_each_case_is_concluded_by_its_own_checklist() {
    let mut play = surveyed();
    let second = play.conclude_case(Some(SECOND), SurveyOutcome::Passed);
    let refusal = play.ask(CHAIR, &second).unwrap_err();
    assert_eq!(refusal, Refusal::of(Code::KeyItemFailed, ["H11"]));
    let first = play.conclude_case(Some(FIRST), SurveyOutcome::Passed);
    play.act(CHAIR, &first).unwrap();
    assert_eq!(refused(&play, CHAIR, &first), Code::AlreadyConcluded);
    // What was concluded on stands; the other case is still surveyed.
    let answer = |play: &Play, code: &str| Command::AnswerItem {
        answer: play.met(code),
    };
    let late = play.ask(SURVEYOR_1, &answer(&play, "F01")).unwrap_err();
    assert_eq!(late, Refusal::of(Code::AlreadyConcluded, ["F01"]));
    play.act(SURVEYOR_1, &answer(&play, "H11")).unwrap();
    assert!(play.ask(CHAIR, &second).is_ok());
}

#[test]
fn an_item_that_stands_in_two_checklists_is_surveyed_once_and_counts_for_both() {
    let mut schedule = scheduled_together();
    let shared = schedule.template.items[0].clone();
    schedule.further[0].template.items.push(shared.clone());
    let codes: Vec<_> = schedule.items().map(|item| item.code.as_str()).collect();
    let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
    assert_eq!(codes.len(), distinct.len());
    let mut play = live_of(schedule);
    let answer = Answer {
        result: CheckResult::NotMet,
        ..play.met(&shared.code)
    };
    play.act(SURVEYOR_1, &Command::AnswerItem { answer })
        .unwrap();
    for matter in &play.session.matters {
        assert_eq!(
            play.session.failed(matter, shared.level),
            [shared.code.as_str()]
        );
    }
}

#[test]
fn r33_the_record_waits_for_every_case_and_is_signed_once() {
    let mut play = surveyed();
    let first = play.conclude_case(Some(FIRST), SurveyOutcome::Passed);
    play.act(CHAIR, &first).unwrap();
    let early = play.ask(CHAIR, &Command::PrepareRecord {}).unwrap_err();
    assert_eq!(early, Refusal::of(Code::NotConcluded, [SECOND]));
    assert_eq!(survey_record(&play.session), None);
    play.act(CHAIR, &end(Some(SECOND), Ending::Hearing))
        .unwrap();
    play.sign_all().unwrap();
    let record = survey_record(&play.session).unwrap();
    assert_eq!(record.case.case_no, "示例-2026-0001、示例-2026-0002");
    assert_eq!(record.cases.len(), 2);
    assert_eq!(record.cases[1].conclusion, None);
    assert_eq!(record.cases[1].ended, Some(Ending::Hearing));
}

#[test]
fn r36_the_law_stops_the_decision_of_its_own_case_alone() {
    let mut play = signed();
    let second = play.further.get_mut(SECOND).unwrap();
    second.legal_review = LegalReview::Needed;
    play.seal_case(Some(FIRST), grant()).unwrap();
    let draft = Command::DraftDecision {
        case: Some(SECOND.to_owned()),
        decision: refuse(),
    };
    play.act(CHAIR, &draft).unwrap();
    let seal = Command::SealDecision {
        case: Some(SECOND.to_owned()),
        content_digest: play.paper_of(Some(SECOND)),
    };
    assert_eq!(refused(&play, CHAIR, &seal), Code::LegalReviewMissing);
    let ready = |case: &str| {
        let acts = readiness(&play.session, &play.facts()).into_iter();
        let mut seals = acts.filter(|of| of.act == Act::SealDecision);
        seals.find(|of| of.case.as_deref() == Some(case)).unwrap()
    };
    assert_eq!(ready(SECOND).missing, [Code::LegalReviewMissing.into()]);
    assert_eq!(ready(FIRST).missing, [Code::AlreadySealed.into()]);
}

#[test]
fn r39_all_that_is_sealed_is_announced_in_one_act_and_nothing_before() {
    let mut play = signed();
    play.seal_case(Some(FIRST), grant()).unwrap();
    let early = play.ask(CHAIR, &Command::Announce {}).unwrap_err();
    assert_eq!(early, Refusal::of(Code::NotSealed, [SECOND]));
    play.seal_case(Some(SECOND), refuse()).unwrap();
    let events = play.act(CHAIR, &Command::Announce {}).unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Announced {
                case,
                content_digest,
                decision,
                ..
            } => (
                case.clone().unwrap(),
                content_digest.clone(),
                decision.as_ref().unwrap().kind,
            ),
            other => panic!("{other:?}"),
        })
        .collect();
    let of = |case: &str, kind| (case.to_owned(), play.paper_of(Some(case)), kind);
    assert_eq!(
        told,
        [
            of(FIRST, DecisionKind::Granted),
            of(SECOND, DecisionKind::Refused)
        ]
    );
    assert_eq!(play.session.stage, Stage::Ended);
    assert_eq!(
        refused(&play, CHAIR, &Command::Announce {}),
        Code::AlreadyAnnounced
    );
    // R42: each is confirmed by itself.
    for case in [FIRST, SECOND] {
        let content_digest = play.paper_of(Some(case));
        let acknowledge = Command::Acknowledge { content_digest };
        play.act(APPLICANT, &acknowledge).unwrap();
        assert_eq!(refused(&play, APPLICANT, &acknowledge), Code::AlreadyExists);
    }
}

#[test]
fn r43_one_case_ends_without_a_decision_and_the_other_is_announced() {
    let mut play = signed();
    play.seal_case(Some(FIRST), grant()).unwrap();
    let by = "2026-12-05".to_owned();
    let rectify = end(Some(SECOND), Ending::Rectify { by });
    play.act(CHAIR, &rectify).unwrap();
    assert!(play.session.is_live());
    assert_eq!(refused(&play, CHAIR, &rectify), Code::AlreadyEnded);
    let sealed = end(Some(FIRST), Ending::SwitchOnSite);
    assert_eq!(refused(&play, CHAIR, &sealed), Code::AlreadySealed);
    let events = play.act(CHAIR, &Command::Announce {}).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(play.session.stage, Stage::Ended);
    let outcome = |nth: usize| play.session.matters[nth].outcome.as_ref();
    assert!(matches!(outcome(0), Some(Outcome::Announced { .. })));
    assert!(matches!(outcome(1), Some(Outcome::Ending { .. })));
}

#[test]
fn r20_what_was_sealed_before_the_applicant_asked_stands_and_the_open_case_goes_on_site() {
    let mut play = signed();
    play.seal_case(Some(FIRST), grant()).unwrap();
    let ask = Command::AskOnSite {
        reason: "希望现场查看".to_owned(),
    };
    play.act(APPLICANT, &ask).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &Command::Announce {}),
        Code::NotSealed
    );
    let hearing = end(Some(SECOND), Ending::Hearing);
    assert_eq!(refused(&play, CHAIR, &hearing), Code::OnSiteAsked);
    play.act(CHAIR, &end(Some(SECOND), Ending::SwitchOnSite))
        .unwrap();
    play.act(CHAIR, &Command::Announce {}).unwrap();
    let first = &play.session.matters[0];
    assert!(matches!(first.outcome, Some(Outcome::Announced { .. })));
    assert_eq!(play.session.stage, Stage::Ended);
}

#[test]
fn r44_what_failed_in_one_case_is_surveyed_again_in_that_case_alone() {
    let mut play = signed();
    play.seal_case(Some(FIRST), grant()).unwrap();
    let early = resurvey_scheduled(&play.session, SECOND, "again", Mode::Remote, 0);
    assert_eq!(early.unwrap_err().code, Code::NotEnded);
    let by = "2026-12-05".to_owned();
    play.act(CHAIR, &end(Some(SECOND), Ending::Rectify { by }))
        .unwrap();
    play.act(CHAIR, &Command::Announce {}).unwrap();
    let done = resurvey_scheduled(&play.session, FIRST, "again", Mode::Remote, 0);
    assert_eq!(done.unwrap_err().code, Code::AlreadyAnnounced);
    let again = resurvey_scheduled(&play.session, SECOND, "again", Mode::Remote, 0).unwrap();
    assert_eq!((again.case.as_str(), again.further.len()), (SECOND, 0));
    let open: Vec<_> = again
        .items()
        .filter(|item| again.is_open(&item.code))
        .map(|item| item.code.as_str())
        .collect();
    assert_eq!(open, ["H11"]);
}

#[rstest]
#[case::the_first(FIRST)]
#[case::the_second(SECOND)]
fn r16_recused_from_one_of_the_cases_is_not_in_the_session(#[case] case: &str) {
    let mut play = surveyed();
    let facts = match case {
        FIRST => &mut play.case,
        _ => play.further.get_mut(case).unwrap(),
    };
    facts.recused.insert(person(SURVEYOR_1));
    let answer = Command::AnswerItem {
        answer: play.met("F01"),
    };
    assert_eq!(refused(&play, SURVEYOR_1, &answer), Code::Recused);
    let staff = play.session.live_staff(&play.facts());
    assert!(!staff.contains(&person(SURVEYOR_1)));
}

#[test]
fn a_case_that_has_its_approver_is_decided_by_nobody_else() {
    let mut play = signed();
    let second = play.further.get_mut(SECOND).unwrap();
    second.approvers.insert(PersonId("another".to_owned()));
    let draft = |case: &str| Command::DraftDecision {
        case: Some(case.to_owned()),
        decision: refuse(),
    };
    assert_eq!(refused(&play, CHAIR, &draft(SECOND)), Code::NotAllowed);
    assert!(play.ask(CHAIR, &draft(FIRST)).is_ok());
}

fn asked(called: &[&str], signed: &[&str]) -> CaseFacts {
    let people = |ids: &[&str]| ids.iter().map(|id| person(id)).collect();
    CaseFacts {
        confidentiality: Confidentiality::Asked {
            called: people(called),
            signed: people(signed),
        },
        ..CaseFacts::default()
    }
}

#[rstest]
#[case::called_to_one_and_signed(asked(&[EXPERT], &[EXPERT]), asked(&[], &[]), true)]
#[case::signed_in_both(asked(&[EXPERT], &[EXPERT]), asked(&[EXPERT], &[EXPERT]), true)]
#[case::one_signature_missing(asked(&[EXPERT], &[EXPERT]), asked(&[EXPERT], &[]), false)]
#[case::called_to_none(asked(&[], &[]), asked(&[], &[]), false)]
fn r48_an_expert_signs_in_each_case_that_calls_him(
    #[case] first: CaseFacts,
    #[case] second: CaseFacts,
    #[case] opens: bool,
) {
    let facts: Facts<'_> = [(FIRST, &first), (SECOND, &second)].into_iter().collect();
    assert_eq!(facts.opens_to_expert(&person(EXPERT)), opens);
}

#[test]
fn a_case_that_nobody_read_forbids_every_decision() {
    let facts = Facts::default();
    let forbids = facts.forbids(FIRST, DecisionKind::Refused, 0);
    assert_eq!(forbids, [Refusal::of(Code::UnknownCase, [FIRST])]);
    assert!(!facts.decides(FIRST, &person(CHAIR)));
}

#[test]
fn each_decision_prints_its_own_case_and_the_record_of_all() {
    let mut play = signed();
    play.seal_case(Some(FIRST), grant()).unwrap();
    play.seal_case(Some(SECOND), refuse()).unwrap();
    let of = |case: &str| decision_content(&play.session, case, "1").unwrap();
    assert_eq!(of(FIRST).case.case_no, "示例-2026-0001");
    assert_eq!(of(SECOND).case.case_no, "示例-2026-0002");
    assert_eq!(of(SECOND).decision, refuse());
    assert_eq!(of(SECOND).survey.outcome, SurveyOutcome::Failed);
    assert_ne!(of(FIRST).template, of(SECOND).template);
    assert_eq!(
        of(FIRST).survey.record_digest,
        of(SECOND).survey.record_digest
    );
}

#[rstest]
#[case::applicant(|of: &mut Scheduled| of.brief.applicant = "另一公司".into(), "applicant")]
#[case::address(|of: &mut Scheduled| of.brief.address = "另一处".into(), "address")]
#[case::notice(|of: &mut Scheduled| of.template.settings.notice_text = "另一份".into(), "notice")]
#[case::code(|of: &mut Scheduled| of.template.items[0].text = "另一项".into(), "F01")]
fn cases_that_one_survey_cannot_serve_are_not_put_together(
    #[case] change: fn(&mut Scheduled),
    #[case] differs: &str,
) {
    let mut other = Scheduled {
        case: SECOND.to_owned(),
        ..scheduled()
    };
    assert!(Scheduled::together(vec![scheduled(), other.clone()]).is_ok());
    change(&mut other);
    let refusal = Scheduled::together(vec![scheduled(), other]).unwrap_err();
    assert_eq!(refusal, Refusal::of(Code::CasesDiffer, [differs]));
}

#[test]
fn of_settings_that_differ_the_stricter_holds() {
    let mut schedule = scheduled_together();
    schedule.template.settings.staff_on_site = 0;
    schedule.further[0].template.settings.staff_on_site = 2;
    schedule.template.settings.record_signed = false;
    schedule.further[0].template.settings.record_signed = true;
    schedule.template.settings.recording_gap_limit_ms = 9;
    schedule.further[0].template.settings.recording_gap_limit_ms = 5;
    assert_eq!(schedule.staff_on_site(), 2);
    assert!(schedule.record_signed());
    assert_eq!(schedule.recording_gap_limit_ms(), 5);
}
