//! Rooms: one task a live session, found by the session's id, started when somebody needs it and again after a failure.
//!
//! A room serialises everything that happens in its session. It is the only place that knows both the relay and the
//! recorder. What it does not do: speak WebSocket (`socket`), know who is signed in (`auth`), or keep anything that the
//! journal does not also hold.

mod acts;
mod answers;
mod attach;
mod case_fold;
pub mod journal;
pub mod ledger;
mod media;
mod papers;
mod policy;
mod receipts;
mod recording;
mod room;
mod sockets;
mod switch;
mod tap;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use kanjie_domain::event::Clock;
use kanjie_domain::{Command, Session};
use kanjie_evidence::Receipt;
use kanjie_media::{Advertise, Limits, Relay, RelayConfig, RelayEvent, RoomId, SeatStats};
use kanjie_store::StoreError;
use tokio::sync::{mpsc, oneshot, watch};

pub use acts::{ActError, EXAMPLE_SEAL};
pub use answers::frame as refusal;
pub use attach::{Arrival, AttachError, Attached};
pub use room::Message;
pub use sockets::{SocketId, entry_text};
pub use switch::Switch;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::app::AppState;
use crate::auth::Caller;
use crate::effects::files;
use crate::effects::papers::{Paper, PaperError};
use crate::effects::playback::{Playbacks, Progress};
use crate::effects::verification::{Verdict, Verdicts};
use crate::error::Failure;
use crate::export::ExportError;
use crate::http::{
    connections, documents, journal as http_journal, recording as recording_files, socket, stills,
    verification,
};
use crate::services::Services;
use crate::{clock, config};
use journal::{JournalError, SessionJournal};
use room::Room;

/// Messages that may wait for a room.
const INBOX: usize = 1024;
/// How often a message is brought to the next room of its session.
const ASKED_AGAIN: usize = 3;
/// Events that the relay may be ahead of the rooms.
const RELAY_EVENTS: usize = 4096;

/// What rooms are made with.
pub struct Deps {
    pub services: Services,
    pub switch: Arc<dyn Switch>,
    /// Where the relay's monotonic clock begins.
    pub epoch: Instant,
    /// Random, another at each start: a page sees by it that its media connections are gone.
    pub run: String,
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

impl Deps {
    #[must_use]
    pub fn session_dir(&self, session: &str) -> PathBuf {
        files::session_dir(&self.services.config.data, session)
    }

    /// The clock's state; `None` where it is not known to be synchronised.
    fn clock_state(&self) -> Option<Clock> {
        clock::state(&self.services.config)
    }

    /// The clock's state in a checkpoint.
    fn clock_word(&self) -> &'static str {
        clock::word(&self.services.config)
    }
}

/// The rooms of this process; clones share them.
#[derive(Clone)]
pub struct Rooms {
    inner: Arc<Inner>,
}

struct Inner {
    deps: Arc<Deps>,
    live: Mutex<HashMap<String, Handle>>,
    playbacks: Playbacks,
    verdicts: Verdicts,
    /// Rooms start one at a time a session: two would both append.
    starting: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Handle {
    inbox: mpsc::Sender<Message>,
    relay: mpsc::UnboundedSender<RelayEvent>,
    #[cfg(test)]
    task: tokio::task::AbortHandle,
}

/// Why a room could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    #[error("no such session")]
    NotFound,
    #[error("the room is not to be had just now")]
    Unavailable,
}

impl Rooms {
    /// Starts the relay, and takes up every session that had begun when the process ended.
    ///
    /// # Errors
    /// When the relay does not start or the store does not answer.
    pub async fn start(services: Services) -> Result<Self, Failure> {
        let (told, events) = mpsc::channel(RELAY_EVENTS);
        let relay = Relay::start(relay_config(&services.config.media), told)
            .map_err(|error| Failure::Rooms(error.to_string()))?;
        let epoch = relay.epoch();
        let rooms = Self::new(services, Arc::new(relay), epoch);
        tokio::spawn(rooms.clone().dispatch(events));
        rooms.recover().await?;
        Ok(rooms)
    }

    /// Rooms over a given relay.
    #[must_use]
    pub fn new(services: Services, switch: Arc<dyn Switch>, epoch: Instant) -> Self {
        let run = hex::encode(services.env.random::<4>());
        let deps = Deps {
            services,
            switch,
            epoch,
            run,
        };
        Self {
            inner: Arc::new(Inner {
                deps: Arc::new(deps),
                live: Mutex::default(),
                playbacks: Playbacks::default(),
                verdicts: Verdicts::default(),
                starting: tokio::sync::Mutex::default(),
            }),
        }
    }

    #[must_use]
    pub fn deps(&self) -> &Arc<Deps> {
        &self.inner.deps
    }

    /// Hands the relay's events to their rooms until the relay ends.
    pub async fn dispatch(self, mut events: mpsc::Receiver<RelayEvent>) {
        while let Some(event) = events.recv().await {
            let handle = self.live().get(&room_of(&event).0).cloned();
            if let Some(handle) = handle {
                // A room that just ended has no use for it.
                let _ = handle.relay.send(event);
            }
        }
    }

    /// Takes up every session that had begun when the process died; each goes on by itself.
    ///
    /// # Errors
    /// When the store does not say which sessions there are.
    pub async fn recover(&self) -> Result<(), StoreError> {
        let sessions = self.deps().services.store.open_sessions().await?;
        for session in sessions.into_iter().filter(|s| s.stage != "scheduled") {
            if let Err(error) = self.handle(&session.id).await {
                tracing::error!(session = session.id, %error, "a session could not be taken up again");
            }
        }
        Ok(())
    }

    /// Ends every room in good order: nothing recorded is lost, sessions go on at the next start.
    pub async fn stop(&self) {
        let handles: Vec<Handle> = self.live().drain().map(|(_, handle)| handle).collect();
        for handle in handles {
            let (done, ended) = oneshot::channel();
            if handle.inbox.send(Message::Shutdown(done)).await.is_ok() {
                let _ = ended.await;
            }
        }
    }

    /// Drops every room where it stands, as a killed process does.
    #[cfg(test)]
    fn abandon(&self) {
        for (_, handle) in self.live().drain() {
            handle.task.abort();
        }
    }

    /// Seats a socket that has said hello.
    ///
    /// # Errors
    /// When the person has no part in the session.
    pub async fn attach(&self, session: &str, arrival: Arrival) -> Result<Attached, AttachError> {
        let (reply, answer) = oneshot::channel();
        let message = Message::Attach(Box::new(arrival), reply);
        match self.ask(session, message, answer).await {
            Ok(attached) => attached,
            Err(RoomError::NotFound) => Err(AttachError::NoPart),
            Err(RoomError::Unavailable) => Err(AttachError::Unavailable),
        }
    }

    /// Carries out a command that came over HTTP; returns the `seq` of its last entry.
    ///
    /// # Errors
    /// As the room decides.
    pub async fn execute(
        &self,
        session: &str,
        caller: Arc<Caller>,
        command: Command,
    ) -> Result<u64, ActError> {
        let (reply, answer) = oneshot::channel();
        let message = Message::Execute {
            caller,
            command: Box::new(command),
            reply,
        };
        let answered = self.ask(session, message, answer).await;
        answered.unwrap_or(Err(ActError::Unavailable))
    }

    /// The session's state now.
    ///
    /// # Errors
    /// When there is no such session or its room is not to be had.
    pub async fn look(&self, session: &str) -> Result<Arc<Session>, RoomError> {
        let (reply, answer) = oneshot::channel();
        self.ask(session, Message::Look(reply), answer).await
    }

    /// The receipts issued so far, oldest first.
    ///
    /// # Errors
    /// As [`Rooms::look`].
    pub async fn receipts(&self, session: &str) -> Result<Arc<[Receipt]>, RoomError> {
        let (reply, answer) = oneshot::channel();
        self.ask(session, Message::Receipts(reply), answer).await
    }

    /// The decision as it would be sealed now; of which case, where the session has several.
    ///
    /// # Errors
    /// When it is too early for it, or it cannot be rendered.
    pub async fn preview(&self, session: &str, case: Option<&str>) -> Result<Paper, PaperError> {
        let (reply, answer) = oneshot::channel();
        let case = case.map(str::to_owned);
        let answered = self
            .ask(session, Message::Preview(case, reply), answer)
            .await;
        answered.unwrap_or(Err(PaperError::TooEarly))
    }

    /// How far the playable files of a closed session are; begun if need be.
    #[must_use]
    pub fn playback(&self, session: &str) -> watch::Receiver<Progress> {
        let dir = self.deps().session_dir(session);
        self.inner.playbacks.begin(session, dir)
    }

    /// The check of a closed session's package; made once a process.
    ///
    /// # Errors
    /// When the package cannot be made.
    pub async fn verification(&self, session: &str) -> Result<Verdict, ExportError> {
        let mut playback = self.playback(session);
        // The maker cannot vanish before it tells the end.
        let _ = playback
            .wait_for(|p| !matches!(p, Progress::Making { .. }))
            .await;
        self.inner.verdicts.of(&self.deps().services, session).await
    }

    /// What the relay measured of each seat; nothing where no room is open.
    pub async fn connections(&self, session: &str) -> Vec<SeatStats> {
        let room = RoomId(session.to_owned());
        self.deps().switch.stats(&room).await
    }

    /// Sends without waiting for an answer; a room that is gone misses nothing that the journal does not hold.
    pub async fn tell(&self, session: &str, message: Message) {
        let handle = self.live().get(session).cloned();
        if let Some(handle) = handle {
            let _ = handle.inbox.send(message).await;
        }
    }

    async fn ask<T>(
        &self,
        session: &str,
        mut message: Message,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, RoomError> {
        // A room that was just ending gives the message back; the next one takes it.
        for _ in 0..ASKED_AGAIN {
            let handle = self.handle(session).await?;
            match handle.inbox.send(message).await {
                Ok(()) => return answer.await.map_err(|_| RoomError::Unavailable),
                Err(mpsc::error::SendError(returned)) => message = returned,
            }
        }
        Err(RoomError::Unavailable)
    }

    async fn handle(&self, session: &str) -> Result<Handle, RoomError> {
        if let Some(handle) = self.running(session) {
            return Ok(handle);
        }
        let _one_at_a_time = self.inner.starting.lock().await;
        if let Some(handle) = self.running(session) {
            return Ok(handle);
        }
        let store = self.deps().services.store.clone();
        let journal = SessionJournal::load(store, session)
            .await
            .map_err(|error| match error {
                JournalError::NotFound => RoomError::NotFound,
                error => {
                    tracing::error!(session, %error, "the journal cannot be loaded");
                    RoomError::Unavailable
                }
            })?;
        Ok(self.begin(journal).await)
    }

    fn running(&self, session: &str) -> Option<Handle> {
        let handle = self.live().get(session).cloned();
        handle.filter(|handle| !handle.inbox.is_closed())
    }

    /// A room that fails takes nobody with it: its sockets end, and the next one that asks starts it from the journal.
    async fn begin(&self, journal: SessionJournal) -> Handle {
        let session = journal.id().to_owned();
        let (inbox, messages) = mpsc::channel(INBOX);
        let (relay, events) = mpsc::unbounded_channel();
        let rooms = self.clone();
        let (ready, taken_up) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut room = Room::new(rooms, journal);
            room.take_up().await;
            let _ = ready.send(());
            room.run(messages, events).await;
        });
        let handle = Handle {
            inbox,
            relay,
            #[cfg(test)]
            task: task.abort_handle(),
        };
        self.live().insert(session.clone(), handle.clone());
        let _ = taken_up.await;
        let rooms = self.clone();
        tokio::spawn(async move {
            if let Err(error) = task.await {
                tracing::error!(session, %error, "a room failed; it starts again from its journal");
                rooms.inner.deps.switch.close_room(&RoomId(session)).await;
            }
        });
        handle
    }

    fn live(&self) -> MutexGuard<'_, HashMap<String, Handle>> {
        self.inner
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Rooms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rooms").finish_non_exhaustive()
    }
}

fn relay_config(media: &config::Media) -> RelayConfig {
    let workers = match media.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        workers => workers,
    };
    let ports = (0..workers).map_while(|n| match media.port {
        0 => None,
        first => first.checked_add(u16::try_from(n).ok()?),
    });
    RelayConfig {
        bind: media.bind,
        ports: ports.collect(),
        workers,
        advertise: media
            .advertise
            .iter()
            .map(|advertise| Advertise {
                address: advertise.address,
                udp_port: advertise.udp,
            })
            .collect(),
        limits: Limits::default(),
    }
}

fn room_of(event: &RelayEvent) -> &RoomId {
    match event {
        RelayEvent::Connected { room, .. }
        | RelayEvent::Vanished { room, .. }
        | RelayEvent::Disconnected { room, .. }
        | RelayEvent::TrackStarted { room, .. }
        | RelayEvent::TrackEnded { room, .. }
        | RelayEvent::DownNeedsOffer { room, .. }
        | RelayEvent::LayersWanted { room, .. }
        | RelayEvent::AudioOnly { room, .. }
        | RelayEvent::Speaking { room, .. }
        | RelayEvent::TapOverflow { room, .. } => room,
    }
}

/// Routes of sessions: socket, connections, journal, stills, documents, recording, verification.
pub fn routes() -> OpenApiRouter<AppState> {
    let large = DefaultBodyLimit::max(stills::MAX_BYTES);
    OpenApiRouter::new()
        .routes(routes!(socket::get))
        .routes(routes!(connections::get))
        .routes(routes!(http_journal::get))
        .routes(routes!(stills::get, stills::put).layer(large))
        .routes(routes!(documents::get))
        .routes(routes!(recording_files::list::handle))
        .routes(routes!(recording_files::looks::handle))
        .routes(routes!(recording_files::file::handle))
        .routes(routes!(verification::get))
}
