//! A machine at a door, by an implementation that is not ours (`tests/doors/machine.py`): aiortc.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::within;

/// Killed when dropped.
#[derive(Debug)]
pub struct Machine {
    _child: Child,
    told: Lines<BufReader<ChildStdout>>,
    orders: Option<ChildStdin>,
}

impl Machine {
    /// `role`: `publish` or `play`.
    ///
    /// # Panics
    /// If it cannot be started; `scripts/machines` says why.
    #[must_use]
    pub fn start(role: &str, url: &str, secret: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let made = std::process::Command::new(root.join("../scripts/machines")).output();
        let made = made.expect("scripts/machines runs");
        let python = String::from_utf8(made.stdout).unwrap();
        assert!(
            made.status.success(),
            "scripts/machines: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut child = Command::new(python.trim())
            .arg(root.join("doors/machine.py"))
            .args([role, url])
            .env("KANJIE_TOKEN", secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let told = BufReader::new(child.stdout.take().unwrap()).lines();
        let orders = child.stdin.take();
        Self {
            _child: child,
            told,
            orders,
        }
    }

    /// Waits for a line that is so.
    ///
    /// # Panics
    /// If it does not come.
    pub async fn until(&mut self, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        within(what, async {
            loop {
                let line = self.told.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("the machine ended before: {what}"));
                let told: Value = serde_json::from_str(&line).expect("a line is JSON");
                if so(&told) {
                    return told;
                }
            }
        })
        .await
    }

    /// The status of its POST, or the code of the problem.
    pub async fn answered(&mut self) -> Value {
        let told = self.until("an answer", |told| told.get("status").is_some());
        told.await
    }

    /// The next so many numbers that it reads in the pictures it is shown.
    pub async fn numbers(&mut self, count: usize) -> Vec<u64> {
        let mut numbers = Vec::with_capacity(count);
        while numbers.len() < count {
            let told = self.until("a picture", |told| told["number"].is_u64());
            numbers.extend(told.await["number"].as_u64());
        }
        numbers
    }

    /// It ends its connection itself.
    pub async fn leave(mut self) {
        drop(self.orders.take());
        let ended = self.until("its end", |told| told.get("ended").is_some());
        assert_eq!(ended.await["ended"], 200);
    }
}
