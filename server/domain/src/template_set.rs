//! The versions of a permit item's template, each with the days on which it is in force. A case keeps the version it began
//! with; a session takes its checklist from there.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::case::{Case, Guide};
use crate::event::Mode;
use crate::papers::PaperTexts;
use crate::refusal::{Code, Refusal};
use crate::template::Template;

/// Whether an item can be surveyed at a distance (R21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suitability {
    Remote,
    /// Only with staff on the site.
    Hybrid,
    OnSite,
}

/// Everything about a permit item that a bureau publishes together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateVersion {
    /// The first day on which a case can begin with it.
    pub from: Date,
    /// The last such day; until further notice where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    pub suitability: Suitability,
    /// Checklist, judgement rule, staff on the site, limits, notice of recording.
    pub template: Template,
    /// Published material list and legal limits.
    pub guide: Guide,
    /// Standing sentences of the papers.
    pub texts: PaperTexts,
}

/// What is wrong with a set; each names the version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    #[error("no template version: {0}")]
    Malformed(String),
    #[error("there is no version")]
    Empty,
    #[error("version {0} belongs to another item, or its guide has another version")]
    Astray(String),
    #[error("two versions are called {0}")]
    NameTwice(String),
    #[error("version {0} ends before it begins")]
    EndsFirst(String),
    #[error("versions {0} and {1} are in force on the same day")]
    Overlap(String, String),
    #[error("between versions {0} and {1} none is in force")]
    Gap(String, String),
    #[error("version {0}: {1}")]
    Content(String, &'static str),
    #[error("version {0}: its guide is refused: {1}")]
    Guide(String, Refusal),
    #[error("no version is in force on {0}")]
    NoneInForce(Date),
    #[error("there is no version {0}")]
    Unknown(String),
}

/// The versions of one item, in the order of their days, without overlap and without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSet {
    item: String,
    versions: Vec<TemplateVersion>,
}

impl TemplateSet {
    /// From a JSON list of versions.
    ///
    /// # Errors
    /// As [`TemplateSet::new`], and where it is no such list (a version without its first day is none).
    pub fn from_json(item: &str, text: &str) -> Result<Self, TemplateFault> {
        let versions = serde_json::from_str(text);
        Self::new(
            item,
            versions.map_err(|e| TemplateFault::Malformed(e.to_string()))?,
        )
    }

    /// # Errors
    /// The first fault found.
    pub fn new(item: &str, mut versions: Vec<TemplateVersion>) -> Result<Self, TemplateFault> {
        if versions.is_empty() {
            return Err(TemplateFault::Empty);
        }
        versions.sort_by_key(|version| version.from);
        let mut names = BTreeSet::new();
        for version in &versions {
            version.well_formed(item)?;
            if !names.insert(version.name()) {
                return Err(TemplateFault::NameTwice(version.name().to_owned()));
            }
        }
        for pair in versions.windows(2) {
            if let [earlier, later] = pair {
                follows(earlier, later)?;
            }
        }
        Ok(Self {
            item: item.to_owned(),
            versions,
        })
    }

    #[must_use]
    pub fn item(&self) -> &str {
        &self.item
    }

    /// In the order of their days.
    #[must_use]
    pub fn versions(&self) -> &[TemplateVersion] {
        &self.versions
    }

    /// The version with which a case begins on this day.
    ///
    /// # Errors
    /// `NoneInForce` before the first and after the last.
    pub fn on(&self, day: Date) -> Result<&TemplateVersion, TemplateFault> {
        let in_force = |version: &&TemplateVersion| {
            version.from <= day && version.until.is_none_or(|until| day <= until)
        };
        let mut versions = self.versions.iter();
        versions
            .find(in_force)
            .ok_or(TemplateFault::NoneInForce(day))
    }

    /// The version with which this case began, whatever is in force now.
    ///
    /// # Errors
    /// `Unknown` where the case has none of this item's.
    pub fn of(&self, case: &Case) -> Result<&TemplateVersion, TemplateFault> {
        let guide = case.application.as_ref().map(|of| &of.guide);
        let name = guide.map_or("", |guide| guide.version.as_str());
        let own = guide.is_some_and(|guide| guide.item == self.item);
        let mut versions = self.versions.iter();
        versions
            .find(|version| own && version.name() == name)
            .ok_or_else(|| TemplateFault::Unknown(name.to_owned()))
    }
}

/// Day after day: neither twice in force nor never.
fn follows(earlier: &TemplateVersion, later: &TemplateVersion) -> Result<(), TemplateFault> {
    let names = || (earlier.name().to_owned(), later.name().to_owned());
    let next = earlier.until.and_then(|until| until.tomorrow().ok());
    match next {
        Some(next) if next == later.from => Ok(()),
        Some(next) if next < later.from => {
            let (earlier, later) = names();
            Err(TemplateFault::Gap(earlier, later))
        }
        _ => {
            let (earlier, later) = names();
            Err(TemplateFault::Overlap(earlier, later))
        }
    }
}

impl TemplateVersion {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.template.version
    }

    /// R21: whether a session of this kind can be scheduled.
    ///
    /// # Errors
    /// `item_unsuitable`.
    pub fn allows(&self, mode: Mode) -> Result<(), Refusal> {
        let suits = match self.suitability {
            Suitability::Remote => true,
            Suitability::Hybrid => mode != Mode::Remote,
            Suitability::OnSite => mode == Mode::OnSite,
        };
        if suits {
            return Ok(());
        }
        Err(Refusal::of(Code::ItemUnsuitable, [&self.template.key]))
    }

    fn well_formed(&self, item: &str) -> Result<(), TemplateFault> {
        let name = || self.name().to_owned();
        if self.template.key != item
            || self.guide.item != item
            || self.guide.version != self.template.version
        {
            return Err(TemplateFault::Astray(name()));
        }
        if self.until.is_some_and(|until| until < self.from) {
            return Err(TemplateFault::EndsFirst(name()));
        }
        self.guide
            .well_formed()
            .map_err(|refusal| TemplateFault::Guide(name(), refusal))?;
        if let Some(what) = self.wrong() {
            return Err(TemplateFault::Content(name(), what));
        }
        Ok(())
    }

    fn wrong(&self) -> Option<&'static str> {
        let (template, settings) = (&self.template, &self.template.settings);
        let codes: BTreeSet<_> = template.items.iter().map(|item| &item.code).collect();
        let empty = |text: &String| text.trim().is_empty();
        if template.items.is_empty() {
            Some("the checklist is empty")
        } else if codes.len() != template.items.len() {
            Some("a check item stands twice")
        } else if template.items.iter().any(|item| {
            [&item.code, &item.text, &item.gloss, &item.group]
                .into_iter()
                .any(empty)
        }) {
            Some("a check item has no code, text, English text or group")
        } else if settings.staff_on_site > 2 {
            Some("more than two staff on the site")
        } else if settings.staff_on_site > 0 && self.suitability == Suitability::Remote {
            Some("staff on the site, and yet remote")
        } else if empty(&settings.notice_version) || empty(&settings.notice_text) {
            Some("no notice of recording")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
