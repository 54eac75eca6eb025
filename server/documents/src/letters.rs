//! The letters of a case: 一次性告知书, 受理通知书, 不予受理, 容缺受理承诺书, 限期整改通知书.

use kanjie_domain::papers::{
    AcceptanceSlip, NonAcceptanceSlip, NotAccepted, OneTimeNotice, PaperTexts, RectificationNotice,
    Route, SignedBy, SupplyUndertaking,
};

use crate::DocumentError;
use crate::attestation::Attestation;
use crate::letter::{Body, Close, Parts, letter};
use crate::words::{
    chinese_date, clean_line, fact, instant, level, numeral, parse_date, signed_how,
};

/// 一次性告知书 (R01).
///
/// # Errors
/// Incomplete content, a date that the calendar does not have, no fonts.
pub fn one_time_notice(
    content: &OneTimeNotice,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<Vec<u8>, DocumentError> {
    content.check()?;
    let (words, demand) = (&content.words, &content.demand);
    let rows = demand.materials.iter().map(|missing| {
        [
            &missing.material,
            &missing.fault,
            &missing.mend,
            &missing.basis,
        ]
        .map(Clone::clone)
        .into()
    });
    let parts = Parts::default()
        .heading(&words.materials_heading)?
        .table(&words.columns, &[26, 30, 34, 22], rows)?
        .heading(&words.hand_in_heading)?
        .paragraphs(&words.hand_in)?
        .paragraph(&words.ways)?
        .list(&demand.ways)?
        .heading(&words.after_heading)?
        .paragraphs(&words.after)?;
    let body = Body {
        opening: &words.opening,
        parts,
        close: Close::Sealed,
    };
    letter(&content.head, body, texts, attestation)
}

/// 受理通知书 (R03).
///
/// # Errors
/// As for [`one_time_notice`].
pub fn acceptance_slip(
    content: &AcceptanceSlip,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<Vec<u8>, DocumentError> {
    content.check()?;
    let words = &content.words;
    let mut count = 0;
    let mut numbered = |heading: &str| {
        count += 1;
        format!("{}、{heading}", numeral(count))
    };
    let mut parts = Parts::default()
        .heading(&numbered(&words.limit_heading))?
        .paragraphs(&content.limit_words)?
        .heading(&numbered(&words.stops_heading))?
        .paragraph(&content.stops_words)?
        .list(&content.stops)?;
    if let Route::WithGaps { gaps } = &content.route {
        let rows = gaps
            .iter()
            .map(|gap| Ok(vec![gap.material.clone(), day(&gap.due)?]))
            .collect::<Result<Vec<_>, DocumentError>>()?;
        parts = parts.heading(&numbered(&words.gaps_heading))?.table(
            &words.gaps_columns,
            &[70, 30],
            rows,
        )?;
    }
    parts = parts
        .heading(&numbered(&words.after_heading))?
        .paragraphs(&words.after)?;
    let body = Body {
        opening: &content.opening,
        parts,
        close: Close::Sealed,
    };
    letter(&content.head, body, texts, attestation)
}

/// 不予受理决定书, or 通知书 where no permit is needed (R03, R40, R41).
///
/// # Errors
/// As for [`one_time_notice`].
pub fn non_acceptance_slip(
    content: &NonAcceptanceSlip,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<Vec<u8>, DocumentError> {
    content.check()?;
    let (words, matter) = (&content.words, &content.matter);
    let mut parts = Parts::default()
        .heading(&words.result_heading)?
        .paragraph(&content.result)?
        .heading(&words.reason_heading)?
        .paragraph(&matter.reason)?
        .heading(&words.basis_heading)?
        .list(&matter.basis)?
        .heading(&words.remedies_heading)?
        .paragraph(&content.remedies)?
        .heading(&words.next_heading)?
        .paragraph(&matter.next_step)?;
    if let NotAccepted::OtherAuthority { go_to } = &matter.ground {
        parts = parts.paragraph(&format!("{}{go_to}", words.go_to_label))?;
    }
    parts = parts.paragraph(&format!("{}{}", words.contact_label, matter.contact))?;
    let body = Body {
        opening: &words.opening,
        parts,
        close: Close::Sealed,
    };
    letter(&content.head, body, texts, attestation)
}

/// 容缺受理承诺书, before (`None`) or after it was signed. The signature is over the content's digest, so both print the same
/// digest.
///
/// # Errors
/// As for [`one_time_notice`].
pub fn supply_undertaking(
    content: &SupplyUndertaking,
    signed: Option<&SignedBy>,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<Vec<u8>, DocumentError> {
    content.check()?;
    let words = &content.words;
    let rows = content
        .items
        .iter()
        .map(|item| {
            Ok(vec![
                item.material.clone(),
                item.lacking.clone(),
                day(&item.due)?,
            ])
        })
        .collect::<Result<Vec<_>, DocumentError>>()?;
    let parts = Parts::default()
        .heading(&words.items_heading)?
        .table(&words.columns, &[34, 42, 28], rows)?
        .heading(&words.promises_heading)?
        .list(&words.promises)?
        .heading(&words.consequences_heading)?
        .list(&words.consequences)?
        .heading(&words.signature_heading)?;
    let case = &content.head.case;
    let mut facts = vec![
        fact("承诺人", clean_line(&case.applicant)?),
        fact("统一社会信用代码", clean_line(&case.uscc)?),
    ];
    facts.extend(match signed {
        None => vec![fact("签署人", clean_line(&words.unsigned)?)],
        Some(signed) => vec![
            fact(
                "签署人",
                clean_line(&format!("{}（{}）", signed.name, signed.capacity))?,
            ),
            fact("签署方式", signed_how(signed.how)),
            fact("签署时间", instant(signed.at)?),
        ],
    });
    let body = Body {
        opening: &words.opening,
        parts,
        close: Close::Signed { facts },
    };
    letter(&content.head, body, texts, attestation)
}

/// 限期整改通知书 (R43, R44).
///
/// # Errors
/// As for [`one_time_notice`].
pub fn rectification_notice(
    content: &RectificationNotice,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<Vec<u8>, DocumentError> {
    content.check()?;
    let (words, matter) = (&content.words, &content.matter);
    let rows = matter.items.iter().map(|item| {
        vec![
            item.code.clone(),
            level(item.level).to_owned(),
            item.requirement.clone(),
            item.seen.clone(),
        ]
    });
    let parts = Parts::default()
        .heading(&words.items_heading)?
        .table(&words.columns, &[12, 16, 44, 38], rows)?
        .paragraph(&matter.reason)?
        .heading(&words.deadline_heading)?
        .paragraphs(&words.deadline)?
        .heading(&words.resurvey_heading)?
        .paragraphs(&words.resurvey)?
        .heading(&words.after_heading)?
        .paragraph(&matter.next_step)?
        .paragraphs(&words.after)?;
    let body = Body {
        opening: &words.opening,
        parts,
        close: Close::Sealed,
    };
    letter(&content.head, body, texts, attestation)
}

fn day(text: &str) -> Result<String, DocumentError> {
    parse_date(text).map(chinese_date)
}
