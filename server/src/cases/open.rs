//! Makes a case: the first two entries of its journal (or those of a case made for one session alone).

use std::collections::BTreeSet;

use kanjie_domain::case::{Application, Case, open};
use kanjie_domain::{Actor, CaseBrief, PersonId, Role};
use kanjie_store::{AppendError, AppendRequest, IndexChange, StoreError};

use super::append::{begun, listed, new_entries};
use super::error::CaseError;
use super::host::context;
use super::journal::Fold;
use super::published;
use crate::services::Services;

/// How often another number is drawn because the one before was taken.
const NUMBERS: usize = 5;

/// A case to be.
#[derive(Clone, Debug)]
pub struct NewCase {
    /// Key of the permit item.
    pub item: String,
    pub applicant: PersonId,
    pub agents: Vec<PersonId>,
    /// An empty number asks for a fresh one.
    pub brief: CaseBrief,
}

/// A case that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub case: String,
    pub case_no: String,
    pub seq: u64,
}

/// Opens the case in pre-review, with the guide of its item as it stands now.
///
/// # Errors
/// When the item has no guide, the number is taken, or the domain refuses it.
pub async fn create(
    services: &Services,
    person: &PersonId,
    roles: &BTreeSet<Role>,
    new: &NewCase,
) -> Result<Made, CaseError> {
    let given = !new.brief.case_no.is_empty();
    for _ in 0..NUMBERS {
        let mut brief = new.brief.clone();
        if !given {
            brief.case_no = fresh_number(services)?;
        }
        match try_create(services, person, roles, new, brief).await {
            Err(CaseError::Store(StoreError::Exists(_))) if !given => {}
            Err(CaseError::Store(StoreError::Exists(_))) => break,
            done => return done,
        }
    }
    let taken = kanjie_domain::Refusal::of(kanjie_domain::Code::AlreadyExists, ["case_no"]);
    Err(taken.into())
}

async fn try_create(
    services: &Services,
    person: &PersonId,
    roles: &BTreeSet<Role>,
    new: &NewCase,
    mut brief: CaseBrief,
) -> Result<Made, CaseError> {
    let at = services.env.now();
    let today = kanjie_domain::calendar::day_of(at)?;
    let calendar = published::working_days(services).await?;
    let begins = published::on(&services.store, &new.item, today).await?;
    let begins = begins.ok_or_else(|| {
        kanjie_domain::Refusal::of(kanjie_domain::Code::ValueInvalid, [new.item.as_str()])
    })?;
    if brief.item_title.is_empty() {
        brief.item_title = begins.title;
    }
    let id = services.env.new_id();
    let application = Application {
        case: id.clone(),
        applicant: new.applicant.clone(),
        agents: new.agents.clone(),
        guide: begins.guide,
    };
    let actor = Actor::Person(person.clone());
    let ctx = context(&calendar, &actor, roles, at);
    let events = open(&brief, &application, &ctx)?;
    let begun = begun(&actor, at, &events).ok_or(CaseError::NotFound)?;
    let request = AppendRequest {
        read: vec![(Case::journal(&id), 0)],
        write: vec![(
            Case::journal(&id),
            new_entries(services.env.as_ref(), at, &actor, &events)?,
        )],
        index: vec![
            IndexChange::Case {
                id: id.clone(),
                case_no: brief.case_no.clone(),
            },
            IndexChange::CaseWork {
                case: id.clone(),
                head: events.len() as u64,
                due_at: None,
            },
            listed(&id, &begun, &calendar),
        ],
    };
    match services.store.append(request).await {
        Ok(_) => {
            services.case_work.notify_one();
            Ok(Made {
                case: id,
                case_no: brief.case_no,
                seq: events.len() as u64,
            })
        }
        // A fresh id: whatever exists already is the number.
        Err(AppendError::Store(error)) => Err(CaseError::Store(error)),
        Err(error) => Err(error.into()),
    }
}

/// 办件编号, until a bureau's own numbering is configured: the day and six digits.
fn fresh_number(services: &Services) -> Result<String, CaseError> {
    let day = kanjie_domain::calendar::day_of(services.env.now())?;
    let number = u32::from_be_bytes(services.env.random()) % 1_000_000;
    let (year, month, day) = (day.year(), day.month(), day.day());
    Ok(format!("KJ{year}{month:02}{day:02}{number:06}"))
}
