//! Moves a whole database from an SQLite file to PostgreSQL: every table, then every chain checked on both sides.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row, TypeInfo, ValueRef};

use crate::error::StoreError;
use crate::migrations::MigrationState;
use crate::statement::{Connection, On};
use crate::store::{Pools, Store};
use crate::verify::{Verified, VerifyError, verify};

/// What is sent at once, bytes.
const CHUNK: usize = 1 << 20;

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// From a file to a server is the one way.
    #[error("this moves an SQLite file to PostgreSQL")]
    Engines,
    #[error("the file lacks migrations of this program: run `kanjie migrate` on it first")]
    Behind,
    #[error("{0} holds rows already: move into an empty database")]
    NotEmpty(String),
    #[error("the file: {0}")]
    Verify(#[from] VerifyError),
    #[error("{table}: {from} rows there, {to} here")]
    Rows { table: String, from: u64, to: u64 },
    #[error("the journals are not the same on both sides")]
    Journals,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// Each table with its rows.
    pub tables: Vec<(String, u64)>,
    pub journals: Verified,
}

#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<String>,
}

impl Store {
    /// Copies everything that the file holds into this empty `PostgreSQL` database, in one transaction: all of it, checked,
    /// or nothing. Nobody writes to the file meanwhile.
    ///
    /// # Errors
    /// When either side is not as it must be, or a row or a chain is not the same on both.
    pub async fn transfer_from(&self, file: &Self) -> Result<Transferred, TransferError> {
        let (Pools::Sqlite { .. }, Pools::Postgres(_)) = (&file.pools, &self.pools) else {
            return Err(TransferError::Engines);
        };
        let migrations = file.migrations().await?;
        if migrations
            .iter()
            .any(|m| m.state != MigrationState::Applied)
        {
            return Err(TransferError::Behind);
        }
        let mut from = file.write().await?;
        let whole = verify(&mut from).await?;
        let mut to = self.write().await?;
        let mut tables = Vec::new();
        if let (On::Sqlite(from), On::Postgres(to)) = (from.on(), to.on()) {
            for table in in_order(from).await? {
                let rows = copy(from, to, &table).await?;
                tables.push((table.name, rows));
            }
        }
        if verify(&mut to).await? != whole {
            return Err(TransferError::Journals);
        }
        to.commit().await?;
        self.learn().await?;
        Ok(Transferred {
            tables,
            journals: whole,
        })
    }
}

impl Store {
    /// Counts afresh what the planner goes by: after a move it knows of no row.
    async fn learn(&self) -> Result<(), StoreError> {
        if let Pools::Postgres(pool) = &self.pools {
            sqlx::query("ANALYZE").execute(pool).await?;
        }
        Ok(())
    }
}

/// Every table, after those that it refers to.
async fn in_order(from: &mut SqliteConnection) -> Result<Vec<Table>, TransferError> {
    const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        AND name <> '_sqlx_migrations' ORDER BY name";
    let mut waiting: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut *from).await?;
    let mut done = BTreeSet::new();
    let mut tables = Vec::new();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut left = Vec::new();
        for name in waiting {
            let refers =
                sqlx::query_scalar("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list($1)");
            let refers: Vec<String> = refers.bind(&name).fetch_all(&mut *from).await?;
            if refers
                .iter()
                .any(|other| *other != name && !done.contains(other))
            {
                left.push(name);
                continue;
            }
            let columns = sqlx::query_scalar("SELECT name FROM pragma_table_info($1) ORDER BY cid");
            let columns = columns.bind(&name).fetch_all(&mut *from).await?;
            done.insert(name.clone());
            tables.push(Table { name, columns });
        }
        if left.len() == before {
            return Err(
                StoreError::damaged("sqlite_schema", "tables that refer to each other").into(),
            );
        }
        waiting = left;
    }
    Ok(tables)
}

async fn copy(
    from: &mut SqliteConnection,
    to: &mut PgConnection,
    table: &Table,
) -> Result<u64, TransferError> {
    let name = quoted(&table.name);
    let exists = format!("SELECT EXISTS (SELECT 1 FROM {name})");
    if sqlx::query_scalar(AssertSqlSafe(exists))
        .fetch_one(&mut *to)
        .await?
    {
        return Err(TransferError::NotEmpty(table.name.clone()));
    }
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(column)).collect();
    let columns = columns.join(", ");
    let mut sink = to
        .copy_in_raw(&format!("COPY {name} ({columns}) FROM STDIN"))
        .await?;
    let select = format!("SELECT {columns} FROM {name}");
    let mut rows = 0_u64;
    let mut text = String::with_capacity(CHUNK + CHUNK / 4);
    {
        use futures_util::TryStreamExt;
        let mut source = sqlx::query(AssertSqlSafe(select)).fetch(&mut *from);
        while let Some(row) = source.try_next().await? {
            line(&mut text, &row, &table.name)?;
            rows += 1;
            if text.len() >= CHUNK {
                sink.send(text.as_bytes()).await?;
                text.clear();
            }
        }
    }
    sink.send(text.as_bytes()).await?;
    let here = sink.finish().await?;
    if here != rows {
        return Err(TransferError::Rows {
            table: table.name.clone(),
            from: rows,
            to: here,
        });
    }
    go_on_counting(to, &table.name).await?;
    Ok(rows)
}

/// Numbers that the database itself gives go on after the highest that was copied.
async fn go_on_counting(to: &mut PgConnection, table: &str) -> Result<(), TransferError> {
    const COLUMNS: &str = "SELECT column_name::text FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'YES'";
    let columns: Vec<String> = sqlx::query_scalar(COLUMNS)
        .bind(table)
        .fetch_all(&mut *to)
        .await?;
    for column in columns {
        let (of, column) = (quoted(table), quoted(&column));
        let set = format!(
            "SELECT setval(pg_get_serial_sequence('{of}', '{}'), COALESCE(MAX({column}), 0) + 1, false) FROM {of}",
            column.trim_matches('"')
        );
        sqlx::query(AssertSqlSafe(set)).execute(&mut *to).await?;
    }
    Ok(())
}

/// One row in the text form of COPY.
fn line(text: &mut String, row: &SqliteRow, table: &str) -> Result<(), TransferError> {
    for column in 0..row.len() {
        if column > 0 {
            text.push('\t');
        }
        let value = row.try_get_raw(column)?;
        if value.is_null() {
            text.push_str("\\N");
            continue;
        }
        let kind = value.type_info();
        match kind.name() {
            "INTEGER" => {
                let _ = write!(text, "{}", row.try_get::<i64, _>(column)?);
            }
            "TEXT" => escape(text, row.try_get(column)?),
            "BLOB" => {
                text.push_str("\\\\x");
                for byte in row.try_get::<&[u8], _>(column)? {
                    let _ = write!(text, "{byte:02x}");
                }
            }
            other => {
                return Err(StoreError::Damaged {
                    table: "sqlite_schema",
                    what: format!("{other} in {table}"),
                }
                .into());
            }
        }
    }
    text.push('\n');
    Ok(())
}

fn escape(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c => text.push(c),
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
