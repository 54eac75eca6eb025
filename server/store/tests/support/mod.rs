//! A fresh database file, and short ways to fill it.
// Each test binary compiles this anew and uses a part of it.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};

use kanjie_domain::case::Listed;
use kanjie_domain::{Participant, PersonId, Role};
use kanjie_store::{
    AppendRequest, Database, IndexChange, LinkTo, NewAccount, NewSignIn, Person, SessionRow,
    SignInMethod, Store,
};
use kanjie_test_postgres::TestDatabase;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row as _, SqliteConnection};
use tempfile::TempDir;

/// Every behaviour is tested on each.
#[derive(Clone, Copy, Debug)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Where a test's database is; gone with this.
#[derive(Debug)]
pub enum Place {
    Sqlite(TempDir),
    Postgres(TestDatabase),
}

impl Place {
    pub fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite(tempfile::tempdir().unwrap()),
            Engine::Postgres => Self::Postgres(TestDatabase::create()),
        }
    }

    /// Every row of these tables, as texts, in order: what the store itself does not show.
    pub async fn dump(&self, tables: &[&str]) -> Vec<Vec<String>> {
        let mut dump = Vec::new();
        for table in tables {
            dump.push(match self {
                Self::Sqlite(_) => {
                    let mut c = self.sqlite().await;
                    let columns =
                        "SELECT group_concat('quote(' || '\"' || name || '\"' || ')', '||'',''||')
                        FROM pragma_table_info($1)";
                    let columns: String = sqlx::query_scalar(columns)
                        .bind(*table)
                        .fetch_one(&mut c)
                        .await
                        .unwrap();
                    let sql = format!("SELECT {columns} AS line FROM {table} ORDER BY line");
                    sqlx::query_scalar(AssertSqlSafe(sql))
                        .fetch_all(&mut c)
                        .await
                        .unwrap()
                }
                Self::Postgres(server) => {
                    let mut c = PgConnection::connect(&server.url()).await.unwrap();
                    let sql = format!("SELECT t::text FROM {table} t ORDER BY 1");
                    sqlx::query_scalar(AssertSqlSafe(sql))
                        .fetch_all(&mut c)
                        .await
                        .unwrap()
                }
            });
        }
        dump
    }

    /// Every table of an SQLite file with its columns.
    pub async fn tables(&self) -> BTreeMap<String, Vec<Column>> {
        const COLUMNS: &str = "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations' ORDER BY t.name, c.cid";
        let found: Vec<(String, String, String)> = sqlx::query_as(COLUMNS)
            .fetch_all(&mut self.sqlite().await)
            .await
            .unwrap();
        let mut tables = BTreeMap::<_, Vec<_>>::new();
        for (table, name, kind) in found {
            let bytes = kind == "BLOB";
            tables
                .entry(table)
                .or_default()
                .push(Column { name, bytes });
        }
        tables
    }

    /// Every row, each value as the same text on both engines, in one order.
    pub async fn rows(&self, table: &str, columns: &[Column]) -> Vec<Vec<Option<String>>> {
        let text = |column: &Column| {
            let name = format!("\"{}\"", column.name);
            match (self, column.bytes) {
                (Self::Sqlite(_), true) => format!("lower(hex({name}))"),
                (Self::Postgres(_), true) => format!("encode({name}, 'hex')"),
                (_, false) => format!("CAST({name} AS TEXT)"),
            }
        };
        // hex() of nothing is an empty text in SQLite.
        let texts: Vec<_> = columns
            .iter()
            .map(|column| {
                let text = text(column);
                format!("CASE WHEN \"{}\" IS NOT NULL THEN {text} END", column.name)
            })
            .collect();
        let sql = AssertSqlSafe(format!("SELECT {} FROM \"{table}\"", texts.join(", ")));
        let mut rows: Vec<Vec<Option<String>>> = match self {
            Self::Sqlite(_) => {
                let rows = sqlx::query(sql).fetch_all(&mut self.sqlite().await).await;
                let values = |row| {
                    (0..columns.len())
                        .map(|at| SqliteRow::get(row, at))
                        .collect()
                };
                rows.unwrap().iter().map(values).collect()
            }
            Self::Postgres(server) => {
                let mut c = PgConnection::connect(&server.url()).await.unwrap();
                let rows = sqlx::query(sql).fetch_all(&mut c).await;
                let values = |row| (0..columns.len()).map(|at| PgRow::get(row, at)).collect();
                rows.unwrap().iter().map(values).collect()
            }
        };
        rows.sort();
        rows
    }

    /// Runs statements past the store.
    pub async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(_) => {
                sqlx::raw_sql(sql)
                    .execute(&mut self.sqlite().await)
                    .await
                    .unwrap();
            }
            Self::Postgres(server) => {
                let mut c = PgConnection::connect(&server.url()).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut c).await.unwrap();
            }
        }
    }

    async fn sqlite(&self) -> SqliteConnection {
        let Self::Sqlite(dir) = self else {
            panic!("not a file")
        };
        let url = format!("sqlite:{}", dir.path().join("test.sqlite3").display());
        SqliteConnection::connect(&url).await.unwrap()
    }

    pub fn database(&self) -> Database {
        match self {
            Self::Sqlite(dir) => Database::file(dir.path().join("test.sqlite3")),
            Self::Postgres(server) => Database::parse(&server.url()).unwrap(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    /// Or a text or a number.
    pub bytes: bool,
}

pub async fn fresh(engine: Engine) -> (Place, Store) {
    let place = Place::new(engine);
    let store = Store::open(&place.database()).await.unwrap();
    store.migrate().await.unwrap();
    (place, store)
}

pub fn id(id: &str) -> PersonId {
    PersonId(id.to_owned())
}

/// A sign-in from 10 to 100.
pub async fn sign_in(store: &Store, token: u8, person: &str, link: Option<LinkTo>) {
    store
        .add_sign_in(&NewSignIn {
            token_hash: [token; 32],
            person: id(person),
            link,
            method: SignInMethod::Link,
            device: String::from("test"),
            created_at: 10,
            expires_at: 100,
        })
        .await
        .unwrap();
}

pub fn person(id: &str) -> Person {
    Person {
        id: PersonId(id.to_owned()),
        name: format!("示例{id}"),
        organisation: String::from("示例单位"),
        department: None,
        phone: String::from("13800000000"),
    }
}

pub fn account(user: &str, id: &str) -> NewAccount {
    NewAccount {
        user: user.to_owned(),
        person: PersonId(id.to_owned()),
        password_hash: String::from("$argon2id$"),
        totp_secret: vec![7; 20],
        roles: BTreeSet::from([Role::Surveyor]),
        created_at: 1,
    }
}

/// A session of a case of its own, with these people as applicants.
pub async fn session(store: &Store, id: &str, people: &[&str]) {
    session_beside(store, id, people, &[]).await;
}

/// The same of further cases, which are there already.
pub async fn session_beside(store: &Store, id: &str, people: &[&str], further: &[&str]) {
    let case = format!("case-of-{id}");
    let row = SessionRow {
        id: id.to_owned(),
        case_id: case.clone(),
        case_no: format!("no-{id}"),
        item_title: String::from("食品经营许可"),
        applicant: String::from("示例公司"),
        starts_at: 5,
        stage: String::from("scheduled"),
        closed_at: None,
    };
    let participants = people
        .iter()
        .map(|id| Participant {
            person: PersonId((*id).to_owned()),
            name: String::new(),
            roles: BTreeSet::from([Role::Applicant]),
            organisation: String::new(),
            department: None,
        })
        .collect();
    let request = AppendRequest {
        index: vec![
            IndexChange::Case {
                id: case,
                case_no: row.case_no.clone(),
            },
            IndexChange::Session {
                row,
                further: further.iter().map(|case| (*case).to_owned()).collect(),
                participants,
            },
        ],
        ..AppendRequest::default()
    };
    store.append(request).await.unwrap();
}

pub async fn change(store: &Store, change: IndexChange) {
    let request = AppendRequest {
        index: vec![change],
        ..AppendRequest::default()
    };
    store.append(request).await.unwrap();
}

/// An example case as lists show it, without people.
pub fn listed(case_no: &str, stage: &str) -> Listed {
    Listed {
        case_no: case_no.to_owned(),
        item: None,
        item_title: String::from("示例事项"),
        department: String::from("示例局"),
        applicant: String::from("示例公司"),
        uscc: String::from("91000000MA0000000X"),
        stage: stage.to_owned(),
        began_at: 1,
        due_on: None,
        appointment: None,
        people: BTreeMap::new(),
    }
}

pub async fn list(store: &Store, case: &str, listed: Listed) {
    let case = case.to_owned();
    let listed = Box::new(listed);
    change(store, IndexChange::Listed { case, listed }).await;
}
