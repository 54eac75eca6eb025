//! The WebRTC relay (SFU): takes each publisher's packets once and hands them to whoever may have them.
//!
//! What it does: ICE-lite on one UDP port a worker and passive ICE-TCP beside it, DTLS 1.2 as server, SRTP (AEAD_AES_GCM where offered, else
//! AES128_CM_HMAC_SHA1_80), offers and answers, NACK and RTX on both sides, receiver reports and transport-wide
//! feedback to publishers, sender reports to subscribers, throttled keyframe requests, paced sending in GSO runs, a tap for the recording; an
//! estimate of what passes to each subscriber (`estimate`), and by it and by the subscriber's screen a simulcast layer
//! for each picture (`select`), one continuous stream whatever the layer (`forward`); sound with its past (`red`).
//!
//! What it does not do: know what a case, a role or a session is ([`Transport::set_policy`] tells it who may receive
//! whom); decode, mix or transcode; scalable layers within one stream (SVC), TURN; keep anything on disk.
//!
//! Layers, top down: [`Relay`] (threads, sockets and clocks: the only I/O) over `worker::Worker` (sans-I/O: time, bytes
//! and commands in; datagrams and events out) over `room`, `peer`, `inbound`, `forward` and the protocol modules.

pub mod api;
mod datagrams;
mod down;
mod dtls;
mod estimate;
mod forward;
mod gather;
mod ice;
mod inbound;
mod keyframes;
mod nack;
mod pacer;
mod peer;
mod red;
mod relay;
mod room;
mod rtcp;
mod rtp;
mod sdp;
mod select;
#[cfg(test)]
mod sim;
mod srtp;
mod stats;
mod stream;
mod tap;
mod twcc;
mod up;
mod vp8;
mod worker;

pub use api::{
    Advertise, Codec, CodecKind, DownOffer, DownTrack, Half, IceParameters, Limits, MediaError,
    Mid, Policy, Publishing, RelayConfig, RelayEvent, RoomId, SeatId, Source, TrackId, Transport,
    View, Watch,
};
pub use relay::Relay;
pub use sdp::machine_sources;
pub use stats::{HalfStats, SeatStats, TrackStats};
pub use tap::{NoTap, Tap, TapKind, TapPacket};
