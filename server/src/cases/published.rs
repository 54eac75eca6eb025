//! What a bureau publishes: its permit items, and the days on which it works; the versions in the catalogue, each in force from
//! its day on.
//!
//! An item stands on a template (checklist, guide and texts in one version) or, where nobody surveys, on its guide alone. A
//! case keeps the version with which it began.

use jiff::civil::Date;
use kanjie_domain::Calendar;
use kanjie_domain::calendar::{day_of, example_years};
use kanjie_domain::case::{Case, Guide};
use kanjie_domain::documents::TemplateRef;
use kanjie_domain::papers::PaperTexts;
use kanjie_domain::template_set::{TemplateFault, TemplateSet, TemplateVersion};
use kanjie_store::{Catalogued, HOLIDAY_YEAR, Store};
use serde::{Deserialize, Serialize};

use super::error::CaseError;
use crate::services::Services;

/// From when the examples (示例) stand, and what they are called.
pub const EXAMPLE_FROM: &str = "2026-01-01";
pub const EXAMPLE_VERSION: &str = "示例-1";

/// Kinds of the catalogue.
pub const ITEM: &str = "item";
pub const TEMPLATE: &str = "template";

/// One permit item (事项) of the published list: the body of an `item`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// `D01-01-1`: department, matter, kind.
    pub code: String,
    pub department: String,
    pub title: String,
    pub survey: bool,
    pub basis: Basis,
}

/// What a case of the item is held to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Key of its template.
    Template(String),
    Guide(Box<Guide>),
}

/// What a case begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    pub title: String,
    pub guide: Guide,
}

impl From<&TemplateVersion> for Beginning {
    fn from(version: &TemplateVersion) -> Self {
        Self {
            title: version.template.title.clone(),
            guide: version.guide.clone(),
        }
    }
}

/// What a case of the item begins with on that day; by the item's code or its template's key.
///
/// # Errors
/// When the catalogue cannot be read.
pub async fn on(store: &Store, code: &str, day: Date) -> Result<Option<Beginning>, CaseError> {
    let found = in_force(store, code, day).await?;
    if found.is_some() {
        return Ok(found);
    }
    let Some(row) = store.catalogued(ITEM, code, &day.to_string()).await? else {
        return Ok(None);
    };
    let item: Item = read(&row)?;
    match item.basis {
        Basis::Template(key) => in_force(store, &key, day).await,
        Basis::Guide(guide) => Ok(Some(Beginning {
            title: item.title,
            guide: *guide,
        })),
    }
}

async fn in_force(store: &Store, key: &str, day: Date) -> Result<Option<Beginning>, CaseError> {
    let set = set(store, key).await?;
    let version = set.as_ref().and_then(|set| set.on(day).ok());
    Ok(version.map(Beginning::from))
}

/// The template with which the case began; `None` where its item has none.
///
/// # Errors
/// When the catalogue cannot be read.
pub async fn of(store: &Store, case: &Case) -> Result<Option<TemplateVersion>, CaseError> {
    let Some(application) = &case.application else {
        return Ok(None);
    };
    let set = set(store, &application.guide.item).await?;
    Ok(set.and_then(|set| set.of(case).ok().cloned()))
}

/// The standing sentences of the case's papers: of its version, or where its item has no template, the examples (示例).
///
/// # Errors
/// When the catalogue cannot be read.
pub async fn texts(store: &Store, case: &Case) -> Result<PaperTexts, CaseError> {
    match of(store, case).await? {
        Some(version) => Ok(version.texts),
        None => PaperTexts::example().map_err(unreadable),
    }
}

/// R04: the working days as they are known today.
///
/// # Errors
/// When the catalogue cannot be read.
pub async fn working_days(services: &Services) -> Result<Calendar, CaseError> {
    let today = day_of(services.env.now())?;
    Ok(services.store.working_days(&today.to_string()).await?)
}

/// The standing sentences of that version of a template; where the catalogue has no such version, the examples (示例).
///
/// # Errors
/// When the catalogue cannot be read.
pub async fn texts_named(store: &Store, of: &TemplateRef) -> Result<PaperTexts, CaseError> {
    let set = set(store, &of.key).await?;
    let versions = set.iter().flat_map(TemplateSet::versions);
    let mut named = versions.filter(|version| version.name() == of.version);
    match named.next() {
        Some(version) => Ok(version.texts.clone()),
        None => PaperTexts::example().map_err(unreadable),
    }
}

/// Puts the example templates (示例) where there is none at all, and the example holidays where there is no year, so that a new
/// server can be tried.
///
/// # Errors
/// When the store fails.
pub async fn examples_where_none(store: &Store) -> Result<(), CaseError> {
    if !store.has_catalogue(TEMPLATE).await? {
        store.put_catalogue(&examples()?).await?;
    }
    if !store.has_catalogue(HOLIDAY_YEAR).await? {
        store.put_catalogue(&example_holidays()?).await?;
    }
    Ok(())
}

/// The example holidays as the catalogue holds them, a year each.
///
/// # Errors
/// When one cannot be said in JSON.
pub fn example_holidays() -> Result<Vec<Catalogued>, CaseError> {
    let years = example_years()?;
    let rows = years.iter().map(|year| {
        Ok(Catalogued {
            kind: HOLIDAY_YEAR.to_owned(),
            code: year.year.to_string(),
            from_day: EXAMPLE_FROM.to_owned(),
            until_day: None,
            version: EXAMPLE_VERSION.to_owned(),
            body: serde_json::to_string(year).map_err(unreadable)?,
        })
    });
    rows.collect()
}

/// The example templates as the catalogue holds them.
///
/// # Errors
/// When one cannot be said in JSON.
pub fn examples() -> Result<Vec<Catalogued>, CaseError> {
    let versions = kanjie_domain::template_versions();
    versions.iter().map(row).collect()
}

/// A template's version as the catalogue holds it.
///
/// # Errors
/// When it cannot be said in JSON.
pub fn row(version: &TemplateVersion) -> Result<Catalogued, CaseError> {
    Ok(Catalogued {
        kind: TEMPLATE.to_owned(),
        code: version.template.key.clone(),
        from_day: version.from.to_string(),
        until_day: version.until.map(|until| until.to_string()),
        version: version.name().to_owned(),
        body: serde_json::to_string(version).map_err(unreadable)?,
    })
}

async fn set(store: &Store, key: &str) -> Result<Option<TemplateSet>, CaseError> {
    set_of(key, &store.catalogue_versions(TEMPLATE, key).await?)
}

/// The versions of one template, in the order of their days; `None` where there is none.
///
/// # Errors
/// When they make no set.
pub fn set_of(key: &str, rows: &[Catalogued]) -> Result<Option<TemplateSet>, CaseError> {
    let mut versions: Vec<TemplateVersion> = rows.iter().map(read).collect::<Result<_, _>>()?;
    // A row is never changed: it stands until the next one does.
    let nexts: Vec<Date> = versions.iter().skip(1).map(|next| next.from).collect();
    for (version, next) in versions.iter_mut().zip(nexts) {
        version.until = version.until.or_else(|| next.yesterday().ok());
    }
    match TemplateSet::new(key, versions) {
        Ok(set) => Ok(Some(set)),
        Err(TemplateFault::Empty) => Ok(None),
        Err(fault) => Err(unreadable(fault)),
    }
}

/// The body of a row.
///
/// # Errors
/// When it is not of the kind that was asked for.
pub fn read<T: for<'a> Deserialize<'a>>(row: &Catalogued) -> Result<T, CaseError> {
    serde_json::from_str(&row.body)
        .map_err(|error| unreadable(format!("{} {}: {error}", row.kind, row.code)))
}

fn unreadable(what: impl ToString) -> CaseError {
    CaseError::Catalogue(what.to_string())
}
