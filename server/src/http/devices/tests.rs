use axum::http::StatusCode;
use kanjie_domain::{PersonId, Role};
use kanjie_store::Person;
use serde_json::{Value, json};

use crate::cli::add_staff;
use crate::testing::TestApp;

async fn devices(app: &TestApp, cookie: &str) -> Vec<Value> {
    let answer = app.get("/api/v1/me/devices", cookie).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json().as_array().unwrap().clone()
}

/// An administrator, signed in past the door.
async fn administrator(app: &TestApp) -> String {
    let id = PersonId(String::from("administrator"));
    let person = Person {
        id: id.clone(),
        name: String::from("示例管理员"),
        organisation: String::from("示例区行政审批局"),
        department: None,
        phone: String::new(),
    };
    let user = String::from("admin");
    add_staff(
        &app.services,
        user,
        &person,
        [Role::Administrator],
        "a long password",
    )
    .await
    .unwrap();
    let method = kanjie_store::SignInMethod::Password;
    let token = crate::auth::sign_in::start(&app.services, &id, method, None, "test").await;
    format!("__Host-kanjie={}", token.unwrap().text())
}

async fn is_in(app: &TestApp, cookie: &str) -> bool {
    app.get("/api/v1/me", cookie).await.status == StatusCode::OK
}

#[tokio::test]
async fn one_sees_and_ends_ones_own_sign_ins_alone() {
    let app = TestApp::new().await;
    let first = app.sign_in("chair").await;
    app.env.pass(30);
    let second = app.sign_in("chair").await;
    let other = app.sign_in("surveyor1").await;
    let listed = devices(&app, &second).await;
    assert_eq!(listed.len(), 2);
    let current: Vec<_> = listed.iter().map(|d| d["current"] == true).collect();
    assert_eq!(current, [false, true]);
    assert_eq!(listed[0]["method"], "password");
    let path = format!("/api/v1/me/devices/{}", listed[0]["id"].as_str().unwrap());
    assert_eq!(app.delete(&path, &other).await.code(), "not_found");
    let mut ended = app.services.sign_ins_ended.subscribe();
    assert_eq!(
        app.delete(&path, &second).await.status,
        StatusCode::NO_CONTENT
    );
    ended.try_recv().unwrap();
    assert!(!is_in(&app, &first).await && is_in(&app, &second).await);
}

#[tokio::test]
async fn all_others_go_at_once() {
    let app = TestApp::new().await;
    let mut cookies = Vec::new();
    for _ in 0..3 {
        cookies.push(app.sign_in("chair").await);
        app.env.pass(30);
    }
    let path = "/api/v1/me/devices/sign-out-others";
    let done = app.post(path, &cookies[1], json!({})).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert!(!is_in(&app, &cookies[0]).await && !is_in(&app, &cookies[2]).await);
    assert_eq!(devices(&app, &cookies[1]).await.len(), 1);
}

#[tokio::test]
async fn who_came_by_a_link_sees_that_sessions_devices_alone() {
    let app = TestApp::new().await;
    let journey = app.come_in("expert", "journey").await;
    app.come_in("expert", "crash").await;
    let listed = devices(&app, &journey).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["method"], "link");
}

#[tokio::test]
async fn an_administrator_revokes_a_person_and_nobody_else_does() {
    let app = TestApp::new().await;
    let cookie = app.sign_in("surveyor1").await;
    let person = app.seeded.people["surveyor_1"].person.0.clone();
    let path = format!("/api/v1/people/{person}/revoke");
    let chair = app.sign_in("chair").await;
    for caller in [&chair, &cookie] {
        let refused = app.post(&path, caller, json!({})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let admin = administrator(&app).await;
    assert_eq!(
        app.post(&path, &admin, json!({})).await.status,
        StatusCode::NO_CONTENT
    );
    assert!(!is_in(&app, &cookie).await);
    app.env.pass(30);
    assert!(
        app.services
            .store
            .account("surveyor1")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(app.post(&path, &admin, json!({})).await.code(), "not_found");
    let noted = app.services.store.attempts(1).await.unwrap();
    assert_eq!(
        (noted[0].action.as_str(), noted[0].subject.as_str()),
        ("revoke_person", person.as_str())
    );
}

#[tokio::test]
async fn an_administrator_revokes_a_link_with_who_came_by_it() {
    let app = TestApp::new().await;
    let (journey, crash) = (
        app.come_in("expert", "journey").await,
        app.come_in("expert", "crash").await,
    );
    let admin = administrator(&app).await;
    let body = json!({
        "session": app.seeded.sessions["journey"], "person": app.seeded.people["expert"].person,
    });
    let path = "/api/v1/links/revoke";
    assert_eq!(
        app.post(path, &crash, body.clone()).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        app.post(path, &admin, body).await.status,
        StatusCode::NO_CONTENT
    );
    assert!(!is_in(&app, &journey).await && is_in(&app, &crash).await);
    let body = json!({"token": app.link("expert", "journey")});
    assert_eq!(
        app.post("/api/v1/links/open", "", body).await.code(),
        "link_invalid"
    );
}

#[tokio::test]
async fn guessing_at_a_name_does_not_lock_its_owner_out() {
    let app = TestApp::new().await;
    let first = app.try_sign_in("chair").await;
    let known = first
        .headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().unwrap().split(';').next())
        .find(|cookie| cookie.starts_with("__Host-kanjie-known="))
        .unwrap()
        .to_owned();
    app.env.pass(30);
    let guess = json!({"user": "chair", "password": "guess", "totp": "123456"});
    for _ in 0..12 {
        app.post("/api/v1/sign-in", "", guess.clone()).await;
    }
    let right = json!({
        "user": "chair", "password": app.password("chair"), "totp": app.totp("chair").await,
    });
    let stranger = app.post("/api/v1/sign-in", "", right.clone()).await;
    assert_eq!(stranger.code(), "too_many_requests");
    // Nor does a cookie of another user, or an invented one, help a stranger.
    let forged = format!("{known}0");
    let stranger = app.post("/api/v1/sign-in", &forged, right.clone()).await;
    assert_eq!(stranger.code(), "too_many_requests");
    let owner = app.post("/api/v1/sign-in", &known, right).await;
    assert_eq!(owner.status, StatusCode::OK, "{owner:?}");
}
