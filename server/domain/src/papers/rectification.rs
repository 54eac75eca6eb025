//! 限期整改通知书: what failed, what is wanted, until when; the re-survey looks at these items alone (R43, R44).

use serde::{Deserialize, Serialize};

use super::texts::filled;
use super::{
    Issue, PaperHead, RectificationWords, chinese, date, needed, next_steps, not_before, some_of,
};
use crate::event::{CheckResult, Ending};
use crate::refusal::{Code, Refusal};
use crate::session::{Outcome, Session};
use crate::template::Level;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RectificationNotice {
    #[serde(flatten)]
    pub head: PaperHead,
    #[serde(flatten)]
    pub matter: Rectification,
    pub words: RectificationWords,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rectification {
    /// The session that ended so.
    pub session: String,
    /// Civil date of the survey.
    pub surveyed: String,
    pub items: Vec<FailedItem>,
    /// Last day, a civil date.
    pub by: String,
    pub reason: String,
    pub next_step: String,
    pub contact: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedItem {
    pub code: String,
    pub level: Level,
    pub requirement: String,
    /// What the surveyors noted.
    pub seen: String,
}

impl RectificationNotice {
    /// # Errors
    /// No item, an item without requirement or what was seen, a last day before the notice's date, no next step or contact.
    pub fn new(issue: &Issue<'_>, matter: Rectification) -> Result<Self, Refusal> {
        let texts = &issue.texts.rectification;
        let codes: Vec<&str> = matter.items.iter().map(|item| item.code.as_str()).collect();
        let mut values = issue.values()?;
        values.extend([
            ("surveyed", chinese(date("surveyed", &matter.surveyed)?)),
            ("by", chinese(date("by", &matter.by)?)),
            ("count", codes.len().to_string()),
            ("codes", codes.join("、")),
        ]);
        // The contact named at the ending is nearer than the case's.
        for (name, value) in &mut values {
            if *name == "contact" {
                value.clone_from(&matter.contact);
            }
        }
        let notice = Self {
            head: PaperHead::new(issue, &texts.title),
            words: filled(texts, &values)?,
            matter,
        };
        notice.check()?;
        Ok(notice)
    }

    /// Of a case that left the session with a date to rectify by: the items that failed, as the surveyors saw them.
    ///
    /// # Errors
    /// `not_ended` unless it ended so; else as for [`RectificationNotice::new`].
    pub fn of_session(issue: &Issue<'_>, session: &Session, case: &str) -> Result<Self, Refusal> {
        let matter = session.named(Some(case));
        let matter = matter.ok_or_else(|| Refusal::of(Code::UnknownCase, [case]))?;
        let Some(Outcome::Ending {
            ending: Ending::Rectify { by },
            reason,
            next_step,
            contact,
            at,
        }) = &matter.outcome
        else {
            return Err(Code::NotEnded.into());
        };
        let surveyed = matter.conclusion.as_ref().map(|conclusion| conclusion.at);
        let surveyed = surveyed.or(session.started_at).unwrap_or(*at);
        let surveyed = crate::documents::civil_date(surveyed)
            .ok_or_else(|| Refusal::of(Code::DateInvalid, ["surveyed"]))?;
        Self::new(
            issue,
            Rectification {
                session: session.scheduled.session.clone(),
                surveyed,
                items: failed(session, case),
                by: by.clone(),
                reason: reason.clone(),
                next_step: next_step.clone(),
                contact: contact.clone(),
            },
        )
    }

    /// # Errors
    /// As for [`RectificationNotice::new`].
    pub fn check(&self) -> Result<(), Refusal> {
        self.head.check()?;
        let matter = &self.matter;
        not_before("dated", &self.head.dated, &matter.surveyed)?;
        not_before("by", &matter.by, &self.head.dated)?;
        some_of("items", &matter.items)?;
        for item in &matter.items {
            needed(
                &format!("items/{}/requirement", item.code),
                &item.requirement,
            )?;
            needed(&format!("items/{}/seen", item.code), &item.seen)?;
        }
        if matter.reason.trim().is_empty() {
            return Err(Code::ReasonMissing.into());
        }
        next_steps(&[
            ("next_step", &matter.next_step),
            ("contact", &matter.contact),
        ])
    }
}

/// In the checklist's order. A failure without a note says at least that it was not met.
fn failed(session: &Session, case: &str) -> Vec<FailedItem> {
    let of = session.scheduled.case(case);
    let items = of.into_iter().flat_map(|of| &of.template.items);
    items
        .filter_map(|item| {
            let answer = &session.answers.get(&item.code)?.answer;
            (answer.result == CheckResult::NotMet).then(|| FailedItem {
                code: item.code.clone(),
                level: item.level,
                requirement: item.text.clone(),
                seen: match answer.note.trim() {
                    "" => "不符合".to_owned(),
                    note => note.to_owned(),
                },
            })
        })
        .collect()
}
