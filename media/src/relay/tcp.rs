//! Passive ICE-TCP (RFC 6544) beside UDP, for networks that let nothing else through: datagrams framed by RFC 4571.
//!
//! To the worker a stream is one more address ([`address_of`]), so nothing above knows the difference. What a stranger may
//! hold is bounded: few streams at once, ten seconds for the first frame, and that must be an authenticated binding request.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Command;
use crate::api::MediaError;

/// Streams of one worker.
const MOST: usize = 1024;
/// Streams from one address that have not shown who they are. Behind one address may be a whole house.
const MOST_STRANGERS: usize = 16;
/// How long a stranger has for the first frame.
const FIRST: Duration = Duration::from_secs(10);
/// Without a frame for this long a stream is given up; consent is asked for more often (RFC 7675).
const IDLE: Duration = Duration::from_secs(40);
/// How long the network may take for one frame.
const WRITE: Duration = Duration::from_secs(5);
/// Longer frames are nothing of ours.
const MAX_FRAME: usize = 2048;
/// Frames that wait for the network; what finds it full is lost, as on any other path.
const QUEUE: usize = 256;
const BACKLOG: i32 = 256;
/// How often the listener looks whether its worker is still there.
const LOOK: Duration = Duration::from_secs(1);

/// Addresses from 100::/64, where nothing is sent from or to (RFC 6666).
const PREFIX: [u16; 4] = [0x100, 0, 0, 0];

/// What the worker calls a stream.
fn address_of(number: u64) -> SocketAddr {
    let [a, b, c, d] = [48, 32, 16, 0].map(|shift| (number >> shift) as u16);
    let [p, q, r, s] = PREFIX;
    SocketAddr::new(Ipv6Addr::new(p, q, r, s, a, b, c, d).into(), 1)
}

/// Whether an address is a stream's. No datagram comes from there, whatever its header says.
pub fn is_stream(address: SocketAddr) -> bool {
    matches!(address.ip(), IpAddr::V6(ip) if ip.segments()[..4] == PREFIX)
}

/// The streams of one worker, by its names for them.
#[derive(Clone, Debug, Default)]
pub struct Streams(Arc<Mutex<HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>>>);

impl Streams {
    /// Sends a datagram, or loses it.
    pub fn send(&self, to: SocketAddr, datagram: Vec<u8>) {
        if let Some(stream) = self.streams().get(&to) {
            let _ = stream.try_send(datagram);
        }
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens at the worker's own port, or at any where somebody has that one.
pub fn bind(udp: SocketAddr) -> io::Result<StdListener> {
    let listen = |address: SocketAddr| {
        let socket = Socket::new(Domain::for_address(udp), Type::STREAM, Some(Protocol::TCP))?;
        // Streams of a process that ended a moment ago still wait for their last packets.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    listen(udp).or_else(|_: io::Error| listen(SocketAddr::new(udp.ip(), 0)))
}

/// Starts the thread that serves a worker's streams; it ends with the worker.
pub fn spawn(
    number: usize,
    listener: StdListener,
    streams: Streams,
    worker: mpsc::WeakSender<Command>,
) -> Result<(), MediaError> {
    let failed = |error: io::Error| MediaError::Start(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(failed)?;
    let door = Door {
        streams,
        worker,
        strangers: Arc::default(),
    };
    let run = move || {
        if let Err(error) = runtime.block_on(door.accept(listener)) {
            tracing::error!(%error, number, "no more ICE-TCP");
        }
    };
    thread::Builder::new()
        .name(format!("relay-tcp-{number}"))
        .spawn(run)
        .map_err(failed)?;
    Ok(())
}

#[derive(Clone)]
struct Door {
    streams: Streams,
    worker: mpsc::WeakSender<Command>,
    /// By address.
    strangers: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Door {
    async fn accept(self, listener: StdListener) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in 1.. {
            let (stream, from) = loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok(accepted) => break accepted,
                        // Out of file descriptors, mostly: strangers' streams end within seconds and free some.
                        Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                    },
                    _ = look.tick() => if self.worker.strong_count() == 0 {
                        return Ok(());
                    },
                }
            };
            let full = self.streams.streams().len() >= MOST;
            let Some(stranger) = Stranger::admit(&self.strangers, from.ip()).filter(|_| !full)
            else {
                continue;
            };
            let door = self.clone();
            tokio::spawn(
                async move { door.serve(stream, from, address_of(number), stranger).await },
            );
        }
        Ok(())
    }

    async fn serve(self, stream: TcpStream, from: SocketAddr, name: SocketAddr, who: Stranger) {
        let _ = stream.set_nodelay(true);
        let (mut reader, writer) = stream.into_split();
        let mut frame = Vec::new();
        let first = timeout(FIRST, read(&mut reader, &mut frame));
        if !matches!(first.await, Ok(Ok(()))) {
            return;
        }
        let (sender, queue) = mpsc::channel(QUEUE);
        self.streams.streams().insert(name, sender);
        if self.shows_itself(name, from, frame).await {
            drop(who);
            tokio::select! {
                () = self.read_all(&mut reader, name) => {}
                () = write_all(writer, queue) => {}
            }
        }
        self.streams.streams().remove(&name);
        self.tell(Box::new(move |worker, _| worker.stream_closed(name)))
            .await;
    }

    /// Whether the first frame is a check of a connection that there is.
    async fn shows_itself(&self, name: SocketAddr, from: SocketAddr, frame: Vec<u8>) -> bool {
        let (reply, known) = oneshot::channel();
        let command: Command = Box::new(move |worker, now| {
            worker.stream_opened(name, from);
            worker.datagram(name, &frame, now);
            let _ = reply.send(worker.knows(name));
        });
        self.tell(command).await && known.await.unwrap_or(false)
    }

    async fn read_all(&self, reader: &mut OwnedReadHalf, name: SocketAddr) {
        loop {
            let mut frame = Vec::new();
            if !matches!(timeout(IDLE, read(reader, &mut frame)).await, Ok(Ok(()))) {
                return;
            }
            let command: Command = Box::new(move |worker, now| worker.datagram(name, &frame, now));
            // A busy worker makes this stream wait, and no other.
            if !self.tell(command).await {
                return;
            }
        }
    }

    async fn tell(&self, command: Command) -> bool {
        match self.worker.upgrade() {
            Some(worker) => worker.send(command).await.is_ok(),
            None => false,
        }
    }
}

/// One frame (RFC 4571 section 2).
async fn read(reader: &mut OwnedReadHalf, frame: &mut Vec<u8>) -> io::Result<()> {
    let length = usize::from(reader.read_u16().await?);
    if length == 0 || length > MAX_FRAME {
        return Err(io::ErrorKind::InvalidData.into());
    }
    frame.resize(length, 0);
    reader.read_exact(frame).await?;
    Ok(())
}

async fn write_all(mut writer: OwnedWriteHalf, mut queue: mpsc::Receiver<Vec<u8>>) {
    let mut framed = Vec::with_capacity(MAX_FRAME);
    while let Some(datagram) = queue.recv().await {
        let Ok(length) = u16::try_from(datagram.len()) else {
            continue;
        };
        framed.clear();
        framed.extend_from_slice(&length.to_be_bytes());
        framed.extend_from_slice(&datagram);
        if !matches!(timeout(WRITE, writer.write_all(&framed)).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// A stream that has not shown who it is; one less when dropped.
struct Stranger {
    from: IpAddr,
    all: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Stranger {
    fn admit(all: &Arc<Mutex<HashMap<IpAddr, usize>>>, from: IpAddr) -> Option<Self> {
        let mut counts = all.lock().unwrap_or_else(PoisonError::into_inner);
        let everybody: usize = counts.values().sum();
        let count = counts.entry(from).or_default();
        if *count >= MOST_STRANGERS || everybody >= MOST {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Stranger {
            from,
            all: Arc::clone(all),
        })
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut counts = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests;
