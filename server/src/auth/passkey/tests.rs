//! Each wrong thing refused, by the pure checks and through the router.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ceremony::{self, Assertion, Ceremony, Registration};
use super::soft::{Authenticator, text};
use super::{Fault, Party};
use crate::config::Config;
use crate::testing::{Answer, TestApp};

const CHALLENGE: [u8; 32] = [7; 32];

fn party() -> Party {
    Party::of(&Config::default())
}

fn assertion(value: Value) -> Assertion {
    serde_json::from_value(value).unwrap()
}

/// Both halves of a get, as the server runs them.
fn check(authenticator: &Authenticator, answer: Value) -> Result<u32, Fault> {
    let answer = assertion(answer);
    let signed = ceremony::challenge(&answer.client_data.0, Ceremony::Get, &party())?;
    assert_eq!(signed, CHALLENGE);
    ceremony::asserted(&answer, &authenticator.public_key(), &party())
}

#[test]
fn a_registration_brings_the_key_and_its_counter() {
    let mut soft = Authenticator::new("one");
    soft.counter = 6;
    let answer: Registration = serde_json::from_value(soft.create(&text(&CHALLENGE))).unwrap();
    let signed = ceremony::challenge(&answer.client_data.0, Ceremony::Create, &party());
    assert_eq!(signed, Ok(CHALLENGE.to_vec()));
    let registered = ceremony::registered(&answer, &party()).unwrap();
    assert_eq!(registered.credential, b"one");
    assert_eq!(registered.public_key, soft.public_key());
    assert_eq!(registered.sign_count, 7);
}

#[test]
fn any_byte_cut_off_an_attestation_is_noticed() {
    let mut soft = Authenticator::new("one");
    let whole: Registration = serde_json::from_value(soft.create(&text(&CHALLENGE))).unwrap();
    for length in 0..whole.attestation.0.len() {
        let mut cut = whole.clone();
        cut.attestation.0.truncate(length);
        assert!(ceremony::registered(&cut, &party()).is_err(), "{length}");
    }
    let mut longer = whole;
    longer.attestation.0.push(0);
    assert!(ceremony::registered(&longer, &party()).is_err());
}

#[test]
fn each_wrong_thing_has_its_name() {
    let soft = || Authenticator::new("one");
    let challenge = text(&CHALLENGE);
    let mut right = soft();
    let answer = right.get(&challenge);
    assert_eq!(check(&right, answer), Ok(0));

    let mut page = soft();
    page.origin = String::from("https://localhost.example");
    let answer = page.get(&challenge);
    assert_eq!(check(&page, answer), Err(Fault::Origin));

    let mut elsewhere = soft();
    elsewhere.rp_id = String::from("localhost.example");
    let answer = elsewhere.get(&challenge);
    assert_eq!(check(&elsewhere, answer), Err(Fault::Party));

    let mut unverified = soft();
    unverified.verified = false;
    let answer = unverified.get(&challenge);
    assert_eq!(check(&unverified, answer), Err(Fault::NotVerified));

    let answer = soft().get(&challenge);
    assert_eq!(check(&soft(), answer), Err(Fault::Signature));

    let mut made = soft();
    let mut answer = made.get(&challenge);
    answer["client_data"] = made.create(&challenge)["client_data"].clone();
    assert_eq!(check(&made, answer), Err(Fault::Ceremony));
}

#[test]
fn one_changed_bit_of_what_was_signed_is_noticed() {
    let mut soft = Authenticator::new("one");
    let whole = assertion(soft.get(&text(&CHALLENGE)));
    let key = soft.public_key();
    for place in 33..whole.authenticator_data.0.len() {
        let mut changed = whole.clone();
        changed.authenticator_data.0[place] ^= 1;
        assert!(ceremony::asserted(&changed, &key, &party()).is_err());
    }
    for place in 0..whole.client_data.0.len() {
        let mut changed = whole.clone();
        changed.client_data.0[place] ^= 1;
        let fault = ceremony::asserted(&changed, &key, &party());
        assert_eq!(fault, Err(Fault::Signature), "{place}");
    }
}

/// Adds a passkey by a fresh code.
async fn add(app: &TestApp, user: &str, cookie: &str, soft: &mut Authenticator) -> Answer {
    app.env.pass(30);
    let body = json!({"factor": app.totp(user).await});
    let options = app
        .post("/api/v1/me/passkeys/challenge", cookie, body)
        .await;
    assert_eq!(options.status, StatusCode::OK, "{options:?}");
    let registration = soft.create(options.json()["challenge"].as_str().unwrap());
    let body = json!({"name": "办公电脑", "registration": registration});
    app.post("/api/v1/me/passkeys", cookie, body).await
}

async fn challenge(app: &TestApp) -> String {
    let path = "/api/v1/sign-in/passkey/challenge";
    let options = app.post(path, "", json!({})).await;
    options.json()["challenge"].as_str().unwrap().to_owned()
}

async fn sign_in(app: &TestApp, assertion: &Value) -> Answer {
    let body = json!({"assertion": assertion});
    app.post("/api/v1/sign-in/passkey", "", body).await
}

#[tokio::test]
async fn a_passkey_signs_in_and_is_listed_and_removed() {
    let app = TestApp::new().await;
    let cookie = app.sign_in("chair").await;
    let mut soft = Authenticator::new("chair's");
    soft.counter = 1;
    assert_eq!(
        add(&app, "chair", &cookie, &mut soft).await.status,
        StatusCode::CREATED
    );
    let answer = sign_in(&app, &soft.get(&challenge(&app).await)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["name"], "示例主持人");
    let mine = app
        .get("/api/v1/me/passkeys", &answer.cookie())
        .await
        .json();
    assert_eq!(mine[0]["name"], "办公电脑");
    assert!(mine[0]["last_used_at"].is_i64());
    let path = format!(
        "/api/v1/me/passkeys/{}",
        mine[0]["credential"].as_str().unwrap()
    );
    let other = app.sign_in("surveyor1").await;
    assert_eq!(app.delete(&path, &other).await.code(), "not_found");
    assert_eq!(
        app.delete(&path, &cookie).await.status,
        StatusCode::NO_CONTENT
    );
    let gone = sign_in(&app, &soft.get(&challenge(&app).await)).await;
    assert_eq!(gone.code(), "passkey_refused");
}

#[tokio::test]
async fn a_passkey_is_the_second_factor_beside_the_password() {
    let app = TestApp::new().await;
    let cookie = app.sign_in("chair").await;
    let mut soft = Authenticator::new("chair's");
    add(&app, "chair", &cookie, &mut soft).await;
    let mut codes = Vec::new();
    for (user, password) in [
        ("chair", app.password("chair")),
        ("chair", String::from("wrong")),
        ("surveyor1", app.password("surveyor1")),
    ] {
        let passkey = soft.get(&challenge(&app).await);
        let body = json!({"user": user, "password": password, "passkey": passkey});
        codes.push(app.post("/api/v1/sign-in", "", body).await.status);
    }
    let no = StatusCode::UNAUTHORIZED;
    assert_eq!(codes, [StatusCode::OK, no, no]);
}

#[tokio::test]
async fn a_challenge_serves_once_for_its_purpose_its_person_and_five_minutes() {
    let app = TestApp::new().await;
    let chair = app.sign_in("chair").await;
    let mut soft = Authenticator::new("chair's");
    add(&app, "chair", &chair, &mut soft).await;
    let given = challenge(&app).await;
    assert_eq!(
        sign_in(&app, &soft.get(&given)).await.status,
        StatusCode::OK
    );
    assert_eq!(
        sign_in(&app, &soft.get(&given)).await.code(),
        "passkey_refused"
    );
    let late = challenge(&app).await;
    app.env.pass(300);
    assert_eq!(
        sign_in(&app, &soft.get(&late)).await.code(),
        "passkey_refused"
    );
    let invented = soft.get(&text(&CHALLENGE));
    assert_eq!(sign_in(&app, &invented).await.code(), "passkey_refused");
    // One for adding does not sign in; one of the chair's does not add for the surveyor.
    let body = json!({"factor": app.totp("chair").await});
    let path = "/api/v1/me/passkeys/challenge";
    let adding = app.post(path, &chair, body.clone()).await.json();
    let adding = adding["challenge"].as_str().unwrap();
    assert_eq!(
        sign_in(&app, &soft.get(adding)).await.code(),
        "passkey_refused"
    );
    app.env.pass(30);
    let body = json!({"factor": app.totp("chair").await});
    let adding = app.post(path, &chair, body).await.json();
    let registration = Authenticator::new("other").create(adding["challenge"].as_str().unwrap());
    let surveyor = app.sign_in("surveyor1").await;
    let body = json!({"name": "", "registration": registration});
    let stolen = app.post("/api/v1/me/passkeys", &surveyor, body).await;
    assert_eq!(stolen.code(), "passkey_refused");
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_noted() {
    let app = TestApp::new().await;
    let cookie = app.sign_in("chair").await;
    let mut soft = Authenticator::new("chair's");
    soft.counter = 10;
    add(&app, "chair", &cookie, &mut soft).await;
    for (counter, status) in [
        (20, StatusCode::OK),
        (19, StatusCode::UNAUTHORIZED),
        (25, StatusCode::OK),
    ] {
        soft.counter = counter;
        let answer = sign_in(&app, &soft.get(&challenge(&app).await)).await;
        assert_eq!(answer.status, status, "{counter}");
    }
    let noted = app.services.store.attempts(2).await.unwrap();
    assert_eq!(
        (noted[1].action.as_str(), noted[1].outcome.as_str()),
        ("passkey_sign_in", "failed")
    );
    assert_eq!(noted[0].outcome, "ok");
}

#[tokio::test]
async fn an_unknown_credential_opens_nothing_and_a_known_one_is_not_taken_over() {
    let app = TestApp::new().await;
    let (chair, surveyor) = (app.sign_in("chair").await, app.sign_in("surveyor1").await);
    let mut soft = Authenticator::new("chair's");
    let unknown = sign_in(&app, &soft.get(&challenge(&app).await)).await;
    assert_eq!(unknown.code(), "passkey_refused");
    add(&app, "chair", &chair, &mut soft).await;
    let mut same_id = Authenticator::new("chair's");
    let taken = add(&app, "surveyor1", &surveyor, &mut same_id).await;
    assert_eq!(taken.code(), "already_exists");
}

#[tokio::test]
async fn adding_needs_a_fresh_second_factor_and_an_account() {
    let app = TestApp::new().await;
    let cookie = app.sign_in("chair").await;
    let path = "/api/v1/me/passkeys/challenge";
    let wrong = app.post(path, &cookie, json!({"factor": "000000"})).await;
    assert_eq!(wrong.code(), "factor_wrong");
    assert_eq!(
        app.post(path, "", json!({"factor": ""})).await.code(),
        "sign_in_needed"
    );
    let guest = app.come_in("expert", "journey").await;
    assert_eq!(
        app.post(path, &guest, json!({"factor": ""})).await.status,
        StatusCode::FORBIDDEN
    );
    let noted = app.services.store.attempts(100).await.unwrap();
    assert!(
        noted
            .iter()
            .any(|a| a.action == "factor:passkey_add" && a.outcome == "factor_wrong")
    );
}

#[tokio::test]
async fn trying_without_end_is_stopped() {
    let app = TestApp::new().await;
    let mut last = String::new();
    for _ in 0..70 {
        let answer = app
            .post("/api/v1/sign-in/passkey/challenge", "", json!({}))
            .await;
        if answer.status != StatusCode::OK {
            last = answer.code();
        }
    }
    assert_eq!(last, "too_many_requests");
}
