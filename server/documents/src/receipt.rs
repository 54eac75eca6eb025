//! 会审回执: the slip that carries a receipt as a QR code.

use kanjie_domain::case::CaseBrief;
use serde::{Deserialize, Serialize};

use crate::DocumentError;
use crate::attestation::qr;
use crate::engine::render;
use crate::words::{DateParts, Fact, clean_line, date_parts, day, fact, instant};

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
    title: &'static str,
    authority: String,
    kind: String,
    number: u64,
    facts: Vec<Fact>,
    digests: Vec<Fact>,
    explanation: &'static str,
    date_parts: DateParts,
}

const EXPLANATION: &str = "本回执固定了截至签发时会审中的全部发言、画面、操作和文书：其后对录像或日志的任何删改都会被发现。\
    请妥善保存。持归档信息包或申请人副本，按其中 VERIFY.txt 的方法，任何人都可以离线核验，无须联系本机关。\
    二维码内只有校验值、密钥编号和签名，不含姓名、证件号码或任何链接。";

/// Renders the slip.
///
/// # Errors
/// No fonts, a text that is not a receipt, or a time that the calendar does not have.
pub fn receipt(slip: &ReceiptSlip) -> Result<Vec<u8>, DocumentError> {
    let receipt: Receipt =
        serde_json::from_str(&slip.receipt_json).map_err(DocumentError::NotAReceipt)?;
    let view = view(&receipt, &slip.case)?;
    render("receipt.typ", &view, Some(qr(&slip.receipt_json)?))
}

fn view(receipt: &Receipt, case: &CaseBrief) -> Result<View, DocumentError> {
    let body = &receipt.body;
    let kind = match body.kind.as_str() {
        "announced" => "宣布决定时签发",
        "ended" => "会审终结（未作决定）时签发",
        "left" => "离开会审室时签发",
        "closed" => "会审关闭时签发",
        other => other,
    };
    let optional = |value: &Option<String>| clean_line(value.as_deref().unwrap_or_default());
    Ok(View {
        title: "会审回执",
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
        explanation: EXPLANATION,
        date_parts: date_parts(day(body.issued_at)?),
    })
}
