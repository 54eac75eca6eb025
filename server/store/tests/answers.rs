//! Idempotency keys: one request each, one answer for as long as it is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_store::{AnswerKey, KeptAnswer, Taken};
use rstest::rstest;
use support::Engine;

fn key(scope: &str, key: &str) -> AnswerKey {
    AnswerKey {
        scope: scope.to_owned(),
        key: key.to_owned(),
    }
}

fn made() -> KeptAnswer {
    KeptAnswer {
        status: 201,
        headers: String::from(r#"{"location":"/x"}"#),
        body: b"{}".to_vec(),
    }
}

#[rstest]
#[tokio::test]
async fn a_key_has_one_request_and_one_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let mine = key("p", "k");
    let take = async |key: &AnswerKey, request: u8, now| {
        store.take_key(key, &[request; 32], now, 0).await.unwrap()
    };
    assert_eq!(take(&mine, 1, 10).await, Taken::Fresh);
    assert_eq!(take(&mine, 1, 11).await, Taken::Begun { at: 10 });
    assert_eq!(take(&mine, 2, 12).await, Taken::Other);
    store.keep_answer(&mine, 10, &made()).await.unwrap();
    assert_eq!(take(&mine, 1, 13).await, Taken::Answered(made()));
    assert_eq!(take(&mine, 2, 14).await, Taken::Other);
    // Another's key of the same name, and another key, are other keys.
    assert_eq!(take(&key("q", "k"), 1, 15).await, Taken::Fresh);
    assert_eq!(take(&key("p", "k2"), 1, 16).await, Taken::Fresh);
}

#[rstest]
#[tokio::test]
async fn a_key_that_made_nothing_is_free_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let mine = key("p", "k");
    assert_eq!(
        store.take_key(&mine, &[1; 32], 10, 0).await.unwrap(),
        Taken::Fresh
    );
    store.let_go_of_key(&mine, 10).await.unwrap();
    assert_eq!(
        store.take_key(&mine, &[2; 32], 20, 0).await.unwrap(),
        Taken::Fresh
    );
    // The first request, late, neither frees nor answers for the second.
    store.let_go_of_key(&mine, 10).await.unwrap();
    store.keep_answer(&mine, 10, &made()).await.unwrap();
    assert_eq!(
        store.take_key(&mine, &[2; 32], 30, 0).await.unwrap(),
        Taken::Begun { at: 20 }
    );
    // An answer that is there stays.
    store.keep_answer(&mine, 20, &made()).await.unwrap();
    store.let_go_of_key(&mine, 20).await.unwrap();
    assert_eq!(
        store.take_key(&mine, &[2; 32], 40, 0).await.unwrap(),
        Taken::Answered(made())
    );
}

#[rstest]
#[tokio::test]
async fn an_answer_is_forgotten_when_its_time_is_over(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let mine = key("p", "k");
    store.take_key(&mine, &[1; 32], 10, 0).await.unwrap();
    store.keep_answer(&mine, 10, &made()).await.unwrap();
    let kept = store.take_key(&mine, &[1; 32], 20, 10).await.unwrap();
    assert_eq!(kept, Taken::Answered(made()));
    let gone = store.take_key(&mine, &[2; 32], 21, 11).await.unwrap();
    assert_eq!(gone, Taken::Fresh);
}

#[rstest]
#[tokio::test]
async fn of_many_at_once_one_does_the_work(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let tasks: Vec<_> = (0..8)
        .map(|now| {
            let store = store.clone();
            tokio::spawn(async move { store.take_key(&key("p", "k"), &[1; 32], now, -1).await })
        })
        .collect();
    let mut fresh = 0;
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Taken::Fresh => fresh += 1,
            Taken::Begun { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(fresh, 1);
}
