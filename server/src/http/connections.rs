//! `GET /api/v1/sessions/{id}/connections`: how well everybody's media travel, for those who answer for the session.

use axum::Json;
use axum::extract::{Path, State};
use kanjie_domain::authority::ReadAct;
use kanjie_media::{HalfStats, SeatStats, TrackStats};
use serde::Serialize;

use crate::auth::Caller;
use crate::problem::Problem;
use crate::rooms::Rooms;
use crate::services::Services;

/// What the relay measured; seats without a connection are not among them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Connections {
    seats: Vec<SeatConnection>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SeatConnection {
    seat: String,
    /// Round trip between relay and client, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rtt_ms: Option<f64>,
    /// What the seat sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    up: Option<HalfConnection>,
    /// What the seat receives.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    down: Option<HalfConnection>,
    tracks: Vec<TrackConnection>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HalfConnection {
    connected: bool,
    /// Share of packets lost lately, 0 to 1.
    loss: f64,
    jitter_ms: f64,
    bitrate_bps: u64,
    /// Packets sent again.
    retransmitted: u64,
}

/// One track that the seat sends.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TrackConnection {
    source: String,
    /// Share of its packets that never came, 0 to 1.
    loss: f64,
    jitter_ms: f64,
    bitrate_bps: u64,
}

/// How well everybody's media travel; the chair's and the supervisor's.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/connections", operation_id = "connections", tag = "sessions", params(("id" = String, Path, description = "Session")),
    responses((status = 200, description = "What the relay measured last", body = Connections), (status = 403, response = Problem)))]
pub async fn get(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path(session): Path<String>,
) -> Result<Json<Connections>, Problem> {
    caller
        .reads(&services, &session, ReadAct::ReadConnections)
        .await?;
    let seats = rooms.connections(&session).await;
    Ok(Json(Connections {
        seats: seats.into_iter().map(SeatConnection::from).collect(),
    }))
}

impl From<SeatStats> for SeatConnection {
    fn from(stats: SeatStats) -> Self {
        Self {
            seat: stats.seat.0,
            rtt_ms: stats.rtt_ms,
            up: stats.up.map(HalfConnection::from),
            down: stats.down.map(HalfConnection::from),
            tracks: stats.tracks.iter().map(TrackConnection::from).collect(),
        }
    }
}

impl From<HalfStats> for HalfConnection {
    fn from(stats: HalfStats) -> Self {
        Self {
            connected: stats.connected,
            loss: stats.loss,
            jitter_ms: stats.jitter_ms,
            bitrate_bps: stats.bitrate_bps,
            retransmitted: stats.retransmitted,
        }
    }
}

impl From<&TrackStats> for TrackConnection {
    fn from(stats: &TrackStats) -> Self {
        let all = stats.packets.saturating_add(stats.lost).max(1);
        Self {
            source: stats.track.source.as_str().to_owned(),
            loss: stats.lost as f64 / all as f64,
            jitter_ms: stats.jitter_ms,
            bitrate_bps: stats.bitrate_bps,
        }
    }
}
