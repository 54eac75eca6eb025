//! A database that the first issue's build made opens, is brought up to date and verifies.
//!
//! `fixtures/0001.sql` is the dump of a demonstration played by that build: three cases, a whole session from its scheduling
//! to its closing, and its people (all examples).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_domain::PersonId;
use kanjie_store::{CaseFilter, JournalId, MigrationState, Store, VerifyError};
use sqlx::{Connection, SqliteConnection};
use support::{Engine, Place};

const FIRST: &str = include_str!("fixtures/0001.sql");

/// As the old program left it.
async fn old() -> Place {
    let place = Place::new(Engine::Sqlite);
    let Place::Sqlite(dir) = &place else {
        panic!("not a file")
    };
    let url = format!(
        "sqlite:{}?mode=rwc",
        dir.path().join("test.sqlite3").display()
    );
    let mut c = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(FIRST).execute(&mut c).await.unwrap();
    c.close().await.unwrap();
    place
}

#[tokio::test]
async fn a_database_of_the_first_build_opens_migrates_and_verifies() {
    let place = old().await;
    let store = Store::open(&place.database()).await.unwrap();
    let states: Vec<_> = store
        .migrations()
        .await
        .unwrap()
        .into_iter()
        .map(|m| m.state)
        .collect();
    assert_eq!(states[0], MigrationState::Applied);
    assert!(
        states[1..]
            .iter()
            .all(|state| *state == MigrationState::Pending),
        "{states:?}"
    );
    let kept = [
        "entries",
        "people",
        "accounts",
        "sessions",
        "participants",
        "links",
        "stills",
    ];
    let before = place.dump(&kept).await;

    store.make_ready().await.unwrap();
    let states = store.migrations().await.unwrap();
    assert!(
        states.iter().all(|m| m.state == MigrationState::Applied),
        "{states:?}"
    );
    let verified = store.verify_journals().await.unwrap();
    assert_eq!((verified.journals, verified.entries), (6, 178));
    let after = place.dump(&kept).await;
    // The entries to the byte; other tables may have grown columns.
    assert_eq!(after[0], before[0]);
    let rows = |dump: &[Vec<String>]| dump.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(rows(&after), rows(&before));

    // What it holds is found.
    let page = store.cases(&CaseFilter::default(), None, 10).await.unwrap();
    let numbers: Vec<_> = page.rows.iter().map(|row| row.case_no.as_str()).collect();
    assert_eq!(numbers, ["SL-2026-0003", "SL-2026-0002", "SL-2026-0001"]);
    let asked = CaseFilter {
        question: Some(String::from("面馆")),
        ..CaseFilter::default()
    };
    assert_eq!(store.cases(&asked, None, 10).await.unwrap().rows.len(), 1);
    let chair = store.account("chair").await.unwrap().unwrap();
    let parts = store.parts(&PersonId(chair.person.0), 10).await.unwrap();
    assert_eq!(parts.len(), 3);
    assert_eq!(
        parts
            .iter()
            .filter(|part| part.session.stage == "closed")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_changed_entry_is_found() {
    let place = old().await;
    let store = Store::open(&place.database()).await.unwrap();
    store.make_ready().await.unwrap();
    let parts = store.open_sessions().await.unwrap();
    let journal = JournalId::Session(parts[0].id.clone());
    place
        .execute(&format!(
            "UPDATE entries SET body = replace(body, '示例', '真实') WHERE journal = '{journal}'"
        ))
        .await;
    match store.verify_journals().await {
        Err(VerifyError::Chain { journal: found, .. }) => assert_eq!(found, journal.to_string()),
        other => panic!("{other:?}"),
    }
}
