//! What a session refuses because of its case (R11, R35, R36, R45).

use rstest::rstest;

use crate::case::{CaseEvent, CaseFacts, PartyStatement, ReviewResult, Slip, Verdict};
use crate::command::Command;
use crate::event::DecisionText;
use crate::readiness::{Act, readiness};
use crate::refusal::Code;
use crate::testing::{CHAIR, Play, grant, person, refuse, sealed, signed};

use super::play::{date, guide};

fn flagged() -> CaseEvent {
    CaseEvent::MajorFlagged {
        reason: "r".to_owned(),
    }
}

fn reviewed(result: ReviewResult) -> CaseEvent {
    CaseEvent::LegalReviewed {
        result,
        opinion: "o".to_owned(),
    }
}

fn undertaken() -> CaseEvent {
    CaseEvent::UndertakingGiven {
        material: "plan".to_owned(),
        by: date("2026-03-20"),
    }
}

fn sufficient() -> CaseEvent {
    CaseEvent::MaterialReviewed {
        material: "plan".to_owned(),
        verdict: Verdict::Sufficient,
    }
}

/// A window that ends so many seconds after the session's last entry.
fn notified(play: &Play, seconds: i64) -> CaseEvent {
    CaseEvent::InterestedPartyNotified {
        person: person("neighbour"),
        interest: "i".to_owned(),
        window_until: play.session.last_at + seconds * 1_000_000,
    }
}

fn stated() -> CaseEvent {
    CaseEvent::PartyStated {
        person: person("neighbour"),
        statement: PartyStatement::Waived,
    }
}

fn requested() -> CaseEvent {
    CaseEvent::HearingRequested {
        person: person("neighbour"),
    }
}

fn found() -> CaseEvent {
    CaseEvent::FalseMaterialFound {
        material: "lease".to_owned(),
        finding: "f".to_owned(),
        until: date("2027-03-01"),
    }
}

fn barred(play: &Play, seconds: i64) -> CaseEvent {
    CaseEvent::BarNoted {
        of: "case-0".to_owned(),
        until: date("2027-03-01"),
        until_us: play.session.last_at + seconds * 1_000_000,
    }
}

fn opened() -> CaseEvent {
    CaseEvent::ApplicationOpened(Box::new(crate::case::Application {
        case: "case-1".to_owned(),
        applicant: person("applicant"),
        agents: Vec::new(),
        guide: guide(),
    }))
}

fn accepted() -> CaseEvent {
    CaseEvent::Accepted {
        on: date("2026-03-02"),
        route: crate::case::Route::Complete,
        slip: Slip {
            number: "n".to_owned(),
            pdf_digest: "d".to_owned(),
            seal: "示例".to_owned(),
        },
    }
}

fn withdrawn() -> CaseEvent {
    CaseEvent::Withdrawn {
        reason: "r".to_owned(),
    }
}

/// What sealing and announcing say when the case's journal holds these events.
fn asked(text: &DecisionText, events: &dyn Fn(&Play) -> Vec<CaseEvent>) -> Option<Code> {
    let mut play = signed().unwrap();
    let draft = Command::DraftDecision {
        case: None,
        decision: text.clone(),
    };
    play.act(CHAIR, &draft).unwrap();
    let events = events(&play);
    events.iter().for_each(|event| play.case.evolve(event));
    let seal = Command::SealDecision {
        case: None,
        content_digest: "c0".repeat(32),
    };
    let refused = play.ask(CHAIR, &seal).err().map(|refusal| refusal.code);
    let readiness = readiness(&play.session, &play.facts());
    let sealing = readiness
        .iter()
        .find(|of| of.act == Act::SealDecision)
        .unwrap();
    assert_eq!(sealing.missing.first().map(|refusal| refusal.code), refused);

    // The same stands between sealing and announcing, if it happens in between.
    play.case = CaseFacts::default();
    play.act(CHAIR, &seal).unwrap();
    events.iter().for_each(|event| play.case.evolve(event));
    let announce = play.ask(CHAIR, &Command::Announce {}).err();
    if refused.is_some() {
        assert_eq!(announce.map(|refusal| refusal.code), refused);
    }
    refused
}

#[rstest]
#[case(vec![undertaken()], Some(Code::UndertakingOpen))]
#[case(vec![undertaken(), sufficient()], None)]
fn r11_no_grant_is_sealed_while_an_undertaking_is_open(
    #[case] events: Vec<CaseEvent>,
    #[case] expected: Option<Code>,
) {
    assert_eq!(asked(&grant(), &|_| events.clone()), expected);
}

#[rstest]
#[case(60, vec![], Some(Code::PartyStatementMissing))]
#[case(60, vec![stated()], Some(Code::HearingWindowOpen))]
#[case(-60, vec![], Some(Code::PartyStatementMissing))]
#[case(-60, vec![stated()], None)]
#[case(-60, vec![stated(), requested()], Some(Code::HearingNotHeld))]
fn r35_nothing_is_sealed_or_announced_before_the_hearing_window_has_passed(
    #[case] seconds: i64,
    #[case] events: Vec<CaseEvent>,
    #[case] expected: Option<Code>,
) {
    let all = |play: &Play| {
        let mut all = vec![notified(play, seconds)];
        all.extend(events.clone());
        all
    };
    assert_eq!(asked(&grant(), &all), expected);
}

#[rstest]
#[case(vec![flagged()], Some(Code::LegalReviewMissing))]
#[case(vec![flagged(), reviewed(ReviewResult::Objected)], Some(Code::LegalReviewMissing))]
#[case(vec![flagged(), reviewed(ReviewResult::SignedOff)], None)]
#[case(vec![reviewed(ReviewResult::SignedOff), flagged()], Some(Code::LegalReviewMissing))]
fn r36_nothing_major_is_sealed_without_the_legal_review(
    #[case] events: Vec<CaseEvent>,
    #[case] expected: Option<Code>,
) {
    assert_eq!(asked(&grant(), &|_| events.clone()), expected);
}

#[test]
fn r45_no_grant_is_sealed_on_false_material_or_while_blocked() {
    assert_eq!(
        asked(&grant(), &|_| vec![found()]),
        Some(Code::FalseMaterial)
    );
    let blocked = |play: &Play| vec![barred(play, 60)];
    assert_eq!(asked(&grant(), &blocked), Some(Code::ApplicationBarred));
    assert_eq!(asked(&grant(), &|play| vec![barred(play, -60)]), None);
}

#[test]
fn a_case_is_decided_between_its_acceptance_and_its_end() {
    assert_eq!(
        asked(&grant(), &|_| vec![opened()]),
        Some(Code::CaseNotAccepted)
    );
    assert_eq!(asked(&grant(), &|_| vec![opened(), accepted()]), None);
    let over = |_: &Play| vec![opened(), accepted(), withdrawn()];
    assert_eq!(asked(&grant(), &over), Some(Code::CaseOver));
}

#[test]
fn a_refusal_waits_for_the_hearing_but_not_for_undertakings_or_truth() {
    let facts = |events: &[CaseEvent]| {
        let mut facts = CaseFacts::default();
        events.iter().for_each(|event| facts.evolve(event));
        let forbids = facts.forbids(refuse().kind, 0);
        forbids
            .into_iter()
            .map(|refusal| refusal.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(facts(&[undertaken(), found()]), []);
    assert_eq!(facts(&[flagged()]), [Code::LegalReviewMissing]);
}

#[test]
fn a_demand_that_lands_between_sealing_and_announcing_stops_the_announcement() {
    let mut play = sealed().unwrap();
    assert!(play.ask(CHAIR, &Command::Announce {}).is_ok());
    play.case.evolve(&flagged());
    let refused = play.ask(CHAIR, &Command::Announce {}).unwrap_err();
    assert_eq!(refused.code, Code::LegalReviewMissing);
}
