//! R33, R34, R38–R43: record, decision, announcement, endings.

use rstest::rstest;

use super::{lost, refused, restored};
use crate::checks;
use crate::command::Command;
use crate::event::{
    Answer, CheckResult, DecisionText, Ending, Event, OpinionKind, Stance, SurveyOutcome,
};
use crate::people::Role;
use crate::readiness::{Act, readiness};
use crate::refusal::Code;
use crate::seed::DEFAULT_REMEDIES;
use crate::session::Outcome;
use crate::testing::{
    AGENT, APPLICANT, CHAIR, EXPERT, HELPER, Play, REVIEWER, SUPERVISOR, SURVEYOR_1, SURVEYOR_2,
    announced, concluded, grant, journey_a, live, lobby, person, refuse, sealed, signed, surveyed,
};

fn sign() -> Command {
    Command::SignRecord {
        digest: "c0".repeat(32),
    }
}

fn seal() -> Command {
    Command::SealDecision {
        case: None,
        content_digest: "c0".repeat(32),
    }
}

fn end(ending: Ending) -> Command {
    Command::End {
        case: None,
        ending,
        reason: "H11 不符合".to_owned(),
        next_step: "整改后复勘".to_owned(),
        contact: "010-00000000".to_owned(),
    }
}

fn rectify(by: &str) -> Command {
    end(Ending::Rectify { by: by.to_owned() })
}

fn drafted(play: &mut Play, decision: DecisionText) {
    play.act(
        CHAIR,
        &Command::DraftDecision {
            case: None,
            decision,
        },
    )
    .unwrap();
}

/// A failed survey: concluded, signed.
fn failed() -> Play {
    let mut play = surveyed().unwrap();
    let answer = Answer {
        result: CheckResult::NotMet,
        ..play.met("F01")
    };
    play.act(SURVEYOR_1, &Command::AnswerItem { answer })
        .unwrap();
    let conclude = play.conclude(SurveyOutcome::Failed);
    play.act(CHAIR, &conclude).unwrap();
    play.sign_all().unwrap();
    play
}

#[test]
fn r33_the_record_is_signed_by_both_staff_and_the_applicant() {
    let mut play = concluded().unwrap();
    drafted(&mut play, grant());
    assert_eq!(refused(&play, SURVEYOR_1, &sign()), Code::RecordNotPrepared);
    play.act(CHAIR, &Command::PrepareRecord {}).unwrap();
    for (who, still_missing) in [
        (SURVEYOR_1, vec![SURVEYOR_2, APPLICANT, AGENT]),
        (APPLICANT, vec![SURVEYOR_2]),
    ] {
        play.act(who, &sign()).unwrap();
        let refusal = play.ask(CHAIR, &seal()).unwrap_err();
        assert_eq!(refusal.code, Code::SignaturesMissing);
        assert_eq!(refusal.missing, still_missing);
    }
    assert_eq!(refused(&play, APPLICANT, &sign()), Code::AlreadySigned);
    play.act(SURVEYOR_2, &sign()).unwrap();
    assert!(play.ask(CHAIR, &seal()).is_ok());
}

#[test]
fn r33_a_noted_refusal_stands_for_the_applicants_signature_but_never_for_staff() {
    let mut play = concluded().unwrap();
    drafted(&mut play, grant());
    play.act(CHAIR, &Command::PrepareRecord {}).unwrap();
    let note = |who: &str| Command::NoteSignatureRefused {
        person: person(who),
        reason: "对笔录有异议".to_owned(),
    };
    assert_eq!(refused(&play, CHAIR, &note(SURVEYOR_2)), Code::NotAllowed);
    assert_eq!(
        refused(&play, SURVEYOR_1, &note(APPLICANT)),
        Code::NotAllowed
    );
    play.act(CHAIR, &note(APPLICANT)).unwrap();
    play.act(SURVEYOR_1, &sign()).unwrap();
    assert_eq!(refused(&play, CHAIR, &seal()), Code::SignaturesMissing);
    play.act(SURVEYOR_2, &sign()).unwrap();
    assert!(play.ask(CHAIR, &seal()).is_ok());
}

#[rstest]
#[case(EXPERT)]
#[case(HELPER)]
#[case(SUPERVISOR)]
fn r33_others_do_not_sign(#[case] who: &str) {
    let mut play = concluded().unwrap();
    play.act(CHAIR, &Command::PrepareRecord {}).unwrap();
    assert_eq!(refused(&play, who, &sign()), Code::NotAllowed);
}

#[test]
fn r33_what_is_signed_is_what_was_read_back_with_a_fresh_factor() {
    let mut play = concluded().unwrap();
    play.act(CHAIR, &Command::PrepareRecord {}).unwrap();
    let other = Command::SignRecord {
        digest: "00".repeat(32),
    };
    assert_eq!(refused(&play, SURVEYOR_1, &other), Code::DigestMismatch);
    play.factor = false;
    assert_eq!(refused(&play, SURVEYOR_1, &sign()), Code::FactorNeeded);
    play.factor = true;
    play.act(SURVEYOR_1, &sign()).unwrap();
    // Once somebody has signed, the words are fixed.
    assert_eq!(
        refused(&play, CHAIR, &Command::PrepareRecord {}),
        Code::AlreadySigned
    );
}

#[test]
fn r33_the_record_is_fixed_anew_until_somebody_signs_or_refuses() {
    let mut play = concluded().unwrap();
    play.act(CHAIR, &Command::PrepareRecord {}).unwrap();
    play.act(CHAIR, &Command::PrepareRecord {}).unwrap();
    let note = Command::NoteSignatureRefused {
        person: person(APPLICANT),
        reason: "对笔录有异议".to_owned(),
    };
    play.act(CHAIR, &note).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &Command::PrepareRecord {}),
        Code::AlreadySigned
    );
}

#[test]
fn r34_no_negative_result_without_the_statement() {
    let mut play = live().unwrap();
    play.answer_all().unwrap();
    let department = OpinionKind::Department {
        department: crate::testing::DEPARTMENT.to_owned(),
    };
    play.opine(REVIEWER, department, Stance::Rectify).unwrap();
    let conclude = play.conclude(SurveyOutcome::Failed);
    assert_eq!(refused(&play, CHAIR, &conclude), Code::StatementMissing);
    assert_eq!(
        refused(&play, CHAIR, &rectify("2026-12-05")),
        Code::StatementMissing
    );
    let waiver = Command::TakeStatement {
        text: String::new(),
        waived: true,
    };
    play.act(AGENT, &waiver).unwrap();
    assert!(play.ask(CHAIR, &conclude).is_ok());
    assert!(play.ask(CHAIR, &rectify("2026-12-05")).is_ok());
}

#[test]
fn r34_a_refusal_after_a_passed_survey_needs_the_statement_too() {
    let mut play = signed().unwrap();
    play.session.statements.clear();
    drafted(&mut play, refuse());
    assert_eq!(refused(&play, CHAIR, &seal()), Code::StatementMissing);
}

#[rstest]
#[case::helper(HELPER, Code::NotAllowed)]
#[case::expert(EXPERT, Code::NotAllowed)]
#[case::surveyor(SURVEYOR_1, Code::NotAllowed)]
#[case::supervisor(SUPERVISOR, Code::NotAllowed)]
fn r34_the_statement_is_the_applicants(#[case] who: &str, #[case] code: Code) {
    let play = live().unwrap();
    let statement = Command::TakeStatement {
        text: "无异议".to_owned(),
        waived: false,
    };
    assert_eq!(refused(&play, who, &statement), code);
}

#[test]
fn r34_the_chair_takes_it_down_only_for_one_who_is_there() {
    let mut play = live().unwrap();
    let statement = Command::TakeStatement {
        text: "无异议".to_owned(),
        waived: false,
    };
    let events = play.ask(CHAIR, &statement).unwrap();
    assert!(
        matches!(&events[0], Event::StatementTaken { person: who, .. } if *who == person(APPLICANT))
    );
    play.report(&lost(APPLICANT)).unwrap();
    play.report(&lost(AGENT)).unwrap();
    assert_eq!(refused(&play, CHAIR, &statement), Code::NotPresent);
}

#[rstest]
#[case::grant_against_disagree(grant(), Stance::Disagree, true)]
#[case::grant_against_rectify(grant(), Stance::Rectify, true)]
#[case::grant_with_agree(grant(), Stance::Agree, false)]
#[case::refuse_against_agree(refuse(), Stance::Agree, true)]
#[case::refuse_with_disagree(refuse(), Stance::Disagree, false)]
fn r38_a_decision_that_departs_from_the_expert_gives_its_reason(
    #[case] decision: DecisionText,
    #[case] stance: Stance,
    #[case] departs: bool,
) {
    let mut play = surveyed().unwrap();
    play.opine(EXPERT, OpinionKind::Expert, stance).unwrap();
    let conclude = play.conclude(SurveyOutcome::Passed);
    play.act(CHAIR, &conclude).unwrap();
    play.sign_all().unwrap();
    let silent = DecisionText {
        departure_reason: String::new(),
        ..decision
    };
    drafted(&mut play, silent.clone());
    if departs {
        let refusal = play.ask(CHAIR, &seal()).unwrap_err();
        assert_eq!(refusal.code, Code::DepartureReasonMissing);
        assert_eq!(refusal.missing, [EXPERT]);
        let reasoned = DecisionText {
            departure_reason: "专家意见针对的是另一间库房".to_owned(),
            ..silent
        };
        drafted(&mut play, reasoned);
    }
    assert!(play.ask(CHAIR, &seal()).is_ok());
}

#[test]
fn r39_nothing_is_announced_unsealed_or_by_another() {
    let mut play = signed().unwrap();
    drafted(&mut play, grant());
    assert_eq!(
        refused(&play, CHAIR, &Command::Announce {}),
        Code::NotSealed
    );
    assert_eq!(refused(&play, SURVEYOR_1, &seal()), Code::NotAllowed);
    play.factor = false;
    assert_eq!(refused(&play, CHAIR, &seal()), Code::FactorNeeded);
    play.factor = true;
    let other = Command::SealDecision {
        case: None,
        content_digest: "00".repeat(32),
    };
    assert_eq!(refused(&play, CHAIR, &other), Code::DigestMismatch);
    play.act(CHAIR, &seal()).unwrap();
    assert_eq!(
        refused(&play, SURVEYOR_1, &Command::Announce {}),
        Code::NotAllowed
    );
    assert_eq!(refused(&play, CHAIR, &seal()), Code::AlreadySealed);
    let decision = grant();
    let draft = Command::DraftDecision {
        case: None,
        decision,
    };
    assert_eq!(refused(&play, CHAIR, &draft), Code::AlreadySealed);
    play.act(CHAIR, &Command::Announce {}).unwrap();
}

#[test]
fn r39_the_signer_is_live_and_after_his_network_drops_it_is_announced_when_he_is_back() {
    let mut play = sealed().unwrap();
    play.report(&lost(CHAIR)).unwrap();
    let missing = checks::announce(&play.session, &play.facts()).into_vec();
    assert_eq!(missing[0].code, Code::SignerNotLive);
    assert!(play.ask(CHAIR, &Command::Announce {}).is_err());
    assert_eq!(play.matter().announcement(), None);
    play.report(&restored(CHAIR)).unwrap();
    play.act(CHAIR, &Command::Announce {}).unwrap();
}

#[test]
fn r39_an_approver_seals_only_what_he_drafted_himself() {
    let mut play = signed().unwrap();
    let reviewer = play.session.scheduled.participants.iter_mut();
    reviewer
        .filter(|participant| participant.person == person(REVIEWER))
        .for_each(|participant| {
            participant.roles.insert(Role::Approver);
        });
    let decision = grant();
    play.act(
        REVIEWER,
        &Command::DraftDecision {
            case: None,
            decision,
        },
    )
    .unwrap();
    assert_eq!(refused(&play, CHAIR, &seal()), Code::NotAllowed);
    play.act(REVIEWER, &seal()).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &Command::Announce {}),
        Code::NotAllowed
    );
    play.act(REVIEWER, &Command::Announce {}).unwrap();
}

#[rstest]
#[case::reason(|text: &mut DecisionText| text.reason.clear(), Code::ReasonMissing)]
#[case::basis(|text: &mut DecisionText| text.basis.clear(), Code::BasisMissing)]
#[case::empty_basis(|text: &mut DecisionText| text.basis = vec![" ".to_owned()], Code::BasisMissing)]
#[case::remedies(|text: &mut DecisionText| text.remedies.clear(), Code::RemediesMissing)]
#[case::next_step(|text: &mut DecisionText| text.next_step.clear(), Code::NextStepMissing)]
#[case::contact(|text: &mut DecisionText| text.contact.clear(), Code::NextStepMissing)]
fn r40_a_refusal_without_reason_basis_remedies_next_step_contact_is_not_sealed(
    #[case] spoil: fn(&mut DecisionText),
    #[case] code: Code,
) {
    let mut play = failed();
    let mut decision = refuse();
    spoil(&mut decision);
    drafted(&mut play, decision);
    assert_eq!(refused(&play, CHAIR, &seal()), code);
    drafted(&mut play, refuse());
    assert!(play.ask(CHAIR, &seal()).is_ok());
}

#[rstest]
#[case::the_default(DEFAULT_REMEDIES, &[])]
#[case::in_words("可在六十日内申请行政复议，或者在六个月内提起行政诉讼", &[])]
#[case::spaced("60 日内申请行政复议;6 个月内提起行政诉讼", &[])]
#[case::no_review("6个月内提起行政诉讼", &["review_60_days"])]
#[case::no_months("60日内申请行政复议，或者提起行政诉讼", &["litigation_6_months"])]
#[case::wrong_numbers("160日内申请行政复议,16个月内提起行政诉讼", &["review_60_days", "litigation_6_months"])]
fn r41_the_remedies_state_60_days_and_6_months(#[case] remedies: &str, #[case] missing: &[&str]) {
    let mut play = failed();
    let decision = DecisionText {
        remedies: remedies.to_owned(),
        ..refuse()
    };
    drafted(&mut play, decision);
    match play.ask(CHAIR, &seal()) {
        Ok(_) => assert!(missing.is_empty()),
        Err(refusal) => {
            assert_eq!(refusal.code, Code::RemediesMissing);
            assert_eq!(refusal.missing, missing);
        }
    }
}

#[test]
fn a_failed_survey_is_not_granted() {
    let mut play = failed();
    drafted(&mut play, grant());
    assert_eq!(
        refused(&play, CHAIR, &seal()),
        Code::DecisionContradictsConclusion
    );
}

#[test]
fn r42_the_announcement_lists_who_was_live_and_each_acknowledges_once() {
    let mut play = sealed().unwrap();
    play.report(&lost(HELPER)).unwrap();
    let events = play.act(CHAIR, &Command::Announce {}).unwrap();
    let Event::Announced { live, decision, .. } = &events[0] else {
        panic!("{events:?}")
    };
    assert!(live.contains(&person(APPLICANT)) && live.contains(&person(SUPERVISOR)));
    assert!(!live.contains(&person(HELPER)));
    assert_eq!(decision.as_deref(), Some(&grant()));
    let acknowledge = |digest: &str| Command::Acknowledge {
        content_digest: digest.repeat(32),
    };
    assert_eq!(
        refused(&play, APPLICANT, &acknowledge("00")),
        Code::DigestMismatch
    );
    play.act(APPLICANT, &acknowledge("c0")).unwrap();
    assert_eq!(
        refused(&play, APPLICANT, &acknowledge("c0")),
        Code::AlreadyExists
    );
    // Who was away acknowledges when he is back.
    play.report(&restored(HELPER)).unwrap();
    play.act(HELPER, &acknowledge("c0")).unwrap();
    assert_eq!(play.matter().acknowledged.len(), 2);
}

#[test]
fn r42_nothing_is_acknowledged_before_it_is_announced() {
    let play = sealed().unwrap();
    let acknowledge = Command::Acknowledge {
        content_digest: "c0".repeat(32),
    };
    assert_eq!(refused(&play, APPLICANT, &acknowledge), Code::NotAnnounced);
}

#[rstest]
#[case(Ending::Rectify { by: "2026-12-05".to_owned() })]
#[case(Ending::Resurvey { by: "2026-12-05".to_owned() })]
#[case(Ending::SwitchOnSite)]
#[case(Ending::Hearing)]
fn r43_a_session_ends_with_exactly_one_ending(#[case] ending: Ending) {
    let mut play = surveyed().unwrap();
    play.act(CHAIR, &end(ending.clone())).unwrap();
    assert!(
        matches!(play.matter().outcome.as_ref(), Some(Outcome::Ending { ending: of, .. }) if *of == ending)
    );
    assert_eq!(
        refused(&play, CHAIR, &end(Ending::Hearing)),
        Code::AlreadyEnded
    );
    assert_eq!(
        refused(&play, CHAIR, &Command::Announce {}),
        Code::AlreadyEnded
    );
    play.act(CHAIR, &Command::Close {}).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &end(Ending::Hearing)),
        Code::NotInThisStage
    );
}

#[test]
fn r43_after_the_announcement_or_the_seal_there_is_no_other_ending() {
    let play = sealed().unwrap();
    assert_eq!(
        refused(&play, CHAIR, &end(Ending::SwitchOnSite)),
        Code::AlreadySealed
    );
    let play = announced().unwrap();
    assert_eq!(
        refused(&play, CHAIR, &end(Ending::SwitchOnSite)),
        Code::AlreadyEnded
    );
    assert_eq!(
        refused(&play, CHAIR, &Command::Announce {}),
        Code::AlreadyAnnounced
    );
}

#[rstest]
#[case("2026-12-05", true)]
#[case::today("2025-11-25", false)]
#[case::the_last_day("2027-11-25", true)]
#[case::one_day_more("2027-11-26", false)]
#[case::before_the_session("2025-11-24", false)]
#[case::no_such_day("2026-02-30", false)]
#[case::short("2026-12-5", false)]
#[case::words("明天", false)]
#[case::far("2036-01-01", false)]
fn r43_rectification_names_a_day_to_come(#[case] by: &str, #[case] accepted: bool) {
    let play = surveyed().unwrap();
    match play.ask(CHAIR, &rectify(by)) {
        Ok(_) => assert!(accepted),
        Err(refusal) => {
            assert!(!accepted, "{refusal:?}");
            assert_eq!(refusal.code, Code::DateInvalid);
        }
    }
}

#[rstest]
#[case("", "n", "c", Code::ReasonMissing)]
#[case("r", " ", "c", Code::NextStepMissing)]
#[case("r", "n", "", Code::NextStepMissing)]
fn r40_every_ending_says_why_what_comes_next_and_whom_to_ask(
    #[case] reason: &str,
    #[case] next_step: &str,
    #[case] contact: &str,
    #[case] code: Code,
) {
    let play = surveyed().unwrap();
    let command = Command::End {
        case: None,
        ending: Ending::SwitchOnSite,
        reason: reason.to_owned(),
        next_step: next_step.to_owned(),
        contact: contact.to_owned(),
    };
    assert_eq!(refused(&play, CHAIR, &command), code);
}

#[test]
fn r43_endings_that_judge_need_a_live_session_the_others_do_not() {
    let play = lobby().unwrap();
    assert_eq!(
        refused(&play, CHAIR, &end(Ending::Hearing)),
        Code::NotInThisStage
    );
    assert!(play.ask(CHAIR, &end(Ending::SwitchOnSite)).is_ok());
}

#[test]
fn only_the_chair_ends_and_closes() {
    let play = surveyed().unwrap();
    for who in [SURVEYOR_1, EXPERT, APPLICANT, SUPERVISOR] {
        assert_eq!(
            refused(&play, who, &end(Ending::SwitchOnSite)),
            Code::NotAllowed
        );
        assert_eq!(refused(&play, who, &Command::Close {}), Code::NotAllowed);
    }
    assert_eq!(refused(&play, CHAIR, &Command::Close {}), Code::NotEnded);
}

#[test]
fn after_closing_nothing_is_possible() {
    let play = journey_a().unwrap();
    for command in [Command::Leave {}, Command::RaiseHand {}, Command::Close {}] {
        assert_eq!(refused(&play, CHAIR, &command), Code::NotInThisStage);
    }
}

#[rstest]
#[case(lobby().unwrap(), &[Act::Start, Act::End])]
#[case(live().unwrap(), &[Act::End])]
#[case(surveyed().unwrap(), &[Act::Conclude, Act::End])]
#[case(concluded().unwrap(), &[Act::End])]
#[case(signed().unwrap(), &[Act::SignRecord, Act::End])]
#[case(sealed().unwrap(), &[Act::SignRecord, Act::Announce])]
#[case(announced().unwrap(), &[Act::Close])]
#[case(journey_a().unwrap(), &[])]
fn readiness_shows_what_can_be_done_now(#[case] play: Play, #[case] expected: &[Act]) {
    let ready: Vec<_> = readiness(&play.session, &play.facts())
        .into_iter()
        .filter(|act| act.ready)
        .map(|act| act.act)
        .collect();
    assert_eq!(ready, expected);
}

#[test]
fn readiness_names_each_item_that_is_missing() {
    let play = live().unwrap();
    let acts = readiness(&play.session, &play.facts());
    let conclude = acts.iter().find(|act| act.act == Act::Conclude).unwrap();
    let codes: Vec<_> = conclude
        .missing
        .iter()
        .map(|missing| missing.code)
        .collect();
    assert_eq!(codes, [Code::ItemsUnanswered, Code::OpinionMissing]);
    assert_eq!(conclude.missing[0].missing.len(), 28);
}
