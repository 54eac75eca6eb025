//! Makes a case and its sessions: the first entries of their journals, and the links to knock with.

use std::collections::BTreeSet;

use kanjie_domain::event::{Mode, Scheduled};
use kanjie_domain::site::Site;
use kanjie_domain::template::Template;
use kanjie_domain::{Actor, CaseBrief, CaseEvent, Event, Participant, PersonId, Role};
use kanjie_store::{AppendRequest, IndexChange, JournalId, LinkTo, NewLink, SessionRow};

use crate::auth::cookie::Token;
use crate::cases::{append, published};
use crate::error::Failure;
use crate::services::Services;

/// A case with one session, to be made together.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub brief: CaseBrief,
    pub template: Template,
    pub participants: Vec<Participant>,
    pub joining_departments: Vec<String>,
    pub mode: Mode,
    /// UTC µs.
    pub starts_at: i64,
    /// R23: where a position is registered.
    pub site: Option<Site>,
}

/// Makes case and session in one transaction; returns the session's id.
///
/// # Errors
/// When a person is unknown, the case number taken, or the store fails.
pub async fn create(services: &Services, new: NewSession) -> Result<String, Failure> {
    let case = services.env.new_id();
    let session = services.env.new_id();
    let at = services.env.now();
    let row = SessionRow {
        id: session.clone(),
        case_id: case.clone(),
        case_no: new.brief.case_no.clone(),
        item_title: new.brief.item_title.clone(),
        applicant: new.brief.applicant.clone(),
        starts_at: new.starts_at,
        stage: String::from("scheduled"),
        closed_at: None,
    };
    let case_events = [
        CaseEvent::Created {
            brief: new.brief.clone(),
        },
        CaseEvent::SessionScheduled {
            session: session.clone(),
        },
    ];
    let mut index = vec![
        IndexChange::Case {
            id: case.clone(),
            case_no: new.brief.case_no.clone(),
        },
        IndexChange::Session {
            row,
            further: Vec::new(),
            participants: new.participants.clone(),
        },
    ];
    let calendar = published::working_days(services).await?;
    let begun = append::begun(&Actor::System, at, &case_events);
    index.extend(begun.map(|begun| append::listed(&case, &begun, &calendar)));
    let scheduled = Event::Scheduled(Box::new(Scheduled {
        session: session.clone(),
        case: case.clone(),
        brief: new.brief,
        template: new.template,
        participants: new.participants,
        joining_departments: new.joining_departments,
        mode: new.mode,
        starts_at: new.starts_at,
        resurvey: None,
        site: new.site,
        further: Vec::new(),
    }));
    let env = services.env.as_ref();
    let case = JournalId::Case(case);
    let journal = JournalId::Session(session.clone());
    let request = AppendRequest {
        read: vec![(case.clone(), 0), (journal.clone(), 0)],
        write: vec![
            (
                case,
                append::new_entries(env, at, &Actor::System, &case_events)?,
            ),
            (
                journal,
                append::new_entries(env, at, &Actor::System, &[scheduled])?,
            ),
        ],
        index,
    };
    services.store.append(request).await?;
    Ok(session)
}

/// Makes a personal link and returns its token.
///
/// # Errors
/// When the person or the session is unknown.
pub async fn invite(
    services: &Services,
    session: &str,
    person: &PersonId,
) -> Result<Token, Failure> {
    let token = Token::new(services.env.as_ref());
    services
        .store
        .add_link(&NewLink {
            token_hash: token.digest(),
            to: LinkTo::Session(session.to_owned()),
            person: person.clone(),
            created_at: services.env.now(),
        })
        .await?;
    Ok(token)
}

/// A participant by these roles.
#[must_use]
pub fn participant(
    person: &kanjie_store::Person,
    roles: impl IntoIterator<Item = Role>,
) -> Participant {
    Participant {
        person: person.id.clone(),
        name: person.name.clone(),
        roles: roles.into_iter().collect::<BTreeSet<_>>(),
        organisation: person.organisation.clone(),
        department: person.department.clone(),
    }
}
