//! Datagrams on their way out, in one buffer: what goes to one address in equal sizes lies side by side, as a run that the
//! kernel cuts itself (UDP GSO).

use std::net::SocketAddr;
use std::ops::Range;

/// Datagrams of one run: what every kernel with GSO takes.
pub const MAX_SEGMENTS: usize = 64;
/// Bytes of one run: below what an IP packet's length field holds, headers included.
const MAX_RUN: usize = 65_000;

/// Datagrams to one address: all of `segment` bytes, save the last, which may be shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub to: SocketAddr,
    pub segment: usize,
    pub range: Range<usize>,
}

impl Run {
    /// How many datagrams it is.
    pub fn segments(&self) -> usize {
        self.range.len().div_ceil(self.segment.max(1))
    }
}

/// The buffer and its runs, in the order in which they were added.
#[derive(Debug, Default)]
pub struct Datagrams {
    /// Longer than what is used of it, so that nothing is zeroed again and again.
    bytes: Vec<u8>,
    used: usize,
    runs: Vec<Run>,
}

impl Datagrams {
    /// Adds a datagram.
    pub fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.write(to, datagram.len(), |out| {
            out.copy_from_slice(datagram);
            Some(())
        });
    }

    /// Adds a datagram of `length` bytes that `fill` writes; nothing is added, and `false` returned, where it cannot.
    pub fn write(
        &mut self,
        to: SocketAddr,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Option<()>,
    ) -> bool {
        let end = self.used + length;
        if self.bytes.len() < end {
            self.bytes.resize(end.next_power_of_two(), 0);
        }
        let range = self.used..end;
        if length == 0 || fill(&mut self.bytes[range.clone()]).is_none() {
            return false;
        }
        self.used = end;
        match self.runs.last_mut().filter(|run| extends(run, to, length)) {
            Some(run) => run.range.end = end,
            None => self.runs.push(Run {
                to,
                segment: length,
                range,
            }),
        }
        true
    }

    /// The runs.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The bytes of a run.
    pub fn bytes(&self, run: &Run) -> &[u8] {
        self.bytes.get(run.range.clone()).unwrap_or_default()
    }

    /// The datagrams of a run.
    pub fn of<'a>(&'a self, run: &Run) -> std::slice::Chunks<'a, u8> {
        self.bytes(run).chunks(run.segment.max(1))
    }

    /// Every datagram.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.runs
            .iter()
            .flat_map(|run| self.of(run).map(|datagram| (run.to, datagram)))
    }

    /// A run as given, longer than any that is made here.
    #[cfg(test)]
    pub fn run_for_test(to: SocketAddr, segment: usize, bytes: &[u8]) -> Self {
        let range = 0..bytes.len();
        Datagrams {
            bytes: bytes.to_vec(),
            used: bytes.len(),
            runs: vec![Run { to, segment, range }],
        }
    }

    /// Forgets them; the buffer stays.
    pub fn clear(&mut self) {
        self.used = 0;
        self.runs.clear();
    }
}

/// Whether the run is still open and the datagram fits behind it.
fn extends(run: &Run, to: SocketAddr, length: usize) -> bool {
    run.to == to
        && length <= run.segment
        && run.range.len().is_multiple_of(run.segment)
        && run.segments() < MAX_SEGMENTS
        && run.range.len() + length <= MAX_RUN
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn equal_sizes_to_one_address_make_a_run_that_a_shorter_one_ends() {
        let mut datagrams = Datagrams::default();
        let sent: [(u16, usize); 8] = [
            (1, 10),
            (1, 10),
            (1, 7),
            (1, 7),
            (2, 7),
            (1, 7),
            (1, 8),
            (1, 8),
        ];
        for (at, (port, length)) in sent.iter().enumerate() {
            datagrams.push(address(*port), &vec![at as u8; *length]);
        }
        let lengths: Vec<_> = datagrams.runs().iter().map(Run::segments).collect();
        assert_eq!(lengths, [3, 1, 1, 1, 2]);
        let out: Vec<_> = datagrams
            .iter()
            .map(|(to, bytes)| (to.port(), bytes.len()))
            .collect();
        assert_eq!(out, sent, "in order, none joined or cut");
    }

    #[test]
    fn a_run_is_never_longer_than_the_kernel_takes() {
        let mut datagrams = Datagrams::default();
        for _ in 0..100 {
            datagrams.push(address(1), &[1; 10]);
        }
        for _ in 0..100 {
            datagrams.push(address(2), &[1; 1200]);
        }
        for run in datagrams.runs() {
            assert!(run.segments() <= MAX_SEGMENTS && run.range.len() <= MAX_RUN);
        }
        assert_eq!(datagrams.iter().count(), 200);
    }

    #[test]
    fn what_could_not_be_written_is_not_sent() {
        let mut datagrams = Datagrams::default();
        assert!(!datagrams.write(address(1), 5, |_| None));
        datagrams.push(address(1), b"later");
        assert_eq!(
            datagrams.iter().collect::<Vec<_>>(),
            [(address(1), &b"later"[..])]
        );
    }
}
