//! The WebSocket of a session (docs/protocol/signalling.md section 2): parsing and limits here, decisions in `rooms`.

pub mod connection;
pub mod frames;
pub mod guard;
pub mod outbox;
