//! Notices: due until sent or given up, marked while they are with a sender, erased after.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_store::{DeliveryState, NewNotice, Outcome, RecipientLimit, Store};
use rstest::rstest;
use support::{Engine, Place};

const LIMIT: RecipientLimit = RecipientLimit {
    notices: 2,
    within: 100,
};

fn notice(recipient: &str) -> NewNotice {
    NewNotice {
        recipient: recipient.to_owned(),
        kind: String::from("code_act"),
        text: String::from("words"),
        code: Some(String::from("123456")),
        session: Some(String::from("s")),
        created_at: 10,
        ..NewNotice::default()
    }
}

async fn with_session(engine: Engine) -> (Place, Store) {
    let (place, store) = support::fresh(engine).await;
    store.add_person(&support::person("p")).await.unwrap();
    support::session(&store, "s", &["p"]).await;
    (place, store)
}

async fn take(store: &Store, now: i64) -> Vec<(i64, i64)> {
    let taken = store.take_due_notices(now, 9, LIMIT).await.unwrap();
    taken.into_iter().map(|n| (n.id, n.tries)).collect()
}

async fn states(store: &Store) -> Vec<DeliveryState> {
    let notices = store.notices_of_case("case-of-s").await.unwrap();
    notices.into_iter().map(|n| n.state).collect()
}

#[rstest]
#[tokio::test]
async fn a_notice_is_due_until_sent_or_given_up(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = with_session(engine).await;
    store.add_notice(&notice("138")).await.unwrap();
    store.add_notice(&notice("139")).await.unwrap();
    assert_eq!(take(&store, 9).await, []);
    assert_eq!(take(&store, 10).await, [(1, 1), (2, 1)]);
    let sent = Outcome::Sent {
        gateway_id: Some(String::from("77")),
    };
    store.note_notice(1, 11, "sms", &sent).await.unwrap();
    let failed = |next_at| Outcome::Failed {
        class: "busy",
        next_at,
    };
    store
        .note_notice(2, 11, "sms", &failed(Some(20)))
        .await
        .unwrap();
    assert_eq!(take(&store, 19).await, []);
    assert_eq!(take(&store, 20).await, [(2, 2)]);
    store
        .note_notice(2, 21, "sms", &failed(None))
        .await
        .unwrap();
    assert_eq!(take(&store, 99).await, []);
    let given_up = DeliveryState::GivenUp {
        at: 21,
        class: String::from("busy"),
    };
    let sent = DeliveryState::Sent {
        at: 11,
        gateway_id: Some(String::from("77")),
    };
    assert_eq!(states(&store).await, [given_up, sent]);
}

#[rstest]
#[tokio::test]
async fn an_answer_that_never_came_costs_one_repeat(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = with_session(engine).await;
    store.add_notice(&notice("138")).await.unwrap();
    let unknown = Outcome::Unknown {
        class: "timed_out",
        next_at: 20,
    };
    assert_eq!(take(&store, 10).await, [(1, 1)]);
    store.note_notice(1, 11, "sms", &unknown).await.unwrap();
    assert_eq!(take(&store, 19).await, []);
    assert_eq!(take(&store, 20).await, [(1, 2)]);
    store.note_notice(1, 21, "sms", &unknown).await.unwrap();
    assert_eq!(take(&store, 99).await, []);
    assert!(
        matches!(&states(&store).await[0], DeliveryState::GivenUp { class, .. } if class == "uncertain")
    );
}

#[rstest]
#[tokio::test]
async fn a_recipient_who_got_enough_waits_and_holds_nobody_up(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = with_session(engine).await;
    for recipient in ["138", "138", "138", "139"] {
        store.add_notice(&notice(recipient)).await.unwrap();
    }
    assert_eq!(take(&store, 10).await, [(1, 1), (2, 1), (4, 1)]);
    for id in [1, 2] {
        let sent = Outcome::Sent { gateway_id: None };
        store.note_notice(id, 12, "file", &sent).await.unwrap();
    }
    assert_eq!(take(&store, 109).await, [(4, 2)]);
    assert_eq!(take(&store, 113).await, [(3, 1)]);
}
