//! Any sequence of commands and reports, from anybody, keeps every invariant in every state it reaches.

mod holds;
mod journey;
pub(super) mod walk;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;

use crate::event::{Ending, Recorded};
use crate::session::{Outcome, Session};
use crate::testing::journey_a;

use walk::{Dice, Walk};

/// As many random cases as fit between two keystrokes; `PROPTEST_CASES` asks for others.
pub fn random_cases(few: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = few;
    }
    config
}

static JOURNEY_A: LazyLock<Vec<Recorded>> = LazyLock::new(|| journey_a().unwrap().journal);

proptest! {
    #![proptest_config(random_cases(128))]

    #[test]
    fn every_invariant_holds_after_every_batch(
        seed in any::<u64>(),
        bias in 40_u64..100,
        steps in 40_usize..220,
    ) {
        let mut walk = Walk::new(seed, bias);
        for _ in 0..steps {
            walk.step();
        }
        walk.refolds();
    }

    #[test]
    fn every_invariant_holds_in_a_session_of_two_cases(
        seed in any::<u64>(),
        bias in 40_u64..100,
        steps in 40_usize..260,
    ) {
        let mut walk = Walk::of_two(seed, bias);
        for _ in 0..steps {
            walk.step();
        }
        walk.refolds();
    }

    #[test]
    fn evolve_takes_any_events_in_any_order(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let (first, entries) = JOURNEY_A.split_first().unwrap();
        let mut session = Session::begin(first).unwrap();
        for _ in 0..300 {
            let index = dice.below(entries.len());
            let entry = Recorded { at: dice.next().cast_signed(), ..entries[index].clone() };
            session.evolve(&entry);
            holds::lawful(&session);
        }
    }
}

#[test]
fn the_random_walks_reach_every_stage_and_every_ending() {
    let all = [
        "announced",
        "closed",
        "deliberation",
        "ended",
        "hearing",
        "live",
        "lobby",
        "rectify",
        "resurvey",
        "scheduled",
        "suspended",
        "switch_on_site",
    ];
    // `scheduled` is the state before the first step.
    let mut seen = BTreeSet::from(["scheduled"]);
    for seed in 0..150 {
        let mut walk = Walk::new(seed, 90);
        for _ in 0..260 {
            walk.step();
            let session = &walk.play.session;
            seen.insert(session.stage_name());
            if session.is_deliberating() {
                seen.insert("deliberation");
            }
            match &session.matters[0].outcome {
                Some(Outcome::Announced { .. }) => seen.insert("announced"),
                Some(Outcome::Ending { ending, .. }) => seen.insert(match ending {
                    Ending::Rectify { .. } => "rectify",
                    Ending::Resurvey { .. } => "resurvey",
                    Ending::SwitchOnSite => "switch_on_site",
                    Ending::Hearing => "hearing",
                }),
                None => false,
            };
        }
        if seen.len() == all.len() {
            break;
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn a_walk_of_valid_steps_alone_closes_with_an_announcement() {
    let mut walk = Walk::new(1, 100);
    for _ in 0..200 {
        walk.step();
    }
    assert_eq!(walk.play.session.stage_name(), "closed");
    assert_eq!(
        walk.play.matter().acknowledged.len(),
        crate::testing::ALL.len()
    );
    assert!(walk.play.matter().announcement().is_some());
}

#[test]
fn walks_of_two_cases_reach_every_pair_of_outcomes() {
    let all = BTreeSet::from([
        ("announced", "announced"),
        ("announced", "ended"),
        ("ended", "announced"),
        ("ended", "ended"),
    ]);
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let mut walk = Walk::of_two(seed, 92);
        for _ in 0..300 {
            walk.step();
        }
        let word = |nth: usize| match &walk.play.session.matters[nth].outcome {
            Some(Outcome::Announced { .. }) => "announced",
            Some(Outcome::Ending { .. }) => "ended",
            None => "open",
        };
        if walk.play.session.stage_name() == "closed" {
            seen.insert((word(0), word(1)));
        }
        if seen == all {
            break;
        }
    }
    assert_eq!(seen, all);
}
