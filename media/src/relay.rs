//! The relay's rim: worker threads, their sockets and the clocks. All else is in [`crate::worker`].

#[cfg(test)]
mod handover;
mod socket;
mod tcp;
mod thread;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::sync::{mpsc, oneshot};

use crate::api::{
    DownOffer, Half, IceParameters, MediaError, Mid, Policy, RelayConfig, RelayEvent, RoomId,
    SeatId, Source, TrackId, Transport, View, Watch,
};
use crate::dtls::Identity;
use crate::sdp::Candidate;
use crate::stats::SeatStats;
use crate::tap::Tap;
use crate::worker::{Now, Worker};
use tcp::Streams;
pub use tcp::is_stream;
use thread::{Thread, bind, spawn};

/// Commands waiting for a worker.
const COMMANDS: usize = 256;

type Command = Box<dyn FnOnce(&mut Worker, Now) + Send>;

/// The running relay. Clones share it; it stops when the last is dropped.
#[derive(Clone)]
pub struct Relay {
    inner: Arc<Inner>,
}

struct Inner {
    workers: Vec<mpsc::Sender<Command>>,
    addresses: Vec<SocketAddr>,
    tcp_addresses: Vec<SocketAddr>,
    /// Which worker a room is on: looked up for commands, never for packets.
    rooms: Mutex<HashMap<RoomId, usize>>,
    epoch: Instant,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("addresses", &self.inner.addresses)
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// Binds the sockets and starts the threads.
    pub fn start(
        config: RelayConfig,
        events: mpsc::Sender<RelayEvent>,
    ) -> Result<Relay, MediaError> {
        if config.bind.is_unspecified() && config.advertise.is_empty() {
            let missing = "bound to every address, but none is advertised: name one";
            return Err(MediaError::Start(missing.to_owned()));
        }
        let identity = Identity::generate()?;
        let epoch = Instant::now();
        let (mut workers, mut addresses) = (Vec::new(), Vec::new());
        let mut tcp_addresses = Vec::new();
        for number in 0..config.workers.max(1) {
            let socket = bind(SocketAddr::new(
                config.bind,
                config.ports.get(number).copied().unwrap_or(0),
            ))
            .map_err(|error| MediaError::Start(error.to_string()))?;
            let address = socket
                .local_addr()
                .map_err(|error| MediaError::Start(error.to_string()))?;
            let failed = |error: std::io::Error| MediaError::Start(error.to_string());
            let listener = tcp::bind(address).map_err(failed)?;
            let tcp_address = listener.local_addr().map_err(failed)?;
            let candidates = candidates(&config, address, tcp_address);
            let mut seed = [0; 32];
            OsRng
                .try_fill_bytes(&mut seed)
                .map_err(|_| MediaError::Crypto("no randomness"))?;
            let worker = Worker::new(identity.clone(), config.limits.clone(), candidates, seed);
            let (sender, commands) = mpsc::channel(COMMANDS);
            let streams = Streams::default();
            tcp::spawn(number, listener, streams.clone(), sender.downgrade())?;
            spawn(
                number,
                Thread {
                    worker,
                    commands,
                    events: events.clone(),
                    backlog: Vec::new(),
                    streams,
                    epoch,
                },
                socket,
            )?;
            workers.push(sender);
            addresses.push(address);
            tcp_addresses.push(tcp_address);
        }
        Ok(Relay {
            inner: Arc::new(Inner {
                workers,
                addresses,
                tcp_addresses,
                rooms: Mutex::default(),
                epoch,
            }),
        })
    }

    /// The sockets' local addresses, one a worker.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.inner.addresses
    }

    /// Where each worker takes streams (ICE-TCP).
    pub fn tcp_addresses(&self) -> &[SocketAddr] {
        &self.inner.tcp_addresses
    }

    /// Where [`crate::TapPacket::mono_us`] counts from.
    pub fn epoch(&self) -> Instant {
        self.inner.epoch
    }

    fn worker_of(&self, room: &RoomId) -> Option<usize> {
        self.inner
            .rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(room)
            .copied()
    }

    /// Puts a room on the worker that has the fewest.
    fn place(&self, room: &RoomId) -> Option<usize> {
        let mut rooms = self
            .inner
            .rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if rooms.contains_key(room) {
            return None;
        }
        let load = |worker: &usize| rooms.values().filter(|placed| *placed == worker).count();
        let worker = (0..self.inner.workers.len()).min_by_key(load)?;
        rooms.insert(room.clone(), worker);
        Some(worker)
    }

    fn displace(&self, room: &RoomId) {
        self.inner
            .rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(room);
    }

    /// Runs something on a worker and waits for its result.
    async fn on<T: Send + 'static>(
        &self,
        worker: usize,
        task: impl FnOnce(&mut Worker, Now) -> T + Send + 'static,
    ) -> Result<T, MediaError> {
        let (reply, result) = oneshot::channel();
        let command: Command = Box::new(move |worker, now| {
            // The caller may have gone; what it asked for is done all the same.
            let _ = reply.send(task(worker, now));
        });
        let sender = self.inner.workers.get(worker).ok_or(MediaError::Stopped)?;
        sender
            .send(command)
            .await
            .map_err(|_| MediaError::Stopped)?;
        result.await.map_err(|_| MediaError::Stopped)
    }

    async fn in_room<T: Send + 'static>(
        &self,
        room: &RoomId,
        task: impl FnOnce(&mut Worker, &RoomId, Now) -> Result<T, MediaError> + Send + 'static,
    ) -> Result<T, MediaError> {
        let worker = self.worker_of(room).ok_or(MediaError::UnknownRoom)?;
        let room = room.clone();
        self.on(worker, move |worker, now| task(worker, &room, now))
            .await?
    }
}

impl Transport for Relay {
    async fn open_room(&self, room: &RoomId, tap: Arc<dyn Tap>) -> Result<(), MediaError> {
        let worker = self.place(room).ok_or(MediaError::RoomExists)?;
        let name = room.clone();
        let opened = self
            .on(worker, move |worker, _| worker.open_room(&name, tap))
            .await
            .flatten();
        if opened.is_err() {
            self.displace(room);
        }
        opened
    }

    async fn close_room(&self, room: &RoomId) {
        // Nothing is left to close when the room or the relay is gone.
        let _ = self
            .in_room(room, |worker, room, _| {
                worker.close_room(room);
                Ok(())
            })
            .await;
        self.displace(room);
    }

    async fn answer_up(
        &self,
        room: &RoomId,
        seat: &SeatId,
        offer_sdp: &str,
        sources: &[(Mid, Source)],
    ) -> Result<String, MediaError> {
        let (seat, sdp, sources) = (seat.clone(), offer_sdp.to_owned(), sources.to_vec());
        self.in_room(room, move |worker, room, now| {
            worker.answer_up(room, &seat, &sdp, &sources, now)
        })
        .await
    }

    async fn offer_down(&self, room: &RoomId, seat: &SeatId) -> Result<DownOffer, MediaError> {
        let seat = seat.clone();
        self.in_room(room, move |worker, room, now| {
            worker.offer_down(room, &seat, now)
        })
        .await
    }

    async fn accept_down(
        &self,
        room: &RoomId,
        seat: &SeatId,
        generation: u64,
        answer_sdp: &str,
    ) -> Result<(), MediaError> {
        let (seat, sdp) = (seat.clone(), answer_sdp.to_owned());
        self.in_room(room, move |worker, room, now| {
            worker.accept_down(room, &seat, generation, &sdp, now)
        })
        .await
    }

    async fn answer_down(
        &self,
        room: &RoomId,
        seat: &SeatId,
        offer_sdp: &str,
        watch: Watch,
    ) -> Result<String, MediaError> {
        let (seat, sdp) = (seat.clone(), offer_sdp.to_owned());
        self.in_room(room, move |worker, room, now| {
            worker.answer_down(room, &seat, &sdp, watch, now)
        })
        .await
    }

    async fn restart_ice(
        &self,
        room: &RoomId,
        seat: &SeatId,
        half: Half,
        remote_ufrag: Option<&str>,
    ) -> Result<IceParameters, MediaError> {
        let (seat, ufrag) = (seat.clone(), remote_ufrag.map(str::to_owned));
        self.in_room(room, move |worker, room, _| {
            worker.restart_ice(room, &seat, half, ufrag)
        })
        .await
    }

    async fn set_policy(&self, room: &RoomId, policy: Policy) -> Result<(), MediaError> {
        self.in_room(room, move |worker, room, now| {
            worker.set_policy(room, policy, now)
        })
        .await
    }

    async fn set_views(
        &self,
        room: &RoomId,
        seat: &SeatId,
        views: Vec<View>,
    ) -> Result<(), MediaError> {
        let seat = seat.clone();
        self.in_room(room, move |worker, room, now| {
            worker.set_views(room, &seat, views, now)
        })
        .await
    }

    async fn request_keyframe(&self, room: &RoomId, track: &TrackId) {
        let track = track.clone();
        let task = move |worker: &mut Worker, room: &RoomId, now: Now| {
            worker.request_keyframe(room, &track, now);
            Ok(())
        };
        // An unknown room has no track to ask for.
        let _ = self.in_room(room, task).await;
    }

    async fn close_half(&self, room: &RoomId, seat: &SeatId, half: Half) {
        let seat = seat.clone();
        let task = move |worker: &mut Worker, room: &RoomId, _: Now| {
            worker.close_half(room, &seat, half);
            Ok(())
        };
        // An unknown room has no connection to close.
        let _ = self.in_room(room, task).await;
    }

    async fn remove_seat(&self, room: &RoomId, seat: &SeatId) {
        let seat = seat.clone();
        let task = move |worker: &mut Worker, room: &RoomId, _: Now| {
            worker.remove_seat(room, &seat);
            Ok(())
        };
        // An unknown room has no seat to remove.
        let _ = self.in_room(room, task).await;
    }

    async fn stats(&self, room: &RoomId) -> Vec<SeatStats> {
        self.in_room(room, |worker, room, now| Ok(worker.stats(room, now)))
            .await
            .unwrap_or_default()
    }
}

fn candidates(config: &RelayConfig, bound: SocketAddr, tcp: SocketAddr) -> Vec<Candidate> {
    if config.advertise.is_empty() {
        return vec![Candidate::Udp(bound), Candidate::Tcp(tcp)];
    }
    let advertised = config.advertise.iter();
    advertised
        .flat_map(|at| {
            let port = |seen: Option<u16>, bound: SocketAddr| {
                SocketAddr::new(at.address, seen.unwrap_or(bound.port()))
            };
            let udp = Candidate::Udp(port(at.udp_port, bound));
            [udp, Candidate::Tcp(port(at.tcp_port, tcp))]
        })
        .collect()
}
