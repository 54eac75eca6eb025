//! Sockets that come and go, and what that means for the persons behind them: presence is by person, not by connection.

use std::collections::BTreeSet;
use std::sync::Arc;

use kanjie_domain::authority::Standing;
use kanjie_domain::event::DepartureCause;
use kanjie_domain::session::Connection;
use kanjie_domain::{Participant, PersonId, Report, Role, SeatId, Viewer};
use tokio::time::Instant;

use super::acts::ActError;
use super::room::Room;
use super::sockets::{Socket, SocketId};
use crate::auth::Caller;
use crate::socket::frames::{self, Hello, ToClient};
use crate::socket::outbox::{Bye, Outbox};
use crate::texts::Lang;

/// Longest device name kept, characters.
const DEVICE_CHARS: usize = 120;

/// A person's socket that has said hello.
#[derive(Debug)]
pub struct Arrival {
    pub caller: Arc<Caller>,
    pub hello: Hello,
    pub outbox: Outbox,
    pub lang: Lang,
}

/// A seated socket. Entries after `head` come through its outbox; those up to `head` it reads from the store.
#[derive(Debug)]
pub struct Attached {
    pub socket: SocketId,
    pub seat: SeatId,
    pub roles: Vec<Role>,
    pub viewer: Viewer,
    pub head: u64,
    pub now: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// No participant, recused (R16), or without confidentiality signed (R48).
    #[error("no part in this session")]
    NoPart,
    #[error("the room is not to be had just now")]
    Unavailable,
}

impl Room {
    pub(super) async fn attach(&mut self, arrival: Arrival) -> Result<Attached, AttachError> {
        let Arrival {
            caller,
            hello,
            outbox,
            lang,
        } = arrival;
        let person = caller.person.clone();
        if let Err(error) = self.journal.refresh_cases().await {
            tracing::error!(session = self.journal.id(), %error, "the case cannot be read");
            return Err(AttachError::Unavailable);
        }
        let scheduled = &self.journal.state.scheduled;
        let me = self.journal.state.participant(&person);
        let opens = Standing::in_session(me, &self.journal.facts()).comes_in();
        let viewer = Viewer::of(scheduled, &person)
            .filter(|_| opens.is_ok())
            .ok_or(AttachError::NoPart)?;
        let roles: Vec<Role> = scheduled
            .participants
            .iter()
            .find(|participant| participant.person == person)
            .map(|participant| participant.roles.iter().copied().collect())
            .unwrap_or_default();
        let (seat, companion) = self.seat_of(&person, &hello);
        let id = self.sockets.next_id();
        let attached = Attached {
            socket: id,
            seat: seat.clone(),
            roles,
            viewer: viewer.clone(),
            head: self.journal.head(),
            now: self.now(),
        };
        if self.journal.ledger.closed {
            outbox.finish(Bye::Closed);
            return Ok(attached);
        }
        self.sockets.attach(Socket {
            id,
            caller,
            person: person.clone(),
            seat: seat.clone(),
            viewer,
            device: hello.device.chars().take(DEVICE_CHARS).collect(),
            companion,
            outbox,
            lang,
            arriving: !self.is_here(&person),
        });
        self.welcome_back(&person).await;
        self.send_readiness(&person);
        if self.media.unanswered.contains(&seat)
            && let Err(error) = self.offer_down(&seat).await
        {
            tracing::info!(room = self.journal.id(), seat = seat.0, %error, "no offer");
        }
        self.tell_again(&seat);
        Ok(attached)
    }

    /// The seat of a person who is here stays; a companion shares the one it names; others get the one held before.
    fn seat_of(&self, person: &PersonId, hello: &Hello) -> (SeatId, bool) {
        if let Some(attendance) = self.journal.state.attendance.get(person)
            && let Some(place) = attendance.presence.place()
        {
            let shared = hello.companion
                && self
                    .sockets
                    .media_of(&place.seat)
                    .is_some_and(|s| s.person != *person);
            return (place.seat.clone(), shared);
        }
        if let Some(seat) = hello.seat.as_ref().filter(|_| hello.companion)
            && self
                .sockets
                .media_of(seat)
                .is_some_and(|s| s.person != *person)
        {
            return (seat.clone(), true);
        }
        if let Some(socket) = self.sockets.of(person).filter(|socket| !socket.companion) {
            return (socket.seat.clone(), false);
        }
        let taken: BTreeSet<&SeatId> = self
            .sockets
            .iter()
            .filter(|socket| socket.person != *person)
            .map(|socket| &socket.seat)
            .collect();
        (self.journal.ledger.seat_for(person, &taken), false)
    }

    /// Somebody whose connection was lost is back.
    async fn welcome_back(&mut self, person: &PersonId) {
        let lost = self
            .journal
            .state
            .attendance
            .get(person)
            .and_then(|attendance| attendance.presence.place())
            .is_some_and(|place| matches!(place.connection, Connection::Lost { .. }));
        if lost {
            let report = Report::ConnectionRestored {
                person: person.clone(),
            };
            if let Err(error) = self.report(&report).await {
                tracing::warn!(session = self.journal.id(), %error, "a return was not journalled");
            }
        }
    }

    /// The sign-in behind a socket ended: the relay closes first, then it is journalled. A socket that took its place, of
    /// another sign-in, stays.
    pub(super) async fn revoke(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.forget(id) else {
            return;
        };
        if !socket.companion {
            self.media.remove(&socket.seat).await;
        }
        if !self.is_here(&socket.person) {
            return;
        }
        let report = Report::Departed {
            person: socket.person.clone(),
            cause: DepartureCause::Revoked,
        };
        if let Err(error) = self.report(&report).await {
            tracing::warn!(session = self.journal.id(), %error, "a revocation was not journalled");
        }
        if self.is_here(&socket.person) {
            // At the latest it counts as a lost connection.
            self.sockets.expect(socket.person, Instant::now());
        }
    }

    /// Journals further devices on personal links, each once.
    pub(super) async fn tell_devices(&mut self) -> Result<(), ActError> {
        let fresh: Vec<Arc<Caller>> = self
            .sockets
            .iter()
            .map(|socket| socket.caller.clone())
            .filter(|caller| caller.link_session.is_some() && self.is_here(&caller.person))
            .filter(|caller| !self.devices_told.contains(&caller.token_hash))
            .collect();
        for caller in fresh {
            let store = &self.deps.services.store;
            let devices = store
                .devices_by_link(self.journal.id(), &caller.person)
                .await
                .map_err(|error| self.unavailable(&error))?;
            let place = devices.iter().position(|t| *t == caller.token_hash);
            let number = place.and_then(|n| u32::try_from(n + 1).ok()).unwrap_or(1);
            let known = (self.journal.ledger.devices).contains(&(caller.person.clone(), number));
            if number > 1 && !known {
                self.report(&Report::DeviceAdded {
                    person: caller.person.clone(),
                    device: caller.device.clone(),
                    number,
                })
                .await?;
            }
            self.devices_told.insert(caller.token_hash);
        }
        Ok(())
    }

    /// Journals the arrival of everybody who has a socket and is not in the session yet.
    pub(super) async fn bring_in(&mut self) -> Result<(), ActError> {
        let arriving: Vec<(PersonId, SeatId, String)> = self
            .sockets
            .iter()
            .filter(|socket| socket.arriving)
            .map(|s| (s.person.clone(), s.seat.clone(), s.device.clone()))
            .collect();
        for (person, seat, device) in arriving {
            self.report(&Report::Arrived {
                person: person.clone(),
                seat,
                device,
            })
            .await?;
            let here = self.is_here(&person);
            if let Some(socket) = self.sockets.of_mut(&person) {
                socket.arriving = !here;
            }
        }
        Ok(())
    }

    /// Persons who did not come back in time.
    pub(super) async fn grace_over(&mut self) {
        for person in self.sockets.overdue(Instant::now()) {
            if !self.is_here(&person) {
                continue;
            }
            if let Err(error) = self
                .report(&Report::ConnectionLost {
                    person: person.clone(),
                })
                .await
            {
                tracing::warn!(session = self.journal.id(), %error, "a loss was not journalled");
                self.sockets.expect(person, Instant::now());
            }
        }
    }

    /// Tells those who decide what stands between now and each act, where that changed.
    pub(super) fn push_readiness(&mut self) {
        let acts = kanjie_domain::readiness(&self.journal.state, &self.journal.facts());
        let acts = serde_json::to_value(&acts).unwrap_or_default();
        if acts == self.readiness {
            return;
        }
        self.readiness = acts;
        let persons: Vec<PersonId> = self.sockets.iter().map(|s| s.person.clone()).collect();
        for person in persons {
            self.send_readiness(&person);
        }
    }

    fn send_readiness(&self, person: &PersonId) {
        let Some(socket) = self.sockets.of(person) else {
            return;
        };
        let participant = self.journal.state.participant(person);
        if self.readiness.is_null() || !participant.is_some_and(Participant::hears_deliberation) {
            return;
        }
        let frame = ToClient::Readiness {
            seq: self.journal.head(),
            acts: &self.readiness,
        };
        socket.outbox.push(frames::text(&frame).into());
    }
}
