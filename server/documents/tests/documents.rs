//! What a reader of the documents sees, read back from the PDF.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{
    DIGEST, brief, codes, decision_content, pages, people, plain, receipt_text, record_content,
    squeeze, text, texts,
};
use kanjie_documents::{DocumentError, ReceiptSlip, Status, decision, receipt, survey_record};
use kanjie_domain::case::CaseBrief;
use kanjie_domain::documents::{CaseLine, ConclusionLine, TemplateRef};
use kanjie_domain::event::{DecisionKind, Ending, SurveyOutcome};

fn must_say(pdf: &[u8], phrases: &[&str]) {
    let text = text(pdf);
    for phrase in phrases {
        assert!(
            text.contains(&squeeze(phrase)),
            "{phrase} is not in: {text}"
        );
    }
}

#[test]
fn the_decision_says_all_that_the_law_wants_on_it() {
    let content = decision_content();
    let pdf = decision(&content, Status::Sealed, &texts(), &plain()).unwrap();
    must_say(
        &pdf,
        &[
            "示例市示例区行政审批局",
            "准予行政许可决定书",
            "示审许〔2026〕第0001号",
            "示例市产业园餐饮管理有限公司：",
            "一、决定",
            "准予食品经营许可（餐饮服务，热食类食品制售）。",
            "二、理由",
            "三、依据",
            "1．《中华人民共和国食品安全法》第三十五条",
            "四、救济途径",
            "60日内",
            "6个月内",
            "五、后续事项",
            "2026年11月24日",
            "附一　参加会审人员（截至签发）",
            "示例勘验甲0",
            "示例专家3",
            "签发人：示例审批2",
            &format!("内容校验值 SHA-256 {DIGEST}"),
        ],
    );
    assert!(!text(&pdf).contains("草稿"));
}

#[test]
fn a_refusal_has_its_own_title_and_the_reason_for_departing_from_the_expert() {
    let mut content = decision_content();
    content.decision.kind = DecisionKind::Refused;
    content.decision.departure_reason = "专家意见未涉及的事实。".into();
    let pdf = decision(&content, Status::Sealed, &texts(), &plain()).unwrap();
    must_say(
        &pdf,
        &[
            "不予行政许可决定书",
            "四、关于评审专家意见的说明",
            "专家意见未涉及的事实。",
            "五、救济途径",
        ],
    );
}

#[test]
fn the_record_of_several_cases_names_each_with_what_was_concluded() {
    let mut content = record_content();
    let line = |title: &str, conclusion, ended| CaseLine {
        case: CaseBrief {
            item_title: title.into(),
            case_no: format!("编号{title}"),
            ..content.case.clone()
        },
        template: TemplateRef {
            title: format!("{title}清单"),
            ..content.template.clone()
        },
        resurvey_of: None,
        items: Vec::new(),
        conclusion,
        ended,
    };
    let concluded = |outcome, text: &str| {
        Some(ConclusionLine {
            at: content.concluded_at,
            outcome,
            text: text.into(),
        })
    };
    content.cases = vec![
        line(
            "食品经营许可",
            concluded(SurveyOutcome::Passed, "符合条件。"),
            None,
        ),
        line(
            "卫生许可",
            concluded(SurveyOutcome::Failed, "未设机械排风。"),
            Some(Ending::Rectify {
                by: "2026-12-05".into(),
            }),
        ),
    ];
    let pdf = survey_record(&content, &texts(), &plain()).unwrap();
    must_say(
        &pdf,
        &[
            "食品经营许可清单",
            "卫生许可清单",
            "食品经营许可（编号食品经营许可）",
            "勘验通过",
            "符合条件。",
            "卫生许可（编号卫生许可）",
            "勘验不通过；限期整改，至2026-12-05",
            "未设机械排风。",
        ],
    );
}

#[test]
fn a_draft_says_so_and_bears_no_seal() {
    let pdf = decision(&decision_content(), Status::Draft, &texts(), &plain()).unwrap();
    must_say(&pdf, &["草稿"]);
    assert!(!text(&pdf).contains("不具法律效力"));
    let sealed = decision(&decision_content(), Status::Sealed, &texts(), &plain()).unwrap();
    must_say(&sealed, &["不具法律效力"]);
}

#[test]
fn the_record_says_what_was_examined_and_with_what_result() {
    let pdf = survey_record(&record_content(), &texts(), &plain()).unwrap();
    must_say(
        &pdf,
        &[
            "现场勘验笔录",
            "91110000MA00EXAMPL",
            "已同步（timesyncd）",
            "F01",
            "F28",
            "不符合",
            "现场整改",
            "合理缺项",
            "转现场",
            "未答",
            "现场读数：8.5 m²",
            "证据 2",
            "门头外景",
            "北纬 39.1234567°",
            "西经 116.1234567°",
            "流程布局合理。",
            "示例区市场监管局 示例审批2",
            "经告知有权陈述和申辩，表示不作陈述。",
            "约 4.2 秒；原因：服务进程中断后恢复",
            "勘验通过",
            "待签名（以会审日志为准）",
            "对F02有不同意见",
            "在现场的工作人员",
            "理由：希望现场查看",
            "566 米（含精度）",
            "说明理由后继续：门头与地址已核对",
            DIGEST,
        ],
    );
    let reversed: String = DIGEST.chars().rev().collect();
    must_say(&pdf, &[&reversed]);
}

#[test]
fn what_people_write_is_text_and_never_markup() {
    const HOSTILE: &str = "#panic(\"x\") $x^2$ \\ *粗* _斜_ @ref <label> `code` // 注释 [内容] {代码} ]#eval(\"1+1\")[";
    let mut content = decision_content();
    content.decision.reason = HOSTILE.into();
    content.case.applicant = HOSTILE.into();
    content.participants[0].name = HOSTILE.into();
    let decision = decision(&content, Status::Sealed, &texts(), &plain()).unwrap();
    assert!(text(&decision).matches(&squeeze(HOSTILE)).count() >= 2);

    let mut content = record_content();
    content.items[0].note = HOSTILE.into();
    content.text = HOSTILE.into();
    let record = survey_record(&content, &texts(), &plain()).unwrap();
    must_say(&record, &[HOSTILE]);
}

#[test]
fn letters_that_no_font_has_are_named_by_their_code_points() {
    let mut content = decision_content();
    content.participants[0].name = "示例\u{1F600}\u{202E}某".into();
    content.decision.reason = "第一行\r\n第二行\u{0000}".into();
    let pdf = decision(&content, Status::Sealed, &texts(), &plain()).unwrap();
    must_say(&pdf, &["示例〔U+1F600〕某", "第一行第二行"]);
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let sealed = || decision(&decision_content(), Status::Sealed, &texts(), &plain()).unwrap();
    let record = || survey_record(&record_content(), &texts(), &plain()).unwrap();
    let slip = || receipt(&slip(), &texts()).unwrap();
    assert!(sealed() == sealed());
    assert!(record() == record());
    assert!(slip() == slip());
}

#[test]
fn sixty_people_a_hundred_items_and_empty_fields_lay_out() {
    let mut content = decision_content();
    content.participants = people(60);
    content.case.authority =
        "某某某某某某自治州某某某某自治县某某经济技术开发区行政审批服务管理局".into();
    content.case.applicant = "名称特别长的示例企业".repeat(20);
    let pdf = decision(&content, Status::Sealed, &texts(), &plain()).unwrap();
    must_say(&pdf, &["示例申请59"]);
    assert!(pages(&pdf) >= 3);

    let mut content = record_content();
    content.participants = people(60);
    let four_times = content.items.iter().cloned().cycle().take(112);
    content.items = four_times.collect();
    let pdf = survey_record(&content, &texts(), &plain()).unwrap();
    must_say(&pdf, &["示例申请59"]);

    let mut content = record_content();
    content.participants.clear();
    content.present.clear();
    content.items.clear();
    content.evidence.clear();
    content.opinions.clear();
    content.statements.clear();
    content.gaps.clear();
    content.signatures.clear();
    content.text.clear();
    content.started_at = None;
    content.clock = None;
    survey_record(&content, &texts(), &plain()).unwrap();
}

#[test]
fn the_files_are_pdf_a_2b_with_their_fonts_inside() {
    let pdf = decision(&decision_content(), Status::Sealed, &texts(), &plain()).unwrap();
    let raw = String::from_utf8_lossy(&pdf);
    assert!(raw.contains("<pdfaid:part>2</pdfaid:part>"));
    assert!(raw.contains("<pdfaid:conformance>B</pdfaid:conformance>"));
    assert!(
        pdf.len() < 2_000_000,
        "{} bytes: fonts are embedded in part only",
        pdf.len()
    );
}

fn slip() -> ReceiptSlip {
    ReceiptSlip {
        receipt_json: receipt_text(),
        case: brief(),
    }
}

#[test]
fn the_receipts_code_reads_back_as_the_receipt_and_nothing_else() {
    let pdf = receipt(&slip(), &texts()).unwrap();
    assert_eq!(pages(&pdf), 1);
    must_say(
        &pdf,
        &[
            "会审回执",
            "第 1 号",
            "宣布决定时签发",
            "1204",
            "2026年11月24日 09:30:00",
            DIGEST,
        ],
    );
    assert_eq!(codes(&pdf), [receipt_text()]);
}

#[test]
fn a_receipt_says_what_its_version_says() {
    let mut own = texts();
    own.receipt.title = "联合会审回执".into();
    own.receipt.announced = "当场宣布时签发".into();
    own.receipt.foot = "请与申请人副本一并保存".into();
    let pdf = receipt(&slip(), &own).unwrap();
    must_say(
        &pdf,
        &["联合会审回执", "当场宣布时签发", "请与申请人副本一并保存"],
    );
}

#[test]
fn what_is_no_receipt_or_no_time_is_refused() {
    let mut wrong = slip();
    wrong.receipt_json = "{}".into();
    assert!(matches!(
        receipt(&wrong, &texts()),
        Err(DocumentError::NotAReceipt(_))
    ));
    let mut content = decision_content();
    content.dated = "2026-02-30".into();
    let refused = decision(&content, Status::Sealed, &texts(), &plain());
    assert!(matches!(refused, Err(DocumentError::Time(_))));
    let mut content = record_content();
    content.started_at = Some(i64::MAX);
    assert!(matches!(
        survey_record(&content, &texts(), &plain()),
        Err(DocumentError::Time(_))
    ));
}
