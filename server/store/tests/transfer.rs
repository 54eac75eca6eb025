//! Backup of a file in use, and the move from SQLite to PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use kanjie_store::{
    AppendRequest, Attempt, Database, JournalId, NewEntry, Person, Store, TransferError,
};
use support::{Engine, Place};

/// Texts that an escape could spoil.
const HARD: &str = "{\"text\":\"勘\\\\结\\t\\n\\\\N \\\\. 'x' \\\"\"}";

async fn append(store: &Store, session: &str, body: &str) {
    let journal = JournalId::Session(session.to_owned());
    let entry = NewEntry {
        nonce: [9; 32],
        body: body.to_owned(),
    };
    let write = vec![(journal, vec![entry])];
    store
        .append(AppendRequest {
            write,
            ..AppendRequest::default()
        })
        .await
        .unwrap();
}

async fn attempt(store: &Store) {
    let text = |text: &str| text.to_owned();
    let attempt = Attempt {
        at: 1,
        action: text("sign_in"),
        subject: text("c"),
        address: text("127.0.0.1"),
        outcome: text("ok"),
    };
    store.note_attempt(&attempt).await.unwrap();
}

fn hard_name() -> Person {
    Person {
        name: String::from("一\t二\n三\\四\r"),
        organisation: String::from("\\N"),
        department: Some(String::new()),
        ..support::person("hard")
    }
}

/// A row in each table that [`filled`] leaves empty, and a value in each column.
const EVERY_TABLE: &str = include_str!("fixtures/every_table.sql");

/// A file with people, a session and two journals.
async fn filled() -> (Place, Store) {
    let (place, store) = support::fresh(Engine::Sqlite).await;
    for id in ["a", "b"] {
        store.add_person(&support::person(id)).await.unwrap();
    }
    store
        .add_staff(&support::person("c"), &support::account("c", "c"))
        .await
        .unwrap();
    support::session(&store, "s", &["a", "b"]).await;
    for body in ["{}", HARD, "{\"at\":1}"] {
        append(&store, "s", body).await;
    }
    append(&store, "t", "{}").await;
    store.add_person(&hard_name()).await.unwrap();
    attempt(&store).await;
    attempt(&store).await;
    (place, store)
}

#[tokio::test]
async fn a_whole_database_moves_to_postgres() {
    let (from, file) = filled().await;
    let (to, server) = support::fresh(Engine::Postgres).await;
    let moved = server.transfer_from(&file).await.unwrap();
    assert_eq!((moved.journals.journals, moved.journals.entries), (2, 4));
    assert_eq!(
        server.verify_journals().await.unwrap(),
        file.verify_journals().await.unwrap()
    );

    for (table, rows) in &moved.tables {
        assert_eq!(
            from.dump(&[table]).await[0].len(),
            to.dump(&[table]).await[0].len(),
            "{table}"
        );
        assert_eq!(from.dump(&[table]).await[0].len() as u64, *rows, "{table}");
    }
    for journal in ["s", "t"] {
        let journal = JournalId::Session(journal.to_owned());
        let entries = file.entries(&journal, 0, 10).await.unwrap();
        assert_eq!(server.entries(&journal, 0, 10).await.unwrap(), entries);
    }
    assert_eq!(
        server.person(&hard_name().id).await.unwrap(),
        Some(hard_name())
    );
    assert_eq!(
        server.account("c").await.unwrap().unwrap().totp_secret,
        [7; 20]
    );

    // Life goes on: numbers given by the database follow, and so do entries.
    attempt(&server).await;
    assert_eq!(to.dump(&["attempts"]).await[0].len(), 3);
    append(&server, "s", "{}").await;
    assert_eq!(
        server
            .head(&JournalId::Session(String::from("s")))
            .await
            .unwrap()
            .seq,
        4
    );
    assert_eq!(server.verify_journals().await.unwrap().entries, 5);
}

/// Fails where a migration made a table or a column of which the fixture holds nothing, and where either way leaves one out.
#[tokio::test]
async fn nothing_is_left_out_of_a_move_or_a_backup() {
    let (from, file) = filled().await;
    from.execute(EVERY_TABLE).await;
    let (to, server) = support::fresh(Engine::Postgres).await;
    let moved = server.transfer_from(&file).await.unwrap();
    let Place::Sqlite(dir) = &from else {
        panic!("not a file")
    };
    let backup = Place::Sqlite(tempfile::tempdir_in(dir).unwrap());
    let Database::File(copy) = backup.database() else {
        panic!("not a file")
    };
    assert!(file.copy_to(&copy).await.unwrap());

    let tables = from.tables().await;
    let carried: Vec<_> = moved.tables.iter().map(|(name, _)| name.clone()).collect();
    let sorted: BTreeSet<_> = carried.iter().collect();
    assert_eq!(sorted, tables.keys().collect());
    for (table, columns) in &tables {
        let rows = from.rows(table, columns).await;
        for (at, column) in columns.iter().enumerate() {
            assert!(
                rows.iter().any(|row| row[at].is_some()),
                "fill {table}.{} in every_table.sql",
                column.name
            );
        }
        assert_eq!(to.rows(table, columns).await, rows, "{table} moved");
        assert_eq!(backup.rows(table, columns).await, rows, "{table} copied");
    }
}

#[tokio::test]
async fn nothing_moves_over_what_is_there() {
    let (_from, file) = filled().await;
    let (to, server) = support::fresh(Engine::Postgres).await;
    server.add_person(&support::person("z")).await.unwrap();
    let error = server.transfer_from(&file).await.unwrap_err();
    assert!(matches!(error, TransferError::NotEmpty(table) if table == "people"));
    assert_eq!(
        to.dump(&["people", "entries"])
            .await
            .iter()
            .map(Vec::len)
            .collect::<Vec<_>>(),
        [1, 0]
    );
    assert!(matches!(
        file.transfer_from(&server).await,
        Err(TransferError::Engines)
    ));
}

#[tokio::test]
async fn a_broken_journal_does_not_move() {
    let (from, file) = filled().await;
    from.execute("UPDATE entries SET hash = prev WHERE journal = 'session:s' AND seq = 2")
        .await;
    let (to, server) = support::fresh(Engine::Postgres).await;
    assert!(matches!(
        server.transfer_from(&file).await,
        Err(TransferError::Verify(_))
    ));
    assert_eq!(to.dump(&["people"]).await, [Vec::<String>::new()]);
}

#[tokio::test]
async fn a_file_is_copied_whole_while_others_write() {
    let (place, store) = filled().await;
    let Place::Sqlite(dir) = &place else {
        panic!("not a file")
    };
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..200 {
                append(&store, "busy", "{}").await;
            }
        })
    };
    let path = dir.path().join("copy.sqlite3");
    assert!(store.copy_to(&path).await.unwrap());
    writing.await.unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(
        store.copy_to(&path).await.is_err(),
        "an older copy is not written over"
    );

    let copy = Store::open(&Database::file(&path)).await.unwrap();
    let whole = copy.verify_journals().await.unwrap();
    assert!(whole.entries >= 4);
    assert_eq!(
        copy.entries(&JournalId::Session(String::from("s")), 0, 10)
            .await
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        copy.person(&support::person("a").id).await.unwrap(),
        Some(support::person("a"))
    );
    copy.close().await;

    let (_server, postgres) = support::fresh(Engine::Postgres).await;
    let nowhere = dir.path().join("no.sqlite3");
    assert!(!postgres.copy_to(&nowhere).await.unwrap());
    assert!(!nowhere.exists());
}
