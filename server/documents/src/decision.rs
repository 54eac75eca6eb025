//! 决定书: the decision document.

use kanjie_domain::documents::DecisionContent;
use kanjie_domain::event::DecisionKind;
use serde::Serialize;

use crate::DocumentError;
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
    title: &'static str,
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
    explanation: &'static str,
    digest: String,
}

#[derive(Debug, Serialize)]
struct Section {
    heading: String,
    paragraphs: Vec<String>,
}

const EXPLANATION: &str = "本决定书的内容以规范化 JSON（RFC 8785）保存，其 SHA-256 校验值印于每页页脚，并记入会审日志；\
    日志与全程录像由会审回执一并固定。任何人都可以持归档信息包或申请人副本和会审回执离线核验，方法见其中的 VERIFY.txt。";

/// Renders the decision. `digest`: SHA-256 of the content's canonical JSON, lower-case hex; it stands at the foot of each page.
///
/// # Errors
/// No fonts, or a date that the calendar does not have.
pub fn decision(
    content: &DecisionContent,
    digest: &str,
    status: Status,
) -> Result<Vec<u8>, DocumentError> {
    render("decision.typ", &view(content, digest, status)?, None)
}

fn view(content: &DecisionContent, digest: &str, status: Status) -> Result<View, DocumentError> {
    let date = parse_date(&content.dated)?;
    Ok(View {
        draft: status == Status::Draft,
        title: match content.decision.kind {
            DecisionKind::Granted => "准予行政许可决定书",
            DecisionKind::Refused => "不予行政许可决定书",
        },
        authority: clean_line(&content.case.authority)?,
        number: clean_line(&content.number)?,
        addressee: clean_line(&content.case.applicant)?,
        opening: opening(content)?,
        sections: sections(content)?,
        signer: signer(content)?,
        date: chinese_date(date),
        date_parts: date_parts(date),
        participants: persons(&content.participants)?,
        facts: facts(content)?,
        explanation: EXPLANATION,
        digest: clean_line(digest)?,
    })
}

fn opening(content: &DecisionContent) -> Result<String, DocumentError> {
    let case = &content.case;
    let stated = match content.statements.as_slice() {
        [] => "",
        all if all.iter().all(|statement| statement.waived) => {
            "会审中已告知你（单位）有权陈述和申辩，你（单位）表示不作陈述。"
        }
        _ => "会审中已听取你（单位）的陈述和申辩，并记入勘验笔录。",
    };
    clean(&format!(
        "你（单位）提出的“{item}”申请（办件编号：{case_no}）收悉。本机关依法进行审查，于{day}组织现场勘验和联合会审，结论为：{outcome}。{stated}\
         根据《中华人民共和国行政许可法》第三十四条、第三十八条的规定，现决定如下：",
        item = case.item_title,
        case_no = case.case_no,
        day = chinese_date(day(content.survey.concluded_at)?),
        outcome = outcome(content.survey.outcome),
    ))
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
