use std::collections::BTreeMap;

use axum::http::StatusCode;
use icalendar::parser::{Property, read_calendar, unfold};
use kanjie_store::{AppendRequest, IndexChange};
use serde_json::json;

use crate::testing::TestApp;

/// Properties of each event, as another implementation reads them.
fn events(text: &str) -> Vec<BTreeMap<String, String>> {
    let unfolded = unfold(text);
    let calendar = read_calendar(&unfolded).unwrap();
    let events = calendar.components.iter().filter(|c| c.name == "VEVENT");
    let properties = |p: &Property<'_>| (p.name.to_string(), p.val.to_string());
    events
        .map(|event| event.properties.iter().map(properties).collect())
        .collect()
}

async fn feed(app: &TestApp, cookie: &str) -> String {
    let made = app.post("/api/v1/me/calendar", cookie, json!({})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    made.json()["path"].as_str().unwrap().to_owned()
}

async fn read(app: &TestApp, path: &str) -> Vec<BTreeMap<String, String>> {
    let answer = app.get(path, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("content-type"),
        "text/calendar; charset=utf-8"
    );
    events(std::str::from_utf8(&answer.bytes).unwrap())
}

#[tokio::test]
async fn a_secret_address_shows_a_persons_appointments() {
    let app = TestApp::new().await;
    let surveyor = app.sign_in("surveyor1").await;
    let path = feed(&app, &surveyor).await;
    let session = app.services.store.session(&app.seeded.sessions["journey"]);
    let session = session.await.unwrap().unwrap();
    let shown = read(&app, &path).await;
    let own = shown
        .iter()
        .find(|e| e["UID"].starts_with(&session.id))
        .unwrap();
    let starts_at = jiff::Timestamp::from_microsecond(session.starts_at).unwrap();
    assert_eq!(
        own["DTSTART"],
        starts_at.strftime("%Y%m%dT%H%M%SZ").to_string()
    );
    assert_eq!(
        (own["STATUS"].as_str(), own["SEQUENCE"].as_str()),
        ("CONFIRMED", "0")
    );
    assert!(own["SUMMARY"].contains(&session.item_title));
    let other = &app.seeded.sessions["other"];
    assert!(shown.iter().all(|e| !e["UID"].starts_with(other.as_str())));
    // The same content keeps its number and its stamp, whenever it is read.
    app.env.pass(60);
    assert_eq!(read(&app, &path).await, shown);
    let fresh = feed(&app, &surveyor).await;
    assert_eq!(app.get(&path, "").await.code(), "not_found");
    assert_eq!(read(&app, &fresh).await, shown);
    app.delete("/api/v1/me/calendar", &surveyor).await;
    assert_eq!(app.get(&fresh, "").await.code(), "not_found");
}

#[tokio::test]
async fn r16_who_steps_aside_is_told_that_it_is_cancelled_and_no_more() {
    let app = TestApp::new().await;
    let surveyor = app.sign_in("surveyor1").await;
    let path = feed(&app, &surveyor).await;
    let session = app.services.store.session(&app.seeded.sessions["journey"]);
    let session = session.await.unwrap().unwrap();
    read(&app, &path).await;
    let request = AppendRequest {
        index: vec![IndexChange::Recused {
            case: session.case_id,
            person: app.seeded.people["surveyor_1"].person.clone(),
        }],
        ..AppendRequest::default()
    };
    app.services.store.append(request).await.unwrap();
    let shown = read(&app, &path).await;
    let own = shown
        .iter()
        .find(|e| e["UID"].starts_with(&session.id))
        .unwrap();
    assert_eq!(
        (own["STATUS"].as_str(), own["SEQUENCE"].as_str()),
        ("CANCELLED", "1")
    );
    assert!(!format!("{own:?}").contains(&session.case_no));
}

#[tokio::test]
async fn whoever_has_a_part_gets_one_session_as_a_file() {
    let app = TestApp::new().await;
    let session = &app.seeded.sessions["journey"];
    let path = format!("/api/v1/sessions/{session}/calendar");
    let applicant = app.come_in("applicant", "journey").await;
    let file = app.get(&path, &applicant).await;
    let shown = events(std::str::from_utf8(&file.bytes).unwrap());
    assert_eq!(shown.len(), 1);
    assert!(shown[0]["UID"].starts_with(session.as_str()));
    assert!(file.header("content-disposition").contains(".ics"));
    // A link is for one session: it makes no feed.
    let made = app.post("/api/v1/me/calendar", &applicant, json!({})).await;
    assert_eq!(made.code(), "not_found");
    let surveyor = app.sign_in("surveyor1").await;
    let other = format!("/api/v1/sessions/{}/calendar", app.seeded.sessions["other"]);
    assert_eq!(app.get(&other, &surveyor).await.code(), "not_found");
}

#[tokio::test]
async fn an_account_that_is_disabled_has_no_feed() {
    let app = TestApp::new().await;
    let surveyor = app.sign_in("surveyor1").await;
    let path = feed(&app, &surveyor).await;
    let now = crate::env::Env::now(app.env.as_ref());
    app.services
        .store
        .disable_account("surveyor1", now)
        .await
        .unwrap();
    assert_eq!(app.get(&path, "").await.code(), "not_found");
}
