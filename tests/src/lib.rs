//! End to end on loopback: starts the real `kanjie` binary and talks to it as a browser would.
//!
//! [`TestServer`] is the process, [`Api`] one person's HTTP client, [`Socket`] that person's place in a session, [`Peer`]
//! the media of it (by another WebRTC implementation than ours), [`Machine`] one at a door (by a third), [`faults`] what strangers send. The known pictures and
//! sounds, and what a person sees on a screen, are in `browser/` beside this crate.
//!
//! What it does not do: reach into the server. Everything goes over sockets; what is read from disk is what an operator
//! would read there (the outbox of one-time codes, a package).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code through and through: a panic is how it fails"
)]

pub mod api;
pub mod case;
pub mod faults;
pub mod machine;
pub mod peer;
mod program;
pub mod review;
pub mod room;
pub mod seed;
pub mod server;
pub mod socket;
pub mod tls;

pub use api::Api;
pub use case::{Bureau, Case};
pub use machine::Machine;
pub use peer::Peer;
pub use review::{Review, of_case};
pub use room::Room;
pub use seed::{Person, Seed};
pub use server::TestServer;
pub use socket::Socket;

use std::time::Duration;

/// How long anything that should happen may take on a busy machine before a test calls it missing.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for `future`, or fails naming `what` was awaited.
///
/// # Panics
/// After [`PATIENCE`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {PATIENCE:?} for {what}"),
    }
}
