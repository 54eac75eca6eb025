//! A room on its worker: seats, policy, and the way of a packet from one seat to the others.

mod commands;
mod packets;
mod pictures;
mod time;
mod watch;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;

use crate::api::{
    CodecKind, Half, Limits, MediaError, Policy, RelayEvent, RoomId, SeatId, TrackId, View,
};
use crate::down::{Down, TrackKey, Wanted};
use crate::dtls::Identity;
use crate::ice::Credentials;
use crate::inbound::InboundTrack;
use crate::peer::{Change, Connection, ConnectionRef};
use crate::room::pictures::Pictures;
use crate::sdp::{Candidate, is_token};
use crate::tap::Tap;
use crate::up::{TrackChanges, Up};
use crate::worker::{Now, Output};

/// What all rooms of a worker share.
#[derive(Debug)]
pub struct Context {
    pub identity: Identity,
    pub limits: Limits,
    pub candidates: Vec<Candidate>,
    pub rng: StdRng,
    pub by_ufrag: HashMap<String, ConnectionRef>,
    pub by_address: HashMap<SocketAddr, ConnectionRef>,
    /// Where the streams come from that stand in `by_address` under names of ours.
    pub streams: HashMap<SocketAddr, SocketAddr>,
    /// For DTLS output (see [`crate::dtls::SCRATCH`]).
    pub scratch: Vec<u8>,
    pub out: Output,
}

impl Context {
    fn connection(&mut self, reference: ConnectionRef, now: Now) -> Connection {
        let local = Credentials::generate(&mut self.rng);
        self.by_ufrag.insert(local.ufrag.clone(), reference);
        // RFC 8829 section 5.2.1: a session id of 63 bits.
        Connection::new(reference, local, self.rng.random::<u64>() >> 1, now.at)
    }

    /// The address that others see.
    pub fn seen(&self, from: SocketAddr) -> SocketAddr {
        self.streams.get(&from).copied().unwrap_or(from)
    }

    /// ICE begins anew on a connection that goes on.
    fn restart(&mut self, connection: &mut Connection) {
        self.by_ufrag.remove(&connection.local.ufrag);
        connection.local = Credentials::generate(&mut self.rng);
        let ufrag = connection.local.ufrag.clone();
        self.by_ufrag.insert(ufrag, connection.reference);
    }

    fn forget(&mut self, connection: &mut Connection) {
        connection.close(&mut self.scratch, &mut self.out);
        self.by_ufrag.remove(&connection.local.ufrag);
        for address in connection.addresses() {
            if self.by_address.get(&address) == Some(&connection.reference) {
                self.by_address.remove(&address);
            }
        }
    }
}

/// One seat.
#[derive(Debug)]
struct Seat {
    id: SeatId,
    record: bool,
    /// It may be heard by somebody.
    heard: bool,
    up: Option<Up>,
    down: Option<Down>,
    /// What its screen shows, once it said.
    views: Option<BTreeMap<TrackId, View>>,
}

impl Seat {
    fn rtt(&self) -> Option<Duration> {
        self.down
            .as_ref()
            .and_then(|down| down.rtt)
            .or_else(|| self.up.as_ref().and_then(|up| up.rtt))
    }
}

/// One room.
pub struct Room {
    key: u64,
    id: RoomId,
    tap: Arc<dyn Tap>,
    policy: Policy,
    seats: BTreeMap<u32, Seat>,
    next_seat: u32,
    speaker: Option<u32>,
    speaker_at: Option<Instant>,
    tap_at: Option<Instant>,
    pictures: Pictures,
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room")
            .field("id", &self.id)
            .field("seats", &self.seats.len())
            .finish_non_exhaustive()
    }
}

impl Room {
    pub fn new(key: u64, id: RoomId, tap: Arc<dyn Tap>) -> Self {
        Room {
            key,
            id,
            tap,
            policy: Policy::default(),
            seats: BTreeMap::new(),
            next_seat: 0,
            speaker: None,
            speaker_at: None,
            tap_at: None,
            pictures: Pictures::default(),
        }
    }

    fn find_seat(&self, seat: &SeatId) -> Option<u32> {
        self.seats
            .iter()
            .find(|(_, known)| known.id == *seat)
            .map(|(key, _)| *key)
    }

    fn seat_key(&mut self, seat: &SeatId, context: &Context) -> Result<u32, MediaError> {
        if let Some(key) = self.find_seat(seat) {
            return Ok(key);
        }
        if !is_token(&seat.0, 64) {
            return Err(MediaError::BadName);
        }
        if self.seats.len() >= context.limits.seats_per_room {
            return Err(MediaError::TooMany("seats in the room"));
        }
        let key = self.next_seat;
        self.next_seat += 1;
        let mut state = Seat {
            id: seat.clone(),
            record: false,
            heard: false,
            up: None,
            down: None,
            views: None,
        };
        apply(&self.policy, &mut state);
        self.seats.insert(key, state);
        Ok(key)
    }

    fn live(&self) -> Vec<(TrackKey, CodecKind)> {
        let of = |(key, seat): (&u32, &Seat)| -> Vec<(TrackKey, CodecKind)> {
            let tracks = seat.up.iter().flat_map(|up| &up.tracks);
            tracks
                .map(|track| {
                    (
                        TrackKey {
                            seat: *key,
                            source: track.id.source,
                        },
                        track.codec.kind,
                    )
                })
                .collect()
        };
        self.seats.iter().flat_map(of).collect()
    }

    /// The live tracks that are offered to a seat.
    fn wanted(&self, subscriber: u32) -> Vec<Wanted> {
        let Some(subscriber) = self.seats.get(&subscriber) else {
            return Vec::new();
        };
        let mut wanted = Vec::new();
        for (key, seat) in &self.seats {
            if !self.policy.offers(&seat.id, &subscriber.id) {
                continue;
            }
            for track in seat.up.iter().flat_map(|up| &up.tracks) {
                wanted.push(Wanted {
                    key: TrackKey {
                        seat: *key,
                        source: track.id.source,
                    },
                    id: (*track.id).clone(),
                    codec: (*track.codec).clone(),
                });
            }
        }
        wanted
    }

    /// Tells the room logic which seats need a new offer.
    fn refresh(&mut self, context: &mut Context) {
        self.follow();
        let live = self.live();
        let asked = |(key, seat): (&u32, &Seat)| {
            let down = seat.down.as_ref()?;
            (!down.outstanding && !down.notified && down.watched().is_none()).then_some(*key)
        };
        let keys: Vec<u32> = self.seats.iter().filter_map(asked).collect();
        for key in keys {
            let wanted = self.wanted(key);
            let Some(seat) = self.seats.get_mut(&key) else {
                continue;
            };
            let Some(down) = seat.down.as_mut() else {
                continue;
            };
            if down.is_stale(&wanted, |key, kind| live.contains(&(key, kind))) {
                down.notified = true;
                let (room, seat) = (self.id.clone(), seat.id.clone());
                context
                    .out
                    .events
                    .push(RelayEvent::DownNeedsOffer { room, seat });
            }
        }
    }

    fn announce(&self, changes: TrackChanges, context: &mut Context) {
        let room = || self.id.clone();
        for track in changes.ended {
            context.out.events.push(RelayEvent::TrackEnded {
                room: room(),
                track,
            });
        }
        for (track, codec) in changes.started {
            context.out.events.push(RelayEvent::TrackStarted {
                room: room(),
                track,
                codec,
            });
        }
    }

    fn changed(
        &mut self,
        reference: ConnectionRef,
        change: Change,
        now: Now,
        context: &mut Context,
    ) {
        let Some(seat) = self.seats.get(&reference.seat).map(|seat| seat.id.clone()) else {
            return;
        };
        let (room, half) = (self.id.clone(), reference.half);
        match change {
            Change::Connected | Change::Returned => {
                context
                    .out
                    .events
                    .push(RelayEvent::Connected { room, seat, half });
                if half == Half::Down {
                    self.ask_for_pictures(reference.seat, now, context);
                } else if let Some(up) = self
                    .seats
                    .get_mut(&reference.seat)
                    .and_then(|seat| seat.up.as_mut())
                {
                    // Subscribers that were connected before it have been waiting.
                    up.tracks.iter_mut().for_each(InboundTrack::want_keyframes);
                }
            }
            Change::Vanished => context
                .out
                .events
                .push(RelayEvent::Vanished { room, seat, half }),
            Change::Ended => {
                self.end(reference.seat, half, context);
                context
                    .out
                    .events
                    .push(RelayEvent::Disconnected { room, seat, half });
            }
        }
    }

    fn end(&mut self, key: u32, half: Half, context: &mut Context) {
        let Some(seat) = self.seats.get_mut(&key) else {
            return;
        };
        match half {
            Half::Up => {
                let Some(mut up) = seat.up.take() else { return };
                context.forget(&mut up.connection);
                let others = self.seats.values_mut();
                others
                    .filter_map(|other| other.down.as_mut())
                    .for_each(|down| down.take_back(key));
                let ended = up.tracks.iter().map(|track| (*track.id).clone()).collect();
                self.announce(
                    TrackChanges {
                        ended,
                        started: Vec::new(),
                    },
                    context,
                );
            }
            Half::Down => {
                if let Some(mut down) = seat.down.take() {
                    context.forget(&mut down.connection);
                }
            }
        }
    }
}

/// Applies a policy to one seat, at once.
fn apply(policy: &Policy, seat: &mut Seat) {
    let recorded_before = std::mem::replace(&mut seat.record, policy.records(&seat.id));
    if seat.record && !recorded_before {
        // A recording that begins in the middle needs a picture to begin with.
        seat.up
            .iter_mut()
            .flat_map(|up| &mut up.tracks)
            .for_each(InboundTrack::want_keyframes);
    }
    seat.heard = policy
        .seats
        .get(&seat.id)
        .is_some_and(|publishing| !publishing.to.is_empty());
    if let Some(down) = seat.down.as_mut() {
        down.allow(|track| policy.may_receive(&track.seat, &seat.id));
    }
}
