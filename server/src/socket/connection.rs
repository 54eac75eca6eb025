//! One client's socket, from upgrade to bye.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use kanjie_domain::Command;
use kanjie_store::{JournalId, Store};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::frames::{self, Beat, Do, FromClient, Hello, MAX_DEPTH, RelayFacts, ToClient};
use super::guard::{Bucket, within_depth};
use super::outbox::{Bye, Inbox, Out, outbox};
use crate::auth::Caller;
use crate::rooms::journal::for_viewer;
use crate::rooms::{self, Arrival, AttachError, Attached, Rooms, SocketId, entry_text, refusal};
use crate::texts::{self, Lang};

const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// Silence that ends a connection; a client pings every 5 s.
const IDLE: Duration = Duration::from_secs(15);
/// How long a frame may take to leave.
const SEND_WITHIN: Duration = Duration::from_secs(10);
const BAD_FRAMES: u32 = 10;
const COMMANDS_PER_SECOND: u32 = 20;
const COMMANDS_AT_ONCE: u32 = 40;
/// Entries read from the store at once.
const PAGE: u32 = 500;

/// Who the socket belongs to, as authenticated at the upgrade.
#[derive(Debug)]
pub struct Client {
    pub session: String,
    pub caller: Arc<Caller>,
    pub lang: Lang,
}

/// Why a connection ends; `None` where there is nobody left to tell.
type End = Option<Bye>;

/// Serves the socket until it ends. `ended` resolves when the person's sign-in is revoked or signed out.
pub async fn serve(
    mut socket: WebSocket,
    client: Client,
    rooms: Rooms,
    ended: impl Future<Output = ()>,
) {
    let mut connection = Connection {
        bad_frames: 0,
        commands: Bucket::new(COMMANDS_PER_SECOND, COMMANDS_AT_ONCE, Instant::now()),
        refused_in_a_row: 0,
        client,
        rooms,
    };
    let mut seat = None;
    let (end, leave): (End, fn(SocketId) -> rooms::Message) = tokio::select! {
        end = connection.run(&mut socket, &mut seat) => (end, rooms::Message::Detach),
        () = ended => (Some(Bye::Revoked), rooms::Message::Revoke),
    };
    if let Some(id) = seat {
        let rooms = &connection.rooms;
        rooms.tell(&connection.client.session, leave(id)).await;
    }
    if let Some(bye) = end {
        let text = texts::of(bye.code(), connection.client.lang);
        let frame = frames::text(&ToClient::Bye {
            code: bye.code(),
            title: text.title,
            next: text.next,
        });
        let _ = timeout(SEND_WITHIN, socket.send(Message::Text(frame.into()))).await;
        let _ = timeout(SEND_WITHIN, socket.send(Message::Close(None))).await;
    }
}

struct Connection {
    client: Client,
    rooms: Rooms,
    bad_frames: u32,
    commands: Bucket,
    refused_in_a_row: u32,
}

impl Connection {
    async fn run(&mut self, socket: &mut WebSocket, seat: &mut Option<SocketId>) -> End {
        let hello = match timeout(HELLO_WITHIN, self.hello(socket)).await {
            Ok(Ok(hello)) => hello,
            Ok(Err(end)) => return end,
            Err(_) => return Some(Bye::Idle),
        };
        let after = hello.after;
        let (outbox, mut inbox) = outbox();
        let arrival = Arrival {
            caller: self.client.caller.clone(),
            hello,
            outbox,
            lang: self.client.lang,
        };
        let attached = match self.rooms.attach(&self.client.session, arrival).await {
            Ok(attached) => attached,
            Err(AttachError::NoPart) => return Some(Bye::Revoked),
            Err(AttachError::Unavailable) => return Some(Bye::Restarting),
        };
        *seat = Some(attached.socket);
        if let Err(end) = self.catch_up(socket, &attached, after).await {
            return end;
        }
        self.talk(socket, &mut inbox, attached.socket).await
    }

    async fn hello(&mut self, socket: &mut WebSocket) -> Result<Hello, End> {
        loop {
            match self.receive(socket).await? {
                Some(FromClient::Hello(hello)) => return Ok(hello),
                Some(FromClient::Ping(n)) => pong(socket, &n).await?,
                Some(_) => self.bad_frame(socket, None).await?,
                None => {}
            }
        }
    }

    /// The journal from where the client's ends to where the outbox begins.
    async fn catch_up(
        &self,
        socket: &mut WebSocket,
        attached: &Attached,
        after: u64,
    ) -> Result<(), End> {
        let welcome = frames::text(&ToClient::Welcome {
            session: &self.client.session,
            person: &self.client.caller.person,
            seat: &attached.seat,
            roles: &attached.roles,
            head: attached.head,
            now: attached.now,
            relay: RelayFacts {
                ice_servers: [],
                run: &self.rooms.deps().run,
            },
        });
        send(socket, welcome.into()).await?;
        let store: &Store = &self.rooms.deps().services.store;
        let journal = JournalId::Session(self.client.session.clone());
        let mut after = after;
        while after < attached.head {
            let entries = match store.entries(&journal, after, PAGE).await {
                Ok(entries) if !entries.is_empty() => entries,
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(session = self.client.session, %error, "the journal cannot be read");
                    return Err(Some(Bye::Restarting));
                }
            };
            for entry in entries
                .into_iter()
                .filter(|entry| entry.seq <= attached.head)
            {
                after = entry.seq;
                let entry = for_viewer(entry, &attached.viewer);
                send(socket, entry_text(&entry).into()).await?;
            }
        }
        let caught_up = ToClient::CaughtUp {
            head: attached.head,
        };
        send(socket, frames::text(&caught_up).into()).await
    }

    async fn talk(&mut self, socket: &mut WebSocket, inbox: &mut Inbox, id: SocketId) -> End {
        let mut idle = Instant::now() + IDLE;
        loop {
            let ended = tokio::select! {
                biased;
                bye = at_once(&mut inbox.end) => return Some(bye),
                out = inbox.queue.recv() => match out {
                    Some(Out::Frame(frame)) => send(socket, frame).await,
                    Some(Out::Bye(bye)) => return Some(bye),
                    None => return Some(Bye::Restarting),
                },
                received = self.receive(socket) => {
                    idle = Instant::now() + IDLE;
                    match received {
                        Ok(Some(frame)) => self.frame(socket, id, frame).await,
                        Ok(None) => Ok(()),
                        Err(end) => Err(end),
                    }
                }
                () = sleep_until(idle) => return Some(Bye::Idle),
            };
            if let Err(end) = ended {
                return end;
            }
        }
    }

    async fn frame(
        &mut self,
        socket: &mut WebSocket,
        id: SocketId,
        frame: FromClient,
    ) -> Result<(), End> {
        match frame {
            FromClient::Ping(n) => pong(socket, &n).await,
            FromClient::Hello(_) => self.bad_frame(socket, None).await,
            FromClient::Media(frame) => {
                if self.within_rate(socket, None).await? {
                    self.tell(rooms::Message::Media(id, frame)).await;
                }
                Ok(())
            }
            FromClient::Do(act) => self.act(socket, id, act).await,
        }
    }

    async fn act(&mut self, socket: &mut WebSocket, id: SocketId, act: Do) -> Result<(), End> {
        if !self.within_rate(socket, Some(act.id)).await? {
            return Ok(());
        }
        let command = match serde_json::from_value::<Command>(act.command) {
            // Evidence comes by upload, where its hash is checked (R26).
            Ok(Command::TakeEvidence { .. }) | Err(_) => {
                return self.bad_frame(socket, Some(act.id)).await;
            }
            Ok(command) => command,
        };
        self.tell(rooms::Message::Do {
            socket: id,
            id: act.id,
            command: Box::new(command),
            factor: act.factor,
        })
        .await;
        Ok(())
    }

    async fn tell(&self, message: rooms::Message) {
        self.rooms.tell(&self.client.session, message).await;
    }

    async fn within_rate(&mut self, socket: &mut WebSocket, id: Option<u64>) -> Result<bool, End> {
        if self.commands.take(Instant::now()) {
            self.refused_in_a_row = 0;
            return Ok(true);
        }
        self.refused_in_a_row += 1;
        if self.refused_in_a_row > COMMANDS_AT_ONCE {
            return Err(Some(Bye::TooFast));
        }
        let text = refusal(id, "too_fast", &[], self.client.lang);
        send(socket, text.into()).await?;
        Ok(false)
    }

    async fn bad_frame(&mut self, socket: &mut WebSocket, id: Option<u64>) -> Result<(), End> {
        self.bad_frames += 1;
        if self.bad_frames >= BAD_FRAMES {
            return Err(Some(Bye::Malformed));
        }
        let text = refusal(id, "malformed", &[], self.client.lang);
        send(socket, text.into()).await
    }

    /// The next frame; `None` for one that was refused or means nothing here.
    async fn receive(&mut self, socket: &mut WebSocket) -> Result<Option<FromClient>, End> {
        let text = match socket.recv().await {
            None => return Err(None),
            // Too large, not UTF-8, or the transport broke.
            Some(Err(_)) => return Err(Some(Bye::Malformed)),
            Some(Ok(Message::Close(_))) => return Err(None),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(None),
            Some(Ok(Message::Binary(_))) => {
                self.bad_frame(socket, None).await?;
                return Ok(None);
            }
            Some(Ok(Message::Text(text))) => text,
        };
        if within_depth(&text, MAX_DEPTH)
            && let Ok(frame) = serde_json::from_str(&text)
        {
            return Ok(Some(frame));
        }
        self.bad_frame(socket, None).await?;
        Ok(None)
    }
}

/// Resolves when the room ends the socket whatever is queued.
async fn at_once(end: &mut watch::Receiver<Option<Bye>>) -> Bye {
    match end.wait_for(Option::is_some).await.map(|bye| *bye) {
        Ok(Some(bye)) => bye,
        // The room dropped its end: the queue says what it had to say.
        _ => std::future::pending().await,
    }
}

async fn pong(socket: &mut WebSocket, n: &Beat) -> Result<(), End> {
    send(socket, frames::text(&ToClient::Pong(n)).into()).await
}

/// A client that does not take a frame in time is gone.
async fn send(socket: &mut WebSocket, frame: Utf8Bytes) -> Result<(), End> {
    match timeout(SEND_WITHIN, socket.send(Message::Text(frame))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(None),
    }
}
