//! Rule tests: `rNN_…` holds rule NN of the procedure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod case;
pub(crate) use case::play as case_play;
mod decision;
mod documents;
mod doors;
mod identity_check;
mod invariants;
mod limits;
mod location;
mod presence;
mod privacy;
mod rules;
mod survey;
mod together;

use crate::command::{Command, Report};
use crate::event::{DepartureCause, Event, Suspension};
use crate::refusal::Code;
use crate::testing::{Play, journey_a, person};

/// The code of the refusal; panics where the command is accepted.
fn refused(play: &Play, who: &str, command: &Command) -> Code {
    match play.ask(who, command) {
        Ok(events) => panic!("accepted: {events:?}"),
        Err(refusal) => refusal.code,
    }
}

fn lost(who: &str) -> Report {
    Report::ConnectionLost {
        person: person(who),
    }
}

fn restored(who: &str) -> Report {
    Report::ConnectionRestored {
        person: person(who),
    }
}

fn removed(who: &str) -> Report {
    Report::Departed {
        person: person(who),
        cause: DepartureCause::Removed,
    }
}

fn is_quorum_lost(event: &Event) -> bool {
    *event == Event::Suspended(Suspension::QuorumLost)
}

#[test]
fn journey_a_plays_to_its_close() {
    let play = journey_a().unwrap();
    assert_eq!(play.session.stage_name(), "closed");
}

#[test]
fn a_journal_read_back_from_json_gives_the_same_state() {
    let play = journey_a().unwrap();
    let mut entries = play.journal.iter().map(|entry| {
        let text = serde_json::to_string(entry).unwrap();
        serde_json::from_str(&text).unwrap()
    });
    let mut session = crate::Session::begin(&entries.next().unwrap()).unwrap();
    entries.for_each(|entry| session.evolve(&entry));
    assert_eq!(session, play.session);
}
