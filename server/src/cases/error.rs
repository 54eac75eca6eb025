//! Why an act on a case or a bundle did not come about.

use kanjie_domain::{CalendarError, Refusal};
use kanjie_evidence::canonical::CanonicalError;
use kanjie_store::{AppendError, StoreError};

use super::journal::LoadError;
use super::papers::PrintError;
use crate::problem::{Problem, ProblemCode};

#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// No such case, or none of the caller's.
    #[error("not found")]
    NotFound,
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A second factor that does not hold, a state that is another by now.
    #[error("not as the caller thinks: {0:?}")]
    Told(Problem),
    /// Everybody else was faster each time.
    #[error("the journals moved under the decision again and again")]
    Busy,
    #[error("a journal moved under the decision")]
    Conflict,
    #[error(transparent)]
    Store(StoreError),
    #[error("{0}")]
    Load(LoadError),
    #[error(transparent)]
    Print(#[from] PrintError),
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    #[error("the session before: {0}")]
    Session(String),
    #[error("the expert pool: {0}")]
    Pool(String),
    #[error("the catalogue: {0}")]
    Catalogue(String),
}

impl From<LoadError> for CaseError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::NotFound => Self::NotFound,
            error => Self::Load(error),
        }
    }
}

impl From<StoreError> for CaseError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<AppendError> for CaseError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { .. } => Self::Conflict,
            AppendError::Store(error) => Self::Store(error),
        }
    }
}

impl From<CalendarError> for CaseError {
    fn from(error: CalendarError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<CaseError> for Problem {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::NotFound => ProblemCode::NotFound.into(),
            CaseError::Refused(refusal) => refusal.into(),
            CaseError::Told(problem) => problem,
            CaseError::Busy | CaseError::Conflict => ProblemCode::Busy.into(),
            CaseError::Store(_)
            | CaseError::Load(_)
            | CaseError::Print(_)
            | CaseError::Canonical(_)
            | CaseError::Session(_)
            | CaseError::Pool(_)
            | CaseError::Catalogue(_) => Self::internal(&error),
        }
    }
}
