//! The tables' versions: the same numbers on both engines.

use std::collections::BTreeSet;

use sqlx::migrate::Migrator;

use crate::error::StoreError;
use crate::statement::statements;
use crate::store::{Pools, Store};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

statements! {
    BEGUN = {
        sqlite: "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')",
        postgres: "SELECT to_regclass('_sqlx_migrations') IS NOT NULL"
    };
}

// Not in the list: its table is not there before the first migration begins.
const APPLIED: crate::statement::Statement = crate::statement::Statement {
    sqlite: "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version",
    postgres: "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version",
};

/// One migration of this program or of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    pub version: i64,
    /// From the file's name; empty where the database has it and this program does not.
    pub name: String,
    pub state: MigrationState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationState {
    Applied,
    Pending,
    /// Written by a newer program.
    Unknown,
}

impl Store {
    /// Brings the tables up to this program's version.
    ///
    /// # Errors
    /// When a migration fails, or the database was written by a newer program.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => SQLITE.run(writer).await?,
            Pools::Postgres(pool) => {
                // A connection of its own, closed after: the migrator's lock goes with it even where it failed.
                let mut connection = pool.acquire().await?.detach();
                POSTGRES.run(&mut connection).await?;
            }
        }
        self.index_cases_once().await
    }

    /// Every migration, in order, with where it stands; reads only.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn migrations(&self) -> Result<Vec<Migration>, StoreError> {
        let known = match &self.pools {
            Pools::Sqlite { .. } => &SQLITE,
            Pools::Postgres(_) => &POSTGRES,
        };
        let mut c = self.read().await?;
        let (begun,): (bool,) = BEGUN.query().one(&mut c).await?;
        let applied: Vec<(i64,)> = if begun {
            APPLIED.query().all(&mut c).await?
        } else {
            Vec::new()
        };
        let mut applied: BTreeSet<i64> = applied.into_iter().map(|(version,)| version).collect();
        let mut all: Vec<_> = known
            .iter()
            .map(|migration| Migration {
                version: migration.version,
                name: migration.description.to_string(),
                state: if applied.remove(&migration.version) {
                    MigrationState::Applied
                } else {
                    MigrationState::Pending
                },
            })
            .collect();
        all.extend(applied.into_iter().map(|version| Migration {
            version,
            name: String::new(),
            state: MigrationState::Unknown,
        }));
        Ok(all)
    }

    /// Makes ready to serve: a file is brought up to date, a server's database must have been by `kanjie migrate`, which
    /// may ask for rights that serving does not.
    ///
    /// # Errors
    /// [`StoreError::NotMigrated`], or when the database fails.
    pub async fn make_ready(&self) -> Result<(), StoreError> {
        if matches!(self.pools, Pools::Sqlite { .. }) {
            return self.migrate().await;
        }
        let migrations = self.migrations().await?;
        match migrations
            .iter()
            .find(|m| m.state != MigrationState::Applied)
        {
            None => Ok(()),
            Some(Migration {
                version,
                state: MigrationState::Unknown,
                ..
            }) => Err(sqlx::migrate::MigrateError::VersionMissing(*version).into()),
            Some(migration) => Err(StoreError::NotMigrated(migration.version)),
        }
    }
}
