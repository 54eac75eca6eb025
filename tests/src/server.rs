//! The real binary, in a directory of its own, on ports of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use kanjie_test_postgres::TestDatabase;
use tempfile::TempDir;
use tokio::io::{BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::program::{Clock, binary, configuration, database, kanjie, launch};
use crate::{Person, Seed, within};

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
    /// Seconds that the server's clock is ahead of the machine's.
    shift: u64,
}

impl TestServer {
    /// Seeds a fresh directory and starts the server on it.
    ///
    /// # Panics
    /// If there is no binary, or it does not come up.
    pub async fn start() -> Self {
        Self::launch(Clock::Machine, "", &[]).await
    }

    /// The same with a clock that [`TestServer::pass`] moves.
    ///
    /// # Panics
    /// If there is no binary, or it does not come up.
    pub async fn start_with_own_clock() -> Self {
        Self::launch(Clock::Own, "", &[]).await
    }

    /// The same with more configuration, and files (by name, in its directory) that this speaks of.
    ///
    /// # Panics
    /// If there is no binary, or it does not come up.
    pub async fn start_with(more: &str, files: &[(&str, &str)]) -> Self {
        Self::launch(Clock::Machine, more, files).await
    }

    async fn launch(clock: Clock, more: &str, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let database = database();
        std::fs::write(
            directory.path().join("kanjie.toml"),
            configuration(directory.path(), 0, database.as_ref(), clock) + more,
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
            configuration(directory.path(), port, database.as_ref(), clock) + more,
        )
        .unwrap();
        Self {
            directory,
            _database: database,
            child,
            stdout,
            base,
            seed,
            shift: 0,
        }
    }

    /// Moves the server's own clock on.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn pass(&mut self, time: std::time::Duration) {
        self.shift += time.as_secs();
        // By way of another name: the server never reads half a number.
        let file = self.directory.path().join("clock.txt");
        let part = file.with_extension("part");
        std::fs::write(&part, self.shift.to_string()).unwrap();
        std::fs::rename(part, file).unwrap();
    }

    /// Seconds since 1970 by the server's clock.
    ///
    /// # Panics
    /// If the machine's clock stands before 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        let machine = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        machine.unwrap().as_secs() + self.shift
    }

    /// Makes an account by the command line; the person's id is learnt by signing in.
    ///
    /// # Panics
    /// If the program refuses.
    pub fn hire(&self, user: &str, name: &str, department: Option<&str>, roles: &[&str]) -> Person {
        use std::io::Write;
        let password = "shili-password";
        let mut command = Command::new(binary());
        command
            .current_dir(self.directory.path())
            .args([
                "user",
                "add",
                user,
                "--name",
                name,
                "--config",
                "kanjie.toml",
            ])
            .args(["--organisation", department.unwrap_or("示例单位")]);
        if let Some(department) = department {
            command.args(["--department", department]);
        }
        for role in roles {
            command.args(["--role", role]);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(password.as_bytes())
            .unwrap();
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let secret = said.trim().strip_prefix("TOTP ");
        let complaint = String::from_utf8_lossy(&done.stderr).into_owned();
        let secret = secret.unwrap_or_else(|| panic!("{user} was not added: {complaint}"));
        Person {
            person: String::new(),
            name: name.to_owned(),
            user: Some(user.to_owned()),
            password: Some(password.to_owned()),
            totp_secret: Some(secret.to_owned()),
            phone: None,
            links: std::collections::BTreeMap::new(),
        }
    }

    /// The token of the `nth` personal link to a session sent to that phone, counted from 1.
    ///
    /// # Panics
    /// If it does not come.
    pub async fn link_sent_to(&self, phone: &str, nth: usize) -> String {
        within("a personal link in the outbox", async {
            loop {
                let texts = self.outbox(phone);
                let texts = texts.iter().filter_map(|line| line.get("text")?.as_str());
                let texts = texts.filter(|text| text.contains("联合会审"));
                let mut tokens =
                    texts.filter_map(|text| text.split_once("/#/l/")?.1.split(' ').next());
                if let Some(token) = tokens.nth(nth - 1) {
                    return token.to_owned();
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await
    }

    /// What was sent to that phone, oldest first.
    #[must_use]
    pub fn outbox(&self, phone: &str) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.data().join("outbox.jsonl")).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|line| line.get("to").and_then(|to| to.as_str()) == Some(phone))
            .collect()
    }

    /// `kill -9`, then starts the same binary on the same directory and address.
    ///
    /// # Panics
    /// If it does not come up again.
    pub async fn kill_and_restart(&mut self) {
        self.child.kill().await.unwrap();
        (self.child, self.stdout, self.base) = launch(self.directory.path()).await;
    }

    /// Runs a command of the program beside the server, as an operator would.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, arguments: &[&str]) {
        let arguments = [arguments, &["--config", "kanjie.toml"]].concat();
        kanjie(self.directory.path(), &arguments);
    }

    /// Adds to the catalogue what that says, as an operator would.
    ///
    /// # Panics
    /// If the program refuses.
    pub fn import(&self, brought: &serde_json::Value) {
        std::fs::write(
            self.directory.path().join("brought.json"),
            brought.to_string(),
        )
        .unwrap();
        self.run(&["catalogue", "import", "brought.json"]);
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
        self.code_after(phone, 0).await
    }

    /// The one-time code that comes when `seen` were sent to that phone already.
    ///
    /// # Panics
    /// If none comes.
    pub async fn code_after(&self, phone: &str, seen: usize) -> String {
        within("a one-time code in the outbox", async {
            loop {
                let codes = self.codes(phone);
                if let Some(code) = codes.last().filter(|_| codes.len() > seen) {
                    return code.clone();
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await
    }

    /// The one-time codes sent to that phone so far.
    #[must_use]
    pub fn codes(&self, phone: &str) -> Vec<String> {
        let lines = self.outbox(phone);
        let codes = lines.iter().filter_map(|line| line.get("code")?.as_str());
        codes.map(str::to_owned).collect()
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
