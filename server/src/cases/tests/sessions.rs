//! A session from its case: who is called to it, how they come in, and what both journals say.

use axum::http::StatusCode;
use kanjie_store::JournalId;
use serde_json::{Value, json};

use super::desk::{Desk, Made, text};

pub async fn schedule(desk: &Desk, case: &Made, more: Value) -> crate::testing::Answer {
    let mut body = json!({
        "case": case.case, "mode": "remote",
        "starts_at": desk.app.services.env.now() + 3_600_000_000_i64,
    });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    desk.app.post("/api/v1/sessions", &desk.handler, body).await
}

pub async fn staffed(desk: &Desk, number: u32) -> Made {
    let case = desk.accepted("hygiene_beauty", number).await;
    for (who, role) in [
        ("surveyor_1", "surveyor"),
        ("surveyor_2", "surveyor"),
        ("chair", "chair"),
        ("chair", "approver"),
    ] {
        let person = &desk.app.seeded.people[who].person;
        let assign = json!({"type": "assign_staff", "person": person, "role": role});
        desk.act_as(&case, &desk.approver, assign).await;
    }
    case
}

#[tokio::test]
async fn both_journals_begin_in_one_transaction_and_the_link_goes_to_the_phone() {
    let desk = Desk::open().await;
    let case = staffed(&desk, 1).await;
    let answer = schedule(&desk, &case, json!({})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let session = text(&answer.json()["session"]);
    let events = desk.events(&case, &desk.handler).await;
    assert_eq!(events[events.len() - 2]["type"], "review_begun");
    assert_eq!(events[events.len() - 1]["type"], "session_scheduled");
    let journal = JournalId::Session(session.clone());
    let first = desk
        .app
        .services
        .store
        .entries(&journal, 0, 9)
        .await
        .unwrap();
    assert_eq!(first.len(), 1);
    let body: Value = serde_json::from_str(first[0].body().unwrap()).unwrap();
    let participants = body["event"]["participants"].as_array().unwrap();
    assert_eq!(participants.len(), 4);
    assert_eq!(body["event"]["case"], case.case.as_str());
    let me = desk.app.get("/api/v1/me", &desk.approver).await.json();
    let mut sessions = me["sessions"].as_array().unwrap().iter();
    let mine = sessions.find(|of| of["id"] == session.as_str()).unwrap();
    assert_eq!(mine["my_roles"], json!(["chair", "approver"]));

    desk.settle().await;
    desk.settle().await;
    let told = desk.told(&case.phone).await;
    let links: Vec<_> = told.iter().filter(|text| text.contains("/#/l/")).collect();
    assert_eq!(links.len(), 1, "{told:?}");
    let token = links[0].split_once("/#/l/").unwrap().1;
    let token = token.split(' ').next().unwrap();
    let opened = desk
        .app
        .post("/api/v1/links/open", "", json!({"token": token}))
        .await;
    assert_eq!(opened.json()["session"], session.as_str());
    // The next one waits for the result of this one.
    assert_eq!(schedule(&desk, &case, json!({})).await.code(), "not_ended");
}

#[tokio::test]
async fn nobody_is_called_as_what_he_is_not() {
    let desk = Desk::open().await;
    let case = staffed(&desk, 1).await;
    let people = &desk.app.seeded.people;
    let call = |who: &str, roles: Value| json!({"participants": [{"person": people[who].person, "roles": roles}]});
    for wrong in [
        call("applicant", json!(["surveyor"])),
        call("expert", json!(["expert"])),
        call("surveyor_1", json!(["approver"])),
        call("surveyor_1", json!(["helper"])),
        call("supervisor", json!(["chair"])),
        call("supervisor", json!(["administrator"])),
        json!({"participants": [{"person": case.applicant, "roles": ["surveyor"]}]}),
        json!({"participants": [{"person": "nobody", "roles": ["helper"]}]}),
    ] {
        let answer = schedule(&desk, &case, wrong.clone()).await;
        assert_eq!(answer.code(), "not_a_participant", "{wrong}");
    }
    let raw = json!({"type": "schedule_session", "session": "x", "items": []});
    assert_eq!(desk.refused(&case, raw).await, "not_allowed");
    let call = call("supervisor", json!(["supervisor"]));
    let answer = schedule(&desk, &case, call).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
}

#[tokio::test]
async fn a_session_waits_for_the_acceptance() {
    let desk = Desk::open().await;
    let case = desk.case("hygiene_beauty", 1).await;
    let answer = schedule(&desk, &case, json!({})).await;
    assert_eq!(answer.code(), "case_not_accepted");
    let stranger = desk.app.come_in("applicant", "journey").await;
    let body = json!({"case": case.case, "mode": "remote", "starts_at": 1});
    let answer = desk.app.post("/api/v1/sessions", &stranger, body).await;
    assert_eq!(answer.code(), "not_found");
}
