//! The sans-I/O core: datagrams, commands and time in; datagrams and events out.
//!
//! A room lives on one worker, and a worker on one thread: no lock anywhere. Media takes three steps: a packet is decrypted
//! and gathered with its frame (`gather`), queued for each subscriber (`pacer`), and encrypted into [`Output::datagrams`]
//! when it leaves. All else is written there at once.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::api::{
    DownOffer, Half, IceParameters, Limits, MediaError, Mid, Policy, RelayEvent, RoomId, SeatId,
    Source, TrackId, View, Watch,
};
use crate::datagrams::Datagrams;
use crate::down::TrackKey;
use crate::dtls::{Identity, SCRATCH};
use crate::ice::Check;
use crate::peer::ConnectionRef;
use crate::room::{Context, Room};
use crate::rtp::is_rtcp;
use crate::sdp::Candidate;
use crate::stats::SeatStats;
use crate::tap::Tap;

/// The clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub at: Instant,
    /// µs since the relay's epoch.
    pub mono_us: u64,
    /// µs since 1970 UTC.
    pub wall_us: i64,
}

/// What is to be done outside.
#[derive(Debug, Default)]
pub struct Output {
    pub datagrams: Datagrams,
    pub events: Vec<RelayEvent>,
    /// Connections whose pacer holds something: the worker's own list.
    pub waiting: Vec<ConnectionRef>,
    /// Tracks whose packets are being gathered, and until when, in that order: the worker's own list.
    pub gathering: VecDeque<(Instant, u64, TrackKey)>,
}

impl Output {
    pub fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.datagrams.push(to, datagram);
    }
}

/// Time between ticks while there is traffic, and while there is none.
pub const TICK: Duration = Duration::from_millis(10);
pub const IDLE_TICK: Duration = Duration::from_millis(50);

/// All rooms of one thread.
#[derive(Debug)]
pub struct Worker {
    context: Context,
    rooms: HashMap<u64, Room>,
    names: HashMap<RoomId, u64>,
    next_room: u64,
    ticked: Option<Instant>,
    /// When the first of the pacers lets something pass.
    release_at: Option<Instant>,
    strangers: Budget,
}

/// Commands; each is done when it returns.
impl Worker {
    pub fn new(
        identity: Identity,
        limits: Limits,
        candidates: Vec<Candidate>,
        seed: [u8; 32],
    ) -> Self {
        Worker {
            strangers: Budget::new(limits.unknown_per_second),
            context: Context {
                identity,
                limits,
                candidates,
                rng: StdRng::from_seed(seed),
                by_ufrag: HashMap::new(),
                by_address: HashMap::new(),
                streams: HashMap::new(),
                scratch: vec![0; SCRATCH],
                out: Output::default(),
            },
            rooms: HashMap::new(),
            names: HashMap::new(),
            next_room: 0,
            ticked: None,
            release_at: None,
        }
    }

    pub fn open_room(&mut self, room: &RoomId, tap: Arc<dyn Tap>) -> Result<(), MediaError> {
        if self.names.contains_key(room) {
            return Err(MediaError::RoomExists);
        }
        if self.rooms.len() >= self.context.limits.rooms_per_worker {
            return Err(MediaError::TooMany("rooms"));
        }
        let key = self.next_room;
        self.next_room += 1;
        self.names.insert(room.clone(), key);
        self.rooms.insert(key, Room::new(key, room.clone(), tap));
        Ok(())
    }

    pub fn close_room(&mut self, room: &RoomId) {
        if let Some(mut room) = self
            .names
            .remove(room)
            .and_then(|key| self.rooms.remove(&key))
        {
            room.close(&mut self.context);
        }
    }

    pub fn answer_up(
        &mut self,
        room: &RoomId,
        seat: &SeatId,
        sdp: &str,
        sources: &[(Mid, Source)],
        now: Now,
    ) -> Result<String, MediaError> {
        let (room, context) = self.room(room)?;
        room.answer_up(seat, sdp, sources, now, context)
    }

    pub fn offer_down(
        &mut self,
        room: &RoomId,
        seat: &SeatId,
        now: Now,
    ) -> Result<DownOffer, MediaError> {
        let (room, context) = self.room(room)?;
        room.offer_down(seat, now, context)
    }

    pub fn accept_down(
        &mut self,
        room: &RoomId,
        seat: &SeatId,
        generation: u64,
        sdp: &str,
        now: Now,
    ) -> Result<(), MediaError> {
        let (room, context) = self.room(room)?;
        room.accept_down(seat, generation, sdp, now, context)
    }

    pub fn answer_down(
        &mut self,
        room: &RoomId,
        seat: &SeatId,
        sdp: &str,
        watch: Watch,
        now: Now,
    ) -> Result<String, MediaError> {
        let (room, context) = self.room(room)?;
        room.answer_down(seat, sdp, watch, now, context)
    }

    pub fn restart_ice(
        &mut self,
        room: &RoomId,
        seat: &SeatId,
        half: Half,
        remote_ufrag: Option<String>,
    ) -> Result<IceParameters, MediaError> {
        let (room, context) = self.room(room)?;
        room.restart_ice(seat, half, remote_ufrag, context)
    }

    pub fn set_policy(
        &mut self,
        room: &RoomId,
        policy: Policy,
        now: Now,
    ) -> Result<(), MediaError> {
        let (room, context) = self.room(room)?;
        room.set_policy(policy, now, context);
        Ok(())
    }

    pub fn set_views(
        &mut self,
        room: &RoomId,
        seat: &SeatId,
        views: Vec<View>,
        now: Now,
    ) -> Result<(), MediaError> {
        let (room, context) = self.room(room)?;
        room.set_views(seat, views, now, context)
    }

    pub fn request_keyframe(&mut self, room: &RoomId, track: &TrackId, now: Now) {
        if let Ok((room, context)) = self.room(room) {
            room.request_keyframe(track, now, context);
        }
    }

    pub fn close_half(&mut self, room: &RoomId, seat: &SeatId, half: Half) {
        if let Ok((room, context)) = self.room(room) {
            room.close_half(seat, half, context);
        }
    }

    pub fn remove_seat(&mut self, room: &RoomId, seat: &SeatId) {
        if let Ok((room, context)) = self.room(room) {
            room.remove_seat(seat, context);
        }
    }

    /// The rate at which a seat's down connection may send.
    #[cfg(test)]
    pub fn set_rate(&mut self, room: &RoomId, seat: &SeatId, bps: Option<u64>) {
        if let Ok((room, _)) = self.room(room) {
            room.set_rate(seat, bps);
        }
    }

    pub fn stats(&self, room: &RoomId, now: Now) -> Vec<SeatStats> {
        let room = self.names.get(room).and_then(|key| self.rooms.get(key));
        room.map(|room| room.stats(now)).unwrap_or_default()
    }

    fn room(&mut self, room: &RoomId) -> Result<(&mut Room, &mut Context), MediaError> {
        let key = self.names.get(room).ok_or(MediaError::UnknownRoom)?;
        let room = self.rooms.get_mut(key).ok_or(MediaError::UnknownRoom)?;
        Ok((room, &mut self.context))
    }
}

/// Datagrams and time.
impl Worker {
    /// Takes a datagram, told apart by its first byte (RFC 7983).
    pub fn datagram(&mut self, from: SocketAddr, datagram: &[u8], now: Now) {
        let known = self.context.by_address.get(&from).copied();
        if known.is_none() && !self.strangers.take(self.context.seen(from).ip(), now.at) {
            return;
        }
        match (datagram.first(), known) {
            (Some(0..=3), _) => self.stun(from, datagram, now),
            (Some(20..=63), Some(reference)) => {
                if let Some(room) = self.rooms.get_mut(&reference.room) {
                    room.dtls(reference, datagram, now, &mut self.context);
                }
            }
            (Some(128..=191), Some(reference)) => {
                if let Some(room) = self.rooms.get_mut(&reference.room) {
                    if is_rtcp(datagram) {
                        room.rtcp(reference, datagram.to_vec(), now, &mut self.context);
                    } else {
                        room.rtp(reference, datagram.to_vec(), now, &mut self.context);
                    }
                }
            }
            _ => {}
        }
    }

    fn stun(&mut self, from: SocketAddr, datagram: &[u8], now: Now) {
        let Some(check) = Check::parse(datagram) else {
            return;
        };
        let Some(&reference) = self.context.by_ufrag.get(&check.local_ufrag) else {
            return;
        };
        let Some(connection) = self.connection(reference) else {
            return;
        };
        if !check.verify(&connection.local.pwd) {
            return;
        }
        let pwd = connection.local.pwd.clone();
        let evicted = connection.checked(from, check.use_candidate, now.at);
        let Some(response) = check.success(self.context.seen(from), &pwd) else {
            return;
        };
        if let Some(evicted) =
            evicted.filter(|evicted| self.context.by_address.get(evicted) == Some(&reference))
        {
            self.context.by_address.remove(&evicted);
        }
        self.context.by_address.insert(from, reference);
        self.context.out.send(from, &response);
    }

    /// A stream is there, under a name of ours.
    pub fn stream_opened(&mut self, name: SocketAddr, from: SocketAddr) {
        self.context.streams.insert(name, from);
    }

    /// It is gone, and with it a path.
    pub fn stream_closed(&mut self, name: SocketAddr) {
        self.context.streams.remove(&name);
        let reference = self.context.by_address.remove(&name);
        if let Some(connection) = reference.and_then(|reference| self.connection(reference)) {
            connection.lose(name);
        }
    }

    /// Whether a connection has shown that it is there.
    pub fn knows(&self, from: SocketAddr) -> bool {
        self.context.by_address.contains_key(&from)
    }

    fn connection(&mut self, reference: ConnectionRef) -> Option<&mut crate::peer::Connection> {
        self.rooms
            .get_mut(&reference.room)?
            .connection_mut(reference)
    }

    /// Does what is due. To be called after each batch of datagrams and at [`Worker::next_tick`], or more often.
    pub fn tick(&mut self, now: Now) {
        self.spread(now);
        self.tick_rooms(now);
        self.release(now);
    }

    /// Sends on what was gathered for long enough.
    fn spread(&mut self, now: Now) {
        let gathering = &mut self.context.out.gathering;
        let due = gathering.iter().take_while(|(until, ..)| *until <= now.at);
        let due: Vec<_> = gathering.drain(..due.count()).collect();
        for (until, room, key) in due {
            if let Some(room) = self.rooms.get_mut(&room) {
                room.spread_if_due(key, until, now, &mut self.context);
            }
        }
    }

    /// Encrypts what the pacers let pass.
    fn release(&mut self, now: Now) {
        self.release_at = None;
        for reference in std::mem::take(&mut self.context.out.waiting) {
            if let Some(room) = self.rooms.get_mut(&reference.room) {
                let due = room.release(reference, now, &mut self.context);
                self.release_at = self.release_at.into_iter().chain(due).min();
            }
        }
    }

    fn tick_rooms(&mut self, now: Now) {
        if self
            .ticked
            .is_some_and(|at| now.at.saturating_duration_since(at) < TICK)
        {
            return;
        }
        self.ticked = Some(now.at);
        for room in self.rooms.values_mut() {
            room.tick(now, &mut self.context);
        }
    }

    /// When to tick next.
    pub fn next_tick(&self, now: Instant) -> Instant {
        let pause = if self.context.by_address.is_empty() {
            IDLE_TICK
        } else {
            TICK
        };
        let tick = self.ticked.map_or(now, |at| at + pause);
        let gathered = self.context.out.gathering.front().map(|(until, ..)| *until);
        let due = self.release_at.into_iter().chain(gathered);
        due.fold(tick, Instant::min)
    }

    /// What was produced: datagrams and events are to be taken out.
    pub fn output(&mut self) -> &mut Output {
        &mut self.context.out
    }
}

/// So many datagrams a second from strangers, and from any one address no more than a tenth: a single flood does not keep
/// others out.
#[derive(Debug)]
struct Budget {
    per_second: u32,
    left: u32,
    /// Bounded by `per_second`: emptied each second, grown by one a datagram at most.
    by_address: HashMap<IpAddr, u32>,
    since: Option<Instant>,
}

impl Budget {
    fn new(per_second: u32) -> Self {
        Budget {
            per_second,
            left: per_second,
            by_address: HashMap::new(),
            since: None,
        }
    }

    fn take(&mut self, from: IpAddr, now: Instant) -> bool {
        let second = Duration::from_secs(1);
        if self
            .since
            .is_none_or(|since| now.saturating_duration_since(since) >= second)
        {
            self.since = Some(now);
            self.left = self.per_second;
            self.by_address.clear();
        }
        if self.left == 0 {
            return false;
        }
        let taken = self.by_address.entry(from).or_default();
        if *taken >= self.per_second / 10 {
            return false;
        }
        *taken += 1;
        self.left -= 1;
        true
    }
}
