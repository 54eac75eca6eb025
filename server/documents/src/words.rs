//! How things are said: one Chinese term for one thing, times of the clock in China, text that every printer has letters for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use kanjie_domain::documents::{Attendee, StatementLine, StayLine};
use kanjie_domain::event::{CheckResult, IdentityMethod, Stance, SurveyOutcome};
use kanjie_domain::papers::SignedHow;
use kanjie_domain::people::{PersonId, Role};
use kanjie_domain::template::Level;
use serde::Serialize;

use crate::DocumentError;
use crate::fonts::{covers, fonts};

/// A labelled line.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub label: &'static str,
    pub value: String,
}

pub(crate) fn fact(label: &'static str, value: impl Into<String>) -> Fact {
    Fact {
        label,
        value: value.into(),
    }
}

/// A person as the table of participants shows one.
#[derive(Debug, Serialize)]
pub(crate) struct Person {
    pub name: String,
    pub organisation: String,
    pub roles: String,
    /// What was shown at the door: kind of document, staff number's end.
    pub shown: String,
    pub stays: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct DateParts {
    year: i16,
    month: i8,
    day: i8,
}

/// Makes text printable: no control or direction characters, and what no font has a letter for is named by its code point
/// (a PDF/A file must not hold an empty box in place of a letter).
pub(crate) fn clean(text: &str) -> Result<String, DocumentError> {
    let fonts = fonts()?;
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => printable.push('\n'),
            '\r' => {}
            '\t' => printable.push(' '),
            _ if unseen(character) => {}
            _ if covers(fonts, character) => printable.push(character),
            _ => printable.push_str(&format!("〔U+{:04X}〕", u32::from(character))),
        }
    }
    Ok(printable)
}

/// As [`clean`], in one line.
pub(crate) fn clean_line(text: &str) -> Result<String, DocumentError> {
    Ok(clean(text)?.replace('\n', " "))
}

/// Characters without a shape of their own: they could only mislead about the order or the sameness of what is printed.
fn unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// China keeps one offset all year.
fn civil(at: i64) -> Result<jiff::Zoned, DocumentError> {
    let at = Timestamp::from_microsecond(at).map_err(|_| DocumentError::Time(at.to_string()))?;
    Ok(at.to_zoned(TimeZone::fixed(offset(8))))
}

/// `2026年11月24日 09:30:05`.
pub(crate) fn instant(at: i64) -> Result<String, DocumentError> {
    let at = civil(at)?;
    Ok(format!(
        "{} {:02}:{:02}:{:02}",
        chinese_date(at.date()),
        at.hour(),
        at.minute(),
        at.second()
    ))
}

pub(crate) fn day(at: i64) -> Result<Date, DocumentError> {
    Ok(civil(at)?.date())
}

/// From `2026-11-24`.
pub(crate) fn parse_date(text: &str) -> Result<Date, DocumentError> {
    text.parse()
        .map_err(|_| DocumentError::Time(text.to_owned()))
}

/// `2026年11月24日`.
pub(crate) fn chinese_date(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

pub(crate) fn date_parts(date: Date) -> DateParts {
    DateParts {
        year: date.year(),
        month: date.month(),
        day: date.day(),
    }
}

fn clock(at: i64) -> Result<String, DocumentError> {
    let at = civil(at)?;
    Ok(format!(
        "{:02}:{:02}:{:02}",
        at.hour(),
        at.minute(),
        at.second()
    ))
}

/// The date is said once, and again where it is another one.
fn stays(stays: &[StayLine]) -> Result<String, DocumentError> {
    let mut lines = Vec::new();
    for stay in stays {
        let from = day(stay.from)?;
        let until = match stay.until {
            None => "在场".to_owned(),
            Some(until) if day(until)? == from => clock(until)?,
            Some(until) => instant(until)?,
        };
        lines.push(format!(
            "{}\n{}–{until}",
            chinese_date(from),
            clock(stay.from)?
        ));
    }
    Ok(lines.join("\n"))
}

pub(crate) fn person(attendee: &Attendee) -> Result<Person, DocumentError> {
    let mut shown: Vec<String> = Vec::new();
    if let Some(identity) = attendee.identity {
        shown.push(identity_method(identity).to_owned());
    }
    if let Some(authorisation) = &attendee.authorisation {
        shown.push(format!("授权委托书（{}）", clean_line(authorisation)?));
    }
    if let Some(end) = &attendee.credential_last_four {
        shown.push(format!("证件尾号 {}", clean_line(end)?));
    }
    let department = match &attendee.department {
        Some(department) if *department != attendee.organisation => format!("（{department}）"),
        _ => String::new(),
    };
    Ok(Person {
        name: clean_line(&attendee.name)?,
        organisation: clean_line(&format!("{}{department}", attendee.organisation))?,
        roles: roles(&attendee.roles),
        shown: shown.join("，"),
        stays: stays(&attendee.stays)?,
    })
}

pub(crate) fn persons(attendees: &[Attendee]) -> Result<Vec<Person>, DocumentError> {
    attendees.iter().map(person).collect()
}

/// The name of a person who took part; the id where the list does not have one.
pub(crate) fn name_of<'a>(people: &'a [Attendee], person: &'a PersonId) -> &'a str {
    find(people, person).map_or(person.0.as_str(), |attendee| attendee.name.as_str())
}

pub(crate) fn find<'a>(people: &'a [Attendee], person: &PersonId) -> Option<&'a Attendee> {
    people.iter().find(|attendee| attendee.person == *person)
}

/// What was stated, or that the person was asked and had nothing to say.
pub(crate) fn statement(line: &StatementLine) -> Result<String, DocumentError> {
    if line.waived {
        return Ok("经告知有权陈述和申辩，表示不作陈述。".to_owned());
    }
    clean(&line.text)
}

pub(crate) fn roles(roles: &BTreeSet<Role>) -> String {
    let names: Vec<&str> = roles.iter().copied().map(role).collect();
    names.join("、")
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Applicant => "申请人",
        Role::Agent => "经办人",
        Role::Helper => "帮办员",
        Role::Surveyor => "勘验人员",
        Role::Chair => "主持人",
        Role::Approver => "审批人员",
        Role::DepartmentReviewer => "部门审查人员",
        Role::Expert => "评审专家",
        Role::InterestedParty => "利害关系人",
        Role::Supervisor => "监督员",
        Role::Administrator => "管理员",
        Role::Operator => "运维人员",
    }
}

fn identity_method(method: IdentityMethod) -> &'static str {
    match method {
        IdentityMethod::IdCard => "居民身份证",
        IdentityMethod::Passport => "护照",
        IdentityMethod::StaffCredential => "工作证件",
        IdentityMethod::SecondFactor => "登录复核",
    }
}

/// The state's name for the template's mark, and its word.
pub(crate) fn result(result: Option<CheckResult>) -> (&'static str, &'static str) {
    match result {
        Some(CheckResult::Met) => ("met", "符合"),
        Some(CheckResult::NotMet) => ("not_met", "不符合"),
        Some(CheckResult::Mended) => ("mended", "现场整改"),
        Some(CheckResult::NotApplicable) => ("not_applicable", "合理缺项"),
        Some(CheckResult::OnSiteOnly) => ("on_site_only", "转现场"),
        None => ("unanswered", "未答"),
    }
}

pub(crate) fn outcome(outcome: SurveyOutcome) -> &'static str {
    match outcome {
        SurveyOutcome::Passed => "勘验通过",
        SurveyOutcome::Failed => "勘验不通过",
    }
}

pub(crate) fn stance(stance: Stance) -> &'static str {
    match stance {
        Stance::Agree => "同意",
        Stance::Disagree => "不同意",
        Stance::Rectify => "需整改",
    }
}

pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Key => "关键项",
        Level::Major => "重点项",
        Level::Minor => "一般项",
    }
}

pub(crate) fn signed_how(how: SignedHow) -> &'static str {
    match how {
        SignedHow::PhoneCode => "登记手机一次性验证码",
        SignedHow::Totp => "动态口令",
        SignedHow::Passkey => "通行密钥",
        SignedHow::Pen => "书面签名",
    }
}

/// Of a part of a letter, from 1.
pub(crate) fn numeral(number: usize) -> &'static str {
    const NUMERALS: [&str; 8] = ["", "一", "二", "三", "四", "五", "六", "七"];
    NUMERALS.get(number).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_are_those_of_china() {
        // 2026-11-24 16:30:05 UTC is past midnight there.
        assert_eq!(
            instant(1_795_537_805_000_000).unwrap(),
            "2026年11月25日 00:30:05"
        );
        assert!(instant(i64::MAX).is_err());
    }

    #[test]
    fn what_has_no_letter_is_named_and_what_has_no_shape_is_dropped() {
        assert_eq!(clean("王\u{1F600}五").unwrap(), "王〔U+1F600〕五");
        assert_eq!(
            clean("a\u{202E}b\u{200B}c\u{0007}d\te\r\nf").unwrap(),
            "abcd e\nf"
        );
        assert_eq!(clean_line("a\nb").unwrap(), "a b");
    }
}
