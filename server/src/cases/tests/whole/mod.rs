//! Whole cases by chance: commands of all roles, sessions, days that pass, processes that die between an entry and what
//! follows from it. Store, host, rooms' journal, papers and outbox are the real ones; only media is not there.

mod commands;
mod holds;
mod scene;
mod steps;

use std::collections::BTreeSet;
use std::sync::Mutex;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use scene::Scene;
use steps::{Ending, Step};

/// Cases that are played, and steps of each.
const CASES: u32 = 32;
const STEPS: std::ops::Range<usize> = 20..50;

/// What the known cases must come to, so that the rules about it are tried: anew for each would be left to chance.
const REACHED: [&str; 11] = [
    "accepted",
    "decided",
    "false_material_found",
    "interested_party_notified",
    "items_failed",
    "major_flagged",
    "notice_given",
    "recusal_recorded",
    "resurvey_scheduled",
    "served",
    "undertaking_given",
];

fn step() -> impl Strategy<Value = Step> {
    let ending = prop_oneof![
        4 => Just(Ending::Granted),
        2 => Just(Ending::Refused),
        2 => Just(Ending::Rectify),
        1 => Just(Ending::Resurvey),
        1 => Just(Ending::Hearing),
    ];
    prop_oneof![
        10 => Just(Step::Natural),
        8 => (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(who, what, arg)| Step::Command { who, what, arg }),
        2 => (0_u8..9).prop_map(Step::Days),
        2 => any::<u8>().prop_map(Step::Chapter),
        1 => Just(Step::Work),
        2 => (1_u8..60).prop_map(Step::Die),
        3 => ending.prop_map(Step::Survey),
        1 => any::<bool>().prop_map(Step::Race),
    ]
}

/// Plays cases to their end and asks everything of each. Answers with the kinds of event that came of them.
fn play(mut runner: TestRunner) -> BTreeSet<String> {
    let steps = proptest::collection::vec(step(), STEPS);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let seen = Mutex::new(BTreeSet::new());
    let played = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let mut scene = Scene::open().await;
            for step in &steps {
                scene.play(step).await;
            }
            scene.settle().await;
            holds::everything(&scene).await;
            let kinds = scene.kinds().await;
            seen.lock().unwrap().extend(kinds);
        });
        Ok(())
    });
    if let Err(failure) = played {
        panic!("{failure}");
    }
    seen.into_inner().unwrap()
}

fn config() -> Config {
    Config {
        cases: CASES,
        max_shrink_iters: 100,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Other cases every time.
#[test]
fn whole_cases_keep_every_rule_and_what_follows_happens_once() {
    play(TestRunner::new(config()));
}

/// The same cases every time, which come to everything that the rules speak of.
#[test]
fn known_cases_come_to_everything_and_keep_every_rule() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let seen = play(TestRunner::new_with_rng(config(), rng));
    let missing: Vec<_> = REACHED
        .iter()
        .filter(|kind| !seen.contains(**kind))
        .collect();
    assert!(missing.is_empty(), "{missing:?} of {seen:?}");
}

/// The way that a case usually goes, to its end: otherwise the property might hold of cases that never come far.
#[tokio::test(flavor = "multi_thread")]
async fn the_natural_course_reaches_the_end() {
    let mut scene = Scene::open().await;
    for _ in 0..60 {
        scene.play(&Step::Natural).await;
    }
    scene.settle().await;
    holds::everything(&scene).await;
    assert_eq!(scene.case().await.stage.name(), "closed");
}

/// A recusal against an announcement that was decided before it came: in both orders one of them is refused.
#[tokio::test(flavor = "multi_thread")]
async fn r16_a_recusal_and_an_announcement_in_both_orders() {
    for recusal_first in [true, false] {
        let mut scene = Scene::open().await;
        while !scene.is_sealed().await {
            scene.play(&Step::Natural).await;
        }
        scene.play(&Step::Race(recusal_first)).await;
        scene.settle().await;
        holds::everything(&scene).await;
        let case = scene.case().await;
        assert_eq!(case.stage.decided().is_none(), recusal_first);
        assert_eq!(!case.facts.recused.is_empty(), recusal_first);
    }
}

/// The same with both on their way at once.
#[tokio::test(flavor = "multi_thread")]
async fn r16_a_recusal_and_an_announcement_at_once() {
    for _ in 0..6 {
        let mut scene = Scene::open().await;
        while !scene.is_sealed().await {
            scene.play(&Step::Natural).await;
        }
        scene.race_at_once().await;
        scene.settle().await;
        holds::everything(&scene).await;
        let case = scene.case().await;
        let decided = case.stage.decided().is_some();
        assert_ne!(decided, !case.facts.recused.is_empty());
    }
}
