//! The case (办件): from the first material to its closing, in a journal of its own.
//!
//! The same shape as a session: `decide` turns a command into events or a refusal, `evolve` folds events into a [`Case`],
//! `visible` says who may read an entry, `dues` what is due when. [`CaseFacts`] is what a session's decisions read.

mod bundle;
mod command;
mod decide;
mod due;
mod event;
mod event_name;
mod evolve;
mod evolve_after;
mod facts;
mod facts_of_all;
mod guard;
mod guide;
mod listed;
mod parts;
mod stage;
mod visible;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

pub use bundle::{
    Bundle, BundleCase, BundleCommand, BundleEvent, BundleRecorded, BundleReport, Standing,
    State as BundleState, Survey, bundle_decide, bundle_open, bundle_report,
};
pub use command::{Bar, CaseCommand, CaseContext, CaseReport, DrawFrom};
pub use decide::{decide, open, report};
pub use due::{Due, Duty, decision_due, dues, overdue};
pub use event::{Application, CaseBrief, CaseEvent, CaseRecorded, DecisionFacts};
pub use facts::{
    CaseFacts, Confidentiality, Course, Hearing, LegalReview, NotifiedParty, Statement, Truth,
};
pub use facts_of_all::Facts;
pub use guide::{
    CommitmentRoute, Concern, Guide, ListedMaterial, Need, Retention, Supply, TimeLimits,
};
pub use listed::{Appointed, Listed};
pub use parts::{
    Appointment, Clock, Credit, Material, Period, PeriodState, Publication, RatingState, SessionOf,
};
pub use stage::{
    Acceptance, Conclusion, Decided, Licence, NonAcceptance, Notice, Receipt, Service, Stage,
    Withdrawal,
};
pub use visible::{CaseViewer, visible};
pub use words::{
    CreditStanding, ExcludedCause, FileFacts, GovernmentApproval, MissingItem, Part,
    PartyStatement, Rating, ReviewResult, Route, ServiceMethod, Slip, Slot, Verdict, Written,
};

use crate::people::{PersonId, Role};
use crate::pool::ExpertDraw;
use crate::records::Approval;

/// Everything a decision about a case reads. The fold is total: an event that cannot apply changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub brief: CaseBrief,
    /// Absent in a case that was made for one session alone.
    pub application: Option<Application>,
    pub stage: Stage,
    /// Of the first entry, UTC µs.
    pub began_at: i64,
    /// Of the last entry, UTC µs.
    pub last_at: i64,
    pub facts: CaseFacts,
    /// By code of the list.
    pub materials: BTreeMap<String, Material>,
    /// R11: material → the day by which it was undertaken.
    pub undertakings: BTreeMap<String, Date>,
    pub credit: Credit,
    /// 告知承诺, UTC µs.
    pub commitment: Option<i64>,
    pub clock: Clock,
    pub staff: BTreeMap<PersonId, BTreeSet<Role>>,
    pub departments: BTreeMap<String, Part>,
    pub experts: BTreeSet<PersonId>,
    /// In the order drawn.
    pub draws: Vec<ExpertDraw>,
    pub appointment: Appointment,
    /// The slot that was confirmed last, and how many sessions there were then.
    pub appointed: Option<(Slot, usize)>,
    /// By session id.
    pub sessions: BTreeMap<String, SessionOf>,
    /// Ids in the order scheduled.
    pub session_order: Vec<String>,
    /// R45: what was found, and the last day of the block.
    pub false_material: Option<Date>,
    /// R47: what the applicant claims as trade secrets.
    pub secrets: Vec<(String, String)>,
    pub publication: Publication,
    /// R49: where it was set apart from the guide's.
    pub retention: Option<Retention>,
    /// R58.
    pub approvals: Vec<Approval>,
    /// R59: when each last opened the recording of a session to view it, UTC µs; by session and person.
    pub looks: BTreeMap<(String, String), i64>,
    /// Entries each person caused.
    pub entries: BTreeMap<PersonId, u32>,
}

impl Case {
    /// The state after entry 1, which must be [`CaseEvent::Created`]; `None` for anything else.
    #[must_use]
    pub fn begin(entry: &CaseRecorded) -> Option<Self> {
        let CaseEvent::Created { brief } = &entry.event else {
            return None;
        };
        Some(Self {
            brief: brief.clone(),
            application: None,
            stage: Stage::PreReview,
            began_at: entry.at,
            last_at: entry.at,
            facts: CaseFacts::default(),
            materials: BTreeMap::new(),
            undertakings: BTreeMap::new(),
            credit: Credit::NotChecked,
            commitment: None,
            clock: Clock::default(),
            staff: BTreeMap::new(),
            departments: BTreeMap::new(),
            experts: BTreeSet::new(),
            draws: Vec::new(),
            approvals: Vec::new(),
            looks: BTreeMap::new(),
            appointment: Appointment::None,
            appointed: None,
            sessions: BTreeMap::new(),
            session_order: Vec::new(),
            false_material: None,
            secrets: Vec::new(),
            publication: Publication::NotBegun,
            retention: None,
            entries: BTreeMap::new(),
        })
    }

    /// Required material that the applicant still owes (R01): not in, or found insufficient. What sharing gives is never
    /// among it (R10), nor what a commitment stands for.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let Some(application) = &self.application else {
            return Vec::new();
        };
        let listed = application.guide.materials.iter();
        let owed = listed.filter(|listed| {
            listed.need == Need::Required
                && match listed.supply {
                    Supply::Applicant | Supply::ApplicantMinor => true,
                    Supply::ApplicantOrCommitment => self.commitment.is_none(),
                    Supply::Sharing { .. } => false,
                }
        });
        owed.filter(|listed| {
            let material = self.materials.get(&listed.code);
            material.is_none_or(|material| material.is_wanting())
        })
        .map(|listed| listed.code.clone())
        .collect()
    }

    /// Applicant or agent of the case.
    #[must_use]
    pub fn is_applicant(&self, person: &PersonId) -> bool {
        self.application.as_ref().is_some_and(|application| {
            application.applicant == *person || application.agents.contains(person)
        })
    }

    /// R58: whether an approval in the journal covers this operator now, UTC µs.
    #[must_use]
    pub fn is_approved(&self, operator: &PersonId, now: i64) -> bool {
        let case = self.application.as_ref().map_or("", |of| of.case.as_str());
        let mut approvals = self.approvals.iter();
        approvals.any(|approval| approval.covers(&operator.0, case, now))
    }

    /// R59: whether this person stated a purpose for viewing that session's recording, and since (UTC µs).
    #[must_use]
    pub fn has_looked(&self, session: &str, person: &PersonId, since: i64) -> bool {
        let key = (session.to_owned(), person.0.clone());
        self.looks.get(&key).is_some_and(|at| *at >= since)
    }

    /// R45: what this case blocks, where false material was found in one of safety or health.
    #[must_use]
    pub fn bar(&self) -> Option<Bar> {
        let application = self.application.as_ref()?;
        if application.guide.concern != Concern::SafetyOrHealth {
            return None;
        }
        Some(Bar {
            of: application.case.clone(),
            uscc: self.brief.uscc.clone(),
            item: application.guide.item.clone(),
            until: self.false_material?,
        })
    }

    /// R44: what a session ended without deciding left failed; empty where none did.
    #[must_use]
    pub fn failed_items(&self) -> &[String] {
        let last = self.session_order.last();
        last.and_then(|session| self.sessions.get(session))
            .map_or(&[], |session| &session.failed)
    }

    /// R49: of the case.
    #[must_use]
    pub fn retention(&self) -> Option<Retention> {
        let guide = self.application.as_ref().map(|of| of.guide.retention);
        self.retention.max(guide)
    }

    /// R49: of a session's recording, never shorter than the case's.
    #[must_use]
    pub fn recording_retention(&self, session: &str) -> Option<Retention> {
        let own = self.sessions.get(session)?.retention;
        own.max(self.retention())
    }
}
