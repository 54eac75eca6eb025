//! What must hold in every state, and of every batch. Read from the journal where it can be, not from the state.

use crate::calendar::{Calendar, day_of};
use crate::case::{
    Case, CaseCommand, CaseEvent, CaseRecorded, CaseViewer, Confidentiality, Credit, PeriodState,
    RatingState, ReviewResult, Route, Stage, Supply, Verdict, decision_due, visible,
};
use crate::event::DecisionKind;
use crate::outward::is_told;
use crate::testing::person;

use super::super::play::*;
use super::walk::{Step, decides};

/// What a step found, without its journal, which is long.
pub struct Before {
    pub case: Case,
    pub now: i64,
}

/// After an accepted step.
pub fn after(before: &Before, step: &Step, events: &[CaseEvent], after: &CasePlay) {
    assert!(!events.is_empty(), "{step:?}");
    lawful(&after.case);
    sides(&after.case);
    course_goes_forward(&before.case, &after.case);
    actors(before, step);
    intake(before, events, &after.calendar);
    once_each(after);
    clock(before, after);
    let earlier = &after.journal[..after.journal.len() - events.len()];
    decisions(before.now, earlier, events);
    publication(after, events);
    reading(after, events);
    experts(&after.case);
}

/// R16, R48: every call goes back to a draw that its entry proves, and only the called sign.
fn experts(case: &Case) {
    for draw in &case.draws {
        assert!(draw.is_repeatable());
        assert!(draw.number == 1 || !draw.reason.is_empty() || draw.field != case.draws[0].field);
    }
    let drawn = |who| case.draws.iter().any(|draw| draw.drawn.contains(who));
    assert!(case.experts.iter().all(drawn));
    if let Confidentiality::Asked { signed, .. } = &case.facts.confidentiality {
        assert!(signed.is_subset(&case.experts));
    }
}

/// Whatever order the events came in.
pub fn lawful(case: &Case) {
    let running = case.clock.periods.iter();
    let running = running.filter(|period| matches!(period.state, PeriodState::Running { .. }));
    assert!(running.count() <= 1);
    // R49.
    for session in case.sessions.keys() {
        assert!(case.recording_retention(session) >= case.retention());
    }
    if let Stage::Granted(decided) = &case.stage {
        assert_eq!(decided.decision.kind, DecisionKind::Granted);
    }
}

fn course_goes_forward(before: &Case, after: &Case) {
    let rank = |case: &Case| match case.stage {
        Stage::PreReview => 0,
        Stage::Received(_) | Stage::OneTimeNotice(_) => 1,
        Stage::Accepted(_) => 2,
        Stage::InReview(_) => 3,
        Stage::Granted(_) | Stage::Refused(_) | Stage::NotAccepted(_) => 4,
        Stage::Served(..) | Stage::Withdrawn(_) => 5,
        Stage::Closed(_) => 6,
    };
    assert!(rank(before) <= rank(after));
}

/// R16, R58: the recused do nothing, and neither do those whose office has no part in cases, unless the case touches
/// themselves: then they speak for their own side (R35), as anybody would.
fn actors(before: &Before, step: &Step) {
    let Step::Do(who, command) = step else { return };
    let facts = &before.case.facts;
    assert!(!facts.recused.contains(&person(who)));
    let own_side = facts.parties.contains_key(&person(who))
        && matches!(
            command,
            CaseCommand::State { .. }
                | CaseCommand::WaiveStatement {}
                | CaseCommand::RequestHearing {}
                | CaseCommand::WithdrawHearing {}
        );
    assert!(
        own_side || ![SUPERVISOR, OPERATOR, ADMINISTRATOR].contains(who),
        "{step:?}"
    );
}

/// R16: nobody works on a case in which he has a side, or from which he stepped aside.
fn sides(case: &Case) {
    for who in case.staff.keys().chain(&case.experts) {
        assert!(!case.facts.recused.contains(who));
        assert!(!case.facts.parties.contains_key(who));
        assert!(!case.is_applicant(who));
    }
}

/// R01, R02, R03, R09, R10, R11, R12.
fn intake(before: &Before, events: &[CaseEvent], calendar: &Calendar) {
    let case = &before.case;
    let guide = &case.application.as_ref().unwrap().guide;
    let shared = |code: &str| {
        let listed = guide.material(code).expect("on the list");
        matches!(listed.supply, Supply::Sharing { .. })
    };
    let in_time = || {
        let receipt = case.stage.receipt().unwrap();
        let last = calendar.add_working_days(day_of(receipt.at).unwrap(), guide.time.notice);
        day_of(before.now).unwrap() <= last.unwrap()
    };
    for event in events {
        match event {
            CaseEvent::NoticeGiven { missing, .. } => {
                assert!(in_time());
                let told: Vec<_> = missing.iter().map(|item| &item.material).collect();
                assert!(case.missing().iter().all(|code| told.contains(&code)));
                assert!(told.iter().all(|code| !shared(code)));
            }
            CaseEvent::MaterialSubmitted { material, .. } => assert!(!shared(material)),
            CaseEvent::NotAccepted { slip, .. } => {
                assert!(in_time());
                assert!(!slip.seal.is_empty());
            }
            CaseEvent::Accepted { on, route, slip } => {
                assert!(!slip.seal.is_empty());
                let receipt = case.stage.receipt().unwrap();
                match route {
                    Route::Deemed => {
                        assert!(!in_time());
                        assert_eq!(*on, day_of(receipt.at).unwrap());
                    }
                    Route::Complete | Route::Commitment => {
                        assert_eq!(case.missing(), Vec::<String>::new());
                    }
                    Route::Tolerant => assert!(case.missing().iter().all(|code| {
                        case.undertakings.contains_key(code)
                            && guide.material(code).unwrap().supply == Supply::ApplicantMinor
                    })),
                }
                if matches!(route, Route::Tolerant | Route::Commitment) {
                    assert_eq!(case.credit, Credit::Clear);
                }
            }
            CaseEvent::UndertakingGiven { .. } | CaseEvent::CommitmentMade { .. } => {
                assert_eq!(case.credit, Credit::Clear);
            }
            _ => {}
        }
    }
}

/// R01, R05, R07, R60, and one result.
fn once_each(play: &CasePlay) {
    let count = |of: &dyn Fn(&CaseEvent) -> bool| {
        play.journal.iter().filter(|entry| of(&entry.event)).count()
    };
    assert!(count(&decides) <= 1);
    assert!(count(&|event| matches!(event, CaseEvent::Accepted { .. })) <= 1);
    assert!(count(&|event| matches!(event, CaseEvent::Extended { .. })) <= 1);
    assert!(count(&|event| matches!(event, CaseEvent::Published { .. })) <= 1);
    assert!(count(&|event| matches!(event, CaseEvent::Served { .. })) <= 1);
    assert!(count(&|event| matches!(event, CaseEvent::Closed)) <= 1);
    let received = count(&|event| matches!(event, CaseEvent::Received { .. }));
    let noticed = count(&|event| matches!(event, CaseEvent::NoticeGiven { .. }));
    assert!(noticed <= received);
    let stopped = count(&|event| matches!(event, CaseEvent::ClockStopped { .. }));
    let told = count(&|event| matches!(event, CaseEvent::ExcludedPeriodTold { .. }));
    assert!(stopped <= told);
    for id in play.case.sessions.keys() {
        let asks = |event: &CaseEvent| matches!(event, CaseEvent::RatingRequested { session } if session == id);
        let has_result = play.case.sessions[id].head.is_some();
        assert_eq!(count(&asks), usize::from(has_result));
    }
}

/// R04 to R07: no act and no passing of time takes days away.
fn clock(before: &Before, after: &CasePlay) {
    let due = |case, now| decision_due(case, &after.calendar, now).unwrap();
    let (earlier, later) = (due(&before.case, before.now), due(&after.case, after.now));
    if let (Some(earlier), Some(later)) = (earlier, later) {
        assert!(earlier <= later, "{earlier} {later}");
    }
}

/// R11, R35, R36, R45: read from the journal alone.
fn decisions(now: i64, earlier: &[CaseRecorded], events: &[CaseEvent]) {
    let Some(decision) = events.iter().find_map(|event| match event {
        CaseEvent::Decided(decision) => Some(decision),
        _ => None,
    }) else {
        return;
    };
    let has = |of: &dyn Fn(&CaseEvent) -> bool| earlier.iter().any(|entry| of(&entry.event));
    for entry in earlier {
        match &entry.event {
            CaseEvent::InterestedPartyNotified {
                person,
                window_until,
                ..
            } => {
                assert!(now > *window_until);
                assert!(has(&|event| {
                    matches!(event, CaseEvent::PartyStated { person: by, .. } if by == person)
                }));
            }
            CaseEvent::HearingRequested { person } => assert!(has(&|event| {
                matches!(event, CaseEvent::HearingHeld { .. })
                    || matches!(event, CaseEvent::HearingWithdrawn { person: by } if by == person)
            })),
            CaseEvent::MajorFlagged { .. } => assert!(has(&|event| {
                let signed = ReviewResult::SignedOff;
                matches!(event, CaseEvent::LegalReviewed { result, .. } if *result == signed)
            })),
            CaseEvent::UndertakingGiven { material: of, .. }
                if decision.kind == DecisionKind::Granted =>
            {
                assert!(has(&|event| {
                    matches!(event, CaseEvent::MaterialReviewed { material, verdict: Verdict::Sufficient } if material == of)
                }));
            }
            CaseEvent::FalseMaterialFound { .. } => {
                assert_eq!(decision.kind, DecisionKind::Refused);
            }
            _ => {}
        }
    }
    assert!(has(&|event| matches!(event, CaseEvent::Accepted { .. })));
}

/// R46, R47, R60.
fn publication(after: &CasePlay, events: &[CaseEvent]) {
    let last =
        |of: &dyn Fn(&CaseEvent) -> bool| after.journal.iter().rposition(|entry| of(&entry.event));
    for event in events {
        match event {
            CaseEvent::Published { text_digest } => {
                let proposed = last(&|event| matches!(event, CaseEvent::MaskingProposed { .. }));
                let entry = &after.journal[proposed.expect("proposed")];
                let CaseEvent::MaskingProposed {
                    text_digest: of,
                    objections_until,
                    ..
                } = &entry.event
                else {
                    unreachable!()
                };
                assert_eq!(text_digest, of);
                let agreed = last(&|event| *event == CaseEvent::MaskingAccepted);
                assert!(agreed > proposed || after.now > *objections_until);
                let objected = last(&|event| matches!(event, CaseEvent::MaskingObjected { .. }));
                assert!(objected < proposed);
            }
            CaseEvent::Closed => {
                let mut sessions = after.case.sessions.values();
                assert!(!sessions.any(|of| matches!(of.rating, RatingState::TaskOpen(_))));
                if let Some(decided) = after.case.stage.decided()
                    && decided.decision.kind == DecisionKind::Granted
                {
                    assert!(last(&|event| matches!(event, CaseEvent::Published { .. })).is_some());
                    assert!(decided.licence.is_some());
                }
            }
            _ => {}
        }
    }
}

/// R58, and what the bureau says to itself.
fn reading(after: &CasePlay, events: &[CaseEvent]) {
    let new = &after.journal[after.journal.len() - events.len()..];
    for who in EVERYBODY {
        let viewer = CaseViewer::of(&after.case, &person(who), &roles_of(who), after.now);
        let Some(viewer) = viewer else { continue };
        let works_for_us = [OPERATOR, ADMINISTRATOR].contains(&who);
        let has_a_side = after.case.facts.parties.contains_key(&person(who))
            || after.case.experts.contains(&person(who));
        let approved = after.case.is_approved(&person(who), after.now);
        assert!(!works_for_us || has_a_side || approved);
        for entry in new {
            if [APPLICANT, AGENT].contains(&who) {
                assert!(!(internal(entry) && visible(entry, &viewer)));
                // Other systems are told of nothing that he may not read.
                let told = is_told(&format!("case.{}", entry.event.name()));
                assert!(!told || visible(entry, &viewer));
            }
        }
    }
}

fn internal(entry: &CaseRecorded) -> bool {
    matches!(
        entry.event,
        CaseEvent::ReviewNoted { .. }
            | CaseEvent::LegalReviewed { .. }
            | CaseEvent::ExpertsDrawn(_)
            | CaseEvent::ExpertCalled { .. }
            | CaseEvent::MajorFlagged { .. }
    )
}
