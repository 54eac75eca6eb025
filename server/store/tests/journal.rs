//! Journals keep their bytes, their order and their chain, and a decision on stale facts writes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_domain::PersonId;
use kanjie_evidence::{Entry, Hash};
use kanjie_store::{AppendError, AppendRequest, IndexChange, JournalId, NewEntry, Store};
use rstest::rstest;
use support::Engine;

fn session(id: &str) -> JournalId {
    JournalId::Session(id.to_owned())
}

fn case(id: &str) -> JournalId {
    JournalId::Case(id.to_owned())
}

fn entry(n: u8, body: &str) -> NewEntry {
    NewEntry {
        nonce: [n; 32],
        body: body.to_owned(),
    }
}

fn append(read: &[(JournalId, u64)], journal: &JournalId, entries: Vec<NewEntry>) -> AppendRequest {
    AppendRequest {
        read: read.to_vec(),
        write: vec![(journal.clone(), entries)],
        index: Vec::new(),
    }
}

fn assert_chained(entries: &[Entry]) {
    let mut prev = Hash::ZERO;
    for (entry, seq) in entries.iter().zip(1..) {
        let opened = entry.opened.clone().unwrap();
        let again = Entry::seal(seq, prev, opened.nonce.0, opened.body);
        assert_eq!(*entry, again);
        prev = entry.hash;
    }
}

#[rstest]
#[tokio::test]
async fn entries_come_back_as_they_were_sealed_also_after_a_restart(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (place, store) = support::fresh(engine).await;
    let journal = session("s");
    let bodies = ["{\"at\":1}", "{\"text\":\"现勘现结 \\u0000 \\\"\"}", "{}"];
    let first = append(&[(journal.clone(), 0)], &journal, vec![entry(1, bodies[0])]);
    let mut sealed = store.append(first).await.unwrap();
    let rest = vec![entry(2, bodies[1]), entry(3, bodies[2])];
    let rest = append(&[(journal.clone(), 1)], &journal, rest);
    sealed.extend(store.append(rest).await.unwrap());
    assert_chained(&sealed);
    store.close().await;

    let store = Store::open(&place.database()).await.unwrap();
    store.migrate().await.unwrap();
    let kept = store.entries(&journal, 0, 100).await.unwrap();
    assert_eq!(kept, sealed);
    let texts: Vec<_> = kept
        .iter()
        .map(|e| e.opened.as_ref().unwrap().body.as_str())
        .collect();
    assert_eq!(texts, bodies);
    let head = store.head(&journal).await.unwrap();
    assert_eq!((head.seq, head.hash), (3, kept[2].hash));
    assert_eq!(store.entries(&journal, 1, 1).await.unwrap(), kept[1..2]);
    assert_eq!(store.entries(&journal, 3, 9).await.unwrap(), []);
    assert_eq!(store.entries(&journal, u64::MAX, 9).await.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn a_stale_head_writes_nothing_anywhere(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let (s, c) = (session("s"), case("c"));
    let begin = append(&[(c.clone(), 0)], &c, vec![entry(1, "{}")]);
    store.append(begin).await.unwrap();
    let request = AppendRequest {
        read: vec![(s.clone(), 0), (c.clone(), 0)],
        write: vec![(s.clone(), vec![entry(2, "{}")])],
        index: vec![IndexChange::Case {
            id: String::from("x"),
            case_no: String::from("x"),
        }],
    };
    let error = store.append(request.clone()).await.unwrap_err();
    assert!(matches!(error, AppendError::Conflict { journal, head: 1 } if journal == c));
    assert_eq!(store.head(&s).await.unwrap().seq, 0);
    let read = vec![(s.clone(), 0), (c, 1)];
    // The index change was rolled back too, or this would find it there already.
    store
        .append(AppendRequest { read, ..request })
        .await
        .unwrap();
    assert_eq!(store.head(&s).await.unwrap().seq, 1);
}

/// A recusal that lands in the case before the announcement stops it.
#[rstest]
#[tokio::test]
async fn r16_a_recusal_in_between_stops_the_act(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let (s, c) = (session("s"), case("c"));
    let seen = vec![(s.clone(), 0), (c.clone(), 0)];
    let recusal = append(&[], &c, vec![entry(1, "{\"recusal\":1}")]);
    store.append(recusal).await.unwrap();
    let announcement = append(&seen, &s, vec![entry(2, "{\"announced\":1}")]);
    assert!(store.append(announcement).await.is_err());
    assert_eq!(store.head(&s).await.unwrap().seq, 0);
}

#[rstest]
#[tokio::test]
async fn of_many_racing_acts_one_is_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let journal = session("s");
    let racing: Vec<_> = (0..20)
        .map(|n| {
            let store = store.clone();
            let request = append(&[(journal.clone(), 0)], &journal, vec![entry(n, "{}")]);
            tokio::spawn(async move { store.append(request).await })
        })
        .collect();
    let mut won = 0;
    for race in racing {
        match race.await.unwrap() {
            Ok(_) => won += 1,
            Err(AppendError::Conflict { head, .. }) => assert_eq!(head, 1),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(store.entries(&journal, 0, 100).await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn what_was_not_read_is_appended_to_wherever_it_stands(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let (s, c) = (session("s"), case("c"));
    for n in 0..3 {
        let request = append(&[], &c, vec![entry(n, "{}")]);
        store.append(request).await.unwrap();
    }
    let both = AppendRequest {
        read: vec![(s.clone(), 0)],
        write: vec![
            (s.clone(), vec![entry(8, "{\"s\":1}")]),
            (c.clone(), vec![entry(9, "{\"c\":1}")]),
        ],
        index: Vec::new(),
    };
    let sealed = store.append(both).await.unwrap();
    assert_eq!(sealed.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 4]);
    assert_chained(&store.entries(&c, 0, 100).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn r16_the_recused_have_no_part(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (_place, store) = support::fresh(engine).await;
    for id in ["a", "b"] {
        store.add_person(&support::person(id)).await.unwrap();
    }
    support::session(&store, "s", &["a", "b"]).await;
    let (a, b) = (PersonId(String::from("a")), PersonId(String::from("b")));
    assert!(store.part("s", &a).await.unwrap().is_some());
    assert!(store.part("other", &a).await.unwrap().is_none());
    let change = IndexChange::Recused {
        case: String::from("case-of-s"),
        person: a.clone(),
    };
    support::change(&store, change).await;
    assert!(store.part("s", &a).await.unwrap().is_none());
    assert_eq!(store.parts(&a, 9).await.unwrap(), []);
    assert_eq!(store.parts(&b, 9).await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn stages_and_closing_show_in_the_index(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    store.add_person(&support::person("a")).await.unwrap();
    assert!(!store.has_sessions().await.unwrap());
    support::session(&store, "s", &["a"]).await;
    assert!(store.has_sessions().await.unwrap());
    let session = String::from("s");
    let stage = String::from("live");
    support::change(&store, IndexChange::Stage { session, stage }).await;
    assert_eq!(store.open_sessions().await.unwrap()[0].stage, "live");
    let session = String::from("s");
    support::change(&store, IndexChange::Closed { session, at: 9 }).await;
    assert_eq!(store.open_sessions().await.unwrap(), []);
    let row = store.session("s").await.unwrap().unwrap();
    assert_eq!((row.stage.as_str(), row.closed_at), ("closed", Some(9)));
}
