use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use kanjie_store::DeliveryState;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::*;
use crate::config::{Sms, Success};
use crate::env::Env;
use crate::testing::TestApp;

const TO: To<'_> = To {
    recipient: "13800000005",
    session: None,
    case: None,
    life: None,
};

fn to(app: &TestApp) -> To<'_> {
    To {
        session: Some(&app.seeded.sessions["journey"]),
        case: None,
        ..TO
    }
}

pub(super) async fn state(app: &TestApp) -> DeliveryState {
    let session = app.services.store.session(&app.seeded.sessions["journey"]);
    let case = session.await.unwrap().unwrap().case_id;
    let mut notices = app.services.store.notices_of_case(&case).await.unwrap();
    notices.remove(0).state
}

#[tokio::test]
async fn a_notice_goes_out_once_into_a_private_file() {
    let app = TestApp::new().await;
    let notices = &app.services.notices;
    notices
        .send_code(Kind::CodeAct, TO, "123456")
        .await
        .unwrap();
    assert_eq!(notices.deliver_due().await.unwrap(), 1);
    assert_eq!(notices.deliver_due().await.unwrap(), 0);
    let path = app.services.config.data.join("outbox.jsonl");
    let line = std::fs::read_to_string(&path).unwrap();
    assert!(line.contains("\"code\":\"123456\"") && line.ends_with("\"to\":\"13800000005\"}\n"));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn what_failed_is_tried_again_later_and_then_given_up() {
    let app = TestApp::new().await;
    let notices = &app.services.notices;
    let path = app.services.config.data.join("outbox.jsonl");
    std::fs::create_dir(&path).unwrap();
    notices
        .send_code(Kind::CodeAct, to(&app), "123456")
        .await
        .unwrap();
    for _ in 1..8 {
        assert_eq!(notices.deliver_due().await.unwrap(), 0);
        assert!(
            matches!(state(&app).await, DeliveryState::Failed { class, .. } if class == "file")
        );
        app.env.pass(LONGEST_PAUSE_S);
    }
    assert_eq!(notices.deliver_due().await.unwrap(), 0);
    assert!(matches!(state(&app).await, DeliveryState::GivenUp { class, .. } if class == "file"));
    std::fs::remove_dir(&path).unwrap();
    app.env.pass(LONGEST_PAUSE_S);
    assert_eq!(notices.deliver_due().await.unwrap(), 0);
}

#[tokio::test]
async fn a_pause_is_between_half_and_the_whole() {
    let app = TestApp::new().await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let pause = pause_us(4, 900, &*app.env);
        assert!((4_000_000..8_000_000).contains(&pause), "{pause}");
        seen.insert(pause);
    }
    assert!(seen.len() > 10, "no jitter: {seen:?}");
    assert!(pause_us(1_000, 900, &*app.env) <= 900_000_000);
}

#[tokio::test]
async fn a_crash_between_sending_and_noting_repeats_once_at_most() {
    let app = TestApp::new().await;
    let store = &app.services.store;
    let limit = app.services.notices.inner.limit;
    app.services
        .notices
        .send_code(Kind::CodeAct, to(&app), "1")
        .await
        .unwrap();
    // Taken, sent perhaps, and the process is gone before it could note so: twice.
    for _crash in 0..2 {
        let taken = store
            .take_due_notices(app.env.now(), 8, limit)
            .await
            .unwrap();
        assert_eq!(taken.len(), 1);
        assert!(matches!(state(&app).await, DeliveryState::Sending { .. }));
    }
    assert_eq!(app.services.notices.deliver_due().await.unwrap(), 0);
    assert!(
        matches!(state(&app).await, DeliveryState::GivenUp { class, .. } if class == "uncertain")
    );
}

#[tokio::test]
async fn one_recipient_gets_so_much_an_hour_and_no_more() {
    let app = TestApp::new().await;
    let notices = &app.services.notices;
    for _ in 0..40 {
        notices.send_code(Kind::CodeAct, TO, "1").await.unwrap();
    }
    let other = To {
        recipient: "13800000006",
        ..TO
    };
    notices.send_code(Kind::CodeAct, other, "1").await.unwrap();
    assert_eq!(notices.deliver_due().await.unwrap(), 31);
    app.env.pass(3_600);
    assert_eq!(notices.deliver_due().await.unwrap(), 10);
}

#[tokio::test]
async fn what_is_of_no_more_use_is_not_sent() {
    let app = TestApp::new().await;
    let late = To {
        life: Some(1_000_000),
        ..to(&app)
    };
    app.services
        .notices
        .send_code(Kind::CodeAct, late, "1")
        .await
        .unwrap();
    app.env.pass(2);
    assert_eq!(app.services.notices.deliver_due().await.unwrap(), 0);
    assert!(
        matches!(state(&app).await, DeliveryState::GivenUp { class, .. } if class == "expired")
    );
}

/// A gateway that answers what the test says and keeps what it was sent.
#[derive(Clone, Default)]
struct Gateway {
    answers: Arc<Mutex<Vec<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Gateway {
    async fn start(&self) -> String {
        async fn take(
            State(own): State<Gateway>,
            Json(body): Json<Value>,
        ) -> (StatusCode, Json<Value>) {
            own.asked.lock().await.push(body);
            let (status, answer) = own.answers.lock().await.remove(0);
            (StatusCode::from_u16(status).unwrap(), Json(answer))
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/send", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/send", post(take))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn with_gateway(gateway: &Gateway) -> (TestApp, Notices) {
    let app = TestApp::new().await;
    let secret = app.dir.path().join("secret");
    std::fs::write(&secret, "s3cret\n").unwrap();
    let mut config = (*app.services.config).clone();
    config.notices.sms = Some(Sms {
        url: gateway.start().await,
        method: String::from("POST"),
        headers: [(String::from("x-key"), String::from("{{ secret }}"))].into(),
        json: Some(String::from(
            r#"{"mobile": {{ to | tojson }}, "content": {{ text | tojson }}, "key": {{ secret | tojson }}, "id": "{{ id }}"}"#,
        )),
        form: None,
        secret_file: Some(secret),
        success: Some(Success {
            pointer: String::from("/code"),
            equals: json!(0),
        }),
        id_pointer: Some(String::from("/data/id")),
        ca_file: None,
        timeout_seconds: 5,
    });
    let env = Arc::clone(&app.services.env);
    let notices = Notices::open(&config, app.services.store.clone(), env).unwrap();
    (app, notices)
}

#[tokio::test]
async fn a_gateway_gets_what_its_template_says_and_its_id_is_kept() {
    let gateway = Gateway::default();
    let (app, notices) = with_gateway(&gateway).await;
    gateway.answers.lock().await.extend([
        (503, json!({})),
        (200, json!({"code": 0, "data": {"id": 77}})),
    ]);
    notices
        .send_code(Kind::CodeDevice, to(&app), "654321")
        .await
        .unwrap();
    assert_eq!(notices.deliver_due().await.unwrap(), 0);
    assert!(
        matches!(state(&app).await, DeliveryState::Failed { class, .. } if class == "unavailable")
    );
    app.env.pass(1);
    assert_eq!(notices.deliver_due().await.unwrap(), 1);
    let asked = gateway.asked.lock().await.clone();
    assert_eq!(asked[1]["mobile"], "13800000005");
    assert_eq!(asked[1]["key"], "s3cret");
    assert!(
        asked[1]["content"]
            .as_str()
            .unwrap()
            .contains("验证码 654321，")
    );
    // A gateway that knows the id sends a repeat once.
    assert_eq!(asked[0]["id"], asked[1]["id"]);
    let sent = state(&app).await;
    assert!(matches!(sent, DeliveryState::Sent { gateway_id: Some(id), .. } if id == "77"));
    let outbox = app.services.config.data.join("outbox.jsonl");
    assert!(!outbox.exists(), "the code also went into the file");
}

#[tokio::test]
async fn a_refusal_in_the_answer_is_no_success() {
    let gateway = Gateway::default();
    let (app, notices) = with_gateway(&gateway).await;
    gateway.answers.lock().await.push((200, json!({"code": 7})));
    notices
        .send_code(Kind::CodeDevice, to(&app), "1")
        .await
        .unwrap();
    assert_eq!(notices.deliver_due().await.unwrap(), 0);
    assert!(
        matches!(state(&app).await, DeliveryState::GivenUp { class, .. } if class == "refused")
    );
}

#[tokio::test]
async fn r54_no_outside_service_is_called_by_default() {
    let app = TestApp::new().await;
    assert_eq!(app.services.notices.channels(), ["file", "file"]);
    let mail = To {
        recipient: "a@example.com",
        ..to(&app)
    };
    app.services
        .notices
        .send_code(Kind::CodeAct, mail, "1")
        .await
        .unwrap();
    assert_eq!(app.services.notices.deliver_due().await.unwrap(), 1);
    let outbox = std::fs::read_to_string(app.services.config.data.join("outbox.jsonl")).unwrap();
    assert!(outbox.contains("a@example.com"));
    app.come_in("applicant", "journey").await;
}
