//! A case's or a bundle's journal in memory: the fold of what was stored, kept between requests and always brought up to date.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kanjie_domain::case::{Bundle, BundleEvent, BundleRecorded, Case};
use kanjie_domain::{CaseEvent, CaseRecorded};
use kanjie_evidence::{Entry, Hash};
use kanjie_store::{JournalId, Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Entries read from the store at once.
const PAGE: u32 = 1_000;
/// Folds kept in memory; the one that was not asked for the longest goes first.
const KEPT: usize = 512;

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("there is no such journal")]
    NotFound,
    #[error("entry {seq} of {journal} cannot be read: {what}")]
    Damaged {
        journal: String,
        seq: u64,
        what: String,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A state that is the fold of a journal.
pub trait Fold: Clone + Send + Sync + Sized + 'static {
    type Recorded: DeserializeOwned;
    type Event: Serialize + Clone;

    fn journal(id: &str) -> JournalId;
    fn begin(entry: &Self::Recorded) -> Option<Self>;
    fn evolve(&mut self, entry: &Self::Recorded);
    fn last_at(&self) -> i64;
    fn kept(folds: &Folds) -> &Kept<Self>;
}

impl Fold for Case {
    type Recorded = CaseRecorded;
    type Event = CaseEvent;

    fn journal(id: &str) -> JournalId {
        JournalId::Case(id.to_owned())
    }

    fn begin(entry: &CaseRecorded) -> Option<Self> {
        Self::begin(entry)
    }

    fn evolve(&mut self, entry: &CaseRecorded) {
        Self::evolve(self, entry);
    }

    fn last_at(&self) -> i64 {
        self.last_at
    }

    fn kept(folds: &Folds) -> &Kept<Self> {
        &folds.cases
    }
}

impl Fold for Bundle {
    type Recorded = BundleRecorded;
    type Event = BundleEvent;

    fn journal(id: &str) -> JournalId {
        JournalId::Bundle(id.to_owned())
    }

    fn begin(entry: &BundleRecorded) -> Option<Self> {
        Self::begin(entry)
    }

    fn evolve(&mut self, entry: &BundleRecorded) {
        Self::evolve(self, entry);
    }

    fn last_at(&self) -> i64 {
        self.last_at
    }

    fn kept(folds: &Folds) -> &Kept<Self> {
        &folds.bundles
    }
}

/// A fold with where its journal stood.
#[derive(Clone, Debug)]
pub struct Loaded<S> {
    pub state: S,
    pub head: u64,
    pub hash: Hash,
}

impl<S: Fold> Loaded<S> {
    /// The `at` of an entry decided now: the clock, but never before the entry before it.
    pub fn at(&self, now: i64) -> i64 {
        now.max(self.state.last_at())
    }
}

/// The folds of this process.
#[derive(Debug, Default)]
pub struct Folds {
    cases: Kept<Case>,
    bundles: Kept<Bundle>,
}

/// Folds of one kind, with when each was asked for last.
#[derive(Debug)]
pub struct Kept<S> {
    inner: Mutex<Shelf<S>>,
}

#[derive(Debug)]
struct Shelf<S> {
    folds: HashMap<String, (u64, Arc<Loaded<S>>)>,
    asked: u64,
}

impl<S> Default for Kept<S> {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Shelf {
                folds: HashMap::new(),
                asked: 0,
            }),
        }
    }
}

impl<S> Kept<S> {
    fn find(&self, id: &str) -> Option<Arc<Loaded<S>>> {
        let mut shelf = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.asked += 1;
        let asked = shelf.asked;
        let (last, fold) = shelf.folds.get_mut(id)?;
        *last = asked;
        Some(Arc::clone(fold))
    }

    fn keep(&self, id: &str, fold: &Arc<Loaded<S>>) {
        let mut shelf = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.asked += 1;
        let asked = shelf.asked;
        if shelf.folds.len() >= KEPT && !shelf.folds.contains_key(id) {
            let oldest = shelf.folds.iter().min_by_key(|(_, (last, _))| *last);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                shelf.folds.remove(&oldest);
            }
        }
        // Of two who loaded at once the one who saw more is right.
        let newer = |(_, kept): &(u64, Arc<Loaded<S>>)| kept.head > fold.head;
        if !shelf.folds.get(id).is_some_and(newer) {
            shelf.folds.insert(id.to_owned(), (asked, Arc::clone(fold)));
        }
    }
}

/// The fold as the journal stands now.
///
/// # Errors
/// [`LoadError::NotFound`] where there is no such journal.
pub async fn load<S: Fold>(
    store: &Store,
    folds: &Folds,
    id: &str,
) -> Result<Arc<Loaded<S>>, LoadError> {
    let shelf = S::kept(folds);
    let journal = S::journal(id);
    let mut known = shelf.find(id);
    let mut fold: Option<Loaded<S>> = None;
    loop {
        let after = fold
            .as_ref()
            .or(known.as_deref())
            .map_or(0, |fold| fold.head);
        let entries = store.entries(&journal, after, PAGE).await?;
        for entry in &entries {
            let before = fold
                .take()
                .or_else(|| known.take().map(|known| (*known).clone()));
            fold = Some(next(&journal, before, entry)?);
        }
        if entries.len() < PAGE as usize {
            break;
        }
    }
    let Some(fold) = fold else {
        return known.ok_or(LoadError::NotFound);
    };
    let fold = Arc::new(fold);
    shelf.keep(id, &fold);
    Ok(fold)
}

/// The fold as it was after entry `upto`.
///
/// # Errors
/// As [`load`].
pub async fn load_upto<S: Fold>(
    store: &Store,
    id: &str,
    upto: u64,
) -> Result<Loaded<S>, LoadError> {
    let journal = S::journal(id);
    let mut fold: Option<Loaded<S>> = None;
    loop {
        let after = fold.as_ref().map_or(0, |fold| fold.head);
        let entries = store.entries(&journal, after, PAGE).await?;
        let more = entries.len() == PAGE as usize;
        for entry in entries.iter().take_while(|entry| entry.seq <= upto) {
            fold = Some(next(&journal, fold.take(), entry)?);
        }
        let reached = fold.as_ref().is_some_and(|fold| fold.head >= upto);
        if reached || !more {
            return fold.ok_or(LoadError::NotFound);
        }
    }
}

/// The fold with one more entry.
///
/// # Errors
/// When the entry cannot be read, or does not begin such a journal.
pub fn next<S: Fold>(
    journal: &JournalId,
    before: Option<Loaded<S>>,
    entry: &Entry,
) -> Result<Loaded<S>, LoadError> {
    let recorded: Option<S::Recorded> = read(journal, entry)?;
    let state = match (before, recorded) {
        (Some(mut before), recorded) => {
            // What was erased changes nothing any more.
            if let Some(recorded) = recorded {
                before.state.evolve(&recorded);
            }
            before.state
        }
        (None, recorded) => recorded
            .as_ref()
            .and_then(S::begin)
            .ok_or_else(|| damaged(journal, entry, "it does not begin such a journal"))?,
    };
    Ok(Loaded {
        state,
        head: entry.seq,
        hash: entry.hash,
    })
}

/// What an entry says; `None` where it was erased.
///
/// # Errors
/// When the body is not one that this program, or an older one, wrote.
pub fn read<R: DeserializeOwned>(
    journal: &JournalId,
    entry: &Entry,
) -> Result<Option<R>, LoadError> {
    let body = entry.body().map(serde_json::from_str).transpose();
    body.map_err(|error| damaged(journal, entry, error))
}

fn damaged(journal: &JournalId, entry: &Entry, what: impl ToString) -> LoadError {
    LoadError::Damaged {
        journal: journal.to_string(),
        seq: entry.seq,
        what: what.to_string(),
    }
}
