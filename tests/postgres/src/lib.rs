//! A throw-away `PostgreSQL` server for tests, one database a test.
//!
//! The first test that asks starts it, on a Unix socket in a temporary directory; tests that run meanwhile, in this process
//! or another (nextest runs each in its own), share it; some seconds after the last one it is stopped and erased. Each test
//! process holds a shared lock on a file for as long as it lives, and a guard that outlives them waits for that lock alone.
//! A machine without `PostgreSQL` is a failure, never a skip.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{FlockOperation, flock};

/// A fresh, empty database; dropped with this.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// Makes one.
    ///
    /// # Panics
    /// Where there is no `PostgreSQL` on this machine, or it does not start.
    #[must_use]
    pub fn create() -> Self {
        let cluster = CLUSTER.get_or_init(Cluster::join);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        // A killed test may have left one of that name, if its process number came round again.
        cluster.client("dropdb", &["--if-exists", "--force", &name]);
        cluster.client("createdb", &[&name]);
        Self { name }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        let socket = Cluster::directory().join("run");
        // A path within a query needs no escape here: the temporary directory has plain characters.
        format!(
            "postgres://postgres@localhost/{}?host={}",
            self.name,
            socket.display()
        )
    }

    /// Runs one of `PostgreSQL`'s client programs (`pg_dump`, `psql`) on this database and returns what it printed.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn client(&self, program: &str, arguments: &[&str]) -> String {
        let cluster = CLUSTER.get_or_init(Cluster::join);
        let mut all = vec!["--dbname", &self.name];
        all.extend(arguments);
        cluster.client(program, &all)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(cluster) = CLUSTER.get() {
            cluster.client("dropdb", &["--if-exists", "--force", &self.name]);
        }
    }
}

#[derive(Debug)]
struct Cluster {
    programs: PathBuf,
    /// The shared lock: given up by the kernel when this process ends, however it ends.
    _in_use: File,
}

impl Cluster {
    /// Starts the server, or joins the one that runs.
    fn join() -> Self {
        let programs = programs();
        let directory = Self::directory();
        fs::create_dir_all(&directory).unwrap();
        let start = lock_file(&directory, "start");
        flock(&start, FlockOperation::LockExclusive).unwrap();
        let in_use = lock_file(&directory, "in-use");
        // Waits while a guard is stopping the last one.
        flock(&in_use, FlockOperation::LockShared).unwrap();
        let cluster = Self {
            programs,
            _in_use: in_use,
        };
        if !cluster.runs() {
            cluster.start();
        }
        cluster
    }

    /// One for each user of the machine; short, because a socket's path may have 107 bytes only.
    fn directory() -> PathBuf {
        let user = rustix::process::getuid().as_raw();
        std::env::temp_dir().join(format!("kanjie-test-postgres-{user}"))
    }

    fn runs(&self) -> bool {
        let run = Self::directory().join("run");
        let status = Command::new(self.programs.join("pg_isready"))
            .args(["--quiet", "--host"])
            .arg(run)
            .status()
            .unwrap();
        status.success()
    }

    fn start(&self) {
        let directory = Self::directory();
        let (data, run) = (directory.join("data"), directory.join("run"));
        for old in [&data, &run] {
            let _ = fs::remove_dir_all(old);
            fs::create_dir(old).unwrap();
        }
        if rustix::process::getuid().is_root() {
            must(Command::new("chown").arg("postgres").args([&data, &run]));
        }
        must(
            self.as_server("initdb")
                .args(["--no-sync", "--auth=trust", "--username=postgres"])
                .args(["--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"])
                .arg(&data),
        );
        // Nothing outlives the tests, so nothing needs to reach the disk.
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=off -c full_page_writes=off \
             -c max_connections=300",
            run.display()
        );
        must(
            self.as_server("pg_ctl")
                .args(["start", "--wait", "--silent", "--log"])
                .arg(run.join("log"))
                .args(["--options", &options, "--pgdata"])
                .arg(&data)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        self.guard(&directory, &data);
    }

    /// A process that outlives the tests: when nobody has used the server for some seconds, it stops and erases it.
    #[allow(clippy::zombie_processes)] // It is to outlive this process; whoever adopts it buries it.
    fn guard(&self, directory: &Path, data: &Path) {
        const GUARD: &str = r#"
            cd "$1"; shift
            while sleep 5; do
                exec 9>in-use
                if flock --exclusive --nonblock 9; then break; fi
                exec 9>&-
            done
            "$@"
            rm -rf data run
        "#;
        let mut stop = self.as_server("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"])
            .arg(data);
        Command::new("setsid")
            .args(["sh", "-c", GUARD, "kanjie-test-postgres"])
            .arg(directory)
            .arg(stop.get_program())
            .args(stop.get_args())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
    }

    /// A program that must not run as root.
    fn as_server(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !rustix::process::getuid().is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
            .arg(program)
            .current_dir("/");
        command
    }

    fn client(&self, program: &str, arguments: &[&str]) -> String {
        must(
            Command::new(self.programs.join(program))
                .env("PGHOST", Self::directory().join("run"))
                .env("PGUSER", "postgres")
                .env("PGOPTIONS", "--client-min-messages=warning")
                .args(arguments),
        )
    }
}

fn lock_file(directory: &Path, name: &str) -> File {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(directory.join(name))
        .unwrap()
}

/// Debian keeps them out of the PATH, by version; the newest is taken.
fn programs() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    versions.sort();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    versions
        .pop()
        .map(|(_, bin)| bin)
        .or_else(|| std::env::split_paths(&paths).find(|bin| bin.join("initdb").exists()))
        .expect("PostgreSQL is missing: run `make setup`")
}

fn must(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
