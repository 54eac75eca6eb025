use axum::http::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Answer, TestApp};

const PHONE: &str = "13800000005";

async fn case_no(app: &TestApp) -> String {
    let session = app.services.store.session(&app.seeded.sessions["journey"]);
    session.await.unwrap().unwrap().case_no
}

async fn ask(app: &TestApp, case_no: &str, phone: &str) -> Answer {
    let body = json!({"case_no": case_no, "phone": phone});
    app.post("/api/v1/status", "", body).await
}

async fn answer(app: &TestApp, request: &Value, code: &str) -> Answer {
    let body = json!({"request": request, "code": code});
    app.post("/api/v1/status/answer", "", body).await
}

#[test]
fn every_state_has_words_in_both_languages() {
    let source = include_str!("../../domain/src/case/stage.rs");
    let names = source.split_once("pub const fn name").unwrap().1;
    let names = names.split_once("\n    }\n").unwrap().0;
    let mut known: Vec<String> = names
        .split('"')
        .skip(1)
        .step_by(2)
        .map(ToOwned::to_owned)
        .collect();
    assert!(known.len() > 10);
    for stage in ["scheduled", "lobby", "live", "suspended", "ended", "closed"] {
        known.push(format!("session_{stage}"));
    }
    for state in &known {
        for lang in [Lang::Zh, Lang::En] {
            let (title, next) = words(state, lang);
            assert!(!title.is_empty() && !next.is_empty(), "{state}");
        }
    }
    assert_eq!(all().len(), known.len());
}

#[tokio::test]
async fn number_and_phone_lead_to_a_code_and_the_code_to_the_state() {
    let app = TestApp::new().await;
    let case_no = case_no(&app).await;
    let asked = ask(&app, &case_no, "+86 138-0000-0005").await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    look_up(&app.services).await.unwrap();
    let code = app.last_code(PHONE).await;
    let request = &asked.json()["request"];
    let standing = answer(&app, request, &code).await;
    assert_eq!(standing.status, StatusCode::OK, "{standing:?}");
    let standing = standing.json();
    assert_eq!(standing["case_no"], case_no.as_str());
    assert!(!standing["title"].as_str().unwrap().is_empty());
    // Used up.
    assert_eq!(answer(&app, request, &code).await.code(), "code_expired");
    let noted = app.services.store.attempts(3).await.unwrap();
    let noted: Vec<_> = noted
        .iter()
        .map(|one| {
            let (action, subject) = (one.action.as_str(), one.subject.as_str());
            (action, subject, one.outcome.as_str())
        })
        .collect();
    assert_eq!(
        noted,
        [
            ("status_answer", "", "failed"),
            ("status_answer", case_no.as_str(), "ok"),
            ("status_ask", case_no.as_str(), "asked"),
        ]
    );
}

#[tokio::test]
async fn who_guesses_learns_nothing() {
    let app = TestApp::new().await;
    let case_no = case_no(&app).await;
    // The right pair, a wrong phone, a wrong number: one answer, and one way to be wrong.
    let mut shapes = Vec::new();
    for (number, phone) in [
        (case_no.as_str(), PHONE),
        (case_no.as_str(), "13900000000"),
        ("none", PHONE),
    ] {
        let asked = ask(&app, number, phone).await;
        let request = asked.json()["request"].clone();
        let before = answer(&app, &request, "000000").await;
        look_up(&app.services).await.unwrap();
        let mut shape = vec![(asked.status, asked.bytes.len(), String::new(), before.bytes)];
        for _ in 0..5 {
            let tried = answer(&app, &request, "000000").await;
            shape.push((tried.status, tried.bytes.len(), tried.code(), tried.bytes));
        }
        shapes.push(shape);
    }
    assert_eq!(shapes[0], shapes[1]);
    assert_eq!(shapes[0], shapes[2]);
    assert_eq!(shapes[0][5].2, "code_expired", "five tries and no more");
    assert_eq!(app.services.notices.deliver_due().await.unwrap(), 1);
}

#[tokio::test]
async fn staff_of_a_case_are_not_its_applicants() {
    let app = TestApp::new().await;
    let case_no = case_no(&app).await;
    let surveyor = app.seeded.people["surveyor_1"].phone.clone();
    ask(&app, &case_no, &surveyor).await;
    look_up(&app.services).await.unwrap();
    assert_eq!(app.services.notices.deliver_due().await.unwrap(), 0);
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let app = TestApp::new().await;
    let asked = ask(&app, &case_no(&app).await, PHONE).await.json();
    look_up(&app.services).await.unwrap();
    let code = app.last_code(PHONE).await;
    app.env.pass(10 * 60);
    let late = answer(&app, &asked["request"], &code).await;
    assert_eq!(late.code(), "code_expired");
    look_up(&app.services).await.unwrap();
}

#[tokio::test]
async fn questions_are_limited_by_number_and_by_address() {
    let app = TestApp::new().await;
    let case_no = case_no(&app).await;
    for _ in 0..5 {
        assert_eq!(
            ask(&app, &case_no, PHONE).await.status,
            StatusCode::ACCEPTED
        );
    }
    // Whatever the phone, and so nobody learns from it which one is right.
    for phone in [PHONE, "13900000000"] {
        assert_eq!(ask(&app, &case_no, phone).await.code(), "too_many_requests");
    }
    let mut refused = 0;
    for number in 0..40 {
        let other = ask(&app, &format!("other-{number}"), PHONE).await;
        refused += usize::from(other.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 0, "one address may try every number");
}
