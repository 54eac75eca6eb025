//! A request whose caller hangs up is let go in the middle: nothing stale or half-open stays behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::pin::pin;
use std::task::Poll;

use kanjie_store::{AppendRequest, JournalId, NewEntry, Store};
use rstest::rstest;
use support::Engine;

async fn let_go_after(polls: usize, work: impl Future) {
    let mut work = pin!(work);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        left = left.saturating_sub(1);
        if work.as_mut().poll(cx).is_ready() || left == 0 {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

async fn append(store: &Store, journal: &JournalId, n: u64) {
    let request = AppendRequest {
        read: vec![(journal.clone(), n)],
        write: vec![(
            journal.clone(),
            vec![NewEntry {
                nonce: [1; 32],
                body: String::from("{}"),
            }],
        )],
        index: Vec::new(),
    };
    store.append(request).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_afterwards_is_what_is_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let journal = JournalId::Case(String::from("c"));
    for n in 0..400 {
        append(&store, &journal, n).await;
        let polls = usize::try_from(n % 5).unwrap() + 1;
        let_go_after(polls, store.entries(&journal, 0, 1_000)).await;
        let_go_after(polls, store.head(&journal)).await;
        for _ in 0..6 {
            assert_eq!(store.head(&journal).await.unwrap().seq, n + 1);
        }
    }
}
