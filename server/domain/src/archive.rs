//! What an archive package must hold before it is handed over (R50, R51). Pure decisions; times UTC µs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::case::CaseRecorded;
use crate::command::Actor;

/// 四性检测 (档案法 39; GB/T 42727).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    Authenticity,
    Integrity,
    Usability,
    Safety,
}

impl Property {
    pub const ALL: [Self; 4] = [
        Self::Authenticity,
        Self::Integrity,
        Self::Usability,
        Self::Safety,
    ];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum TestOutcome {
    Passed,
    Failed { why: String },
}

/// One of the four tests, as it was made of one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyTest {
    pub property: Property,
    #[serde(flatten)]
    pub outcome: TestOutcome,
    /// Digest of the package that was tested.
    pub package: String,
    /// The program and its version, or the person.
    pub by: String,
    pub at: i64,
}

/// One step of the process history: who made what of the record, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStep {
    /// Number of the journal's entry, from 1.
    pub seq: u64,
    pub maker: String,
    pub activity: String,
    pub at: i64,
}

/// What stands between a package and its handing over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// R50: not made of this package.
    #[error("a test is missing: {0:?}")]
    TestMissing(Property),
    /// R50: made, and not passed.
    #[error("a test failed: {0:?}: {1}")]
    TestFailed(Property, String),
    /// R51: neither the first step nor the one after the step before.
    #[error("the history breaks off before step {0}")]
    StepMissing(u64),
    /// R51.
    #[error("step {0} does not name its {1}")]
    NotNamed(u64, &'static str),
    /// R51.
    #[error("step {0} is dated before the one before it")]
    OutOfOrder(u64),
}

/// R50, R51: a package may be handed over.
///
/// `steps` counts the entries of the journal that the package holds.
///
/// # Errors
/// Everything that is in the way, tests first.
pub fn transfer(
    package: &str,
    tests: &[PropertyTest],
    history: &[ProcessStep],
    steps: u64,
) -> Result<(), Vec<ArchiveError>> {
    let mut wrong = Vec::new();
    tested(package, tests, &mut wrong);
    documented(history, steps, &mut wrong);
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// R50: the last test of each property counts, so that a package may be mended and tested again.
fn tested(package: &str, tests: &[PropertyTest], wrong: &mut Vec<ArchiveError>) {
    let mut last: BTreeMap<Property, &PropertyTest> = BTreeMap::new();
    let named = |test: &&PropertyTest| test.package == package && !test.by.trim().is_empty();
    for test in tests.iter().filter(named) {
        let at = last
            .get(&test.property)
            .map_or(i64::MIN, |before| before.at);
        if test.at >= at {
            last.insert(test.property, test);
        }
    }
    for property in Property::ALL {
        match last.get(&property).map(|test| &test.outcome) {
            Some(TestOutcome::Passed) => {}
            Some(TestOutcome::Failed { why }) => {
                wrong.push(ArchiveError::TestFailed(property, why.clone()));
            }
            None => wrong.push(ArchiveError::TestMissing(property)),
        }
    }
}

/// R51: each step names maker, activity and time, none is left out, and time runs forward.
fn documented(history: &[ProcessStep], steps: u64, wrong: &mut Vec<ArchiveError>) {
    let (mut expected, mut before) = (1, i64::MIN);
    for step in history {
        if step.seq != expected {
            wrong.push(ArchiveError::StepMissing(expected));
        }
        for (text, what) in [(&step.maker, "maker"), (&step.activity, "activity")] {
            if text.trim().is_empty() {
                wrong.push(ArchiveError::NotNamed(step.seq, what));
            }
        }
        if step.at <= 0 {
            wrong.push(ArchiveError::NotNamed(step.seq, "time"));
        } else if step.at < before {
            wrong.push(ArchiveError::OutOfOrder(step.seq));
        }
        (expected, before) = (step.seq.saturating_add(1), step.at);
    }
    if expected <= steps {
        wrong.push(ArchiveError::StepMissing(expected));
    }
}

/// The process history of a case: every entry of its journal (R51).
#[must_use]
pub fn history(journal: &[CaseRecorded]) -> Vec<ProcessStep> {
    let steps = (1..).zip(journal).map(|(seq, entry)| ProcessStep {
        seq,
        maker: match &entry.actor {
            Actor::Person(person) => person.0.clone(),
            Actor::System => "system".to_owned(),
        },
        activity: entry.event.name().to_owned(),
        at: entry.at,
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;

    const PACKAGE: &str = "示例-包-1";

    fn test(property: Property) -> PropertyTest {
        PropertyTest {
            property,
            outcome: TestOutcome::Passed,
            package: PACKAGE.to_owned(),
            by: "kanjie verify".to_owned(),
            at: 100,
        }
    }

    fn tests() -> Vec<PropertyTest> {
        Property::ALL.map(test).to_vec()
    }

    fn step(seq: u64, at: i64) -> ProcessStep {
        ProcessStep {
            seq,
            maker: "handler".to_owned(),
            activity: "accepted".to_owned(),
            at,
        }
    }

    fn steps() -> Vec<ProcessStep> {
        vec![step(1, 10), step(2, 20), step(3, 20)]
    }

    fn only(result: Result<(), Vec<ArchiveError>>) -> ArchiveError {
        let mut wrong = result.unwrap_err();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        wrong.remove(0)
    }

    #[test]
    fn r50_with_all_four_tests_passed_a_package_is_handed_over() {
        assert_eq!(transfer(PACKAGE, &tests(), &steps(), 3), Ok(()));
    }

    #[rstest]
    #[case(Property::Authenticity)]
    #[case(Property::Integrity)]
    #[case(Property::Usability)]
    #[case(Property::Safety)]
    fn r50_no_package_without_each_of_the_four(#[case] property: Property) {
        let mut made = tests();
        made.retain(|test| test.property != property);
        let missing = ArchiveError::TestMissing(property);
        assert_eq!(only(transfer(PACKAGE, &made, &steps(), 3)), missing);
        // Of another package, or by nobody, it is none of this one.
        for change in [
            |test: &mut PropertyTest| test.package = "另一包".to_owned(),
            |test: &mut PropertyTest| test.by = " ".to_owned(),
        ] {
            let mut other = test(property);
            change(&mut other);
            let made: Vec<_> = made.iter().cloned().chain([other]).collect();
            assert_eq!(only(transfer(PACKAGE, &made, &steps(), 3)), missing);
        }
    }

    #[rstest]
    #[case::mended(101, true)]
    #[case::at_once(100, true)]
    #[case::broken_since(99, false)]
    fn r50_the_last_test_of_a_property_counts(#[case] at: i64, #[case] passes: bool) {
        let why = "文件不能打开".to_owned();
        let mut made = tests();
        made[2].outcome = TestOutcome::Failed { why: why.clone() };
        made.push(PropertyTest {
            at,
            ..test(Property::Usability)
        });
        let result = transfer(PACKAGE, &made, &steps(), 3);
        if passes {
            assert_eq!(result, Ok(()));
        } else {
            assert_eq!(
                only(result),
                ArchiveError::TestFailed(Property::Usability, why)
            );
        }
    }

    #[rstest]
    #[case::first_missing(vec![step(2, 10)], 2, ArchiveError::StepMissing(1))]
    #[case::one_missing(vec![step(1, 10), step(3, 20)], 3, ArchiveError::StepMissing(2))]
    #[case::last_missing(vec![step(1, 10)], 2, ArchiveError::StepMissing(2))]
    #[case::nothing(vec![], 1, ArchiveError::StepMissing(1))]
    #[case::backwards(vec![step(1, 10), step(2, 9)], 2, ArchiveError::OutOfOrder(2))]
    #[case::no_maker(vec![ProcessStep { maker: " ".to_owned(), ..step(1, 10) }], 1,
        ArchiveError::NotNamed(1, "maker"))]
    #[case::no_activity(vec![ProcessStep { activity: String::new(), ..step(1, 10) }], 1,
        ArchiveError::NotNamed(1, "activity"))]
    #[case::no_time(vec![step(1, 0)], 1, ArchiveError::NotNamed(1, "time"))]
    fn r51_the_history_names_maker_activity_and_time_and_leaves_nothing_out(
        #[case] history: Vec<ProcessStep>,
        #[case] steps: u64,
        #[case] expected: ArchiveError,
    ) {
        assert_eq!(only(transfer(PACKAGE, &tests(), &history, steps)), expected);
    }
}
