//! What no paper goes out without.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rstest::rstest;

use super::*;
use crate::command::Command;
use crate::event::{CheckResult, Ending, SurveyOutcome};
use crate::testing::{self, Play};

const SIGNED_AT: i64 = 1_795_483_800_000_000;

fn case() -> CaseBrief {
    testing::scheduled().brief
}

fn with<T>(make: impl FnOnce(&Issue<'_>) -> T) -> T {
    let texts = PaperTexts::example().unwrap();
    make(&Issue {
        number: "示审告〔2026〕第0001号",
        dated: "2026-11-24",
        case: &case(),
        texts: &texts,
    })
}

fn missing(material: &str) -> MissingMaterial {
    MissingMaterial {
        material: material.into(),
        fault: "缺少签名".into(),
        mend: "由法定代表人签名".into(),
        basis: "办事指南第3项".into(),
    }
}

fn demand() -> Demand {
    Demand {
        received: "2026-11-23".into(),
        materials: vec![missing("申请书"), missing("平面图")],
        until: "2026-12-01".into(),
        ways: vec!["窗口".into()],
    }
}

fn limit() -> WorkingLimit {
    WorkingLimit {
        working_days: 20,
        last_day: "2026-12-22".into(),
        promised: Some((10, "2026-12-08".into())),
        extension: Some(Extension {
            working_days: 10,
            approved_by: "本机关负责人".into(),
        }),
    }
}

#[test]
fn r01_the_notice_names_all_that_is_missing_with_fault_and_mending() {
    let notice = with(|issue| OneTimeNotice::new(issue, demand())).unwrap();
    assert!(notice.words.opening.contains("2026年11月23日"));
    assert!(notice.words.materials_heading.contains("共2项"));
    assert!(notice.words.hand_in[0].contains("2026年12月1日"));
    assert_eq!(notice.head.texts, "示例-2026-1");
}

#[rstest]
#[case::nothing(|d: &mut Demand| d.materials.clear(), Code::TextMissing, "materials")]
#[case::no_fault(|d: &mut Demand| d.materials[1].fault = " ".into(), Code::TextMissing, "materials/1/fault")]
#[case::no_mending(|d: &mut Demand| d.materials[0].mend.clear(), Code::TextMissing, "materials/0/mend")]
#[case::off_the_list(|d: &mut Demand| d.materials[0].basis.clear(), Code::TextMissing, "materials/0/basis")]
#[case::no_way(|d: &mut Demand| d.ways.clear(), Code::TextMissing, "ways")]
#[case::past(|d: &mut Demand| d.until = "2026-11-22".into(), Code::DateInvalid, "until")]
#[case::no_such_day(|d: &mut Demand| d.until = "2026-11-31".into(), Code::DateInvalid, "until")]
#[case::other_spelling(|d: &mut Demand| d.until = "20261201".into(), Code::DateInvalid, "until")]
fn r01_r09_an_incomplete_notice_is_refused(
    #[case] spoil: fn(&mut Demand),
    #[case] code: Code,
    #[case] part: &str,
) {
    let mut demand = demand();
    spoil(&mut demand);
    let refusal = with(|issue| OneTimeNotice::new(issue, demand)).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.missing),
        (code, vec![part.to_owned()])
    );
}

#[test]
fn r03_r07_the_slip_says_since_when_until_when_and_what_stops_the_clock() {
    let stops = vec!["听证".to_owned(), "专家评审".to_owned()];
    let slip = |route| {
        with(|issue| AcceptanceSlip::new(issue, "2026-11-24", route, limit(), stops.clone()))
            .unwrap()
    };
    let complete = slip(Route::Complete);
    assert!(complete.opening.contains("自2026年11月24日起予以受理"));
    assert!(complete.limit_words[0].contains("20个工作日"));
    assert!(complete.limit_words[0].contains("最后一日为2026年12月22日"));
    assert!(complete.limit_words[1].contains("2026年12月8日"));
    assert!(complete.limit_words[2].contains("延长10个工作日"));
    assert_eq!(complete.stops, stops);
    assert!(complete.stops_words.contains("第四十五条"));
    // R02
    assert!(slip(Route::ByLapse).opening.contains("即为受理"));
    let none = with(|issue| {
        AcceptanceSlip::new(issue, "2026-11-24", Route::Complete, limit(), Vec::new())
    });
    assert!(none.unwrap().stops_words.contains("没有不计入"));
}

#[test]
fn r11_gaps_are_named_with_their_dates() {
    let gaps = |gaps| {
        let route = Route::WithGaps { gaps };
        with(|issue| AcceptanceSlip::new(issue, "2026-11-24", route, limit(), Vec::new()))
    };
    let due = |due: &str| {
        vec![Promised {
            material: "健康证明".into(),
            due: due.into(),
        }]
    };
    assert!(
        gaps(due("2026-12-01"))
            .unwrap()
            .opening
            .contains("容缺受理")
    );
    assert_eq!(gaps(Vec::new()).unwrap_err().code, Code::TextMissing);
    assert_eq!(gaps(due("2026-11-01")).unwrap_err().code, Code::DateInvalid);
}

#[rstest]
#[case::no_days(|l: &mut WorkingLimit| l.working_days = 0)]
#[case::ends_before(|l: &mut WorkingLimit| l.last_day = "2026-11-23".into())]
#[case::promise_beyond(|l: &mut WorkingLimit| l.promised = Some((10, "2026-12-23".into())))]
#[case::promise_longer(|l: &mut WorkingLimit| l.promised = Some((21, "2026-12-22".into())))]
fn r05_an_impossible_limit_is_refused(#[case] spoil: fn(&mut WorkingLimit)) {
    let mut limit = limit();
    spoil(&mut limit);
    let slip =
        with(|issue| AcceptanceSlip::new(issue, "2026-11-24", Route::Complete, limit, Vec::new()));
    assert!(slip.is_err());
}

fn turned_away() -> NonAcceptance {
    NonAcceptance {
        ground: NotAccepted::OtherAuthority {
            go_to: "示例区城市管理局".into(),
        },
        reason: "不属于本机关职权范围。".into(),
        basis: vec!["《中华人民共和国行政许可法》第三十二条第一款第二项".into()],
        next_step: "携带原材料前往。".into(),
        contact: "010-00000000".into(),
    }
}

#[rstest]
#[case::reason(|n: &mut NonAcceptance| n.reason = "  ".into(), Code::ReasonMissing)]
#[case::basis(|n: &mut NonAcceptance| n.basis.clear(), Code::BasisMissing)]
#[case::next(|n: &mut NonAcceptance| n.next_step.clear(), Code::NextStepMissing)]
#[case::contact(|n: &mut NonAcceptance| n.contact.clear(), Code::NextStepMissing)]
#[case::where_to(|n: &mut NonAcceptance| n.ground = NotAccepted::OtherAuthority { go_to: String::new() }, Code::NextStepMissing)]
fn r40_turning_away_without_reason_basis_or_next_step_is_refused(
    #[case] spoil: fn(&mut NonAcceptance),
    #[case] code: Code,
) {
    let whole = with(|issue| NonAcceptanceSlip::new(issue, turned_away())).unwrap();
    assert_eq!(whole.head.title, "不予受理决定书");
    let mut matter = turned_away();
    spoil(&mut matter);
    let refusal = with(|issue| NonAcceptanceSlip::new(issue, matter)).unwrap_err();
    assert_eq!(refusal.code, code);
}

#[test]
fn r41_texts_without_both_terms_make_no_refusal() {
    let mut texts = PaperTexts::example().unwrap();
    texts.remedies = "如不服，可以在60日内申请行政复议。".into();
    let issue = Issue {
        number: "1",
        dated: "2026-11-24",
        case: &case(),
        texts: &texts,
    };
    let refusal = NonAcceptanceSlip::new(&issue, turned_away()).unwrap_err();
    assert_eq!(refusal.code, Code::RemediesMissing);
    assert_eq!(refusal.missing, ["litigation_6_months"]);
}

#[test]
fn where_no_permit_is_needed_it_is_a_notice() {
    let mut matter = turned_away();
    matter.ground = NotAccepted::NoPermitNeeded;
    let slip = with(|issue| NonAcceptanceSlip::new(issue, matter)).unwrap();
    assert_eq!(slip.head.title, "不予受理通知书");
    assert!(slip.result.contains("不需要取得行政许可"));
}

fn ended(ending: Ending) -> Play {
    let mut play = testing::surveyed().unwrap();
    let item = play.session.scheduled.template.items[0].code.clone();
    let mut answer = play.met(&item);
    answer.result = CheckResult::NotMet;
    answer.note = "未见强制排风".into();
    play.act(testing::SURVEYOR_1, &Command::AnswerItem { answer })
        .unwrap();
    play.act(testing::CHAIR, &play.conclude(SurveyOutcome::Failed))
        .unwrap();
    play.sign_all().unwrap();
    let end = Command::End {
        case: None,
        ending,
        reason: "一项关键项不符合".into(),
        next_step: "整改后预约复勘".into(),
        contact: "010-00000000".into(),
    };
    play.act(testing::CHAIR, &end).unwrap();
    play
}

#[test]
fn r44_the_notice_names_the_failed_items_alone() {
    let play = ended(Ending::Rectify {
        by: "2026-12-05".into(),
    });
    let notice =
        with(|issue| RectificationNotice::of_session(issue, &play.session, "case-1")).unwrap();
    let failed: Vec<_> = notice.matter.items.iter().map(|item| &item.seen).collect();
    assert_eq!(failed, ["未见强制排风"]);
    assert!(notice.words.resurvey[0].contains(&notice.matter.items[0].code));
    assert!(notice.words.deadline[0].contains("2026年12月5日"));
    let other = ended(Ending::SwitchOnSite);
    let refusal =
        with(|issue| RectificationNotice::of_session(issue, &other.session, "case-1")).unwrap_err();
    assert_eq!(refusal.code, Code::NotEnded);
}

fn service(channel: Channel, acknowledged: Acknowledged) -> Service {
    Service {
        papers: vec![Served {
            title: "受理通知书".into(),
            number: "1".into(),
            digest: "0123456789abcdef".repeat(4),
        }],
        recipient: "示例公司".into(),
        channel,
        at: SIGNED_AT,
        served_by: vec!["示例甲".into(), "示例乙".into()],
        acknowledged,
        remark: String::new(),
    }
}

#[test]
fn an_acknowledgement_goes_with_its_channel() {
    let signed = |at| Acknowledged::Signed {
        name: "示例申请".into(),
        capacity: "法定代表人".into(),
        signed: SignedHow::PhoneCode,
        at,
    };
    let electronic = || Channel::Electronic {
        system: "政务服务网".into(),
    };
    let left = || Channel::Left {
        place: "住所".into(),
    };
    let refused = || Acknowledged::Refused {
        reason: "无故".into(),
        witness: "示例见证".into(),
    };
    let prove = |channel, acknowledged| {
        with(|issue| ServiceProof::new(issue, service(channel, acknowledged)))
    };
    assert!(prove(electronic(), signed(SIGNED_AT + 1)).is_ok());
    assert!(prove(left(), refused()).is_ok());
    for (channel, acknowledged, code) in [
        (electronic(), signed(SIGNED_AT - 1), Code::DateInvalid),
        (electronic(), refused(), Code::ValueInvalid),
        (left(), signed(SIGNED_AT), Code::ValueInvalid),
    ] {
        assert_eq!(prove(channel, acknowledged).unwrap_err().code, code);
    }
}

#[test]
fn an_undertaking_promises_something_by_a_date() {
    let promise = |due: &str, lacking: &str| {
        let item = UndertakenItem {
            material: "健康证明".into(),
            lacking: lacking.into(),
            due: due.into(),
        };
        with(|issue| SupplyUndertaking::new(issue, vec![item]))
    };
    assert!(promise("2026-12-01", "一人未办").is_ok());
    assert_eq!(
        promise("2026-12-01", "").unwrap_err().code,
        Code::TextMissing
    );
    assert_eq!(
        promise("2026-11-01", "缺").unwrap_err().code,
        Code::DateInvalid
    );
    let nothing = with(|issue| SupplyUndertaking::new(issue, Vec::new()));
    assert_eq!(nothing.unwrap_err().code, Code::TextMissing);
}

#[test]
fn r41_the_example_texts_are_whole_and_state_both_terms() {
    let texts = PaperTexts::example().unwrap();
    assert!(texts.version.starts_with("示例"));
    assert!(remedies_missing(&texts.remedies).is_empty());
}

#[test]
fn texts_with_an_unknown_name_or_without_words_are_refused() {
    let json = serde_json::to_string(&PaperTexts::example().unwrap()).unwrap();
    let refused =
        |from: &str, to: &str| PaperTexts::parse(&json.replacen(from, to, 1)).unwrap_err();
    assert!(matches!(
        refused("{received}", "{recieved}"),
        TextsFault::Name { .. }
    ));
    assert!(matches!(
        refused("{received}", "{received"),
        TextsFault::Brace { .. }
    ));
    assert!(matches!(
        refused("一次性告知书", " "),
        TextsFault::Empty { .. }
    ));
    assert!(matches!(
        refused("\"version\"", "\"verzion\""),
        TextsFault::Form(_)
    ));
}

#[test]
fn what_is_filled_in_is_not_read_again() {
    let values = [
        ("item", "{applicant}".to_owned()),
        ("applicant", "x".to_owned()),
    ];
    let text = filled(&"甲{item}乙".to_owned(), &values).unwrap();
    assert_eq!(text, "甲{applicant}乙");
}
