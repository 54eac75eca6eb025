//! What is published of an item: which version a case begins with, and that it keeps it.

use jiff::civil::{Date, date};
use kanjie_domain::calendar::day_of;
use kanjie_store::{Catalogued, JournalId};
use serde_json::{Value, json};

use super::desk::{Desk, Made};
use crate::cases::published::{TEMPLATE, on};
use crate::cases::{effects, papers};
use crate::env::Env as _;
use crate::seed::district::{self, District};

/// The food template in another version with three items, from a day on.
fn second(from: Date) -> Catalogued {
    let mut version = kanjie_domain::template_versions().swap_remove(0);
    version.from = from;
    version.template.version = String::from("示例-2");
    version.guide.version = String::from("示例-2");
    version.template.items.truncate(3);
    version.texts.acceptance.words.title = String::from("受理通知书（二）");
    Catalogued {
        kind: TEMPLATE.to_owned(),
        code: version.template.key.clone(),
        from_day: from.to_string(),
        until_day: None,
        version: version.template.version.clone(),
        body: serde_json::to_string(&version).unwrap(),
    }
}

async fn schedule(desk: &Desk, case: &Made, mode: &str) -> crate::testing::Answer {
    let starts_at = desk.app.env.now() + 1_000_000;
    let body = json!({"case": case.case, "mode": mode, "starts_at": starts_at});
    desk.app.post("/api/v1/sessions", &desk.handler, body).await
}

#[tokio::test]
async fn a_case_keeps_the_version_with_which_it_began() {
    let desk = Desk::open().await;
    let before = desk.accepted("food_catering", 1).await;
    let tomorrow = day_of(desk.app.env.now()).unwrap().tomorrow().unwrap();
    let store = desk.app.services.store.clone();
    store.put_catalogue(&[second(tomorrow)]).await.unwrap();
    desk.app.env.pass(24 * 3_600);
    let desk = Desk::of(desk.app).await;
    let after = desk.accepted("food_catering", 2).await;
    effects::work(&desk.app.services).await.unwrap();
    let expected = [
        (&before, "示例-1", 28, "受理通知书"),
        (&after, "示例-2", 3, "受理通知书（二）"),
    ];
    for (case, version, items, title) in expected {
        let view = desk.view(case, &desk.handler).await.json();
        assert_eq!(view["course"]["guide_version"], version);
        let made = schedule(&desk, case, "remote").await;
        let session = made.json()["session"].as_str().unwrap().to_owned();
        let journal = JournalId::Session(session);
        let entries = store.entries(&journal, 0, 1).await.unwrap();
        let first: Value = serde_json::from_str(entries[0].body().unwrap()).unwrap();
        let template = &first["event"]["template"];
        assert_eq!(template["version"], version);
        assert_eq!(template["items"].as_array().unwrap().len(), items);
        let slip = desk.papers(case, &desk.handler).await.swap_remove(0);
        let digest = slip["pdf_digest"].as_str().unwrap();
        let path = papers::path(&desk.app.services.config.data, &case.case, digest, "json");
        let slip: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(slip["words"]["title"], title);
    }
}

#[tokio::test]
async fn every_item_of_the_district_can_begin() {
    let desk = Desk::open().await;
    let store = &desk.app.services.store;
    let district = District::example().unwrap();
    district::load(&desk.app.services, &district).await.unwrap();
    let day = date(2026, 11, 24);
    for item in district.items() {
        let begins = on(store, &item.code, day).await.unwrap().unwrap();
        assert_eq!(begins.guide.version, "示例-1");
        assert!(!begins.guide.materials.is_empty());
    }
    let food = on(store, "food_catering", day).await.unwrap();
    assert_eq!(on(store, "D01-01-1", day).await.unwrap(), food);
    let before = on(store, "food_catering", date(2025, 12, 31)).await;
    assert_eq!(before.unwrap(), None);
    assert_eq!(on(store, "no-such", day).await.unwrap(), None);
    desk.accepted("D01-02-2", 9).await;
}

#[tokio::test]
async fn r21_what_does_not_suit_a_distance_is_not_scheduled_so() {
    let desk = Desk::open().await;
    let case = desk.accepted("fire_acceptance", 3).await;
    assert_eq!(
        schedule(&desk, &case, "remote").await.code(),
        "item_unsuitable"
    );
    assert!(schedule(&desk, &case, "hybrid").await.status.is_success());
}
