//! 决定书: the decision document.

use kanjie_domain::documents::DecisionContent;
use kanjie_domain::event::DecisionKind;
use kanjie_domain::papers::{DecisionWords, PaperTexts, check_decision, filled};
use serde::Serialize;

use crate::DocumentError;
use crate::attestation::{Attestation, Proof};
use crate::engine::render;
use crate::words::{
    DateParts, Fact, Person, chinese_date, clean, clean_line, date_parts, day, fact, name_of,
    outcome, parse_date, persons,
};

/// What the paper claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// To be looked at before signing: 草稿 across the page, no seal.
    Draft,
    /// As it is announced: with the seal (an example, and marked 示例).
    Sealed,
}

#[derive(Debug, Serialize)]
struct View {
    draft: bool,
    title: String,
    authority: String,
    number: String,
    addressee: String,
    opening: String,
    sections: Vec<Section>,
    signer: String,
    date: String,
    date_parts: DateParts,
    participants: Vec<Person>,
    facts: Vec<Fact>,
    explanation: String,
    proof: Proof,
}

#[derive(Debug, Serialize)]
struct Section {
    heading: String,
    paragraphs: Vec<String>,
}

/// Renders the decision. One that bears the key's signature is complete (R40, R41); before, it is shown as it stands.
///
/// # Errors
/// Signed but incomplete, no fonts, or a date that the calendar does not have.
pub fn decision(
    content: &DecisionContent,
    status: Status,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<Vec<u8>, DocumentError> {
    if attestation.is_signed() {
        check_decision(content)?;
    }
    let view = view(content, status, texts, attestation)?;
    render("decision.typ", &view, attestation.picture()?)
}

fn view(
    content: &DecisionContent,
    status: Status,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<View, DocumentError> {
    let date = parse_date(&content.dated)?;
    let words = words(content, texts)?;
    Ok(View {
        draft: status == Status::Draft,
        title: clean_line(match content.decision.kind {
            DecisionKind::Granted => &words.granted_title,
            DecisionKind::Refused => &words.refused_title,
        })?,
        authority: clean_line(&content.case.authority)?,
        number: clean_line(&content.number)?,
        addressee: clean_line(&content.case.applicant)?,
        opening: opening(content, &words)?,
        sections: sections(content)?,
        signer: signer(content)?,
        date: chinese_date(date),
        date_parts: date_parts(date),
        participants: persons(&content.participants)?,
        facts: facts(content)?,
        explanation: clean(&words.explanation)?,
        proof: attestation.proof(texts)?,
    })
}

fn words(content: &DecisionContent, texts: &PaperTexts) -> Result<DecisionWords, DocumentError> {
    let case = &content.case;
    let values = [
        ("authority", case.authority.clone()),
        ("contact", case.contact.clone()),
        ("item", case.item_title.clone()),
        ("case_no", case.case_no.clone()),
        ("applicant", case.applicant.clone()),
        ("dated", chinese_date(parse_date(&content.dated)?)),
        ("surveyed", chinese_date(day(content.survey.concluded_at)?)),
        ("outcome", outcome(content.survey.outcome).to_owned()),
    ];
    Ok(filled(&texts.decision, &values)?)
}

fn opening(content: &DecisionContent, words: &DecisionWords) -> Result<String, DocumentError> {
    let stated = match content.statements.as_slice() {
        [] => "",
        all if all.iter().all(|statement| statement.waived) => &words.waived,
        _ => &words.stated,
    };
    clean(&format!("{}{stated}{}", words.opening, words.ruling))
}

/// Only what has something to say; numbered in order.
fn sections(content: &DecisionContent) -> Result<Vec<Section>, DocumentError> {
    const NUMERALS: [&str; 7] = ["一", "二", "三", "四", "五", "六", "七"];
    let decision = &content.decision;
    let basis = decision.basis.iter().enumerate();
    let basis = match decision.basis.len() {
        1 => decision.basis.clone(),
        _ => basis
            .map(|(index, text)| format!("{}．{text}", index + 1))
            .collect(),
    };
    let follow = [("", &decision.next_step), ("联系方式：", &decision.contact)];
    let follow = follow
        .into_iter()
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(label, text)| format!("{label}{text}"))
        .collect();
    let parts: [(&str, Vec<String>); 6] = [
        ("决定", vec![decision.result.clone()]),
        ("理由", vec![decision.reason.clone()]),
        ("依据", basis),
        (
            "关于评审专家意见的说明",
            vec![decision.departure_reason.clone()],
        ),
        ("救济途径", vec![decision.remedies.clone()]),
        ("后续事项", follow),
    ];
    let said = parts.into_iter().filter_map(|(heading, paragraphs)| {
        let said: Vec<_> = paragraphs
            .into_iter()
            .filter(|text| !text.trim().is_empty())
            .collect();
        (!said.is_empty()).then_some((heading, said))
    });
    said.zip(NUMERALS)
        .map(|((heading, paragraphs), numeral)| {
            let paragraphs = paragraphs
                .iter()
                .map(|text| clean(text))
                .collect::<Result<_, _>>()?;
            Ok(Section {
                heading: format!("{numeral}、{heading}"),
                paragraphs,
            })
        })
        .collect()
}

/// The approver who drafted it is the one who seals it (R39).
fn signer(content: &DecisionContent) -> Result<String, DocumentError> {
    let approver = content.approver.as_ref();
    clean_line(approver.map_or("", |person| name_of(&content.participants, person)))
}

fn facts(content: &DecisionContent) -> Result<Vec<Fact>, DocumentError> {
    let case = &content.case;
    let record = content.survey.record_digest.clone().unwrap_or_default();
    Ok(vec![
        fact("申请人", clean_line(&case.applicant)?),
        fact("统一社会信用代码", clean_line(&case.uscc)?),
        fact("经营场所", clean_line(&case.address)?),
        fact("会审编号", clean_line(&content.session)?),
        fact(
            "勘验清单",
            clean_line(&format!(
                "{}（版本 {}）",
                content.template.title, content.template.version
            ))?,
        ),
        fact("勘验结论", clean(&content.survey.text)?),
        fact("勘验笔录校验值", clean_line(&record)?),
    ])
}
