//! The little of a case that a session's decisions read; a journal of its own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::people::PersonId;

/// What everybody in the room may know of the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseBrief {
    /// 办件编号.
    pub case_no: String,
    /// 事项.
    pub item_title: String,
    pub applicant: String,
    /// 统一社会信用代码.
    pub uscc: String,
    /// Registered address of the site.
    pub address: String,
    /// The authority in whose name the decision is made.
    pub authority: String,
    pub contact: String,
}

/// Events of a case's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CaseEvent {
    Created {
        brief: CaseBrief,
    },
    /// R16: from here on no session of the case opens to this person.
    RecusalRecorded {
        person: PersonId,
        reason: String,
    },
    SessionScheduled {
        session: String,
    },
    /// The session's journal head at the announcement or ending is referred to from the case.
    SessionResult {
        session: String,
        head: String,
        outcome: String,
    },
}

/// Fold of a case's journal, read by [`crate::Context`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFacts {
    pub recused: BTreeSet<PersonId>,
}

impl CaseFacts {
    /// Folds one event.
    pub fn evolve(&mut self, event: &CaseEvent) {
        if let CaseEvent::RecusalRecorded { person, .. } = event {
            self.recused.insert(person.clone());
        }
    }
}
