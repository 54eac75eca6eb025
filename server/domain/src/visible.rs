//! Who may read an entry (R28). Depends on the entry and the viewer alone, so that it is the same whenever it is asked.

use std::collections::BTreeSet;

use crate::event::{ChatScope, Event, Recorded, Scheduled};
use crate::people::{Participant, PersonId, Role};

/// A participant as a reader of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub person: PersonId,
    pub roles: BTreeSet<Role>,
}

impl Viewer {
    /// `None` for whoever is not called to the session: such a one learns not even that it exists.
    #[must_use]
    pub fn of(scheduled: &Scheduled, person: &PersonId) -> Option<Self> {
        scheduled
            .participants
            .iter()
            .find(|participant| participant.person == *person && participant.has_part())
            .map(|participant| Self {
                person: participant.person.clone(),
                roles: participant.roles.clone(),
            })
    }

    /// The roles' rules are the participant's.
    fn participant(&self) -> Participant {
        Participant {
            person: self.person.clone(),
            name: String::new(),
            roles: self.roles.clone(),
            organisation: String::new(),
            department: None,
        }
    }
}

/// Whether the viewer may read the entry's body; one that is withheld still shows its hashes.
#[must_use]
pub fn visible(entry: &Recorded, viewer: &Viewer) -> bool {
    let me = viewer.participant();
    if !me.has_part() {
        return false;
    }
    match &entry.event {
        Event::Said {
            scope: ChatScope::Deliberation,
            ..
        }
        | Event::OpinionFiled {
            deliberation: true, ..
        }
        | Event::SegmentOpened { private: true, .. } => me.hears_deliberation(),
        // A draft is no decision; the announcement carries the text.
        Event::DecisionDrafted { .. } => me.is_staff() || me.is_supervisor(),
        Event::IdentityChecked { person, .. } | Event::DeviceAdded { person, .. } => {
            me.is_supervisor() || (me.is_staff() && me.is(Role::Chair)) || *person == viewer.person
        }
        _ => true,
    }
}
