//! Statements that run on both engines: one text with `$1`, `$2`, … for both, or two where the engines differ.

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, FromRow, Postgres, Sqlite};

/// Declares the statements of a module, and `STATEMENTS`, which [`crate::statements`] lists for the test that prepares
/// every one on both engines.
macro_rules! statements {
    ($($name:ident = $text:tt;)+) => {
        $(const $name: $crate::statement::Statement = statements!(@one $text);)+
        pub(crate) const STATEMENTS: &[(&str, $crate::statement::Statement)] =
            &[$((stringify!($name), $name)),+];
    };
    (@one { sqlite: $sqlite:literal, postgres: $postgres:literal }) => {
        $crate::statement::Statement { sqlite: $sqlite, postgres: $postgres }
    };
    (@one $both:literal) => {
        $crate::statement::Statement { sqlite: $both, postgres: $both }
    };
}
pub(crate) use statements;

/// What one statement says to either engine.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

impl Statement {
    /// The statement with its first argument.
    pub(crate) fn bind<'q>(self, argument: impl Into<Argument<'q>>) -> Query<'q> {
        self.query().bind(argument)
    }

    /// The statement without arguments.
    pub(crate) const fn query<'q>(self) -> Query<'q> {
        Query {
            statement: self,
            arguments: Vec::new(),
        }
    }
}

/// The three types that columns have; each may be NULL.
#[derive(Clone, Debug)]
pub enum Argument<'q> {
    Integer(Option<i64>),
    Text(Option<&'q str>),
    Bytes(Option<&'q [u8]>),
}

impl From<i64> for Argument<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<u32> for Argument<'_> {
    fn from(value: u32) -> Self {
        Self::Integer(Some(i64::from(value)))
    }
}

impl From<Option<i64>> for Argument<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl<'q> From<&'q str> for Argument<'q> {
    fn from(value: &'q str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'q> From<&'q String> for Argument<'q> {
    fn from(value: &'q String) -> Self {
        Self::Text(Some(value))
    }
}

impl<'q> From<Option<&'q str>> for Argument<'q> {
    fn from(value: Option<&'q str>) -> Self {
        Self::Text(value)
    }
}

impl<'q> From<&'q Option<String>> for Argument<'q> {
    fn from(value: &'q Option<String>) -> Self {
        Self::Text(value.as_deref())
    }
}

impl<'q> From<&'q [u8]> for Argument<'q> {
    fn from(value: &'q [u8]) -> Self {
        Self::Bytes(Some(value))
    }
}

impl<'q> From<&'q Vec<u8>> for Argument<'q> {
    fn from(value: &'q Vec<u8>) -> Self {
        Self::Bytes(Some(value))
    }
}

impl<'q> From<&'q [u8; 32]> for Argument<'q> {
    fn from(value: &'q [u8; 32]) -> Self {
        Self::Bytes(Some(value))
    }
}

impl<'q> From<Option<&'q [u8]>> for Argument<'q> {
    fn from(value: Option<&'q [u8]>) -> Self {
        Self::Bytes(value)
    }
}

/// A connection to either engine, be it for reading or within a transaction.
pub(crate) trait Connection {
    fn on(&mut self) -> On<'_>;
}

pub(crate) enum On<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// What can be read from a row of either engine: a derived `FromRow`, a tuple.
pub(crate) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// A statement with its arguments, in the order of their numbers.
pub(crate) struct Query<'q> {
    statement: Statement,
    arguments: Vec<Argument<'q>>,
}

impl<'q> Query<'q> {
    pub(crate) fn bind(mut self, argument: impl Into<Argument<'q>>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Runs it; says how many rows it touched.
    pub(crate) async fn execute(self, c: &mut impl Connection) -> Result<u64, sqlx::Error> {
        let sql = self.statement;
        match c.on() {
            On::Sqlite(c) => {
                let query = sqlx::query_with(sql.sqlite, self.for_sqlite()?);
                Ok(query.execute(c).await?.rows_affected())
            }
            On::Postgres(c) => {
                let query = sqlx::query_with(sql.postgres, self.for_postgres()?);
                Ok(query.execute(c).await?.rows_affected())
            }
        }
    }

    /// All rows.
    pub(crate) async fn all<T: Row>(self, c: &mut impl Connection) -> Result<Vec<T>, sqlx::Error> {
        let sql = self.statement;
        match c.on() {
            On::Sqlite(c) => {
                let query = sqlx::query_as_with::<Sqlite, T, _>(sql.sqlite, self.for_sqlite()?);
                query.fetch_all(c).await
            }
            On::Postgres(c) => {
                let query =
                    sqlx::query_as_with::<Postgres, T, _>(sql.postgres, self.for_postgres()?);
                query.fetch_all(c).await
            }
        }
    }

    /// The first row, if there is one.
    pub(crate) async fn optional<T: Row>(
        self,
        c: &mut impl Connection,
    ) -> Result<Option<T>, sqlx::Error> {
        let sql = self.statement;
        match c.on() {
            On::Sqlite(c) => {
                let query = sqlx::query_as_with::<Sqlite, T, _>(sql.sqlite, self.for_sqlite()?);
                query.fetch_optional(c).await
            }
            On::Postgres(c) => {
                let query =
                    sqlx::query_as_with::<Postgres, T, _>(sql.postgres, self.for_postgres()?);
                query.fetch_optional(c).await
            }
        }
    }

    /// The row of a statement that always has one.
    pub(crate) async fn one<T: Row>(self, c: &mut impl Connection) -> Result<T, sqlx::Error> {
        self.optional(c).await?.ok_or(sqlx::Error::RowNotFound)
    }

    fn for_sqlite(&self) -> Result<SqliteArguments, sqlx::Error> {
        let mut to = SqliteArguments::default();
        for argument in &self.arguments {
            match argument {
                Argument::Integer(value) => Arguments::add(&mut to, *value),
                // Owned: what goes to SQLite's thread must not borrow.
                Argument::Text(value) => Arguments::add(&mut to, value.map(storable)),
                Argument::Bytes(value) => Arguments::add(&mut to, value.map(<[u8]>::to_vec)),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(to)
    }

    fn for_postgres(&self) -> Result<PgArguments, sqlx::Error> {
        let mut to = PgArguments::default();
        for argument in &self.arguments {
            match argument {
                Argument::Integer(value) => to.add(*value),
                Argument::Text(value) => to.add(value.map(storable)),
                Argument::Bytes(value) => to.add(*value),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(to)
    }
}

/// `PostgreSQL` keeps no U+0000 in text; strangers may send one. Both engines keep the same.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
