//! Events to other systems: written with the entry or not at all, due in order for each case, until they are taken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_store::{
    AppendError, AppendRequest, JournalId, NewEndpoint, NewEntry, PausedBy, Store, TryOutcome,
};
use rstest::rstest;
use support::Engine;

async fn endpoint(store: &Store, id: &str, types: &[&str]) {
    let new = NewEndpoint {
        id: id.to_owned(),
        url: String::from("https://hooks.example/"),
        description: String::new(),
        types: types.iter().map(|kind| (*kind).to_owned()).collect(),
        created_at: 1,
    };
    store.add_endpoint(&new).await.unwrap();
}

fn case(id: &str) -> JournalId {
    JournalId::Case(id.to_owned())
}

fn entries(kinds: &[&str]) -> Vec<NewEntry> {
    let body = |kind: &str| format!(r#"{{"actor":"system","at":10,"event":{{"type":"{kind}"}}}}"#);
    let entry = |kind: &&str| NewEntry {
        nonce: [1; 32],
        body: body(kind),
    };
    kinds.iter().map(entry).collect()
}

async fn append(store: &Store, journal: JournalId, kinds: &[&str]) {
    let request = AppendRequest {
        write: vec![(journal, entries(kinds))],
        ..AppendRequest::default()
    };
    store.append(request).await.unwrap();
}

/// What is due at an endpoint: case, number of the entry, type.
async fn due(store: &Store, endpoint: &str, now: i64) -> Vec<(String, i64, String)> {
    let due = store.due_events(endpoint, now, 9).await.unwrap();
    due.into_iter()
        .map(|e| (e.subject, e.entry, e.kind))
        .collect()
}

async fn take(store: &Store, endpoint: &str, now: i64) {
    for event in store.due_events(endpoint, now, 9).await.unwrap() {
        let taken = TryOutcome::Taken;
        let paused = store.note_try(endpoint, event.seq, now, &taken).await;
        assert!(!paused.unwrap());
    }
}

fn item(case: &str, entry: i64, kind: &str) -> (String, i64, String) {
    (case.to_owned(), entry, kind.to_owned())
}

#[rstest]
#[tokio::test]
async fn an_event_is_there_with_its_entry_or_not_at_all(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    store.add_person(&support::person("p")).await.unwrap();
    support::session(&store, "s", &["p"]).await;
    append(&store, case("a"), &["created"]).await;
    endpoint(&store, "e", &["*"]).await;
    endpoint(&store, "some", &["session.*", "case.accepted"]).await;
    append(&store, case("a"), &["received", "accepted"]).await;
    append(&store, JournalId::Session(String::from("s")), &["started"]).await;
    let late = AppendRequest {
        read: vec![(case("a"), 1)],
        write: vec![(case("a"), entries(&["late"]))],
        ..AppendRequest::default()
    };
    let refused = store.append(late).await;
    assert!(matches!(refused, Err(AppendError::Conflict { .. })));
    assert_eq!(store.due_endpoints(10).await.unwrap(), ["e", "some"]);
    let live = item("case-of-s", 1, "session.started");
    assert_eq!(
        due(&store, "e", 10).await,
        [item("a", 2, "case.received"), live.clone()]
    );
    assert_eq!(
        due(&store, "some", 10).await,
        [item("a", 3, "case.accepted"), live]
    );
    take(&store, "e", 10).await;
    assert_eq!(due(&store, "e", 10).await, [item("a", 3, "case.accepted")]);
    take(&store, "e", 10).await;
    assert_eq!(due(&store, "e", 10).await, []);
    assert_eq!(store.due_endpoints(10).await.unwrap(), ["some"]);
}

#[rstest]
#[tokio::test]
async fn r28_what_the_staff_keep_to_themselves_reaches_no_endpoint(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    store.add_person(&support::person("p")).await.unwrap();
    support::session(&store, "s", &["p"]).await;
    let named = ["*", "session.deliberation_begun", "case.recusal_recorded"];
    endpoint(&store, "e", &named).await;
    let session = || JournalId::Session(String::from("s"));
    let within = ["deliberation_begun", "said", "deliberation_ended"];
    append(&store, session(), &within).await;
    append(&store, case("a"), &["recusal_recorded", "expert_called"]).await;
    append(&store, case("a"), &["of_a_kind_to_come"]).await;
    assert_eq!(due(&store, "e", 10).await, []);
    assert_eq!(store.replay("e", 0).await.unwrap(), 0);
    append(&store, session(), &["announced"]).await;
    let announced = item("case-of-s", 4, "session.announced");
    assert_eq!(due(&store, "e", 10).await, [announced]);
}

#[rstest]
#[tokio::test]
async fn what_failed_waits_and_its_case_with_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    endpoint(&store, "e", &["*"]).await;
    append(&store, case("a"), &["created", "received"]).await;
    append(&store, case("b"), &["created"]).await;
    let first = store.due_events("e", 10, 9).await.unwrap().remove(0);
    let failed = |pause| TryOutcome::Failed {
        error: String::from("503"),
        next_at: 50,
        endpoint_next_at: 20,
        pause,
    };
    assert!(
        !store
            .note_try("e", first.seq, 11, &failed(None))
            .await
            .unwrap()
    );
    assert_eq!(due(&store, "e", 19).await, []);
    assert_eq!(due(&store, "e", 20).await, [item("b", 1, "case.created")]);
    let state = store.endpoint("e").await.unwrap().unwrap();
    assert_eq!((state.failing_since, state.waiting), (Some(11), 3));
    assert_eq!(state.last_error.as_deref(), Some("503"));
    // A good answer clears the endpoint, not the event that waits.
    take(&store, "e", 20).await;
    assert_eq!(store.endpoint_fails("e").await.unwrap(), Some((0, None)));
    assert_eq!(due(&store, "e", 49).await, []);
    assert_eq!(due(&store, "e", 50).await, [item("a", 1, "case.created")]);
    let pause = failed(Some((PausedBy::Failures, None)));
    assert!(store.note_try("e", first.seq, 60, &pause).await.unwrap());
    assert!(!store.note_try("e", first.seq, 61, &pause).await.unwrap());
    assert_eq!(due(&store, "e", 999).await, []);
    store.resume_endpoint("e").await.unwrap();
    assert_eq!(due(&store, "e", 62).await, [item("a", 1, "case.created")]);
}

#[rstest]
#[tokio::test]
async fn a_replay_begins_where_it_is_told_to_and_what_is_cleared_is_gone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    endpoint(&store, "e", &["case.*"]).await;
    append(&store, case("a"), &["created", "received", "accepted"]).await;
    let second = store.due_events("e", 10, 9).await.unwrap().remove(0).seq + 1;
    for _ in 0..3 {
        take(&store, "e", 10).await;
    }
    assert_eq!(store.replay("e", second).await.unwrap(), 2);
    assert_eq!(due(&store, "e", 10).await, [item("a", 2, "case.received")]);
    take(&store, "e", 11).await;
    // What waits stays, whatever its age.
    store.clear_events(100).await.unwrap();
    assert_eq!(store.replay("e", 0).await.unwrap(), 1);
    assert_eq!(due(&store, "e", 12).await, [item("a", 3, "case.accepted")]);
    let number = store.due_events("e", 12, 9).await.unwrap().remove(0).seq;
    take(&store, "e", 12).await;
    store.clear_events(100).await.unwrap();
    append(&store, case("a"), &["decided"]).await;
    let next = store.due_events("e", 12, 9).await.unwrap().remove(0).seq;
    assert!(next > number, "a number came twice");
}

#[rstest]
#[tokio::test]
async fn an_endpoint_has_generations_and_goes_with_all_that_waits(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    endpoint(&store, "e", &["*"]).await;
    assert_eq!(store.rotate_endpoint("e", 99).await.unwrap(), Some(2));
    assert_eq!(store.rotate_endpoint("none", 99).await.unwrap(), None);
    let state = store.endpoint("e").await.unwrap().unwrap();
    assert_eq!((state.generation, state.both_until), (2, Some(99)));
    store
        .pause_endpoint("e", 5, PausedBy::Administrator)
        .await
        .unwrap();
    let state = store.endpoint("e").await.unwrap().unwrap();
    assert_eq!(state.paused, Some((5, PausedBy::Administrator)));
    append(&store, case("a"), &["created"]).await;
    assert!(store.remove_endpoint("e").await.unwrap());
    assert!(!store.remove_endpoint("e").await.unwrap());
    assert_eq!(store.endpoints().await.unwrap(), []);
    // Without an endpoint nothing is noted.
    append(&store, case("a"), &["received"]).await;
    endpoint(&store, "f", &["*"]).await;
    assert_eq!(store.replay("f", 0).await.unwrap(), 1);
}
