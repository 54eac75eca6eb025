//! Example content (示例), and eyes to look at what was made: Debian's poppler.

#![allow(dead_code, reason = "each test file and the bench use a part of it")]

use std::io::Write;
use std::path::Path;
use std::process::Command;

use kanjie_documents::Attestation;
use kanjie_domain::case::CaseBrief;
use kanjie_domain::documents::{
    Attendee, DecisionContent, DeviationLine, EvidenceLine, GapLine, ItemLine, OnSiteLine,
    OpinionLine, PlaceLines, SignatureLine, StatementLine, StayLine, SurveyLine,
    SurveyRecordContent, Tally, TemplateRef,
};
use kanjie_domain::event::{
    CheckResult, Clock, DecisionKind, DecisionText, EvidenceKind, IdentityMethod, MeasuredHow,
    Measurement, Mode, OpinionKind, Position, Stance, SurveyOutcome,
};
use kanjie_domain::papers::PaperTexts;
use kanjie_domain::people::{PersonId, Role};

/// 2026-11-24 09:30:00 in China.
pub const AT: i64 = 1_795_483_800_000_000;
pub const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Id of the key whose Ed25519 seed is 32 × 07.
pub const KEY: &str = "9a388794eb731667";

pub fn texts() -> PaperTexts {
    PaperTexts::example().expect("the example texts")
}

pub fn plain() -> Attestation {
    Attestation::unsigned(DIGEST).expect("a digest")
}

/// A signature's form; who made it is not the documents' to judge.
pub fn signed() -> Attestation {
    Attestation::signed(DIGEST, KEY, &DIGEST.repeat(2)).expect("an attestation")
}

pub fn brief() -> CaseBrief {
    CaseBrief {
        case_no: "SL-2026-1124-0001".into(),
        item_title: "食品经营许可（餐饮服务）".into(),
        applicant: "示例市产业园餐饮管理有限公司".into(),
        uscc: "91110000MA00EXAMPL".into(),
        address: "示例市示例区产业园一号路1号楼101".into(),
        authority: "示例市示例区行政审批局".into(),
        contact: "示例区政务服务中心 010-00000000".into(),
    }
}

fn template() -> TemplateRef {
    TemplateRef {
        key: "food_catering".into(),
        version: "示例-2026-1".into(),
        title: "食品经营许可（餐饮服务）".into(),
    }
}

/// As many people as asked for: surveyors, chair and approver, expert, applicant, in turn.
pub fn people(count: usize) -> Vec<Attendee> {
    let cast: [(&str, &[Role], &str); 5] = [
        ("示例勘验甲", &[Role::Surveyor], "示例市示例区行政审批局"),
        ("示例勘验乙", &[Role::Surveyor], "示例市示例区行政审批局"),
        (
            "示例审批",
            &[Role::Chair, Role::Approver],
            "示例市示例区行政审批局",
        ),
        ("示例专家", &[Role::Expert], "示例食品安全研究院"),
        (
            "示例申请",
            &[Role::Applicant],
            "示例市产业园餐饮管理有限公司",
        ),
    ];
    let person = |index: usize| {
        let (name, roles, organisation) = cast[index % cast.len()];
        Attendee {
            person: PersonId(format!("p{index}")),
            name: format!("{name}{index}"),
            roles: roles.iter().copied().collect(),
            organisation: organisation.into(),
            department: None,
            identity: Some(IdentityMethod::IdCard),
            authorisation: None,
            credential_last_four: roles[0].is_staff().then(|| "0312".into()),
            stays: vec![StayLine {
                from: AT,
                until: (index.is_multiple_of(2)).then_some(AT + 1_800_000_000),
            }],
        }
    };
    (0..count).map(person).collect()
}

pub fn decision_content() -> DecisionContent {
    DecisionContent {
        v: 1,
        number: "示审许〔2026〕第0001号".into(),
        dated: "2026-11-24".into(),
        session: "0198f0c4-7a3e-7b1c-9d2e-4f5a6b7c8d9e".into(),
        case: brief(),
        template: template(),
        decision: DecisionText {
            kind: DecisionKind::Granted,
            result: "准予食品经营许可（餐饮服务，热食类食品制售）。".into(),
            reason: "经现场勘验，二十八项检查内容均符合要求，其中一项已现场整改。".into(),
            basis: vec![
                "《中华人民共和国食品安全法》第三十五条".into(),
                "《食品经营许可和备案管理办法》第二十条".into(),
            ],
            remedies: kanjie_domain::DEFAULT_REMEDIES.into(),
            next_step: "食品经营许可证于十个工作日内送达。".into(),
            contact: "示例区政务服务中心 010-00000000".into(),
            departure_reason: String::new(),
        },
        approver: Some(PersonId("p2".into())),
        survey: SurveyLine {
            concluded_at: AT,
            outcome: SurveyOutcome::Passed,
            text: "现场条件符合要求。".into(),
            record_digest: Some(DIGEST.into()),
        },
        statements: vec![StatementLine {
            person: PersonId("p4".into()),
            text: "没有异议。".into(),
            waived: false,
            at: AT,
        }],
        participants: people(5),
    }
}

fn items() -> Vec<ItemLine> {
    let templates = kanjie_domain::templates();
    let results = [
        Some(CheckResult::Met),
        Some(CheckResult::NotMet),
        Some(CheckResult::Mended),
        Some(CheckResult::NotApplicable),
        Some(CheckResult::OnSiteOnly),
        None,
    ];
    let food = templates
        .iter()
        .find(|template| template.key == "food_catering");
    let items = food.expect("the catering template").items.iter();
    items
        .zip(results.into_iter().cycle())
        .map(|(item, result)| ItemLine {
            code: item.code.clone(),
            group: item.group.clone(),
            text: item.text.clone(),
            level: item.level,
            remote: item.remote,
            result,
            note: String::new(),
            measurement: (item.code == "F03").then(|| Measurement {
                value: "8.5".into(),
                unit: "m²".into(),
                how: MeasuredHow::OnSiteReading,
            }),
            evidence: if item.code == "F03" {
                vec!["e2".into()]
            } else {
                Vec::new()
            },
            unsuitable: None,
            carried: false,
            person: None,
            at: Some(AT),
        })
        .collect()
}

fn piece(id: &str, kind: EvidenceKind, item: Option<&str>) -> EvidenceLine {
    EvidenceLine {
        id: id.into(),
        kind,
        item: item.map(Into::into),
        person: PersonId("p0".into()),
        device: "示例平板".into(),
        sha256: DIGEST.chars().rev().collect(),
        bytes: 482_133,
        media_type: "image/jpeg".into(),
        captured_at: AT,
        taken_at: AT + 60_000_000,
        position: Some(Position {
            lat_e7: 391_234_567,
            lon_e7: -1_161_234_567,
            accuracy_m: 6,
        }),
        annotations: 2,
    }
}

pub fn record_content() -> SurveyRecordContent {
    SurveyRecordContent {
        v: 1,
        session: "0198f0c4-7a3e-7b1c-9d2e-4f5a6b7c8d9e".into(),
        case: brief(),
        template: template(),
        mode: Mode::Remote,
        clock: Some(Clock::Synchronised {
            source: "timesyncd".into(),
        }),
        resurvey_of: None,
        started_at: Some(AT),
        concluded_at: AT + 2_400_000_000,
        outcome: SurveyOutcome::Passed,
        text: "符合规定条件，勘验通过。".into(),
        participants: people(5),
        present: vec![
            PersonId("p0".into()),
            PersonId("p1".into()),
            PersonId("p2".into()),
        ],
        items: items(),
        tally: Tally {
            met: 22,
            mended: 1,
            not_met: 2,
            not_applicable: 1,
            on_site_only: 1,
            unanswered: 1,
        },
        evidence: vec![
            piece("e1", EvidenceKind::Exterior, None),
            piece("e2", EvidenceKind::Reading, Some("F03")),
        ],
        opinions: vec![
            OpinionLine {
                person: PersonId("p3".into()),
                kind: OpinionKind::Expert,
                stance: Stance::Agree,
                text: "流程布局合理。\n建议加强消毒记录。".into(),
                at: AT,
            },
            OpinionLine {
                person: PersonId("p2".into()),
                kind: OpinionKind::Department {
                    department: "示例区市场监管局".into(),
                },
                stance: Stance::Rectify,
                text: String::new(),
                at: AT,
            },
        ],
        statements: vec![StatementLine {
            person: PersonId("p4".into()),
            text: String::new(),
            waived: true,
            at: AT,
        }],
        gaps: vec![GapLine {
            track: None,
            cause: "process_died".into(),
            from: AT,
            until: AT + 4_250_000,
        }],
        signers: ["p0", "p1", "p2", "p4"]
            .map(|id| PersonId(id.into()))
            .into(),
        signatures: vec![SignatureLine {
            person: PersonId("p4".into()),
            at: AT,
            refused: Some("对F02有不同意见".into()),
        }],
        place: PlaceLines {
            on_site: vec![PersonId("p0".into())],
            requests: vec![OnSiteLine {
                person: PersonId("p4".into()),
                reason: "希望现场查看".into(),
                at: AT,
                withdrawn_at: Some(AT + 60_000_000),
            }],
            deviations: vec![DeviationLine {
                person: PersonId("p0".into()),
                metres: 566,
                since: AT,
                until: None,
                overrides: vec![StatementLine {
                    person: PersonId("p2".into()),
                    text: "门头与地址已核对".into(),
                    waived: false,
                    at: AT,
                }],
            }],
        },
        cases: Vec::new(),
    }
}

/// A receipt's text as the evidence crate writes it.
pub fn receipt_text() -> String {
    format!(
        r#"{{"body":{{"content_digest":"{DIGEST}","head":"{DIGEST}","issued_at":{AT},"kind":"announced","number":1,"pdf_digest":"{DIGEST}","previous":null,"seq":1204,"session":"0198f0c4-7a3e-7b1c-9d2e-4f5a6b7c8d9e","v":1}},"key":"0123456789abcdef","signature":"{DIGEST}{DIGEST}"}}"#
    )
}

/// `output`: how the program is told to write to its standard output.
fn poppler(program: &str, arguments: &[&str], pdf: &[u8], output: &[&str]) -> Vec<u8> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(pdf).expect("writing");
    let path: &Path = file.path();
    let output = Command::new(program)
        .args(arguments)
        .arg(path)
        .args(output)
        .output()
        .unwrap_or_else(|error| {
            panic!("{program}: {error} (scripts/setup installs poppler-utils)")
        });
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// What a reader can select and copy, without white space: lines break where they fall.
pub fn text(pdf: &[u8]) -> String {
    let text = poppler("pdftotext", &["-raw", "-enc", "UTF-8"], pdf, &["-"]);
    let text = String::from_utf8(text).expect("UTF-8");
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

pub fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

pub fn pages(pdf: &[u8]) -> usize {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(pdf).expect("writing");
    let output = Command::new("pdfinfo")
        .arg(file.path())
        .output()
        .expect("pdfinfo");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("Pages:"));
    line.and_then(|count| count.trim().parse().ok())
        .expect("a number of pages")
}

/// A page as grey pixels: width, height, rows.
fn picture(pdf: &[u8], page: usize) -> (usize, usize, Vec<u8>) {
    let page = page.to_string();
    let pgm = poppler(
        "pdftoppm",
        &[
            "-gray",
            "-r",
            "300",
            "-f",
            &page,
            "-l",
            &page,
            "-singlefile",
        ],
        pdf,
        &[],
    );
    let mut fields = pgm.splitn(4, |byte| byte.is_ascii_whitespace());
    assert_eq!(fields.next(), Some(b"P5".as_slice()));
    let mut number = || -> usize {
        let field = fields.next().expect("a field");
        std::str::from_utf8(field)
            .expect("digits")
            .parse()
            .expect("a number")
    };
    let (width, height) = (number(), number());
    (width, height, pgm[pgm.len() - width * height..].to_vec())
}

/// What every QR code of the paper says, read from the printed pages.
pub fn codes(pdf: &[u8]) -> Vec<String> {
    let mut read = Vec::new();
    for page in 1..=pages(pdf) {
        let (width, height, pixels) = picture(pdf, page);
        let at = |x: usize, y: usize| pixels[y * width + x];
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, at);
        let grids = image.detect_grids();
        read.extend(grids.iter().map(|grid| grid.decode().expect("a QR code").1));
    }
    read
}

/// What a reader reads, line by line, page by page.
pub fn lines(pdf: &[u8]) -> String {
    let text = poppler("pdftotext", &["-raw", "-enc", "UTF-8"], pdf, &["-"]);
    let text = String::from_utf8(text).expect("UTF-8");
    text.replace('\u{c}', "\n──────── page ends\n")
}
