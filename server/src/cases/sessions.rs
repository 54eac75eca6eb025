//! Schedules a session from its case, or from a bundle (证照联办): the entries of the cases and of the bundle, and the session's first
//! one, in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kanjie_domain::case::{Bundle, BundleCommand, Case, Part, Standing, bundle_decide, decide};
use kanjie_domain::event::{Mode, Scheduled};
use kanjie_domain::site::Site;
use kanjie_domain::template::Template;
use kanjie_domain::{
    Actor, Calendar, CaseCommand, Code, Event, Participant, PersonId, Refusal, Role,
    resurvey_scheduled,
};
use kanjie_store::{AppendRequest, IndexChange, JournalId, SessionRow};

use super::append::{CaseStep, add_cases, new_entries};
use super::bundles::open_bundle;
use super::error::CaseError;
use super::host::{Acting, TRIES, context, open_to};
use super::journal::{Fold as _, Loaded};
use super::published;
use crate::rooms::journal::{JournalError, SessionJournal};
use crate::services::Services;

/// What is surveyed.
#[derive(Clone, Debug)]
pub enum Surveyed {
    Case(String),
    /// 证照联办: all its accepted cases together.
    Bundle(String),
}

/// A session to be.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub of: Surveyed,
    pub mode: Mode,
    /// UTC µs; the confirmed appointment's where absent.
    pub starts_at: Option<i64>,
    /// R44, of one case: those to reopen; where absent, what the session before left failed.
    pub items: Option<Vec<String>>,
    /// Beside those whom the cases themselves know: helpers, interested parties, supervisors; more roles for some.
    pub participants: Vec<(PersonId, BTreeSet<Role>)>,
    pub site: Option<Site>,
}

/// What the session is of, as it stands.
struct Found {
    bundle: Option<(String, Arc<Loaded<Bundle>>)>,
    /// Never empty.
    cases: Vec<(String, Arc<Loaded<Case>>)>,
}

/// Returns the session's id and the `seq` of the last entry of the case, or of the bundle.
///
/// # Errors
/// As the cases and their bundle decide; when somebody called to it cannot take part so.
pub async fn schedule(
    services: &Services,
    acting: Acting<'_>,
    new: &NewSession,
) -> Result<(String, u64), CaseError> {
    let session = services.env.new_id();
    let calendar = published::working_days(services).await?;
    for _ in 0..TRIES {
        let found = found(services, acting, &new.of).await?;
        let (request, seq) = request((services, &calendar), acting, new, &session, &found).await?;
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
                return Ok((session, seq));
            }
        }
    }
    Err(CaseError::Busy)
}

async fn found(services: &Services, acting: Acting<'_>, of: &Surveyed) -> Result<Found, CaseError> {
    match of {
        Surveyed::Case(case) => {
            let (loaded, _) = open_to(services, case, acting).await?;
            Ok(Found {
                bundle: None,
                cases: vec![(case.clone(), loaded)],
            })
        }
        Surveyed::Bundle(bundle) => {
            let loaded = open_bundle(services, bundle, acting).await?;
            let mut cases = Vec::new();
            for of in &loaded.state.cases {
                let standing = loaded.state.standing.get(&of.case);
                if matches!(standing, Some(Standing::Accepted { .. })) {
                    let (case, _) = open_to(services, &of.case, acting).await?;
                    cases.push((of.case.clone(), case));
                }
            }
            Ok(Found {
                bundle: Some((bundle.clone(), loaded)),
                cases,
            })
        }
    }
}

async fn request(
    (services, calendar): (&Services, &Calendar),
    acting: Acting<'_>,
    new: &NewSession,
    session: &str,
    found: &Found,
) -> Result<(AppendRequest, u64), CaseError> {
    let actor = Actor::Person(acting.person.clone());
    let now = services.env.now();
    let cases = found.cases.iter();
    let at = cases.fold(now, |at, (_, case)| case.at(at));
    let mut request = AppendRequest::default();
    let mut seq = schedule_in_bundle(
        (services, calendar),
        acting,
        session,
        at,
        found,
        &mut request,
    )?;
    let mut steps = Vec::new();
    let mut all = Vec::new();
    for (id, loaded) in &found.cases {
        let case = &loaded.state;
        let ctx = context(calendar, &actor, acting.roles, at);
        let command = CaseCommand::ScheduleSession {
            session: session.to_owned(),
            items: asked_items(new, case)?,
        };
        let events = decide(case, &command, &ctx)?;
        all.push(scheduled(services, new, session, (id, case), at, &mut request).await?);
        if found.bundle.is_none() {
            seq = loaded.head + events.len() as u64;
        }
        steps.push(CaseStep {
            id: id.clone(),
            before: case.clone(),
            head: loaded.head,
            actor: actor.clone(),
            at,
            events,
        });
    }
    let mut scheduled = Scheduled::together(all)?;
    scheduled.participants = participants(services, new, &found.cases).await?;
    add_cases(services, calendar, &mut request, &steps, None).await?;
    request.index.push(IndexChange::Session {
        row: row(&scheduled),
        further: scheduled.further.iter().map(|of| of.case.clone()).collect(),
        participants: scheduled.participants.clone(),
    });
    let journal = JournalId::Session(session.to_owned());
    let first = [Event::Scheduled(Box::new(scheduled))];
    let entries = new_entries(services.env.as_ref(), at, &Actor::System, &first)?;
    request.read.push((journal.clone(), 0));
    request.write.push((journal, entries));
    Ok((request, seq))
}

/// R44. Of a bundle each case reopens its own.
fn asked_items(new: &NewSession, case: &Case) -> Result<Vec<String>, Refusal> {
    match (&new.of, &new.items) {
        (_, None) => Ok(case.failed_items().to_vec()),
        (Surveyed::Case(_), Some(items)) => Ok(items.clone()),
        (Surveyed::Bundle(_), Some(_)) => Err(Refusal::of(Code::ValueInvalid, ["items"])),
    }
}

/// The bundle's entry; returns its `seq`.
fn schedule_in_bundle(
    (services, calendar): (&Services, &Calendar),
    acting: Acting<'_>,
    session: &str,
    at: i64,
    found: &Found,
    request: &mut AppendRequest,
) -> Result<u64, CaseError> {
    let Some((id, bundle)) = &found.bundle else {
        return Ok(0);
    };
    let actor = Actor::Person(acting.person.clone());
    let at = bundle.at(at);
    let ctx = context(calendar, &actor, acting.roles, at);
    let command = BundleCommand::ScheduleSurvey {
        session: session.to_owned(),
    };
    let events = bundle_decide(&bundle.state, &command, &ctx)?;
    let entries = new_entries(services.env.as_ref(), at, &actor, &events)?;
    let seq = bundle.head + entries.len() as u64;
    let journal = Bundle::journal(id);
    request.read.push((journal.clone(), bundle.head));
    request.write.push((journal, entries));
    Ok(seq)
}

/// What lists show of a session that begins so.
#[must_use]
pub fn row(scheduled: &Scheduled) -> SessionRow {
    let brief = scheduled.brief_of_all();
    SessionRow {
        id: scheduled.session.clone(),
        case_id: scheduled.case.clone(),
        case_no: brief.case_no,
        item_title: brief.item_title,
        applicant: brief.applicant,
        starts_at: scheduled.starts_at,
        stage: String::from("scheduled"),
        closed_at: None,
    }
}

/// What a session of this case alone begins with. Of a re-survey: what the session before ended with, its journal read too
/// (R44). Nobody is called yet.
async fn scheduled(
    services: &Services,
    new: &NewSession,
    session: &str,
    (id, case): (&str, &Case),
    at: i64,
    request: &mut AppendRequest,
) -> Result<Scheduled, CaseError> {
    let application = case.application.as_ref();
    let application = application.ok_or_else(|| Refusal::from(Code::NotInThisStage))?;
    let appointed = match &case.appointment {
        kanjie_domain::case::Appointment::Confirmed { slot } if slot.from >= at => Some(slot.from),
        _ => None,
    };
    let starts_at = new.starts_at.or(appointed);
    let starts_at = starts_at.ok_or_else(|| Refusal::of(Code::DateInvalid, ["starts_at"]))?;
    let published = published::of(&services.store, case).await?;
    let published = published
        .ok_or_else(|| Refusal::of(Code::ValueInvalid, [application.guide.item.as_str()]))?;
    published.allows(new.mode)?;
    let mut scheduled = match (case.failed_items(), case.session_order.last()) {
        ([_, ..], Some(before)) => {
            let journal = SessionJournal::load(services.store.clone(), before).await;
            let before = journal.map_err(unread)?;
            let read = (JournalId::Session(before.id().to_owned()), before.head());
            if !request.read.contains(&read) {
                request.read.push(read);
            }
            resurvey_scheduled(&before.state, id, session, new.mode, starts_at)?
        }
        _ => whole_survey(new, session, (id, case), published.template, starts_at),
    };
    if new.site.is_some() {
        scheduled.site.clone_from(&new.site);
    }
    Ok(scheduled)
}

fn unread(error: JournalError) -> CaseError {
    match error {
        JournalError::NotFound => CaseError::NotFound,
        JournalError::Store(error) => CaseError::Store(error),
        error => CaseError::Session(error.to_string()),
    }
}

fn whole_survey(
    new: &NewSession,
    session: &str,
    (id, case): (&str, &Case),
    template: Template,
    starts_at: i64,
) -> Scheduled {
    let departments = case.departments.iter();
    let joining = departments.filter(|(_, part)| **part == Part::Joining);
    Scheduled {
        session: session.to_owned(),
        case: id.to_owned(),
        brief: case.brief.clone(),
        template,
        participants: Vec::new(),
        joining_departments: joining.map(|(name, _)| name.clone()).collect(),
        mode: new.mode,
        starts_at,
        resurvey: None,
        site: new.site.clone(),
        further: Vec::new(),
    }
}

/// Whom the cases know, each as what he is in them, and those who are called besides. The applicant is the same in all; who
/// acts for him in one case only does not act for him here.
async fn participants(
    services: &Services,
    new: &NewSession,
    cases: &[(String, Arc<Loaded<Case>>)],
) -> Result<Vec<Participant>, CaseError> {
    let mut roles: BTreeMap<PersonId, BTreeSet<Role>> = BTreeMap::new();
    let mut called = |person: &PersonId, role: Role| {
        roles.entry(person.clone()).or_default().insert(role);
    };
    let cases: Vec<&Case> = cases.iter().map(|(_, loaded)| &loaded.state).collect();
    for case in &cases {
        let application = case.application.iter();
        for application in application {
            if !cases.iter().all(|of| applies(of, &application.applicant)) {
                return Err(Refusal::of(Code::CasesDiffer, ["applicant"]).into());
            }
            called(&application.applicant, Role::Applicant);
            let agents = application.agents.iter();
            agents
                .filter(|agent| cases.iter().all(|of| acts_for_applicant(of, agent)))
                .for_each(|agent| called(agent, Role::Agent));
        }
        case.experts
            .iter()
            .for_each(|expert| called(expert, Role::Expert));
        for (person, held) in &case.staff {
            held.iter().for_each(|role| called(person, *role));
        }
    }
    for (person, more) in &new.participants {
        more.iter().for_each(|role| called(person, *role));
    }
    let mut participants = Vec::new();
    for (person, roles) in roles {
        let known = services.store.person(&person).await?;
        let known = known.ok_or_else(|| Refusal::of(Code::NotAParticipant, [&person.0]))?;
        may_take_part(services, &cases, &person, &roles).await?;
        participants.push(crate::scheduling::participant(&known, roles));
    }
    Ok(participants)
}

fn applies(case: &Case, person: &PersonId) -> bool {
    let application = case.application.as_ref();
    application.is_some_and(|of| of.applicant == *person)
}

fn acts_for_applicant(case: &Case, person: &PersonId) -> bool {
    let application = case.application.as_ref();
    application.is_some_and(|of| of.agents.contains(person))
}

/// Denied by default: nobody recused from any of the cases (R16), nobody on two sides (R14), no staff or supervisor without an
/// account that says so, no expert but of one of them, no applicant or interested party but of all.
async fn may_take_part(
    services: &Services,
    cases: &[&Case],
    person: &PersonId,
    roles: &BTreeSet<Role>,
) -> Result<(), CaseError> {
    if cases.iter().any(|of| of.facts.recused.contains(person)) {
        return Err(Refusal::of(Code::Recused, [&person.0]).into());
    }
    let account = services.store.account_of(person).await?;
    let at_the_bureau = account.map(|account| account.roles).unwrap_or_default();
    let in_all = |of: &dyn Fn(&Case) -> bool| cases.iter().all(|case| of(case));
    let may = |role: &Role| match role {
        Role::Applicant => in_all(&|case| applies(case, person)),
        Role::Agent => in_all(&|case| acts_for_applicant(case, person)),
        Role::Expert => cases.iter().any(|of| of.experts.contains(person)),
        Role::InterestedParty => in_all(&|case| case.facts.parties.contains_key(person)),
        Role::Helper => true,
        Role::Administrator | Role::Operator => false,
        Role::Surveyor
        | Role::Chair
        | Role::Approver
        | Role::DepartmentReviewer
        | Role::Supervisor => at_the_bureau.contains(role),
    };
    let staff = roles.iter().any(|role| role.is_staff());
    let sides = roles.iter().filter(|role| !role.is_staff()).count() + usize::from(staff);
    if sides != 1 || !roles.iter().all(may) {
        return Err(Refusal::of(Code::NotAParticipant, [&person.0]).into());
    }
    Ok(())
}
