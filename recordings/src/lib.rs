//! Recording a session: packets in, evidence on the disk ([`recorder`]); after closing, one playable file a track
//! ([`derive`]) and the package that leaves the house ([`package`]).
//!
//! The originals are the packets as received; everything else can be made again from them. Formats and proofs are
//! `kanjie-evidence`'s, written down in docs/protocol/recording.md. It knows no rule of procedure: who may be recorded,
//! and what a segment's `private` means, is decided by the caller.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod derive;
mod layout;
pub mod package;
pub mod recorder;

pub use recorder::{
    Checkpoint, CodecInfo, Intake, Kind, Received, Recorder, RecorderConfig, RecorderError,
    RecorderEvent, Recovered,
};
