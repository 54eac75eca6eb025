//! A bureau's own holidays, experts and templates: a file that becomes new versions in the catalogue.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kanjie_domain::calendar::{HolidayYear, day_of};
use kanjie_domain::pool::{Availability, PoolExpert};
use kanjie_domain::template_set::TemplateVersion;
use kanjie_domain::{Calendar, PersonId};
use kanjie_store::{Catalogued, HOLIDAY_YEAR, Person, Store};
use serde::{Deserialize, Serialize};

use super::error::CaseError;
use super::{pool, published};
use crate::services::Services;

/// What is brought. JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brought {
    /// What holidays and experts of this file are called; a template has its own name.
    pub version: String,
    /// The first day on which holidays and experts stand, today where absent; a template has its own.
    pub from: Option<Date>,
    #[serde(default)]
    pub holidays: Vec<HolidayYear>,
    #[serde(default)]
    pub experts: Vec<BroughtExpert>,
    #[serde(default)]
    pub templates: Vec<TemplateVersion>,
}

/// An expert of the pool, and how to reach him where nobody knows him yet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BroughtExpert {
    /// His id for good: the bureau's own number of him, or the id of a person that is known.
    pub code: String,
    pub name: String,
    pub organisation: String,
    pub phone: String,
    pub fields: BTreeSet<String>,
    #[serde(default)]
    pub employer: Option<String>,
    #[serde(default)]
    pub ties: BTreeSet<String>,
    #[serde(default)]
    pub availability: Availability,
}

/// Why nothing of it was taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(
        "{kind} {code}: version {version} would stand from {from}, before today: what stood is never changed"
    )]
    TooLate {
        kind: String,
        code: String,
        version: String,
        from: String,
    },
    #[error("{kind} {code}: another version stands from {from} already")]
    Taken {
        kind: String,
        code: String,
        from: String,
    },
    #[error("{0} is there twice")]
    Twice(String),
    #[error(transparent)]
    Case(#[from] CaseError),
}

/// Takes all of it or nothing; says how many versions were new. What is there already, to the byte, is taken again.
///
/// # Errors
/// Where a version would change what stood before today, or what would stand after it contradicts itself.
pub async fn import(services: &Services, brought: Brought) -> Result<u64, ImportError> {
    let store = &services.store;
    let today = day_of(services.env.now()).map_err(CaseError::from)?;
    let from = brought.from.unwrap_or(today);
    let rows = rows(&brought, from)?;
    let mut new = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        if !seen.insert((row.kind.clone(), row.code.clone(), row.from_day.clone())) {
            return Err(ImportError::Twice(format!("{} {}", row.kind, row.code)));
        }
        if is_new(store, today, &row).await? {
            new.push(row);
        }
    }
    fits(store, from.max(today), &new).await?;
    let people: Vec<Person> = brought.experts.into_iter().map(person).collect();
    store.add_people(&people).await.map_err(CaseError::from)?;
    Ok(store.put_catalogue(&new).await.map_err(CaseError::from)?)
}

fn rows(brought: &Brought, from: Date) -> Result<Vec<Catalogued>, CaseError> {
    let row = |kind: &str, code: &str, body: String| Catalogued {
        kind: kind.to_owned(),
        code: code.to_owned(),
        from_day: from.to_string(),
        until_day: None,
        version: brought.version.clone(),
        body,
    };
    let mut rows = Vec::new();
    for year in &brought.holidays {
        rows.push(row(HOLIDAY_YEAR, &year.year.to_string(), json(year)?));
    }
    for expert in &brought.experts {
        rows.push(row(pool::EXPERT, &expert.code, json(&pooled(expert))?));
    }
    for version in &brought.templates {
        rows.push(published::row(version)?);
    }
    Ok(rows)
}

fn json(body: &impl Serialize) -> Result<String, CaseError> {
    serde_json::to_string(body).map_err(|error| CaseError::Catalogue(error.to_string()))
}

/// Whether it is to be added; refused where it would change what stood.
async fn is_new(store: &Store, today: Date, row: &Catalogued) -> Result<bool, ImportError> {
    let versions = store.catalogue_versions(&row.kind, &row.code).await;
    let versions = versions.map_err(CaseError::from)?;
    let (kind, code, from) = (row.kind.clone(), row.code.clone(), row.from_day.clone());
    match versions.iter().find(|of| of.from_day == row.from_day) {
        Some(same) if same == row => return Ok(false),
        Some(_) => return Err(ImportError::Taken { kind, code, from }),
        None => {}
    }
    if !versions.is_empty() && row.from_day < today.to_string() {
        let version = row.version.clone();
        return Err(ImportError::TooLate {
            kind,
            code,
            version,
            from,
        });
    }
    Ok(true)
}

/// That what stands from that day on is still a calendar, a pool, and a set of versions without overlap or gap.
async fn fits(store: &Store, day: Date, new: &[Catalogued]) -> Result<(), CaseError> {
    let of = |kind: &str| {
        let rows: Vec<Catalogued> = new.iter().filter(|row| row.kind == kind).cloned().collect();
        rows
    };
    let years = standing(store, HOLIDAY_YEAR, day, of(HOLIDAY_YEAR)).await?;
    let years: Vec<HolidayYear> = years
        .iter()
        .map(published::read)
        .collect::<Result<_, _>>()?;
    Calendar::new(years)?;
    pool::of(&standing(store, pool::EXPERT, day, of(pool::EXPERT)).await?)?;
    for row in of(published::TEMPLATE) {
        let mut versions = store.catalogue_versions(&row.kind, &row.code).await?;
        versions.extend(of(&row.kind).into_iter().filter(|new| new.code == row.code));
        versions.sort_by(|a, b| a.from_day.cmp(&b.from_day));
        published::set_of(&row.code, &versions)?;
    }
    Ok(())
}

/// What stands that day, with the new ones in the place of theirs.
async fn standing(
    store: &Store,
    kind: &str,
    day: Date,
    new: Vec<Catalogued>,
) -> Result<Vec<Catalogued>, CaseError> {
    let mut rows = store.catalogue(kind, &day.to_string()).await?;
    rows.retain(|row| new.iter().all(|new| new.code != row.code));
    rows.extend(new);
    Ok(rows)
}

fn pooled(expert: &BroughtExpert) -> PoolExpert {
    PoolExpert {
        person: PersonId(expert.code.clone()),
        name: expert.name.clone(),
        fields: expert.fields.clone(),
        employer: expert.employer.clone(),
        ties: expert.ties.clone(),
        availability: expert.availability,
    }
}

fn person(expert: BroughtExpert) -> Person {
    Person {
        id: PersonId(expert.code),
        name: expert.name,
        organisation: expert.organisation,
        department: None,
        phone: expert.phone,
    }
}
