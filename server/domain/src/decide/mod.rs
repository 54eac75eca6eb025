//! From a command to events, or to a refusal.

mod close;
mod conclude;
mod door;
mod doors;
mod guard;
mod location;
mod people;
mod report;
mod run;
mod settle;
mod survey;

pub use report::report;

use crate::command::{Actor, Command, Context};
use crate::event::Event;
use crate::refusal::{Code, Refusal};
use crate::session::{Session, Stage};

use guard::Guard;
use settle::settled;

/// The events that the command causes, with their consequences (a suspension, a resumption, an identity check that
/// ends); all of them are appended in one batch. Never empty.
///
/// # Errors
/// A [`Refusal`] with a stable code; the state is as if nothing had been asked.
pub fn decide(
    session: &Session,
    command: &Command,
    ctx: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let Actor::Person(person) = ctx.actor else {
        return Err(Code::NotAllowed.into());
    };
    let guard = Guard::new(session, ctx, person)?;
    guard.may_act(command)?;
    let events = events(&guard, command)?;
    Ok(settled(session, events, ctx))
}

fn events(guard: &Guard<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    if matches!(guard.session.stage, Stage::Closed) {
        return Err(Code::NotInThisStage.into());
    }
    match command {
        Command::OpenLobby { .. }
        | Command::AcknowledgeNotice { .. }
        | Command::RefuseNotice {}
        | Command::BeginIdentityCheck { .. }
        | Command::StopIdentityCheck { .. }
        | Command::ConfirmIdentity { .. }
        | Command::Admit { .. } => door::decide(guard, command),
        Command::ShowCredential { .. }
        | Command::Leave {}
        | Command::Remove { .. }
        | Command::ChangeMedia { .. }
        | Command::RaiseHand {}
        | Command::LowerHand { .. }
        | Command::Say { .. } => people::decide(guard, command),
        Command::AskOnSite { .. }
        | Command::WithdrawOnSite {}
        | Command::ChangeWhereabouts { .. }
        | Command::ReportPosition { .. }
        | Command::OverrideLocation { .. } => location::decide(guard, command),
        Command::Start {}
        | Command::Suspend { .. }
        | Command::Resume {}
        | Command::BeginDeliberation {}
        | Command::EndDeliberation {} => run::decide(guard, command),
        Command::AnswerItem { .. }
        | Command::MarkUnsuitable { .. }
        | Command::TakeEvidence { .. }
        | Command::Annotate { .. }
        | Command::FileOpinion { .. }
        | Command::TakeStatement { .. } => survey::decide(guard, command),
        Command::Conclude { .. }
        | Command::PrepareRecord {}
        | Command::SignRecord { .. }
        | Command::NoteSignatureRefused { .. }
        | Command::DraftDecision { .. }
        | Command::SealDecision { .. } => conclude::decide(guard, command),
        Command::IssueMediaToken { .. } | Command::RevokeMediaToken { .. } => {
            doors::decide(guard, command)
        }
        Command::Announce {}
        | Command::Acknowledge { .. }
        | Command::End { .. }
        | Command::Close {} => close::decide(guard, command),
    }
}
