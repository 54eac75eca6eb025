//! 受理通知书: accepted, since when, until when, and what stops the clock (R03, R05, R07).

use serde::{Deserialize, Serialize};

use super::texts::filled;
use super::{AcceptanceWords, Issue, PaperHead, chinese, date, needed, not_before, some_of};
use crate::refusal::{Code, Refusal};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptanceSlip {
    #[serde(flatten)]
    pub head: PaperHead,
    /// Civil date from which the case counts as accepted.
    pub accepted: String,
    pub route: Route,
    pub limit: WorkingLimit,
    /// R07: the procedures of this item that stop the clock.
    pub stops: Vec<String>,
    pub opening: String,
    /// Limit, promised limit and extension, each a sentence.
    pub limit_words: Vec<String>,
    pub stops_words: String,
    pub words: AcceptanceWords,
}

/// Why it is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Route {
    Complete,
    /// R02: no notice within 5 working days.
    ByLapse,
    /// R11: 容缺受理, with what the undertaking promises.
    WithGaps {
        gaps: Vec<Promised>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    pub material: String,
    /// Civil date.
    pub due: String,
}

/// Computed by the calendar of working days (R04), printed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingLimit {
    pub working_days: u16,
    /// Civil date.
    pub last_day: String,
    /// 承诺时限, where it is shorter: working days and last day.
    pub promised: Option<(u16, String)>,
    pub extension: Option<Extension>,
}

/// R05, R06.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub working_days: u16,
    /// `本机关负责人`, or of a joint case `本级人民政府负责人`.
    pub approved_by: String,
}

impl AcceptanceSlip {
    /// # Errors
    /// A limit of no days or ending before acceptance, a promise later than the law's limit, gaps without material or date.
    pub fn new(
        issue: &Issue<'_>,
        accepted: &str,
        route: Route,
        limit: WorkingLimit,
        stops: Vec<String>,
    ) -> Result<Self, Refusal> {
        let texts = &issue.texts.acceptance;
        let mut values = issue.values()?;
        values.extend([
            ("accepted", chinese(date("accepted", accepted)?)),
            ("working_days", limit.working_days.to_string()),
            ("last_day", chinese(date("last_day", &limit.last_day)?)),
        ]);
        let opening = match &route {
            Route::Complete => &texts.complete,
            Route::ByLapse => &texts.by_lapse,
            Route::WithGaps { .. } => &texts.with_gaps,
        };
        let words = filled(&texts.words, &values)?;
        let mut limit_words = vec![words.limit.clone()];
        if let Some((days, last)) = &limit.promised {
            values.push(("promised_days", days.to_string()));
            values.push(("promised_last_day", chinese(date("promised", last)?)));
            limit_words.push(filled(&texts.promised, &values)?);
        }
        if let Some(extension) = &limit.extension {
            values.push(("extension_days", extension.working_days.to_string()));
            values.push(("extension_by", extension.approved_by.clone()));
            limit_words.push(filled(&texts.extension, &values)?);
        }
        let stops_words = if stops.is_empty() {
            &texts.no_stops
        } else {
            &texts.stops
        };
        let slip = Self {
            head: PaperHead::new(issue, &texts.words.title),
            accepted: accepted.to_owned(),
            opening: filled(opening, &values)?,
            stops_words: filled(stops_words, &values)?,
            route,
            limit,
            stops,
            limit_words,
            words,
        };
        slip.check()?;
        Ok(slip)
    }

    /// # Errors
    /// As for [`AcceptanceSlip::new`].
    pub fn check(&self) -> Result<(), Refusal> {
        self.head.check()?;
        let limit = &self.limit;
        not_before("dated", &self.head.dated, &self.accepted)?;
        let last = not_before("last_day", &limit.last_day, &self.accepted)?;
        if limit.working_days == 0 {
            return Err(Refusal::of(Code::ValueInvalid, ["working_days"]));
        }
        if let Some((days, promised)) = &limit.promised {
            let promised = not_before("promised", promised, &self.accepted)?;
            if *days == 0 || *days > limit.working_days || promised > last {
                return Err(Refusal::of(Code::ValueInvalid, ["promised"]));
            }
        }
        if let Some(extension) = &limit.extension {
            needed("extension", &extension.approved_by)?;
        }
        for stop in &self.stops {
            needed("stops", stop)?;
        }
        if let Route::WithGaps { gaps } = &self.route {
            some_of("gaps", gaps)?;
            for gap in gaps {
                needed("gaps", &gap.material)?;
                not_before("gaps", &gap.due, &self.accepted)?;
            }
        }
        Ok(())
    }
}
