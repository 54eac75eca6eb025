//! `GET /metrics` for Prometheus: how the media is doing, by session and seat. No name, no person, no address.
//!
//! Everything is read at the moment of asking and written as it stands, so that what is over is not there any more: a
//! registry would keep the series of everybody who ever left.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::error::Failure;
use crate::rooms::{Figures, HalfFigures, Rooms, SeatFigures, TrackFigures};

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves the figures until the process ends.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn listen(address: SocketAddr, rooms: Rooms) -> Result<(), Failure> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| Failure::Listen { address, source })?;
    let bound = listener.local_addr()?;
    tracing::info!(%bound, "metrics");
    let router = Router::new()
        .route("/metrics", get(handle))
        .with_state(rooms);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "no more metrics");
        }
    });
    Ok(())
}

async fn handle(State(rooms): State<Rooms>) -> impl IntoResponse {
    let figures = rooms.figures().await;
    ([(header::CONTENT_TYPE, TEXT)], text(&figures))
}

/// What is told: its name, its kind, what it means.
type About = (&'static str, &'static str, &'static str);

const ROOMS: About = ("kanjie_rooms", "gauge", "Sessions that have a room");
const CONNECTED: About = ("kanjie_media_connected", "gauge", "1 while media can flow");
const RTT: About = (
    "kanjie_media_rtt_seconds",
    "gauge",
    "There and back to the client",
);

type OfHalf = fn(&HalfFigures) -> f64;
const HALVES: [(About, OfHalf); 7] = [
    (
        ("kanjie_media_loss_ratio", "gauge", "Lost lately, 0 to 1"),
        |of| of.loss,
    ),
    (
        (
            "kanjie_media_jitter_seconds",
            "gauge",
            "Of the worst stream",
        ),
        |of| of.jitter_ms / 1_000.0,
    ),
    (
        ("kanjie_media_bitrate_bps", "gauge", "Over the last second"),
        |of| count(of.bitrate_bps),
    ),
    (
        ("kanjie_media_packets_total", "counter", "Of media"),
        |of| count(of.packets),
    ),
    (("kanjie_media_bytes_total", "counter", "Of media"), |of| {
        count(of.bytes)
    }),
    (
        ("kanjie_media_nacked_total", "counter", "Asked for again"),
        |of| count(of.nacked),
    ),
    (
        ("kanjie_media_retransmitted_total", "counter", "Sent again"),
        |of| count(of.retransmitted),
    ),
];

type OfTrack = fn(&TrackFigures) -> f64;
const TRACKS: [(About, OfTrack); 8] = [
    (
        ("kanjie_track_jitter_seconds", "gauge", "As it arrives"),
        |of| of.jitter_ms / 1_000.0,
    ),
    (
        ("kanjie_track_bitrate_bps", "gauge", "Over the last second"),
        |of| count(of.bitrate_bps),
    ),
    (
        ("kanjie_track_packets_total", "counter", "Packets taken"),
        |of| count(of.packets),
    ),
    (
        (
            "kanjie_track_lost_total",
            "counter",
            "Packets that never came",
        ),
        |of| count(of.lost),
    ),
    (
        ("kanjie_track_recovered_total", "counter", "Came again"),
        |of| count(of.recovered),
    ),
    (
        ("kanjie_track_frames_total", "counter", "Frames begun"),
        |of| count(of.frames),
    ),
    (
        ("kanjie_track_keyframes_total", "counter", "Keyframes"),
        |of| count(of.keyframes),
    ),
    (
        (
            "kanjie_track_keyframes_asked_total",
            "counter",
            "Keyframes asked for",
        ),
        |of| count(of.keyframes_asked),
    ),
];

/// A series: its labels without the braces, and its value.
type Series = (String, f64);

fn text(all: &[Figures]) -> String {
    let mut out = String::new();
    let rooms = u64::try_from(all.len()).unwrap_or(u64::MAX);
    write(&mut out, ROOMS, &[(String::new(), count(rooms))]);
    let seats: Vec<(String, &SeatFigures)> = all
        .iter()
        .flat_map(|room| room.seats.iter().map(|seat| (&room.session, seat)))
        .map(|(session, seat)| {
            let labels = format!("session=\"{session}\",seat=\"{}\"", seat.seat);
            (labels, seat)
        })
        .collect();
    let rtt =
        |(labels, seat): &(String, &SeatFigures)| Some((labels.clone(), seat.rtt_ms? / 1_000.0));
    write(
        &mut out,
        RTT,
        &seats.iter().filter_map(rtt).collect::<Vec<_>>(),
    );
    let halves: Vec<(String, &HalfFigures)> = seats
        .iter()
        .flat_map(|(labels, seat)| {
            let halves = [("up", seat.up.as_ref()), ("down", seat.down.as_ref())];
            halves.map(|(half, of)| Some((format!("{labels},half=\"{half}\""), of?)))
        })
        .flatten()
        .collect();
    let connected = |(labels, half): &(String, &HalfFigures)| {
        let path = half.path.unwrap_or("none");
        let value = if half.connected { 1.0 } else { 0.0 };
        (format!("{labels},path=\"{path}\""), value)
    };
    let series: Vec<Series> = halves.iter().map(connected).collect();
    write(&mut out, CONNECTED, &series);
    for (about, value) in HALVES {
        let series = halves.iter();
        let series = series.map(|(labels, half)| (labels.clone(), value(half)));
        write(&mut out, about, &series.collect::<Vec<_>>());
    }
    for (about, value) in TRACKS {
        let tracks = seats.iter().flat_map(|(labels, seat)| {
            seat.tracks.iter().map(move |track| {
                let (source, codec) = (track.source, track.codec);
                let labels = format!("{labels},source=\"{source}\",codec=\"{codec}\"");
                (labels, value(track))
            })
        });
        write(&mut out, about, &tracks.collect::<Vec<_>>());
    }
    out
}

/// Sessions and seats are ids of ours, with nothing in them that would have to be escaped.
fn write(out: &mut String, (name, kind, help): About, series: &[Series]) {
    if series.is_empty() {
        return;
    }
    out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    for (labels, value) in series {
        let labels = match labels.as_str() {
            "" => String::new(),
            labels => format!("{{{labels}}}"),
        };
        out.push_str(&format!("{name}{labels} {value}\n"));
    }
}

/// Prometheus counts in floating point.
#[allow(clippy::cast_precision_loss, reason = "as the format has it")]
const fn count(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_told_by_number_and_half() {
        let half = HalfFigures {
            connected: true,
            path: Some("tcp"),
            loss: 0.25,
            bitrate_bps: 1_500_000,
            packets: 7,
            ..HalfFigures::default()
        };
        let track = TrackFigures {
            source: "camera",
            codec: "vp8",
            frames: 3,
            ..TrackFigures::default()
        };
        let seat = SeatFigures {
            seat: "s1".to_owned(),
            rtt_ms: Some(40.0),
            up: Some(half),
            down: None,
            tracks: vec![track],
        };
        let figures = Figures {
            session: "abc".to_owned(),
            seats: vec![seat],
        };
        let told = text(&[figures]);
        for line in [
            r#"kanjie_rooms 1"#,
            r#"kanjie_media_connected{session="abc",seat="s1",half="up",path="tcp"} 1"#,
            r#"kanjie_media_rtt_seconds{session="abc",seat="s1"} 0.04"#,
            r#"kanjie_media_loss_ratio{session="abc",seat="s1",half="up"} 0.25"#,
            r#"kanjie_media_packets_total{session="abc",seat="s1",half="up"} 7"#,
            r#"kanjie_track_frames_total{session="abc",seat="s1",source="camera",codec="vp8"} 3"#,
        ] {
            assert!(told.lines().any(|of| of == line), "{line}\n{told}");
        }
        assert!(!told.contains(r#"half="down""#));
        // What is over is gone at the next asking.
        assert!(!text(&[]).contains("s1"));
    }
}
