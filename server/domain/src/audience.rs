//! Who may hear and see whom now. Deny by default: the relay is told what is open, all else is closed.

use std::collections::{BTreeMap, BTreeSet};

use crate::doors::{Direction, Shown};
use crate::people::{Participant, SeatId};
use crate::session::{IdentityCheck, MediaToken, Presence, Session, Stage};

/// What may be done with what a seat sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publishing {
    /// Seats that receive it.
    pub to: BTreeSet<SeatId>,
    /// Whether it is recorded.
    pub record: bool,
}

/// What a seat may do, as restricted as its most restricted person.
#[derive(Clone, Copy)]
struct Rights {
    sends: bool,
    receives: bool,
}

type Seated<'a> = Vec<(&'a Participant, &'a Presence)>;

/// Every taken seat with what it may send to whom (R18, R19, R28).
#[must_use]
pub fn audience(session: &Session) -> BTreeMap<SeatId, Publishing> {
    let seats = session.seats();
    let mut policy = open(session, &seats);
    if let Some(check) = &session.identity_check {
        alone(session, check, &seats, &mut policy);
    }
    policy
}

/// Seats of those who are in: media are negotiated among them ahead, so that they see each other the moment they may.
#[must_use]
pub fn ready(session: &Session) -> BTreeSet<SeatId> {
    let all_in = |(_, seated): &(&SeatId, Seated<'_>)| {
        seated.iter().all(|(_, presence)| presence.is_in_room())
    };
    let seats = session.seats().into_iter().filter(all_in);
    let machines = session.media_tokens.iter();
    let machines = machines.filter(|of| of.direction == Direction::Publish && !of.revoked);
    seats
        .map(|(seat, _)| seat.clone())
        .chain(machines.map(MediaToken::seat))
        .collect()
}

/// The room without the check of identity.
fn open(session: &Session, seats: &BTreeMap<&SeatId, Seated<'_>>) -> BTreeMap<SeatId, Publishing> {
    let in_room = matches!(
        session.stage,
        Stage::Live(_) | Stage::Suspended { .. } | Stage::Ended
    );
    let private = session.is_deliberating();
    let kept = !private || session.scheduled.template.settings.deliberation_recorded;
    let rights: BTreeMap<&SeatId, Rights> = seats
        .iter()
        .map(|(seat, seated)| (*seat, rights(seated, private)))
        .collect();
    let publishing = |seat: &SeatId, sends: bool| {
        if !(in_room && sends) {
            return Publishing::default();
        }
        let to = rights
            .iter()
            .filter(|(other, rights)| **other != seat && rights.receives)
            .map(|(other, _)| (*other).clone())
            .collect();
        Publishing {
            to,
            record: kept && session.recording.is_running(),
        }
    };
    let persons = rights
        .iter()
        .map(|(seat, rights)| ((*seat).clone(), publishing(seat, rights.sends)));
    // A source of a machine is heard like a person's; whoever let it in answers for it.
    let machines = session.media_tokens.iter().filter(|of| of.is_source());
    let machines = machines.map(|of| {
        let seat = of.seat();
        let publishing = publishing(&seat, true);
        (seat, publishing)
    });
    let mut policy: BTreeMap<SeatId, Publishing> = persons.chain(machines).collect();
    if in_room && !private {
        let sends = |seat: &SeatId| rights.get(seat).is_none_or(|rights| rights.sends);
        for (seat, publishing) in policy.iter_mut().filter(|(seat, _)| sends(seat)) {
            publishing.to.extend(players(session, seat));
        }
    }
    policy
}

/// The players to whom that seat is shown.
fn players<'a>(session: &'a Session, seat: &'a SeatId) -> impl Iterator<Item = SeatId> + 'a {
    let tokens = session.media_tokens.iter();
    let players = tokens.filter(|of| of.connected && of.direction == Direction::Play);
    let shows = move |of: &&MediaToken| match session.shown(&of.name) {
        Some(Shown::ActiveSpeaker) => true,
        Some(Shown::Seat { seat: shown, .. }) => shown == *seat,
        None => false,
    };
    players.filter(shows).map(MediaToken::seat)
}

fn rights(seated: &Seated<'_>, private: bool) -> Rights {
    let all = |may: &dyn Fn(&Participant) -> bool| {
        seated
            .iter()
            .all(|(who, presence)| presence.is_in_room() && may(who))
    };
    Rights {
        sends: all(&|who| !who.is_supervisor() && (!private || who.deliberates())),
        receives: all(&|who| who.has_part() && (!private || who.hears_deliberation())),
    }
}

/// R18: the two are cut from everybody else, hear and see each other, and nothing of it is kept.
fn alone(
    session: &Session,
    check: &IdentityCheck,
    seats: &BTreeMap<&SeatId, Seated<'_>>,
    policy: &mut BTreeMap<SeatId, Publishing>,
) {
    let seat_of = |person| session.presence(person).place().map(|place| &place.seat);
    let pair = [seat_of(&check.person), seat_of(&check.checker)];
    for publishing in policy.values_mut() {
        for seat in pair.iter().flatten() {
            publishing.to.remove(*seat);
        }
    }
    for seat in pair.iter().flatten() {
        policy.insert((*seat).clone(), Publishing::default());
    }
    let [Some(person), Some(checker)] = pair else {
        return;
    };
    let noticed = |seat| {
        seats.get(seat).is_some_and(|seated| {
            seated
                .iter()
                .all(|(_, presence)| presence.is_connected() && presence.has_acknowledged())
        })
    };
    // At the checker's seat sits nobody but staff; the room does not listen in.
    let staff_only = seats
        .get(checker)
        .is_some_and(|seated| seated.iter().all(|(who, _)| who.is_staff()));
    if person == checker || !noticed(person) || !noticed(checker) || !staff_only {
        return;
    }
    for (from, to) in [(person, checker), (checker, person)] {
        let publishing = policy.entry(from.clone()).or_default();
        publishing.to.insert(to.clone());
    }
}
