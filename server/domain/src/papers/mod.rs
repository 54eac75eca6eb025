//! The papers of a case beside decision and survey record, as canonical content: what is printed and nothing else.
//!
//! Each content holds the standard sentences as they were filled in ([`PaperTexts`], with their version), so that its digest
//! covers every word a reader sees, and a later version of the texts changes no paper that is out. A content is made by its
//! constructor, which refuses what the law does not let out: `check` asks the same of one that was read back.
//! What these do not do: compute a limit, hash, sign, lay out.

mod acceptance;
mod check_code;
mod non_acceptance;
mod notice;
mod rectification;
mod service_proof;
#[cfg(test)]
mod tests;
mod texts;
mod undertaking;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::case::CaseBrief;
use crate::checks::remedies_missing;
use crate::documents::DecisionContent;
use crate::event::DecisionKind;
use crate::limits::{LONG, SHORT};
use crate::refusal::{Code, Refusal};

pub use acceptance::{AcceptanceSlip, Extension, Promised, Route, WorkingLimit};
pub use check_code::{CheckCode, CheckCodeFault};
pub use non_acceptance::{NonAcceptance, NonAcceptanceSlip, NotAccepted};
pub use notice::{Demand, MissingMaterial, OneTimeNotice};
pub use rectification::{FailedItem, Rectification, RectificationNotice};
pub use service_proof::{Acknowledged, Channel, Served, Service, ServiceProof};
pub use texts::{
    AcceptanceWords, DecisionWords, NonAcceptanceWords, NoticeWords, PaperTexts, ReceiptWords,
    RecordWords, RectificationWords, ServiceWords, TextsFault, UndertakingWords, VerificationWords,
    filled,
};
pub use undertaking::{SignedBy, SignedHow, SupplyUndertaking, UndertakenItem};

/// What a constructor needs besides the paper's own matter.
#[derive(Clone, Copy, Debug)]
pub struct Issue<'a> {
    /// 文号.
    pub number: &'a str,
    /// Civil date in Asia/Shanghai, `2026-11-24`.
    pub dated: &'a str,
    pub case: &'a CaseBrief,
    pub texts: &'a PaperTexts,
}

/// What every paper says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperHead {
    pub v: u8,
    pub number: String,
    pub dated: String,
    pub case: CaseBrief,
    /// Version of the texts it was worded with.
    pub texts: String,
    pub title: String,
}

impl PaperHead {
    fn new(issue: &Issue<'_>, title: &str) -> Self {
        Self {
            v: 1,
            number: issue.number.to_owned(),
            dated: issue.dated.to_owned(),
            case: issue.case.clone(),
            texts: issue.texts.version.clone(),
            title: title.to_owned(),
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        needed("number", &self.number)?;
        needed("authority", &self.case.authority)?;
        needed("applicant", &self.case.applicant)?;
        needed("case_no", &self.case.case_no)?;
        date("dated", &self.dated).map(|_| ())
    }
}

impl Issue<'_> {
    /// What every text may name.
    fn values(&self) -> Result<Vec<(&'static str, String)>, Refusal> {
        let case = self.case;
        Ok(vec![
            ("authority", case.authority.clone()),
            ("contact", case.contact.clone()),
            ("item", case.item_title.clone()),
            ("case_no", case.case_no.clone()),
            ("applicant", case.applicant.clone()),
            ("dated", chinese(date("dated", self.dated)?)),
        ])
    }
}

/// R40, R41: a decision that refuses has reason, basis, remedies with both terms, next step and contact; any has a result.
///
/// # Errors
/// The code of the first part that is missing, as at sealing.
pub fn check_decision(content: &DecisionContent) -> Result<(), Refusal> {
    let decision = &content.decision;
    needed("result", &decision.result)?;
    date("dated", &content.dated)?;
    if decision.kind == DecisionKind::Granted {
        return Ok(());
    }
    reasoned(&decision.reason, &decision.basis, &decision.remedies)?;
    let next = [
        ("next_step", &decision.next_step),
        ("contact", &decision.contact),
    ];
    next_steps(&next)
}

/// R40, R41.
fn reasoned(reason: &str, basis: &[String], remedies: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Code::ReasonMissing.into());
    }
    if !basis.iter().any(|basis| !basis.trim().is_empty()) {
        return Err(Code::BasisMissing.into());
    }
    match remedies_missing(remedies) {
        missing if missing.is_empty() => Ok(()),
        missing => Err(Refusal::of(Code::RemediesMissing, missing)),
    }
}

/// R40: every refusal names the next step and a contact (不得说不).
fn next_steps(parts: &[(&'static str, &String)]) -> Result<(), Refusal> {
    let absent = parts.iter().filter(|(_, text)| text.trim().is_empty());
    let absent: Vec<_> = absent.map(|(name, _)| *name).collect();
    if absent.is_empty() {
        return Ok(());
    }
    Err(Refusal::of(Code::NextStepMissing, absent))
}

/// Refuses an empty or an endless text, and names it.
fn needed(name: &str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::of(Code::TextMissing, [name]));
    }
    if text.chars().nth(LONG).is_some() {
        return Err(Refusal::of(Code::TextTooLong, [name]));
    }
    Ok(())
}

/// Refuses an empty list, and one that no paper has room for.
fn some_of<T>(name: &str, list: &[T]) -> Result<(), Refusal> {
    if list.is_empty() {
        return Err(Refusal::of(Code::TextMissing, [name]));
    }
    if list.len() > SHORT {
        return Err(Refusal::of(Code::LimitReached, [name]));
    }
    Ok(())
}

fn date(name: &str, text: &str) -> Result<Date, Refusal> {
    let date: Result<Date, _> = text.parse();
    // One spelling: what parses but is written otherwise would be another digest for the same day.
    match date {
        Ok(date) if date.to_string() == text => Ok(date),
        _ => Err(Refusal::of(Code::DateInvalid, [name])),
    }
}

/// A term that ends before it begins is no term.
fn not_before(name: &str, text: &str, first: &str) -> Result<Date, Refusal> {
    let (last, first) = (date(name, text)?, date("dated", first)?);
    if last < first {
        return Err(Refusal::of(Code::DateInvalid, [name]));
    }
    Ok(last)
}

/// `2026年11月24日`.
fn chinese(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}
