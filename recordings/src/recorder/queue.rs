//! The one ordered way to the writer: packets up to a bound, commands always.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Checkpoint, Received};

/// A command; dropping its reply tells the caller that the recorder has stopped.
#[derive(Debug)]
pub enum Command {
    SetPrivate(bool, oneshot::Sender<()>),
    EndTrack(String, oneshot::Sender<()>),
    CloseSegments(oneshot::Sender<()>),
    Checkpoint(oneshot::Sender<Checkpoint>),
    Stop(oneshot::Sender<()>),
}

#[derive(Debug)]
pub enum Item {
    Packet(Received),
    Command(Command),
}

/// Packets of one track that found the queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    pub packets: u64,
    /// Receive time of the first and the last of them, UTC µs.
    pub from: i64,
    pub until: i64,
}

impl Lost {
    pub fn add(&mut self, more: Self) {
        self.packets += more.packets;
        self.from = self.from.min(more.from);
        self.until = self.until.max(more.until);
    }
}

/// What the writer takes at once.
#[derive(Debug, Default)]
pub struct Batch {
    pub items: VecDeque<Item>,
    pub lost: BTreeMap<String, Lost>,
}

#[derive(Debug, Default)]
struct Waiting {
    batch: Batch,
    packets: usize,
    /// A command waits, or so many packets that the writer should not wait for its tick.
    urgent: bool,
    closed: bool,
}

#[derive(Debug)]
pub struct Queue {
    limit: usize,
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

impl Queue {
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            waiting: Mutex::default(),
            wake: Condvar::new(),
        }
    }

    pub fn offer(&self, packet: Received) {
        let mut waiting = self.lock();
        if waiting.closed {
            return;
        }
        if waiting.packets >= self.limit {
            let one = Lost {
                packets: 1,
                from: packet.wall_us,
                until: packet.wall_us,
            };
            let lost = &mut waiting.batch.lost;
            lost.entry(packet.track)
                .and_modify(|lost| lost.add(one))
                .or_insert(one);
            return;
        }
        waiting.packets += 1;
        waiting.batch.items.push_back(Item::Packet(packet));
        if waiting.packets >= self.limit / 4 && !waiting.urgent {
            waiting.urgent = true;
            self.wake.notify_one();
        }
    }

    pub fn command(&self, command: Command) {
        let mut waiting = self.lock();
        if waiting.closed {
            return; // its reply is dropped: the caller sees that the recorder has stopped
        }
        waiting.batch.items.push_back(Item::Command(command));
        waiting.urgent = true;
        self.wake.notify_one();
    }

    /// Everything that waits, after at most `patience`.
    pub fn take(&self, patience: Duration) -> Batch {
        let waiting = self.lock();
        let (mut waiting, _) = self
            .wake
            .wait_timeout_while(waiting, patience, |waiting| !waiting.urgent)
            .unwrap_or_else(PoisonError::into_inner);
        waiting.urgent = false;
        waiting.packets = 0;
        std::mem::take(&mut waiting.batch)
    }

    /// Nothing is taken in any more, and what waits is dropped.
    pub fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.batch = Batch::default();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::recorder::{CodecInfo, Kind};

    fn packet(track: &str, wall_us: i64) -> Received {
        Received {
            track: track.into(),
            person: None,
            seat: "s".into(),
            source: "camera".into(),
            kind: Kind::Rtp,
            codec: CodecInfo {
                name: "vp8".into(),
                clock_rate: 90_000,
                channels: 0,
                fmtp: String::new(),
            },
            ssrc: 1,
            data: Bytes::from_static(&[0x80; 12]),
            wall_us,
            mono_us: 0,
            recovered: false,
        }
    }

    #[test]
    fn a_full_queue_counts_by_track_and_still_takes_commands() {
        let queue = Queue::new(3);
        for n in 0..7 {
            queue.offer(packet(if n % 2 == 0 { "a" } else { "b" }, n));
        }
        let (reply, _) = oneshot::channel();
        queue.command(Command::CloseSegments(reply));
        let batch = queue.take(Duration::ZERO);
        assert_eq!(batch.items.len(), 4);
        assert!(matches!(batch.items[3], Item::Command(_)));
        let lost = |packets, from, until| Lost {
            packets,
            from,
            until,
        };
        assert_eq!(batch.lost["a"], lost(2, 4, 6));
        assert_eq!(batch.lost["b"], lost(2, 3, 5));
        queue.offer(packet("a", 9));
        assert_eq!(queue.take(Duration::ZERO).items.len(), 1);
    }
}
