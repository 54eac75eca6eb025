//! The worker's socket in batches: recvmmsg in, sendmmsg of GSO runs out.

use std::collections::HashMap;
use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::RawFd;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg,
};

use super::tcp::is_stream;
use crate::datagrams::{Datagrams, Run};

/// Datagrams taken before what they caused is sent.
pub const BATCH: usize = 64;
/// Longer datagrams are cut, and then fail authentication.
const MAX_DATAGRAM: usize = 2048;
/// Runs handed to the kernel at once.
const SEND_BATCH: usize = 64;
/// Runs refused one after another until runs are given up: one client behind a narrow link is no reason.
const MAX_REFUSED: u32 = 16;

/// Takes datagrams in.
pub struct Receiver {
    headers: MultiHeaders<SockaddrStorage>,
    buffer: Vec<u8>,
    received: Vec<(Option<SocketAddr>, usize)>,
}

impl Receiver {
    pub fn new() -> Self {
        Receiver {
            headers: MultiHeaders::preallocate(BATCH, None),
            buffer: vec![0; BATCH * MAX_DATAGRAM],
            received: Vec::with_capacity(BATCH),
        }
    }

    /// Takes what has arrived, up to [`BATCH`] datagrams; `WouldBlock` if nothing has.
    pub fn receive(&mut self, socket: RawFd) -> std::io::Result<usize> {
        self.received.clear();
        let buffers = self.buffer.chunks_exact_mut(MAX_DATAGRAM);
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            buffers.map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let messages = recvmmsg(socket, &mut self.headers, slices.iter_mut(), flags, None)?;
        let of = |address: Option<SockaddrStorage>| socket_addr(&address?);
        self.received
            .extend(messages.map(|message| (of(message.address), message.bytes)));
        Ok(self.received.len())
    }

    /// What the last call took.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let slots = self.buffer.chunks_exact(MAX_DATAGRAM);
        slots
            .zip(&self.received)
            .filter_map(|(slot, (from, length))| Some(((*from)?, slot.get(..*length)?)))
    }
}

fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address
        .as_sockaddr_in()
        .map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| {
        address
            .as_sockaddr_in6()
            .map(|v6| SocketAddr::V6((*v6).into()))
    })
}

/// Sends datagrams out. What the kernel's buffer has no room for is lost, as a network would lose it: what waited here
/// could leave after it was forbidden.
pub struct Sender {
    with_runs: MultiHeaders<SockaddrStorage>,
    plain: MultiHeaders<SockaddrStorage>,
    /// Whether kernel and device cut runs.
    runs: bool,
    refused: u32,
    order: Vec<usize>,
    /// Datagrams that the kernel did not take.
    pub lost: u64,
}

impl Sender {
    pub fn new() -> Self {
        Sender {
            with_runs: MultiHeaders::preallocate(SEND_BATCH, Some(cmsg_space!(u16))),
            plain: MultiHeaders::preallocate(SEND_BATCH, None),
            runs: true,
            refused: 0,
            order: Vec::new(),
            lost: 0,
        }
    }

    /// Sends everything, each address's datagrams in order.
    pub fn send(&mut self, socket: RawFd, datagrams: &Datagrams) {
        let mut order = std::mem::take(&mut self.order);
        plan(datagrams.runs(), &mut order);
        let mut rest = order.as_slice();
        while let Some(first) = rest.first().and_then(|at| datagrams.runs().get(*at)) {
            let fits = |at: &usize| {
                let run = datagrams.runs().get(*at);
                run.is_some_and(|run| self.runs && run.segment == first.segment)
            };
            let batch = rest.iter().take(SEND_BATCH).take_while(|at| fits(at));
            let batch: Vec<&Run> = batch.filter_map(|at| datagrams.runs().get(*at)).collect();
            let sent = if batch.is_empty() {
                self.send_plain(socket, datagrams.of(first), first.to);
                1
            } else {
                self.send_runs(socket, datagrams, &batch, first.segment)
            };
            rest = rest.get(sent..).unwrap_or_default();
        }
        self.order = order;
    }

    /// Sends the first of some runs of one segment size; says how many are dealt with, which is at least one.
    fn send_runs(
        &mut self,
        socket: RawFd,
        datagrams: &Datagrams,
        runs: &[&Run],
        segment: usize,
    ) -> usize {
        let addresses: Vec<_> = runs
            .iter()
            .map(|run| Some(SockaddrStorage::from(run.to)))
            .collect();
        let slices: Vec<_> = runs
            .iter()
            .map(|run| [IoSlice::new(datagrams.bytes(run))])
            .collect();
        let segment = segment as u16;
        let cut = [ControlMessage::UdpGsoSegments(&segment)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let result = sendmmsg(socket, &mut self.with_runs, &slices, &addresses, cut, flags)
            .map(Iterator::count);
        match (result, runs.first()) {
            (Ok(sent), _) if sent > 0 => {
                self.refused = 0;
                sent
            }
            (
                Err(Errno::EIO | Errno::EINVAL | Errno::ENOPROTOOPT | Errno::EOPNOTSUPP),
                Some(run),
            ) => {
                self.refuse(result == Err(Errno::EIO));
                self.send_plain(socket, datagrams.of(run), run.to);
                1
            }
            (_, run) => {
                self.lost += run.map_or(0, |run| run.segments() as u64);
                1
            }
        }
    }

    /// The device cannot at all, or the kernel would not for this run.
    fn refuse(&mut self, never: bool) {
        self.refused += 1;
        if never || self.refused >= MAX_REFUSED {
            tracing::warn!("the kernel does not cut runs of datagrams: they are sent one by one");
            self.runs = false;
        }
    }

    fn send_plain<'a>(
        &mut self,
        socket: RawFd,
        datagrams: impl Iterator<Item = &'a [u8]>,
        to: SocketAddr,
    ) {
        let slices: Vec<_> = datagrams.map(|datagram| [IoSlice::new(datagram)]).collect();
        let mut rest = slices.as_slice();
        while !rest.is_empty() {
            let batch = rest.get(..SEND_BATCH).unwrap_or(rest);
            let addresses = vec![Some(SockaddrStorage::from(to)); batch.len()];
            let flags = MsgFlags::MSG_DONTWAIT;
            let no_cut: [ControlMessage<'_>; 0] = [];
            let sent = sendmmsg(socket, &mut self.plain, batch, &addresses, no_cut, flags)
                .map_or(0, Iterator::count);
            if sent == 0 {
                self.lost += 1;
            }
            rest = rest.get(sent.max(1)..).unwrap_or_default();
        }
    }
}

/// The order in which runs go out: first of each address its first run, then its second; among these those of one size
/// together, for they share a call. What goes to a stream is not this socket's.
fn plan(runs: &[Run], order: &mut Vec<usize>) {
    order.clear();
    order.extend(
        (0..)
            .zip(runs)
            .filter(|(_, run)| !is_stream(run.to))
            .map(|(at, _)| at),
    );
    let mut seen: HashMap<SocketAddr, usize> = HashMap::with_capacity(runs.len());
    let mut ranks = Vec::with_capacity(runs.len());
    for run in runs {
        let rank = seen.entry(run.to).or_default();
        ranks.push(*rank);
        *rank += 1;
    }
    order.sort_by_key(|at| {
        let segment = runs.get(*at).map_or(0, |run| run.segment);
        (ranks.get(*at).copied().unwrap_or(0), segment)
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    use super::*;

    fn pair() -> (UdpSocket, UdpSocket) {
        let bind = || UdpSocket::bind("127.0.0.1:0").unwrap();
        let (from, to) = (bind(), bind());
        // Only where something is lost would it be waited for.
        to.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        (from, to)
    }

    fn received(socket: &UdpSocket, count: usize) -> Vec<Vec<u8>> {
        let mut buffer = [0; 65_536];
        let mut one = || buffer_of(socket.recv(&mut buffer).unwrap(), &buffer);
        fn buffer_of(length: usize, buffer: &[u8]) -> Vec<u8> {
            buffer[..length].to_vec()
        }
        (0..count).map(|_| one()).collect()
    }

    #[test]
    fn datagrams_of_all_sizes_arrive_whole_and_in_order() {
        let (from, first) = pair();
        let (_, second) = pair();
        let (mut datagrams, mut sender) = (Datagrams::default(), Sender::new());
        let mut sent = [Vec::new(), Vec::new()];
        for number in 0..96usize {
            let length = [1200, 1200, 1200, 700, 80, 1200][number % 6];
            let whose = usize::from(number % 24 >= 12);
            let datagram = vec![number as u8; length];
            let to = [&first, &second][whose].local_addr().unwrap();
            datagrams.push(to, &datagram);
            sent[whose].push(datagram);
        }
        assert!(datagrams.runs().len() < 70, "there are runs");
        sender.send(from.as_raw_fd(), &datagrams);
        assert_eq!(sender.lost, 0);
        assert!(received(&first, sent[0].len()) == sent[0]);
        assert!(received(&second, sent[1].len()) == sent[1]);
    }

    /// A run that this kernel refuses (too many segments, as a stand-in for a device that takes none) goes out in pieces.
    #[test]
    fn a_refused_run_is_sent_one_by_one_and_runs_are_given_up_in_the_end() {
        let (from, to) = pair();
        let address = to.local_addr().unwrap();
        let mut sender = Sender::new();
        let bytes: Vec<u8> = (0..200u8).flat_map(|number| [number; 50]).collect();
        let expected: Vec<_> = bytes.chunks(50).map(<[u8]>::to_vec).collect();
        for round in 0..=MAX_REFUSED {
            assert_eq!(sender.runs, round < MAX_REFUSED, "{round}");
            sender.send(
                from.as_raw_fd(),
                &Datagrams::run_for_test(address, 50, &bytes),
            );
            assert!(received(&to, 200) == expected);
        }
        assert_eq!(sender.lost, 0);
    }

    #[test]
    fn an_accepted_run_shows_that_refusals_were_another_paths() {
        let (from, to) = pair();
        let address = to.local_addr().unwrap();
        let mut sender = Sender::new();
        for _ in 0..3 * MAX_REFUSED {
            sender.send(
                from.as_raw_fd(),
                &Datagrams::run_for_test(address, 1, &[7; 200]),
            );
            sender.send(
                from.as_raw_fd(),
                &Datagrams::run_for_test(address, 1, &[7; 4]),
            );
            received(&to, 204);
        }
        assert!(sender.runs);
    }

    #[test]
    fn a_batch_is_received_with_its_senders() {
        let (from, to) = pair();
        let (other, _) = pair();
        let mut receiver = Receiver::new();
        let error = receiver.receive(to.as_raw_fd()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        for (socket, datagram) in [(&from, &b"one"[..]), (&other, b"second"), (&from, b"3")] {
            socket.send_to(datagram, to.local_addr().unwrap()).unwrap();
        }
        assert_eq!(receiver.receive(to.as_raw_fd()).unwrap(), 3);
        let (a, b) = (from.local_addr().unwrap(), other.local_addr().unwrap());
        let got: Vec<_> = receiver.datagrams().collect();
        assert_eq!(got, [(a, &b"one"[..]), (b, b"second"), (a, b"3")]);
    }
}
