//! The server: wires domain, store, relay and recordings together behind HTTPS and WebSocket.
//!
//! Who signs in and how (`auth`), what is answered over HTTP (`http`), how strangers are held off (`net`), live sessions
//! (`rooms`), their cases and bundles (`cases`). What this crate does not do: judge what the procedure allows (`kanjie-domain`), move packets
//! (`kanjie-media`), or know SQL (`kanjie-store`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod app;
pub mod auth;
pub mod backup;
pub mod body;
pub mod calendar;
pub mod cases;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doors;
pub mod effects;
pub mod env;
pub mod error;
pub mod export;
pub mod files;
pub mod http;
pub mod keys;
pub mod limits;
pub mod metrics;
pub mod net;
pub mod notices;
pub mod problem;
pub mod rooms;
pub mod scheduling;
pub mod seed;
pub mod serve;
pub mod services;
pub mod socket;
pub mod status;
#[cfg(test)]
mod testing;
pub mod texts;
pub mod uploads;
pub mod web;
pub mod webhooks;

pub use app::AppState;
pub use services::Services;
