//! Schedules a session from its case: the case's entry and the session's first one in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use kanjie_domain::case::{Application, Case, Part, decide};
use kanjie_domain::event::{Mode, Scheduled};
use kanjie_domain::site::Site;
use kanjie_domain::template::Template;
use kanjie_domain::{
    Actor, CaseCommand, Code, Event, Participant, PersonId, Refusal, Role, resurvey_scheduled,
};
use kanjie_store::{AppendRequest, IndexChange, JournalId, SessionRow};

use super::append::{CaseStep, add_case, new_entries};
use super::error::CaseError;
use super::host::{Acting, TRIES, context, open_to};
use super::journal::Loaded;
use super::published;
use crate::rooms::journal::{JournalError, SessionJournal};
use crate::services::Services;

/// A session to be.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub case: String,
    pub mode: Mode,
    /// UTC µs; the confirmed appointment's where absent.
    pub starts_at: Option<i64>,
    /// R44: those to reopen; where absent, what the session before left failed.
    pub items: Option<Vec<String>>,
    /// Beside those whom the case itself knows: helpers, interested parties, supervisors; more roles for some.
    pub participants: Vec<(PersonId, BTreeSet<Role>)>,
    pub site: Option<Site>,
}

/// Returns the session's id and the `seq` of the case's last entry.
///
/// # Errors
/// As the case decides; when somebody called to it cannot take part so.
pub async fn schedule(
    services: &Services,
    acting: Acting<'_>,
    new: &NewSession,
) -> Result<(String, u64), CaseError> {
    let session = services.env.new_id();
    for _ in 0..TRIES {
        let (loaded, _) = open_to(services, &new.case, acting).await?;
        let (request, seq) = request(services, acting, new, &session, &loaded).await?;
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

async fn request(
    services: &Services,
    acting: Acting<'_>,
    new: &NewSession,
    session: &str,
    loaded: &Loaded<Case>,
) -> Result<(AppendRequest, u64), CaseError> {
    let case = &loaded.state;
    let actor = Actor::Person(acting.person.clone());
    let at = loaded.at(services.env.now());
    let ctx = context(services, &actor, acting.roles, at);
    let items = new.items.clone();
    let command = CaseCommand::ScheduleSession {
        session: session.to_owned(),
        items: items.unwrap_or_else(|| case.failed_items().to_vec()),
    };
    let events = decide(case, &command, &ctx)?;
    let mut request = AppendRequest::default();
    let scheduled = scheduled(services, new, session, case, at, &mut request).await?;
    let step = CaseStep {
        id: new.case.clone(),
        before: case.clone(),
        head: loaded.head,
        actor,
        at,
        events,
    };
    let seq = loaded.head + step.events.len() as u64;
    add_case(services, &mut request, &step).await?;
    request.index.push(IndexChange::Session {
        row: row(&scheduled),
        participants: scheduled.participants.clone(),
    });
    let journal = JournalId::Session(session.to_owned());
    let first = [Event::Scheduled(Box::new(scheduled))];
    let entries = new_entries(services.env.as_ref(), at, &Actor::System, &first)?;
    request.read.push((journal.clone(), 0));
    request.write.push((journal, entries));
    Ok((request, seq))
}

fn row(scheduled: &Scheduled) -> SessionRow {
    SessionRow {
        id: scheduled.session.clone(),
        case_id: scheduled.case.clone(),
        case_no: scheduled.brief.case_no.clone(),
        item_title: scheduled.brief.item_title.clone(),
        applicant: scheduled.brief.applicant.clone(),
        starts_at: scheduled.starts_at,
        stage: String::from("scheduled"),
        closed_at: None,
    }
}

/// What the session begins with. Of a re-survey: what the session before ended with, its journal read too (R44).
async fn scheduled(
    services: &Services,
    new: &NewSession,
    session: &str,
    case: &Case,
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
            let read = JournalId::Session(before.id().to_owned());
            request.read.push((read, before.head()));
            resurvey_scheduled(&before.state, session, new.mode, starts_at)?
        }
        _ => whole_survey(new, session, case, published.template, starts_at),
    };
    scheduled.participants = participants(services, new, case, application).await?;
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
    case: &Case,
    template: Template,
    starts_at: i64,
) -> Scheduled {
    let departments = case.departments.iter();
    let joining = departments.filter(|(_, part)| **part == Part::Joining);
    Scheduled {
        session: session.to_owned(),
        case: new.case.clone(),
        brief: case.brief.clone(),
        template,
        participants: Vec::new(),
        joining_departments: joining.map(|(name, _)| name.clone()).collect(),
        mode: new.mode,
        starts_at,
        resurvey: None,
        site: new.site.clone(),
    }
}

/// Whom the case knows, each as what he is in it, and those who are called besides.
async fn participants(
    services: &Services,
    new: &NewSession,
    case: &Case,
    application: &Application,
) -> Result<Vec<Participant>, CaseError> {
    let mut roles: BTreeMap<PersonId, BTreeSet<Role>> = BTreeMap::new();
    let mut called = |person: &PersonId, role: Role| {
        roles.entry(person.clone()).or_default().insert(role);
    };
    called(&application.applicant, Role::Applicant);
    application
        .agents
        .iter()
        .for_each(|agent| called(agent, Role::Agent));
    case.experts
        .iter()
        .for_each(|expert| called(expert, Role::Expert));
    for (person, held) in &case.staff {
        held.iter().for_each(|role| called(person, *role));
    }
    for (person, more) in &new.participants {
        more.iter().for_each(|role| called(person, *role));
    }
    let mut participants = Vec::new();
    for (person, roles) in roles {
        let known = services.store.person(&person).await?;
        let known = known.ok_or_else(|| Refusal::of(Code::NotAParticipant, [&person.0]))?;
        may_take_part(services, case, &person, &roles).await?;
        participants.push(crate::scheduling::participant(&known, roles));
    }
    Ok(participants)
}

/// Denied by default: nobody recused (R16), nobody on two sides (R14), no staff or supervisor without an account that says
/// so, no expert, applicant or interested party but the case's own.
async fn may_take_part(
    services: &Services,
    case: &Case,
    person: &PersonId,
    roles: &BTreeSet<Role>,
) -> Result<(), CaseError> {
    if case.facts.recused.contains(person) {
        return Err(Refusal::of(Code::Recused, [&person.0]).into());
    }
    let account = services.store.account_of(person).await?;
    let at_the_bureau = account.map(|account| account.roles).unwrap_or_default();
    let application = case.application.as_ref();
    let may = |role: &Role| match role {
        Role::Applicant => application.is_some_and(|of| of.applicant == *person),
        Role::Agent => application.is_some_and(|of| of.agents.contains(person)),
        Role::Expert => case.experts.contains(person),
        Role::InterestedParty => case.facts.parties.contains_key(person),
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
