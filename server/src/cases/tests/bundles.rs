//! Several cases on one clock: what one journal says, the others say with it.

use axum::http::StatusCode;
use kanjie_domain::event::Clock;
use kanjie_domain::{Actor, Event};
use serde_json::{Value, json};

use super::desk::{Desk, Made, text};
use crate::rooms::journal::{JournalError, SessionJournal};

#[tokio::test]
async fn r06_cases_and_their_bundle_move_together() {
    let desk = Desk::open().await;
    let (food, sign) = (
        desk.accepted("food_catering", 1).await,
        desk.case("outdoor_ad", 2).await,
    );
    let body = json!({
        "title": "我要开餐馆（示例）", "lead_department": "示例区行政审批局",
        "cases": [
            {"case": food.case, "department": "示例区市场监督管理局"},
            {"case": sign.case, "department": "示例区城市管理局"},
        ],
    });
    let made = desk
        .app
        .post("/api/v1/bundles", &desk.handler, body.clone())
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let bundle = text(&made.json()["bundle"]);
    let path = format!("/api/v1/bundles/{bundle}");
    let standing = |view: &Value, at: usize| text(&view["cases"][at]["standing"]["state"]);
    let view = desk.app.get(&path, &desk.supervisor).await.json();
    assert_eq!(standing(&view, 0), "accepted");
    assert_eq!(standing(&view, 1), "awaited");
    assert_eq!(view["due"], Value::Null);
    let again = desk.app.post("/api/v1/bundles", &desk.handler, body).await;
    assert_eq!(again.code(), "already_exists");

    desk.hand_in(&sign, &[]).await;
    desk.act(&sign, json!({"type": "accept"})).await;
    let view = desk.app.get(&path, &desk.handler).await.json();
    assert_eq!(standing(&view, 1), "accepted");
    let due = text(&view["due"]);
    let extend = json!({"command": {
        "type": "extend", "days": 15, "reason": "案情复杂。",
        "notice": {"sha256": "4".repeat(64), "method": "electronic"},
        "government": {"name": "示例负责人", "document": "示例批〔2026〕1号"},
    }});
    let acts = format!("{path}/acts");
    let surveyor = desk.app.post(&acts, &desk.handler, extend.clone()).await;
    assert_eq!(surveyor.code(), "not_allowed");
    let done = desk.app.post(&acts, &desk.approver, extend).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    for case in [&food, &sign] {
        let events = desk.events(case, &desk.handler).await;
        let last = events.last().unwrap();
        assert_eq!(last["type"], "extended");
        assert_eq!(last["government"]["name"], "示例负责人");
        let view = desk.view(case, &desk.handler).await.json();
        assert_eq!(view["course"]["bundle"], bundle.as_str());
    }
    let view = desk.app.get(&path, &desk.handler).await.json();
    assert!(text(&view["due"]) > due);
    let stranger = desk.app.come_in("applicant", "journey").await;
    for tail in ["", "/journal"] {
        let answer = desk.app.get(&format!("{path}{tail}"), &stranger).await;
        assert_eq!(answer.code(), "not_found");
    }
}

/// Two accepted cases of one applicant in one bundle, with their session.
async fn surveyed_together(desk: &Desk) -> ([Made; 2], String, String) {
    let food = desk.accepted("food_catering", 1).await;
    let hygiene = desk.case_of(&food, "hygiene_beauty").await;
    desk.hand_in(&hygiene, &[]).await;
    desk.act(&hygiene, json!({"type": "accept"})).await;
    for case in [&food, &hygiene] {
        for (who, role) in [("surveyor_1", "surveyor"), ("chair", "approver")] {
            let person = &desk.app.seeded.people[who].person;
            let assign = json!({"type": "assign_staff", "person": person, "role": role});
            desk.act_as(case, &desk.approver, assign).await;
        }
    }
    let cases =
        [&food, &hygiene].map(|case| json!({"case": case.case, "department": "示例区行政审批局"}));
    let body = json!({
        "title": "我要开店（示例）", "lead_department": "示例区行政审批局", "cases": cases,
    });
    let made = desk.app.post("/api/v1/bundles", &desk.handler, body).await;
    let bundle = text(&made.json()["bundle"]);
    let body = json!({"bundle": bundle, "mode": "hybrid", "starts_at": 4_000_000_000_000_000_i64});
    let made = desk.app.post("/api/v1/sessions", &desk.handler, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    ([food, hygiene], bundle, text(&made.json()["session"]))
}

#[tokio::test]
async fn one_session_begins_in_every_case_and_in_their_bundle_and_nobody_is_invited_twice() {
    let desk = Desk::open().await;
    let ([food, hygiene], bundle, session) = surveyed_together(&desk).await;
    for case in [&food, &hygiene] {
        let events = desk.events(case, &desk.handler).await;
        let last = events.last().unwrap();
        assert_eq!(last["type"], "session_scheduled");
        assert_eq!(last["session"], session.as_str());
    }
    let path = format!("/api/v1/bundles/{bundle}");
    let view = desk.app.get(&path, &desk.handler).await.json();
    assert_eq!(
        view["survey"],
        json!({"state": "scheduled", "session": session})
    );
    desk.settle().await;
    let told = desk.told(&food.phone).await;
    let links = told.iter().filter(|text| text.contains("/#/l/"));
    assert_eq!(links.count(), 1, "{told:#?}");
    let path = format!("/api/v1/sessions/{session}");
    let brief = desk.app.get(&path, &desk.approver).await.json();
    let case_no = text(&brief["case_no"]);
    assert_eq!(case_no, format!("{}、{}", food.case_no, hygiene.case_no));
}

/// What a session's decision read of any of its cases is checked when it is written.
#[tokio::test]
async fn r16_a_recusal_in_the_second_case_stops_what_was_decided_on_older_facts() {
    let desk = Desk::open().await;
    let ([_, hygiene], _, session) = surveyed_together(&desk).await;
    let services = &desk.app.services;
    let journal = SessionJournal::load(services.store.clone(), &session).await;
    let mut journal = journal.unwrap();
    let chair = &desk.app.seeded.people["chair"].person;
    assert!(!journal.facts().is_recused(chair));
    let aside = json!({"type": "record_recusal", "person": chair, "reason": "有利害关系。"});
    desk.act_as(&hygiene, &desk.approver, aside).await;
    let opened = Event::LobbyOpened {
        clock: Clock::Kept {
            how: String::from("示例"),
        },
    };
    let batch = vec![(Actor::Person(chair.clone()), opened)];
    let at = services.env.now();
    let late = journal.append(services, at, batch, Vec::new()).await;
    assert!(matches!(late, Err(JournalError::Conflict)));
    journal.reload().await.unwrap();
    assert!(journal.facts().is_recused(chair));
}
