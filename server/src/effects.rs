//! What follows from entries beyond the room: receipts, documents, playable files. All of it can be made again.

pub mod files;
pub mod papers;
pub mod playback;
pub mod receipts;
pub mod slips;
#[cfg(test)]
mod tests;
pub mod verification;
