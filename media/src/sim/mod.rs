#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! A room in virtual time: the worker, its clients, and links that lose, delay and reorder by a seed.

mod client;
mod network;
mod received;
mod scenarios;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::api::{Half, Limits, Policy, Publishing, RelayEvent, RoomId, SeatId, Source, Watch};
use crate::dtls::Identity;
use crate::sdp::Candidate;
use crate::tap::{Tap, TapPacket};
use crate::worker::{Now, Worker};
pub use client::{Client, Encoding};
pub use network::{Class, Loss, Path, Wire};

/// Keeps what the recording would get.
#[derive(Debug, Default)]
pub struct MemoryTap(pub Mutex<Vec<TapPacket>>);

impl Tap for MemoryTap {
    fn packet(&self, packet: TapPacket) {
        self.0.lock().unwrap().push(packet);
    }
}

/// FNV-1a: enough to tell two traces apart.
#[derive(Clone, Copy, Debug)]
pub struct Digest(pub u64);

impl Default for Digest {
    fn default() -> Self {
        Digest(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

struct InFlight {
    to_relay: bool,
    client: SocketAddr,
    bytes: Vec<u8>,
}

/// The simulated world.
pub struct World {
    pub worker: Worker,
    pub clients: BTreeMap<SocketAddr, Client>,
    wires: BTreeMap<(SocketAddr, bool), Wire>,
    pub events: Vec<RelayEvent>,
    pub tap: Arc<MemoryTap>,
    start: Instant,
    elapsed: Duration,
    seed: u64,
    rng: StdRng,
    queue: BinaryHeap<Reverse<(Duration, u64)>>,
    flying: BTreeMap<u64, InFlight>,
    sent: u64,
    next_port: u16,
    red: bool,
    /// Answers that the room logic is slow to bring: not before that long after the offer.
    pub signalling: Duration,
    answers: Vec<(Duration, SocketAddr, u64, String)>,
}

pub fn room() -> RoomId {
    RoomId("room".to_owned())
}

pub fn seat(name: &str) -> SeatId {
    SeatId(name.to_owned())
}

/// Everybody may receive everybody, and all is recorded.
pub fn open_policy(names: &[&str]) -> Policy {
    let to: BTreeSet<SeatId> = names.iter().map(|name| seat(name)).collect();
    let seats = to
        .iter()
        .map(|name| {
            (
                name.clone(),
                Publishing {
                    to: to.clone(),
                    record: true,
                },
            )
        })
        .collect();
    Policy {
        seats,
        ..Policy::default()
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let identity = Identity::generate().unwrap();
        let candidates = vec![Candidate::Udp("198.51.100.1:5000".parse().unwrap())];
        let mut worker = Worker::new(identity, Limits::default(), candidates, rng.random());
        let tap = Arc::new(MemoryTap::default());
        worker.open_room(&room(), tap.clone()).unwrap();
        World {
            worker,
            clients: BTreeMap::new(),
            wires: BTreeMap::new(),
            events: Vec::new(),
            tap,
            start: Instant::now(),
            elapsed: Duration::ZERO,
            seed,
            rng,
            queue: BinaryHeap::new(),
            flying: BTreeMap::new(),
            sent: 0,
            next_port: 1000,
            red: false,
            signalling: Duration::ZERO,
            answers: Vec::new(),
        }
    }

    pub fn now(&self) -> Now {
        let us = self.elapsed.as_micros() as u64;
        Now {
            at: self.start + self.elapsed,
            mono_us: us,
            wall_us: 1_790_000_000_000_000 + us as i64,
        }
    }

    pub fn set_policy(&mut self, policy: Policy) {
        let now = self.now();
        self.worker.set_policy(&room(), policy, now).unwrap();
        self.collect();
    }

    /// A client that publishes from those sources; its packets flow once it is connected.
    pub fn publish(&mut self, name: &str, sources: &[Source]) -> SocketAddr {
        self.publish_as(name, sources, &[])
    }

    /// The same, its pictures in these encodings: one, or several simulcast layers.
    pub fn publish_as(
        &mut self,
        name: &str,
        sources: &[Source],
        encodings: &[Encoding],
    ) -> SocketAddr {
        let address = self.fresh_address();
        let now = self.now();
        let mut client = Client::new(name, Half::Up, &mut self.rng, now);
        client.red = self.red;
        let (offer, mids) = client.offer(sources, encodings);
        let answer = self
            .worker
            .answer_up(&room(), &seat(name), &offer, &mids, now)
            .unwrap();
        client.take_description(&answer);
        self.clients.insert(address, client);
        self.set_path(address, Path::default());
        self.collect();
        address
    }

    /// A client that publishes sound with its past in each packet.
    pub fn publish_with_red(&mut self, name: &str, sources: &[Source]) -> SocketAddr {
        self.red = true;
        let address = self.publish(name, sources);
        self.red = false;
        address
    }

    /// A client that takes sound with its past.
    pub fn subscribe_with_red(&mut self, name: &str) -> SocketAddr {
        self.red = true;
        let address = self.subscribe(name);
        self.red = false;
        address
    }

    /// A client that receives; it answers each offer as the room logic would have it do.
    pub fn subscribe(&mut self, name: &str) -> SocketAddr {
        let address = self.fresh_address();
        let now = self.now();
        let mut client = Client::new(name, Half::Down, &mut self.rng, now);
        client.red = self.red;
        self.clients.insert(address, client);
        self.set_path(address, Path::default());
        self.negotiate_down(address);
        address
    }

    /// A client that offers to receive.
    pub fn watch(&mut self, name: &str, watch: Watch) -> SocketAddr {
        let address = self.fresh_address();
        let now = self.now();
        let mut client = Client::new(name, Half::Down, &mut self.rng, now);
        let offer = client.offer_to_receive();
        let answer = self
            .worker
            .answer_down(&room(), &seat(name), &offer, watch, now)
            .unwrap();
        client.take_description(&answer);
        self.clients.insert(address, client);
        self.set_path(address, Path::default());
        self.collect();
        address
    }

    /// The client is on another network and restarts ICE there, without a description.
    pub fn restart_ice_alone(&mut self, from: SocketAddr) -> SocketAddr {
        let to = self.move_client(from);
        let client = self.clients.get_mut(&to).unwrap();
        let restarted = self
            .worker
            .restart_ice(&room(), &client.seat, client.half, None)
            .unwrap();
        client.take_ice(&restarted.ufrag, &restarted.pwd);
        to
    }

    fn negotiate_down(&mut self, address: SocketAddr) {
        let now = self.now();
        let due = self.elapsed + self.signalling;
        let client = self.clients.get_mut(&address).unwrap();
        let offer = self.worker.offer_down(&room(), &client.seat, now).unwrap();
        client.take_description(&offer.sdp);
        client.tracks = offer.tracks;
        let answer = client.answer(&offer.sdp);
        self.answers.push((due, address, offer.generation, answer));
        self.collect();
    }

    /// The client's address changes, and nothing else.
    pub fn move_client(&mut self, from: SocketAddr) -> SocketAddr {
        let to = self.fresh_address();
        let mut client = self.clients.remove(&from).unwrap();
        client.moved();
        self.clients.insert(to, client);
        self.set_path(to, Path::default());
        to
    }

    /// The publisher restarts ICE from a new address.
    pub fn restart_ice(&mut self, from: SocketAddr) -> SocketAddr {
        let to = self.move_client(from);
        let client = self.clients.get_mut(&to).unwrap();
        let (offer, sources) = client.restart_ice(&mut self.rng);
        let name = client.seat.clone();
        let now = self.now();
        let answer = self
            .worker
            .answer_up(&room(), &name, &offer, &sources, now)
            .unwrap();
        self.clients.get_mut(&to).unwrap().take_description(&answer);
        self.collect();
        to
    }

    /// What happened in the room, as a digest: events, and every packet in the clear with its time.
    pub fn trace(&self) -> u64 {
        let mut digest = Digest::default();
        for event in &self.events {
            digest.add(format!("{event:?}").as_bytes());
        }
        for packet in self.tap.0.lock().unwrap().iter() {
            digest.add(&packet.mono_us.to_be_bytes());
            digest.add(&packet.payload);
        }
        for client in self.clients.values() {
            digest.add(&client.trace.0.to_be_bytes());
        }
        digest.0
    }

    fn fresh_address(&mut self) -> SocketAddr {
        self.next_port += 1;
        SocketAddr::new("192.0.2.1".parse().unwrap(), self.next_port)
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.elapsed + time;
        while self.elapsed < end {
            self.step();
        }
    }

    /// Lets time pass until something is so; fails after `limit`.
    pub fn run_until(
        &mut self,
        limit: Duration,
        what: &str,
        so: impl Fn(&World) -> bool,
    ) -> Duration {
        let begun = self.elapsed;
        while !so(self) {
            assert!(self.elapsed - begun < limit, "not within {limit:?}: {what}");
            self.step();
        }
        self.elapsed - begun
    }

    /// A millisecond: what arrives within it arrives at its own time; everybody's timers at its end.
    fn step(&mut self) {
        let end = self.elapsed + Duration::from_millis(1);
        while let Some(Reverse((due, number))) = self
            .queue
            .peek()
            .copied()
            .filter(|Reverse((due, _))| *due <= end)
        {
            self.queue.pop();
            self.elapsed = self.elapsed.max(due);
            let Some(flying) = self.flying.remove(&number) else {
                continue;
            };
            let now = self.now();
            if flying.to_relay {
                self.worker.datagram(flying.client, &flying.bytes, now);
                self.collect();
            } else if let Some(client) = self.clients.get_mut(&flying.client) {
                client.datagram(&flying.bytes, now);
            }
        }
        self.elapsed = end;
        let now = self.now();
        let (due, later) = std::mem::take(&mut self.answers)
            .into_iter()
            .partition(|(due, ..)| *due <= self.elapsed);
        self.answers = later;
        let due: Vec<(Duration, SocketAddr, u64, String)> = due;
        for (_, address, generation, answer) in due {
            let name = self.clients[&address].seat.clone();
            // An answer that a newer offer overtook is refused, as it must be.
            let _ = self
                .worker
                .accept_down(&room(), &name, generation, &answer, now);
        }
        self.worker.tick(now);
        let addresses: Vec<SocketAddr> = self.clients.keys().copied().collect();
        for address in addresses {
            self.clients.get_mut(&address).unwrap().tick(now);
            let outgoing = std::mem::take(&mut self.clients.get_mut(&address).unwrap().outgoing);
            outgoing
                .into_iter()
                .for_each(|bytes| self.send(true, address, bytes));
        }
        self.collect();
    }

    fn collect(&mut self) {
        let output = self.worker.output();
        let datagrams = std::mem::take(&mut output.datagrams);
        let events = std::mem::take(&mut output.events);
        for (to, bytes) in datagrams.iter() {
            self.send(false, to, bytes.to_vec());
        }
        for event in events {
            if let RelayEvent::DownNeedsOffer { seat, .. } = &event {
                let found = self
                    .clients
                    .iter()
                    .find(|(_, client)| client.half == Half::Down && client.seat == *seat);
                if let Some(address) = found.map(|(address, _)| *address) {
                    self.negotiate_down(address);
                }
            }
            if let RelayEvent::LayersWanted { track, rids, .. } = &event {
                let publisher = self.clients.values_mut().filter(|c| c.half == Half::Up);
                for client in publisher.filter(|client| client.seat == track.seat) {
                    client.send_layers(track.source, rids);
                }
            }
            self.events.push(event);
        }
    }

    fn send(&mut self, to_relay: bool, client: SocketAddr, bytes: Vec<u8>) {
        let Some(wire) = self.wires.get_mut(&(client, to_relay)) else {
            return;
        };
        for arrival in wire.send(bytes.len(), Class::of(&bytes), self.elapsed) {
            self.sent += 1;
            self.queue.push(Reverse((arrival, self.sent)));
            let bytes = bytes.clone();
            self.flying.insert(
                self.sent,
                InFlight {
                    to_relay,
                    client,
                    bytes,
                },
            );
        }
    }

    /// The network of a client changes, in both directions.
    pub fn set_path(&mut self, client: SocketAddr, path: Path) {
        self.set_paths(client, path, path);
    }

    /// The network of a client changes: toward the relay, and from it.
    pub fn set_paths(&mut self, client: SocketAddr, to_relay: Path, from_relay: Path) {
        for (direction, path) in [(true, to_relay), (false, from_relay)] {
            let seed = self.seed ^ u64::from(client.port()) << 32 ^ u64::from(direction);
            self.wires
                .entry((client, direction))
                .or_insert_with(|| Wire::new(path, seed))
                .change(path, self.elapsed);
        }
    }

    /// One direction of a client's network, as it went.
    pub fn wire(&self, client: SocketAddr, to_relay: bool) -> &Wire {
        &self.wires[&(client, to_relay)]
    }

    /// Copies of what is on its way to the relay.
    pub fn sample(&self) -> Vec<Vec<u8>> {
        self.flying
            .values()
            .filter(|flying| flying.to_relay)
            .map(|flying| flying.bytes.clone())
            .take(8)
            .collect()
    }

    pub fn client_mut(&mut self, address: SocketAddr) -> &mut Client {
        self.clients.get_mut(&address).unwrap()
    }

    pub fn client(&self, address: SocketAddr) -> &Client {
        &self.clients[&address]
    }
}
