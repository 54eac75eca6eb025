//! The standing sentences of the papers: versioned data that a bureau replaces with its own (the set that comes along is 示例).
//!
//! A text may hold `{names}`; each paper offers its own besides those of every paper (`authority`, `contact`, `item`,
//! `case_no`, `applicant`, `dated`). The same type holds a paper's texts before and after they are filled in.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::refusal::{Code, Refusal};

const EXAMPLE: &str = include_str!("../../data/paper-texts.json");

/// Every `{name}` that some paper fills in.
const NAMES: [&str; 20] = [
    "authority",
    "contact",
    "item",
    "case_no",
    "applicant",
    "dated",
    "received",
    "count",
    "until",
    "accepted",
    "working_days",
    "last_day",
    "promised_days",
    "promised_last_day",
    "extension_days",
    "extension_by",
    "surveyed",
    "by",
    "codes",
    "outcome",
];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperTexts {
    pub version: String,
    /// R41.
    pub remedies: String,
    pub one_time_notice: NoticeWords,
    pub acceptance: AcceptanceTexts,
    pub non_acceptance: NonAcceptanceTexts,
    pub undertaking: UndertakingWords,
    pub rectification: RectificationWords,
    pub service_proof: ServiceWords,
    pub decision: DecisionWords,
    pub survey_record: RecordWords,
    /// The example's where a version from before this was versioned has none.
    #[serde(default = "example_receipt")]
    pub receipt: ReceiptWords,
    pub verification: VerificationWords,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeWords {
    pub title: String,
    pub opening: String,
    pub materials_heading: String,
    /// 材料、问题、补正要求、依据.
    pub columns: [String; 4],
    pub hand_in_heading: String,
    pub hand_in: Vec<String>,
    /// Stands before the ways.
    pub ways: String,
    pub after_heading: String,
    pub after: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceTexts {
    pub complete: String,
    /// R02.
    pub by_lapse: String,
    /// R11.
    pub with_gaps: String,
    pub promised: String,
    pub extension: String,
    /// Said in place of the list where nothing stops the clock.
    pub no_stops: String,
    /// In place of the list's opening where something does.
    pub stops: String,
    pub words: AcceptanceWords,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceWords {
    pub title: String,
    pub limit_heading: String,
    pub limit: String,
    pub stops_heading: String,
    pub gaps_heading: String,
    /// 材料、补交期限.
    pub gaps_columns: [String; 2],
    pub after_heading: String,
    pub after: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NonAcceptanceTexts {
    /// Where no permit is needed, the law has a notice rather than a decision.
    pub notice_title: String,
    pub notice_result: String,
    pub decision_title: String,
    pub decision_result: String,
    pub words: NonAcceptanceWords,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NonAcceptanceWords {
    pub opening: String,
    pub result_heading: String,
    pub reason_heading: String,
    pub basis_heading: String,
    pub remedies_heading: String,
    pub next_heading: String,
    pub go_to_label: String,
    pub contact_label: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndertakingWords {
    pub title: String,
    pub opening: String,
    pub items_heading: String,
    /// 材料、所缺情况、补交期限.
    pub columns: [String; 3],
    pub promises_heading: String,
    pub promises: Vec<String>,
    pub consequences_heading: String,
    pub consequences: Vec<String>,
    pub signature_heading: String,
    pub unsigned: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RectificationWords {
    pub title: String,
    pub opening: String,
    pub items_heading: String,
    /// 编号、类别、要求、勘验所见.
    pub columns: [String; 4],
    pub deadline_heading: String,
    pub deadline: Vec<String>,
    pub resurvey_heading: String,
    pub resurvey: Vec<String>,
    pub after_heading: String,
    pub after: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceWords {
    pub title: String,
    /// 送达文书、文号、内容校验值.
    pub columns: [String; 3],
    pub note: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionWords {
    pub granted_title: String,
    pub refused_title: String,
    pub opening: String,
    pub stated: String,
    pub waived: String,
    pub ruling: String,
    pub explanation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordWords {
    pub title: String,
    pub signing: String,
}

/// 会审回执.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptWords {
    pub title: String,
    /// When it is issued: at the announcement, at an ending without a decision, at leaving, at the closing.
    pub announced: String,
    pub ended: String,
    pub left: String,
    pub closed: String,
    pub explanation: String,
    pub foot: String,
}

/// Beside the code at the end of each paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationWords {
    pub heading: String,
    pub signed: String,
    pub unsigned: String,
}

/// Why a set of texts is not taken.
#[derive(Debug, Error)]
pub enum TextsFault {
    #[error("not the texts of the papers: {0}")]
    Form(#[from] serde_json::Error),
    #[error("{at} is empty")]
    Empty { at: String },
    #[error("{at} names {{{name}}}, which no paper fills in")]
    Name { at: String, name: String },
    #[error("{at}: a brace without its other")]
    Brace { at: String },
}

impl PaperTexts {
    /// Reads a set; every text is there, none is empty, every `{name}` is one that is filled in.
    ///
    /// # Errors
    /// The first text that is not so, by its path.
    pub fn parse(json: &str) -> Result<Self, TextsFault> {
        let value: Value = serde_json::from_str(json)?;
        texts_hold(&value, "")?;
        Ok(serde_json::from_value(value)?)
    }

    /// The set that comes along, marked 示例.
    ///
    /// # Errors
    /// None; a test holds that the set is whole.
    pub fn example() -> Result<Self, TextsFault> {
        Self::parse(EXAMPLE)
    }
}

fn example_receipt() -> ReceiptWords {
    PaperTexts::example()
        .map(|texts| texts.receipt)
        .unwrap_or_default()
}

fn texts_hold(value: &Value, at: &str) -> Result<(), TextsFault> {
    match value {
        Value::String(text) if text.trim().is_empty() => {
            Err(TextsFault::Empty { at: at.to_owned() })
        }
        Value::String(text) => pieces(text)
            .ok_or_else(|| TextsFault::Brace { at: at.to_owned() })?
            .into_iter()
            .try_for_each(|piece| match piece {
                Piece::Name(name) if !NAMES.contains(&name) => Err(TextsFault::Name {
                    at: at.to_owned(),
                    name: name.to_owned(),
                }),
                _ => Ok(()),
            }),
        Value::Array(texts) => {
            let mut texts = texts.iter().enumerate();
            texts.try_for_each(|(index, text)| texts_hold(text, &format!("{at}/{index}")))
        }
        Value::Object(texts) => {
            let mut texts = texts.iter();
            texts.try_for_each(|(name, text)| texts_hold(text, &format!("{at}/{name}")))
        }
        _ => Ok(()),
    }
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        if name.contains('{') {
            return None;
        }
        pieces.extend([Piece::Text(before), Piece::Name(name)]);
        rest = after;
    }
    if rest.contains('}') {
        return None;
    }
    pieces.push(Piece::Text(rest));
    Some(pieces)
}

/// Fills in every text of `words`, once: a value that looks like a `{name}` stays as it is.
///
/// # Errors
/// `value_invalid` with the name that this paper does not offer.
pub fn filled<T: Serialize + DeserializeOwned>(
    words: &T,
    values: &[(&'static str, String)],
) -> Result<T, Refusal> {
    let invalid = || Refusal::of(Code::ValueInvalid, ["texts"]);
    let value = serde_json::to_value(words).map_err(|_| invalid())?;
    serde_json::from_value(fill_value(value, values)?).map_err(|_| invalid())
}

fn fill_value(value: Value, values: &[(&'static str, String)]) -> Result<Value, Refusal> {
    Ok(match value {
        Value::String(text) => Value::String(fill(&text, values)?),
        Value::Array(texts) => {
            let texts = texts.into_iter().map(|text| fill_value(text, values));
            Value::Array(texts.collect::<Result<_, _>>()?)
        }
        Value::Object(texts) => {
            let texts = texts.into_iter();
            let texts = texts.map(|(name, text)| Ok((name, fill_value(text, values)?)));
            Value::Object(texts.collect::<Result<_, Refusal>>()?)
        }
        other => other,
    })
}

fn fill(text: &str, values: &[(&'static str, String)]) -> Result<String, Refusal> {
    let unknown = |name: &str| Refusal::of(Code::ValueInvalid, [format!("texts {{{name}}}")]);
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text).ok_or_else(|| unknown(""))? {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Name(name) => {
                let value = values.iter().find(|(known, _)| *known == name);
                out.push_str(&value.ok_or_else(|| unknown(name))?.1);
            }
        }
    }
    Ok(out)
}
