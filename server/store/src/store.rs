//! The pools of either engine, and the two ways to a connection: to read, and to write in a transaction.

use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgTransaction};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
    SqliteTransaction,
};

use crate::database::{self, Database};
use crate::error::StoreError;
use crate::statement::{Connection, On, statements};

/// Connections for reading beside SQLite's one writer.
const READERS: u32 = 4;
/// Connections to `PostgreSQL`.
const CONNECTIONS: u32 = 10;
/// How long a write waits for another's lock.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pages that SQLite's writer keeps in memory, KiB (negative, as SQLite says KiB): the indices of a million cases are written
/// all over.
const WRITER_CACHE: &str = "-65536";

statements! {
    PING = "SELECT 1";
    // SQLite needs nothing: BEGIN IMMEDIATE holds every lock there is.
    LOCK = {
        sqlite: "SELECT $1",
        postgres: "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
    };
}

/// Handle to the database; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pools: Pools,
}

#[derive(Clone, Debug)]
pub(crate) enum Pools {
    Sqlite {
        reader: SqlitePool,
        writer: SqlitePool,
    },
    Postgres(PgPool),
}

impl Store {
    /// Opens the database; a file is made if absent. See [`Store::migrate`] before anything else.
    ///
    /// # Errors
    /// When the file cannot be opened or made, or the server not be reached.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        let pools = match database {
            Database::File(path) => open_file(path).await?,
            Database::Postgres(server) => open_server(server).await?,
        };
        Ok(Self { pools })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        PING.query().execute(&mut self.read().await?).await?;
        Ok(())
    }

    /// Waits for running work, then closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { reader, writer } => {
                reader.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// A connection to read by.
    pub(crate) async fn read(&self) -> Result<Reader, sqlx::Error> {
        Ok(match &self.pools {
            Pools::Sqlite { reader, .. } => Reader::Sqlite(reader.acquire().await?),
            Pools::Postgres(pool) => Reader::Postgres(pool.acquire().await?),
        })
    }

    /// The one way to write. On SQLite the lock is taken at the start, so a transaction never fails half-way for want of
    /// it, and writes come one after another. On `PostgreSQL` they run beside each other: what is read in order to write
    /// is read `FOR UPDATE`, or under [`Tx::lock`].
    pub(crate) async fn write(&self) -> Result<Tx, sqlx::Error> {
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }
}

async fn open_file(path: &Path) -> Result<Pools, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is erased (a sent code, one day a body) must not lie on in free pages.
        .pragma("secure_delete", "ON")
        .busy_timeout(PATIENCE);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone().pragma("cache_size", WRITER_CACHE))
        .await?;
    let reader = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(options)
        .await?;
    Ok(Pools::Sqlite { reader, writer })
}

async fn open_server(server: &database::Postgres) -> Result<Pools, sqlx::Error> {
    let patience = PATIENCE.as_millis().to_string();
    let options = PgConnectOptions::clone(&server.0)
        .application_name("kanjie")
        // What was answered is on the disk, whatever the server's own default is.
        .options([
            ("synchronous_commit", "on"),
            ("lock_timeout", patience.as_str()),
        ]);
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await?;
    Ok(Pools::Postgres(pool))
}

/// A connection to read by.
pub(crate) enum Reader {
    Sqlite(PoolConnection<sqlx::Sqlite>),
    Postgres(PoolConnection<sqlx::Postgres>),
}

impl Connection for Reader {
    fn on(&mut self) -> On<'_> {
        match self {
            Self::Sqlite(c) => On::Sqlite(c),
            Self::Postgres(c) => On::Postgres(c),
        }
    }
}

/// A transaction; dropped without [`Tx::commit`], it never was.
pub(crate) enum Tx {
    Sqlite(SqliteTransaction<'static>),
    Postgres(PgTransaction<'static>),
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }

    /// Waits until nobody else holds the lock of this name, and holds it until the end of the transaction. Statements
    /// after it see all that earlier holders wrote. Who takes several takes them in ascending order.
    pub(crate) async fn lock(&mut self, name: &str) -> Result<(), sqlx::Error> {
        LOCK.bind(name).execute(self).await?;
        Ok(())
    }
}

impl Connection for Tx {
    fn on(&mut self) -> On<'_> {
        match self {
            Self::Sqlite(tx) => On::Sqlite(tx),
            Self::Postgres(tx) => On::Postgres(tx),
        }
    }
}
