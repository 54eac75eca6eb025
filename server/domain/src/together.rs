//! 证照联办: the cases of one session, and what holds for all of them together.
//!
//! Each case keeps the template it began with. The session's checklist is the union: an item that stands in two checklists
//! is surveyed once and counts for both. Where settings differ, the stricter one holds.

use std::collections::BTreeMap;

use crate::case::CaseBrief;
use crate::event::{FurtherCase, Resurvey, Scheduled};
use crate::limits;
use crate::refusal::{Code, Refusal};
use crate::template::{CheckItem, Settings, Template};

/// One of a session's cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurveyedCase<'a> {
    pub case: &'a str,
    pub brief: &'a CaseBrief,
    pub template: &'a Template,
    pub joining_departments: &'a [String],
    pub resurvey: Option<&'a Resurvey>,
}

impl SurveyedCase<'_> {
    #[must_use]
    pub fn has_item(&self, code: &str) -> bool {
        self.template.items.iter().any(|item| item.code == code)
    }

    /// R44: asks for this item anew. In a first survey every item is asked.
    fn asks(&self, code: &str) -> bool {
        self.has_item(code)
            && self.resurvey.is_none_or(|resurvey| {
                let mut carried = resurvey.carried.iter();
                carried.all(|answer| answer.code != code)
            })
    }
}

impl Scheduled {
    /// Never empty; the first is `case`.
    pub fn cases(&self) -> impl Iterator<Item = SurveyedCase<'_>> {
        let first = SurveyedCase {
            case: &self.case,
            brief: &self.brief,
            template: &self.template,
            joining_departments: &self.joining_departments,
            resurvey: self.resurvey.as_ref(),
        };
        std::iter::once(first).chain(self.further.iter().map(|of| SurveyedCase {
            case: &of.case,
            brief: &of.brief,
            template: &of.template,
            joining_departments: &of.joining_departments,
            resurvey: of.resurvey.as_ref(),
        }))
    }

    #[must_use]
    pub fn case(&self, case: &str) -> Option<SurveyedCase<'_>> {
        self.cases().find(|of| of.case == case)
    }

    /// Every check item once, in the order of the checklists.
    pub fn items(&self) -> impl Iterator<Item = &CheckItem> {
        self.cases().enumerate().flat_map(move |(nth, of)| {
            let new = move |item: &&CheckItem| {
                let mut before = self.cases().take(nth);
                before.all(|earlier| !earlier.has_item(&item.code))
            };
            of.template.items.iter().filter(new)
        })
    }

    /// R44: in a re-survey only what a case asks anew is open.
    #[must_use]
    pub fn is_open(&self, code: &str) -> bool {
        self.cases().any(|of| of.asks(code))
    }

    fn settings(&self) -> impl Iterator<Item = &Settings> {
        self.cases().map(|of| &of.template.settings)
    }

    #[must_use]
    pub fn staff_on_site(&self) -> u8 {
        let most = self.settings().map(|settings| settings.staff_on_site).max();
        most.unwrap_or_default()
    }

    /// R30, ms.
    #[must_use]
    pub fn recording_gap_limit_ms(&self) -> u64 {
        let least = self.settings().map(|of| of.recording_gap_limit_ms).min();
        least.unwrap_or_default()
    }

    /// R24.
    #[must_use]
    pub fn exterior_first(&self) -> bool {
        self.settings().any(|settings| settings.exterior_first)
    }

    /// R33.
    #[must_use]
    pub fn record_signed(&self) -> bool {
        self.settings().any(|settings| settings.record_signed)
    }

    /// All cases in one, as papers about the whole session print it.
    #[must_use]
    pub fn brief_of_all(&self) -> CaseBrief {
        let all = |of: fn(&CaseBrief) -> &String| {
            let mut words: Vec<&str> = Vec::new();
            for case in self.cases() {
                let word = of(case.brief).as_str();
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            words.join("、")
        };
        CaseBrief {
            case_no: all(|brief| &brief.case_no),
            item_title: all(|brief| &brief.item_title),
            authority: all(|brief| &brief.authority),
            contact: all(|brief| &brief.contact),
            ..self.brief.clone()
        }
    }

    /// One session of what each case alone would begin with. Participants, mode, place and time are the first one's.
    ///
    /// # Errors
    /// `cases_differ` with what differs where one survey, one record and one notice cannot serve all: another applicant or
    /// address, another recording notice, an item code that means two things; `limit_reached`, `value_invalid` for too many
    /// cases or none.
    pub fn together(cases: Vec<Self>) -> Result<Self, Refusal> {
        if cases.len() > limits::CASES {
            return Err(Code::LimitReached.into());
        }
        let mut cases = cases.into_iter();
        let mut first = cases.next().ok_or(Code::ValueInvalid)?;
        first.further = cases
            .map(|of| FurtherCase {
                case: of.case,
                brief: of.brief,
                template: of.template,
                joining_departments: of.joining_departments,
                resurvey: of.resurvey,
            })
            .collect();
        let differs = first.differs();
        if !differs.is_empty() {
            return Err(Refusal::of(Code::CasesDiffer, differs));
        }
        Ok(first)
    }

    fn differs(&self) -> Vec<String> {
        let mut differs = Vec::new();
        let settings = &self.template.settings;
        for of in &self.further {
            let theirs = &of.template.settings;
            let same = [
                ("applicant", of.brief.applicant == self.brief.applicant),
                ("uscc", of.brief.uscc == self.brief.uscc),
                ("address", of.brief.address == self.brief.address),
                ("notice", theirs.notice_version == settings.notice_version),
                ("notice", theirs.notice_text == settings.notice_text),
                (
                    "deliberation_recorded",
                    theirs.deliberation_recorded == settings.deliberation_recorded,
                ),
            ];
            let others = same.iter().filter(|(_, same)| !same);
            differs.extend(others.map(|(name, _)| (*name).to_owned()));
        }
        let mut known: BTreeMap<&str, &CheckItem> = BTreeMap::new();
        for item in self.cases().flat_map(|of| &of.template.items) {
            if *known.entry(&item.code).or_insert(item) != item {
                differs.push(item.code.clone());
            }
        }
        differs
    }
}
