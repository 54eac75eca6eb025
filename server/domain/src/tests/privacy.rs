//! R18, R19, R28: who hears, sees and reads what.

use std::collections::BTreeSet;

use rstest::rstest;

use crate::audience::{Publishing, audience, ready};
use crate::command::{Actor, Command, Report};
use crate::event::{
    ChatScope, Ending, Event, IdentityMethod, OpinionKind, Recorded, Stance, SurveyOutcome,
};
use crate::people::SeatId;
use crate::refusal::Code;
use crate::testing::{
    AGENT, ALL, APPLICANT, CHAIR, EXPERT, HELPER, Play, REVIEWER, STRANGER, SUPERVISOR, SURVEYOR_1,
    SURVEYOR_2, announced, concluded, grant, live, lobby, person, sealed, signed, surveyed,
};
use crate::visible::{Viewer, visible};

use super::{lost, refused};

pub(super) fn seats(who: &[&str]) -> BTreeSet<SeatId> {
    who.iter()
        .map(|who| SeatId(format!("seat-{who}")))
        .collect()
}

pub(super) fn of(play: &Play, who: &str) -> Publishing {
    audience(&play.session)[&SeatId(format!("seat-{who}"))].clone()
}

fn but(who: &str) -> BTreeSet<SeatId> {
    let others: Vec<_> = ALL.into_iter().filter(|other| *other != who).collect();
    seats(&others)
}

fn sees(who: &str, event: &Event) -> bool {
    let play = lobby().unwrap();
    let entry = Recorded {
        actor: Actor::System,
        at: 0,
        event: event.clone(),
    };
    Viewer::of(&play.session.scheduled, &person(who)).is_some_and(|viewer| visible(&entry, &viewer))
}

fn deliberating() -> Play {
    let mut play = surveyed().unwrap();
    play.act(CHAIR, &Command::BeginDeliberation {}).unwrap();
    play
}

#[test]
fn in_the_lobby_nobody_hears_anybody() {
    let play = lobby().unwrap();
    for publishing in audience(&play.session).values() {
        assert_eq!(*publishing, Publishing::default());
    }
}

#[test]
fn media_are_negotiated_among_those_who_are_in_and_nobody_else() {
    let mut play = lobby().unwrap();
    assert_eq!(ready(&play.session), seats(&ALL));
    play.report(&lost(EXPERT)).unwrap();
    assert_eq!(ready(&play.session), but(EXPERT));
    play.act(APPLICANT, &Command::Leave {}).unwrap();
    play.arrive(APPLICANT).unwrap();
    assert!(!ready(&play.session).contains(&SeatId("seat-applicant".to_owned())));
}

#[test]
fn live_everybody_hears_everybody_is_recorded_and_the_supervisor_only_listens() {
    let play = live().unwrap();
    for who in ALL {
        let expected = if who == SUPERVISOR {
            Publishing::default()
        } else {
            Publishing {
                to: but(who),
                record: true,
            }
        };
        assert_eq!(of(&play, who), expected, "{who}");
    }
}

#[test]
fn suspended_the_talk_goes_on_and_is_recorded_until_the_recording_stops() {
    let mut play = live().unwrap();
    let reason = "核对".to_owned();
    play.act(CHAIR, &Command::Suspend { reason }).unwrap();
    assert_eq!(of(&play, EXPERT).to, but(EXPERT));
    assert!(of(&play, EXPERT).record);
    let detail = "disk".to_owned();
    play.report(&Report::RecordingStopped { detail }).unwrap();
    assert!(!of(&play, EXPERT).record);
}

#[test]
fn who_is_lost_is_out_of_everybodys_audience() {
    let mut play = live().unwrap();
    play.report(&lost(EXPERT)).unwrap();
    assert_eq!(of(&play, EXPERT), Publishing::default());
    assert!(
        !of(&play, CHAIR)
            .to
            .contains(&SeatId("seat-expert".to_owned()))
    );
}

#[test]
fn r18_identity_is_checked_with_the_chair_alone_and_unrecorded() {
    let mut play = live().unwrap();
    play.act(APPLICANT, &Command::Leave {}).unwrap();
    play.arrive(APPLICANT).unwrap();
    assert_eq!(of(&play, APPLICANT), Publishing::default());
    play.acknowledge_notice(APPLICANT).unwrap();
    assert_eq!(of(&play, APPLICANT), Publishing::default());
    let check = Command::BeginIdentityCheck {
        person: person(APPLICANT),
    };
    play.act(CHAIR, &check).unwrap();
    for (who, to) in [(APPLICANT, CHAIR), (CHAIR, APPLICANT)] {
        let alone = Publishing {
            to: seats(&[to]),
            record: false,
        };
        assert_eq!(of(&play, who), alone);
    }
    for who in [SURVEYOR_1, EXPERT, HELPER, AGENT] {
        assert!(of(&play, who).to.is_disjoint(&seats(&[CHAIR, APPLICANT])));
    }
    let confirm = Command::ConfirmIdentity {
        person: person(APPLICANT),
        method: IdentityMethod::IdCard,
        last_four: "123X".to_owned(),
        authorisation: None,
    };
    play.act(CHAIR, &confirm).unwrap();
    assert_eq!(of(&play, APPLICANT), Publishing::default());
    assert!(
        of(&play, CHAIR)
            .to
            .contains(&SeatId("seat-expert".to_owned()))
    );
}

#[test]
fn r18_no_check_while_deliberating_and_no_deliberation_while_checking() {
    let mut play = deliberating();
    play.act(HELPER, &Command::Leave {}).unwrap();
    play.arrive(HELPER).unwrap();
    play.acknowledge_notice(HELPER).unwrap();
    let check = Command::BeginIdentityCheck {
        person: person(HELPER),
    };
    assert_eq!(refused(&play, CHAIR, &check), Code::DeliberationRunning);
    play.act(CHAIR, &Command::EndDeliberation {}).unwrap();
    play.act(CHAIR, &check).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &Command::BeginDeliberation {}),
        Code::IdentityCheckRunning
    );
}

#[test]
fn r19_a_seat_is_as_restricted_as_its_most_restricted_person() {
    let mut play = live().unwrap();
    play.act(SURVEYOR_2, &Command::Leave {}).unwrap();
    // He sits down at the first surveyor's tablet, and has not seen the notice.
    let arrived = Report::Arrived {
        person: person(SURVEYOR_2),
        seat: SeatId("seat-surveyor-1".to_owned()),
        device: "tablet".to_owned(),
    };
    play.report(&arrived).unwrap();
    assert_eq!(of(&play, SURVEYOR_1), Publishing::default());
    assert!(
        !of(&play, CHAIR)
            .to
            .contains(&SeatId("seat-surveyor-1".to_owned()))
    );
}

#[test]
fn r28_a_deliberation_reaches_staff_experts_and_the_supervisor_only() {
    let mut play = deliberating();
    for suspended in [false, true] {
        if suspended {
            let reason = "核对".to_owned();
            play.act(CHAIR, &Command::Suspend { reason }).unwrap();
        }
        let inside = [CHAIR, SURVEYOR_1, SURVEYOR_2, REVIEWER, EXPERT];
        for who in inside {
            let mut to = seats(&inside);
            to.remove(&SeatId(format!("seat-{who}")));
            to.extend(seats(&[SUPERVISOR]));
            assert_eq!(of(&play, who), Publishing { to, record: true }, "{who}");
        }
        for who in [APPLICANT, AGENT, HELPER, SUPERVISOR] {
            assert_eq!(of(&play, who), Publishing::default(), "{who}");
        }
    }
}

#[test]
fn r28_a_helper_at_a_surveyors_tablet_keeps_it_out_of_the_deliberation() {
    let mut play = surveyed().unwrap();
    play.act(HELPER, &Command::Leave {}).unwrap();
    let arrived = Report::Arrived {
        person: person(HELPER),
        seat: SeatId("seat-surveyor-1".to_owned()),
        device: "tablet".to_owned(),
    };
    play.report(&arrived).unwrap();
    play.act(CHAIR, &Command::BeginDeliberation {}).unwrap();
    assert_eq!(of(&play, SURVEYOR_1), Publishing::default());
    assert!(
        !of(&play, CHAIR)
            .to
            .contains(&SeatId("seat-surveyor-1".to_owned()))
    );
}

/// What is decided there is told in the open.
#[test]
fn r28_in_a_deliberation_nothing_is_concluded_signed_sealed_announced_or_ended() {
    let digest = || "c0".repeat(32);
    let end = Command::End {
        case: None,
        ending: Ending::SwitchOnSite,
        reason: "r".to_owned(),
        next_step: "n".to_owned(),
        contact: "c".to_owned(),
    };
    let of = |mut play: Play, commands: Vec<Command>| {
        play.act(CHAIR, &Command::BeginDeliberation {}).unwrap();
        for command in commands {
            assert_eq!(refused(&play, CHAIR, &command), Code::DeliberationRunning);
        }
    };
    let play = surveyed().unwrap();
    let conclude = play.conclude(SurveyOutcome::Passed);
    of(play, vec![conclude, end]);
    let sign = Command::SignRecord { digest: digest() };
    of(concluded().unwrap(), vec![Command::PrepareRecord {}, sign]);
    let mut play = signed().unwrap();
    let decision = grant();
    play.act(
        CHAIR,
        &Command::DraftDecision {
            case: None,
            decision,
        },
    )
    .unwrap();
    let content_digest = digest();
    of(
        play,
        vec![Command::SealDecision {
            case: None,
            content_digest,
        }],
    );
    of(sealed().unwrap(), vec![Command::Announce {}]);
}

#[test]
fn r28_whether_a_deliberation_is_recorded_is_the_templates() {
    let mut play = deliberating();
    play.session
        .scheduled
        .template
        .settings
        .deliberation_recorded = false;
    assert!(!of(&play, CHAIR).record);
    play.act(CHAIR, &Command::EndDeliberation {}).unwrap();
    assert!(of(&play, CHAIR).record);
}

#[rstest]
#[case(CHAIR, true)]
#[case(SURVEYOR_1, true)]
#[case(REVIEWER, true)]
#[case(EXPERT, true)]
#[case(SUPERVISOR, true)]
#[case(APPLICANT, false)]
#[case(AGENT, false)]
#[case(HELPER, false)]
#[case(STRANGER, false)]
fn r28_what_is_of_a_deliberation_is_read_by_those_who_may_hear_it(
    #[case] who: &str,
    #[case] reads: bool,
) {
    let said = Event::Said {
        person: person(EXPERT),
        scope: ChatScope::Deliberation,
        text: "x".to_owned(),
    };
    let opinion = Event::OpinionFiled {
        person: person(EXPERT),
        opinion: OpinionKind::Expert,
        stance: Stance::Disagree,
        text: "x".to_owned(),
        deliberation: true,
    };
    let segment = Event::SegmentOpened {
        segment: "0001-aaaaaaaa".to_owned(),
        track: "t".to_owned(),
        person: None,
        source: "camera".to_owned(),
        codec: "vp8".to_owned(),
        private: true,
    };
    for event in [said, opinion, segment] {
        assert_eq!(sees(who, &event), reads, "{event:?}");
    }
}

#[test]
fn r28_what_is_said_and_opened_in_a_deliberation_is_marked_private() {
    let mut play = deliberating();
    let scope = ChatScope::Deliberation;
    let say = Command::Say {
        scope,
        text: "x".to_owned(),
    };
    for who in [APPLICANT, AGENT, HELPER, SUPERVISOR] {
        assert_eq!(refused(&play, who, &say), Code::NotAllowed);
    }
    play.act(EXPERT, &say).unwrap();
    let opened = Report::SegmentOpened {
        segment: "0001-aaaaaaaa".to_owned(),
        track: "t".to_owned(),
        person: None,
        source: "camera".to_owned(),
        codec: "vp8".to_owned(),
        private: false,
    };
    let events = play.report(&opened).unwrap();
    assert!(matches!(
        events[0],
        Event::SegmentOpened { private: true, .. }
    ));
    play.act(CHAIR, &Command::EndDeliberation {}).unwrap();
    assert_eq!(refused(&play, EXPERT, &say), Code::NoDeliberation);
}

#[rstest]
#[case(CHAIR, true)]
#[case(SUPERVISOR, true)]
#[case(APPLICANT, true)]
#[case(SURVEYOR_1, false)]
#[case(EXPERT, false)]
#[case(AGENT, false)]
fn r18_what_was_shown_at_the_check_is_read_by_chair_supervisor_and_the_person(
    #[case] who: &str,
    #[case] reads: bool,
) {
    let event = Event::IdentityChecked {
        person: person(APPLICANT),
        checker: person(CHAIR),
        method: IdentityMethod::IdCard,
        last_four: "123X".to_owned(),
        authorisation: None,
    };
    assert_eq!(sees(who, &event), reads);
}

#[rstest]
#[case(CHAIR, true)]
#[case(SUPERVISOR, true)]
#[case(EXPERT, false)]
#[case(APPLICANT, false)]
#[case(HELPER, false)]
fn a_draft_is_no_decision_and_is_not_shown_before_it_is_announced(
    #[case] who: &str,
    #[case] reads: bool,
) {
    assert_eq!(
        sees(
            who,
            &Event::DecisionDrafted {
                case: None,
                decision: grant()
            }
        ),
        reads
    );
    let play = announced().unwrap();
    assert!(sees(who, &play.journal.last().unwrap().event));
}

#[test]
fn a_stranger_is_no_viewer() {
    let play = lobby().unwrap();
    assert_eq!(Viewer::of(&play.session.scheduled, &person(STRANGER)), None);
}
