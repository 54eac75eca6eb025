//! What follows from an entry happens once, wherever the process dies.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use serde_json::json;

use super::desk::Desk;
use crate::cases::effects;

/// Polls a future some times and lets it go where it stands, as a process that dies does.
async fn die_after(polls: usize, work: impl Future) -> bool {
    let mut work = pin!(work);
    let mut left = polls;
    std::future::poll_fn(|cx: &mut Context<'_>| {
        if work.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        left = left.saturating_sub(1);
        if left == 0 {
            return Poll::Ready(false);
        }
        Poll::Pending
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_notices_and_links_are_made_once_wherever_it_dies() {
    let desk = Desk::open().await;
    let case = desk.case("food_catering", 1).await;
    desk.hand_in(&case, &["flow"]).await;
    desk.act(&case, json!({"type": "check_credit", "standing": "clear"}))
        .await;
    let notice = json!({
        "type": "give_notice", "contact": "010-00000000",
        "missing": [{"material": "flow", "what": "请补交。"}],
    });
    desk.act(&case, notice).await;
    desk.submit(&case, "flow").await;
    desk.act(&case, json!({"type": "receive"})).await;
    desk.act(&case, json!({"type": "accept"})).await;
    let now = desk.app.services.env.now();
    let session = json!({"case": case.case, "mode": "remote", "starts_at": now + 1_000_000});
    desk.app
        .post("/api/v1/sessions", &desk.handler, session)
        .await;
    let mut deaths = 0;
    for polls in 1.. {
        if die_after(polls, effects::work(&desk.app.services)).await {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 0, "it never died on the way");
    desk.settle().await;
    let papers = desk.papers(&case, &desk.handler).await;
    let kinds: Vec<_> = papers.iter().map(|paper| &paper["kind"]).collect();
    assert_eq!(kinds, ["one_time_notice", "acceptance"]);
    let sent = desk.sent(&case.phone).await;
    let what = "link to the case, notice, acceptance, link to the session";
    assert_eq!(sent.len(), 4, "{what}: {sent:?}");
}

/// Two processes, or two runs, at the same entries.
#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_do_it_once() {
    let desk = Desk::open().await;
    let case = desk.accepted("food_catering", 1).await;
    let services = &desk.app.services;
    let runs = [
        effects::work(services),
        effects::work(services),
        effects::work(services),
    ];
    for run in futures_util::future::join_all(runs).await {
        run.unwrap();
    }
    assert_eq!(desk.papers(&case, &desk.handler).await.len(), 1);
    assert_eq!(desk.sent(&case.phone).await.len(), 2);
}
