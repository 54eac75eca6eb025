//! Acts that fix a document wait here until it is rendered; the room goes on meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use kanjie_domain::{Command, Session};
use kanjie_evidence::Hash;
use tokio::sync::oneshot;

use super::acts::{Act, ActError};
use super::room::{Message, Room};
use super::sockets::SocketId;
use crate::auth::Caller;
use crate::auth::factor::Proof;
use crate::effects::papers::{self, Draft, Paper, PaperError, Wanted};

/// How often an act waits for another rendering because the room changed what the document says.
const RENDERINGS: u8 = 4;

/// Who waits for a rendering.
#[derive(Debug)]
pub struct Asked {
    wanted: Wanted,
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

/// The last rendering of each paper.
#[derive(Debug, Default)]
pub struct Desk {
    last: BTreeMap<Wanted, Paper>,
    ahead: BTreeMap<Wanted, Hash>,
}

impl Desk {
    fn ready(&self, wanted: &Wanted, draft: &Draft) -> Option<Paper> {
        let last = self.last.get(wanted).copied();
        last.filter(|paper| paper.content_digest == draft.digest)
    }
}

/// Which paper the command fixes or seals.
fn paper_of(command: &Command, session: &Session) -> Option<Wanted> {
    match command {
        Command::PrepareRecord {} => Some(Wanted::Record),
        Command::SealDecision { case, .. } => decision_of(case.as_deref(), session),
        _ => None,
    }
}

fn decision_of(case: Option<&str>, session: &Session) -> Option<Wanted> {
    let matter = session.named(case)?;
    Some(Wanted::Decision(matter.case.clone()))
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
            && let Err(error) = self.journal.refresh_cases().await
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
        let draft = paper_of(&command, &self.journal.state)
            .and_then(|wanted| Some((self.draft(&wanted)?, wanted)));
        let paper = draft
            .as_ref()
            .and_then(|(draft, wanted)| self.papers.ready(wanted, draft));
        let mut act = Act {
            caller,
            command,
            proof: factor,
            paper,
        };
        if let (Some((draft, wanted)), None, true) = (&draft, paper, tries < RENDERINGS) {
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
            return self.render(wanted.clone(), draft.clone(), by);
        }
        let outcome = self.act(&act).await;
        self.answer(socket, id, outcome);
        if let Command::DraftDecision { case, .. } = &act.command {
            self.render_ahead(case.as_deref());
        }
    }

    fn draft(&self, wanted: &Wanted) -> Option<Draft> {
        let number = match wanted {
            Wanted::Record => String::new(),
            Wanted::Decision(case) => self.document_number(case),
        };
        papers::draft(wanted, &self.journal.state, &number)
    }

    /// The decision of the case so named, as sealing would seal it now.
    pub(super) fn preview(
        &mut self,
        case: Option<&str>,
        reply: oneshot::Sender<Result<Paper, PaperError>>,
    ) {
        let wanted = decision_of(case, &self.journal.state);
        match wanted.and_then(|wanted| Some((self.draft(&wanted)?, wanted))) {
            None => {
                let _ = reply.send(Err(PaperError::TooEarly));
            }
            Some((draft, wanted)) => match self.papers.ready(&wanted, &draft) {
                Some(paper) => {
                    let _ = reply.send(Ok(paper));
                }
                None => self.render(wanted, draft, Asker::Preview(reply)),
            },
        }
    }

    fn render_ahead(&mut self, case: Option<&str>) {
        let wanted = decision_of(case, &self.journal.state);
        if let Some((draft, wanted)) =
            wanted.and_then(|wanted| Some((self.draft(&wanted)?, wanted)))
            && self.papers.ahead.get(&wanted) != Some(&draft.digest)
        {
            self.papers.ahead.insert(wanted.clone(), draft.digest);
            self.render(wanted, draft, Asker::Ahead);
        }
    }

    fn render(&self, wanted: Wanted, draft: Draft, by: Asker) {
        let dir = self.deps.session_dir(self.journal.id());
        let asked = Asked { wanted, by };
        let (rooms, session) = (self.rooms.clone(), self.journal.id().to_owned());
        let services = &self.deps.services;
        let (store, signer) = (services.store.clone(), Arc::clone(&services.signer));
        tokio::spawn(async move {
            let paper = papers::render(&store, dir, draft, signer).await;
            rooms
                .tell(&session, Message::Rendered(Box::new(asked), paper))
                .await;
        });
    }

    pub(super) async fn rendered(&mut self, asked: Asked, paper: Result<Paper, PaperError>) {
        if let Ok(paper) = &paper {
            self.papers.last.insert(asked.wanted.clone(), *paper);
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
                    let kind = asked.wanted.kind().name();
                    tracing::error!(session = self.journal.id(), kind, %error, "not rendered");
                    self.answer(socket, id, Err(ActError::Unavailable));
                }
            },
        }
    }
}
