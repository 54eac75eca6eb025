//! The applicant reaches his case by a personal link from the day on which it is opened.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::desk::{Desk, Made, text};
use crate::testing::Answer;

/// The token of the link to the case that went to its applicant.
async fn token(desk: &Desk, case: &Made) -> String {
    desk.settle().await;
    let sent = desk.sent(&case.phone).await;
    let opened = format!("办件 {}已登记", case.case_no);
    let opened = sent.iter().find(|text| text.contains(&opened)).unwrap();
    let (_, rest) = opened.split_once("/#/l/").unwrap();
    rest.split(' ').next().unwrap().to_owned()
}

async fn post(desk: &Desk, path: &str, body: Value) -> Answer {
    desk.app.post(path, "", body).await
}

/// Comes in by the link and the code on the phone; the cookie.
async fn come_in(desk: &Desk, case: &Made) -> String {
    let token = token(desk, case).await;
    let sent = post(desk, "/api/v1/links/code", json!({"token": token})).await;
    assert_eq!(sent.status, StatusCode::NO_CONTENT, "{sent:?}");
    let code = desk.app.last_code(&case.phone).await;
    let proof = json!({"token": token, "code": code, "device": "test"});
    let entered = post(desk, "/api/v1/links/verify", proof).await;
    assert_eq!(entered.status, StatusCode::OK, "{entered:?}");
    let me = entered.json();
    assert_eq!(
        (&me["link_case"], &me["link_session"]),
        (&json!(case.case), &Value::Null)
    );
    assert_eq!((&me["sessions"], &me["roles"]), (&json!([]), &json!([])));
    entered.cookie()
}

#[tokio::test]
async fn the_link_says_little_and_a_preview_uses_nothing_up() {
    let desk = Desk::open().await;
    let case = desk.case("food_catering", 1).await;
    let token = token(&desk, &case).await;
    for _preview in 0..3 {
        let shown = post(&desk, "/api/v1/links/open", json!({"token": token})).await;
        let shown = shown.json();
        assert_eq!(shown["case"], json!(case.case));
        assert_eq!(shown["case_no"], json!(case.case_no));
        assert_eq!(shown["phone_masked"], "139****0001");
        assert!(shown.get("session").is_none() && shown.get("starts_at").is_none());
    }
    // A code is asked for, and it is that of this link.
    let guess = json!({"token": token, "code": "123456", "device": "test"});
    let guess = post(&desk, "/api/v1/links/verify", guess).await;
    assert_eq!(guess.code(), "code_expired");
}

#[tokio::test]
async fn by_it_the_applicant_hands_in_follows_and_reads_before_there_is_a_session() {
    let desk = Desk::open().await;
    let case = desk.case("food_catering", 1).await;
    let cookie = come_in(&desk, &case).await;
    let view = desk.view(&case, &cookie).await.json();
    assert_eq!(view["my_roles"], json!(["applicant"]));
    assert_eq!(view["course"]["stage"], "pre_review");
    desk.submit_as(&case, &cookie, "form").await;
    let view = desk.view(&case, &cookie).await.json();
    assert_eq!(view["course"]["materials"]["form"], "submitted");
    // An act that needs a second factor gets its code on the phone.
    desk.act(&case, json!({"type": "check_credit", "standing": "clear"}))
        .await;
    let commit = json!({"type": "commit", "sha256": "3".repeat(64)});
    let without = desk.try_act(&case, &cookie, commit.clone()).await;
    assert_eq!(without.code(), "factor_needed");
    let sent = desk.app.post("/api/v1/codes", &cookie, json!({})).await;
    assert_eq!(sent.status, StatusCode::NO_CONTENT);
    let code = desk.app.last_code(&case.phone).await;
    let path = format!("/api/v1/cases/{}/acts", case.case);
    let body = json!({"command": commit, "factor": code});
    let done = desk.app.post(&path, &cookie, body).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");

    let accepted = desk.accepted("food_catering", 2).await;
    let cookie = come_in(&desk, &accepted).await;
    let papers = desk.papers(&accepted, &cookie).await;
    assert_eq!(text(&papers[0]["kind"]), "acceptance");
    let path = format!(
        "/api/v1/cases/{}/papers/{}/acceptance.pdf",
        accepted.case, papers[0]["seq"]
    );
    assert!(
        desk.app
            .get(&path, &cookie)
            .await
            .bytes
            .starts_with(b"%PDF")
    );
}

#[tokio::test]
async fn by_it_the_calendar_of_the_phone_gets_the_appointment() {
    let desk = Desk::open().await;
    let case = desk.accepted("food_catering", 1).await;
    let cookie = come_in(&desk, &case).await;
    let path = format!("/api/v1/cases/{}/calendar", case.case);
    assert_eq!(desk.app.get(&path, &cookie).await.code(), "not_found");
    let from = crate::env::Env::now(&*desk.app.env) + 24 * 3_600_000_000;
    let slot = json!({"from": from, "until": from + 3_600_000_000_i64});
    desk.act(&case, json!({"type": "offer_appointment", "slots": [slot]}))
        .await;
    let confirm = json!({"type": "confirm_appointment", "slot": slot});
    desk.act_as(&case, &cookie, confirm).await;
    let file = async || {
        let answer = desk.app.get(&path, &cookie).await;
        assert_eq!(
            answer.header("content-type"),
            "text/calendar; charset=utf-8"
        );
        String::from_utf8(answer.bytes).unwrap()
    };
    let shown = file().await;
    for line in [
        "DTSTART:20261125T090000Z",
        "DTEND:20261125T100000Z",
        "STATUS:CONFIRMED",
        "SEQUENCE:0",
    ] {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
    assert!(shown.contains(&format!("UID:{}@", case.case)) && shown.contains("勘验预约"));
    let cancel = json!({"type": "cancel_appointment", "reason": "示例"});
    desk.act_as(&case, &cookie, cancel).await;
    let off = file().await;
    assert!(
        off.contains("STATUS:CANCELLED") && off.contains("SEQUENCE:1"),
        "{off}"
    );
    // Nobody else has it.
    assert_eq!(desk.app.get(&path, &desk.handler).await.code(), "not_found");
}

#[tokio::test]
async fn it_opens_no_other_case_no_list_and_no_session() {
    let desk = Desk::open().await;
    let case = desk.accepted("food_catering", 1).await;
    // His own as well: each case has its link.
    let other = desk.case_of(&case, "outdoor_ad").await;
    let cookie = come_in(&desk, &case).await;
    assert_eq!(desk.view(&other, &cookie).await.code(), "not_found");
    let withdraw = json!({"type": "withdraw", "reason": "示例"});
    assert_eq!(
        desk.try_act(&other, &cookie, withdraw).await.code(),
        "not_found"
    );
    let starts_at = crate::env::Env::now(&*desk.app.env) + 1_000_000;
    let new = json!({"case": case.case, "mode": "remote", "starts_at": starts_at});
    let made = desk
        .app
        .post("/api/v1/sessions", &desk.handler, new.clone())
        .await
        .json();
    let session = text(&made["session"]);
    for path in [
        String::from("/api/v1/cases"),
        format!("/api/v1/sessions/{session}"),
        format!("/api/v1/sessions/{session}/journal"),
        format!("/api/v1/notices?case={}", case.case),
        String::from("/api/v1/webhooks"),
    ] {
        assert_eq!(
            desk.app.get(&path, &cookie).await.code(),
            "not_found",
            "{path}"
        );
    }
    let scheduled = desk.app.post("/api/v1/sessions", &cookie, new).await;
    assert!(!scheduled.status.is_success());
    let body = json!({"item": "food_catering", "applicant": case.applicant, "brief": {
        "applicant": "x", "uscc": "91000000MA0000000X", "address": "x", "authority": "x", "contact": "x",
    }});
    let opened = desk.app.post("/api/v1/cases", &cookie, body).await;
    assert_eq!(opened.code(), "not_allowed");
}

#[tokio::test]
async fn an_administrator_ends_it_and_whoever_came_by_it() {
    let desk = Desk::open().await;
    let case = desk.case("food_catering", 1).await;
    let cookie = come_in(&desk, &case).await;
    let administrator = desk.app.administrator().await;
    let end = async |body| {
        desk.app
            .post("/api/v1/links/revoke", &administrator, body)
            .await
    };
    let both = json!({"session": "s", "case": case.case, "person": case.applicant});
    for malformed in [both, json!({"person": case.applicant})] {
        assert_eq!(end(malformed).await.code(), "malformed");
    }
    let ended = end(json!({"case": case.case, "person": case.applicant})).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{ended:?}");
    assert_eq!(desk.view(&case, &cookie).await.code(), "sign_in_needed");
    let token = json!({"token": token(&desk, &case).await});
    assert_eq!(
        post(&desk, "/api/v1/links/open", token).await.code(),
        "link_invalid"
    );
}
