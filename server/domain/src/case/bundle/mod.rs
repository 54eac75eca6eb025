//! 证照联办: several cases with one survey and one decision each, on the joint clock (R06); a journal of its own.

mod decide;

use std::collections::BTreeMap;

pub use decide::{bundle_decide, bundle_open, bundle_report};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::due::JOINT;
use super::words::{GovernmentApproval, Written};
use crate::calendar::{Calendar, CalendarError};
use crate::command::Actor;
use crate::event::DecisionKind;

/// One of the cases, with the department that decides it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleCase {
    pub case: String,
    pub item_title: String,
    pub department: String,
}

/// What an entry's body holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleRecorded {
    pub actor: Actor,
    /// UTC µs; never decreases within a journal.
    pub at: i64,
    pub event: BundleEvent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BundleEvent {
    Created {
        bundle: String,
        title: String,
        lead_department: String,
        cases: Vec<BundleCase>,
    },
    CaseAccepted {
        case: String,
        on: Date,
    },
    /// Withdrawn or not accepted.
    CaseLeft {
        case: String,
    },
    SurveyScheduled {
        session: String,
    },
    SurveyEnded {
        session: String,
        head: String,
    },
    CaseDecided {
        case: String,
        kind: DecisionKind,
        number: String,
    },
    /// R06.
    Extended {
        days: u32,
        reason: String,
        notice: Written,
        government: GovernmentApproval,
    },
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum BundleCommand {
    /// Staff: the one survey of all cases.
    ScheduleSurvey { session: String },
    /// Approver, once, by the government's responsible person (R06).
    Extend {
        days: u32,
        reason: String,
        notice: Written,
        government: GovernmentApproval,
    },
    /// Staff, when every case has its decision.
    Close {},
}

/// What the server reports from the journals of cases and sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleReport {
    CaseAccepted {
        case: String,
        on: Date,
    },
    CaseLeft {
        case: String,
    },
    SurveyEnded {
        session: String,
        head: String,
    },
    CaseDecided {
        case: String,
        kind: DecisionKind,
        number: String,
    },
}

/// Where one case of the bundle stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Awaited,
    Accepted { on: Date },
    Decided { kind: DecisionKind, at: i64 },
    Left,
}

/// The one survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Survey {
    None,
    Scheduled { session: String },
    Ended { session: String, head: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Closed,
}

/// The fold of a bundle's journal. Total: an event that cannot apply changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub bundle: String,
    pub title: String,
    pub lead_department: String,
    pub cases: Vec<BundleCase>,
    /// By case id.
    pub standing: BTreeMap<String, Standing>,
    /// The day of the latest acceptance.
    pub accepted_on: Option<Date>,
    pub survey: Survey,
    /// Working days.
    pub extension: Option<u32>,
    pub state: State,
    pub last_at: i64,
}

impl Bundle {
    /// The state after entry 1, which must be [`BundleEvent::Created`].
    #[must_use]
    pub fn begin(entry: &BundleRecorded) -> Option<Self> {
        let BundleEvent::Created {
            bundle,
            title,
            lead_department,
            cases,
        } = &entry.event
        else {
            return None;
        };
        let standing = cases.iter().map(|of| (of.case.clone(), Standing::Awaited));
        Some(Self {
            bundle: bundle.clone(),
            title: title.clone(),
            lead_department: lead_department.clone(),
            standing: standing.collect(),
            accepted_on: None,
            cases: cases.clone(),
            survey: Survey::None,
            extension: None,
            state: State::Open,
            last_at: entry.at,
        })
    }

    /// Folds one entry.
    pub fn evolve(&mut self, entry: &BundleRecorded) {
        self.last_at = self.last_at.max(entry.at);
        match &entry.event {
            BundleEvent::Created { .. } => {}
            BundleEvent::CaseAccepted { case, on } => {
                if self.step(case, Standing::Accepted { on: *on }) {
                    self.accepted_on = self.accepted_on.max(Some(*on));
                }
            }
            BundleEvent::CaseLeft { case } => {
                self.step(case, Standing::Left);
            }
            BundleEvent::CaseDecided { case, kind, .. } => {
                let (kind, at) = (*kind, entry.at);
                self.step(case, Standing::Decided { kind, at });
            }
            BundleEvent::SurveyScheduled { session } => {
                if !matches!(self.survey, Survey::Scheduled { .. }) {
                    self.survey = Survey::Scheduled {
                        session: session.clone(),
                    };
                }
            }
            BundleEvent::SurveyEnded { session, head } => {
                if matches!(&self.survey, Survey::Scheduled { session: of } if of == session) {
                    self.survey = Survey::Ended {
                        session: session.clone(),
                        head: head.clone(),
                    };
                }
            }
            BundleEvent::Extended { days, .. } => {
                self.extension.get_or_insert(*days);
            }
            BundleEvent::Closed => self.state = State::Closed,
        }
    }

    /// awaited → accepted → decided; any but a decided one can leave.
    fn step(&mut self, case: &str, next: Standing) -> bool {
        let standing = self.standing.get_mut(case);
        let Some(standing) = standing.filter(|standing| may_follow(**standing, next)) else {
            return false;
        };
        *standing = next;
        true
    }

    /// R06: the last day for all decisions, from the day the last case was accepted; `None` before it was.
    ///
    /// # Errors
    /// When a date on the way is not loaded.
    pub fn due(&self, calendar: &Calendar) -> Result<Option<Date>, CalendarError> {
        let awaited = self.standing.values().any(|of| *of == Standing::Awaited);
        let Some(on) = self.accepted_on.filter(|_| !awaited) else {
            return Ok(None);
        };
        let days = JOINT.0.saturating_add(self.extension.unwrap_or(0));
        calendar.add_working_days(on, days).map(Some)
    }
}

const fn may_follow(standing: Standing, next: Standing) -> bool {
    matches!(
        (standing, next),
        (
            Standing::Awaited,
            Standing::Accepted { .. } | Standing::Left
        ) | (
            Standing::Accepted { .. },
            Standing::Decided { .. } | Standing::Left
        )
    )
}
