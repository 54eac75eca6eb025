//! How the media of each room is doing, in words of ours.

use kanjie_media::{CodecKind, HalfStats, RoomId, SeatStats, TrackStats};

use super::Rooms;

/// One session's.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub session: String,
    pub seats: Vec<SeatFigures>,
}

/// One seat's.
#[derive(Clone, Debug, Default)]
pub struct SeatFigures {
    pub seat: String,
    pub rtt_ms: Option<f64>,
    pub up: Option<HalfFigures>,
    pub down: Option<HalfFigures>,
    pub tracks: Vec<TrackFigures>,
}

/// One connection's.
#[derive(Clone, Debug, Default)]
pub struct HalfFigures {
    pub connected: bool,
    /// `udp` or `tcp`.
    pub path: Option<&'static str>,
    pub loss: f64,
    pub jitter_ms: f64,
    pub bitrate_bps: u64,
    pub packets: u64,
    pub bytes: u64,
    pub nacked: u64,
    pub retransmitted: u64,
}

/// One track's.
#[derive(Clone, Debug, Default)]
pub struct TrackFigures {
    pub source: &'static str,
    pub codec: &'static str,
    pub packets: u64,
    pub lost: u64,
    pub recovered: u64,
    pub frames: u64,
    pub keyframes: u64,
    pub keyframes_asked: u64,
    pub jitter_ms: f64,
    pub bitrate_bps: u64,
}

impl Rooms {
    /// Of every room there is.
    pub async fn figures(&self) -> Vec<Figures> {
        let sessions: Vec<String> = self.live().keys().cloned().collect();
        let mut all = Vec::with_capacity(sessions.len());
        for session in sessions {
            let stats = self.deps().switch.stats(&RoomId(session.clone())).await;
            let seats = stats.into_iter().map(SeatFigures::from).collect();
            all.push(Figures { session, seats });
        }
        all
    }
}

impl From<SeatStats> for SeatFigures {
    fn from(stats: SeatStats) -> Self {
        Self {
            seat: stats.seat.0,
            rtt_ms: stats.rtt_ms,
            up: stats.up.map(HalfFigures::from),
            down: stats.down.map(HalfFigures::from),
            tracks: stats.tracks.into_iter().map(TrackFigures::from).collect(),
        }
    }
}

impl From<HalfStats> for HalfFigures {
    fn from(stats: HalfStats) -> Self {
        Self {
            connected: stats.connected,
            path: stats.path,
            loss: stats.loss,
            jitter_ms: stats.jitter_ms,
            bitrate_bps: stats.bitrate_bps,
            packets: stats.packets,
            bytes: stats.bytes,
            nacked: stats.nacked,
            retransmitted: stats.retransmitted,
        }
    }
}

impl From<TrackStats> for TrackFigures {
    fn from(stats: TrackStats) -> Self {
        Self {
            source: stats.track.source.as_str(),
            codec: match stats.codec {
                CodecKind::Opus => "opus",
                CodecKind::Vp8 => "vp8",
                CodecKind::H264 => "h264",
            },
            packets: stats.packets,
            lost: stats.lost,
            recovered: stats.recovered,
            frames: stats.frames,
            keyframes: stats.keyframes,
            keyframes_asked: stats.keyframes_asked,
            jitter_ms: stats.jitter_ms,
            bitrate_bps: stats.bitrate_bps,
        }
    }
}
