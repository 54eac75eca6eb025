//! The real binary, in a directory of its own, on ports of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kanjie_test_postgres::TestDatabase;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::{Seed, within};

/// A running `kanjie serve` with demo data. Killed when dropped.
#[derive(Debug)]
pub struct TestServer {
    directory: TempDir,
    /// Where `KANJIE_TEST_DATABASE` is `postgres`: a database of its own.
    _database: Option<TestDatabase>,
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    /// `https://HOST:PORT`.
    pub base: String,
    pub seed: Seed,
}

impl TestServer {
    /// Seeds a fresh directory and starts the server on it.
    ///
    /// # Panics
    /// If there is no binary, or it does not come up.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = database();
        std::fs::write(
            directory.path().join("kanjie.toml"),
            configuration(directory.path(), 0, database.as_ref()),
        )
        .unwrap();
        if database.is_some() {
            // Serving a PostgreSQL database does not change its tables.
            kanjie(directory.path(), &["migrate", "--config", "kanjie.toml"]);
        }
        kanjie(
            directory.path(),
            &["seed", "--config", "kanjie.toml", "--json", "seed.json"],
        );
        let seed = std::fs::read(directory.path().join("seed.json")).unwrap();
        let seed: Seed = serde_json::from_slice(&seed).unwrap();
        let (child, stdout, base) = launch(directory.path()).await;
        // A restart must come back at the same address, as in life.
        let port = base
            .rsplit(':')
            .next()
            .unwrap()
            .trim_end_matches('/')
            .parse()
            .unwrap();
        std::fs::write(
            directory.path().join("kanjie.toml"),
            configuration(directory.path(), port, database.as_ref()),
        )
        .unwrap();
        Self {
            directory,
            _database: database,
            child,
            stdout,
            base,
            seed,
        }
    }

    /// `kill -9`, then starts the same binary on the same directory and address.
    ///
    /// # Panics
    /// If it does not come up again.
    pub async fn kill_and_restart(&mut self) {
        self.child.kill().await.unwrap();
        (self.child, self.stdout, self.base) = launch(self.directory.path()).await;
    }

    /// Fails if the process is gone or its log tells of a panic.
    ///
    /// # Panics
    /// That is its purpose.
    pub fn assert_unharmed(&mut self) {
        assert!(
            self.child.try_wait().unwrap().is_none(),
            "kanjie ended:\n{}",
            self.log_tail()
        );
        let log = self.log();
        assert!(
            !log.contains("panicked"),
            "kanjie panicked:\n{}",
            self.log_tail()
        );
    }

    /// The last one-time code sent to that phone.
    ///
    /// # Panics
    /// If none was sent.
    pub async fn code_sent_to(&self, phone: &str) -> String {
        within("a one-time code in the outbox", async {
            loop {
                if let Some(code) = self.outbox_code(phone) {
                    return code;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await
    }

    fn outbox_code(&self, phone: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.data().join("outbox.jsonl")).ok()?;
        let lines = text
            .lines()
            .rev()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        lines
            .filter(|line| line.get("to").and_then(|to| to.as_str()) == Some(phone))
            .find_map(|line| line.get("code")?.as_str().map(str::to_owned))
    }

    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.base
            .rsplit(':')
            .next()
            .and_then(|port| port.trim_end_matches('/').parse().ok())
            .unwrap()
    }

    /// The UDP ports that the process holds open.
    ///
    /// # Panics
    /// If the system does not tell.
    #[must_use]
    pub fn udp_ports(&self) -> Vec<u16> {
        let pid = self.child.id().expect("the process runs");
        let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .filter_map(|entry| {
                std::fs::read_link(entry.ok()?.path())
                    .ok()?
                    .to_str()
                    .map(str::to_owned)
            })
            .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
            .collect();
        let table = std::fs::read_to_string(format!("/proc/{pid}/net/udp")).unwrap();
        let port = |line: &str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            sockets
                .iter()
                .any(|inode| fields.get(9) == Some(&inode.as_str()))
                .then_some(())?;
            u16::from_str_radix(fields.get(1)?.rsplit(':').next()?, 16).ok()
        };
        table.lines().skip(1).filter_map(port).collect()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("kanjie.log")).unwrap_or_default()
    }

    /// The end of what the process wrote to its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().rev().take(40).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

fn configuration(directory: &Path, port: u16, database: Option<&TestDatabase>) -> String {
    let data = directory.join("data");
    let database = database.map_or_else(String::new, |database| {
        format!("\n[database]\nurl = {:?}\n", database.url())
    });
    format!(
        "listen = [\"127.0.0.1:{port}\"]\ndata = {data:?}\n{database}\n[clock]\nkept_by = \"the test's machine\"\n"
    )
}

fn database() -> Option<TestDatabase> {
    match std::env::var("KANJIE_TEST_DATABASE").as_deref() {
        Err(_) | Ok("sqlite") => None,
        Ok("postgres") => Some(TestDatabase::create()),
        Ok(other) => panic!("KANJIE_TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

/// Runs the program to its end.
fn kanjie(directory: &Path, arguments: &[&str]) {
    let done = Command::new(binary())
        .current_dir(directory)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "kanjie {arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

async fn launch(directory: &Path) -> (Child, Lines<BufReader<ChildStdout>>, String) {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(directory.join("kanjie.log"))
        .unwrap();
    let mut child = tokio::process::Command::new(binary())
        .current_dir(directory)
        .args(["serve", "--config", "kanjie.toml"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let base = within("kanjie to say that it is ready", async {
        while let Some(line) = stdout.next_line().await.unwrap() {
            if let Some(base) = line.strip_prefix("ready ") {
                return base.trim().to_owned();
            }
        }
        let log = std::fs::read_to_string(directory.join("kanjie.log")).unwrap_or_default();
        panic!("kanjie ended before it was ready:\n{log}");
    })
    .await;
    (child, stdout, base)
}

/// `$KANJIE_BIN`, or the debug binary beside the test's own.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("KANJIE_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let beside = test.ancestors().nth(2).unwrap().join("kanjie");
    assert!(
        beside.exists(),
        "{} is missing: run `cargo build -p kanjie-server` first, or name a binary in KANJIE_BIN",
        beside.display()
    );
    beside
}
