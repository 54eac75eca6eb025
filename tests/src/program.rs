//! The program itself: where it is, how it is configured, started and run to its end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kanjie_test_postgres::TestDatabase;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::within;

/// Whose clock the server goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    Machine,
    Own,
}

pub(crate) fn configuration(
    directory: &Path,
    port: u16,
    database: Option<&TestDatabase>,
    clock: Clock,
) -> String {
    let clock = match clock {
        Clock::Machine => "",
        Clock::Own => "shift_file = \"clock.txt\"\n",
    };
    let data = directory.join("data");
    let database = database.map_or_else(String::new, |database| {
        format!("\n[database]\nurl = {:?}\n", database.url())
    });
    format!(
        "listen = [\"127.0.0.1:{port}\"]\ndata = {data:?}\n{database}\n[clock]\nkept_by = \"the test's machine\"\n{clock}"
    )
}

pub(crate) fn database() -> Option<TestDatabase> {
    match std::env::var("KANJIE_TEST_DATABASE").as_deref() {
        Err(_) | Ok("sqlite") => None,
        Ok("postgres") => Some(TestDatabase::create()),
        Ok(other) => panic!("KANJIE_TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

/// Runs the program to its end.
pub(crate) fn kanjie(directory: &Path, arguments: &[&str]) {
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

pub(crate) async fn launch(directory: &Path) -> (Child, Lines<BufReader<ChildStdout>>, String) {
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
pub(crate) fn binary() -> PathBuf {
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
