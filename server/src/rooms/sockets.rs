//! The sockets attached to a room: at most one a person, each with what its viewer may see.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use kanjie_domain::{PersonId, SeatId, Viewer, visible};
use kanjie_evidence::Entry;
use serde::Serialize;
use tokio::time::Instant;

use super::journal::Appended;
use crate::auth::Caller;
use crate::socket::outbox::{Bye, Outbox};
use crate::texts::Lang;

/// Without a connection for this long, a person counts as disconnected (signalling.md section 2).
pub const GRACE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SocketId(pub u64);

#[derive(Debug)]
pub struct Socket {
    pub id: SocketId,
    pub caller: Arc<Caller>,
    pub person: PersonId,
    pub seat: SeatId,
    pub viewer: Viewer,
    pub device: String,
    pub companion: bool,
    pub outbox: Outbox,
    pub lang: Lang,
    /// Still to be journalled as arrived; not set again by leaving, so that leaving stays an act.
    pub arriving: bool,
}

#[derive(Debug, Default)]
pub struct Sockets {
    by_person: BTreeMap<PersonId, Socket>,
    /// Persons without a connection, and when that becomes an entry.
    grace: BTreeMap<PersonId, Instant>,
    last: u64,
}

#[derive(Serialize)]
struct EntryFrame<'a> {
    entry: &'a Entry,
}

/// The `entry` frame, withheld where the viewer may not see it.
#[must_use]
pub fn entry_text(entry: &Entry) -> String {
    serde_json::to_string(&EntryFrame { entry }).unwrap_or_else(|_| "{}".to_owned())
}

impl Sockets {
    pub fn next_id(&mut self) -> SocketId {
        self.last += 1;
        SocketId(self.last)
    }

    /// Seats the socket; one that the person had before is told that the seat went elsewhere.
    pub fn attach(&mut self, socket: Socket) {
        self.grace.remove(&socket.person);
        if let Some(old) = self.by_person.insert(socket.person.clone(), socket) {
            old.outbox.end_now(Bye::Elsewhere);
        }
    }

    /// Forgets a socket that ended; the person's grace begins unless another socket took over.
    pub fn detach(&mut self, id: SocketId, now: Instant) {
        let gone = self.by_person.iter().find(|(_, socket)| socket.id == id);
        if let Some(person) = gone.map(|(person, _)| person.clone()) {
            self.by_person.remove(&person);
            self.grace.insert(person, now + GRACE);
        }
    }

    /// Forgets a socket whose person does not come back by it: no grace.
    pub fn forget(&mut self, id: SocketId) -> Option<Socket> {
        let person = self.get(id)?.person.clone();
        self.by_person.remove(&person)
    }

    /// Gives a person the grace without a socket: after a restart.
    pub fn expect(&mut self, person: PersonId, now: Instant) {
        if !self.by_person.contains_key(&person) {
            self.grace.insert(person, now + GRACE);
        }
    }

    /// Persons whose grace is over.
    pub fn overdue(&mut self, now: Instant) -> Vec<PersonId> {
        let due: Vec<PersonId> = self
            .grace
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(person, _)| person.clone())
            .collect();
        for person in &due {
            self.grace.remove(person);
        }
        due
    }

    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.grace.values().min().copied()
    }

    #[must_use]
    pub fn get(&self, id: SocketId) -> Option<&Socket> {
        self.by_person.values().find(|socket| socket.id == id)
    }

    #[must_use]
    pub fn of(&self, person: &PersonId) -> Option<&Socket> {
        self.by_person.get(person)
    }

    pub fn of_mut(&mut self, person: &PersonId) -> Option<&mut Socket> {
        self.by_person.get_mut(person)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Socket> {
        self.by_person.values()
    }

    pub fn is_empty(&self) -> bool {
        self.by_person.is_empty()
    }

    /// The socket that carries a seat's media: never a companion's.
    #[must_use]
    pub fn media_of(&self, seat: &SeatId) -> Option<&Socket> {
        self.iter()
            .find(|socket| socket.seat == *seat && !socket.companion)
    }

    /// Sends entries to everybody, withheld where they must be.
    pub fn fan_out(&self, appended: &[Appended]) {
        for Appended { entry, recorded } in appended {
            let open = Utf8Bytes::from(entry_text(entry));
            let mut closed: Option<Utf8Bytes> = None;
            for socket in self.iter() {
                let frame = if visible(recorded, &socket.viewer) {
                    open.clone()
                } else {
                    closed
                        .get_or_insert_with(|| entry_text(&entry.clone().withhold()).into())
                        .clone()
                };
                socket.outbox.push(frame);
            }
        }
    }

    /// Ends every socket after what is queued.
    pub fn finish(&mut self, bye: Bye) {
        for socket in self.by_person.values() {
            socket.outbox.finish(bye);
        }
        self.by_person.clear();
        self.grace.clear();
    }
}
