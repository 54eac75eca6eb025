//! The accept loop: TLS, HTTP, and how strangers are held off.

pub mod client;
pub mod connections;
pub mod listen;
pub mod outward;
pub mod tls;

pub use connections::{Connection, Connections};
