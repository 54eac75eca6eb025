//! One task a live session: it alone owns the fold, so commands are decided one after the other.
//!
//! What follows from entries (the recording's start, receipts, arrivals, closing) is read off the state in
//! [`Room::settle`], not off the act that caused it: so a restart heals what a crash cut off, by the same code.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kanjie_domain::authority::Standing;
use kanjie_domain::session::Stage;
use kanjie_domain::{Command, Event, PersonId, Report, Session};
use kanjie_evidence::Receipt;
use kanjie_media::RelayEvent;
use kanjie_store::TokenHash;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::acts::ActError;
use super::attach::{Arrival, AttachError, Attached};
use super::journal::{Appended, SessionJournal};
use super::media::RoomMedia;
use super::recording::Recording;
use super::sockets::{SocketId, Sockets};
use super::{Deps, Rooms};
use crate::auth::Caller;
use crate::auth::factor::Proof;
use crate::doors::entries::Entries;
use crate::effects::papers::{Paper, PaperError};
use crate::socket::frames::MediaFromClient;
use crate::socket::outbox::Bye;

/// A checkpoint at least every 5 s (docs/protocol/recording.md section 3), with room for a slow disk.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(4);
const TICK: Duration = Duration::from_secs(1);

/// What reaches a room.
#[derive(Debug)]
pub enum Message {
    Attach(Box<Arrival>, oneshot::Sender<Result<Attached, AttachError>>),
    Detach(SocketId),
    /// The sign-in behind the socket was ended.
    Revoke(SocketId),
    Do {
        socket: SocketId,
        id: u64,
        command: Box<Command>,
        factor: Option<Proof>,
    },
    /// A command that came over HTTP.
    Execute {
        caller: Arc<Caller>,
        command: Box<Command>,
        reply: oneshot::Sender<Result<u64, ActError>>,
    },
    Media(SocketId, MediaFromClient),
    /// A machine at a door.
    Door(Box<super::doors::AtDoor>),
    /// The state as it is now.
    Look(oneshot::Sender<Arc<Session>>),
    /// The receipts issued so far.
    Receipts(oneshot::Sender<Arc<[Receipt]>>),
    /// The decision that sealing would fix now, rendered; of which case, where there are several.
    Preview(Option<String>, oneshot::Sender<Result<Paper, PaperError>>),
    /// A document that was asked for is rendered.
    Rendered(Box<super::papers::Asked>, Result<Paper, PaperError>),
    /// The process ends.
    Shutdown(oneshot::Sender<()>),
}

pub struct Room {
    pub(super) deps: Arc<Deps>,
    pub(super) rooms: Rooms,
    pub(super) journal: SessionJournal,
    pub(super) sockets: Sockets,
    pub(super) media: RoomMedia,
    /// What came in by its doors.
    pub(super) doors: Entries,
    pub(super) recording: Recording,
    pub(super) papers: super::papers::Desk,
    pub(super) readiness: Value,
    /// Sign-ins by link that were looked at: the first device, or journalled as a further one.
    pub(super) devices_told: BTreeSet<TokenHash>,
    checkpoint_due: Instant,
    finished: bool,
}

impl Room {
    pub(super) fn new(rooms: Rooms, journal: SessionJournal) -> Self {
        let deps = rooms.deps().clone();
        let id = journal.id().to_owned();
        Self {
            media: RoomMedia::new(deps.switch.clone(), &id),
            recording: Recording::new(deps.session_dir(&id), &id, deps.epoch),
            papers: super::papers::Desk::default(),
            sockets: Sockets::default(),
            doors: Entries::default(),
            readiness: Value::Null,
            devices_told: BTreeSet::new(),
            checkpoint_due: Instant::now(),
            finished: false,
            deps,
            rooms,
            journal,
        }
    }

    /// Takes a session up again after the process died, or takes it up for the first time.
    pub(super) async fn take_up(&mut self) {
        if let Err(error) = self.recover_recording().await {
            tracing::error!(session = self.journal.id(), %error, "the recording could not be taken up again");
        }
        let now = Instant::now();
        let connected: Vec<PersonId> = self
            .journal
            .state
            .attendance
            .iter()
            .filter(|(_, attendance)| attendance.presence.is_connected())
            .map(|(person, _)| person.clone())
            .collect();
        for person in connected {
            self.sockets.expect(person, now);
        }
        self.settle().await;
    }

    pub(super) async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Message>,
        mut relay: mpsc::UnboundedReceiver<RelayEvent>,
    ) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let grace = self.sockets.next_deadline();
            tokio::select! {
                biased;
                Some(event) = relay.recv() => self.relay_event(event).await,
                Some(event) = self.recording.next_event() => {
                    self.recorder_event(event).await;
                }
                message = inbox.recv() => match message {
                    Some(Message::Shutdown(done)) => {
                        self.shut_down().await;
                        let _ = done.send(());
                        return;
                    }
                    Some(message) => self.handle(message).await,
                    None => return,
                },
                () = sleep_until(grace.unwrap_or_else(far)), if grace.is_some() => self.grace_over().await,
                _ = tick.tick() => self.tick().await,
            }
            self.settle().await;
            if self.finished && self.sockets.is_empty() {
                // Nobody who asked while it ended is left without an answer; who comes later starts another.
                inbox.close();
                while let Some(message) = inbox.recv().await {
                    self.handle(message).await;
                }
                return;
            }
        }
    }

    async fn handle(&mut self, message: Message) {
        match message {
            Message::Attach(arrival, reply) => {
                let attached = self.attach(*arrival).await;
                let _ = reply.send(attached);
            }
            Message::Detach(socket) => self.sockets.detach(socket, Instant::now()),
            Message::Revoke(socket) => self.revoke(socket).await,
            Message::Do {
                socket,
                id,
                command,
                factor,
            } => self.do_command(socket, id, *command, factor).await,
            Message::Execute {
                caller,
                command,
                reply,
            } => {
                let act = super::acts::Act {
                    caller,
                    command: *command,
                    proof: None,
                    paper: None,
                };
                let _ = reply.send(self.act(&act).await);
            }
            Message::Media(socket, frame) => self.media_frame(socket, frame).await,
            Message::Door(asked) => self.at_door(*asked).await,
            Message::Look(reply) => {
                let _ = reply.send(self.journal.state.clone());
            }
            Message::Receipts(reply) => {
                let _ = reply.send(self.journal.ledger.receipts.as_slice().into());
            }
            Message::Preview(case, reply) => self.preview(case.as_deref(), reply),
            Message::Rendered(asked, paper) => self.rendered(*asked, paper).await,
            Message::Shutdown(_) => {}
        }
    }

    async fn tick(&mut self) {
        self.measure().await;
        match self.journal.refresh_cases().await {
            Ok(()) => self.let_go().await,
            Err(error) => {
                tracing::error!(session = self.journal.id(), %error, "the case cannot be read")
            }
        }
        if Instant::now() >= self.checkpoint_due && self.recording.wants_checkpoint() {
            self.checkpoint_due = Instant::now() + CHECKPOINT_EVERY;
            self.journal_checkpoint().await;
        }
    }

    /// R16, R48: to whom the session opens no more, being recused or released since, loses the room within a second.
    async fn let_go(&mut self) {
        let participants = self.journal.state.scheduled.participants.iter();
        let closed = participants.filter(|of| {
            let standing = Standing::in_session(Some(of), &self.journal.facts());
            standing.comes_in().is_err()
        });
        let closed: Vec<PersonId> = closed.map(|of| of.person.clone()).collect();
        for person in closed {
            let Some(attendance) = self.journal.state.attendance.get(&person) else {
                continue;
            };
            if attendance.presence.place().is_some() {
                let report = Report::Departed {
                    person: person.clone(),
                    cause: kanjie_domain::event::DepartureCause::Removed,
                };
                if let Err(error) = self.report(&report).await {
                    tracing::error!(session = self.journal.id(), %error, "somebody is still there to whom the session opens no more");
                }
            }
            if let Some(socket) = self.sockets.of(&person) {
                self.media.remove(&socket.seat).await;
                socket.outbox.end_now(Bye::Revoked);
            }
        }
    }

    /// What must be done at once after entries: who left is cut off.
    pub(super) async fn after(&mut self, appended: &[Appended]) {
        for Appended { recorded, .. } in appended {
            let Event::Departed { person, cause } = &recorded.event else {
                continue;
            };
            let Some(socket) = self.sockets.of(person) else {
                continue;
            };
            let shared = self
                .journal
                .ledger
                .at_seat(&socket.seat)
                .any(|other| other != person && self.is_here(other));
            if !shared {
                self.media.remove(&socket.seat).await;
            }
            if *cause == kanjie_domain::event::DepartureCause::Removed {
                socket.outbox.finish(Bye::Revoked);
            }
        }
        self.after_doors(appended).await;
        self.recording.seats(&self.journal.state);
    }

    pub(super) fn is_here(&self, person: &PersonId) -> bool {
        self.journal
            .state
            .attendance
            .get(person)
            .is_some_and(|attendance| attendance.presence.place().is_some())
    }

    /// Brings about whatever the state asks for and is not there yet.
    async fn settle(&mut self) {
        if self.finished {
            return;
        }
        let stage = &self.journal.state.stage;
        let running = !matches!(stage, Stage::Scheduled | Stage::Closed);
        let closed = matches!(stage, Stage::Closed);
        let steps = async {
            if running {
                self.keep_recording().await?;
                self.open_media().await;
                self.bring_in().await?;
                self.tell_devices().await?;
            }
            self.issue_receipts().await
        };
        if let Err(error) = steps.await {
            tracing::warn!(session = self.journal.id(), %error, "not settled; tried again within a second");
            return;
        }
        self.push_readiness();
        if closed {
            self.finish().await;
        }
    }

    async fn finish(&mut self) {
        self.finished = true;
        self.media.close().await;
        self.recording.stop().await;
        self.sockets.finish(Bye::Closed);
        drop(self.rooms.playback(self.journal.id()));
    }

    /// The process ends: everything recorded is synced, and what was said is in the journal.
    async fn shut_down(&mut self) {
        self.media.close().await;
        if self.recording.wants_checkpoint() {
            self.journal_checkpoint().await;
        }
        self.recording.stop().await;
        self.sockets.finish(Bye::Restarting);
    }
}

/// A deadline that is never waited for.
fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}
