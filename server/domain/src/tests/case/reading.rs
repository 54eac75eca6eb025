//! Who may read what of a case (R28, R36, R58).

use std::collections::BTreeSet;

use rstest::rstest;

use super::play::*;
use crate::authority::{Denied, Relation, look};
use crate::case::{
    CaseCommand, CaseEvent, CaseRecorded, CaseReport, CaseViewer, ReviewResult, visible,
};
use crate::command::Actor;
use crate::people::Role;
use crate::records::{AccessKind, Purpose};
use crate::refusal::Code;
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
        (HANDLER, call(EXPERT)),
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
    let viewer = CaseViewer::of(&play.case, &person(who), &roles_of(who), play.now);
    let Some(viewer) = viewer else {
        return BTreeSet::new();
    };
    let read = play.journal.iter().filter(|entry| visible(entry, &viewer));
    read.map(|entry| kind(&entry.event)).collect()
}

pub fn kind(event: &CaseEvent) -> String {
    let value = serde_json::to_value(event).unwrap();
    assert_eq!(value["type"], event.name());
    event.name().to_owned()
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
        "experts_drawn",
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
    // Also where somebody else asked, and the bureau set the day.
    let hearing = |event| CaseRecorded {
        actor: Actor::Person(person(HANDLER)),
        at: play.now,
        event,
    };
    let viewer = CaseViewer::of(&play.case, &person(NEIGHBOUR), &BTreeSet::new(), play.now);
    let place = "示例会议室".to_owned();
    let scheduled = CaseEvent::HearingScheduled {
        at: play.now,
        place,
    };
    assert!(visible(&hearing(scheduled), &viewer.unwrap()));
    // And of the statements only his own.
    let other = reads(&play, "other-neighbour");
    assert!(!other.contains("party_stated"));
}

#[test]
fn r48_no_material_opens_to_an_expert_before_he_has_signed() {
    let mut play = full();
    let read = reads(&play, EXPERT);
    let expected = ["created", "expert_called", "session_scheduled"];
    assert_eq!(read.into_iter().collect::<Vec<_>>(), expected);
    play.act(EXPERT, &sign_confidentiality()).unwrap();
    let read = reads(&play, EXPERT);
    let expected = [
        "application_opened",
        "confidentiality_signed",
        "created",
        "expert_called",
        "material_submitted",
        "session_scheduled",
    ];
    assert_eq!(read.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn r58_an_approval_in_the_journal_opens_one_case_to_one_operator_for_its_time() {
    let mut play = full();
    let until = play.now + 3_600_000_000;
    let approve = |purpose: &str, until| CaseCommand::ApproveOperator {
        operator: person(OPERATOR),
        purpose: purpose.to_owned(),
        until,
    };
    let purpose = "排查录制故障";
    assert_eq!(
        play.refused(HANDLER, &approve(purpose, until)),
        Code::NotAllowed
    );
    assert_eq!(
        play.refused(APPROVER, &approve(" ", until)),
        Code::PurposeMissing
    );
    let month = play.now + 31 * 24 * 3_600_000_000;
    for wrong in [play.now, month] {
        assert_eq!(
            play.refused(APPROVER, &approve(purpose, wrong)),
            Code::DateInvalid
        );
    }
    play.act(APPROVER, &approve(purpose, until)).unwrap();
    assert_eq!(reads(&play, OPERATOR), all(&play));
    // Another operator, and an administrator, as before.
    let roles = roles_of(OPERATOR);
    let other = CaseViewer::of(&play.case, &person("operator-2"), &roles, play.now);
    assert_eq!(other, None);
    assert_eq!(reads(&play, ADMINISTRATOR), BTreeSet::new());
    play.now = until;
    assert_eq!(reads(&play, OPERATOR), BTreeSet::new());
}

#[test]
fn r58_nobody_approves_himself_or_one_who_has_a_part() {
    let play = full();
    for who in [APPROVER, APPLICANT, NEIGHBOUR] {
        let approve = CaseCommand::ApproveOperator {
            operator: person(who),
            purpose: "t".to_owned(),
            until: play.now + 1_000_000,
        };
        assert_eq!(play.refused(APPROVER, &approve), Code::NotAllowed);
    }
}

#[test]
fn r59_a_look_at_a_recording_stands_in_the_cases_journal() {
    let mut play = full();
    let look = |who: &str, relation, purpose| {
        look(&roles_of(who), relation, who, AccessKind::View, purpose, 7)
    };
    let purpose = Some(Purpose::Review);
    let without = look(HANDLER, Relation::Part, None);
    assert_eq!(without, Err(Denied::PurposeMissing));
    let stranger = look(HANDLER, Relation::Stranger, purpose.clone());
    assert_eq!(stranger, Err(Denied::NotInThisCase));
    let accessed = look(HANDLER, Relation::Part, purpose).unwrap();
    let opened = |session: &str| CaseReport::RecordingOpened {
        session: session.to_owned(),
        accessed: accessed.clone(),
    };
    assert_eq!(play.report_refused(&opened("other")), Code::UnknownSession);
    play.report(&opened("session-1")).unwrap();
    let entry = play.journal.last().unwrap();
    assert_eq!(kind(&entry.event), "recording_opened");
    let looked = |session, who, since| play.case.has_looked(session, &person(who), since);
    assert!(looked("session-1", HANDLER, entry.at));
    assert!(!looked("session-1", HANDLER, entry.at + 1));
    assert!(!looked("session-1", APPROVER, entry.at));
    assert!(!looked("session-2", HANDLER, entry.at));
    assert!(!reads(&play, APPLICANT).contains("recording_opened"));
    assert!(reads(&play, SUPERVISOR).contains("recording_opened"));
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
    let viewer = CaseViewer::of(&play.case, &person(APPLICANT), &roles, play.now).unwrap();
    let note = play
        .journal
        .iter()
        .find(|entry| kind(&entry.event) == "review_noted");
    assert!(!visible(note.unwrap(), &viewer));
}
