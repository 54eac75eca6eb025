//! The sender against a receiver of the tests' own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use kanjie_store::{AppendRequest, JournalId, NewEntry};
use serde_json::{Value, json};

use super::receiver::{Receiver, allowed, is_signed_by};
use crate::env::Env as _;
use crate::testing::TestApp;

const PATH: &str = "/api/v1/webhooks";
const HOUR_S: i64 = 60 * 60;

struct House {
    app: TestApp,
    administrator: String,
    receiver: Receiver,
    address: SocketAddr,
}

impl House {
    async fn new() -> Self {
        let app = TestApp::with(|config| {
            allowed(config);
            config.webhooks.notify = Some(String::from("admin@example.com"));
        })
        .await;
        let administrator = app.administrator().await;
        let receiver = Receiver::default();
        let address = receiver.start().await;
        Self {
            app,
            administrator,
            receiver,
            address,
        }
    }

    /// Adds the receiver; its path and its secret.
    async fn endpoint(&self, types: &[&str]) -> (String, String) {
        let url = format!("http://{}/in", self.address);
        let body = json!({"url": url, "description": "示例", "types": types});
        let added = self.app.post(PATH, &self.administrator, body).await.json();
        let text = |field: &str| added[field].as_str().unwrap().to_owned();
        (format!("{PATH}/{}", text("id")), text("secret"))
    }

    async fn append(&self, case: &str, kind: &str) {
        let at = self.app.env.now();
        let body = json!({"actor": {"person": "示例"}, "at": at, "event": {"type": kind, "name": "示例申请人"}});
        let request = AppendRequest {
            write: vec![(
                JournalId::Case(case.to_owned()),
                vec![NewEntry {
                    nonce: [1; 32],
                    body: body.to_string(),
                }],
            )],
            ..AppendRequest::default()
        };
        self.app.services.store.append(request).await.unwrap();
    }

    async fn deliver(&self) -> usize {
        self.app.services.webhooks.deliver_due().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.app.post(path, &self.administrator, body).await.json()
    }

    async fn state(&self, path: &str) -> Value {
        self.app.get(path, &self.administrator).await.json()
    }
}

fn of(case: &str, seq: i64) -> (String, i64) {
    (case.to_owned(), seq)
}

#[tokio::test]
async fn an_event_says_that_something_happened_and_nothing_of_anybody() {
    let house = House::new().await;
    house.append("a", "created").await;
    let (_, secret) = house.endpoint(&["case.*"]).await;
    house.append("a", "accepted").await;
    assert_eq!(house.deliver().await, 1);
    let got = house.receiver.got();
    assert_eq!(got.len(), 1, "what was before the endpoint is not sent");
    assert!(is_signed_by(&got[0], &secret), "{got:?}");
    let body: Value = serde_json::from_str(&got[0].body).unwrap();
    assert_eq!(body["type"], "case.accepted");
    let fields: BTreeSet<&str> = body["data"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        fields,
        BTreeSet::from(["case", "event", "head", "journal", "seq"])
    );
    assert!(!got[0].body.contains("示例"));
    let journal = JournalId::Case(String::from("a"));
    let head = house.app.services.store.head(&journal).await.unwrap();
    assert_eq!(body["data"]["head"], hex::encode(head.hash.0));
    assert_eq!(body["data"]["seq"], 2);
    let now = house.app.env.now() / 1_000_000;
    assert_eq!(got[0].timestamp, now.to_string());
}

#[tokio::test]
async fn an_endpoint_gets_the_types_it_asked_for() {
    let house = House::new().await;
    house.endpoint(&["case.decided", "session.*"]).await;
    for kind in ["accepted", "decided", "served"] {
        house.append("a", kind).await;
    }
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.receiver.took(), [of("a", 2)]);
}

#[tokio::test]
async fn events_of_a_case_arrive_in_order_and_one_case_does_not_hold_up_another() {
    let house = House::new().await;
    house.endpoint(&["*"]).await;
    house.receiver.answer(&[503]);
    house.append("a", "received").await;
    assert_eq!(house.deliver().await, 0);
    for (case, kind) in [
        ("a", "accepted"),
        ("b", "received"),
        ("a", "decided"),
        ("b", "accepted"),
    ] {
        house.append(case, kind).await;
    }
    house.app.env.pass(1);
    assert_eq!(house.deliver().await, 5);
    let took = house.receiver.took();
    let only = |case: &str| -> Vec<i64> {
        took.iter()
            .filter(|(of, _)| of == case)
            .map(|(_, seq)| *seq)
            .collect()
    };
    assert_eq!((only("a"), only("b")), (vec![1, 2, 3], vec![1, 2]));
    assert_eq!(house.deliver().await, 0, "nothing comes twice by itself");
}

#[tokio::test]
async fn what_failed_comes_again_later_and_later_and_is_the_same() {
    let house = House::new().await;
    let (path, secret) = house.endpoint(&["*"]).await;
    house.append("a", "received").await;
    house.receiver.answer(&[500, 503, 307]);
    for tries in 1..=3 {
        assert_eq!(house.deliver().await, 0);
        assert_eq!(house.deliver().await, 0, "not at once");
        assert_eq!(house.receiver.got().len(), tries);
        // A redirect is a failure: it is not followed.
        house.app.env.pass(1 << (tries - 1));
    }
    assert_eq!(house.state(&path).await["last_error"], "307");
    assert_eq!(house.deliver().await, 1);
    let got = house.receiver.got();
    assert!(
        got.iter()
            .all(|one| one.id == got[0].id && one.body == got[0].body)
    );
    assert!(got.iter().all(|one| is_signed_by(one, &secret)));
    let state = house.state(&path).await;
    assert_eq!(
        (&state["waiting"], &state["last_error"]),
        (&json!(0), &Value::Null)
    );
}

#[tokio::test]
async fn during_a_rotation_both_secrets_sign() {
    let house = House::new().await;
    let (path, old) = house.endpoint(&["*"]).await;
    let fresh = house.post(&format!("{path}/secret"), json!({})).await;
    let fresh = fresh["secret"].as_str().unwrap();
    house.append("a", "received").await;
    house.deliver().await;
    house.app.env.pass(24 * HOUR_S);
    house.append("a", "accepted").await;
    house.deliver().await;
    let got = house.receiver.got();
    assert!(is_signed_by(&got[0], &old) && is_signed_by(&got[0], fresh));
    assert!(!is_signed_by(&got[1], &old) && is_signed_by(&got[1], fresh));
}

#[tokio::test]
async fn a_replay_gives_the_same_events_and_by_id_each_counts_once() {
    let house = House::new().await;
    let (path, _) = house.endpoint(&["*"]).await;
    for case in ["a", "b", "a", "b"] {
        house.append(case, "received").await;
    }
    assert_eq!(house.deliver().await, 4);
    let got = house.receiver.got();
    let numbers = got.iter().map(|got| got.data("event").as_i64().unwrap());
    let from = numbers.min().unwrap() + 1;
    let replayed = house
        .post(&format!("{path}/replay"), json!({"from": from}))
        .await;
    assert_eq!(replayed["events"], 3);
    assert_eq!(house.deliver().await, 3);
    let mut by_id: BTreeMap<String, String> = BTreeMap::new();
    for got in house.receiver.got() {
        let before = by_id.insert(got.id, got.body.clone());
        assert!(
            before.is_none_or(|before| before == got.body),
            "the same id, another body"
        );
    }
    assert_eq!(by_id.len(), 4);
}

#[tokio::test]
async fn after_days_of_failures_it_is_paused_and_somebody_is_told_and_nothing_is_lost() {
    let house = House::new().await;
    let (path, _) = house.endpoint(&["*"]).await;
    house.receiver.down(Some(502));
    house.append("a", "received").await;
    house.deliver().await;
    house.app.env.pass(71 * HOUR_S);
    house.append("a", "accepted").await;
    house.deliver().await;
    assert_eq!(house.state(&path).await["state"], "active");
    house.app.env.pass(2 * HOUR_S);
    house.deliver().await;
    let state = house.state(&path).await;
    assert_eq!(
        (&state["paused_by"], &state["waiting"]),
        (&json!("failures"), &json!(2))
    );
    assert_eq!(house.app.services.notices.deliver_due().await.unwrap(), 1);
    let outbox = house.app.services.config.data.join("outbox.jsonl");
    let told = std::fs::read_to_string(outbox).unwrap();
    assert!(
        told.contains("admin@example.com") && told.contains("127.0.0.1"),
        "{told}"
    );
    house.receiver.down(None);
    house.app.env.pass(HOUR_S);
    assert_eq!(house.deliver().await, 0, "paused");
    house.post(&format!("{path}/resume"), json!({})).await;
    assert_eq!(house.deliver().await, 2);
    assert_eq!(house.receiver.took(), [of("a", 1), of("a", 2)]);
}

#[tokio::test]
async fn who_says_gone_gets_no_more() {
    let house = House::new().await;
    let (path, _) = house.endpoint(&["*"]).await;
    house.receiver.answer(&[410]);
    house.append("a", "received").await;
    house.deliver().await;
    assert_eq!(house.state(&path).await["paused_by"], "gone");
}

#[tokio::test]
async fn a_name_that_leads_into_the_house_is_not_called() {
    let house = House::new().await;
    let app = TestApp::new().await;
    let administrator = app.administrator().await;
    // The name passes; what it stands for is found out at the call.
    let url = format!("https://localhost:{}/in", house.address.port());
    let body = json!({"url": url, "description": "", "types": ["*"]});
    let added = app.post(PATH, &administrator, body).await.json();
    let closed = House {
        app,
        administrator,
        receiver: house.receiver.clone(),
        address: house.address,
    };
    closed.append("a", "received").await;
    assert_eq!(closed.deliver().await, 0);
    let path = format!("{PATH}/{}", added["id"].as_str().unwrap());
    assert_eq!(closed.state(&path).await["last_error"], "unreachable");
    assert!(house.receiver.got().is_empty());
}
