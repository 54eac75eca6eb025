//! 证照联办: a food business licence and a hygiene licence, one live survey, one decision each, over HTTP and WebSocket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kanjie_tests::socket::event_of;
use kanjie_tests::{Bureau, Case, Review, TestServer, of_case};
use reqwest::StatusCode;
use serde_json::{Value, json};

const PRESENT: [&str; 4] = ["chair", "surveyor_1", "surveyor_2", "applicant"];
const SIGNERS: [&str; 3] = ["surveyor_1", "surveyor_2", "applicant"];

/// Who works on a case; `approver` decides it.
fn staff(approver: &str) -> [(&str, &str); 4] {
    [
        ("surveyor_1", "surveyor"),
        ("surveyor_2", "surveyor"),
        ("chair", "chair"),
        (approver, "approver"),
    ]
}

fn granted() -> Value {
    json!({
        "kind": "granted", "result": "准予许可", "reason": "符合法定条件。", "basis": ["《行政许可法》第三十八条"],
        "next_step": "领取许可证件。", "contact": "010-00000000",
    })
}

fn refused() -> Value {
    let remedies = "可在60日内申请行政复议，或者在6个月内提起行政诉讼。";
    json!({
        "kind": "refused", "result": "不予许可", "reason": "未设机械排风。", "basis": ["《行政许可法》第三十八条"],
        "remedies": remedies, "next_step": "装好后重新申请。", "contact": "010-00000000",
    })
}

fn rectify() -> Value {
    json!({
        "type": "end", "ending": {"how": "rectify", "by": "2027-12-05"}, "reason": "未设机械排风。",
        "next_step": "装好后申请复勘。", "contact": "010-00000000",
    })
}

/// Both cases in one bundle, and its session live.
struct Joint {
    food: Case,
    hygiene: Case,
    bundle: String,
    review: Review,
}

/// `approver`: who decides the hygiene licence; the chair decides the other.
async fn joint(server: &TestServer, bureau: &Bureau, phone: &str, approver: &str) -> Joint {
    let food = bureau
        .accepted("food_catering", phone, &staff("chair"))
        .await;
    let hygiene = bureau
        .accepted_beside(&food, "hygiene_beauty", &staff(approver))
        .await;
    let bundle = bureau.bundle(&[&food, &hygiene]).await;
    let session = bureau
        .try_schedule(json!({"bundle": bundle}))
        .await
        .unwrap();
    for case in [&food, &hygiene] {
        let scheduled = bureau.event(case, "session_scheduled").await;
        assert_eq!(scheduled["session"], session.as_str());
    }
    let last = bureau.bundle_events(&bundle).await.pop().unwrap();
    assert_eq!(last["type"], "survey_scheduled");
    assert_eq!(last["session"], session.as_str());
    let mut keys = vec!["chair", "surveyor_1", "surveyor_2"];
    keys.extend((approver != "chair").then_some(approver));
    let review = Review::live(server, bureau, &food, (&session, 1), &keys, &[]).await;
    Joint {
        food,
        hygiene,
        bundle,
        review,
    }
}

impl Joint {
    /// Every item of both checklists answered: all met but H11, which is a key item.
    async fn survey(&mut self, server: &TestServer) {
        let review = &mut self.review;
        review.still(server, "surveyor_1", "exterior", "").await;
        let measured = |_: &str| json!({"value": "4.2", "unit": "m", "how": "measurement"});
        review
            .answer_all("surveyor_1", &[("H11", "not_met")], measured)
            .await;
        let statement =
            json!({"type": "take_statement", "text": "排风扇已订购。", "waived": false});
        review.done("applicant", statement).await;
    }

    /// Concluded each by its own checklist, then one record of both, signed once.
    async fn conclude(&mut self, server: &TestServer, bureau: &Bureau) {
        let review = &mut self.review;
        let unnamed = json!({"type": "conclude", "outcome": "passed", "text": "x", "present": []});
        assert_eq!(
            review.refused("chair", unnamed.clone()).await,
            "case_not_named"
        );
        let mut unknown = unnamed.clone();
        unknown["case"] = json!("nonsense");
        assert_eq!(review.refused("chair", unknown).await, "unknown_case");
        let passed = of_case(unnamed, Some(&self.hygiene));
        assert_eq!(review.refused("chair", passed).await, "key_item_failed");
        review
            .conclude_case(Some(&self.food), "passed", &PRESENT)
            .await;
        let answer =
            |code: &str| json!({"type": "answer_item", "answer": {"code": code, "result": "met"}});
        let late = review.refused("surveyor_1", answer("F01")).await;
        assert_eq!(late, "already_concluded");
        review.done("surveyor_1", answer("H01")).await;
        let early = json!({"type": "prepare_record"});
        assert_eq!(review.refused("chair", early).await, "not_concluded");
        review
            .conclude_case(Some(&self.hygiene), "failed", &PRESENT)
            .await;
        review.sign_record(server, bureau, &SIGNERS).await;
    }

    /// The session's announcements, as the applicant has them.
    fn announced(&self) -> Vec<(Value, Value)> {
        let entries = self.review.sockets["applicant"].entries.iter();
        let events = entries.filter_map(|entry| Some((entry["hash"].clone(), event_of(entry)?)));
        events
            .filter(|(_, event)| event["type"] == "announced")
            .collect()
    }

    async fn close(&mut self) {
        let digests: Vec<_> = self
            .announced()
            .iter()
            .map(|(_, event)| event["content_digest"].clone())
            .collect();
        for digest in digests {
            let acknowledge = json!({"type": "acknowledge", "content_digest": digest});
            self.review.done("applicant", acknowledge).await;
        }
        self.review.done("chair", json!({"type": "close"})).await;
    }
}

/// What the case's journal says of the session's end: outcome and hash.
async fn result(bureau: &Bureau, case: &Case) -> (String, String) {
    let result = bureau.event(case, "session_result").await;
    let text = |key: &str| result[key].as_str().unwrap().to_owned();
    (text("outcome"), text("head"))
}

#[tokio::test]
async fn one_case_is_granted_and_the_other_ends_with_a_date_to_rectify_by() {
    let mut server = TestServer::start().await;
    let bureau = Bureau::open(&server).await;
    let mut joint = joint(&server, &bureau, "13911110011", "chair").await;
    joint.survey(&server).await;
    joint.conclude(&server, &bureau).await;
    let food = joint.food.clone();
    joint
        .review
        .seal_case(&server, &bureau, "chair", Some(&food), granted())
        .await;
    let announce = json!({"type": "announce"});
    let early = joint.review.refused("chair", announce.clone()).await;
    assert_eq!(early, "not_sealed");

    // R43, of the one case alone: the session goes on, and the other case has heard nothing.
    let end = of_case(rectify(), Some(&joint.hygiene));
    joint.review.done("chair", end.clone()).await;
    let ended = joint.review.hash_of("ended").await;
    assert_eq!(
        result(&bureau, &joint.hygiene).await,
        ("rectify".to_owned(), ended)
    );
    let failed = bureau.event(&joint.hygiene, "items_failed").await;
    assert_eq!(failed["items"], json!(["H11"]));
    assert_eq!(bureau.count(&food, "session_result").await, 0);
    assert_eq!(joint.review.refused("chair", end).await, "already_ended");

    joint.review.done("chair", announce).await;
    let announced = joint.review.hash_of("announced").await;
    let granted = ("granted".to_owned(), announced.clone());
    assert_eq!(result(&bureau, &food).await, granted);
    assert_eq!(bureau.count(&joint.hygiene, "decided").await, 0);
    let told = bureau.bundle_events(&joint.bundle).await;
    let last: Vec<_> = told.iter().rev().take(2).collect();
    assert_eq!(last[1]["type"], "case_decided");
    assert_eq!(last[1]["case"], food.id.as_str());
    assert_eq!(last[0]["type"], "survey_ended");
    assert_eq!(last[0]["head"], announced.as_str());
    joint.close().await;
    assert_eq!(bureau.papers(&food, 2).await, ["acceptance", "decision"]);
    let papers = bureau.papers(&joint.hygiene, 2).await;
    assert_eq!(papers, ["acceptance", "rectification"]);
    surveyed_again_alone(&bureau, &joint).await;
    server.assert_unharmed();
}

/// R44: by the bundle once more, or by a session of its own: what failed in that case, and nothing else.
async fn surveyed_again_alone(bureau: &Bureau, joint: &Joint) {
    let both = json!({"bundle": joint.bundle, "case": joint.hygiene.id});
    assert_eq!(bureau.try_schedule(both).await.unwrap_err(), "malformed");
    let of = json!({"bundle": joint.bundle});
    let session = bureau.try_schedule(of.clone()).await.unwrap();
    let again = bureau.event(&joint.hygiene, "resurvey_scheduled").await;
    assert_eq!(again["items"], json!(["H11"]));
    assert_eq!(again["session"], session.as_str());
    assert_eq!(bureau.count(&joint.food, "session_scheduled").await, 1);
    assert_eq!(bureau.try_schedule(of).await.unwrap_err(), "already_exists");
}

#[tokio::test]
async fn both_are_decided_by_their_own_approvers_and_announced_in_one_act() {
    let mut server = TestServer::start().await;
    let mut bureau = Bureau::open(&server).await;
    let person = server.hire("approver", "示例审批员", None, &["approver"]);
    bureau.join(&server, "approver", person).await;
    let mut joint = joint(&server, &bureau, "13911110012", "approver").await;
    joint.survey(&server).await;
    joint.conclude(&server, &bureau).await;
    let (food, hygiene) = (joint.food.clone(), joint.hygiene.clone());
    // A case has its own approver.
    let foreign = json!({"type": "draft_decision", "decision": refused()});
    let foreign = of_case(foreign, Some(&hygiene));
    assert_eq!(joint.review.refused("chair", foreign).await, "not_allowed");
    for (key, case, decision) in [
        ("chair", &food, granted()),
        ("approver", &hygiene, refused()),
    ] {
        let review = &mut joint.review;
        review
            .seal_case(&server, &bureau, key, Some(case), decision)
            .await;
    }
    joint
        .review
        .done("approver", json!({"type": "announce"}))
        .await;
    joint.review.hash_of("announced").await;
    joint.review.socket("applicant").event("announced").await;
    joint.close().await;
    each_case_has_its_own(&bureau, &joint).await;
    papers_are_to_be_had(&bureau, &joint).await;
    the_package_is_whole(&server, &joint.review.session);
    let close = json!({"command": {"type": "close"}});
    let path = format!("/api/v1/bundles/{}/acts", joint.bundle);
    let closed = bureau.api("surveyor_1").post(&path, &close).await;
    assert_eq!(closed.status(), StatusCode::OK);
    let last = bureau.bundle_events(&joint.bundle).await.pop().unwrap();
    assert_eq!(last["type"], "closed");
    server.assert_unharmed();
}

/// R39, R42: each case refers to its own entry of the session, has its own number, and the applicant a receipt for each.
async fn each_case_has_its_own(bureau: &Bureau, joint: &Joint) {
    let announced = joint.announced();
    assert_eq!(announced.len(), 2);
    for ((hash, event), (case, kind)) in announced
        .iter()
        .zip([(&joint.food, "granted"), (&joint.hygiene, "refused")])
    {
        assert_eq!(event["case"], case.id.as_str());
        let decided = bureau.event(case, "decided").await;
        assert_eq!(decided["head"], *hash);
        assert_eq!(decided["kind"], kind);
        assert_eq!(decided["number"], event["number"]);
        assert_eq!(bureau.stage(case).await, kind);
        assert_eq!(bureau.count(case, "rating_requested").await, 1);
    }
    assert_ne!(announced[0].1["number"], announced[1].1["number"]);
    let entries = joint.review.sockets["applicant"].entries.iter();
    let receipts = entries.filter_map(event_of);
    let receipts = receipts.filter(|event| event["type"] == "receipt_issued");
    let bodies: Vec<_> = receipts
        .map(|event| event["receipt"]["body"].clone())
        .collect();
    for ((_, event), body) in announced.iter().zip(&bodies) {
        assert_eq!(body["kind"], "announced");
        assert_eq!(body["content_digest"], event["content_digest"]);
    }
    let told = bureau.bundle_events(&joint.bundle).await;
    let decided = told.iter().filter(|event| event["type"] == "case_decided");
    assert_eq!(decided.count(), 2);
    assert_eq!(told.last().unwrap()["type"], "survey_ended");
    assert_eq!(told.last().unwrap()["head"], announced[1].0);
}

async fn papers_are_to_be_had(bureau: &Bureau, joint: &Joint) {
    let path = format!("/api/v1/sessions/{}/documents", joint.review.session);
    let applicant = &joint.review.apis["applicant"];
    let unnamed = applicant.get(&format!("{path}/decision.pdf")).await;
    assert_eq!(unnamed.status(), StatusCode::NOT_FOUND);
    let mut seen = Vec::new();
    for case in [&joint.food, &joint.hygiene] {
        let pdf = applicant
            .get(&format!("{path}/decision.pdf?case={}", case.id))
            .await;
        seen.push(pdf.bytes().await.unwrap());
        assert_eq!(bureau.papers(case, 2).await, ["acceptance", "decision"]);
    }
    assert!(seen.iter().all(|pdf| pdf.starts_with(b"%PDF-")) && seen[0] != seen[1]);
    let record = applicant.get(&format!("{path}/record.pdf")).await;
    assert_eq!(record.status(), StatusCode::OK);
    let view = format!("/api/v1/cases/{}", joint.hygiene.id);
    assert_eq!(applicant.get(&view).await.status(), StatusCode::OK);
}

/// Both decisions are in it, and the program that made it, and the one that did not, find it whole.
fn the_package_is_whole(server: &TestServer, session: &str) {
    for copy in [&["--for", "applicant"][..], &[]] {
        let out = server.data().join(format!("package-{}", copy.len()));
        let out_text = out.to_str().unwrap();
        let export = ["export", session, "--purpose", "review", "--out", out_text];
        server.run(&[&export[..], copy].concat());
        for name in [
            "decision.pdf",
            "decision-2.pdf",
            "decision-2.json",
            "record.pdf",
        ] {
            assert!(out.join("data/documents").join(name).exists(), "{name}");
        }
        server.run(&["verify", out_text]);
        let verifier = concat!(env!("CARGO_MANIFEST_DIR"), "/verify_package.py");
        let checked = std::process::Command::new("python3")
            .args([verifier, out_text])
            .output()
            .unwrap();
        assert!(checked.status.success(), "{checked:?}");
    }
}

#[tokio::test]
async fn r16_recused_from_one_of_the_cases_is_not_in_the_session() {
    let server = TestServer::start().await;
    let mut bureau = Bureau::open(&server).await;
    let person = server.hire("reviewer", "示例审查员", None, &["department_reviewer"]);
    bureau.join(&server, "reviewer", person).await;
    let food = bureau
        .accepted("food_catering", "13911110013", &staff("chair"))
        .await;
    let hygiene = bureau
        .accepted_beside(&food, "hygiene_beauty", &staff("chair"))
        .await;
    let assign = json!({
        "type": "assign_staff", "person": bureau.id("reviewer"), "role": "department_reviewer",
    });
    bureau.act(&food, "chair", assign).await;
    let bundle = bureau.bundle(&[&food, &hygiene]).await;
    let session = bureau
        .try_schedule(json!({"bundle": bundle}))
        .await
        .unwrap();
    let path = format!("/api/v1/sessions/{session}");
    let before = bureau.api("reviewer").get(&path).await;
    assert_eq!(before.status(), StatusCode::OK);
    let recuse = json!({
        "type": "record_recusal", "person": bureau.id("reviewer"), "reason": "亲属关系。",
    });
    bureau.act(&hygiene, "chair", recuse).await;
    let after = bureau.api("reviewer").get(&path).await;
    assert_eq!(after.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn cases_of_two_applicants_are_not_surveyed_together() {
    let server = TestServer::start().await;
    let bureau = Bureau::open(&server).await;
    let food = bureau
        .accepted("food_catering", "13911110014", &staff("chair"))
        .await;
    let other = bureau
        .accepted("hygiene_beauty", "13911110015", &staff("chair"))
        .await;
    let bundle = bureau.bundle(&[&food, &other]).await;
    let refused = bureau.try_schedule(json!({"bundle": bundle})).await;
    assert_eq!(refused.unwrap_err(), "cases_differ");
    assert_eq!(bureau.count(&food, "session_scheduled").await, 0);
    let last = bureau.bundle_events(&bundle).await.pop().unwrap();
    assert_ne!(last["type"], "survey_scheduled");
}
