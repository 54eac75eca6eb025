//! The rules of the case: `rNN_…` holds rule NN.

mod after;
mod bundle;
mod calendar;
mod clock;
mod experts;
mod intake;
mod invariants;
mod listed;
mod parties;
pub mod play;
mod reading;
mod session;

use crate::case::{Case, CaseBrief, CaseEvent, CaseRecorded};
use play::{CasePlay, brief};

/// Written by the program before cases had a course of their own.
#[test]
fn the_first_case_journals_still_read() {
    let texts = [
        r#"{"actor":"system","at":1,"event":{"type":"created","brief":{"case_no":"n","item_title":"i","applicant":"a","uscc":"u","address":"d","authority":"b","contact":"c"}}}"#,
        r#"{"actor":"system","at":2,"event":{"type":"session_scheduled","session":"s"}}"#,
        r#"{"actor":"system","at":3,"event":{"type":"recusal_recorded","person":"p","reason":"r"}}"#,
        r#"{"actor":"system","at":4,"event":{"type":"session_result","session":"s","head":"h","outcome":"granted"}}"#,
    ];
    let entries = texts.map(|text| serde_json::from_str::<CaseRecorded>(text).unwrap());
    let mut case = Case::begin(&entries[0]).unwrap();
    entries[1..].iter().for_each(|entry| case.evolve(entry));
    assert_eq!(case.brief.case_no, "n");
    assert_eq!(case.sessions["s"].head.as_deref(), Some("h"));
    assert_eq!(case.facts.recused.len(), 1);
    // And what is written today has the same form.
    for (text, entry) in texts.iter().zip(&entries) {
        let again: serde_json::Value = serde_json::to_value(entry).unwrap();
        assert_eq!(
            again,
            serde_json::from_str::<serde_json::Value>(text).unwrap()
        );
    }
}

#[test]
fn a_case_journal_read_back_from_json_gives_the_same_state() {
    let play = CasePlay::closed();
    assert_eq!(play.case.stage.name(), "closed");
    let mut entries = play.journal.iter().map(|entry| {
        let text = serde_json::to_string(entry).unwrap();
        serde_json::from_str::<CaseRecorded>(&text).unwrap()
    });
    let mut case = Case::begin(&entries.next().unwrap()).unwrap();
    entries.for_each(|entry| case.evolve(&entry));
    assert_eq!(case, play.case);
}

#[test]
fn a_journal_begins_with_its_creation() {
    let entry = CaseRecorded {
        actor: crate::Actor::System,
        at: 0,
        event: CaseEvent::Closed,
    };
    assert_eq!(Case::begin(&entry), None);
    let _: CaseBrief = brief();
}

#[test]
fn r51_the_history_of_a_case_is_its_whole_journal() {
    use crate::archive::{ArchiveError, Property, PropertyTest, TestOutcome, history, transfer};
    let play = CasePlay::closed();
    let steps = history(&play.journal);
    let count = play.journal.len() as u64;
    let tests = Property::ALL.map(|property| PropertyTest {
        property,
        outcome: TestOutcome::Passed,
        package: "p".to_owned(),
        by: "示例检测".to_owned(),
        at: play.now,
    });
    assert_eq!(transfer("p", &tests, &steps, count), Ok(()));
    assert_eq!(steps[0].maker, play::APPLICANT);
    assert_eq!(steps.last().unwrap().activity, "closed");
    let cut = history(&play.journal[..play.journal.len() - 1]);
    let wrong = transfer("p", &tests, &cut, count);
    assert_eq!(wrong, Err(vec![ArchiveError::StepMissing(count)]));
}
