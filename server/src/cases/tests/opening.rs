//! Who opens a case, and what keeps it from being opened.

use axum::body::Body;
use axum::http::{StatusCode, header};
use kanjie_domain::Role;
use serde_json::{Value, json};

use super::access::account;
use super::desk::{Desk, text};
use crate::testing::post;

/// A request to open a case of this applicant, through these agents.
fn opening(applicant: &Value, agents: &[Value]) -> Value {
    json!({
        "item": "food_catering", "applicant": applicant, "agents": agents,
        "brief": {
            "applicant": "示例公司", "uscc": "91000000MA0000000X", "address": "示例路1号",
            "authority": "示例区行政审批局", "contact": "010-00000000",
        },
    })
}

#[tokio::test]
async fn an_agent_opens_a_case_for_whom_he_names_and_acts_in_it() {
    let desk = Desk::open().await;
    let (agent, cookie) = account(&desk, "agent9", &[Role::Agent]).await;
    let applicant = json!(desk.app.seeded.people["applicant"].person);
    let open = async |body| desk.app.post("/api/v1/cases", &cookie, body).await;
    let made = open(opening(&applicant, &[json!(agent.id)])).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let case = text(&made.json()["case"]);
    let view = desk
        .app
        .get(&format!("/api/v1/cases/{case}"), &cookie)
        .await;
    assert_eq!(view.json()["my_roles"], json!(["agent"]));
    // Through another agent, or none, it is no business of his.
    let other = json!(desk.app.seeded.people["other_applicant"].person);
    for agents in [&[][..], &[other]] {
        assert_eq!(
            open(opening(&applicant, agents)).await.code(),
            "not_allowed"
        );
    }
}

#[tokio::test]
async fn who_or_what_is_not_there_is_named() {
    let desk = Desk::open().await;
    let applicant = json!(desk.app.seeded.people["applicant"].person);
    let nobody = json!("0195d000-0000-7000-8000-000000000009");
    let open = async |cookie: &str, body| desk.app.post("/api/v1/cases", cookie, body).await;
    for (body, missing) in [
        (opening(&nobody, &[]), "applicant"),
        (opening(&applicant, std::slice::from_ref(&nobody)), "agents"),
    ] {
        let answer = open(&desk.handler, body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::CONFLICT, "value_invalid")
        );
        assert_eq!(answer.json()["missing"], json!([missing]));
    }
    let mut unknown = opening(&applicant, &[]);
    unknown["item"] = json!("no_such_item");
    assert_eq!(open(&desk.handler, unknown).await.code(), "value_invalid");
    // To make somebody known is for a window.
    let (agent, cookie) = account(&desk, "agent9", &[Role::Agent]).await;
    let new = json!({"name": "示例申请人", "phone": "13912340000"});
    let answer = open(&cookie, opening(&new, &[json!(agent.id)])).await;
    assert_eq!(answer.code(), "not_allowed");
    let nameless = json!({"name": " ", "phone": "13912340000"});
    assert_eq!(
        open(&desk.handler, opening(&nameless, &[])).await.code(),
        "malformed"
    );
}

#[tokio::test]
async fn an_act_on_an_empty_version_is_malformed_and_nothing_is_done() {
    let desk = Desk::open().await;
    let case = desk.accepted("food_catering", 1).await;
    let before = desk.events(&case, &desk.handler).await.len();
    let path = format!("/api/v1/cases/{}/acts", case.case);
    let note = json!({"command": {"type": "note_review", "text": "x"}});
    let mut request: axum::http::Request<Body> = post(&path, &desk.handler, note);
    request
        .headers_mut()
        .insert(header::IF_MATCH, "".parse().unwrap());
    let answer = desk.app.send(request).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::BAD_REQUEST, "malformed")
    );
    assert_eq!(desk.events(&case, &desk.handler).await.len(), before);
}
