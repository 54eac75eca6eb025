//! From the first material to acceptance, with the papers that go with it.

use axum::http::StatusCode;
use kanjie_documents::Attestation;
use kanjie_evidence::h;
use serde_json::{Value, json};

use super::desk::{Desk, submission, text};

#[tokio::test]
async fn r01_one_notice_with_its_paper_and_no_second_one() {
    let desk = Desk::open().await;
    let case = desk.case("food_catering", 1).await;
    desk.hand_in(&case, &["layout"]).await;
    let notice = |materials: &[&str]| {
        let missing: Vec<_> = materials
            .iter()
            .map(|material| json!({"material": material, "what": "请补交。"}))
            .collect();
        json!({"type": "give_notice", "missing": missing, "contact": "010-00000000"})
    };
    let not_listed = desk.refused(&case, notice(&["layout", "poem"])).await;
    assert_eq!(not_listed, "material_not_listed");
    assert_eq!(
        desk.refused(&case, notice(&["form"])).await,
        "notice_incomplete"
    );
    let seq = desk.act(&case, notice(&["layout"])).await;
    assert_eq!(
        desk.refused(&case, notice(&["layout"])).await,
        "already_noticed"
    );
    desk.settle().await;
    let papers = desk.papers(&case, &desk.handler).await;
    assert_eq!(papers.len(), 1);
    assert_eq!(papers[0]["kind"], "one_time_notice");
    assert_eq!(papers[0]["seq"], seq);
    let path = format!(
        "/api/v1/cases/{}/papers/{seq}/one_time_notice.pdf",
        case.case
    );
    let pdf = desk.app.get(&path, &desk.handler).await;
    assert_eq!(pdf.status, StatusCode::OK);
    assert_eq!(h(&[&pdf.bytes]).to_string(), text(&papers[0]["pdf_digest"]));
    let told = desk.told(&case.phone).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains(&case.case_no) && told[0].contains("1 项"));
    // The corrections come in, and it is answered anew.
    desk.submit(&case, "layout").await;
    desk.act(&case, json!({"type": "receive"})).await;
    desk.act(&case, json!({"type": "accept"})).await;
    assert_eq!(desk.stage(&case).await, "accepted");
}

#[tokio::test]
async fn r03_an_acceptance_names_the_slip_that_was_made_before_it() {
    let desk = Desk::open().await;
    let case = desk.accepted("drug_retail", 1).await;
    let events = desk.events(&case, &desk.handler).await;
    let accepted = events.iter().find(|event| event["type"] == "accepted");
    let slip = &accepted.unwrap()["slip"];
    let digest = text(&slip["pdf_digest"]);
    let data = &desk.app.services.config.data;
    let pdf = std::fs::read(crate::cases::papers::path(data, &case.case, &digest, "pdf")).unwrap();
    assert_eq!(h(&[&pdf]).to_string(), digest);
    assert!(pdf.starts_with(b"%PDF-"));
    desk.settle().await;
    let papers = desk.papers(&case, &desk.handler).await;
    assert_eq!(papers.len(), 1);
    assert_eq!(papers[0]["pdf_digest"], digest.as_str());
    assert_eq!(papers[0]["number"], slip["number"]);
    assert_eq!(desk.told(&case.phone).await.len(), 1);
    // What the code at its foot says holds by the server's own key.
    let signer = &desk.app.services.signer;
    let message = Attestation::message(&text(&papers[0]["content_digest"]));
    let signature = signer.sign(&message);
    assert!(kanjie_evidence::key::verify(
        &signer.public(),
        &message,
        &signature
    ));
}

#[tokio::test]
async fn r03_a_refusal_to_accept_has_its_slip_too() {
    let desk = Desk::open().await;
    let case = desk.case("outdoor_ad", 1).await;
    desk.hand_in(&case, &[]).await;
    let mut command = json!({
        "type": "not_accept", "reason": "不属于本机关职权范围。", "basis": "《行政许可法》第三十二条",
        "next_step": "", "contact": "010-00000000",
    });
    assert_eq!(
        desk.refused(&case, command.clone()).await,
        "next_step_missing"
    );
    command["next_step"] = json!("请向有权机关申请。");
    desk.act(&case, command).await;
    desk.settle().await;
    let papers = desk.papers(&case, &desk.handler).await;
    assert_eq!(papers[0]["kind"], "non_acceptance");
    assert_eq!(desk.stage(&case).await, "not_accepted");
}

/// Received on Tuesday 24 November: the fifth working day after it is Tuesday 1 December.
#[tokio::test]
async fn r02_time_itself_accepts_a_case_that_nobody_answers() {
    let desk = Desk::open().await;
    let case = desk.case("food_catering", 1).await;
    desk.hand_in(&case, &[]).await;
    let desk = desk.days_later(7).await;
    desk.settle().await;
    assert_eq!(desk.stage(&case).await, "received");
    let desk = desk.days_later(1).await;
    desk.settle().await;
    let events = desk.events(&case, &desk.handler).await;
    let accepted: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "accepted")
        .collect();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0]["route"], "deemed");
    assert_eq!(accepted[0]["on"], "2026-11-24");
    let papers = desk.papers(&case, &desk.handler).await;
    assert_eq!(papers[0]["kind"], "acceptance");
}

/// R45: what one case found blocks the next application of the same applicant for the same item.
#[tokio::test]
async fn r45_false_material_blocks_the_next_application() {
    let desk = Desk::open().await;
    let first = desk.accepted("food_catering", 1).await;
    let other_item = desk.case("outdoor_ad", 3).await;
    let find =
        json!({"type": "find_false_material", "material": "form", "finding": "签名系伪造。"});
    let surveyor = desk.try_act(&first, &desk.handler, find.clone()).await;
    assert_eq!(surveyor.code(), "not_allowed");
    desk.act_as(&first, &desk.approver, find).await;
    let next = desk.case("food_catering", 2).await;
    desk.hand_in(&next, &[]).await;
    let events = desk.events(&next, &desk.handler).await;
    let noted = events.iter().find(|event| event["type"] == "bar_noted");
    assert_eq!(noted.unwrap()["of"], first.case.as_str());
    assert_eq!(noted.unwrap()["until"], "2027-11-24");
    let accept = json!({"type": "accept"});
    assert_eq!(
        desk.refused(&next, accept.clone()).await,
        "application_barred"
    );
    desk.hand_in(&other_item, &[]).await;
    desk.act(&other_item, accept).await;
}

#[tokio::test]
async fn two_windows_at_once_write_one_after_the_other() {
    let desk = Desk::open().await;
    let case = desk.case("food_catering", 1).await;
    let acts = (0..8).map(|n| {
        let note = json!({"type": "note_review", "text": format!("第{n}条")});
        desk.try_act(&case, &desk.handler, note)
    });
    let answers = futures_util::future::join_all(acts).await;
    let mut seqs: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .map(|answer| answer.json()["seq"].as_u64().unwrap())
        .collect();
    // Whoever lost every race was told so, and nothing of his was written.
    for answer in answers.iter().filter(|a| a.status != StatusCode::OK) {
        assert_eq!(answer.code(), "busy");
    }
    seqs.sort_unstable();
    let expected: Vec<_> = (3..3 + seqs.len() as u64).collect();
    assert_eq!(seqs, expected);
    let notes = desk.events(&case, &desk.handler).await;
    let notes = notes.iter().filter(|event| event["type"] == "review_noted");
    assert_eq!(notes.count(), seqs.len());
}

#[tokio::test]
async fn a_submission_names_a_whole_upload_of_the_caller_to_this_very_case() {
    let desk = Desk::open().await;
    let case = desk.case("food_catering", 1).await;
    let elsewhere = desk.case_of(&case, "food_catering").await;
    let mine = desk.upload(&case, &desk.handler, "form").await;
    let digest = text(&mine["sha256"]);
    assert_eq!(digest, h(&[b"%PDF-1.7\n% form\n"]).to_string());
    let others = desk.upload(&case, &desk.approver, "other").await;
    let of_other_case = desk.upload(&elsewhere, &desk.handler, "third").await;
    let with = |key: &str, value: Value| {
        let mut file = mine.clone();
        file[key] = value;
        file
    };
    for file in [
        others.clone(),
        of_other_case,
        with("sha256", json!("2".repeat(64))),
        with("bytes", json!(1)),
        with("media_type", json!("image/png")),
    ] {
        let said = desk.refused(&case, submission("form", &file)).await;
        assert_eq!(said, "material_not_uploaded", "{file}");
    }
    let submitted = |events: Vec<Value>| {
        let of = |event: &Value| event["type"] == "material_submitted";
        events.into_iter().find(of)
    };
    let before = desk.events(&case, &desk.handler).await;
    assert_eq!(submitted(before), None);
    // What he calls it is his own affair; what it is, is not.
    let named = with("name", json!("申请书.pdf"));
    desk.act(&case, submission("form", &named)).await;
    let entry = submitted(desk.events(&case, &desk.handler).await).unwrap();
    assert_eq!(entry["file"], named);
    // And the other may submit his.
    desk.act_as(&case, &desk.approver, submission("layout", &others))
        .await;
}
