//! One worker's thread: its socket, its clocks, and the loop between them and the worker.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::Command;
use super::socket::{Receiver, Sender};
use super::tcp::{self, Streams};
use crate::api::{MediaError, RelayEvent};
use crate::worker::{Now, Worker};

/// Kernel buffers; a keyframe to eleven subscribers is a burst of a thousand packets.
const SOCKET_BUFFER: usize = 4 * 1024 * 1024;
/// Events waiting for the room logic; beyond it the newest are dropped, loudly.
const MAX_BACKLOG: usize = 10_000;

/// A worker's socket.
pub fn bind(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    // The kernel may grant less; then bursts are shorter, nothing else.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// One worker's thread.
pub struct Thread {
    pub worker: Worker,
    pub commands: mpsc::Receiver<Command>,
    pub events: mpsc::Sender<RelayEvent>,
    pub backlog: Vec<RelayEvent>,
    pub streams: Streams,
    pub epoch: Instant,
}

/// Starts the thread.
pub fn spawn(number: usize, thread: Thread, socket: std::net::UdpSocket) -> Result<(), MediaError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| MediaError::Start(error.to_string()))?;
    let run = move || {
        let ended = runtime.block_on(thread.run(socket));
        if let Err(error) = ended {
            tracing::error!(%error, number, "a relay worker stopped");
        }
    };
    thread::Builder::new()
        .name(format!("relay-{number}"))
        .spawn(run)
        .map_err(|error| MediaError::Start(error.to_string()))?;
    Ok(())
}

impl Thread {
    async fn run(mut self, socket: std::net::UdpSocket) -> io::Result<()> {
        let socket = UdpSocket::from_std(socket)?;
        let (mut receiver, mut sender) = (Receiver::new(), Sender::new());
        loop {
            let next = self.worker.next_tick(Instant::now());
            tokio::select! {
                biased;
                command = self.commands.recv() => {
                    let Some(command) = command else { return Ok(()) };
                    let now = self.now();
                    command(&mut self.worker, now);
                }
                ready = socket.readable() => {
                    ready?;
                    self.receive(&socket, &mut receiver);
                }
                () = sleep_until(next.into()) => {}
            }
            let now = self.now();
            self.worker.tick(now);
            self.flush(&socket, &mut sender);
        }
    }

    fn receive(&mut self, socket: &UdpSocket, receiver: &mut Receiver) {
        let descriptor = socket.as_raw_fd();
        // Nothing there, or an ICMP error of an earlier datagram, which comes back here: the socket lives on.
        let taken = socket.try_io(Interest::READABLE, || receiver.receive(descriptor));
        if taken.is_ok() {
            let now = self.now();
            for (from, datagram) in receiver.datagrams() {
                if tcp::is_stream(from) {
                    continue;
                }
                self.worker.datagram(from, datagram, now);
            }
        }
    }

    fn flush(&mut self, socket: &UdpSocket, sender: &mut Sender) {
        let output = self.worker.output();
        let datagrams = &output.datagrams;
        for run in datagrams.runs().iter().filter(|run| tcp::is_stream(run.to)) {
            for datagram in datagrams.of(run) {
                self.streams.send(run.to, datagram.to_vec());
            }
        }
        sender.send(socket.as_raw_fd(), datagrams);
        output.datagrams.clear();
        self.backlog.append(&mut output.events);
        let mut kept = Vec::new();
        for event in self.backlog.drain(..) {
            if !kept.is_empty() {
                kept.push(event);
                continue;
            }
            if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
                kept.push(event);
            }
        }
        if kept.len() > MAX_BACKLOG {
            tracing::error!(
                dropped = kept.len() - MAX_BACKLOG,
                "the room logic does not take the relay's events"
            );
            kept.truncate(MAX_BACKLOG);
        }
        self.backlog = kept;
    }

    fn now(&self) -> Now {
        let at = Instant::now();
        let wall_us = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_micros() as i64,
            Err(before) => -(before.duration().as_micros() as i64),
        };
        Now {
            at,
            mono_us: at.saturating_duration_since(self.epoch).as_micros() as u64,
            wall_us,
        }
    }
}
