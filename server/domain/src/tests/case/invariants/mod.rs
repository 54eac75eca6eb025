//! Any sequence of commands and reports, from anybody, at any time, keeps every invariant in every state it reaches.

mod holds;
mod walk;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::play::CasePlay;
use super::reading::kind;
use crate::case::{Case, CaseRecorded};
use crate::tests::invariants::random_cases;
use crate::tests::invariants::walk::Dice;

use walk::Walk;

proptest! {
    #![proptest_config(random_cases(160))]

    #[test]
    fn every_invariant_of_a_case_holds_after_every_batch(
        seed in any::<u64>(),
        bias in 20_u64..95,
        steps in 20_usize..120,
    ) {
        let mut walk = Walk::new(seed, bias);
        for _ in 0..steps {
            walk.step();
        }
        walk.refolds();
    }

    #[test]
    fn evolve_of_a_case_takes_any_events_in_any_order(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let mut walk = Walk::new(seed, 80);
        for _ in 0..60 {
            walk.step();
        }
        let mut entries = walk.play.journal;
        entries.extend(CasePlay::closed().journal);
        let mut case = Case::begin(&entries[0]).unwrap();
        for _ in 0..300 {
            let index = dice.below(entries.len());
            let at = dice.next().cast_signed();
            let entry = CaseRecorded { at, ..entries[index].clone() };
            case.evolve(&entry);
            holds::lawful(&case);
        }
    }
}

#[test]
fn the_random_walks_reach_every_stage_and_every_event() {
    let all = [
        "accepted",
        "closed",
        "granted",
        "in_review",
        "not_accepted",
        "one_time_notice",
        "pre_review",
        "received",
        "refused",
        "served",
        "withdrawn",
    ];
    let every = 62;
    let mut seen = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for seed in 0..500 {
        let mut walk = Walk::new(seed, 70);
        for _ in 0..80 {
            seen.insert(walk.play.case.stage.name());
            walk.step();
        }
        kinds.extend(walk.play.journal.iter().map(|entry| kind(&entry.event)));
        if (seen.len(), kinds.len()) == (all.len(), every) {
            break;
        }
    }
    assert_eq!(kinds.len(), every, "{kinds:?}");
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn a_walk_of_valid_steps_alone_closes_the_case() {
    let mut walk = Walk::new(1, 100);
    for _ in 0..60 {
        walk.step();
    }
    assert_eq!(walk.play.case.stage.name(), "closed");
}
