//! A session's journal in memory: the fold of what was stored, and the one way to append to it.

use std::sync::Arc;

use kanjie_domain::{
    Actor, Case, CaseFacts, CaseRecorded, Event, PersonId, Recorded, Session, Viewer, visible,
};
use kanjie_evidence::{Entry, Hash, canonical};
use kanjie_store::{
    AppendError, AppendRequest, IndexChange, JournalId, NewEntry, Store, StoreError,
};

use super::ledger::Ledger;
use crate::cases::append::{CaseStep, add_case};
use crate::cases::error::CaseError;
use crate::cases::result::{self, SessionHead};
use crate::services::Services;

/// Entries read from the store at once.
pub const PAGE: u32 = 2_000;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("no such session")]
    NotFound,
    #[error("entry {seq} of {journal} cannot be read: {what}")]
    Damaged {
        journal: String,
        seq: u64,
        what: String,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a journal moved under the decision")]
    Conflict,
    #[error("no checkpoint: {0}")]
    Recording(String),
    #[error("the case: {0}")]
    Case(String),
}

impl JournalError {
    pub(super) fn recording(error: impl ToString) -> Self {
        Self::Recording(error.to_string())
    }
}

impl From<CaseError> for JournalError {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::Conflict => Self::Conflict,
            CaseError::Store(error) => Self::Store(error),
            error => Self::Case(error.to_string()),
        }
    }
}

impl From<AppendError> for JournalError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { .. } => Self::Conflict,
            AppendError::Store(error) => Self::Store(error),
        }
    }
}

/// An entry as stored, together with what it says.
#[derive(Clone, Debug)]
pub struct Appended {
    pub entry: Entry,
    pub recorded: Recorded,
}

/// Reads an entry's body; `None` where it was erased or withheld.
///
/// # Errors
/// When the body is not one that this program, or an older one, wrote.
pub fn read(entry: &Entry) -> Result<Option<Recorded>, serde_json::Error> {
    entry.body().map(serde_json::from_str).transpose()
}

/// The viewer that a person is of a session, as its first entry says.
///
/// # Errors
/// When the journal cannot be read.
pub async fn viewer(
    store: &Store,
    session: &str,
    person: &PersonId,
) -> Result<Option<Viewer>, JournalError> {
    let journal = JournalId::Session(session.to_owned());
    let first = store.entries(&journal, 0, 1).await?;
    let Some(entry) = first.first() else {
        return Ok(None);
    };
    let recorded = read(entry).map_err(|e| damaged(&journal, entry, &e))?;
    Ok(match recorded.map(|recorded| recorded.event) {
        Some(Event::Scheduled(scheduled)) => Viewer::of(&scheduled, person),
        _ => None,
    })
}

/// The journal and everything folded from it.
#[derive(Debug)]
pub struct SessionJournal {
    store: Store,
    id: String,
    pub state: Arc<Session>,
    pub ledger: Ledger,
    head: u64,
    hash: Hash,
    last_at: i64,
    case_id: String,
    case_head: u64,
    /// Absent where the case's journal is.
    whole_case: Option<Case>,
    pub case: CaseFacts,
}

impl SessionJournal {
    /// # Errors
    /// When there is no such session, or its journal cannot be read.
    pub async fn load(store: Store, id: &str) -> Result<Self, JournalError> {
        let journal = JournalId::Session(id.to_owned());
        let mut loaded: Option<Self> = None;
        let mut after = 0;
        loop {
            let entries = store.entries(&journal, after, PAGE).await?;
            for entry in &entries {
                after = entry.seq;
                let recorded = read(entry).map_err(|e| damaged(&journal, entry, &e))?;
                match (&mut loaded, recorded) {
                    (Some(journal), recorded) => journal.fold(entry, recorded.as_ref()),
                    (None, Some(first)) => loaded = Some(Self::begin(&store, id, entry, &first)?),
                    (None, None) => {
                        return Err(damaged(&journal, entry, &"the first entry is erased"));
                    }
                }
            }
            if entries.len() < PAGE as usize {
                break;
            }
        }
        let mut loaded = loaded.ok_or(JournalError::NotFound)?;
        loaded.refresh_case().await?;
        Ok(loaded)
    }

    fn begin(
        store: &Store,
        id: &str,
        entry: &Entry,
        first: &Recorded,
    ) -> Result<Self, JournalError> {
        let journal = JournalId::Session(id.to_owned());
        let (Event::Scheduled(scheduled), Some(state)) = (&first.event, Session::begin(first))
        else {
            return Err(damaged(
                &journal,
                entry,
                &"the first entry does not schedule a session",
            ));
        };
        Ok(Self {
            store: store.clone(),
            id: id.to_owned(),
            state: Arc::new(state),
            ledger: Ledger::new(scheduled),
            head: entry.seq,
            hash: entry.hash,
            last_at: first.at,
            case_id: scheduled.case.clone(),
            case_head: 0,
            whole_case: None,
            case: CaseFacts::default(),
        })
    }

    fn fold(&mut self, entry: &Entry, recorded: Option<&Recorded>) {
        self.head = entry.seq;
        self.hash = entry.hash;
        if let Some(recorded) = recorded {
            self.last_at = recorded.at;
            Arc::make_mut(&mut self.state).evolve(recorded);
            self.ledger.fold(entry.seq, entry.hash, recorded);
        }
    }

    /// Reads what the case's journal holds by now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn refresh_case(&mut self) -> Result<(), JournalError> {
        let journal = JournalId::Case(self.case_id.clone());
        loop {
            let entries = self.store.entries(&journal, self.case_head, PAGE).await?;
            for entry in &entries {
                self.case_head = entry.seq;
                let Some(text) = entry.body() else { continue };
                let recorded: CaseRecorded =
                    serde_json::from_str(text).map_err(|e| damaged(&journal, entry, &e))?;
                self.fold_case(&recorded);
            }
            if entries.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    fn fold_case(&mut self, recorded: &CaseRecorded) {
        self.case.evolve(&recorded.event);
        match &mut self.whole_case {
            Some(case) => case.evolve(recorded),
            None => self.whole_case = Case::begin(recorded),
        }
    }

    /// Starts over from the store: something else appended to the session.
    ///
    /// # Errors
    /// As [`SessionJournal::load`].
    pub async fn reload(&mut self) -> Result<(), JournalError> {
        let (session, case) = (self.head, self.case_head);
        self.refresh_case().await?;
        if case == self.case_head || session != self.stored_head().await? {
            *self = Self::load(self.store.clone(), &self.id).await?;
        }
        Ok(())
    }

    async fn stored_head(&self) -> Result<u64, JournalError> {
        let journal = JournalId::Session(self.id.clone());
        Ok(self.store.head(&journal).await?.seq)
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub const fn head(&self) -> u64 {
        self.head
    }

    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The `at` of an entry decided now: the clock, but never before the entry before it.
    #[must_use]
    pub fn at(&self, now: i64) -> i64 {
        now.max(self.last_at)
    }

    /// The state after `batch`, without appending anything.
    #[must_use]
    pub fn preview(&self, at: i64, batch: &[(Actor, Event)]) -> Session {
        let mut state = (*self.state).clone();
        for (actor, event) in batch {
            state.evolve(&Recorded {
                at,
                actor: actor.clone(),
                event: event.clone(),
            });
        }
        state
    }

    /// Appends the batch in one transaction and folds it. The heads of both journals that the decision read are checked;
    /// what an announcement or an ending means to the case is written with it.
    ///
    /// # Errors
    /// [`JournalError::Conflict`] when one of them moved; nothing was appended then.
    pub async fn append(
        &mut self,
        services: &Services,
        at: i64,
        batch: Vec<(Actor, Event)>,
        index: Vec<IndexChange>,
    ) -> Result<Vec<Appended>, JournalError> {
        let session = JournalId::Session(self.id.clone());
        // While this was being decided the recorder's news may have been journalled: time never runs backwards.
        let at = self.at(at);
        let after = self.preview(at, &batch);
        let recorded: Vec<Recorded> = batch
            .into_iter()
            .map(|(actor, event)| Recorded { at, actor, event })
            .collect();
        let mut entries = Vec::with_capacity(recorded.len());
        for recorded in &recorded {
            let body = canonical::to_string(recorded).map_err(|e| JournalError::Damaged {
                journal: session.to_string(),
                seq: self.head + 1,
                what: e.to_string(),
            })?;
            entries.push(NewEntry {
                nonce: services.env.random(),
                body,
            });
        }
        let step = self.step_of_case(services, &after, &recorded, &entries)?;
        let mut request = AppendRequest {
            read: vec![
                (session.clone(), self.head),
                (JournalId::Case(self.case_id.clone()), self.case_head),
            ],
            write: vec![(session, entries)],
            index,
        };
        if let Some(step) = &step {
            add_case(services, &mut request, step).await?;
        }
        let stored = self.store.append(request).await?;
        let appended = stored
            .into_iter()
            .zip(recorded)
            .map(|(entry, recorded)| {
                self.fold(&entry, Some(&recorded));
                Appended { entry, recorded }
            })
            .collect();
        if let Some(step) = step {
            self.follow_case(step);
            services.case_work.notify_one();
        }
        Ok(appended)
    }

    fn step_of_case(
        &self,
        services: &Services,
        after: &Session,
        recorded: &[Recorded],
        entries: &[NewEntry],
    ) -> Result<Option<CaseStep>, JournalError> {
        let Some(case) = &self.whole_case else {
            return Ok(None);
        };
        let head = SessionHead {
            id: &self.id,
            seq: self.head,
            hash: self.hash,
            after,
        };
        let case = (case, self.case_id.as_str(), self.case_head);
        result::of(services, head, recorded, entries, case)
            .map_err(|refusal| JournalError::Case(refusal.to_string()))
    }

    fn follow_case(&mut self, step: CaseStep) {
        for event in step.events {
            self.case_head += 1;
            self.fold_case(&CaseRecorded {
                actor: step.actor.clone(),
                at: step.at,
                event,
            });
        }
    }
}

fn damaged(journal: &JournalId, entry: &Entry, what: &dyn ToString) -> JournalError {
    JournalError::Damaged {
        journal: journal.to_string(),
        seq: entry.seq,
        what: what.to_string(),
    }
}

/// The entry as the viewer gets it; what cannot be read is withheld.
#[must_use]
pub fn for_viewer(entry: Entry, viewer: &Viewer) -> Entry {
    match read(&entry) {
        Ok(Some(recorded)) if visible(&recorded, viewer) => entry,
        _ => entry.withhold(),
    }
}
