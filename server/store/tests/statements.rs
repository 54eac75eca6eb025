//! Every statement of the crate is one that both engines understand, in the tables as they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rstest::rstest;
use sqlx::{Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};
use support::{Engine, Place};

#[rstest]
#[tokio::test]
async fn every_statement_is_understood(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (place, _store) = support::fresh(engine).await;
    match &place {
        Place::Sqlite(dir) => {
            let url = format!("sqlite:{}", dir.path().join("test.sqlite3").display());
            let mut c = SqliteConnection::connect(&url).await.unwrap();
            for (name, statement) in kanjie_store::statements() {
                let prepared = c.prepare(statement.sqlite.into_sql_str()).await;
                assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
            }
        }
        Place::Postgres(server) => {
            let mut c = PgConnection::connect(&server.url()).await.unwrap();
            for (name, statement) in kanjie_store::statements() {
                let prepared = c.prepare(statement.postgres.into_sql_str()).await;
                assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
            }
        }
    }
}

/// A module that declares statements but is missing in the list would escape the test above.
#[test]
fn the_list_of_statements_is_complete() {
    let listed: BTreeSet<_> = kanjie_store::statements().map(|(name, _)| name).collect();
    let mut declared = 0;
    for source in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        let text = std::fs::read_to_string(source).unwrap();
        let Some((_, block)) = text.split_once("\nstatements! {\n") else {
            continue;
        };
        let block = block.split_once("\n}\n").unwrap().0;
        for line in block.lines() {
            let Some((name, _)) = line.trim().split_once(" = ") else {
                continue;
            };
            if name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
                declared += 1;
                assert!(
                    listed.contains(name),
                    "{name} is not in kanjie_store::statements()"
                );
            }
        }
    }
    assert_eq!(declared, kanjie_store::statements().count());
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut sources = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources.extend(self::sources(&path));
        } else {
            sources.push(path);
        }
    }
    sources
}
