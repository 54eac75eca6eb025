//! The frames of docs/protocol/signalling.md section 2 and 3, one type a message.

use std::collections::BTreeMap;

use kanjie_domain::{PersonId, Role, SeatId};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::auth::factor::Proof;

/// Largest text frame a client may send, bytes.
pub const MAX_FRAME: usize = 256 * 1024;
/// Deepest nesting of a client's JSON.
pub const MAX_DEPTH: usize = 32;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = ClientFrame)]
pub enum FromClient {
    Hello(Hello),
    Do(Do),
    Media(MediaFromClient),
    Ping(Beat),
}

/// Whatever number the client counts by; it comes back as it was.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = f64)]
pub struct Beat(pub Number);

/// What a client says first: where its journal ends, and on what device it is.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    pub after: u64,
    #[serde(default)]
    pub device: String,
    /// The seat held before, or for a companion the seat to share.
    #[serde(default)]
    pub seat: Option<SeatId>,
    /// Joins another person's seat on the same device; media stays with that person's socket.
    #[serde(default)]
    pub companion: bool,
}

/// `command` stays a value so that a malformed command can be refused by its `id`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Do {
    pub id: u64,
    #[schema(value_type = kanjie_domain::Command)]
    pub command: Value,
    #[serde(default)]
    pub factor: Option<Proof>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    Up,
    Down,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MediaFromClient {
    UpOffer {
        sdp: String,
        /// mid → source.
        sources: BTreeMap<String, String>,
    },
    DownAnswer {
        generation: u64,
        sdp: String,
    },
    Restart {
        half: Half,
        /// On the connection there is: ICE alone begins anew.
        #[serde(default)]
        ice: bool,
    },
    /// What the screen shows, all of it.
    Views(Vec<ShownPicture>),
}

/// Where a picture stands on a screen.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownPicture {
    pub seat: SeatId,
    pub source: String,
    /// Device pixels.
    pub width: u16,
    pub height: u16,
    /// To be sharp before others are shown at all.
    #[serde(default)]
    pub important: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ControlFrame)]
pub enum ToClient<'a> {
    Welcome {
        session: &'a str,
        person: &'a PersonId,
        seat: &'a SeatId,
        roles: &'a [Role],
        head: u64,
        now: i64,
        relay: RelayFacts<'a>,
    },
    CaughtUp {
        head: u64,
    },
    Done {
        id: u64,
        seq: u64,
    },
    Refused {
        id: Option<u64>,
        code: &'a str,
        title: &'a str,
        next: &'a str,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        missing: &'a [String],
    },
    Readiness {
        seq: u64,
        #[schema(value_type = Vec<kanjie_domain::ActReadiness>)]
        acts: &'a Value,
    },
    Presence {
        #[schema(value_type = BTreeMap<String, Quality>)]
        quality: &'a BTreeMap<SeatId, Quality>,
        speaking: Option<&'a SeatId>,
    },
    Pong(&'a Beat),
    Media(MediaToClient<'a>),
    Bye {
        code: &'a str,
        title: &'a str,
        next: &'a str,
    },
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RelayFacts<'a> {
    #[schema(value_type = Vec<Value>)]
    pub ice_servers: [Value; 0],
    /// Another at each start of the relay.
    pub run: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    Good,
    Fair,
    Poor,
    Lost,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaToClient<'a> {
    UpAnswer {
        sdp: &'a str,
    },
    DownOffer {
        generation: u64,
        sdp: &'a str,
        tracks: &'a [DownTrack],
    },
    /// Of this source, which is offered in layers, these are needed.
    Layers {
        source: &'a str,
        rids: &'a [String],
    },
    /// The way to this screen is too narrow for pictures.
    AudioOnly {
        on: bool,
    },
    Failed {
        half: Half,
        code: &'a str,
        title: &'a str,
        next: &'a str,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DownTrack {
    pub mid: String,
    pub seat: SeatId,
    pub source: String,
}

/// A server frame as text. Serialising these types cannot fail; an empty object keeps the socket alive if it ever did.
#[must_use]
pub fn text(frame: &ToClient<'_>) -> String {
    serde_json::to_string(frame).unwrap_or_else(|_| "{}".to_owned())
}
