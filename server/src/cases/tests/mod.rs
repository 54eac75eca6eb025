//! Cases over HTTP, with the real store, the real papers and a clock that the test owns.

mod desk;

mod access;
mod bundles;
mod effects;
mod events;
mod import;
mod intake;
mod links;
mod opening;
mod published;
mod sessions;
mod whole;
