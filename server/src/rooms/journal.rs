//! A session's journal in memory: the fold of what was stored, and the one way to append to it.

use std::sync::Arc;

use kanjie_domain::{Actor, Calendar, Event, Facts, PersonId, Recorded, Session, Viewer, visible};
use kanjie_evidence::{Entry, Hash, canonical};
use kanjie_store::{
    AppendError, AppendRequest, IndexChange, JournalId, NewEntry, Store, StoreError,
};

use super::case_fold::CaseFold;
use super::ledger::Ledger;
use crate::cases::append::add_cases;
use crate::cases::error::CaseError;
use crate::cases::published;
use crate::cases::result::{self, CaseHead, Results, SessionHead};
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
    cases: Vec<CaseFold>,
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
        loaded.refresh_cases().await?;
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
            cases: scheduled.cases().map(|of| CaseFold::new(of.case)).collect(),
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

    /// Reads what the cases' journals hold by now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn refresh_cases(&mut self) -> Result<(), JournalError> {
        for case in &mut self.cases {
            case.refresh(&self.store).await?;
        }
        Ok(())
    }

    /// What decisions read of the cases.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let cases = self.cases.iter();
        cases.map(|of| (of.id.as_str(), &of.facts)).collect()
    }

    #[cfg(test)]
    pub fn facts_of_first(&self) -> &kanjie_domain::CaseFacts {
        &self.cases[0].facts
    }

    fn case_heads(&self) -> Vec<(JournalId, u64)> {
        let cases = self.cases.iter();
        cases.map(|of| (of.journal(), of.head)).collect()
    }

    /// Starts over from the store: something else appended to the session.
    ///
    /// # Errors
    /// As [`SessionJournal::load`].
    pub async fn reload(&mut self) -> Result<(), JournalError> {
        let (session, cases) = (self.head, self.case_heads());
        self.refresh_cases().await?;
        if cases == self.case_heads() || session != self.stored_head().await? {
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

    /// Appends the batch in one transaction and folds it. The heads of all journals that the decision read are
    /// checked; what an announcement or an ending means to the cases is written with it.
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
        let mut request = AppendRequest {
            read: vec![(session.clone(), self.head)],
            write: Vec::new(),
            index,
        };
        request.read.extend(self.case_heads());
        let mut steps = Vec::new();
        if recorded.iter().any(|of| result::concerns_cases(&of.event)) {
            let calendar = published::working_days(services).await?;
            let results = self.results(&calendar, &after, &recorded, &entries)?;
            steps = results.steps;
            let survey = results.survey.as_ref();
            add_cases(services, &calendar, &mut request, &steps, survey).await?;
        }
        request.write.insert(0, (session, entries));
        let stored = self.store.append(request).await?;
        let appended = stored
            .into_iter()
            .zip(recorded)
            .map(|(entry, recorded)| {
                self.fold(&entry, Some(&recorded));
                Appended { entry, recorded }
            })
            .collect();
        for step in steps {
            if let Some(case) = self.cases.iter_mut().find(|of| of.id == step.id) {
                case.follow(step);
                services.case_work.notify_one();
            }
        }
        Ok(appended)
    }

    fn results(
        &self,
        calendar: &Calendar,
        after: &Session,
        recorded: &[Recorded],
        entries: &[NewEntry],
    ) -> Result<Results, JournalError> {
        let head = SessionHead {
            id: &self.id,
            seq: self.head,
            hash: self.hash,
            after,
        };
        let cases = self.cases.iter().filter_map(|of| {
            Some(CaseHead {
                id: &of.id,
                case: of.whole.as_ref()?,
                head: of.head,
            })
        });
        let cases: Vec<_> = cases.collect();
        result::of(calendar, head, recorded, entries, &cases)
            .map_err(|refusal| JournalError::Case(refusal.to_string()))
    }
}

pub(super) fn damaged(journal: &JournalId, entry: &Entry, what: &dyn ToString) -> JournalError {
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
