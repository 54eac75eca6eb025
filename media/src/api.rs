//! The border between room logic and transport: names, policy, events, and the [`Transport`] trait.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use crate::stats::SeatStats;
use crate::tap::Tap;

/// A room, opaque to the relay.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(pub String);

/// A seat in a room, opaque to the relay. It must be an SDP token (RFC 8866): it stands in `a=msid` and as CNAME.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeatId(pub String);

/// The `a=mid` of an m-line.
pub type Mid = String;

/// What a seat sends. One live track a seat and source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    Microphone,
    Camera,
    Screen,
    ScreenAudio,
}

impl Source {
    /// The name used in signalling and in `a=msid`.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Microphone => "microphone",
            Source::Camera => "camera",
            Source::Screen => "screen",
            Source::ScreenAudio => "screen_audio",
        }
    }

    /// The source of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Source::Microphone,
            Source::Camera,
            Source::Screen,
            Source::ScreenAudio,
        ]
        .into_iter()
        .find(|source| source.as_str() == name)
    }

    /// Whether it is sound.
    pub fn is_audio(self) -> bool {
        matches!(self, Source::Microphone | Source::ScreenAudio)
    }
}

/// One track: what a seat sends from one source. It keeps its name when the seat reconnects.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId {
    pub seat: SeatId,
    pub source: Source,
}

/// Which of a seat's two connections: up (it publishes) or down (it receives).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Half {
    Up,
    Down,
}

/// The codecs that the relay passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodecKind {
    Opus,
    Vp8,
    H264,
}

/// A codec as the publisher negotiated it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codec {
    pub kind: CodecKind,
    /// Payload type in the publisher's packets.
    pub payload_type: u8,
    /// RTP ticks a second.
    pub clock_rate: u32,
    /// Channels as signalled; 0 for video.
    pub channels: u8,
    /// `a=fmtp` parameters, empty if none.
    pub fmtp: String,
}

/// What one seat's media may be used for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publishing {
    /// The seats that may receive it.
    pub to: BTreeSet<SeatId>,
    /// Whether it reaches the tap.
    pub record: bool,
}

/// Who may receive whom. Deny by default: a seat that is absent is neither forwarded nor recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub seats: BTreeMap<SeatId, Publishing>,
    /// Seats that are about to meet: tracks are negotiated among them, so that opening needs no negotiation. Nothing is
    /// forwarded for it.
    pub ready: BTreeSet<SeatId>,
}

impl Policy {
    /// Whether `to` may receive what `from` sends.
    pub fn may_receive(&self, from: &SeatId, to: &SeatId) -> bool {
        from != to
            && self
                .seats
                .get(from)
                .is_some_and(|publishing| publishing.to.contains(to))
    }

    /// Whether what `from` sends is offered to `to`: because it may receive it, or soon will.
    pub fn offers(&self, from: &SeatId, to: &SeatId) -> bool {
        let soon = from != to && self.ready.contains(from) && self.ready.contains(to);
        soon || self.may_receive(from, to)
    }

    /// Whether what `from` sends reaches the tap.
    pub fn records(&self, from: &SeatId) -> bool {
        self.seats
            .get(from)
            .is_some_and(|publishing| publishing.record)
    }
}

/// Where a picture stands on a seat's screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub track: TrackId,
    /// Device pixels.
    pub width: u16,
    pub height: u16,
    /// It is made sharp before others are shown at all: the site's camera. A screen always is.
    pub important: bool,
}

impl View {
    /// How many pixels it fills.
    pub fn pixels(&self) -> u32 {
        u32::from(self.width) * u32::from(self.height)
    }
}

/// The relay's offer for a seat's down connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownOffer {
    /// To be handed back with the answer; an answer to an older offer is refused.
    pub generation: u64,
    pub sdp: String,
    /// Which m-line carries which track; m-lines not named here are inactive.
    pub tracks: Vec<DownTrack>,
}

/// An m-line of a [`DownOffer`] and the track that it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownTrack {
    pub mid: Mid,
    pub track: TrackId,
}

/// What a client that offers its down connection is shown; of that, what [`Policy::may_receive`] lets it have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Microphone and camera of that seat, or the screen that it shares and its sound.
    Seat { seat: SeatId, screen: bool },
    /// Microphone and camera of whoever speaks; before anybody did, of the first seat that has some.
    ActiveSpeaker,
}

/// Our side of ICE after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceParameters {
    pub ufrag: String,
    pub pwd: String,
    /// As `a=candidate` values.
    pub candidates: Vec<String>,
}

/// What the relay tells the room logic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayEvent {
    /// ICE and DTLS are up, or traffic has come back after [`RelayEvent::Vanished`].
    Connected {
        room: RoomId,
        seat: SeatId,
        half: Half,
    },
    /// No authenticated traffic for [`Limits::vanish_s`] seconds. The connection is kept until consent expires.
    Vanished {
        room: RoomId,
        seat: SeatId,
        half: Half,
    },
    /// The connection is gone: consent expired, the peer closed it, or its handshake failed.
    Disconnected {
        room: RoomId,
        seat: SeatId,
        half: Half,
    },
    /// A track was negotiated; packets may follow.
    TrackStarted {
        room: RoomId,
        track: TrackId,
        codec: Codec,
    },
    /// A track was removed, or the connection that carried it is gone.
    TrackEnded { room: RoomId, track: TrackId },
    /// The tracks that are offered to this seat ([`Policy::offers`]) changed: call [`Transport::offer_down`]. Told once
    /// until then, and not while an offer waits for its answer; a client that came back without having answered needs a
    /// new offer anyway.
    DownNeedsOffer { room: RoomId, seat: SeatId },
    /// Of this track, which it sends in several layers (`a=rid`), only these are needed: the client pauses the others
    /// (`RTCRtpSender.setParameters`, `active`), and sends these again. All are needed until this is said.
    LayersWanted {
        room: RoomId,
        track: TrackId,
        rids: Vec<String>,
    },
    /// Whether the way to this seat is too narrow for any picture: it hears, and sees nothing. It ends by itself.
    AudioOnly {
        room: RoomId,
        seat: SeatId,
        on: bool,
    },
    /// This seat is now the loudest speaker (RFC 6464 levels).
    Speaking { room: RoomId, seat: SeatId },
    /// The tap had to drop packets of this track since the last such event.
    TapOverflow {
        room: RoomId,
        track: TrackId,
        lost: u64,
    },
}

/// Why the relay refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    #[error("no such room: open it first")]
    UnknownRoom,
    #[error("no such seat in this room: offer or answer for it first")]
    UnknownSeat,
    #[error("the room is already open")]
    RoomExists,
    #[error("too many rooms or seats: {0}")]
    TooMany(&'static str),
    #[error("the description cannot be used: {0}")]
    BadDescription(&'static str),
    #[error("a seat name must be an SDP token of 1 to 64 characters")]
    BadName,
    #[error("the answer belongs to an older offer: answer the newest")]
    StaleAnswer,
    #[error("the relay could not start: {0}")]
    Start(String),
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    #[error("the relay has stopped")]
    Stopped,
}

/// An address under which clients reach the relay; each becomes a host candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertise {
    pub address: IpAddr,
    /// The port seen from outside, where it is not the bound one (1:1 NAT with port mapping; one worker only).
    pub udp_port: Option<u16>,
    /// The same for streams (ICE-TCP).
    pub tcp_port: Option<u16>,
}

/// Bounds on what a stranger or a peer can make the relay hold or do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub rooms_per_worker: usize,
    pub seats_per_room: usize,
    /// Bytes of a description.
    pub sdp_bytes: usize,
    /// m-lines of a description.
    pub sdp_media: usize,
    /// Handshake bytes a connection may send before it is dropped.
    pub handshake_bytes: usize,
    /// Handshake datagrams a connection may send before it is dropped.
    pub handshake_datagrams: usize,
    /// Datagrams a second from addresses that have not passed ICE; the rest is dropped unread.
    pub unknown_per_second: u32,
    /// Packets kept for retransmission a track; each is shorter than 2 KiB.
    pub history_packets: usize,
    /// Seconds without authenticated traffic until [`RelayEvent::Vanished`].
    pub vanish_s: u64,
    /// Seconds without a STUN consent check until the connection is dropped (RFC 7675).
    pub consent_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            rooms_per_worker: 1000,
            seats_per_room: 64,
            sdp_bytes: 64 * 1024,
            sdp_media: 64,
            handshake_bytes: 64 * 1024,
            handshake_datagrams: 256,
            unknown_per_second: 20_000,
            history_packets: 1024,
            vanish_s: 5,
            consent_s: 30,
        }
    }
}

/// How to start a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayConfig {
    /// The local address of every worker's socket.
    pub bind: IpAddr,
    /// One UDP port a worker; 0 or a missing entry means any free port.
    pub ports: Vec<u16>,
    /// Worker threads; a room lives on one of them.
    pub workers: usize,
    /// Where clients reach us. Empty: the bound address (only sensible on loopback).
    pub advertise: Vec<Advertise>,
    pub limits: Limits,
}

/// Room logic's view of the relay; [`crate::Relay`] implements it, and a test double may.
///
/// All methods return when the room's worker has done what was asked.
pub trait Transport: Clone + Send + Sync + 'static {
    /// Opens a room; nothing is forwarded or recorded before [`Transport::set_policy`].
    fn open_room(
        &self,
        room: &RoomId,
        tap: Arc<dyn Tap>,
    ) -> impl Future<Output = Result<(), MediaError>> + Send;

    /// Ends every connection of the room.
    fn close_room(&self, room: &RoomId) -> impl Future<Output = ()> + Send;

    /// Answers the client's offer of its up connection (sendonly m-lines); `sources` names the source of each mid, and
    /// an m-line not named is rejected. An offer with the same ICE ufrag renegotiates; one with a new ufrag and the same
    /// DTLS certificate restarts ICE; any other replaces the connection.
    fn answer_up(
        &self,
        room: &RoomId,
        seat: &SeatId,
        offer_sdp: &str,
        sources: &[(Mid, Source)],
    ) -> impl Future<Output = Result<String, MediaError>> + Send;

    /// Offers a seat its down connection: `actpass`, to be answered `active`. Each call supersedes the offer before it.
    fn offer_down(
        &self,
        room: &RoomId,
        seat: &SeatId,
    ) -> impl Future<Output = Result<DownOffer, MediaError>> + Send;

    /// Takes the client's answer. A client that made a new peer connection may answer with it: its new certificate
    /// replaces the old connection.
    fn accept_down(
        &self,
        room: &RoomId,
        seat: &SeatId,
        generation: u64,
        answer_sdp: &str,
    ) -> impl Future<Output = Result<(), MediaError>> + Send;

    /// Answers the offer of a client that only receives (recvonly m-lines, the first of each kind is taken): what it gets
    /// follows `watch` without negotiation. An offer with the same DTLS certificate restarts ICE; any other replaces the
    /// connection.
    fn answer_down(
        &self,
        room: &RoomId,
        seat: &SeatId,
        offer_sdp: &str,
        watch: Watch,
    ) -> impl Future<Output = Result<String, MediaError>> + Send;

    /// Restarts ICE (RFC 8445 section 9) and nothing else: tracks, keys and numbers go on. `remote_ufrag`: the client's
    /// new one, where it says so; checks by the old credentials of ours are not answered any more.
    fn restart_ice(
        &self,
        room: &RoomId,
        seat: &SeatId,
        half: Half,
        remote_ufrag: Option<&str>,
    ) -> impl Future<Output = Result<IceParameters, MediaError>> + Send;

    /// Sets who may receive whom and what is recorded. When it returns, nothing that it forbids leaves any more.
    fn set_policy(
        &self,
        room: &RoomId,
        policy: Policy,
    ) -> impl Future<Output = Result<(), MediaError>> + Send;

    /// Says what a seat's screen shows, and how large: all of it, each time. What is not named is not sent; a seat that
    /// never said gets everything in full size.
    fn set_views(
        &self,
        room: &RoomId,
        seat: &SeatId,
        views: Vec<View>,
    ) -> impl Future<Output = Result<(), MediaError>> + Send;

    /// Asks a track's publisher for a keyframe (for a recording that begins a new segment); throttled with all others
    /// who ask, and nothing for an unknown track.
    fn request_keyframe(&self, room: &RoomId, track: &TrackId) -> impl Future<Output = ()> + Send;

    /// Ends one connection of a seat, so that the next offer starts afresh (a client that was reloaded).
    fn close_half(
        &self,
        room: &RoomId,
        seat: &SeatId,
        half: Half,
    ) -> impl Future<Output = ()> + Send;

    /// Ends both connections of a seat at once.
    fn remove_seat(&self, room: &RoomId, seat: &SeatId) -> impl Future<Output = ()> + Send;

    /// What was measured, one entry a seat; empty for an unknown room.
    fn stats(&self, room: &RoomId) -> impl Future<Output = Vec<SeatStats>> + Send;
}
