//! A session's doors for machines: who comes in by a media token, and what the journal says of it.

use kanjie_domain::doors::{Direction, DisconnectCause, Shown};
use kanjie_domain::session::{MediaToken, Stage};
use kanjie_domain::{Event, Report};
use kanjie_media::{Half, MediaError, SeatId, SeatStats, Watch, machine_sources};
use tokio::sync::oneshot;

use super::journal::Appended;
use super::room::{Message, Room};
use super::{RoomError, Rooms};
use crate::auth::cookie::Token;
use crate::doors::{At, Bearer, DoorError, Doors, Knock, Opened, Patch, Patched};

type Reply<T> = oneshot::Sender<Result<T, DoorError>>;

/// What somebody at a door asks of a room.
#[derive(Debug)]
pub enum AtDoor {
    Open(Knock, Reply<Opened>),
    Patch(At, Patch, Reply<Patched>),
    Close(At, Reply<()>),
}

impl Doors for Rooms {
    async fn open(&self, room: &str, knock: Knock) -> Result<Opened, DoorError> {
        let limits = &self.deps().services.limits;
        limits
            .door_by_address
            .pass(&knock.address)
            .map_err(|_| DoorError::TooOften)?;
        let (reply, answer) = oneshot::channel();
        let asked = Message::Door(Box::new(AtDoor::Open(knock, reply)));
        self.at_door(room, asked, answer).await
    }

    async fn patch(&self, room: &str, at: At, patch: Patch) -> Result<Patched, DoorError> {
        let (reply, answer) = oneshot::channel();
        let asked = Message::Door(Box::new(AtDoor::Patch(at, patch, reply)));
        self.at_door(room, asked, answer).await
    }

    async fn close(&self, room: &str, at: At) -> Result<(), DoorError> {
        let (reply, answer) = oneshot::channel();
        let asked = Message::Door(Box::new(AtDoor::Close(at, reply)));
        self.at_door(room, asked, answer).await
    }
}

impl Rooms {
    async fn at_door<T>(
        &self,
        room: &str,
        asked: Message,
        answer: oneshot::Receiver<Result<T, DoorError>>,
    ) -> Result<T, DoorError> {
        match self.ask(room, asked, answer).await {
            Ok(answered) => answered,
            // Whoever has no token for it does not learn that there is no such session.
            Err(RoomError::NotFound) => Err(DoorError::Token),
            Err(RoomError::Unavailable) => Err(DoorError::Unavailable),
        }
    }
}

impl Room {
    pub(super) async fn at_door(&mut self, asked: AtDoor) {
        // Whoever asked may have gone; what was asked for is done all the same.
        match asked {
            AtDoor::Open(knock, reply) => {
                let _ = reply.send(self.let_in(knock).await);
            }
            AtDoor::Patch(at, patch, reply) => {
                let _ = reply.send(self.patch(&at, &patch).await);
            }
            AtDoor::Close(at, reply) => {
                let _ = reply.send(self.show_out(&at).await);
            }
        }
    }

    /// The good token with that secret, of that direction.
    fn token(&self, bearer: &Bearer, direction: Direction) -> Result<&MediaToken, DoorError> {
        let state = &self.journal.state;
        let secret = Token::parse(&bearer.0).ok_or(DoorError::Token)?;
        let token = state.media_token_by(&hex::encode(secret.digest()));
        token
            .filter(|of| of.direction == direction && !matches!(state.stage, Stage::Closed))
            .ok_or(DoorError::Token)
    }

    async fn let_in(&mut self, knock: Knock) -> Result<Opened, DoorError> {
        let token = self.token(&knock.bearer, knock.direction)?;
        let state = &self.journal.state;
        let plays = knock.direction == Direction::Play;
        if plays && knock.name.as_deref() != Some(&token.name) {
            return Err(DoorError::Token);
        }
        if !self.media.is_open() {
            return Err(DoorError::NotReady);
        }
        if plays && state.is_deliberating() {
            return Err(DoorError::Deliberation);
        }
        let shown = plays.then(|| state.shown(&token.name));
        let seat = token.token.clone();
        if self.doors.has_seat(&seat) {
            self.lose(&seat, DisconnectCause::Replaced).await;
        }
        let relay_seat = SeatId(seat.clone());
        let (switch, room) = (self.deps.switch.clone(), self.media.room());
        let answered = match shown {
            None => {
                let sources = machine_sources(&knock.offer).map_err(refused)?;
                let answered = switch.answer_up(room, &relay_seat, &knock.offer, &sources);
                answered.await
            }
            Some(shown) => {
                let watch = watch(shown.ok_or(DoorError::NotReady)?);
                let answered = switch.answer_down(room, &relay_seat, &knock.offer, watch);
                answered.await
            }
        };
        let answer = answered.map_err(refused)?;
        let env = self.deps.services.env.clone();
        let resource = self
            .doors
            .add(env.as_ref(), knock.direction, &seat, &knock.offer);
        Ok(Opened {
            resource,
            answer,
            version: 1,
        })
    }

    /// The connection at that address, where the token is that by which it came.
    fn entry(&self, at: &At) -> Result<String, DoorError> {
        let token = self.token(&at.bearer, at.direction)?;
        let entry = self.doors.get(&at.resource).ok_or(DoorError::NotFound)?;
        if entry.seat != token.token {
            return Err(DoorError::NotFound);
        }
        Ok(entry.seat.clone())
    }

    async fn patch(&mut self, at: &At, patch: &Patch) -> Result<Patched, DoorError> {
        let seat = SeatId(self.entry(at)?);
        if !self.doors.restarts(&at.resource, patch)? {
            return Ok(Patched::Trickled);
        }
        let half = half(at.direction);
        let (switch, room) = (&self.deps.switch, self.media.room());
        let restarted = switch.restart_ice(room, &seat, half, Some(&patch.ufrag));
        let ice = restarted.await.map_err(refused)?;
        let version = self.doors.restarted(&at.resource, &patch.ufrag);
        Ok(Patched::Restarted {
            ufrag: ice.ufrag,
            pwd: ice.pwd,
            candidates: ice.candidates,
            version,
        })
    }

    async fn show_out(&mut self, at: &At) -> Result<(), DoorError> {
        let seat = self.entry(at)?;
        self.lose(&seat, DisconnectCause::Left).await;
        Ok(())
    }

    /// Media can flow: what came in by a token is in the session from now on, or not at all.
    pub(super) async fn door_connected(&mut self, seat: &str) {
        if !self.doors.has_seat(seat) {
            return;
        }
        let token = seat.to_owned();
        let report = Report::MediaConnected { token };
        if let Err(error) = self.report(&report).await {
            tracing::error!(session = self.journal.id(), seat, %error, "a source was not journalled");
        }
        let token = self.journal.state.media_token(seat);
        if !token.is_some_and(|of| of.connected) {
            self.cut_off(seat).await;
        }
    }

    /// The relay lost it.
    pub(super) async fn door_lost(&mut self, seat: &str) {
        if self.doors.has_seat(seat) {
            self.lose(seat, DisconnectCause::Lost).await;
        }
    }

    async fn lose(&mut self, seat: &str, cause: DisconnectCause) {
        self.cut_off(seat).await;
        let token = self.journal.state.media_token(seat);
        if !token.is_some_and(|of| of.connected) {
            return;
        }
        let token = seat.to_owned();
        let report = Report::MediaDisconnected { token, cause };
        if let Err(error) = self.report(&report).await {
            tracing::error!(session = self.journal.id(), seat, %error, "a source's end was not journalled");
        }
    }

    async fn cut_off(&mut self, seat: &str) {
        self.doors.remove_seat(seat);
        self.media
            .remove(&kanjie_domain::SeatId(seat.to_owned()))
            .await;
    }

    /// What entries shut: a revoked token, and players while a deliberation runs. The relay was closed to them before.
    pub(super) async fn after_doors(&mut self, appended: &[Appended]) {
        for Appended { recorded, .. } in appended {
            match &recorded.event {
                Event::MediaTokenRevoked { token } => self.cut_off(&token.clone()).await,
                Event::DeliberationBegun => {
                    let players = self.doors.seats(Direction::Play);
                    let players: Vec<String> = players.map(str::to_owned).collect();
                    for seat in players {
                        self.cut_off(&seat).await;
                    }
                }
                _ => {}
            }
        }
    }

    /// What the journal holds for connected and the relay does not have: a restart came in between.
    pub(super) async fn find_lost(&mut self, stats: &[SeatStats]) {
        let there = |token: &MediaToken| {
            let mut seats = stats.iter();
            seats.any(|of| of.seat.0 == token.token && (of.up.is_some() || of.down.is_some()))
        };
        let tokens = self.journal.state.media_tokens.iter();
        let lost = tokens.filter(|of| of.connected && !there(of));
        let lost: Vec<String> = lost.map(|of| of.token.clone()).collect();
        for seat in lost {
            self.lose(&seat, DisconnectCause::Lost).await;
        }
    }
}

const fn half(direction: Direction) -> Half {
    match direction {
        Direction::Publish => Half::Up,
        Direction::Play => Half::Down,
    }
}

fn watch(shown: Shown) -> Watch {
    match shown {
        Shown::ActiveSpeaker => Watch::ActiveSpeaker,
        Shown::Seat { seat, screen } => Watch::Seat {
            seat: SeatId(seat.0),
            screen,
        },
    }
}

pub(super) fn refused(error: MediaError) -> DoorError {
    match error {
        MediaError::BadDescription(_) | MediaError::BadName => DoorError::Description,
        MediaError::TooMany(_) => DoorError::TooMany,
        MediaError::UnknownRoom | MediaError::UnknownSeat | MediaError::StaleAnswer => {
            DoorError::NotFound
        }
        MediaError::RoomExists
        | MediaError::Start(_)
        | MediaError::Crypto(_)
        | MediaError::Stopped => {
            tracing::error!(%error, "a door");
            DoorError::Unavailable
        }
    }
}
