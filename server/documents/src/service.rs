//! 送达回证: a form, one row a fact.

use kanjie_domain::papers::{Acknowledged, Channel, PaperTexts, Service, ServiceProof};
use serde::Serialize;

use crate::DocumentError;
use crate::attestation::{Attestation, Proof};
use crate::engine::render;
use crate::words::{
    DateParts, Fact, clean, clean_line, date_parts, fact, instant, parse_date, signed_how,
};

#[derive(Debug, Serialize)]
struct View {
    title: String,
    authority: String,
    number: String,
    columns: Vec<String>,
    papers: Vec<[String; 3]>,
    facts: Vec<Fact>,
    note: Vec<String>,
    date_parts: DateParts,
    proof: Proof,
}

/// 送达回证.
///
/// # Errors
/// Incomplete content, a time that the calendar does not have, no fonts.
pub fn service_proof(
    content: &ServiceProof,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<Vec<u8>, DocumentError> {
    content.check()?;
    let (head, service, words) = (&content.head, &content.service, &content.words);
    let papers = service.papers.iter().map(|paper| {
        Ok([
            clean_line(&paper.title)?,
            clean_line(&paper.number)?,
            clean_line(&paper.digest)?,
        ])
    });
    let lines = |texts: &[String]| -> Result<Vec<String>, DocumentError> {
        texts.iter().map(|text| clean(text)).collect()
    };
    let view = View {
        title: clean_line(&head.title)?,
        authority: clean_line(&head.case.authority)?,
        number: clean_line(&head.number)?,
        columns: lines(&words.columns)?,
        papers: papers.collect::<Result<_, DocumentError>>()?,
        facts: facts(content, service)?,
        note: lines(&words.note)?,
        date_parts: date_parts(parse_date(&head.dated)?),
        proof: attestation.proof(texts)?,
    };
    render("service.typ", &view, attestation.picture()?)
}

fn facts(content: &ServiceProof, service: &Service) -> Result<Vec<Fact>, DocumentError> {
    let case = &content.head.case;
    let (channel, detail) = match &service.channel {
        Channel::Electronic { system } => ("电子送达", format!("送达系统：{system}")),
        Channel::InPerson { place } => ("直接送达", format!("送达地点：{place}")),
        Channel::Post { carrier, tracking } => ("邮寄送达", format!("{carrier}，单号 {tracking}")),
        Channel::Left { place } => ("留置送达", format!("留置地点：{place}")),
    };
    let mut facts = vec![
        fact("办件编号", clean_line(&case.case_no)?),
        fact("事项", clean_line(&case.item_title)?),
        fact("受送达人", clean_line(&service.recipient)?),
        fact("送达方式", clean(&format!("{channel}\n{detail}"))?),
        fact("送达时间", instant(service.at)?),
    ];
    if !service.served_by.is_empty() {
        facts.push(fact("送达人", clean_line(&service.served_by.join("、"))?));
    }
    facts.push(acknowledged(&service.acknowledged)?);
    facts.push(fact("备注", clean(&service.remark)?));
    Ok(facts)
}

fn acknowledged(acknowledged: &Acknowledged) -> Result<Fact, DocumentError> {
    Ok(match acknowledged {
        Acknowledged::Signed {
            name,
            capacity,
            signed,
            at,
        } => {
            let who = format!(
                "{name}（{capacity}）\n{}\n{}",
                signed_how(*signed),
                instant(*at)?
            );
            fact("签收", clean(&who)?)
        }
        Acknowledged::Delivered { receiver, at } => {
            fact("妥投", clean(&format!("{receiver}\n{}", instant(*at)?))?)
        }
        Acknowledged::Refused { reason, witness } => fact(
            "拒收事由和见证人",
            clean(&format!("拒收事由：{reason}\n见证人：{witness}"))?,
        ),
    })
}
