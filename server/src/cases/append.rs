//! What one decision writes, over one journal or several, and what the index learns of it.

use std::collections::BTreeMap;

use kanjie_domain::calendar::end_of_day;
use kanjie_domain::case::{
    Bundle, BundleEvent, BundleRecorded, BundleReport, Case, Listed, Stage, Survey, bundle_report,
};
use kanjie_domain::{Actor, Calendar, CaseEvent, CaseRecorded};
use kanjie_evidence::canonical::CanonicalError;
use kanjie_store::{AppendRequest, BarRow, IndexChange, NewEntry};
use serde::Serialize;

use super::error::CaseError;
use super::host::context;
use super::journal::{self, Fold, Loaded};
use crate::body::entry_body;
use crate::env::Env;
use crate::services::Services;

/// Entries with fresh nonces.
///
/// # Errors
/// When an event holds what canonical JSON cannot say.
pub fn new_entries<E: Serialize>(
    env: &dyn Env,
    at: i64,
    actor: &Actor,
    events: &[E],
) -> Result<Vec<NewEntry>, CanonicalError> {
    events
        .iter()
        .map(|event| {
            Ok(NewEntry {
                nonce: env.random(),
                body: entry_body(at, actor, event)?,
            })
        })
        .collect()
}

/// A case's journal as one decision moves it.
#[derive(Clone, Debug)]
pub struct CaseStep {
    pub id: String,
    pub before: Case,
    pub head: u64,
    pub actor: Actor,
    pub at: i64,
    pub events: Vec<CaseEvent>,
}

impl CaseStep {
    /// The state after it.
    #[must_use]
    pub fn after(&self) -> Case {
        let mut case = self.before.clone();
        for event in &self.events {
            case.evolve(&CaseRecorded {
                actor: self.actor.clone(),
                at: self.at,
                event: event.clone(),
            });
        }
        case
    }

    fn new_head(&self) -> u64 {
        self.head + self.events.len() as u64
    }
}

/// The end of a session: its id and the hash of the entry with which its last case had its outcome.
#[derive(Clone, Debug)]
pub struct SurveyEnd {
    pub session: String,
    pub head: String,
}

/// Adds the step to a request: its entries, what the index learns, and what its bundle's journal gets with it.
///
/// # Errors
/// When the bundle's journal cannot be read, or does not take the news.
pub async fn add_case(
    services: &Services,
    calendar: &Calendar,
    request: &mut AppendRequest,
    step: &CaseStep,
) -> Result<(), CaseError> {
    let step = std::slice::from_ref(step);
    add_cases(services, calendar, request, step, None).await
}

/// The same of several cases at once. A bundle of several of them gets one batch, and learns of its survey's end with it.
///
/// # Errors
/// As [`add_case`].
pub async fn add_cases(
    services: &Services,
    calendar: &Calendar,
    request: &mut AppendRequest,
    steps: &[CaseStep],
    survey: Option<&SurveyEnd>,
) -> Result<(), CaseError> {
    let mut bundles: BTreeMap<String, Vec<&CaseStep>> = BTreeMap::new();
    for step in steps {
        let after = step.after();
        let journal = Case::journal(&step.id);
        request.read.push((journal.clone(), step.head));
        let entries = new_entries(services.env.as_ref(), step.at, &step.actor, &step.events)?;
        request.write.push((journal, entries));
        request.index.extend(index_changes(step, &after, calendar)?);
        // The bundle that a case joins with this very step is at work on it itself.
        let bundle = step.before.clock.bundle.clone().or(after.clock.bundle);
        if let Some(bundle) = bundle.filter(|_| step.events.iter().any(concerns_bundle)) {
            bundles.entry(bundle).or_default().push(step);
        }
    }
    for (bundle, steps) in &bundles {
        follow_in_bundle((services, calendar), request, bundle, steps, survey).await?;
    }
    Ok(())
}

fn index_changes(
    step: &CaseStep,
    after: &Case,
    calendar: &Calendar,
) -> Result<Vec<IndexChange>, CaseError> {
    let mut changes = vec![
        IndexChange::CaseWork {
            case: step.id.clone(),
            head: step.new_head(),
            due_at: moved_by_time(after, calendar)?,
        },
        listed(&step.id, after, calendar),
    ];
    for event in &step.events {
        match event {
            CaseEvent::RecusalRecorded { person, .. } => changes.push(IndexChange::Recused {
                case: step.id.clone(),
                person: person.clone(),
            }),
            CaseEvent::FalseMaterialFound { .. } => changes.extend(barred(&step.id, after)),
            _ => {}
        }
    }
    Ok(changes)
}

/// As lists show the case after its last entry.
#[must_use]
pub fn listed(case: &str, after: &Case, calendar: &Calendar) -> IndexChange {
    IndexChange::Listed {
        case: case.to_owned(),
        listed: Box::new(Listed::of(after, calendar)),
    }
}

/// The state after the first entries of a journal.
#[must_use]
pub fn begun(actor: &Actor, at: i64, events: &[CaseEvent]) -> Option<Case> {
    let mut entries = events.iter().map(|event| CaseRecorded {
        actor: actor.clone(),
        at,
        event: event.clone(),
    });
    let mut case = Case::begin(&entries.next()?)?;
    entries.for_each(|entry| case.evolve(&entry));
    Some(case)
}

fn barred(case: &str, after: &Case) -> Option<IndexChange> {
    let bar = after.bar()?;
    Some(IndexChange::Barred(BarRow {
        case_id: case.to_owned(),
        uscc: bar.uscc,
        item: bar.item,
        until_day: bar.until.to_string(),
    }))
}

/// R02: the first moment at which a receipt that nobody answered is answered by time itself, UTC µs.
fn moved_by_time(case: &Case, calendar: &Calendar) -> Result<Option<i64>, CaseError> {
    let (Some(application), Stage::Received(receipt)) = (&case.application, &case.stage) else {
        return Ok(None);
    };
    let from = kanjie_domain::calendar::day_of(receipt.at)?;
    let last = calendar.add_working_days(from, application.guide.time.notice)?;
    Ok(Some(end_of_day(last)?.saturating_add(1)))
}

async fn follow_in_bundle(
    (services, calendar): (&Services, &Calendar),
    request: &mut AppendRequest,
    id: &str,
    steps: &[&CaseStep],
    survey: Option<&SurveyEnd>,
) -> Result<(), CaseError> {
    let bundle = journal::load::<Bundle>(&services.store, &services.folds, id).await?;
    let mut reports: Vec<_> = steps
        .iter()
        .flat_map(|step| step.events.iter().filter_map(|event| news(&step.id, event)))
        .collect();
    let own = survey.filter(|end| {
        matches!(&bundle.state.survey, Survey::Scheduled { session } if *session == end.session)
    });
    reports.extend(own.map(|end| BundleReport::SurveyEnded {
        session: end.session.clone(),
        head: end.head.clone(),
    }));
    if reports.is_empty() {
        return Ok(());
    }
    let at = steps.iter().map(|step| step.at).max();
    let at = bundle.at(at.unwrap_or_default());
    let events = reported(calendar, &bundle, at, &reports)?;
    let journal = Bundle::journal(id);
    request.read.push((journal.clone(), bundle.head));
    let entries = new_entries(services.env.as_ref(), at, &Actor::System, &events)?;
    request.write.push((journal, entries));
    Ok(())
}

fn reported(
    calendar: &Calendar,
    bundle: &Loaded<Bundle>,
    at: i64,
    reports: &[BundleReport],
) -> Result<Vec<BundleEvent>, CaseError> {
    let at = bundle.at(at);
    let roles = std::collections::BTreeSet::new();
    let ctx = context(calendar, &Actor::System, &roles, at);
    let mut state = bundle.state.clone();
    let mut events = Vec::new();
    for report in reports {
        for event in bundle_report(&state, report, &ctx)? {
            state.evolve(&BundleRecorded {
                actor: Actor::System,
                at,
                event: event.clone(),
            });
            events.push(event);
        }
    }
    Ok(events)
}

const fn concerns_bundle(event: &CaseEvent) -> bool {
    matches!(
        event,
        CaseEvent::Accepted { .. }
            | CaseEvent::NotAccepted { .. }
            | CaseEvent::Withdrawn { .. }
            | CaseEvent::Decided(_)
            | CaseEvent::SessionResult { .. }
    )
}

/// What a bundle hears of one of its cases.
fn news(case: &str, event: &CaseEvent) -> Option<BundleReport> {
    let case = case.to_owned();
    match event {
        CaseEvent::Accepted { on, .. } => Some(BundleReport::CaseAccepted { case, on: *on }),
        CaseEvent::NotAccepted { .. } | CaseEvent::Withdrawn { .. } => {
            Some(BundleReport::CaseLeft { case })
        }
        CaseEvent::Decided(decision) => Some(BundleReport::CaseDecided {
            case,
            kind: decision.kind,
            number: decision.number.clone(),
        }),
        _ => None,
    }
}
