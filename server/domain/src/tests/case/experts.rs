//! The draw from the expert pool, recusal after it, confidentiality (R16, R48).

use std::collections::BTreeSet;
use std::sync::Arc;

use rstest::rstest;

use super::play::*;
use crate::case::{CaseCommand, CaseEvent};
use crate::command::{Command, Report};
use crate::people::{PersonId, SeatId};
use crate::pool::{Availability, ExpertDraw, ExpertPool, PoolExpert, Unfit};
use crate::refusal::Code;
use crate::testing::{self, CHAIR, person};

fn draw(count: u8, instead_of: &[&PersonId], reason: &str) -> CaseCommand {
    CaseCommand::DrawExperts {
        field: FIELD.to_owned(),
        count,
        instead_of: instead_of.iter().map(|of| (*of).clone()).collect(),
        reason: reason.to_owned(),
    }
}

fn last(play: &CasePlay) -> &ExpertDraw {
    play.case.draws.last().unwrap()
}

fn why(draw: &ExpertDraw, who: &str) -> Option<Unfit> {
    let mut excluded = draw.excluded.iter();
    let found = excluded.find(|excluded| excluded.person == person(who));
    found.map(|excluded| excluded.why)
}

/// Changes one expert of the field before the draw.
fn with(change: impl FnOnce(&mut PoolExpert)) -> CasePlay {
    let mut play = CasePlay::in_review();
    let mut experts = play.pool.experts().to_vec();
    let one = experts
        .iter_mut()
        .find(|of| of.person == person("expert-1"));
    change(one.unwrap());
    play.pool = Arc::new(ExpertPool::new("示例-2", experts).unwrap());
    play
}

#[test]
fn r16_experts_come_by_a_draw_that_its_entry_proves() {
    let mut play = CasePlay::in_review();
    let events = play.act(HANDLER, &draw(2, &[], "")).unwrap();
    let CaseEvent::ExpertsDrawn(entry) = &events[0] else {
        panic!("{events:?}");
    };
    assert!(entry.is_repeatable());
    assert_eq!(entry.candidates.len(), 5);
    assert_eq!((entry.number, entry.pool.as_str()), (1, "示例-1"));
    let called: BTreeSet<_> = entry.drawn.iter().cloned().collect();
    assert_eq!(called.len(), 2);
    assert_eq!(play.case.experts, called);
}

#[test]
fn r16_another_seed_draws_others() {
    let drawn: BTreeSet<_> = (0..40)
        .map(|second| {
            let mut play = CasePlay::in_review();
            play.now += second;
            play.act(HANDLER, &draw(1, &[], "")).unwrap();
            last(&play).drawn.clone()
        })
        .collect();
    assert_eq!(drawn.len(), 5);
}

#[rstest]
#[case::employer(Unfit::WorksForApplicant, |of: &mut PoolExpert| of.employer = Some(brief().uscc))]
#[case::tie(Unfit::TiedToApplicant, |of: &mut PoolExpert| { of.ties.insert(brief().uscc); })]
#[case::away(Unfit::Away, |of: &mut PoolExpert| of.availability = Availability::Away)]
fn r16_who_has_ties_with_the_applicant_is_no_candidate(
    #[case] expected: Unfit,
    #[case] change: fn(&mut PoolExpert),
) {
    let mut play = with(change);
    play.act(HANDLER, &draw(4, &[], "")).unwrap();
    assert_eq!(why(last(&play), "expert-1"), Some(expected));
    assert_eq!(last(&play).candidates.len(), 4);
    assert!(!play.case.experts.contains(&person("expert-1")));
}

#[test]
fn r16_a_recused_expert_is_no_candidate_and_the_entry_says_so() {
    let mut play = CasePlay::in_review();
    let recuse = CaseCommand::RecordRecusal {
        person: person("expert-1"),
        reason: "与申请人有利害关系。".to_owned(),
    };
    play.act(APPROVER, &recuse).unwrap();
    play.act(HANDLER, &draw(1, &[], "")).unwrap();
    assert_eq!(why(last(&play), "expert-1"), Some(Unfit::Recused));
    assert_eq!(
        play.refused(HANDLER, &draw(5, &[], "t")),
        Code::ExpertsTooFew
    );
}

#[rstest]
#[case(APPLICANT)]
#[case(AGENT)]
#[case(NEIGHBOUR)]
#[case(HANDLER)]
fn r16_nobody_of_the_case_is_drawn_for_it(#[case] who: &str) {
    let mut play = CasePlay::in_review();
    let acts = [
        CaseCommand::AssignStaff {
            person: person(HANDLER),
            role: crate::Role::Surveyor,
        },
        CaseCommand::NotifyInterestedParty {
            person: person(NEIGHBOUR),
            interest: "t".to_owned(),
        },
    ];
    acts.iter().for_each(|act| {
        play.act(APPROVER, act).unwrap();
    });
    assert_eq!(play.refused(HANDLER, &call(who)), Code::ExpertsTooFew);
}

#[test]
fn r16_a_redraw_needs_a_reason_and_brings_new_people() {
    let mut play = CasePlay::in_review();
    play.act(HANDLER, &draw(2, &[], "")).unwrap();
    let first = last(&play).drawn.clone();
    assert_eq!(
        play.refused(HANDLER, &draw(1, &[], " ")),
        Code::ReasonMissing
    );
    assert_eq!(
        play.refused(HANDLER, &draw(1, &[&first[0]], "")),
        Code::ReasonMissing
    );
    let stranger = person("expert-9");
    for wrong in [vec![&stranger], vec![&first[0], &first[0]]] {
        assert_eq!(
            play.refused(HANDLER, &draw(1, &wrong, "t")),
            Code::NotAParticipant
        );
    }
    let reason = "因故不能参加。";
    play.act(HANDLER, &draw(1, &[&first[0]], reason)).unwrap();
    let second = last(&play).clone();
    assert_eq!((second.number, second.reason.as_str()), (2, reason));
    assert!(second.is_repeatable());
    assert_eq!(why(&second, &first[0].0), Some(Unfit::DrawnBefore));
    let expected = BTreeSet::from([first[1].clone(), second.drawn[0].clone()]);
    assert_eq!(play.case.experts, expected);
}

#[rstest]
#[case::nobody(0, Code::ValueInvalid)]
#[case::too_many(21, Code::ValueInvalid)]
#[case::more_than_there_are(6, Code::ExpertsTooFew)]
fn a_draw_takes_from_one_to_as_many_as_there_are(#[case] count: u8, #[case] code: Code) {
    let play = CasePlay::in_review();
    assert_eq!(play.refused(HANDLER, &draw(count, &[], "")), code);
}

#[test]
fn only_a_handler_draws() {
    let play = CasePlay::in_review();
    for who in [APPLICANT, SUPERVISOR, OPERATOR, ADMINISTRATOR, EXPERT] {
        assert_eq!(play.refused(who, &draw(1, &[], "")), Code::NotAllowed);
    }
}

#[test]
fn r48_the_expert_himself_signs_once_with_a_fresh_factor() {
    let mut play = CasePlay::in_review();
    assert_eq!(
        play.refused(EXPERT, &sign_confidentiality()),
        Code::NotAllowed
    );
    play.act(HANDLER, &call(EXPERT)).unwrap();
    for other in [HANDLER, APPROVER, APPLICANT, "expert-1"] {
        assert_eq!(
            play.refused(other, &sign_confidentiality()),
            Code::NotAllowed
        );
    }
    play.factor = false;
    assert_eq!(
        play.refused(EXPERT, &sign_confidentiality()),
        Code::FactorNeeded
    );
    play.factor = true;
    let mute = CaseCommand::SignConfidentiality {
        sha256: "x".to_owned(),
    };
    assert_eq!(play.refused(EXPERT, &mute), Code::ValueInvalid);
    play.act(EXPERT, &sign_confidentiality()).unwrap();
    assert_eq!(
        play.refused(EXPERT, &sign_confidentiality()),
        Code::AlreadySigned
    );
}

#[test]
fn r48_the_session_opens_to_an_expert_only_when_he_has_signed() {
    let mut case = CasePlay::in_review();
    case.act(HANDLER, &call(EXPERT)).unwrap();
    let mut play = testing::live().unwrap();
    play.act(testing::EXPERT, &Command::Leave {}).unwrap();
    play.case = case.case.facts.clone();
    let arrived = Report::Arrived {
        person: person(testing::EXPERT),
        seat: SeatId("seat-2".to_owned()),
        device: "平板".to_owned(),
    };
    let refused = play.report(&arrived).unwrap_err();
    assert_eq!(refused.code, Code::ConfidentialityNotSigned);
    case.act(EXPERT, &sign_confidentiality()).unwrap();
    play.case = case.case.facts.clone();
    play.report(&arrived).unwrap();
    play.acknowledge_notice(testing::EXPERT).unwrap();
    let check = Command::BeginIdentityCheck {
        person: person(testing::EXPERT),
    };
    play.act(CHAIR, &check).unwrap();
}

#[test]
fn r48_whoever_is_in_the_room_unsigned_can_do_nothing_but_leave() {
    let mut play = testing::live().unwrap();
    play.case = CasePlay::in_review().case.facts;
    let say = Command::Say {
        scope: crate::event::ChatScope::Room,
        text: "t".to_owned(),
    };
    let refused = play.ask(testing::EXPERT, &say).unwrap_err();
    assert_eq!(refused.code, Code::ConfidentialityNotSigned);
    assert!(play.ask(testing::EXPERT, &Command::Leave {}).is_ok());
}

#[test]
fn r48_whoever_is_released_or_recused_reads_nothing_more() {
    let mut play = CasePlay::in_review();
    play.act(HANDLER, &draw(1, &[], "")).unwrap();
    let drawn = last(&play).drawn[0].clone();
    play.act(&drawn.0, &sign_confidentiality()).unwrap();
    assert!(play.case.facts.opens_to_expert(&drawn));
    play.act(HANDLER, &draw(1, &[&drawn], "t")).unwrap();
    assert!(!play.case.facts.opens_to_expert(&drawn));
    let roles = BTreeSet::new();
    let viewer = crate::case::CaseViewer::of(&play.case, &drawn, &roles, play.now);
    assert_eq!(viewer, None);
}
