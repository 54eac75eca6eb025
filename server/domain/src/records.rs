//! What is kept, how long, who looked at it, and what leaves the house (R47, R49–R59). Pure decisions; times UTC µs.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What stands where a trade secret stood: of one length, so that the hidden one cannot be guessed.
pub const MASK: &str = "［商业秘密］";

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// R47: the span is empty, outside the text, or cuts a character.
    #[error("the marked span is not in the text")]
    SpanInvalid,
    /// R49.
    #[error("a recording is kept as long as its case")]
    RecordingShorterThanCase,
    /// R52.
    #[error("not retrievable")]
    NotRetrievable,
    /// R52.
    #[error("altered since completion")]
    Altered,
    /// R53.
    #[error("the key belongs to another signer")]
    KeyOfAnother,
    /// R54.
    #[error("no call to an outside service is configured")]
    OutsideService,
    /// R55.
    #[error("face comparison needs a stated necessity")]
    NecessityMissing,
    /// R59.
    #[error("a purpose is needed")]
    PurposeMissing,
    /// R57, R56: a period below the law's.
    #[error("kept shorter than the law wants")]
    PeriodTooShort,
}

/// R47: the text with the marked spans (bytes, in any order, overlapping or not) masked.
///
/// # Errors
/// `SpanInvalid`; nothing is published half masked.
pub fn masked(text: &str, spans: &[Range<usize>]) -> Result<String, RecordsError> {
    let mut spans = spans.to_vec();
    spans.sort_by_key(|span| span.start);
    let mut out = String::new();
    let mut at = 0;
    for span in spans {
        if span.is_empty() || text.get(span.clone()).is_none() {
            return Err(RecordsError::SpanInvalid);
        }
        // What touches the span before is part of the same mask.
        if span.start > at || at == 0 {
            out.push_str(text.get(at..span.start).unwrap_or_default());
            out.push_str(MASK);
        }
        at = at.max(span.end);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Ok(out)
}

/// R49: until when a recording is kept; `None` is for ever.
///
/// # Errors
/// `RecordingShorterThanCase` where it would be destroyed before its case.
pub fn recording_kept_until(
    case: Option<Date>,
    recording: Option<Date>,
) -> Result<Option<Date>, RecordsError> {
    match (case, recording) {
        (_, None) => Ok(None),
        (Some(case), Some(recording)) if recording >= case => Ok(Some(recording)),
        _ => Err(RecordsError::RecordingShorterThanCase),
    }
}

/// What a verification of the original found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    Whole,
    Altered,
    Missing,
}

/// R52: whether a record still counts as an original.
///
/// # Errors
/// Why it does not.
pub const fn original(found: Found) -> Result<(), RecordsError> {
    match found {
        Found::Whole => Ok(()),
        Found::Altered => Err(RecordsError::Altered),
        Found::Missing => Err(RecordsError::NotRetrievable),
    }
}

/// R53: signature keys by id, each with its one signer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureKeys(BTreeMap<String, String>);

impl SignatureKeys {
    /// # Errors
    /// `KeyOfAnother`: a key never changes hands.
    pub fn assign(&mut self, key: &str, signer: &str) -> Result<(), RecordsError> {
        match self.0.get(key) {
            Some(holder) if holder != signer => Err(RecordsError::KeyOfAnother),
            _ => {
                self.0.insert(key.to_owned(), signer.to_owned());
                Ok(())
            }
        }
    }

    /// # Errors
    /// `KeyOfAnother`, for an unknown key too.
    pub fn may_sign(&self, key: &str, signer: &str) -> Result<(), RecordsError> {
        match self.0.get(key) {
            Some(holder) if holder == signer => Ok(()),
            _ => Err(RecordsError::KeyOfAnother),
        }
    }
}

/// R54: where personal data may go beside the operator's own storage. Nowhere by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OutsideServices {
    #[default]
    None,
    Named(Vec<String>),
}

impl OutsideServices {
    /// # Errors
    /// `OutsideService` for one that the configuration does not name.
    pub fn may_call(&self, service: &str) -> Result<(), RecordsError> {
        match self {
            Self::Named(names) if names.iter().any(|name| name == service) => Ok(()),
            _ => Err(RecordsError::OutsideService),
        }
    }
}

/// R55.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FaceComparison {
    #[default]
    Off,
    On {
        necessity: String,
    },
}

impl FaceComparison {
    /// # Errors
    /// `NecessityMissing` where it is wanted without one.
    pub fn configured(wanted: bool, necessity: &str) -> Result<Self, RecordsError> {
        match (wanted, necessity.trim()) {
            (false, _) => Ok(Self::Off),
            (true, "") => Err(RecordsError::NecessityMissing),
            (true, necessity) => Ok(Self::On {
                necessity: necessity.to_owned(),
            }),
        }
    }
}

/// Logs that the law keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// R57: 网络安全法 21.
    Access,
    /// R56: 网络数据安全管理条例 12.
    HandedToProcessor,
}

impl Log {
    const fn months(self) -> i64 {
        match self {
            Self::Access => 6,
            Self::HandedToProcessor => 36,
        }
    }

    /// The first day on which an entry of `written` may go; `months` is the operator's own, longer or equal.
    ///
    /// # Errors
    /// `PeriodTooShort`, also where the calendar ends.
    pub fn kept_until(self, written: Date, months: i64) -> Result<Date, RecordsError> {
        if months < self.months() {
            return Err(RecordsError::PeriodTooShort);
        }
        let span = jiff::Span::new().try_months(months);
        let span = span.map_err(|_| RecordsError::PeriodTooShort)?;
        let until = written.checked_add(span);
        until.map_err(|_| RecordsError::PeriodTooShort)
    }
}

/// R59: why somebody looks at a recording. A complaint or a court case has its number, anything else a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    Review,
    Supervision,
    OwnCopy,
    Complaint { number: String },
    Court { number: String },
    Other { why: String },
}

impl Purpose {
    /// What it names: a number or a reason; `None` where the word says it all.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Review | Self::Supervision | Self::OwnCopy => None,
            Self::Complaint { number } | Self::Court { number } => Some(number),
            Self::Other { why } => Some(why),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    View,
    Export,
}

/// R59: the entry that a viewing or an export leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accessed {
    pub person: String,
    pub kind: AccessKind,
    #[serde(flatten)]
    pub purpose: Purpose,
    pub at: i64,
}

/// R59: the entry to append before anything is shown.
///
/// # Errors
/// `PurposeMissing` without a purpose, or where it names nothing.
pub fn access(
    person: &str,
    kind: AccessKind,
    purpose: Option<Purpose>,
    at: i64,
) -> Result<Accessed, RecordsError> {
    let purpose = purpose.ok_or(RecordsError::PurposeMissing)?;
    if purpose.text().is_some_and(|text| text.trim().is_empty()) {
        return Err(RecordsError::PurposeMissing);
    }
    Ok(Accessed {
        person: person.to_owned(),
        kind,
        purpose,
        at,
    })
}

/// R58: the bureau lets an operator see one case for a purpose, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub operator: String,
    pub case: String,
    pub purpose: String,
    pub until: i64,
}

impl Approval {
    /// Whether it covers this look; the end is not part of it.
    #[must_use]
    pub fn covers(&self, operator: &str, case: &str, now: i64) -> bool {
        self.operator == operator
            && self.case == case
            && !self.purpose.trim().is_empty()
            && now < self.until
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]

    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one("配方甲5克", &[0..6], "［商业秘密］甲5克")]
    #[case::two("abcdef", &[4..5, 1..2], "a［商业秘密］cd［商业秘密］f")]
    #[case::touching("abcdef", &[1..3, 3..5], "a［商业秘密］f")]
    #[case::within("abcdef", &[0..5, 1..2], "［商业秘密］f")]
    #[case::none("abc", &[], "abc")]
    fn r47_secrets_are_masked_and_their_length_is_hidden(
        #[case] text: &str,
        #[case] spans: &[Range<usize>],
        #[case] expected: &str,
    ) {
        assert_eq!(masked(text, spans).unwrap(), expected);
    }

    #[rstest]
    #[case::cuts_a_character(1..3)]
    #[case::outside(0..99)]
    #[case::empty(3..3)]
    fn r47_a_span_that_is_none_masks_nothing(#[case] span: Range<usize>) {
        assert_eq!(masked("配方", &[span]), Err(RecordsError::SpanInvalid));
    }

    #[rstest]
    #[case::same(Some(date(2036, 1, 1)), Some(date(2036, 1, 1)), true)]
    #[case::longer(Some(date(2036, 1, 1)), None, true)]
    #[case::shorter(Some(date(2036, 1, 1)), Some(date(2035, 12, 31)), false)]
    #[case::case_for_ever(None, Some(date(2136, 1, 1)), false)]
    fn r49_a_recording_is_never_kept_shorter_than_its_case(
        #[case] case: Option<Date>,
        #[case] recording: Option<Date>,
        #[case] kept: bool,
    ) {
        assert_eq!(recording_kept_until(case, recording).is_ok(), kept);
    }

    #[rstest]
    #[case(Found::Whole, Ok(()))]
    #[case(Found::Altered, Err(RecordsError::Altered))]
    #[case(Found::Missing, Err(RecordsError::NotRetrievable))]
    fn r52_an_original_is_retrievable_and_unaltered(
        #[case] found: Found,
        #[case] expected: Result<(), RecordsError>,
    ) {
        assert_eq!(original(found), expected);
    }

    #[test]
    fn r53_a_key_has_one_signer_and_never_another() {
        let mut keys = SignatureKeys::default();
        keys.assign("k1", "甲").unwrap();
        keys.assign("k1", "甲").unwrap();
        assert_eq!(keys.assign("k1", "乙"), Err(RecordsError::KeyOfAnother));
        assert_eq!(keys.may_sign("k1", "甲"), Ok(()));
        assert_eq!(keys.may_sign("k1", "乙"), Err(RecordsError::KeyOfAnother));
        assert_eq!(keys.may_sign("k2", "甲"), Err(RecordsError::KeyOfAnother));
    }

    #[test]
    fn r54_no_outside_service_by_default() {
        let none = OutsideServices::default();
        assert_eq!(none.may_call("sms"), Err(RecordsError::OutsideService));
        let named = OutsideServices::Named(vec!["sms".to_owned()]);
        assert_eq!(named.may_call("sms"), Ok(()));
        assert_eq!(named.may_call("map"), Err(RecordsError::OutsideService));
    }

    #[test]
    fn r55_face_comparison_is_off_and_needs_a_necessity() {
        assert_eq!(FaceComparison::default(), FaceComparison::Off);
        let without = FaceComparison::configured(true, " ");
        assert_eq!(without, Err(RecordsError::NecessityMissing));
        let with = FaceComparison::configured(true, "必要性说明").unwrap();
        assert!(matches!(with, FaceComparison::On { .. }));
        let off = FaceComparison::configured(false, "必要性说明").unwrap();
        assert_eq!(off, FaceComparison::Off);
    }

    #[rstest]
    #[case::three_years(36, Ok(date(2029, 8, 31)))]
    #[case::short(35, Err(RecordsError::PeriodTooShort))]
    fn r56_what_a_processor_got_is_on_record_for_three_years(
        #[case] months: i64,
        #[case] expected: Result<Date, RecordsError>,
    ) {
        let kept = Log::HandedToProcessor.kept_until(date(2026, 8, 31), months);
        assert_eq!(kept, expected);
    }

    #[rstest]
    #[case::six_months(6, Ok(date(2027, 2, 28)))]
    #[case::short(5, Err(RecordsError::PeriodTooShort))]
    fn r57_access_logs_are_kept_six_months(
        #[case] months: i64,
        #[case] expected: Result<Date, RecordsError>,
    ) {
        assert_eq!(Log::Access.kept_until(date(2026, 8, 31), months), expected);
    }

    #[rstest]
    #[case::right("op", "case-1", 99, true)]
    #[case::over("op", "case-1", 100, false)]
    #[case::another_case("op", "case-2", 1, false)]
    #[case::another_operator("other", "case-1", 1, false)]
    fn r58_an_operator_sees_one_case_for_a_time(
        #[case] operator: &str,
        #[case] case: &str,
        #[case] now: i64,
        #[case] sees: bool,
    ) {
        let approval = Approval {
            operator: "op".to_owned(),
            case: "case-1".to_owned(),
            purpose: "排查录制故障".to_owned(),
            until: 100,
        };
        assert_eq!(approval.covers(operator, case, now), sees);
        let mute = Approval {
            purpose: " ".to_owned(),
            ..approval
        };
        assert!(!mute.covers("op", "case-1", 1));
    }

    #[test]
    fn r59_a_look_has_a_purpose_and_leaves_an_entry() {
        let none = access("甲", AccessKind::View, None, 7);
        assert_eq!(none, Err(RecordsError::PurposeMissing));
        let mute = Purpose::Other { why: String::new() };
        let mute = access("甲", AccessKind::Export, Some(mute), 7);
        assert_eq!(mute, Err(RecordsError::PurposeMissing));
        let entry = access("甲", AccessKind::Export, Some(Purpose::Review), 7).unwrap();
        assert_eq!((entry.at, entry.kind), (7, AccessKind::Export));
    }
}
