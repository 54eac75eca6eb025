//! Live sessions: none yet.

use axum::Router;

use crate::app::AppState;
use crate::error::Failure;
use crate::services::Services;

/// All live sessions of this process; clones are one.
#[derive(Clone, Debug)]
pub struct Rooms;

impl Rooms {
    /// Takes up every session that is not closed.
    ///
    /// # Errors
    /// When the store or the relay does not start.
    #[allow(clippy::unused_async)]
    pub async fn start(_services: Services) -> Result<Self, Failure> {
        Ok(Self)
    }

    /// Brings every session to a point from which it goes on.
    #[allow(clippy::unused_async)]
    pub async fn stop(&self) {}
}

/// Routes of sessions: socket, journal, stills, documents, recording, verification.
pub fn routes() -> Router<AppState> {
    Router::new()
}
