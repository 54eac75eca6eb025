//! Who may read what of a case (R28, R36, R58).

use std::collections::BTreeSet;

use rstest::rstest;

use super::play::*;
use crate::case::{CaseCommand, CaseEvent, CaseViewer, ReviewResult, visible};
use crate::people::Role;
use crate::testing::person;

/// A case in which everything internal happened, with an interested party and a hearing.
fn full() -> CasePlay {
    let mut play = CasePlay::in_review();
    let acts = [
        (
            HANDLER,
            CaseCommand::NoteReview {
                text: "t".to_owned(),
            },
        ),
        (
            HANDLER,
            CaseCommand::FlagMajor {
                reason: "r".to_owned(),
            },
        ),
        (
            LEGAL,
            CaseCommand::ReviewLegally {
                result: ReviewResult::SignedOff,
                opinion: "o".to_owned(),
            },
        ),
        (
            HANDLER,
            CaseCommand::CallExpert {
                person: person(EXPERT),
                draw: "d".to_owned(),
            },
        ),
        (
            HANDLER,
            CaseCommand::NotifyInterestedParty {
                person: person(NEIGHBOUR),
                interest: "i".to_owned(),
            },
        ),
        (
            HANDLER,
            CaseCommand::NotifyInterestedParty {
                person: person("other-neighbour"),
                interest: "i".to_owned(),
            },
        ),
        (
            NEIGHBOUR,
            CaseCommand::State {
                text: "s".to_owned(),
            },
        ),
        (NEIGHBOUR, CaseCommand::RequestHearing {}),
        (
            APPROVER,
            CaseCommand::RecordRecusal {
                person: person("somebody"),
                reason: "r".to_owned(),
            },
        ),
    ];
    for (who, command) in acts {
        play.act(who, &command).unwrap();
    }
    play
}

/// The kinds of entry that the person reads.
fn reads(play: &CasePlay, who: &str) -> BTreeSet<String> {
    let Some(viewer) = CaseViewer::of(&play.case, &person(who), &roles_of(who)) else {
        return BTreeSet::new();
    };
    let read = play.journal.iter().filter(|entry| visible(entry, &viewer));
    read.map(|entry| kind(&entry.event)).collect()
}

pub fn kind(event: &CaseEvent) -> String {
    let value = serde_json::to_value(event).unwrap();
    value["type"].as_str().unwrap().to_owned()
}

fn all(play: &CasePlay) -> BTreeSet<String> {
    play.journal
        .iter()
        .map(|entry| kind(&entry.event))
        .collect()
}

#[rstest]
#[case(OPERATOR)]
#[case(ADMINISTRATOR)]
#[case("stranger")]
fn r58_operator_administrator_and_strangers_read_nothing(#[case] who: &str) {
    assert_eq!(reads(&full(), who), BTreeSet::new());
}

#[rstest]
#[case(HANDLER)]
#[case(APPROVER)]
#[case(SUPERVISOR)]
fn staff_and_supervisor_read_the_whole_course(#[case] who: &str) {
    let play = full();
    assert_eq!(reads(&play, who), all(&play));
}

#[rstest]
#[case(APPLICANT)]
#[case(AGENT)]
fn the_applicant_reads_his_own_course_but_nothing_internal(#[case] who: &str) {
    let play = full();
    let withheld: BTreeSet<_> = all(&play).difference(&reads(&play, who)).cloned().collect();
    let internal = [
        "expert_called",
        "legal_reviewed",
        "major_flagged",
        "recusal_recorded",
        "review_noted",
    ];
    assert_eq!(withheld.into_iter().collect::<Vec<_>>(), internal);
}

#[test]
fn r35_an_interested_party_reads_what_concerns_the_hearing_alone() {
    let play = full();
    let read = reads(&play, NEIGHBOUR);
    let expected = [
        "hearing_requested",
        "interested_party_notified",
        "party_stated",
    ];
    assert_eq!(read.into_iter().collect::<Vec<_>>(), expected);
    // And of the statements only his own.
    let other = reads(&play, "other-neighbour");
    assert!(!other.contains("party_stated"));
}

#[test]
fn r48_an_expert_reads_no_material_here() {
    let play = full();
    let read = reads(&play, EXPERT);
    let expected = ["created", "expert_called", "session_scheduled"];
    assert_eq!(read.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn r16_whoever_is_recused_reads_nothing_more() {
    let mut play = full();
    let recuse = CaseCommand::RecordRecusal {
        person: person(HANDLER),
        reason: "r".to_owned(),
    };
    play.act(APPROVER, &recuse).unwrap();
    assert_eq!(reads(&play, HANDLER), BTreeSet::new());
}

#[test]
fn one_who_works_at_the_bureau_reads_his_own_application_as_an_applicant() {
    let play = full();
    let roles = BTreeSet::from([Role::Approver]);
    let viewer = CaseViewer::of(&play.case, &person(APPLICANT), &roles).unwrap();
    let note = play
        .journal
        .iter()
        .find(|entry| kind(&entry.event) == "review_noted");
    assert!(!visible(note.unwrap(), &viewer));
}
