//! Which database: a file, or a `PostgreSQL` server's.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::error::StoreError;

/// Where the store is.
#[derive(Clone)]
pub enum Database {
    /// An SQLite file: the embedded default.
    File(PathBuf),
    /// A `PostgreSQL` database.
    Postgres(Postgres),
}

/// How to reach a `PostgreSQL` database; its password is not shown.
#[derive(Clone)]
pub struct Postgres(pub(crate) Box<PgConnectOptions>);

impl Database {
    /// `postgres://USER@HOST:PORT/NAME?sslmode=…`, or `sqlite:PATH`, or a path.
    ///
    /// # Errors
    /// [`StoreError::Address`] when it is none of these.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text).map_err(StoreError::Address)?;
            return Ok(Self::Postgres(Postgres(Box::new(options))));
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        Ok(Self::file(path))
    }

    /// An SQLite file.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::File(path.as_ref().to_owned())
    }

    /// With the password that stood in a file of its own; a file database needs none.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        match self {
            Self::File(_) => self,
            Self::Postgres(Postgres(options)) => {
                Self::Postgres(Postgres(Box::new(options.password(password))))
            }
        }
    }
}

/// Without user and password: this goes into logs.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(Postgres(options)) => write!(
                f,
                "postgres://{}:{}/{}",
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default()
            ),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}
