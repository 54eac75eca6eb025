//! The writer's thread.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kanjie_evidence::{Leaf, Leaves, SegmentId};

use super::queue::{Batch, Command, Item, Lost, Queue};
use super::recovery::{Found, closed_event, opened_event};
use super::segment::Segment;
use super::state::{Note, Notes, Opened, State};
use super::{Checkpoint, Received, RecorderConfig, RecorderEvent};
use crate::layout;

/// From taking a packet to handing it to the system, at most; a killed process loses no more.
const FLUSH_EVERY: Duration = Duration::from_millis(100);
/// A gap is reported once it has been quiet this long, or has lasted [`GAP_LONGEST`].
const GAP_QUIET: Duration = Duration::from_secs(1);
const GAP_LONGEST: Duration = Duration::from_secs(5);

type Sink = Box<dyn Fn(RecorderEvent) + Send>;

/// Packets of a track lost and not reported yet.
struct Gap {
    lost: Lost,
    begun: Instant,
    last: Instant,
}

pub struct Writer {
    dir: PathBuf,
    config: RecorderConfig,
    queue: Arc<Queue>,
    sink: Sink,
    state: State,
    notes: Notes,
    leaves: Leaves,
    checkpoints: File,
    /// By track.
    open: BTreeMap<String, Segment>,
    gaps: BTreeMap<String, Gap>,
    synced_at: Instant,
}

/// What became of a batch.
enum Next {
    Go,
    Stop,
}

impl Writer {
    pub fn new(
        dir: &Path,
        config: RecorderConfig,
        found: Found,
        sink: Sink,
        queue: Arc<Queue>,
    ) -> io::Result<Self> {
        let checkpoints = OpenOptions::new()
            .create(true)
            .append(true)
            .open(layout::checkpoints(dir))?;
        layout::sync_dir(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            config,
            queue,
            sink,
            state: found.state,
            notes: found.notes,
            leaves: found.leaves,
            checkpoints,
            open: BTreeMap::new(),
            gaps: BTreeMap::new(),
            synced_at: Instant::now(),
        })
    }

    pub fn run(mut self) {
        loop {
            let batch = self.queue.take(FLUSH_EVERY);
            match self.work(batch) {
                Ok(Next::Go) => {}
                Ok(Next::Stop) => break,
                Err(error) => {
                    tracing::error!(dir = %self.dir.display(), %error, "recording stopped");
                    let detail = error.to_string();
                    (self.sink)(RecorderEvent::Trouble { detail });
                    break;
                }
            }
        }
        self.queue.close();
    }

    fn work(&mut self, batch: Batch) -> io::Result<Next> {
        self.note_lost(batch.lost);
        for item in batch.items {
            match item {
                Item::Packet(packet) => self.packet(&packet)?,
                Item::Command(command) => {
                    if let Next::Stop = self.command(command)? {
                        return Ok(Next::Stop);
                    }
                }
            }
        }
        for segment in self.open.values_mut() {
            segment.flush()?;
        }
        // The next tick may be late by one; so half the time is asked for.
        if self.synced_at.elapsed() + FLUSH_EVERY >= self.config.sync_every {
            self.sync()?;
        }
        self.report_gaps(false);
        Ok(Next::Go)
    }

    fn sync(&mut self) -> io::Result<()> {
        for segment in self.open.values_mut() {
            segment.sync()?;
        }
        self.synced_at = Instant::now();
        Ok(())
    }

    fn packet(&mut self, packet: &Received) -> io::Result<()> {
        let longest = u64::try_from(self.config.segment_max.as_micros()).unwrap_or(u64::MAX);
        match self.open.get_mut(&packet.track) {
            Some(segment) if segment.takes(&packet.codec, packet.mono_us, longest) => {
                return segment.push(packet);
            }
            Some(_) => self.close(&packet.track)?,
            None => {}
        }
        let mut segment = self.open_segment(packet)?;
        segment.push(packet)?;
        self.open.insert(packet.track.clone(), segment);
        Ok(())
    }

    fn open_segment(&mut self, packet: &Received) -> io::Result<Segment> {
        let opened = Opened {
            segment: SegmentId {
                counter: self.state.last_counter + 1,
                random: rand::random(),
            },
            nonce: rand::random::<[u8; 32]>().into(),
            track: packet.track.clone(),
            person: packet.person.clone(),
            seat: packet.seat.clone(),
            source: packet.source.clone(),
            codec: packet.codec.clone(),
            private: self.state.private,
        };
        // Note, file, report: whoever sees a later one finds the earlier ones on the disk.
        self.note(Note::Opened(opened.clone()))?;
        let segment = Segment::create(&self.dir, opened, packet.mono_us)?;
        (self.sink)(opened_event(&segment.opened));
        Ok(segment)
    }

    fn note(&mut self, note: Note) -> io::Result<()> {
        self.notes.append(&note)?;
        self.state.take(note).map_err(io::Error::other)
    }

    fn close(&mut self, track: &str) -> io::Result<()> {
        let Some(segment) = self.open.remove(track) else {
            return Ok(());
        };
        let closed = segment.close()?;
        self.note(Note::Closed(closed))?;
        (self.sink)(closed_event(&closed));
        Ok(())
    }

    fn close_all(&mut self) -> io::Result<()> {
        while let Some(track) = self.open.keys().next().cloned() {
            self.close(&track)?;
        }
        self.report_gaps(true);
        Ok(())
    }

    /// A reply whose receiver is gone is no trouble: the command was carried out all the same.
    fn command(&mut self, command: Command) -> io::Result<Next> {
        match command {
            Command::SetPrivate(private, reply) => {
                if self.state.private != private {
                    self.close_all()?;
                    self.note(Note::Private(private))?;
                }
                let _ = reply.send(());
            }
            Command::EndTrack(track, reply) => {
                self.close(&track)?;
                let _ = reply.send(());
            }
            Command::CloseSegments(reply) => {
                self.close_all()?;
                let _ = reply.send(());
            }
            Command::Checkpoint(reply) => {
                let checkpoint = self.checkpoint()?;
                let _ = reply.send(checkpoint);
            }
            Command::Stop(reply) => {
                self.close_all()?;
                let _ = reply.send(());
                return Ok(Next::Stop);
            }
        }
        Ok(Next::Go)
    }

    fn checkpoint(&mut self) -> io::Result<Checkpoint> {
        self.sync()?;
        let open = self.open.values().map(|segment| {
            Leaf::open(
                segment.opened.segment,
                segment.opened.nonce,
                segment.covered(),
            )
        });
        let closed = self.state.segments.values().filter_map(|segment| {
            let opened = &segment.opened;
            Some(Leaf::open(
                opened.segment,
                opened.nonce,
                segment.closed?.covered(),
            ))
        });
        let now: Vec<Leaf> = open.chain(closed).collect();
        let line = self.leaves.advance(self.leaves.number() + 1, now);
        let text = line.to_line().map_err(io::Error::other)?;
        self.checkpoints.write_all(text.as_bytes())?;
        self.checkpoints.sync_data()?;
        let mono_us = self.config.epoch.elapsed().as_micros();
        Ok(Checkpoint {
            number: line.number,
            root: line.root,
            wall_us: wall_us(),
            mono_us: u64::try_from(mono_us).unwrap_or(u64::MAX),
        })
    }

    fn note_lost(&mut self, lost: BTreeMap<String, Lost>) {
        let now = Instant::now();
        for (track, lost) in lost {
            let gap = self.gaps.entry(track).or_insert(Gap {
                lost: Lost { packets: 0, ..lost },
                begun: now,
                last: now,
            });
            gap.lost.add(lost);
            gap.last = now;
        }
    }

    fn report_gaps(&mut self, all: bool) {
        let sink = &self.sink;
        self.gaps.retain(|track, gap| {
            if !all && gap.last.elapsed() < GAP_QUIET && gap.begun.elapsed() < GAP_LONGEST {
                return true;
            }
            sink(RecorderEvent::Gap {
                track: track.clone(),
                cause: "overflow".to_owned(),
                from: gap.lost.from,
                until: gap.lost.until,
                packets_lost: gap.lost.packets,
            });
            false
        });
    }
}

fn wall_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}
