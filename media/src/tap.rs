//! Where the recording takes its packets from.

use std::sync::Arc;

use bytes::Bytes;

use crate::api::{Codec, TrackId};

/// Takes what a room's recorded seats send. Called on the worker's thread for each packet: it must never block.
pub trait Tap: Send + Sync {
    /// A packet after SRTP decryption and RTX recovery, without duplicates, in order of arrival.
    fn packet(&self, packet: TapPacket);

    /// Packets dropped since the last call, by track; asked about once a second, reported as
    /// [`crate::RelayEvent::TapOverflow`].
    fn take_lost(&self) -> Vec<(TrackId, u64)> {
        Vec::new()
    }
}

/// What a [`TapPacket`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapKind {
    /// A whole RTP packet (RFC 3550 section 5.1).
    Rtp,
    /// A sender report alone (RFC 3550 section 6.4.1), cut out of its compound.
    SenderReport,
}

/// One packet for the recording.
#[derive(Clone, Debug)]
pub struct TapPacket {
    pub track: Arc<TrackId>,
    pub kind: TapKind,
    pub codec: Arc<Codec>,
    pub ssrc: u32,
    /// The packet in the clear, header included.
    pub payload: Bytes,
    /// Receive time, µs since 1970 UTC.
    pub wall_us: i64,
    /// Receive time, µs on the relay's monotonic clock ([`crate::Relay::epoch`]).
    pub mono_us: u64,
    /// It came as a retransmission (RFC 4588), later than it was due.
    pub recovered: bool,
}

/// A tap that drops everything: for rooms that are not recorded.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTap;

impl Tap for NoTap {
    fn packet(&self, _packet: TapPacket) {}
}
