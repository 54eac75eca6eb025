//! A case as a session's decisions read it: the fold of its journal, brought up to date before each.

use kanjie_domain::{Case, CaseFacts, CaseRecorded};
use kanjie_store::{JournalId, Store};

use super::journal::{JournalError, PAGE, damaged};
use crate::cases::append::CaseStep;

/// One of the session's cases, as far as its journal was read.
#[derive(Debug)]
pub(super) struct CaseFold {
    pub id: String,
    pub head: u64,
    /// Absent where the case's journal is.
    pub whole: Option<Case>,
    pub facts: CaseFacts,
}

impl CaseFold {
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            head: 0,
            whole: None,
            facts: CaseFacts::default(),
        }
    }

    pub fn journal(&self) -> JournalId {
        JournalId::Case(self.id.clone())
    }

    /// Reads what the case's journal holds by now.
    pub async fn refresh(&mut self, store: &Store) -> Result<(), JournalError> {
        let journal = self.journal();
        loop {
            let entries = store.entries(&journal, self.head, PAGE).await?;
            for entry in &entries {
                self.head = entry.seq;
                let Some(text) = entry.body() else { continue };
                let recorded: CaseRecorded =
                    serde_json::from_str(text).map_err(|e| damaged(&journal, entry, &e))?;
                self.fold(&recorded);
            }
            if entries.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    fn fold(&mut self, recorded: &CaseRecorded) {
        self.facts.evolve(&recorded.event);
        match &mut self.whole {
            Some(case) => case.evolve(recorded),
            None => self.whole = Case::begin(recorded),
        }
    }

    /// What this process itself appended.
    pub fn follow(&mut self, step: CaseStep) {
        for event in step.events {
            self.head += 1;
            self.fold(&CaseRecorded {
                actor: step.actor.clone(),
                at: step.at,
                event,
            });
        }
    }
}
