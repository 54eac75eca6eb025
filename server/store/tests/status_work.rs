//! Whoever asks for a case's state learns nothing from how long the answer takes: it is the same work whatever number and
//! phone are. Counted in statements and rows, as the database's driver logs them; alone in its binary, for the log is the
//! process's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use kanjie_store::{NewStatusRequest, StatusCheck, Store};
use support::Engine;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// What ends each part: nothing that is measured.
const END: &str = "DELETE FROM status_requests";

/// Statements with the rows that they returned and changed, in order.
#[derive(Clone, Debug, Default)]
struct Done(Arc<Mutex<Vec<Statement>>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Statement {
    text: String,
    returned: u64,
    changed: u64,
}

impl Visit for Statement {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "summary" {
            self.text = format!("{value:?}").trim_matches('"').to_owned();
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            value.clone_into(&mut self.text);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "rows_returned" => self.returned = value,
            "rows_affected" => self.changed = value,
            _ => {}
        }
    }
}

impl<S: Subscriber> Layer<S> for Done {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut statement = Statement::default();
            event.record(&mut statement);
            self.0.lock().unwrap().push(statement);
        }
    }
}

impl Done {
    /// What was done since the last time. A connection works one thing off after the other: what this asks of it comes last.
    async fn take(&self, store: &Store) -> Vec<Statement> {
        store.clear_status(0).await.unwrap();
        let mut done = std::mem::take(&mut *self.0.lock().unwrap());
        done.retain(|statement| !statement.text.starts_with(END));
        done
    }
}

async fn ask(store: &Store, asked_for: u8, case_no: &str, phone: &str) {
    let new = NewStatusRequest {
        asked_for: [asked_for; 32],
        case_no: case_no.to_owned(),
        phone: phone.to_owned(),
        code_hash: [0; 32],
        expires_at: 100,
        attempts: 5,
    };
    store.ask_status(&new).await.unwrap();
}

#[tokio::test]
async fn a_wrong_phone_and_an_unknown_number_are_the_same_work() {
    let done = Done::default();
    tracing_subscriber::registry().with(done.clone()).init();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (_place, store) = support::fresh(engine).await;
        store.add_person(&support::person("p")).await.unwrap();
        support::session(&store, "s", &["p"]).await;
        let questions = [
            ("no-s", "13800000000"),
            ("no-s", "13911110000"),
            ("no-such", "13800000000"),
        ];
        let mut asking = Vec::new();
        let mut answering = Vec::new();
        for (asked_for, (case_no, phone)) in (1..).zip(questions) {
            done.take(&store).await;
            ask(&store, asked_for, case_no, phone).await;
            asking.push(done.take(&store).await);
            let found = store.status_case(case_no, phone).await.unwrap();
            assert_eq!(
                found.is_some(),
                asked_for == 1,
                "the first one alone is right"
            );
            let case = found.as_ref().map(|(case, _)| case.as_str());
            let led = [asked_for; 32];
            let led = store.status_looked_up(&led, case, &[7; 32], None).await;
            led.unwrap();
            done.take(&store).await;
            let tried = store.try_status(&[asked_for; 32], &[8; 32], 50).await;
            assert_eq!(tried.unwrap(), StatusCheck::Wrong { attempts_left: 4 });
            answering.push(done.take(&store).await);
        }
        for parts in [&asking, &answering] {
            assert!(!parts[0].is_empty(), "nothing was counted");
            assert!(
                parts.iter().all(|work| *work == parts[0]),
                "{engine:?}: {parts:?}"
            );
        }
        // What is not the same is told apart.
        assert_ne!(asking[0], answering[0]);
    }
}
