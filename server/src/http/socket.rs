//! `GET /api/v1/sessions/{id}/socket`: the WebSocket of docs/protocol/signalling.md section 2.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{OriginalUri, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kanjie_domain::authority::ReadAct;
use tokio::sync::broadcast::error::RecvError;

use crate::auth::Caller;
use crate::http::origin;
use crate::problem::{Problem, ProblemCode};
use crate::rooms::Rooms;
use crate::services::Services;
use crate::socket::connection::{self, Client};
use crate::socket::frames::MAX_FRAME;
use crate::texts::Lang;

/// The live session: docs/protocol/signalling.md section 2; frames are `FromClient` and `ServerFrame`.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/socket", operation_id = "socket", tag = "sessions", params(("id" = String, Path, description = "Session")),
    responses((status = 101, description = "A WebSocket"), (status = 403, response = Problem)))]
pub async fn get(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path(session): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    // First of all: whoever has no part in the session learns nothing from how else the request was wrong.
    caller
        .reads(&services, &session, ReadAct::ReadSession)
        .await?;
    // The same-origin rule does not hold browsers off WebSockets: the cookie would come along from a foreign page.
    if !origin::is_own(&headers, &uri) {
        return Err(ProblemCode::ForeignOrigin.into());
    }
    let upgrade = upgrade.map_err(|_| ProblemCode::Malformed)?;
    let client = Client {
        session,
        caller: Arc::new(caller),
        lang: Lang::of(&headers),
    };
    let upgrade = upgrade
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let ended = sign_in_over(services, client.caller.clone());
        connection::serve(socket, client, rooms, ended).await;
    }))
}

/// Resolves when the sign-in behind the socket is revoked, signed out or past.
async fn sign_in_over(services: Services, caller: Arc<Caller>) {
    let mut ended = services.sign_ins_ended.subscribe();
    loop {
        let left = caller.expires_at.saturating_sub(services.env.now());
        let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
        tokio::select! {
            event = ended.recv() => match event {
                Ok(event) if event.token_hash == caller.token_hash => return,
                Ok(_) => {}
                // Some were missed: ask the store.
                Err(RecvError::Lagged(_)) => {
                    if !caller.still_holds(&services).await.unwrap_or(true) {
                        return;
                    }
                }
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep(left) => return,
        }
    }
}
