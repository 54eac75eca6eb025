//! What the relay measured, as handed to room logic.

use crate::api::{CodecKind, SeatId, TrackId};

/// One seat's figures.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatStats {
    pub seat: SeatId,
    /// Round trip between relay and client, where known.
    pub rtt_ms: Option<f64>,
    pub up: Option<HalfStats>,
    pub down: Option<HalfStats>,
    /// What the seat publishes.
    pub tracks: Vec<TrackStats>,
}

/// One connection's figures. Directions are the relay's: an up half receives, a down half sends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HalfStats {
    pub connected: bool,
    /// `udp` or `tcp`, once a path was found.
    pub path: Option<&'static str>,
    /// Share of packets lost lately, 0 to 1: as we count it on the up half, as the client reports it on the down half.
    pub loss: f64,
    /// Worst jitter of its streams, as above.
    pub jitter_ms: f64,
    /// Media bits a second over the last second or so.
    pub bitrate_bps: u64,
    pub packets: u64,
    pub bytes: u64,
    /// Packets asked for again: by us on the up half, by the client on the down half.
    pub nacked: u64,
    /// Packets that came (up) or went (down) as retransmissions.
    pub retransmitted: u64,
}

/// One published track's figures.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackStats {
    pub track: TrackId,
    pub codec: CodecKind,
    pub packets: u64,
    pub bytes: u64,
    /// Packets that never came, retransmissions included.
    pub lost: u64,
    /// Packets that came as retransmissions.
    pub recovered: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Frames begun (RTP timestamps that changed) for video.
    pub frames: u64,
    pub keyframes: u64,
    pub keyframes_asked: u64,
    pub jitter_ms: f64,
    pub bitrate_bps: u64,
}
