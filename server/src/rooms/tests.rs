//! Rooms as their clients see them: a real store, a real recorder, real WebSockets on loopback; only the relay is a double.

mod client;
mod house;
mod journey;
mod quality;
mod refusals;
mod relay;
mod restart;
mod resume;
mod revoked;
mod sealing;
