//! Cases and bundles on the server: loads by replay, decides, appends over every journal that a decision read, and does what
//! follows (docs/protocol/cases.md).
//!
//! What it does not do: decide anything that the domain does not, or keep anything that the journals do not also hold.

pub mod append;
pub mod bundles;
pub mod effects;
pub mod error;
pub mod host;
pub mod import;
pub mod journal;
pub mod open;
pub mod papers;
pub mod pool;
pub mod published;
pub mod result;
pub mod sessions;
#[cfg(test)]
mod tests;
pub mod view;
mod words;

pub use error::CaseError;
pub use host::{Acting, Second};
pub use journal::Folds;
