//! A case as somebody may see it: the fold of the entries that he may read, and nothing that does not follow from them.

use std::collections::{BTreeMap, BTreeSet};

use kanjie_domain::case::{
    Appointment, Case, CaseBrief, CaseViewer, Hearing, Material, dues, visible,
};
use kanjie_domain::{Calendar, CaseRecorded, PersonId, Role};
use kanjie_evidence::Entry;
use kanjie_store::JournalId;
use serde::Serialize;
use serde_json::{Value, json};

use super::error::CaseError;
use super::journal::{self, Fold};
use super::published;
use crate::services::Services;

/// The answer to `GET /api/v1/cases/{id}`. A part that the viewer may know nothing of is absent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CaseView {
    pub id: String,
    pub case_no: String,
    pub my_roles: BTreeSet<Role>,
    /// Of the journal as it stands, withheld entries counted.
    pub head: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub brief: Option<CaseBrief>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub course: Option<Course>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub hearing: Option<Value>,
}

/// For those who may follow the procedure: applicant side, staff, supervisor.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CaseCourse)]
pub struct Course {
    pub stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub item: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub guide_version: Option<String>,
    pub applicant: Option<PersonId>,
    pub agents: Vec<PersonId>,
    /// By code of the published list.
    #[schema(value_type = BTreeMap<String, String>)]
    pub materials: BTreeMap<String, &'static str>,
    /// Required material that the applicant still owes (R01).
    pub missing: Vec<String>,
    /// R11: material → by when.
    pub undertakings: BTreeMap<String, String>,
    /// Every act with a last day: which, until when, done when.
    #[schema(value_type = Vec<Object>)]
    pub dues: Vec<Value>,
    #[schema(value_type = BTreeMap<String, BTreeSet<Role>>)]
    pub staff: BTreeMap<PersonId, BTreeSet<Role>>,
    pub departments: Vec<String>,
    #[schema(value_type = Object)]
    pub appointment: Value,
    #[schema(value_type = Vec<Object>)]
    pub sessions: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub bundle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub decision: Option<Value>,
}

/// Entries read from the store at once.
const PAGE: u32 = 1_000;

/// # Errors
/// When the journal cannot be read.
pub async fn of(
    services: &Services,
    id: &str,
    case: &Case,
    viewer: &CaseViewer,
) -> Result<CaseView, CaseError> {
    let calendar = published::working_days(services).await?;
    let (head, seen) = seen(services, id, viewer).await?;
    let now = services.env.now();
    let hearing = matches!(&case.facts.hearing, Hearing::None);
    let brief = seen.as_ref().map(|seen| seen.brief.clone());
    let follows = seen.filter(|seen| seen.application.is_some() || case.application.is_none());
    let advises = viewer.roles.contains(&Role::Expert);
    let party = case.facts.parties.get(&viewer.person);
    Ok(CaseView {
        id: id.to_owned(),
        case_no: case.brief.case_no.clone(),
        my_roles: viewer.roles.clone(),
        head,
        brief,
        course: follows
            .filter(|_| !advises)
            .map(|seen| course(&seen, &calendar, now)),
        hearing: (!advises && (!hearing || party.is_some())).then(|| hearing_of(case, viewer)),
    })
}

/// The case as far as the viewer may read; `None` where not even its first entry is open to him.
async fn seen(
    services: &Services,
    id: &str,
    viewer: &CaseViewer,
) -> Result<(u64, Option<Case>), CaseError> {
    let journal = Case::journal(id);
    let mut seen: Option<Case> = None;
    let mut head = 0;
    loop {
        let entries = services.store.entries(&journal, head, PAGE).await?;
        for entry in &entries {
            head = entry.seq;
            let recorded: Option<CaseRecorded> = journal::read(&journal, entry)?;
            let Some(recorded) = recorded.filter(|recorded| visible(recorded, viewer)) else {
                continue;
            };
            match &mut seen {
                Some(case) => case.evolve(&recorded),
                None => seen = Case::begin(&recorded),
            }
        }
        if entries.len() < PAGE as usize {
            return Ok((head, seen));
        }
    }
}

fn course(case: &Case, calendar: &Calendar, now: i64) -> Course {
    let application = case.application.as_ref();
    let days = dues(case, calendar, now).unwrap_or_default();
    let dues = days.iter().map(|due| {
        json!({
            "duty": duty(&due.duty), "on": due.on.to_string(),
            "done": due.done.map(|day| day.to_string()),
        })
    });
    let sessions = case.session_order.iter().filter_map(|id| {
        let session = case.sessions.get(id)?;
        Some(json!({
            "session": id, "reopened": session.reopened, "head": session.head, "failed": session.failed,
        }))
    });
    Course {
        stage: case.stage.name(),
        item: application.map(|of| of.guide.item.clone()),
        guide_version: application.map(|of| of.guide.version.clone()),
        applicant: application.map(|of| of.applicant.clone()),
        agents: application.map(|of| of.agents.clone()).unwrap_or_default(),
        materials: case
            .materials
            .iter()
            .map(|(code, material)| (code.clone(), standing(material)))
            .collect(),
        missing: case.missing(),
        undertakings: case
            .undertakings
            .iter()
            .map(|(code, by)| (code.clone(), by.to_string()))
            .collect(),
        dues: dues.collect(),
        staff: case.staff.clone(),
        departments: case.departments.keys().cloned().collect(),
        appointment: appointment(&case.appointment),
        sessions: sessions.collect(),
        bundle: case.clock.bundle.clone(),
        decision: case
            .stage
            .decided()
            .map(|decided| json!({"at": decided.at, "facts": decided.decision})),
    }
}

fn hearing_of(case: &Case, viewer: &CaseViewer) -> Value {
    let own = case.facts.parties.get(&viewer.person);
    let state = match &case.facts.hearing {
        Hearing::None => json!({"state": "none"}),
        Hearing::Requested { .. } => json!({"state": "requested"}),
        Hearing::Scheduled { at, .. } => json!({"state": "scheduled", "at": at}),
        Hearing::Held { .. } => json!({"state": "held"}),
    };
    match own {
        None => state,
        Some(party) => json!({
            "hearing": state, "window_until": party.window_until,
            "statement": match party.statement {
                kanjie_domain::case::Statement::Awaited => "awaited",
                kanjie_domain::case::Statement::In => "in",
            },
        }),
    }
}

const fn standing(material: &Material) -> &'static str {
    match material {
        Material::Submitted { .. } => "submitted",
        Material::Shared { .. } => "shared",
        Material::Sufficient { .. } => "sufficient",
        Material::Insufficient { .. } => "insufficient",
    }
}

fn duty(duty: &kanjie_domain::case::Duty) -> Value {
    use kanjie_domain::case::Duty;
    match duty {
        Duty::AnswerReceipt => json!("answer_receipt"),
        Duty::Decide => json!("decide"),
        Duty::Serve => json!("serve"),
        Duty::Publish => json!("publish"),
        Duty::Undertaking { material } => json!({"undertaking": material}),
    }
}

fn appointment(appointment: &Appointment) -> Value {
    match appointment {
        Appointment::None => json!({"state": "none"}),
        Appointment::Offered { slots } => json!({"state": "offered", "slots": slots}),
        Appointment::Confirmed { slot } => json!({"state": "confirmed", "slot": slot}),
        Appointment::ChangeAsked { wish } => json!({"state": "change_asked", "wish": wish}),
        Appointment::Cancelled { reason } => json!({"state": "cancelled", "reason": reason}),
    }
}

/// The entry as the viewer gets it; what cannot be read is withheld.
#[must_use]
pub fn for_viewer(journal: &JournalId, entry: Entry, viewer: &CaseViewer) -> Entry {
    match journal::read::<CaseRecorded>(journal, &entry) {
        Ok(Some(recorded)) if visible(&recorded, viewer) => entry,
        _ => entry.withhold(),
    }
}
