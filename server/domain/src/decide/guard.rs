//! Who acts, and the checks that many acts share. Whether somebody may act at all stands in [`crate::authority`].

use crate::authority::{Act, Standing, authorise};
use crate::case::Facts;
use crate::checks;
use crate::command::{Command, Context, Factor};
use crate::limits;
use crate::people::{Participant, PersonId};
use crate::refusal::{Code, Refusal};
use crate::session::{Admitted, AtDoor, Matter, Presence, Session};

/// The actor of a command, known to be a participant.
pub(super) struct Guard<'a> {
    pub session: &'a Session,
    pub ctx: &'a Context<'a>,
    pub person: &'a PersonId,
    pub me: &'a Participant,
}

impl<'a> Guard<'a> {
    pub fn new(
        session: &'a Session,
        ctx: &'a Context<'a>,
        person: &'a PersonId,
    ) -> Result<Self, Refusal> {
        let me = session
            .participant(person)
            .filter(|me| me.has_part())
            .ok_or(Code::NotAParticipant)?;
        Ok(Self {
            session,
            ctx,
            person,
            me,
        })
    }

    /// Whether the session opens this act to the person at all, and the bound on what one person can add. What is somebody's
    /// right is never bounded away.
    pub fn may_act(&self, command: &Command) -> Result<(), Refusal> {
        let standing = Standing::in_session(Some(self.me), &self.ctx.cases);
        let act = Act::of_session(command, self.person);
        authorise(&standing.roles, act, standing.relation)?;
        if matches!(command, Command::Leave {}) {
            return Ok(());
        }
        let bounded = !matches!(
            command,
            Command::SignRecord { .. }
                | Command::Acknowledge { .. }
                | Command::AskOnSite { .. }
                | Command::WithdrawOnSite {}
                | Command::Announce {}
                | Command::Suspend { .. }
                | Command::Resume {}
                | Command::End { .. }
                | Command::Close {}
        );
        let most = if self.me.is_staff() {
            limits::ENTRIES_STAFF
        } else {
            limits::ENTRIES_OTHERS
        };
        let entries = self.session.attendance.get(self.person);
        if bounded && entries.is_some_and(|attendance| attendance.entries >= most) {
            return Err(Code::LimitReached.into());
        }
        Ok(())
    }

    pub fn presence(&self) -> &'a Presence {
        self.session.presence(self.person)
    }

    /// At the door, and reachable.
    pub fn at_door(&self) -> Result<&'a AtDoor, Refusal> {
        at_door(self.presence())
    }

    /// Admitted, and reachable.
    pub fn in_room(&self) -> Result<&'a Admitted, Refusal> {
        in_room(self.presence())
    }

    /// In the room with the credential shown (R17).
    pub fn staff_in_room(&self) -> Result<(), Refusal> {
        if self.in_room()?.credential.is_none() {
            return Err(Code::CredentialNotShown.into());
        }
        Ok(())
    }

    /// In the room a supervisor sends nothing.
    pub fn takes_part(&self) -> Result<(), Refusal> {
        if self.me.is_supervisor() {
            return Err(Code::NotAllowed.into());
        }
        Ok(())
    }

    /// Live, with the quorum there (R13, R15).
    pub fn live(&self) -> Result<(), Refusal> {
        checks::live(self.session, &self.ctx.cases)
    }

    /// The case that an act is about.
    pub fn matter(&self, case: Option<&str>) -> Result<&'a Matter, Refusal> {
        let unknown = || match case {
            Some(case) => Refusal::of(Code::UnknownCase, [case]),
            None => Code::CaseNotNamed.into(),
        };
        self.session.named(case).ok_or_else(unknown)
    }

    /// A case has its own approver: nobody drafts or seals for another.
    pub fn decides(&self, matter: &Matter) -> Result<(), Refusal> {
        if self.ctx.cases.decides(&matter.case, self.person) {
            return Ok(());
        }
        Err(Code::NotAllowed.into())
    }

    /// A second factor, fresh at this act.
    pub fn factor(&self) -> Result<Factor, Refusal> {
        self.ctx
            .factor
            .clone()
            .ok_or_else(|| Code::FactorNeeded.into())
    }

    /// Another participant of this session.
    pub fn other(&self, person: &PersonId) -> Result<&'a Participant, Refusal> {
        self.session
            .participant(person)
            .ok_or_else(|| Code::NotAParticipant.into())
    }
}

/// R16, R48: whether the session opens to this participant.
pub(super) fn opens_to(me: &Participant, cases: &Facts<'_>) -> Result<(), Refusal> {
    Ok(Standing::in_session(Some(me), cases).comes_in()?)
}

/// R19, R18: the way in.
pub(super) fn at_door(presence: &Presence) -> Result<&AtDoor, Refusal> {
    match presence {
        Presence::AtDoor(door) if presence.is_connected() => Ok(door),
        Presence::AtDoor(_) | Presence::Absent => Err(Code::NotPresent.into()),
        Presence::Admitted(_) => Err(Code::AlreadyExists.into()),
    }
}

pub(super) fn in_room(presence: &Presence) -> Result<&Admitted, Refusal> {
    match presence {
        Presence::Admitted(admitted) if presence.is_connected() => Ok(admitted),
        Presence::Admitted(_) | Presence::Absent => Err(Code::NotPresent.into()),
        Presence::AtDoor(_) => Err(Code::NotAdmitted.into()),
    }
}

/// Four digits (the last place of an identity card may be an X).
pub(super) fn last_four(text: &str) -> Result<(), Refusal> {
    if text.len() == 4 && text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(Code::ValueInvalid.into())
}
