//! The two engines have the same tables: the same columns, keys and indices, and texts in keys are ordered alike.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection, PgConnection, SqliteConnection};
use support::{Engine, Place};

#[derive(Debug, PartialEq, Eq, Default)]
struct Table {
    columns: BTreeMap<String, Column>,
    /// In the order of the key.
    primary: Vec<String>,
    unique: BTreeSet<Vec<String>>,
    foreign: BTreeSet<Reference>,
    indices: BTreeMap<String, Index>,
}

#[derive(Debug, PartialEq, Eq)]
struct Column {
    kind: &'static str,
    nullable: bool,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    table: String,
    from: Vec<String>,
    to: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Index {
    columns: Vec<String>,
    partial: bool,
}

type Schema = BTreeMap<String, Table>;

/// Kind, columns, and of a foreign key the other table with its columns.
type Key = (String, Vec<String>, Option<String>, Option<Vec<String>>);

#[tokio::test]
async fn the_tables_are_the_same_on_both_engines() {
    let (sqlite, _store) = support::fresh(Engine::Sqlite).await;
    let (postgres, _store) = support::fresh(Engine::Postgres).await;
    let (of_sqlite, of_postgres) = (of_sqlite(&sqlite).await, of_postgres(&postgres).await);
    let names = |schema: &Schema| schema.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&of_sqlite), names(&of_postgres));
    assert!(of_sqlite.len() > 10);
    for (name, table) in &of_sqlite {
        assert_eq!(table, &of_postgres[name], "table {name}");
    }
}

/// SQLite orders texts by their bytes; a text in a key that PostgreSQL orders by a language pages in another order there.
#[tokio::test]
async fn texts_in_keys_are_ordered_by_their_bytes() {
    let (place, _store) = support::fresh(Engine::Postgres).await;
    let mut c = postgres(&place).await;
    let wrong: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT t.relname::text, a.attname::text FROM pg_index i
         JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
         LEFT JOIN pg_collation o ON o.oid = a.attcollation
         WHERE s.nspname = current_schema() AND a.atttypid = 'text'::regtype AND o.collname <> 'C'
         AND t.relname <> '_sqlx_migrations'",
    )
    .fetch_all(&mut c)
    .await
    .unwrap();
    assert_eq!(wrong, []);
}

async fn sqlite(place: &Place) -> SqliteConnection {
    let Place::Sqlite(dir) = place else {
        panic!("not a file")
    };
    let url = format!("sqlite:{}", dir.path().join("test.sqlite3").display());
    SqliteConnection::connect(&url).await.unwrap()
}

async fn postgres(place: &Place) -> PgConnection {
    let Place::Postgres(server) = place else {
        panic!("not a server's")
    };
    PgConnection::connect(&server.url()).await.unwrap()
}

async fn of_sqlite(place: &Place) -> Schema {
    let mut c = sqlite(place).await;
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut c)
    .await
    .unwrap();
    let mut schema = Schema::new();
    for name in names {
        let mut table = Table::default();
        let columns: Vec<(String, String, bool, i64)> = sqlx::query_as(
            "SELECT name, type, \"notnull\", pk FROM pragma_table_info($1) ORDER BY pk, cid",
        )
        .bind(&name)
        .fetch_all(&mut c)
        .await
        .unwrap();
        for (column, kind, not_null, key) in columns {
            if key > 0 {
                table.primary.push(column.clone());
            }
            let kind = match kind.as_str() {
                "INTEGER" => "integer",
                "TEXT" => "text",
                "BLOB" => "bytes",
                other => panic!("{name}.{column}: {other}"),
            };
            table.columns.insert(
                column,
                Column {
                    kind,
                    nullable: !not_null && key == 0,
                },
            );
        }
        let indices: Vec<(String, bool, String, bool)> =
            sqlx::query_as("SELECT name, \"unique\", origin, partial FROM pragma_index_list($1)")
                .bind(&name)
                .fetch_all(&mut c)
                .await
                .unwrap();
        for (index, unique, origin, partial) in indices {
            let columns: Vec<String> =
                sqlx::query_scalar("SELECT name FROM pragma_index_info($1) ORDER BY seqno")
                    .bind(&index)
                    .fetch_all(&mut c)
                    .await
                    .unwrap();
            match (origin.as_str(), unique) {
                ("pk", _) => {}
                ("u", _) => {
                    table.unique.insert(columns);
                }
                (_, unique) => {
                    assert!(!unique, "{index}: say UNIQUE in the table");
                    table.indices.insert(index, Index { columns, partial });
                }
            }
        }
        table.foreign = references_of_sqlite(&mut c, &name).await;
        schema.insert(name, table);
    }
    schema
}

async fn references_of_sqlite(c: &mut SqliteConnection, table: &str) -> BTreeSet<Reference> {
    let parts: Vec<(i64, String, String, Option<String>)> = sqlx::query_as(
        "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list($1) ORDER BY id, seq",
    )
    .bind(table)
    .fetch_all(c)
    .await
    .unwrap();
    let mut references: BTreeMap<i64, Reference> = BTreeMap::new();
    for (id, table, from, to) in parts {
        let empty = Reference {
            table,
            from: Vec::new(),
            to: Vec::new(),
        };
        let reference = references.entry(id).or_insert(empty);
        reference.from.push(from);
        reference.to.extend(to);
    }
    references.into_values().collect()
}

async fn of_postgres(place: &Place) -> Schema {
    let mut c = postgres(place).await;
    let mut schema = Schema::new();
    let columns: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
         FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut c)
    .await
    .unwrap();
    for (name, column, kind, nullable) in columns {
        let kind = match kind.as_str() {
            "bigint" => "integer",
            "text" => "text",
            "bytea" => "bytes",
            other => panic!("{name}.{column}: {other}"),
        };
        let table = schema.entry(name).or_default();
        table.columns.insert(column, Column { kind, nullable });
    }
    for (name, table) in &mut schema {
        keys_of_postgres(&mut c, name, table).await;
        indices_of_postgres(&mut c, name, table).await;
    }
    schema
}

async fn keys_of_postgres(c: &mut PgConnection, name: &str, table: &mut Table) {
    let keys: Vec<Key> = sqlx::query_as(
        "SELECT k.contype::text,
            ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS n (attnum, place)
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.attnum ORDER BY n.place),
            f.relname::text,
            ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS n (attnum, place)
                JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n.attnum ORDER BY n.place)
         FROM pg_constraint k LEFT JOIN pg_class f ON f.oid = k.confrelid
         WHERE k.conrelid = to_regclass(quote_ident($1)) AND k.contype IN ('p', 'u', 'f')",
    )
    .bind(name)
    .fetch_all(c)
    .await
    .unwrap();
    for (kind, columns, other, to) in keys {
        match kind.as_str() {
            "p" => table.primary = columns,
            "u" => {
                table.unique.insert(columns);
            }
            _ => {
                let (table_name, to) = (other.unwrap(), to.unwrap_or_default());
                table.foreign.insert(Reference {
                    table: table_name,
                    from: columns,
                    to,
                });
            }
        }
    }
}

async fn indices_of_postgres(c: &mut PgConnection, name: &str, table: &mut Table) {
    let indices: Vec<(String, Vec<String>, bool)> = sqlx::query_as(
        "SELECT x.relname::text,
            ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS n (attnum, place)
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = n.attnum ORDER BY n.place),
            i.indpred IS NOT NULL
         FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
         WHERE i.indrelid = to_regclass(quote_ident($1)) AND NOT i.indisunique",
    )
    .bind(name)
    .fetch_all(c)
    .await
    .unwrap();
    for (index, columns, partial) in indices {
        table.indices.insert(index, Index { columns, partial });
    }
}
