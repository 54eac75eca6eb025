//! One open segment: its file, what waits to be written, and the running head over it all.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use kanjie_evidence::RunningHead;
use kanjie_evidence::pcapng::{self, Interface, Packet};

use super::state::{Closed, Opened};
use super::{CodecInfo, Received};
use crate::layout;

/// Enough for one write to be worth its call.
const WRITE_AT: usize = 128 * 1024;

#[derive(Debug)]
pub struct Segment {
    pub opened: Opened,
    file: File,
    /// Taken into `running`, not yet handed to the system.
    pending: Vec<u8>,
    unsynced: bool,
    running: RunningHead,
    /// Monotonic receive time of the first packet, µs.
    begun_mono_us: u64,
    last_wall_us: Option<i64>,
}

impl Segment {
    /// Makes the file with its header, synced.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create(dir: &Path, opened: Opened, begun_mono_us: u64) -> io::Result<Self> {
        let path = layout::segment(dir, opened.segment);
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(path)?;
        let mut segment = Self {
            running: RunningHead::new(&opened.segment),
            opened,
            file,
            pending: Vec::with_capacity(WRITE_AT),
            unsynced: false,
            begun_mono_us,
            last_wall_us: None,
        };
        let header = pcapng::header(&segment.interface()).map_err(io::Error::other)?;
        for block in &header {
            segment.running.push(block, false);
            segment.pending.extend(block);
        }
        segment.sync()?;
        layout::sync_dir(dir)?;
        Ok(segment)
    }

    fn interface(&self) -> Interface {
        let opened = &self.opened;
        Interface {
            clock_rate: opened.codec.clock_rate,
            codec: opened.codec.name.clone(),
            fmtp: opened.codec.fmtp.clone(),
            segment: opened.segment,
            source: opened.source.clone(),
            track: opened.track.clone(),
        }
    }

    #[must_use]
    pub fn takes(&self, codec: &CodecInfo, mono_us: u64, longest_us: u64) -> bool {
        self.opened.codec == *codec && mono_us.saturating_sub(self.begun_mono_us) < longest_us
    }

    /// Takes a packet in; it is written at the next flush.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn push(&mut self, received: &Received) -> io::Result<()> {
        let start = self.pending.len();
        let packet = Packet {
            kind: received.kind,
            wall_us: u64::try_from(received.wall_us).unwrap_or(0),
            mono_us: received.mono_us,
            recovered: received.recovered,
            data: &received.data,
        };
        pcapng::packet(&mut self.pending, &packet).map_err(io::Error::other)?;
        self.running.push(&self.pending[start..], true);
        self.last_wall_us = self.last_wall_us.max(Some(received.wall_us));
        if self.pending.len() >= WRITE_AT {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands everything to the system, so that only a power cut can lose it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.file.write_all(&self.pending)?;
            self.pending.clear();
            self.unsynced = true;
        }
        Ok(())
    }

    /// Everything on the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        if self.unsynced {
            self.file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }

    #[must_use]
    pub const fn covered(&self) -> RunningHead {
        self.running
    }

    /// Syncs and says how it ends.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn close(mut self) -> io::Result<Closed> {
        self.sync()?;
        Ok(Closed {
            segment: self.opened.segment,
            head: self.running.head,
            bytes: self.running.bytes,
            packets: self.running.packets,
            last_wall_us: self.last_wall_us,
        })
    }
}
