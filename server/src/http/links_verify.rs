//! `POST /api/v1/links/verify`: link and code together sign in, to that session or case alone.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::{Extension, Json as Answer};
use kanjie_store::{Purpose, SignInMethod};
use serde::Deserialize;

use crate::auth::attempts::Attempt;
use crate::auth::{codes, cookie, sign_in};
use crate::http::json::Json;
use crate::http::{links_open, me};
use crate::net::Connection;
use crate::problem::Problem;
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LinkProof)]
pub struct Verify {
    token: String,
    code: String,
    device: String,
}

/// Signs in by link and code, to that session or case alone.
#[utoipa::path(post, path = "/api/v1/links/verify", operation_id = "verify_link", tag = "sign-in", security(()), request_body = Verify,
    responses((status = 200, description = "Signed in; the answer sets the cookie", body = me::Me, headers(("Set-Cookie" = String))),
        (status = 401, response = Problem), (status = 404, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    Json(request): Json<Verify>,
) -> Result<impl IntoResponse, Problem> {
    let link = links_open::find(&services, &connection, &request.token).await?;
    let person = link.person;
    let address = connection.address_key();
    let limits = &services.limits;
    let attempt = Attempt {
        action: "link_verify",
        subject: &person.0,
        address: &address,
    };
    let gates = [
        (&limits.factor_by_person, person.0.as_str()),
        (&limits.factor_by_address, address.as_str()),
    ];
    attempt.pass(&services, &gates).await?;
    let checked = codes::check(&services, &link.to, &person, &request.code, Purpose::Device).await;
    let word = if checked.is_ok() { "ok" } else { "failed" };
    attempt.note(&services, word).await?;
    checked?;
    let token = sign_in::start(
        &services,
        &person,
        SignInMethod::Link,
        Some(&link.to),
        &request.device,
    )
    .await?;
    connection.recognise();
    let me = me::signed_in(&services, &token).await?;
    let set_cookie = cookie::set(&token, sign_in::LIFE_S);
    Ok(([(header::SET_COOKIE, set_cookie)], Answer(me)))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    async fn verify(app: &TestApp, token: &str, code: &str) -> crate::testing::Answer {
        let body = json!({"token": token, "code": code, "device": "test"});
        app.post("/api/v1/links/verify", "", body).await
    }

    #[tokio::test]
    async fn link_and_code_open_that_session_alone() {
        let app = TestApp::new().await;
        let cookie = app.come_in("expert", "journey").await;
        let me = app.get("/api/v1/me", &cookie).await.json();
        let (journey, crash) = (
            &app.seeded.sessions["journey"],
            &app.seeded.sessions["crash"],
        );
        assert_eq!(me["link_session"], journey.as_str());
        assert_eq!(me["roles"], json!([]));
        assert_eq!(me["sessions"][0]["my_roles"], json!(["expert"]));
        assert_eq!(me["sessions"].as_array().map(Vec::len), Some(1));
        let own = app
            .get(&format!("/api/v1/sessions/{journey}"), &cookie)
            .await;
        assert_eq!(own.status, StatusCode::OK);
        // The expert has a part in it, but this link is not for it.
        let other = app.get(&format!("/api/v1/sessions/{crash}"), &cookie).await;
        assert_eq!(other.code(), "not_found");
    }

    #[tokio::test]
    async fn a_wrong_code_counts_down_and_then_a_fresh_one_is_needed() {
        let app = TestApp::new().await;
        let token = app.link("applicant", "journey");
        assert_eq!(verify(&app, &token, "123456").await.code(), "code_expired");
        let body = json!({"token": token});
        app.post("/api/v1/links/code", "", body).await;
        let code = app.last_code("13800000005").await;
        let wrong = if code == "000000" { "111111" } else { "000000" };
        for left in ["4", "3", "2", "1", "0"] {
            let answer = verify(&app, &token, wrong).await;
            assert_eq!(answer.code(), "code_wrong");
            assert_eq!(answer.json()["missing"], json!([left]));
        }
        assert_eq!(verify(&app, &token, &code).await.code(), "code_expired");
        app.come_in("applicant", "journey").await;
    }

    #[tokio::test]
    async fn a_code_is_good_for_ten_minutes_and_one_person() {
        let app = TestApp::new().await;
        let token = app.link("applicant", "journey");
        app.post("/api/v1/links/code", "", json!({"token": token}))
            .await;
        let code = app.last_code("13800000005").await;
        let other = app.link("expert", "journey");
        assert_eq!(verify(&app, &other, &code).await.code(), "code_expired");
        app.env.pass(600);
        assert_eq!(verify(&app, &token, &code).await.code(), "code_expired");
    }

    #[tokio::test]
    async fn codes_are_not_sent_without_end() {
        let app = TestApp::new().await;
        let body = json!({"token": app.link("applicant", "journey")});
        let mut last = Value::Null;
        for _ in 0..8 {
            let answer = app.post("/api/v1/links/code", "", body.clone()).await;
            if answer.status != StatusCode::NO_CONTENT {
                last = answer.json();
            }
        }
        assert_eq!(last["code"], "too_many_requests");
    }

    #[tokio::test]
    async fn no_secret_lies_readable_in_the_database() {
        let app = TestApp::new().await;
        let token = app.link("applicant", "journey");
        let cookie = app.come_in("applicant", "journey").await;
        let code = app.last_code("13800000005").await;
        app.services.store.close().await;
        let bytes = std::fs::read(app.services.config.data.join("kanjie.sqlite3")).unwrap();
        let cookie = cookie.split_once('=').unwrap().1;
        for secret in [token.as_str(), cookie, &format!("验证码 {code}")] {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
}
