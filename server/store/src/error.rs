//! What can go wrong below every query.

/// The store could not do what was asked. The text is for the log, never for the outside.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// What the configuration names is no database.
    #[error("address of the database: {0}")]
    Address(sqlx::Error),
    /// Serving does not change the tables of a `PostgreSQL` database.
    #[error("the database lacks migration {0}: run `kanjie migrate` first")]
    NotMigrated(i64),
    /// A row that this program could not have written.
    #[error("damaged row in {table}: {what}")]
    Damaged { table: &'static str, what: String },
    #[error("file: {0}")]
    File(std::io::Error),
    /// The row is there already, with other content.
    #[error("{0} exists already")]
    Exists(&'static str),
}

impl StoreError {
    pub(crate) fn damaged(table: &'static str, what: impl ToString) -> Self {
        Self::Damaged {
            table,
            what: what.to_string(),
        }
    }
}

/// Turns a violated UNIQUE or PRIMARY KEY into [`StoreError::Exists`].
pub(crate) fn or_exists(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => StoreError::Exists(what),
        _ => StoreError::Database(error),
    }
}

/// Whether the database itself asked to try the whole transaction again (serialization failure, deadlock).
pub(crate) fn is_passing(error: &StoreError) -> bool {
    let StoreError::Database(sqlx::Error::Database(inner)) = error else {
        return false;
    };
    matches!(inner.code().as_deref(), Some("40001" | "40P01"))
}
