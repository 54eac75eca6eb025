//! Nobody can bloat a journal.

use rstest::rstest;

use super::refused;
use crate::command::Command;
use crate::event::{ChatScope, EvidenceKind, Point};
use crate::limits;
use crate::refusal::Code;
use crate::testing::{APPLICANT, CHAIR, EXPERT, SURVEYOR_1, live};

fn say(text: String) -> Command {
    Command::Say {
        scope: ChatScope::Room,
        text,
    }
}

#[rstest]
#[case(limits::CHAT, Ok(()))]
#[case(limits::CHAT + 1, Err(Code::TextTooLong))]
#[case(0, Err(Code::TextMissing))]
fn the_length_of_a_line_is_bounded_in_characters(
    #[case] length: usize,
    #[case] expected: Result<(), Code>,
) {
    let play = live().unwrap();
    let got = play.ask(APPLICANT, &say("会".repeat(length)));
    assert_eq!(got.map(|_| ()).map_err(|refusal| refusal.code), expected);
}

#[test]
fn one_person_causes_only_so_many_entries_but_keeps_the_rights() {
    let mut play = live().unwrap();
    let attendance = play.session.attendance.values_mut();
    attendance.for_each(|attendance| attendance.entries = limits::ENTRIES_OTHERS);
    assert_eq!(
        refused(&play, APPLICANT, &say("x".to_owned())),
        Code::LimitReached
    );
    assert!(play.ask(SURVEYOR_1, &say("x".to_owned())).is_ok());
    assert!(play.ask(APPLICANT, &Command::Leave {}).is_ok());
    let attendance = play.session.attendance.values_mut();
    attendance.for_each(|attendance| attendance.entries = limits::ENTRIES_STAFF);
    let suspend = Command::Suspend {
        reason: "x".to_owned(),
    };
    assert!(play.ask(CHAIR, &suspend).is_ok());
}

#[test]
fn evidence_and_strokes_are_bounded() {
    let mut play = live().unwrap();
    let still = play.still(SURVEYOR_1, EvidenceKind::Exterior);
    play.act(SURVEYOR_1, &still).unwrap();
    let taken = play.session.evidence[0].clone();
    play.session.evidence = vec![taken; limits::EVIDENCE - 1];
    let still = play.still(SURVEYOR_1, EvidenceKind::Photo);
    play.act(SURVEYOR_1, &still).unwrap();
    let still = play.still(SURVEYOR_1, EvidenceKind::Photo);
    assert_eq!(refused(&play, SURVEYOR_1, &still), Code::LimitReached);
    let annotate = |strokes: Vec<Vec<Point>>| Command::Annotate {
        id: "layer".to_owned(),
        evidence: "still-1".to_owned(),
        strokes,
        note: String::new(),
    };
    let point = Point { x: 0, y: 0 };
    let long = annotate(vec![vec![point; limits::POINTS + 1]]);
    assert_eq!(refused(&play, EXPERT, &long), Code::LimitReached);
    let many = annotate(vec![vec![]; limits::STROKES + 1]);
    assert_eq!(refused(&play, EXPERT, &many), Code::LimitReached);
    let outside = annotate(vec![vec![Point { x: 10_001, y: 0 }]]);
    assert_eq!(refused(&play, EXPERT, &outside), Code::ValueInvalid);
}
