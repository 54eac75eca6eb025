//! The parts of a case's state, each a small machine of its own.

use super::guide::Retention;
use super::words::{ExcludedCause, FileFacts, Rating, Slot};

/// One listed material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    Submitted {
        file: FileFacts,
        at: i64,
        times: u32,
    },
    /// R10.
    Shared {
        sha256: String,
        at: i64,
    },
    Sufficient {
        sha256: String,
        at: i64,
    },
    Insufficient {
        sha256: String,
        reason: String,
        times: u32,
    },
}

impl Material {
    /// The applicant has to send it again.
    #[must_use]
    pub const fn is_wanting(&self) -> bool {
        matches!(self, Self::Insufficient { .. })
    }

    /// In, and not yet reviewed.
    #[must_use]
    pub const fn awaits_review(&self) -> bool {
        matches!(self, Self::Submitted { .. } | Self::Shared { .. })
    }

    pub(super) const fn times(&self) -> u32 {
        match self {
            Self::Submitted { times, .. } | Self::Insufficient { times, .. } => *times,
            Self::Shared { .. } | Self::Sufficient { .. } => 0,
        }
    }

    pub(super) fn sha256(&self) -> &str {
        match self {
            Self::Submitted { file, .. } => &file.sha256,
            Self::Shared { sha256, .. }
            | Self::Sufficient { sha256, .. }
            | Self::Insufficient { sha256, .. } => sha256,
        }
    }
}

/// R12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credit {
    NotChecked,
    Clear,
    Marked,
}

/// What moves the end of the time limit (R05–R07).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// R06: the bundle whose clock it is.
    pub bundle: Option<String>,
    /// Working days of the one extension.
    pub extension: Option<u32>,
    pub periods: Vec<Period>,
}

impl Clock {
    /// The period that stops the clock now.
    #[must_use]
    pub fn stopped(&self) -> Option<&Period> {
        let running = |period: &&Period| matches!(period.state, PeriodState::Running { .. });
        self.periods.iter().find(running)
    }
}

/// 特别程序: an excluded period of `days` working days at most, as the applicant was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    pub cause: ExcludedCause,
    pub days: u32,
    pub told_at: i64,
    pub state: PeriodState,
}

/// Times UTC µs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodState {
    Told,
    Running { from: i64 },
    Over { from: i64, until: i64 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appointment {
    None,
    Offered {
        slots: Vec<Slot>,
    },
    Confirmed {
        slot: Slot,
    },
    /// The applicant asks for another time.
    ChangeAsked {
        wish: String,
    },
    Cancelled {
        reason: String,
    },
}

/// A session as its case knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionOf {
    /// R44: those reopened; empty for a whole survey.
    pub reopened: Vec<String>,
    /// Journal head at the announcement or the ending.
    pub head: Option<String>,
    /// Items that failed or stayed open.
    pub failed: Vec<String>,
    pub rating: RatingState,
    pub retention: Option<Retention>,
}

/// R60.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RatingState {
    #[default]
    NotRequested,
    Requested,
    Good(Rating),
    /// The task that a bad rating opens.
    TaskOpen(Rating),
    TaskClosed {
        rating: Rating,
        feedback: String,
    },
}

/// R46, R47.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publication {
    NotBegun,
    /// The masked text, with time to object until this moment, UTC µs.
    Proposed {
        text_digest: String,
        objections_until: i64,
    },
    /// Masked anew before it goes on.
    Objected {
        text: String,
    },
    /// The applicant agreed before the time was over.
    Agreed {
        text_digest: String,
    },
    Published {
        text_digest: String,
        at: i64,
    },
}
