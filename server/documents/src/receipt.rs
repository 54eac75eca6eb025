//! 会审回执: the slip that carries a receipt as a QR code.

use kanjie_domain::case::CaseBrief;
use kanjie_domain::papers::{PaperTexts, ReceiptWords, filled};
use serde::{Deserialize, Serialize};

use crate::DocumentError;
use crate::attestation::qr;
use crate::engine::render;
use crate::words::{DateParts, Fact, clean, clean_line, date_parts, day, fact, instant};

/// What the slip shows.
#[derive(Clone, Debug)]
pub struct ReceiptSlip {
    /// The receipt as issued (docs/protocol/recording.md, section 4). The QR code holds exactly this text: digests, key id and
    /// signature, no name and no link.
    pub receipt_json: String,
    pub case: CaseBrief,
}

/// The parts of a receipt that are printed beside the code; whether it is genuine is not judged here.
#[derive(Deserialize)]
struct Receipt {
    body: Body,
    key: String,
    signature: String,
}

#[derive(Deserialize)]
struct Body {
    content_digest: Option<String>,
    head: String,
    issued_at: i64,
    kind: String,
    number: u64,
    pdf_digest: Option<String>,
    previous: Option<String>,
    seq: u64,
    session: String,
}

#[derive(Debug, Serialize)]
struct View {
    title: String,
    authority: String,
    kind: String,
    number: u64,
    facts: Vec<Fact>,
    digests: Vec<Fact>,
    explanation: String,
    foot: String,
    date_parts: DateParts,
}

/// Renders the slip with the texts of the case's version.
///
/// # Errors
/// No fonts, a text that is not a receipt, or a time that the calendar does not have.
pub fn receipt(slip: &ReceiptSlip, texts: &PaperTexts) -> Result<Vec<u8>, DocumentError> {
    let receipt: Receipt =
        serde_json::from_str(&slip.receipt_json).map_err(DocumentError::NotAReceipt)?;
    let view = view(&receipt, &slip.case, &filled(&texts.receipt, &[])?)?;
    render("receipt.typ", &view, Some(qr(&slip.receipt_json)?))
}

fn view(receipt: &Receipt, case: &CaseBrief, words: &ReceiptWords) -> Result<View, DocumentError> {
    let body = &receipt.body;
    let kind = match body.kind.as_str() {
        "announced" => &words.announced,
        "ended" => &words.ended,
        "left" => &words.left,
        "closed" => &words.closed,
        other => other,
    };
    let optional = |value: &Option<String>| clean_line(value.as_deref().unwrap_or_default());
    Ok(View {
        title: clean_line(&words.title)?,
        authority: clean_line(&case.authority)?,
        kind: clean_line(kind)?,
        number: body.number,
        facts: vec![
            fact("签发时间", instant(body.issued_at)?),
            fact("办件编号", clean_line(&case.case_no)?),
            fact("事项", clean_line(&case.item_title)?),
            fact("申请人", clean_line(&case.applicant)?),
            fact("会审编号", clean_line(&body.session)?),
            fact("日志序号", body.seq.to_string()),
        ],
        digests: vec![
            fact("日志头", clean_line(&body.head)?),
            fact("文书内容", optional(&body.content_digest)?),
            fact("文书 PDF", optional(&body.pdf_digest)?),
            fact("前一回执", optional(&body.previous)?),
            fact("密钥编号", clean_line(&receipt.key)?),
            fact("签名 Ed25519", clean_line(&receipt.signature)?),
        ],
        explanation: clean(&words.explanation)?,
        foot: clean_line(&words.foot)?,
        date_parts: date_parts(day(body.issued_at)?),
    })
}
