//! Acts that fix a document wait here until it is rendered; the room goes on meanwhile.

use std::sync::Arc;

use kanjie_domain::Command;
use kanjie_evidence::Hash;
use tokio::sync::oneshot;

use super::acts::{Act, ActError};
use super::room::{Message, Room};
use super::sockets::SocketId;
use crate::auth::Caller;
use crate::auth::factor::Proof;
use crate::effects::papers::{self, Draft, Paper, PaperError, PaperKind};

/// How often an act waits for another rendering because the room changed what the document says.
const RENDERINGS: u8 = 4;

/// Who waits for a rendering.
#[derive(Debug)]
pub struct Asked {
    kind: PaperKind,
    by: Asker,
}

#[derive(Debug)]
enum Asker {
    Socket {
        socket: SocketId,
        id: u64,
        caller: Arc<Caller>,
        command: Box<Command>,
        factor: Option<Proof>,
        tries: u8,
    },
    Preview(oneshot::Sender<Result<Paper, PaperError>>),
    /// Rendered ahead, so that sealing need not wait.
    Ahead,
}

/// The last rendering of each kind.
#[derive(Debug, Default)]
pub struct Desk {
    record: Option<Paper>,
    decision: Option<Paper>,
    ahead: Option<Hash>,
}

impl Desk {
    fn ready(&self, draft: &Draft) -> Option<Paper> {
        let last = match draft.kind {
            PaperKind::Record => self.record,
            PaperKind::Decision => self.decision,
        };
        last.filter(|paper| paper.content_digest == draft.digest)
    }

    fn keep(&mut self, paper: Paper) {
        match paper.kind {
            PaperKind::Record => self.record = Some(paper),
            PaperKind::Decision => self.decision = Some(paper),
        }
    }
}

const fn kind_of(command: &Command) -> Option<PaperKind> {
    match command {
        Command::PrepareRecord {} => Some(PaperKind::Record),
        Command::SealDecision { .. } => Some(PaperKind::Decision),
        _ => None,
    }
}

/// Whose answer may hang on what the case's journal holds by now.
const fn reads_the_case(command: &Command) -> bool {
    matches!(
        command,
        Command::Start {}
            | Command::Conclude { .. }
            | Command::PrepareRecord {}
            | Command::SignRecord { .. }
            | Command::SealDecision { .. }
            | Command::Announce {}
            | Command::End { .. }
    )
}

impl Room {
    pub(super) async fn do_command(
        &mut self,
        socket: SocketId,
        id: u64,
        command: Command,
        factor: Option<Proof>,
    ) {
        let Some(caller) = self.sockets.get(socket).map(|socket| socket.caller.clone()) else {
            return;
        };
        // What has just come into the case must not be missing here; what comes after is caught by the head.
        if reads_the_case(&command)
            && let Err(error) = self.journal.refresh_case().await
        {
            let error = self.unavailable(&error);
            return self.answer(socket, id, Err(error));
        }
        self.do_with_paper(socket, id, caller, command, factor, 0)
            .await;
    }

    async fn do_with_paper(
        &mut self,
        socket: SocketId,
        id: u64,
        caller: Arc<Caller>,
        command: Command,
        factor: Option<Proof>,
        tries: u8,
    ) {
        let draft = kind_of(&command).and_then(|kind| self.draft(kind));
        let paper = draft.as_ref().and_then(|draft| self.papers.ready(draft));
        let mut act = Act {
            caller,
            command,
            proof: factor,
            paper,
        };
        if let (Some(draft), None, true) = (&draft, paper, tries < RENDERINGS) {
            if let Err(error) = self.would(&act, draft) {
                return self.answer(socket, id, Err(error));
            }
            let by = Asker::Socket {
                socket,
                id,
                caller: act.caller,
                command: Box::new(act.command),
                factor: act.proof.take(),
                tries: tries + 1,
            };
            return self.render(draft.clone(), by);
        }
        let outcome = self.act(&act).await;
        self.answer(socket, id, outcome);
        if matches!(act.command, Command::DraftDecision { .. }) {
            self.render_ahead();
        }
    }

    pub(super) fn draft(&self, kind: PaperKind) -> Option<Draft> {
        papers::draft(kind, &self.journal.state, &self.document_number())
    }

    pub(super) fn preview(
        &mut self,
        kind: PaperKind,
        reply: oneshot::Sender<Result<Paper, PaperError>>,
    ) {
        match self.draft(kind) {
            None => {
                let _ = reply.send(Err(PaperError::TooEarly));
            }
            Some(draft) => match self.papers.ready(&draft) {
                Some(paper) => {
                    let _ = reply.send(Ok(paper));
                }
                None => self.render(draft, Asker::Preview(reply)),
            },
        }
    }

    fn render_ahead(&mut self) {
        if let Some(draft) = self.draft(PaperKind::Decision)
            && self.papers.ahead != Some(draft.digest)
        {
            self.papers.ahead = Some(draft.digest);
            self.render(draft, Asker::Ahead);
        }
    }

    fn render(&self, draft: Draft, by: Asker) {
        let dir = self.deps.session_dir(self.journal.id());
        let asked = Asked {
            kind: draft.kind,
            by,
        };
        let (rooms, session) = (self.rooms.clone(), self.journal.id().to_owned());
        let signer = Arc::clone(&self.deps.services.signer);
        tokio::spawn(async move {
            let paper = papers::render(dir, draft, signer).await;
            rooms
                .tell(&session, Message::Rendered(Box::new(asked), paper))
                .await;
        });
    }

    pub(super) async fn rendered(&mut self, asked: Asked, paper: Result<Paper, PaperError>) {
        if let Ok(paper) = &paper {
            self.papers.keep(*paper);
        }
        match asked.by {
            Asker::Ahead => {
                if let Err(error) = paper {
                    tracing::warn!(session = self.journal.id(), %error, "not rendered ahead");
                }
            }
            Asker::Preview(reply) => {
                let _ = reply.send(paper);
            }
            Asker::Socket {
                socket,
                id,
                caller,
                command,
                factor,
                tries,
            } => match paper {
                Ok(_) => {
                    self.do_with_paper(socket, id, caller, *command, factor, tries)
                        .await
                }
                Err(error) => {
                    let kind = asked.kind.name();
                    tracing::error!(session = self.journal.id(), kind, %error, "not rendered");
                    self.answer(socket, id, Err(ActError::Unavailable));
                }
            },
        }
    }
}
