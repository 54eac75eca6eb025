//! Who acts, and whether this person may act at all.

use crate::checks;
use crate::command::{Command, Context, Factor};
use crate::limits;
use crate::people::{Participant, PersonId, Role};
use crate::refusal::{Code, Refusal};
use crate::session::{Admitted, AtDoor, Presence, Session};

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

    /// R16, and the bound on what one person can add. What is somebody's right is never bounded away.
    pub fn may_act(&self, command: &Command) -> Result<(), Refusal> {
        if matches!(command, Command::Leave {}) {
            return Ok(());
        }
        if self.ctx.case.recused.contains(self.person) {
            return Err(Code::Recused.into());
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

    /// Holds this role as staff: the capacity of an expert or an applicant takes it away (R14).
    pub fn role(&self, role: Role) -> Result<(), Refusal> {
        if self.me.is(role) && self.me.is_staff() {
            return Ok(());
        }
        Err(Code::NotAllowed.into())
    }

    /// In the room with the credential shown (R17).
    pub fn staff_in_room(&self) -> Result<(), Refusal> {
        if self.in_room()?.credential.is_none() {
            return Err(Code::CredentialNotShown.into());
        }
        Ok(())
    }

    /// The role, in the room, with the credential shown.
    pub fn acting(&self, role: Role) -> Result<(), Refusal> {
        self.role(role)?;
        self.staff_in_room()
    }

    /// Supervisors watch and confirm what they received; they do nothing else.
    pub fn takes_part(&self) -> Result<(), Refusal> {
        if self.me.is_supervisor() {
            return Err(Code::NotAllowed.into());
        }
        Ok(())
    }

    /// Live, with the quorum there (R13, R15).
    pub fn live(&self) -> Result<(), Refusal> {
        checks::live(self.session, self.ctx.case)
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
