//! Time and randomness, passed in so that tests own them.

use std::fmt;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rand::RngCore;
use uuid::Builder;

/// The rim where time and randomness come from.
pub trait Env: Send + Sync + fmt::Debug {
    /// Wall clock, UTC µs.
    fn now(&self) -> i64;
    /// Monotonic clock, µs since some start.
    fn monotonic(&self) -> u64;
    /// Fills with bytes nobody can guess.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Env + '_ {
    /// Fresh random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A fresh id: a UUID of version 7, so that ids sort by the time they were made.
    #[must_use]
    pub fn new_id(&self) -> String {
        let millis = u64::try_from(self.now() / 1_000).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.random())
            .into_uuid()
            .to_string()
    }
}

/// The machine's own clock and random numbers.
#[derive(Debug)]
pub struct SystemEnv {
    started: Instant,
    /// See `clock.shift_file` in the configuration.
    shift: Option<PathBuf>,
}

impl SystemEnv {
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            shift: None,
        }
    }

    /// A clock that the file shifts, where there is one.
    #[must_use]
    pub fn shifted_by(file: Option<PathBuf>) -> Self {
        Self {
            shift: file,
            ..Self::new()
        }
    }

    /// µs.
    fn shift(&self) -> i64 {
        let text = self.shift.as_ref().map(std::fs::read_to_string);
        let seconds = text.and_then(|text| text.ok()?.trim().parse::<i64>().ok());
        seconds.unwrap_or(0).saturating_mul(1_000_000)
    }
}

impl Default for SystemEnv {
    fn default() -> Self {
        Self::new()
    }
}

impl Env for SystemEnv {
    fn now(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_micros())
            .unwrap_or(i64::MAX)
            .saturating_add(self.shift())
    }

    fn monotonic(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}
