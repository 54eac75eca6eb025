//! R18, R19: who hears a check of identity, with a third at one of its seats.

use std::collections::BTreeSet;

use rstest::rstest;

use super::privacy::{of, seats};
use crate::audience::Publishing;
use crate::command::{Command, Report};
use crate::people::SeatId;
use crate::testing::{APPLICANT, CHAIR, HELPER, Play, SURVEYOR_1, SURVEYOR_2, live, person};

/// Live, with the applicant at the door and his identity being checked.
fn checking() -> Play {
    let mut play = live().unwrap();
    play.act(APPLICANT, &Command::Leave {}).unwrap();
    play.arrive(APPLICANT).unwrap();
    play.acknowledge_notice(APPLICANT).unwrap();
    let person = person(APPLICANT);
    play.act(CHAIR, &Command::BeginIdentityCheck { person })
        .unwrap();
    play
}

fn sits_down(play: &mut Play, who: &str, beside: &str) {
    play.act(who, &Command::Leave {}).unwrap();
    let arrived = Report::Arrived {
        person: person(who),
        seat: SeatId(format!("seat-{beside}")),
        device: String::new(),
    };
    play.report(&arrived).unwrap();
}

#[rstest]
#[case::with_the_notice_beside_the_checked(HELPER, APPLICANT, true, true)]
#[case::without_it(HELPER, APPLICANT, false, false)]
#[case::staff_beside_the_chair(SURVEYOR_2, CHAIR, true, true)]
#[case::without_the_notice(SURVEYOR_2, CHAIR, false, false)]
#[case::no_staff(HELPER, CHAIR, true, false)]
fn r18_r19_a_third_at_one_of_the_seats_silences_the_check_unless_he_may_hear_it(
    #[case] third: &str,
    #[case] beside: &str,
    #[case] acknowledges: bool,
    #[case] open: bool,
) {
    let mut play = checking();
    sits_down(&mut play, third, beside);
    if acknowledges {
        play.acknowledge_notice(third).unwrap();
    }
    for (who, to) in [(APPLICANT, CHAIR), (CHAIR, APPLICANT)] {
        let to = if open { seats(&[to]) } else { BTreeSet::new() };
        assert_eq!(of(&play, who), Publishing { to, record: false }, "{who}");
    }
}

#[test]
fn r18_who_is_checked_at_the_chairs_own_seat_is_sent_nowhere() {
    let mut play = live().unwrap();
    sits_down(&mut play, SURVEYOR_1, CHAIR);
    play.acknowledge_notice(SURVEYOR_1).unwrap();
    let person = person(SURVEYOR_1);
    play.act(CHAIR, &Command::BeginIdentityCheck { person })
        .unwrap();
    assert_eq!(of(&play, CHAIR), Publishing::default());
}
