//! R28, R30, R33, R42: what the documents print.

use super::lost;
use crate::command::{Command, Report};
use crate::event::{CheckResult, OpinionKind, Stance, SurveyOutcome};
use crate::testing::{
    APPLICANT, CHAIR, EXPERT, SURVEYOR_1, SURVEYOR_2, concluded, live, person, sealed, signed,
    surveyed,
};
use crate::{decision_content, survey_record};

#[test]
fn r30_a_gap_longer_than_the_limit_is_in_the_record_with_its_cause() {
    let mut play = concluded().unwrap();
    let limit_us = 3_000_000;
    for (cause, length) in [("short", limit_us), ("process_died", limit_us + 1)] {
        let gap = Report::RecordingGap {
            track: None,
            cause: cause.to_owned(),
            from: play.now,
            until: play.now + length,
            packets_lost: None,
        };
        play.report(&gap).unwrap();
    }
    let gaps = survey_record(&play.session).unwrap().gaps;
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].cause, "process_died");
}

#[test]
fn r33_the_record_names_who_signs_and_what_was_found() {
    let play = signed().unwrap();
    let record = survey_record(&play.session).unwrap();
    assert_eq!(record.outcome, SurveyOutcome::Passed);
    assert_eq!(record.items.len(), 28);
    assert_eq!((record.tally.met, record.tally.mended), (27, 1));
    let mended = record.items.iter().find(|item| item.code == "F22").unwrap();
    assert_eq!(mended.result, Some(CheckResult::Mended));
    assert!(
        record
            .signers
            .starts_with(&[person(SURVEYOR_1), person(SURVEYOR_2)])
    );
    assert!(record.signers.contains(&person(APPLICANT)));
    assert_eq!(record.signatures.len(), 3);
    assert_eq!(record.statements[0].text, "无异议。");
    assert_eq!(record.evidence[0].sha256.len(), 64);
}

#[test]
fn r28_an_opinion_filed_in_a_deliberation_is_in_no_document() {
    let mut play = surveyed().unwrap();
    play.act(CHAIR, &Command::BeginDeliberation {}).unwrap();
    play.opine(EXPERT, OpinionKind::Expert, Stance::Disagree)
        .unwrap();
    play.act(CHAIR, &Command::EndDeliberation {}).unwrap();
    let conclude = play.conclude(SurveyOutcome::Passed);
    play.act(CHAIR, &conclude).unwrap();
    let opinions = survey_record(&play.session).unwrap().opinions;
    assert!(
        opinions
            .iter()
            .all(|opinion| opinion.person != person(EXPERT))
    );
}

#[test]
fn the_decision_names_who_took_part_until_sealing_and_those_who_left() {
    let mut play = signed().unwrap();
    play.act(EXPERT, &Command::Leave {}).unwrap();
    play.seal(crate::testing::grant()).unwrap();
    let content = decision_content(&play.session, "case-1", "示例审批〔2026〕1号").unwrap();
    assert_eq!(content.participants.len(), 9);
    let expert = content
        .participants
        .iter()
        .find(|who| who.person == person(EXPERT))
        .unwrap();
    assert!(expert.stays[0].until.is_some());
    assert_eq!(content.approver, Some(person(CHAIR)));
    assert_eq!(content.dated, "2025-11-25");
    assert_eq!(
        content.survey.record_digest.as_deref(),
        Some("c0".repeat(32).as_str())
    );
}

#[test]
fn the_content_that_is_sealed_does_not_change_by_talk_or_network() {
    let mut play = signed().unwrap();
    let decision = crate::testing::grant();
    play.act(
        CHAIR,
        &Command::DraftDecision {
            case: None,
            decision,
        },
    )
    .unwrap();
    let before = decision_content(&play.session, "case-1", "1").unwrap();
    play.report(&lost(EXPERT)).unwrap();
    play.act(APPLICANT, &Command::RaiseHand {}).unwrap();
    assert_eq!(
        decision_content(&play.session, "case-1", "1").unwrap(),
        before
    );
}

#[test]
fn there_is_no_document_before_its_act() {
    assert_eq!(survey_record(&live().unwrap().session), None);
    assert_eq!(
        decision_content(&signed().unwrap().session, "case-1", "1"),
        None
    );
    assert!(decision_content(&sealed().unwrap().session, "case-1", "1").is_some());
}
