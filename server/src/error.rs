//! Why the program did not start or a command did not work; said to whoever runs it, so with inner text.

use std::path::PathBuf;

use kanjie_store::{AppendError, StoreError};

use crate::cases::error::CaseError;
use crate::cases::import::ImportError;
use crate::config::ConfigError;

/// Told on the terminal.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("listening on {address}: {source}")]
    Listen {
        address: std::net::SocketAddr,
        source: std::io::Error,
    },
    #[error("certificate: {0}")]
    Certificate(String),
    #[error("canonical JSON: {0}")]
    Canonical(#[from] kanjie_evidence::canonical::CanonicalError),
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Case(#[from] CaseError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error("{0}")]
    Usage(String),
    #[error("system: {0}")]
    System(#[from] std::io::Error),
    #[error("password: {0}")]
    Password(String),
    /// From the part of the program that plays the rooms.
    #[error("rooms: {0}")]
    Rooms(String),
}

impl Failure {
    /// For `map_err` on file work.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
