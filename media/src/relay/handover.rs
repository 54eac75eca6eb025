#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]
//! A surveyor walks from one network into another: over real sockets, between two network namespaces with two links.
//!
//! It needs `ip netns` and the right to make namespaces. Where they cannot be made it says why and ends; with `KANJIE_NETNS`
//! set, as `scripts/test` does where it runs as root, that is a failure. With `KANJIE_SOAK_SECONDS` set, as `make soak` does, it also holds the
//! bar of one second.

use std::fs::File;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::sync::mpsc;

use super::Relay;
use crate::api::{Advertise, Half, Limits, RelayConfig, RelayEvent, Source, Transport};
use crate::sim::{Client, MemoryTap, open_policy, room, seat};
use crate::worker::Now;

const PATIENCE: Duration = Duration::from_secs(20);
const PORT: u16 = 40_001;
/// The bar of design.md section 6.
const BAR: Duration = Duration::from_secs(1);

fn run(line: &str) -> Result<(), String> {
    let words: Vec<&str> = line.split(' ').collect();
    let done = Command::new(words[0]).args(&words[1..]).output();
    let done = done.map_err(|error| format!("{line}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("{line}: {}", said.trim()))
}

/// Two namespaces, the relay's and the walker's, with links `wifi` and `cell`; gone when dropped.
struct Networks {
    here: String,
    there: String,
}

impl Networks {
    fn lay() -> Result<Self, String> {
        let name = |which: &str| format!("{which}{}", std::process::id());
        let networks = Networks {
            here: name("kjr"),
            there: name("kjw"),
        };
        let (here, there) = (&networks.here, &networks.there);
        for space in [here, there] {
            run(&format!("ip netns add {space}"))?;
            run(&format!("ip -n {space} link set lo up"))?;
        }
        for (link, net) in [("wifi", 1), ("cell", 2)] {
            run(&format!(
                "ip link add {link} netns {here} type veth peer name {link} netns {there}"
            ))?;
            for (space, host) in [(here, 1), (there, 2)] {
                run(&format!(
                    "ip -n {space} address add 10.213.{net}.{host}/24 dev {link}"
                ))?;
            }
            run(&format!("ip -n {here} link set {link} up"))?;
        }
        Ok(networks)
    }

    fn link(&self, link: &str, state: &str) {
        run(&format!("ip -n {} link set {link} {state}", self.there)).unwrap();
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        for space in [&self.here, &self.there] {
            let _ = run(&format!("ip netns delete {space}"));
        }
    }
}

/// From now on this thread, and what it starts, is in that namespace.
fn enter(space: &str) {
    let file = File::open(format!("/run/netns/{space}")).unwrap();
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
}

fn now(start: Instant) -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Now {
        at: Instant::now(),
        mono_us: start.elapsed().as_micros() as u64,
        wall_us: since.as_micros() as i64,
    }
}

/// A simulated client on a real socket.
struct Walker {
    client: Client,
    socket: Option<UdpSocket>,
    start: Instant,
}

impl Walker {
    /// Opens the way over a link, if the network is there by now.
    fn open(&mut self, net: u8) -> bool {
        let opened = UdpSocket::bind((format!("10.213.{net}.2"), 0)).and_then(|socket| {
            socket.connect((format!("10.213.{net}.1"), PORT))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        self.socket = opened.ok();
        self.client.moved();
        self.socket.is_some()
    }

    fn step(&mut self) {
        let now = now(self.start);
        self.client.tick(now);
        let Some(socket) = &self.socket else { return };
        for datagram in std::mem::take(&mut self.client.outgoing) {
            // A dead link refuses it.
            let _ = socket.send(&datagram);
        }
        let mut buffer = [0; 2048];
        while let Ok(length) = socket.recv(&mut buffer) {
            self.client.datagram(&buffer[..length], now);
        }
    }
}

/// Runs both halves until it is so; says how long that took.
fn until(
    walkers: &mut [&mut Walker],
    what: &str,
    mut so: impl FnMut(&[&mut Walker]) -> bool,
) -> Duration {
    let begun = Instant::now();
    while !so(walkers) {
        assert!(begun.elapsed() < PATIENCE, "waited for {what}");
        walkers.iter_mut().for_each(|walker| walker.step());
        std::thread::sleep(Duration::from_millis(1));
    }
    begun.elapsed()
}

fn relay(events: mpsc::Sender<RelayEvent>) -> Relay {
    let reached = |net: u8| Advertise {
        address: format!("10.213.{net}.1").parse().unwrap(),
        udp_port: None,
        tcp_port: None,
    };
    let config = RelayConfig {
        bind: "0.0.0.0".parse().unwrap(),
        ports: vec![PORT],
        workers: 1,
        advertise: vec![reached(1), reached(2)],
        limits: Limits::default(),
    };
    Relay::start(config, events).unwrap()
}

#[test]
fn media_follows_a_walker_from_one_network_into_another() {
    let networks = match Networks::lay() {
        Ok(networks) => networks,
        Err(why) if std::env::var_os("KANJIE_NETNS").is_none() => {
            eprintln!("not tried: no network namespaces here ({why})");
            return;
        }
        Err(why) => panic!("{why}"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let here = networks.here.clone();
    let (sender, mut events) = mpsc::channel(100);
    let relay = std::thread::spawn(move || {
        enter(&here);
        relay(sender)
    });
    let relay = relay.join().unwrap();
    let tap = Arc::new(MemoryTap::default());
    runtime.block_on(async {
        relay.open_room(&room(), tap.clone()).await.unwrap();
        let policy = open_policy(&["a", "b"]);
        relay.set_policy(&room(), policy).await.unwrap();
    });
    enter(&networks.there);
    networks.link("wifi", "up");
    let (start, mut rng) = (Instant::now(), StdRng::seed_from_u64(1));
    let mut walker = |name: &str, half: Half| Walker {
        client: Client::new(name, half, &mut rng, now(start)),
        socket: None,
        start,
    };
    let (mut up, mut down) = (walker("a", Half::Up), walker("b", Half::Down));
    let (offer, mids) = up.client.offer(&[Source::Camera], &[]);
    let (room, a, b) = (room(), seat("a"), seat("b"));
    let answer = relay.answer_up(&room, &a, &offer, &mids);
    up.client
        .take_description(&runtime.block_on(answer).unwrap());
    let offer = runtime.block_on(relay.offer_down(&room, &b)).unwrap();
    down.client.take_description(&offer.sdp);
    let answer = down.client.answer(&offer.sdp);
    let accepted = relay.accept_down(&room, &b, offer.generation, &answer);
    runtime.block_on(accepted).unwrap();
    while !(up.open(1) && down.open(1)) {
        assert!(start.elapsed() < PATIENCE);
    }
    until(&mut [&mut up, &mut down], "pictures", |walkers| {
        walkers[1].client.contents().len() > 100
    });

    networks.link("wifi", "down");
    let (dead, before) = (Instant::now(), tap.0.lock().unwrap().len());
    until(&mut [&mut up, &mut down], "the dark", |_| {
        dead.elapsed() > Duration::from_secs(1)
    });
    let (dark, received) = (tap.0.lock().unwrap().len(), down.client.contents().len());
    assert!(dark < before + 10, "the link is not dead");
    networks.link("cell", "up");
    while !(up.open(2) && down.open(2)) {
        assert!(dead.elapsed() < PATIENCE, "the second network");
    }
    for (walker, half) in [(&mut up, Half::Up), (&mut down, Half::Down)] {
        let seat = walker.client.seat.clone();
        let restarted = relay.restart_ice(&room, &seat, half, None);
        let ice = runtime.block_on(restarted).unwrap();
        walker.client.take_ice(&ice.ufrag, &ice.pwd);
    }
    let took = until(&mut [&mut up, &mut down], "pictures again", |walkers| {
        walkers[1].client.contents().len() > received + 20
    });
    eprintln!("media is back {took:?} after the new path is there");
    if std::env::var_os("KANJIE_SOAK_SECONDS").is_some() {
        assert!(took <= BAR, "{took:?}");
    }
    assert!(tap.0.lock().unwrap().len() > dark, "and is recorded");
    // The same associations and tracks: nothing was ended and nothing negotiated.
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(event);
    }
    let connected = |event: &&RelayEvent| matches!(event, RelayEvent::Connected { .. });
    assert_eq!(told.iter().filter(connected).count(), 2, "{told:?}");
    let ended = |event: &RelayEvent| {
        matches!(
            event,
            RelayEvent::TrackEnded { .. } | RelayEvent::Disconnected { .. }
        )
    };
    assert!(!told.iter().any(ended), "{told:?}");
}
