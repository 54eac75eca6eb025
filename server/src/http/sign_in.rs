//! `POST /api/v1/sign-in`: staff, by password and a second factor: TOTP or a passkey.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json as Answer};
use kanjie_domain::PersonId;
use kanjie_store::{Account, SignInMethod};
use serde::Deserialize;

use crate::auth::attempts::Attempt;
use crate::auth::cookie::Token;
use crate::auth::passkey::{self, Assertion};
use crate::auth::{cookie, known, password, sign_in, totp};
use crate::http::json::Json;
use crate::http::me;
use crate::net::Connection;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

const LONGEST_USER: usize = 64;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    user: String,
    password: String,
    /// Not looked at where a passkey came.
    #[serde(default)]
    totp: String,
    #[serde(default)]
    passkey: Option<Assertion>,
}

/// Signs staff in, by password and TOTP.
#[utoipa::path(post, path = "/api/v1/sign-in", operation_id = "sign_in", tag = "sign-in", security(()), request_body = SignIn,
    responses((status = 200, description = "Signed in; the answer sets the cookie", body = me::Me, headers(("Set-Cookie" = String))),
        (status = 401, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    Json(request): Json<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    if request.user.len() > LONGEST_USER || request.password.len() > password::LONGEST {
        return Err(ProblemCode::SignInFailed.into());
    }
    let address = connection.address_key();
    let limits = &services.limits;
    let user = request.user.clone();
    let attempt = Attempt {
        action: "sign_in",
        subject: &user,
        address: &address,
    };
    let known = known::device_of(&services, &headers, &user);
    let by_name = match &known {
        Some(device) => (&limits.sign_in_by_known, device.as_str()),
        None => (&limits.sign_in_by_user, user.as_str()),
    };
    let gates = [(&limits.sign_in_by_address, address.as_str()), by_name];
    attempt.pass(&services, &gates).await?;
    let outcome = identify(&services, request).await;
    let word = match &outcome {
        Ok(_) => "ok",
        Err(problem) if problem.code == ProblemCode::FactorUsed => "factor_used",
        Err(_) => "failed",
    };
    attempt.note(&services, word).await?;
    let person = outcome?;
    come_in(
        &services,
        &connection,
        &headers,
        &person,
        SignInMethod::Password,
    )
    .await
}

/// Signs somebody with an account in, and says who that is.
pub async fn come_in(
    services: &Services,
    connection: &Connection,
    headers: &HeaderMap,
    person: &PersonId,
    method: SignInMethod,
) -> Result<impl IntoResponse + use<>, Problem> {
    let (token, cookies) = begin(services, connection, headers, person, method).await?;
    let me = me::signed_in(services, &token).await?;
    Ok((AppendHeaders(cookies), Answer(me)))
}

/// Starts the sign-in of somebody with an account, on a device that is known from now on; returns what to set.
pub async fn begin(
    services: &Services,
    connection: &Connection,
    headers: &HeaderMap,
    person: &PersonId,
    method: SignInMethod,
) -> Result<(Token, Vec<(HeaderName, HeaderValue)>), Problem> {
    let device = sign_in::device_of(headers);
    let token = sign_in::start(services, person, method, None, device).await?;
    connection.recognise();
    let account = services.store.account_of(person).await?;
    let known = account.and_then(|account| known::remember(services, &account.user));
    let cookies = [Some(cookie::set(&token, sign_in::LIFE_S)), known];
    let cookies = cookies.into_iter().flatten();
    let cookies = cookies.map(|cookie| (header::SET_COOKIE, cookie)).collect();
    Ok((token, cookies))
}

/// Both factors are looked at before anything is said, so that neither answer nor time tells which was wrong.
async fn identify(services: &Services, request: SignIn) -> Result<PersonId, Problem> {
    let account = services.store.account(&request.user).await?;
    let kept = account.as_ref().map(|a| a.password_hash.clone());
    let password_right = password::verify(&services.limits, request.password, kept).await?;
    if let Some(assertion) = &request.passkey {
        let by_passkey = passkey::sign_in(services, assertion).await;
        return match (account, password_right, by_passkey) {
            (Some(Account { person, .. }), true, Ok(owner)) if person == owner => Ok(owner),
            _ => Err(ProblemCode::SignInFailed.into()),
        };
    }
    let secret = account
        .as_ref()
        .map_or(&[0; totp::SECRET_BYTES][..], |a| a.totp_secret.as_slice());
    let step = totp::check(secret, &request.totp, services.env.now());
    let (Some(account), true, Some(step)) = (account, password_right, step) else {
        return Err(ProblemCode::SignInFailed.into());
    };
    let fresh = services
        .store
        .use_totp_step(&account.person, "sign_in", step)
        .await?;
    if fresh {
        Ok(account.person)
    } else {
        Err(ProblemCode::FactorUsed.into())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;

    use crate::testing::TestApp;

    #[tokio::test]
    async fn password_and_code_together_sign_in() {
        let app = TestApp::new().await;
        let answer = app.try_sign_in("surveyor1").await;
        assert_eq!(answer.status, StatusCode::OK);
        let set = answer.header("set-cookie").to_owned();
        for part in [
            "__Host-kanjie=",
            "Path=/",
            "Secure",
            "HttpOnly",
            "SameSite=Strict",
        ] {
            assert!(set.contains(part), "{set}");
        }
        let me = answer.json();
        assert_eq!(me["name"], "示例勘验员甲");
        assert_eq!(me["roles"], json!(["surveyor"]));
        assert_eq!(me["sessions"].as_array().unwrap().len(), 2);
        let again = app.get("/api/v1/me", &answer.cookie()).await;
        assert_eq!(again.json(), me);
    }

    #[tokio::test]
    async fn one_wrong_factor_says_no_more_than_another() {
        let app = TestApp::new().await;
        let totp = app.totp("chair").await;
        let password = app.password("chair");
        let mut answers = Vec::new();
        for (user, password, totp) in [
            ("chair", "wrong", totp.as_str()),
            ("chair", password.as_str(), "000000"),
            ("chair", password.as_str(), ""),
            ("nobody", password.as_str(), totp.as_str()),
            ("CHAIR", password.as_str(), totp.as_str()),
            (&"x".repeat(65), password.as_str(), totp.as_str()),
        ] {
            let body = json!({"user": user, "password": password, "totp": totp});
            let answer = app.post("/api/v1/sign-in", "", body).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{user}");
            assert!(answer.header("set-cookie").is_empty());
            answers.push(answer.bytes);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[tokio::test]
    async fn a_code_signs_in_once() {
        let app = TestApp::new().await;
        app.sign_in("chair").await;
        assert_eq!(app.try_sign_in("chair").await.code(), "factor_used");
        app.env.pass(30);
        app.sign_in("chair").await;
    }

    #[tokio::test]
    async fn guessing_is_stopped_and_noted() {
        let app = TestApp::new().await;
        let mut codes = Vec::new();
        for _ in 0..12 {
            let body = json!({"user": "chair", "password": "guess", "totp": "123456"});
            codes.push(app.post("/api/v1/sign-in", "", body).await.code());
        }
        assert_eq!(codes[9], "sign_in_failed");
        assert_eq!(codes[11], "too_many_requests");
        // Others are not locked out by it.
        app.sign_in("surveyor1").await;
        let noted = app.services.store.attempts(100).await.unwrap();
        assert!(noted.iter().filter(|a| a.outcome == "failed").count() >= 10);
        assert_eq!(noted[0].outcome, "ok");
        let limited = noted.iter().filter(|a| a.outcome == "limited").count();
        assert_eq!(limited, 2);
    }

    #[tokio::test]
    async fn a_flood_is_noted_and_does_not_fill_the_disk() {
        let app = TestApp::new().await;
        for _ in 0..40 {
            let body = json!({"user": "chair", "password": "guess", "totp": "123456"});
            app.post("/api/v1/sign-in", "", body).await;
        }
        let noted = app.services.store.attempts(100).await.unwrap();
        assert_eq!(noted.iter().filter(|a| a.outcome == "failed").count(), 10);
        assert_eq!(noted.iter().filter(|a| a.outcome == "limited").count(), 5);
    }

    #[tokio::test]
    async fn a_foreign_page_cannot_sign_anybody_in() {
        let app = TestApp::new().await;
        let body = json!({"user": "chair", "password": "x", "totp": "1"});
        let mut request = crate::testing::post("/api/v1/sign-in", "", body);
        let evil = "https://evil.example".parse().unwrap();
        request.headers_mut().insert("origin", evil);
        assert_eq!(app.send(request).await.code(), "foreign_origin");
    }

    #[tokio::test]
    async fn malformed_bodies_are_refused() {
        let app = TestApp::new().await;
        for body in [
            json!({"user": "chair"}),
            json!([]),
            json!({"user": "a", "password": "b", "totp": "c", "more": 1}),
        ] {
            let answer = app.post("/api/v1/sign-in", "", body).await;
            assert_eq!(answer.code(), "malformed");
        }
        let large = json!({"user": "x".repeat(100_000)});
        let answer = app.post("/api/v1/sign-in", "", large).await;
        assert_eq!(answer.code(), "too_large");
        let mut plain = crate::testing::post("/api/v1/sign-in", "", json!({}));
        let kind = "text/plain".parse().unwrap();
        plain.headers_mut().insert("content-type", kind);
        assert_eq!(app.send(plain).await.code(), "unsupported_media");
    }

    #[tokio::test]
    async fn a_signed_in_connection_is_no_stranger() {
        let app = TestApp::new().await;
        let cookie = app.sign_in("chair").await;
        let connection = app.connection();
        assert_eq!(app.connections.strangers(), 1);
        let request = axum::http::Request::get("/api/v1/me").header("cookie", cookie);
        let request = request.body(axum::body::Body::empty()).unwrap();
        app.send_over(&connection, request).await;
        assert_eq!(app.connections.strangers(), 0);
    }
}
