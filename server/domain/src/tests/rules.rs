//! Every rule has a test with its number.

use std::collections::BTreeSet;

/// The sources in which rule tests stand; a file that is not here does not count.
const SOURCES: &[&str] = &[
    include_str!("../archive.rs"),
    include_str!("../authority/tests.rs"),
    include_str!("../papers/tests.rs"),
    include_str!("../pool.rs"),
    include_str!("../records.rs"),
    include_str!("../site.rs"),
    include_str!("../template_set/tests.rs"),
    include_str!("case/after.rs"),
    include_str!("case/bundle.rs"),
    include_str!("case/calendar.rs"),
    include_str!("case/clock.rs"),
    include_str!("case/experts.rs"),
    include_str!("case/intake.rs"),
    include_str!("case/listed.rs"),
    include_str!("case/mod.rs"),
    include_str!("case/parties.rs"),
    include_str!("case/reading.rs"),
    include_str!("case/session.rs"),
    include_str!("decision.rs"),
    include_str!("documents.rs"),
    include_str!("limits.rs"),
    include_str!("location.rs"),
    include_str!("presence.rs"),
    include_str!("privacy.rs"),
    include_str!("survey.rs"),
];

/// R01–R60. R61 (WCAG 2.2 AA) is about pages and decides nothing here: the web app's tests hold it.
const LAST: u32 = 60;

/// The numbers of the tests in a source: a function `rNN_…` right under the attributes of a test.
fn numbers(source: &str) -> BTreeSet<u32> {
    let (mut found, mut is_test) = (BTreeSet::new(), false);
    for line in source.lines().map(str::trim_start) {
        let number = line
            .strip_prefix("fn r")
            .and_then(|rest| rest.split_once('_'))
            .and_then(|(number, _)| number.parse().ok().filter(|_| number.len() == 2));
        if line.starts_with("#[test]") || line.starts_with("#[rstest]") {
            is_test = true;
        } else if let Some(number) = number.filter(|_| is_test) {
            found.insert(number);
        }
        is_test &= !line.starts_with("fn ");
    }
    found
}

#[test]
fn every_rule_has_a_test_with_its_number() {
    let held: BTreeSet<u32> = SOURCES.iter().flat_map(|source| numbers(source)).collect();
    let missing: Vec<_> = (1..=LAST).filter(|rule| !held.contains(rule)).collect();
    assert_eq!(missing, [0_u32; 0]);
    let beyond: Vec<_> = held.into_iter().filter(|rule| *rule > LAST).collect();
    assert_eq!(beyond, [0_u32; 0]);
}

#[test]
fn only_tests_count() {
    let source = "#[test]\nfn r01_a() {}\nfn r02_helper() {}\n#[rstest]\n#[case(1)]\nfn r03_b() {}\n#[test]\nfn r4_c() {}";
    assert_eq!(numbers(source), BTreeSet::from([1, 3]));
}
