//! Several cases on one clock: what one journal says, the others say with it.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::desk::{Desk, text};

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
