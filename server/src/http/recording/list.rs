//! `GET /api/v1/sessions/{id}/recording`: which tracks of a closed session can be played.

use axum::Json;
use axum::extract::{Path, State};
use kanjie_domain::Session;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Watching;
use crate::auth::Caller;
use crate::effects::playback::{self, Progress};
use crate::problem::Problem;
use crate::rooms::Rooms;
use crate::services::Services;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Recording {
    #[schema(value_type = RecordingState)]
    state: &'static str,
    done: usize,
    of: usize,
    /// Zero of the time line, UTC µs; none until the tracks are made.
    #[schema(required = true)]
    t0: Option<i64>,
    duration_us: i64,
    #[schema(value_type = Vec<RecordedTrack>)]
    tracks: Vec<Value>,
}

#[derive(utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "describes the words above")]
enum RecordingState {
    Making,
    Ready,
    Failed,
}

/// One file to play; the list is as it was made, with names.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what is read from the list of tracks")]
struct RecordedTrack {
    track: String,
    #[schema(required = true)]
    person: Option<String>,
    #[schema(required = true)]
    name: Option<String>,
    source: TrackSource,
    kind: TrackKind,
    file: String,
    start_us: i64,
    duration_us: i64,
    #[schema(nullable = false)]
    width: Option<u32>,
    #[schema(nullable = false)]
    height: Option<u32>,
}

#[derive(utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "describes the words above")]
enum TrackSource {
    Microphone,
    Camera,
    Screen,
}

#[derive(utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "describes the words above")]
enum TrackKind {
    Audio,
    Video,
}

/// The playable tracks of a closed session.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/recording", operation_id = "recording", tag = "sessions", params(("id" = String, Path, description = "Session")),
    responses((status = 200, description = "How far they are made, and which there are", body = Recording), (status = 403, response = Problem), (status = 409, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path(session): Path<String>,
) -> Result<Json<Recording>, Problem> {
    let watching = Watching::of(&services, &rooms, &caller, &session).await?;
    let state = watching.closed()?;
    let progress = rooms.playback(&session).borrow().clone();
    let (name, done, of) = match progress {
        Progress::Making { done, of } => ("making", done, of),
        Progress::Failed => ("failed", 0, 0),
        Progress::Ready => ("ready", 1, 1),
    };
    let mut recording = Recording {
        state: name,
        done,
        of,
        t0: None,
        duration_us: 0,
        tracks: Vec::new(),
    };
    if name == "ready" {
        let list = playback::list(&rooms.deps().session_dir(&session));
        let list = tokio::fs::read(list)
            .await
            .map_err(|e| Problem::internal(&e))?;
        let list: List = serde_json::from_slice(&list).map_err(|e| Problem::internal(&e))?;
        let count = list.tracks.len();
        (recording.done, recording.of, recording.t0) = (count, count, Some(list.t0));
        recording.duration_us = list.tracks.iter().map(end_of).max().unwrap_or(0);
        recording.tracks = list
            .tracks
            .into_iter()
            .map(|track| named(track, state))
            .collect();
    }
    Ok(Json(recording))
}

#[derive(serde::Deserialize)]
struct List {
    t0: i64,
    tracks: Vec<Map<String, Value>>,
}

fn end_of(track: &Map<String, Value>) -> i64 {
    let number = |key| track.get(key).and_then(Value::as_i64).unwrap_or(0);
    number("start_us").saturating_add(number("duration_us"))
}

/// The track with the name of who sent it.
fn named(mut track: Map<String, Value>, state: &Session) -> Value {
    let name = track
        .get("person")
        .and_then(Value::as_str)
        .and_then(|person| {
            state
                .scheduled
                .participants
                .iter()
                .find(|p| p.person.0 == person)
        })
        .map(|participant| participant.name.clone());
    // What a machine sent has the name of its source.
    let machine = || {
        let (seat, _) = track.get("track")?.as_str()?.rsplit_once('-')?;
        Some(state.media_token(seat)?.name.clone())
    };
    let name = name.or_else(machine);
    track.insert("name".to_owned(), name.map_or(Value::Null, Value::String));
    Value::Object(track)
}
