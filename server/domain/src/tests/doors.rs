//! Machines at the doors (docs/protocol/doors.md): who lets them in, who sees them, what they see.

use std::collections::BTreeSet;

use super::privacy::{of, seats};
use super::refused;
use crate::audience::{audience, ready};
use crate::command::{Actor, Command, Report};
use crate::doors::{Direction, DisconnectCause, Shown, names_a_source, plain};
use crate::event::Event;
use crate::people::SeatId;
use crate::refusal::Code;
use crate::testing::{
    ALL, APPLICANT, CHAIR, EXPERT, HELPER, Play, SUPERVISOR, SURVEYOR_1, live, lobby, surveyed,
};

fn issue(name: &str, direction: Direction, digest: u8) -> Command {
    Command::IssueMediaToken {
        name: name.to_owned(),
        direction,
        digest: format!("{digest:064x}"),
    }
}

fn connected(token: &str) -> Report {
    Report::MediaConnected {
        token: token.to_owned(),
    }
}

fn seat(name: &str) -> SeatId {
    SeatId(name.to_owned())
}

fn to(play: &Play, from: &str) -> BTreeSet<SeatId> {
    let mut audience = audience(&play.session);
    audience.remove(&seat(from)).unwrap_or_default().to
}

/// A drone that is there as `m1`, and a wall that shows the speaker as `m2`.
fn with_drone_and_wall(mut play: Play) -> Play {
    play.act(CHAIR, &issue("无人机", Direction::Publish, 1))
        .unwrap();
    play.act(CHAIR, &issue("active-speaker", Direction::Play, 2))
        .unwrap();
    play.report(&connected("m1")).unwrap();
    play.report(&connected("m2")).unwrap();
    play
}

#[test]
fn a_source_is_heard_by_all_in_the_room_and_recorded() {
    let mut play = live().unwrap();
    play.act(CHAIR, &issue("无人机", Direction::Publish, 1))
        .unwrap();
    assert!(ready(&play.session).contains(&seat("m1")));
    assert!(!audience(&play.session).contains_key(&seat("m1")));
    play.report(&connected("m1")).unwrap();
    let publishing = audience(&play.session)[&seat("m1")].clone();
    assert_eq!(publishing.to, seats(&ALL));
    assert!(publishing.record);
    play.report(&Report::MediaDisconnected {
        token: "m1".to_owned(),
        cause: DisconnectCause::Lost,
    })
    .unwrap();
    assert!(!audience(&play.session).contains_key(&seat("m1")));
}

#[test]
fn nothing_passes_before_the_session_is_live() {
    let play = with_drone_and_wall(lobby().unwrap());
    for publishing in audience(&play.session).values() {
        assert!(publishing.to.is_empty() && !publishing.record);
    }
}

#[test]
fn a_wall_gets_what_its_token_names_and_no_more() {
    let mut play = with_drone_and_wall(live().unwrap());
    for who in [CHAIR, EXPERT, APPLICANT] {
        assert!(of(&play, who).to.contains(&seat("m2")), "{who}");
    }
    assert!(!of(&play, SUPERVISOR).to.contains(&seat("m2")));
    play.act(CHAIR, &issue("无人机", Direction::Play, 3))
        .unwrap();
    play.report(&connected("m3")).unwrap();
    assert!(to(&play, "m1").contains(&seat("m3")));
    assert!(!of(&play, CHAIR).to.contains(&seat("m3")));
}

#[test]
fn r28_a_deliberation_shuts_the_wall_out_and_keeps_the_drone_from_the_applicant() {
    let mut play = with_drone_and_wall(surveyed().unwrap());
    let events = play.ask(CHAIR, &Command::BeginDeliberation {}).unwrap();
    let shut = Event::MediaDisconnected {
        token: "m2".to_owned(),
        cause: DisconnectCause::Deliberation,
    };
    assert!(events.contains(&shut), "{events:?}");
    play.append(Actor::System, &events);
    let heard = to(&play, "m1");
    assert!(heard.contains(&seat("seat-expert")));
    for who in [APPLICANT, HELPER] {
        assert!(heard.is_disjoint(&seats(&[who])), "{who}");
    }
    for publishing in audience(&play.session).values() {
        assert!(!publishing.to.contains(&seat("m2")));
    }
    let refusal = play.ask_report(&connected("m2")).unwrap_err();
    assert_eq!(refusal.code, Code::DeliberationRunning);
    play.act(CHAIR, &Command::EndDeliberation {}).unwrap();
    play.report(&connected("m2")).unwrap();
}

#[test]
fn a_revoked_token_is_cut_off_in_the_same_batch_and_never_comes_back() {
    let mut play = with_drone_and_wall(live().unwrap());
    let revoke = Command::RevokeMediaToken {
        token: "m1".to_owned(),
    };
    assert_eq!(refused(&play, SURVEYOR_1, &revoke), Code::NotAllowed);
    let events = play.ask(CHAIR, &revoke).unwrap();
    assert_eq!(events.len(), 2, "{events:?}");
    play.append(Actor::System, &events);
    assert!(!audience(&play.session).contains_key(&seat("m1")));
    assert_eq!(play.session.media_token_by(&format!("{:064x}", 1)), None);
    assert!(play.ask_report(&connected("m1")).is_err());
    assert_eq!(refused(&play, CHAIR, &revoke), Code::UnknownMediaToken);
    // Its name is free again, and the next one is another.
    play.act(CHAIR, &issue("无人机", Direction::Publish, 4))
        .unwrap();
    assert_eq!(play.session.media_tokens[2].token, "m3");
}

#[test]
fn a_name_means_one_thing() {
    let mut play = lobby().unwrap();
    let asks = |name: &str, direction| issue(name, direction, 7);
    for name in ["active-speaker", "s1", "m12", "s1-screen", "", " a", "a\nb"] {
        let code = refused(&play, CHAIR, &asks(name, Direction::Publish));
        assert!(
            [Code::ValueInvalid, Code::TextMissing].contains(&code),
            "{name}"
        );
        assert!(!names_a_source(name));
    }
    let long = "长".repeat(65);
    assert_eq!(
        refused(&play, CHAIR, &asks(&long, Direction::Publish)),
        Code::TextTooLong
    );
    play.act(CHAIR, &asks("s1-screen", Direction::Play))
        .unwrap();
    play.act(CHAIR, &issue("drone", Direction::Publish, 8))
        .unwrap();
    assert_eq!(
        refused(&play, CHAIR, &issue("drone", Direction::Publish, 9)),
        Code::AlreadyExists
    );
    let screen = Shown::Seat {
        seat: seat("s1"),
        screen: true,
    };
    assert_eq!(plain("s1-screen"), Some(screen));
    assert_eq!(plain("source"), None);
}

#[test]
fn nobody_chooses_a_secret() {
    let text = r#"{"type":"issue_media_token","name":"a","direction":"play","digest":"00"}"#;
    assert!(serde_json::from_str::<Command>(text).is_err());
}
