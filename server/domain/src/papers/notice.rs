//! 一次性告知书: all that is missing, once (R01).

use serde::{Deserialize, Serialize};

use super::texts::filled;
use super::{Issue, NoticeWords, PaperHead, chinese, date, needed, not_before, some_of};
use crate::refusal::Refusal;

/// R01: stored and printed as a whole; a second notice for the same submission is the case's to refuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTimeNotice {
    #[serde(flatten)]
    pub head: PaperHead,
    #[serde(flatten)]
    pub demand: Demand,
    pub words: NoticeWords,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// Civil date on which the submission came in.
    pub received: String,
    pub materials: Vec<MissingMaterial>,
    /// Last day to hand in, a civil date.
    pub until: String,
    /// Where and how: counter, online, courier.
    pub ways: Vec<String>,
}

/// One material, what is wrong with it and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingMaterial {
    pub material: String,
    pub fault: String,
    pub mend: String,
    /// R09: where the published list asks for it.
    pub basis: String,
}

impl OneTimeNotice {
    /// # Errors
    /// Nothing missing, a material without its fault, mending or basis, no way to hand in, a term before the notice's date.
    pub fn new(issue: &Issue<'_>, demand: Demand) -> Result<Self, Refusal> {
        let texts = &issue.texts.one_time_notice;
        let mut values = issue.values()?;
        values.extend([
            ("received", chinese(date("received", &demand.received)?)),
            ("until", chinese(date("until", &demand.until)?)),
            ("count", demand.materials.len().to_string()),
        ]);
        let notice = Self {
            head: PaperHead::new(issue, &texts.title),
            words: filled(texts, &values)?,
            demand,
        };
        notice.check()?;
        Ok(notice)
    }

    /// # Errors
    /// As for [`OneTimeNotice::new`].
    pub fn check(&self) -> Result<(), Refusal> {
        self.head.check()?;
        let demand = &self.demand;
        not_before("dated", &self.head.dated, &demand.received)?;
        not_before("until", &demand.until, &self.head.dated)?;
        some_of("materials", &demand.materials)?;
        some_of("ways", &demand.ways)?;
        for way in &demand.ways {
            needed("ways", way)?;
        }
        for (index, missing) in demand.materials.iter().enumerate() {
            let name = |part: &str| format!("materials/{index}/{part}");
            needed(&name("material"), &missing.material)?;
            needed(&name("fault"), &missing.fault)?;
            needed(&name("mend"), &missing.mend)?;
            needed(&name("basis"), &missing.basis)?;
        }
        Ok(())
    }
}
