//! `kanjie bench-room`: the relay, its doors, tap and recorder without cases, accounts or web app, for load generators.
//!
//! Every room exists. Whoever has the one token may publish under a name and play any name. On loopback alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kanjie_domain::doors::{Direction, Shown, plain};
use kanjie_media::{
    Half, Limits, Policy, Publishing, Relay, RelayConfig, RelayEvent, RoomId, SeatId, Transport,
    Watch, machine_sources,
};
use kanjie_recordings::{Recorder, RecorderConfig};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::doors::refused;
use super::room_of;
use super::tap::{Holders, RecordingTap};
use crate::cli;
use crate::config::Config;
use crate::doors::entries::Entries;
use crate::doors::{At, Bearer, DoorError, Doors, Knock, Opened, Patch, Patched, http};
use crate::env::SystemEnv;
use crate::error::Failure;
use crate::net::listen::{self, Front};
use crate::net::{Connections, tls};
use crate::{problem, serve};

/// Seats of one room: more than a session has.
const SEATS: usize = 8_192;
/// Players that a room's policy knows ahead, so that a join needs none of its own.
const PLAYERS: usize = 1_024;
const EVENTS: usize = 16_384;
const CONNECTIONS: usize = 16_384;

/// How it is started.
#[derive(Debug)]
pub struct Options {
    pub listen: SocketAddr,
    pub token: String,
    pub workers: usize,
}

/// Runs until the process is asked to end.
///
/// # Errors
/// Where the address is not on loopback, or cannot be listened on.
pub async fn run(options: Options) -> Result<(), Failure> {
    if !options.listen.ip().is_loopback() {
        let why = "bench-room has no accounts and one token: it listens on loopback only";
        return Err(Failure::Usage(why.to_owned()));
    }
    let dir = TempDir::new()?;
    let (told, events) = mpsc::channel(EVENTS);
    let config = RelayConfig {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        ports: Vec::new(),
        workers: options.workers.max(1),
        advertise: Vec::new(),
        limits: Limits {
            seats_per_room: SEATS,
            rooms_per_worker: SEATS,
            unknown_per_second: 1_000_000,
            ..Limits::default()
        },
    };
    let relay = Relay::start(config, told).map_err(|error| Failure::Rooms(error.to_string()))?;
    let certificate = tls::Certificate::open(&Config {
        data: dir.path().to_owned(),
        ..Config::default()
    })?;
    let listener = TcpListener::bind(options.listen).await;
    let listener = listener.map_err(|source| Failure::Listen {
        address: options.listen,
        source,
    })?;
    let address = listener.local_addr()?;
    let bench = Bench(Arc::new(Inner {
        relay,
        token: options.token,
        env: SystemEnv::new(),
        dir,
        rooms: Mutex::default(),
    }));
    let router = http::routes::<Bench, Bench>()
        .fallback(problem::not_found)
        .layer(axum::middleware::from_fn(problem::in_callers_language));
    let front = Front {
        tls: tls::server_config(certificate)?,
        router: router.with_state(bench.clone()),
        connections: Connections::new(CONNECTIONS, CONNECTIONS, Duration::from_secs(10)),
    };
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(listen::accept(listener, front, stopping));
    let dispatch = tokio::spawn(bench.clone().dispatch(events));
    cli::say(&format!("ready https://{address}"));
    serve::asked_to_end().await?;
    let _ = stop.send(true);
    tasks.join_all().await;
    dispatch.abort();
    bench.end_all().await;
    Ok(())
}

/// The rooms; clones share them.
#[derive(Clone)]
struct Bench(Arc<Inner>);

struct Inner {
    relay: Relay,
    token: String,
    env: SystemEnv,
    dir: TempDir,
    rooms: Mutex<HashMap<String, Arc<tokio::sync::Mutex<BenchRoom>>>>,
}

/// One room. `recorder` is there as long as the room is.
#[derive(Default)]
struct BenchRoom {
    recorder: Option<Recorder>,
    entries: Entries,
    /// Seats by the name of the source.
    sources: BTreeMap<String, String>,
    seats: usize,
    players: usize,
}

impl Bench {
    fn room(&self, name: &str) -> Arc<tokio::sync::Mutex<BenchRoom>> {
        let rooms = self.0.rooms.lock();
        let mut rooms = rooms.unwrap_or_else(PoisonError::into_inner);
        rooms.entry(name.to_owned()).or_default().clone()
    }

    fn known(&self, bearer: &Bearer) -> Result<(), DoorError> {
        let (theirs, ours) = (bearer.0.as_bytes(), self.0.token.as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(theirs, ours)
            .map_err(|_| DoorError::Token)
    }

    /// Opens the relay's room and a recorder for it.
    async fn begin(&self, name: &str, room: &mut BenchRoom) -> Result<(), DoorError> {
        if room.recorder.is_some() {
            return Ok(());
        }
        let dir = self.0.dir.path().join(hex::encode(name));
        let config = RecorderConfig {
            epoch: self.0.relay.epoch(),
            ..RecorderConfig::default()
        };
        let session = name.to_owned();
        // Nobody keeps a journal of it.
        let opened = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&dir)?;
            Recorder::open(&dir, &session, config, |_| {}).map_err(std::io::Error::other)
        });
        let unavailable = |error: &dyn std::fmt::Display| {
            tracing::error!(room = name, %error, "no recorder");
            DoorError::Unavailable
        };
        let opened = opened.await.map_err(|error| unavailable(&error))?;
        let (recorder, _) = opened.map_err(|error| unavailable(&error))?;
        let tap = RecordingTap::new(recorder.intake(), Holders::default());
        let id = RoomId(name.to_owned());
        let opened = self.0.relay.open_room(&id, Arc::new(tap)).await;
        opened.map_err(refused)?;
        room.recorder = Some(recorder);
        Ok(())
    }

    async fn publish(
        &self,
        id: &RoomId,
        room: &mut BenchRoom,
        knock: &Knock,
    ) -> Result<(String, String), DoorError> {
        let name = knock.name.clone().unwrap_or_else(|| "source".to_owned());
        let sources = machine_sources(&knock.offer).map_err(refused)?;
        room.seats += 1;
        let seat = format!("m{}", room.seats);
        if let Some(before) = room.sources.insert(name, seat.clone()) {
            room.entries.remove_seat(&before);
            self.0.relay.remove_seat(id, &SeatId(before)).await;
        }
        let relay_seat = SeatId(seat.clone());
        let answered = self
            .0
            .relay
            .answer_up(id, &relay_seat, &knock.offer, &sources);
        let answer = answered.await.map_err(refused)?;
        self.allow(id, room).await?;
        Ok((seat, answer))
    }

    async fn play(
        &self,
        id: &RoomId,
        room: &mut BenchRoom,
        knock: &Knock,
    ) -> Result<(String, String), DoorError> {
        let name = knock.name.as_deref().unwrap_or_default();
        let watch = match (room.sources.get(name), plain(name)) {
            (Some(seat), _) => Watch::Seat {
                seat: SeatId(seat.clone()),
                screen: false,
            },
            (None, Some(Shown::ActiveSpeaker)) => Watch::ActiveSpeaker,
            (None, Some(Shown::Seat { seat, screen })) => Watch::Seat {
                seat: SeatId(seat.0),
                screen,
            },
            (None, None) => return Err(DoorError::NotReady),
        };
        room.players += 1;
        if room.players.is_multiple_of(PLAYERS) {
            self.allow(id, room).await?;
        }
        let seat = format!("p{}", room.players);
        let relay_seat = SeatId(seat.clone());
        let answered = self
            .0
            .relay
            .answer_down(id, &relay_seat, &knock.offer, watch);
        Ok((seat, answered.await.map_err(refused)?))
    }

    /// Everything is recorded and open to every player there is or will soon be.
    async fn allow(&self, id: &RoomId, room: &BenchRoom) -> Result<(), DoorError> {
        let players = (room.players / PLAYERS + 1) * PLAYERS;
        let first = players.saturating_sub(SEATS) + 1;
        let to: BTreeSet<SeatId> = (first..=players).map(|n| SeatId(format!("p{n}"))).collect();
        let publishing = Publishing { to, record: true };
        let seats = room.sources.values();
        let seats = seats.map(|seat| (SeatId(seat.clone()), publishing.clone()));
        let policy = Policy {
            seats: seats.collect(),
            ready: BTreeSet::new(),
        };
        let told = self.0.relay.set_policy(id, policy).await;
        told.map_err(refused)
    }

    /// Forgets what a seat had; a room ends with its last connection.
    async fn lose(&self, name: &str, room: &mut BenchRoom, seat: &str) {
        let id = RoomId(name.to_owned());
        if !room.entries.remove_seat(seat) {
            return;
        }
        room.sources.retain(|_, source| source != seat);
        self.0
            .relay
            .remove_seat(&id, &SeatId(seat.to_owned()))
            .await;
        if room.entries.is_empty() {
            self.end(name, room).await;
        }
    }

    async fn end(&self, name: &str, room: &mut BenchRoom) {
        self.0.relay.close_room(&RoomId(name.to_owned())).await;
        if let Some(recorder) = room.recorder.take() {
            recorder.stop().await;
        }
        // It takes up much, and proves nothing.
        let dir = self.0.dir.path().join(hex::encode(name));
        let _ = tokio::fs::remove_dir_all(dir).await;
        *room = BenchRoom::default();
    }

    async fn end_all(&self) {
        let rooms = {
            let rooms = self.0.rooms.lock();
            std::mem::take(&mut *rooms.unwrap_or_else(PoisonError::into_inner))
        };
        for (name, room) in rooms {
            self.end(&name, &mut *room.lock().await).await;
        }
    }

    async fn dispatch(self, mut events: mpsc::Receiver<RelayEvent>) {
        while let Some(event) = events.recv().await {
            if let RelayEvent::Disconnected { seat, .. } = &event {
                let name = &room_of(&event).0;
                let room = self.room(name);
                self.lose(name, &mut *room.lock().await, &seat.0).await;
            }
        }
    }
}

impl Doors for Bench {
    async fn open(&self, name: &str, knock: Knock) -> Result<Opened, DoorError> {
        self.known(&knock.bearer)?;
        if name.len() > 100 {
            return Err(DoorError::NotFound);
        }
        let room = self.room(name);
        let mut room = room.lock().await;
        let id = RoomId(name.to_owned());
        self.begin(name, &mut room).await?;
        let let_in = match knock.direction {
            Direction::Publish => self.publish(&id, &mut room, &knock).await,
            Direction::Play => self.play(&id, &mut room, &knock).await,
        };
        let (seat, answer) = match let_in {
            Ok(let_in) => let_in,
            Err(error) => {
                if room.entries.is_empty() {
                    self.end(name, &mut room).await;
                }
                return Err(error);
            }
        };
        let entries = &mut room.entries;
        let resource = entries.add(&self.0.env, knock.direction, &seat, &knock.offer);
        Ok(Opened {
            resource,
            answer,
            version: 1,
        })
    }

    async fn patch(&self, name: &str, at: At, patch: Patch) -> Result<Patched, DoorError> {
        self.known(&at.bearer)?;
        let room = self.room(name);
        let mut room = room.lock().await;
        if !room.entries.restarts(&at.resource, &patch)? {
            return Ok(Patched::Trickled);
        }
        let entry = room.entries.get(&at.resource).ok_or(DoorError::NotFound)?;
        let (seat, half) = (SeatId(entry.seat.clone()), half(entry.direction));
        let id = RoomId(name.to_owned());
        let restarted = self
            .0
            .relay
            .restart_ice(&id, &seat, half, Some(&patch.ufrag));
        let ice = restarted.await.map_err(refused)?;
        let version = room.entries.restarted(&at.resource, &patch.ufrag);
        Ok(Patched::Restarted {
            ufrag: ice.ufrag,
            pwd: ice.pwd,
            candidates: ice.candidates,
            version,
        })
    }

    async fn close(&self, name: &str, at: At) -> Result<(), DoorError> {
        self.known(&at.bearer)?;
        let room = self.room(name);
        let mut room = room.lock().await;
        let entry = room.entries.get(&at.resource).ok_or(DoorError::NotFound)?;
        let seat = entry.seat.clone();
        self.lose(name, &mut room, &seat).await;
        Ok(())
    }
}

const fn half(direction: Direction) -> Half {
    match direction {
        Direction::Publish => Half::Up,
        Direction::Play => Half::Down,
    }
}
