//! Bundles (证照联办): several cases on one clock. What a bundle and its cases learn of each other is one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use kanjie_domain::case::{
    Bundle, BundleCase, BundleCommand, BundleEvent, BundleRecorded, BundleReport, Case, CaseReport,
    Standing, bundle_decide, bundle_open, bundle_report, report,
};
use kanjie_domain::{Actor, Calendar, Code, Refusal, Role};
use kanjie_store::AppendRequest;

use super::append::{CaseStep, add_case, new_entries};
use super::error::CaseError;
use super::host::{Acting, TRIES, context, open_to};
use super::journal::{self, Fold, Loaded};
use super::published;
use crate::http::version::IfMatch;
use crate::services::Services;

/// A bundle to be: its cases, each with the department that decides it.
#[derive(Clone, Debug)]
pub struct NewBundle {
    pub title: String,
    pub lead_department: String,
    pub cases: Vec<(String, String)>,
}

/// The bundle as it stands, for staff and supervisors whom none of its cases is closed to (R16).
///
/// # Errors
/// [`CaseError::NotFound`] for everybody else, whether it exists or not.
pub async fn open_bundle(
    services: &Services,
    bundle: &str,
    acting: Acting<'_>,
) -> Result<Arc<Loaded<Bundle>>, CaseError> {
    let mut roles = acting.roles.iter();
    if !roles.any(|role| role.is_staff() || *role == Role::Supervisor) {
        return Err(CaseError::NotFound);
    }
    let loaded = journal::load::<Bundle>(&services.store, &services.folds, bundle).await?;
    let aside = services.store.recused_from(acting.person).await?;
    if loaded.state.cases.iter().any(|of| aside.contains(&of.case)) {
        return Err(CaseError::NotFound);
    }
    Ok(loaded)
}

/// Makes a bundle; each of its cases joins it with the same transaction. Returns its id and the `seq` of its last entry.
///
/// # Errors
/// As the domain decides; where a case is in another bundle, or decided.
pub async fn create(
    services: &Services,
    acting: Acting<'_>,
    new: &NewBundle,
) -> Result<(String, u64), CaseError> {
    let id = services.env.new_id();
    let calendar = published::working_days(services).await?;
    for _ in 0..TRIES {
        let mut members = Vec::new();
        for (case, department) in &new.cases {
            let (loaded, _) = open_to(services, case, acting).await?;
            members.push((case.clone(), department.clone(), loaded));
        }
        let (request, seq) = begin((services, &calendar), acting, new, &id, &members).await?;
        match services
            .store
            .append(request)
            .await
            .map_err(CaseError::from)
        {
            Err(CaseError::Conflict) => {}
            Err(error) => return Err(error),
            Ok(_) => {
                services.case_work.notify_one();
                return Ok((id, seq));
            }
        }
    }
    Err(CaseError::Busy)
}

type Member = (String, String, Arc<Loaded<Case>>);

async fn begin(
    (services, calendar): (&Services, &Calendar),
    acting: Acting<'_>,
    new: &NewBundle,
    id: &str,
    members: &[Member],
) -> Result<(AppendRequest, u64), CaseError> {
    let actor = Actor::Person(acting.person.clone());
    let now = services.env.now();
    let at = members.iter().fold(now, |at, (_, _, case)| case.at(at));
    let cases: Vec<_> = members
        .iter()
        .map(|(case, department, loaded)| BundleCase {
            case: case.clone(),
            item_title: loaded.state.brief.item_title.clone(),
            department: department.clone(),
        })
        .collect();
    let asked = context(calendar, &actor, acting.roles, at);
    let events = bundle_open(id, &new.title, &new.lead_department, &cases, &asked)?;
    let created = recorded(&actor, at, &events[0]);
    let bundle = Bundle::begin(&created).ok_or(CaseError::NotFound)?;
    let mut request = AppendRequest::default();
    request.read.push((Bundle::journal(id), 0));
    let mut entries = new_entries(services.env.as_ref(), at, &actor, &events)?;
    let known = accepted_before(calendar, &bundle, at, members)?;
    entries.extend(new_entries(
        services.env.as_ref(),
        at,
        &Actor::System,
        &known,
    )?);
    let seq = entries.len() as u64;
    request.write.push((Bundle::journal(id), entries));
    let joined = CaseReport::BundleJoined {
        bundle: id.to_owned(),
    };
    for (case, _, loaded) in members {
        tell_case(
            (services, calendar),
            &mut request,
            case,
            loaded,
            at,
            &joined,
        )
        .await?;
    }
    Ok((request, seq))
}

/// What happened in the cases before they joined.
fn accepted_before(
    calendar: &Calendar,
    bundle: &Bundle,
    at: i64,
    members: &[Member],
) -> Result<Vec<BundleEvent>, CaseError> {
    let nobody = BTreeSet::new();
    let asked = context(calendar, &Actor::System, &nobody, at);
    let mut state = bundle.clone();
    let mut known = Vec::new();
    for (case, _, loaded) in members {
        let Some(acceptance) = loaded.state.stage.acceptance() else {
            continue;
        };
        let news = BundleReport::CaseAccepted {
            case: case.clone(),
            on: acceptance.on,
        };
        for event in bundle_report(&state, &news, &asked)? {
            state.evolve(&recorded(&Actor::System, at, &event));
            known.push(event);
        }
    }
    Ok(known)
}

/// Carries out a command and returns the `seq` of its last entry.
///
/// # Errors
/// As the bundle and its cases decide.
pub async fn act(
    services: &Services,
    bundle: &str,
    acting: Acting<'_>,
    command: &BundleCommand,
    if_match: &IfMatch,
) -> Result<u64, CaseError> {
    if matches!(command, BundleCommand::ScheduleSurvey { .. }) {
        // A survey is scheduled with its session, never alone.
        return Err(Refusal::from(Code::NotAllowed).into());
    }
    let actor = Actor::Person(acting.person.clone());
    let calendar = published::working_days(services).await?;
    for _ in 0..TRIES {
        let loaded = open_bundle(services, bundle, acting).await?;
        if_match.check(loaded.head).map_err(CaseError::Told)?;
        let at = loaded.at(services.env.now());
        let asked = context(&calendar, &actor, acting.roles, at);
        let events = bundle_decide(&loaded.state, command, &asked)?;
        let mut request = AppendRequest::default();
        let journal = Bundle::journal(bundle);
        request.read.push((journal.clone(), loaded.head));
        let entries = new_entries(services.env.as_ref(), at, &actor, &events)?;
        let seq = loaded.head + entries.len() as u64;
        request.write.push((journal, entries));
        for event in &events {
            tell_cases(
                (services, &calendar),
                &mut request,
                &loaded.state,
                at,
                event,
            )
            .await?;
        }
        match services
            .store
            .append(request)
            .await
            .map_err(CaseError::from)
        {
            Err(CaseError::Conflict) => {}
            Err(error) => return Err(error),
            Ok(_) => {
                services.case_work.notify_one();
                return Ok(seq);
            }
        }
    }
    Err(CaseError::Busy)
}

/// R06: the clock of every case that is still in.
async fn tell_cases(
    (services, calendar): (&Services, &Calendar),
    request: &mut AppendRequest,
    bundle: &Bundle,
    at: i64,
    event: &BundleEvent,
) -> Result<(), CaseError> {
    let BundleEvent::Extended {
        days,
        reason,
        notice,
        government,
    } = event
    else {
        return Ok(());
    };
    let news = CaseReport::BundleExtended {
        days: *days,
        reason: reason.clone(),
        notice: notice.clone(),
        government: government.clone(),
    };
    for (case, standing) in &bundle.standing {
        if matches!(standing, Standing::Awaited | Standing::Accepted { .. }) {
            let loaded = journal::load::<Case>(&services.store, &services.folds, case).await?;
            tell_case((services, calendar), request, case, &loaded, at, &news).await?;
        }
    }
    Ok(())
}

async fn tell_case(
    (services, calendar): (&Services, &Calendar),
    request: &mut AppendRequest,
    case: &str,
    loaded: &Loaded<Case>,
    at: i64,
    news: &CaseReport,
) -> Result<(), CaseError> {
    let at = loaded.at(at);
    let nobody = BTreeSet::new();
    let asked = context(calendar, &Actor::System, &nobody, at);
    let step = CaseStep {
        id: case.to_owned(),
        before: loaded.state.clone(),
        head: loaded.head,
        actor: Actor::System,
        at,
        events: report(&loaded.state, news, &asked)?,
    };
    add_case(services, calendar, request, &step).await
}

fn recorded(actor: &Actor, at: i64, event: &BundleEvent) -> BundleRecorded {
    BundleRecorded {
        actor: actor.clone(),
        at,
        event: event.clone(),
    }
}
