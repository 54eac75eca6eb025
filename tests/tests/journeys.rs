//! Whole cases over HTTP and WebSocket: hygiene with a re-survey, drug retail with a dissent and a lost connection, fire
//! acceptance with items that are for the site alone. Journey A is played in real browsers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use kanjie_tests::{Bureau, Case, Review, TestServer};
use serde_json::{Value, json};

/// Who works on a case, and as what.
const STAFF: [(&str, &str); 4] = [
    ("surveyor_1", "surveyor"),
    ("surveyor_2", "surveyor"),
    ("chair", "chair"),
    ("chair", "approver"),
];
const PRESENT: [&str; 4] = ["chair", "surveyor_1", "surveyor_2", "applicant"];

/// The civil date in Shanghai that many days from the server's now.
fn day(server: &TestServer, days: i64) -> String {
    let now = Timestamp::from_second(i64::try_from(server.now()).unwrap()).unwrap();
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    let day = now.to_zoned(zone).date().checked_add(days.days()).unwrap();
    day.to_string()
}

fn measured(_: &str) -> Value {
    json!({"value": "4.2", "unit": "m", "how": "measurement"})
}

/// What is for the site alone was read there.
fn read_on_site(remote: &str) -> Value {
    let how = match remote {
        "N" => "on_site_reading",
        _ => "test_record",
    };
    json!({"value": "0.35", "unit": "MPa", "how": how})
}

fn granted() -> Value {
    json!({
        "kind": "granted", "result": "准予许可", "reason": "符合法定条件。", "basis": ["《行政许可法》第三十八条"],
        "next_step": "领取许可证件。", "contact": "010-00000000",
    })
}

fn statement() -> Value {
    json!({"type": "take_statement", "text": "排风扇已订购，五日内装好。", "waived": false})
}

/// The result of a session in its case: the outcome, and the hash of the session's entry that brought it.
async fn result(bureau: &Bureau, case: &Case) -> (String, String) {
    let result = bureau.event(case, "session_result").await;
    let text = |key: &str| result[key].as_str().unwrap().to_owned();
    (text("outcome"), text("head"))
}

#[tokio::test]
async fn journey_b_one_key_item_fails_and_is_surveyed_again_alone() {
    let mut server = TestServer::start_with_own_clock().await;
    let mut bureau = Bureau::open(&server).await;
    let case = bureau
        .accepted("hygiene_beauty", "13911110001", &STAFF)
        .await;
    let first = bureau.schedule(&case, &json!({})).await;
    let staff = ["chair", "surveyor_1", "surveyor_2"];
    let mut review = Review::live(&server, &bureau, &case, (&first, 1), &staff, &[]).await;
    fails_on_h11(&server, &bureau, &case, &mut review).await;
    drop(review);

    server.pass(Duration::from_secs(6 * 24 * 3_600));
    bureau.come_back(&server).await;
    let second = bureau.schedule(&case, &json!({"mode": "remote"})).await;
    let scheduled = bureau.event(&case, "resurvey_scheduled").await;
    assert_eq!(scheduled["items"], json!(["H11"]));
    let mut review = Review::live(&server, &bureau, &case, (&second, 2), &staff, &[]).await;
    passes_h11(&server, &bureau, &case, &mut review).await;
    // Everybody has what concerns him: link to the case, acceptance, link, rectification, rating, link, decision, rating.
    let told = server.outbox(&case.phone);
    let texts = told.iter().filter(|line| line.get("code").is_none());
    assert_eq!(texts.count(), 8, "{told:#?}");
    server.assert_unharmed();
}

/// Statement taken (R34), no decision, "rectify by" (R43).
async fn fails_on_h11(server: &TestServer, bureau: &Bureau, case: &Case, review: &mut Review) {
    review.still(server, "surveyor_1", "exterior", "").await;
    review
        .answer_all("surveyor_1", &[("H11", "not_met")], measured)
        .await;
    let end = json!({
        "type": "end", "ending": {"how": "rectify", "by": day(server, 5)}, "reason": "未设机械排风。",
        "next_step": "装好后申请复勘。", "contact": "010-00000000",
    });
    assert_eq!(
        review.refused("chair", end.clone()).await,
        "statement_missing"
    );
    review.done("applicant", statement()).await;
    let passed = json!({"type": "conclude", "outcome": "passed", "text": "x", "present": []});
    assert_eq!(review.refused("chair", passed).await, "key_item_failed");
    review.conclude("failed", &PRESENT).await;
    review.done("chair", end).await;
    let head = review.hash_of("ended").await;
    assert_eq!(result(bureau, case).await, ("rectify".to_owned(), head));
    assert_eq!(
        bureau.event(case, "items_failed").await["items"],
        json!(["H11"])
    );
    assert_eq!(bureau.stage(case).await, "in_review");
    let papers = bureau.papers(case, 2).await;
    assert_eq!(papers, ["acceptance", "rectification"]);
    review.done("chair", json!({"type": "close"})).await;
}

/// R44: ten minutes for H11, and the decision is announced.
async fn passes_h11(server: &TestServer, bureau: &Bureau, case: &Case, review: &mut Review) {
    let other = json!({"type": "answer_item", "answer": {"code": "H01", "result": "met"}});
    assert_eq!(
        review.refused("surveyor_1", other).await,
        "item_not_reopened"
    );
    review.still(server, "surveyor_1", "exterior", "").await;
    review.answer_all("surveyor_1", &[], measured).await;
    review.conclude("passed", &PRESENT).await;
    let signers = ["surveyor_1", "surveyor_2", "applicant"];
    review.sign_record(server, bureau, &signers).await;
    review.seal(server, bureau, "chair", granted()).await;
    assert_eq!(bureau.stage(case).await, "in_review");
    review.done("chair", json!({"type": "announce"})).await;
    let head = review.hash_of("announced").await;
    assert_eq!(
        result(bureau, case).await,
        ("granted".to_owned(), head.clone())
    );
    let decided = bureau.event(case, "decided").await;
    assert_eq!(decided["head"], head.as_str());
    assert_eq!(decided["session"], review.session.as_str());
    assert_eq!(bureau.stage(case).await, "granted");
    let papers = bureau.papers(case, 3).await;
    assert_eq!(papers, ["acceptance", "rectification", "decision"]);
    let rate = json!({
        "type": "rate", "session": review.session, "rating": "very_satisfied", "text": "一次办好。",
    });
    let path = format!("/api/v1/cases/{}/acts", case.id);
    let rated = review.apis["applicant"]
        .post(&path, &json!({"command": rate}))
        .await;
    assert!(
        rated.status().is_success(),
        "{}",
        rated.text().await.unwrap()
    );
    review.done("chair", json!({"type": "close"})).await;
}

#[tokio::test]
async fn journey_c_a_dissent_and_a_connection_lost_at_the_announcement() {
    let mut server = TestServer::start().await;
    let mut bureau = Bureau::open(&server).await;
    let departments = ["示例区市场监督管理局", "示例区药品监督管理局"];
    for (key, name, department, role) in [
        ("approver", "示例审批员", None, "approver"),
        (
            "reviewer",
            "示例药监员",
            Some(departments[1]),
            "department_reviewer",
        ),
        ("expert_1", "示例药学专家甲", None, "expert"),
        ("expert_2", "示例药学专家乙", None, "expert"),
    ] {
        let person = server.hire(key, name, department, &[role]);
        bureau.join(&server, key, person).await;
    }
    let staff = [
        ("surveyor_1", "surveyor"),
        ("surveyor_2", "surveyor"),
        ("surveyor_2", "department_reviewer"),
        ("reviewer", "department_reviewer"),
        ("chair", "chair"),
        ("approver", "approver"),
    ];
    let case = bureau.accepted("drug_retail", "13911110002", &staff).await;
    for department in departments {
        let join = json!({"type": "join_department", "department": department, "part": "joining"});
        bureau.act(&case, "chair", join).await;
    }
    bureau.draw(&server, &case, &["expert_1", "expert_2"]).await;
    let session = bureau.schedule(&case, &json!({})).await;
    let keys = [
        "chair",
        "surveyor_1",
        "surveyor_2",
        "reviewer",
        "approver",
        "expert_1",
        "expert_2",
    ];
    let mut review = Review::live(&server, &bureau, &case, (&session, 1), &keys, &[]).await;
    two_departments_and_a_dissent(&server, &bureau, &mut review, departments).await;
    lost_and_back(&server, &bureau, &case, &mut review).await;
    server.assert_unharmed();
}

/// R37, R38: every department is heard, and the decision says why it departs from an expert.
async fn two_departments_and_a_dissent(
    server: &TestServer,
    bureau: &Bureau,
    review: &mut Review,
    departments: [&str; 2],
) {
    review.still(server, "surveyor_1", "exterior", "").await;
    review.answer_all("surveyor_1", &[], measured).await;
    review.done("applicant", statement()).await;
    let opinion = |kind: Value, stance: &str| json!({"type": "file_opinion", "opinion": kind, "stance": stance, "text": "意见（示例）"});
    let of = |department: &str| json!({"kind": "department", "department": department});
    let present = [
        "chair",
        "surveyor_1",
        "surveyor_2",
        "reviewer",
        "approver",
        "applicant",
    ];
    let early = json!({"type": "conclude", "outcome": "passed", "text": "x", "present": []});
    review
        .done("surveyor_2", opinion(of(departments[0]), "agree"))
        .await;
    assert_eq!(review.refused("chair", early).await, "opinion_missing");
    let foreign = review.refused("surveyor_2", opinion(of(departments[1]), "agree"));
    assert_eq!(foreign.await, "not_your_department");
    review
        .done("reviewer", opinion(of(departments[1]), "agree"))
        .await;
    let expert = json!({"kind": "expert"});
    review
        .done("expert_1", opinion(expert.clone(), "agree"))
        .await;
    review.done("expert_2", opinion(expert, "disagree")).await;
    review.conclude("passed", &present).await;
    let signers = ["surveyor_1", "surveyor_2", "applicant"];
    review.sign_record(server, bureau, &signers).await;
    let draft = json!({"type": "draft_decision", "decision": granted()});
    review.done("approver", draft).await;
    let seal = json!({"type": "seal_decision", "content_digest": "0".repeat(64)});
    assert_eq!(
        review.refused("approver", seal).await,
        "departure_reason_missing"
    );
    let mut decision = granted();
    decision["departure_reason"] = json!("专家乙所指问题已由现场复核排除。");
    review.seal(server, bureau, "approver", decision).await;
}

/// Nothing half-done: what the session's journal says of the announcement, the case's says too, at every moment.
async fn lost_and_back(server: &TestServer, bureau: &Bureau, case: &Case, review: &mut Review) {
    let approver = review.sockets.remove("approver").unwrap();
    let head = approver.head();
    approver.vanish();
    review.socket("chair").event("connection_lost").await;
    let announce = json!({"type": "announce"});
    assert_eq!(
        review.refused("chair", announce.clone()).await,
        "not_allowed"
    );
    assert_eq!(bureau.count(case, "decided").await, 0);
    assert_eq!(bureau.stage(case).await, "in_review");

    // Back; and lost again with the command on its way.
    let session = review.session.clone();
    let mut approver = review.apis["approver"].socket(&session, head).await;
    approver
        .send(&json!({"do": {"id": 1, "command": announce}}))
        .await;
    let head = approver.head();
    approver.vanish();
    let mut approver = review.apis["approver"].socket(&session, head).await;
    let done = approver.try_command(announce, None).await;
    if let Err(refused) = &done {
        assert_eq!(refused["code"], "already_announced");
    }
    review.sockets.insert("approver".to_owned(), approver);
    let head = review.hash_of("announced").await;
    assert_eq!(bureau.count(case, "decided").await, 1);
    assert_eq!(bureau.event(case, "decided").await["head"], head.as_str());
    assert_eq!(bureau.count(case, "session_result").await, 1);
    assert_eq!(bureau.papers(case, 2).await, ["acceptance", "decision"]);
    let digest = review.socket("applicant").event("announced").await["content_digest"].take();
    let acknowledge = json!({"type": "acknowledge", "content_digest": digest});
    review.done("applicant", acknowledge).await;
    let _ = server;
}

#[tokio::test]
async fn stress_nine_items_are_for_the_site_alone() {
    let mut server = TestServer::start().await;
    let mut bureau = Bureau::open(&server).await;
    for key in ["expert_1", "expert_2"] {
        let person = server.hire(key, "示例消防专家", None, &["expert"]);
        bureau.join(&server, key, person).await;
    }
    let person = server.hire("legal", "示例法制员", None, &["department_reviewer"]);
    bureau.join(&server, "legal", person).await;
    let case = bureau
        .accepted("fire_acceptance", "13911110003", &STAFF)
        .await;
    bureau.draw(&server, &case, &["expert_1", "expert_2"]).await;
    let major = json!({"type": "flag_major", "reason": "高层公共建筑。"});
    bureau.act(&case, "surveyor_1", major).await;
    let session = bureau.schedule(&case, &json!({})).await;
    let keys = ["chair", "surveyor_1", "surveyor_2", "expert_1", "expert_2"];
    let testers = ["surveyor_1", "surveyor_2"];
    let mut review = Review::live(&server, &bureau, &case, (&session, 1), &keys, &testers).await;
    tested_on_site(&server, &bureau, &mut review).await;
    legally_reviewed(&server, &bureau, &case, &mut review).await;
    server.assert_unharmed();
}

/// R21, R25: read at a distance they cannot be concluded on.
async fn tested_on_site(server: &TestServer, bureau: &Bureau, review: &mut Review) {
    review.still(server, "surveyor_1", "exterior", "").await;
    for code in [
        "X07", "X08", "X10", "X12", "X13", "X14", "X15", "X16", "X17",
    ] {
        let mut answer = json!({"code": code, "result": "met", "measurement": measured("N")});
        let command = json!({"type": "answer_item", "answer": answer});
        assert_eq!(
            review.refused("surveyor_1", command).await,
            "item_unsuitable"
        );
        answer["measurement"]["how"] = json!("test_record");
        let command = json!({"type": "answer_item", "answer": answer});
        assert_eq!(
            review.refused("surveyor_1", command).await,
            "item_unsuitable"
        );
    }
    review.answer_all("surveyor_1", &[], read_on_site).await;
    for expert in ["expert_1", "expert_2"] {
        let witness = json!({
            "type": "file_opinion", "opinion": {"kind": "expert"}, "stance": "agree", "text": "见证测试。",
        });
        review.done(expert, witness).await;
    }
    let present = [
        "chair",
        "surveyor_1",
        "surveyor_2",
        "expert_1",
        "expert_2",
        "applicant",
    ];
    review.conclude("passed", &present).await;
    let signers = ["surveyor_1", "surveyor_2", "applicant"];
    review.sign_record(server, bureau, &signers).await;
}

/// R36: of the real case, in the live session.
async fn legally_reviewed(server: &TestServer, bureau: &Bureau, case: &Case, review: &mut Review) {
    let draft = json!({"type": "draft_decision", "decision": granted()});
    review.done("chair", draft).await;
    let seal = json!({"type": "seal_decision", "content_digest": "0".repeat(64)});
    assert_eq!(review.refused("chair", seal).await, "legal_review_missing");
    let sign_off = json!({"type": "review_legally", "result": "signed_off", "opinion": "同意。"});
    let own = bureau.try_act(case, "surveyor_1", sign_off.clone()).await;
    assert_eq!(own.unwrap_err(), "handler_not_independent");
    bureau.act(case, "legal", sign_off).await;
    review.seal(server, bureau, "chair", granted()).await;
    review.done("chair", json!({"type": "announce"})).await;
    review.hash_of("announced").await;
    assert_eq!(bureau.stage(case).await, "granted");
    assert_eq!(bureau.papers(case, 2).await, ["acceptance", "decision"]);
}
