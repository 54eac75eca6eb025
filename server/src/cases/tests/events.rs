//! What another system hears of real cases, of their bundle and of their sessions (docs/protocol/webhooks.md).

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use kanjie_domain::outward::is_told;
use kanjie_store::JournalId;
use serde_json::{Value, json};

use super::desk::{Desk, text};
use super::sessions::{schedule, staffed};
use crate::testing::TestApp;
use crate::webhooks::receiver::{Got, Receiver, allowed, is_signed_by};

async fn subscribe(desk: &Desk, receiver: &Receiver) -> String {
    let administrator = desk.app.administrator().await;
    let url = format!("http://{}/in", receiver.start().await);
    let body = json!({"url": url, "description": "示例", "types": ["*"]});
    let added = desk.app.post("/api/v1/webhooks", &administrator, body);
    text(&added.await.json()["secret"])
}

/// A journal as the events tell it: number, type and hash of each entry.
type Told = Vec<(i64, String, String)>;

fn told(got: &[Got]) -> BTreeMap<String, Told> {
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for one in got.iter().filter(|one| one.answer < 300) {
        let entry = (
            one.data("seq").as_i64().unwrap(),
            text(&one.json()["type"]),
            text(&one.data("head")),
        );
        told.entry(text(&one.data("journal")))
            .or_default()
            .push(entry);
    }
    told
}

/// The same, read from the journal itself: of the types that others may learn of.
async fn written(desk: &Desk, journal: &JournalId, family: &str) -> Told {
    let entries = desk.app.services.store.entries(journal, 0, 999).await;
    let entries = entries.unwrap().into_iter().map(|entry| {
        let body: Value = serde_json::from_str(entry.body().unwrap()).unwrap();
        let kind = format!("{family}.{}", text(&body["event"]["type"]));
        let seq = i64::try_from(entry.seq).unwrap();
        (seq, kind, entry.hash.to_string())
    });
    entries.filter(|(_, kind, _)| is_told(kind)).collect()
}

#[tokio::test]
async fn every_entry_of_case_bundle_and_session_is_told_once_in_order_and_names_nobody() {
    let desk = Desk::of(TestApp::with(allowed).await).await;
    let receiver = Receiver::default();
    let secret = subscribe(&desk, &receiver).await;
    receiver.answer(&[503, 204, 500, 204, 429]);
    let beauty = staffed(&desk, 1).await;
    let sign = desk.case("outdoor_ad", 2).await;
    let body = json!({
        "title": "我要开店（示例）", "lead_department": "示例区行政审批局",
        "cases": [
            {"case": beauty.case, "department": "示例区卫生健康委员会"},
            {"case": sign.case, "department": "示例区城市管理局"},
        ],
    });
    let made = desk.app.post("/api/v1/bundles", &desk.handler, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let bundle = text(&made.json()["bundle"]);
    desk.hand_in(&sign, &[]).await;
    desk.act(&sign, json!({"type": "accept"})).await;
    let scheduled = schedule(&desk, &beauty, json!({})).await;
    assert_eq!(scheduled.status, StatusCode::CREATED, "{scheduled:?}");
    let session = text(&scheduled.json()["session"]);
    let last = format!("session:{session}");
    for _ in 0..20 {
        desk.app.services.webhooks.deliver_due().await.unwrap();
        desk.app.env.pass(2);
    }
    let got = receiver.got();
    let told = told(&got);
    assert!(told.contains_key(&last), "{:?}", told.keys());
    for (journal, family) in [
        (JournalId::Case(beauty.case.clone()), "case"),
        (JournalId::Case(sign.case.clone()), "case"),
        (JournalId::Bundle(bundle.clone()), "bundle"),
        (JournalId::Session(session), "session"),
    ] {
        let written = written(&desk, &journal, family).await;
        assert!(!written.is_empty());
        assert_eq!(told[&journal.to_string()], written, "{journal}");
    }
    assert_eq!(told.len(), 4);
    // The session's entries stand among those of its case.
    let of_beauty = got
        .iter()
        .filter(|one| one.data("case") == beauty.case.as_str());
    let numbers: Vec<_> = of_beauty
        .filter(|one| one.answer < 300)
        .map(|one| one.data("event").as_i64().unwrap())
        .collect();
    assert!(numbers.is_sorted() && !numbers.is_empty(), "{numbers:?}");
    assert!(got.iter().any(|one| one.data("bundle") == bundle.as_str()));
    assert!(got.iter().any(|one| one.answer >= 300));
    let ids: BTreeSet<_> = got.iter().map(|one| &one.id).collect();
    let taken: usize = told.values().map(Vec::len).sum();
    assert_eq!(ids.len(), taken, "one id an entry");
    for one in &got {
        assert!(is_signed_by(one, &secret), "{one:?}");
        for word in ["示例", "139000", beauty.case_no.as_str(), "91000000MA"] {
            assert!(!one.body.contains(word), "{word}: {one:?}");
        }
    }
}

#[tokio::test]
async fn a_refused_act_is_no_event() {
    let desk = Desk::of(TestApp::with(allowed).await).await;
    let receiver = Receiver::default();
    subscribe(&desk, &receiver).await;
    let case = desk.case("food_catering", 1).await;
    desk.app.services.webhooks.deliver_due().await.unwrap();
    let before = receiver.got().len();
    assert!(before > 0);
    let refused = desk.refused(&case, json!({"type": "accept"})).await;
    assert_eq!(refused, "not_in_this_stage");
    desk.app.services.webhooks.deliver_due().await.unwrap();
    assert_eq!(receiver.got().len(), before);
}
