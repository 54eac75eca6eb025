//! Whether the machine's clock is known to be right (design.md section 4): it is part of the evidence.

use std::path::Path;

use kanjie_domain::event::Clock;

use crate::config::Config;

/// Touched by systemd-timesyncd once it has synchronised, gone after a restart of the machine.
const TIMESYNCD: &str = "/run/systemd/timesync/synchronized";

/// The clock's state for the record: as configured, else as the system reports it. `None`: not known to be synchronised.
#[must_use]
pub fn state(config: &Config) -> Option<Clock> {
    of(config, Path::new(TIMESYNCD))
}

/// What a record says of a clock that is shifted, whatever else is configured.
const SHIFTED: &str = "示例：演示时钟，可以拨动，不作为证据";

fn of(config: &Config, timesyncd: &Path) -> Option<Clock> {
    if config.clock.shift_file.is_some() {
        return Some(Clock::Kept {
            how: String::from(SHIFTED),
        });
    }
    if let Some(how) = &config.clock.kept_by {
        return Some(Clock::Kept { how: how.clone() });
    }
    timesyncd.exists().then(|| Clock::Synchronised {
        source: String::from("systemd-timesyncd"),
    })
}

/// One word for checkpoints.
#[must_use]
pub fn word(config: &Config) -> &'static str {
    match state(config) {
        Some(Clock::Synchronised { .. }) => "synchronised",
        Some(Clock::Kept { .. }) => "kept",
        Some(Clock::Overridden { .. }) | None => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kept_and_synchronised() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("synchronized");
        let mut config = Config::default();
        assert_eq!(of(&config, &mark), None);
        std::fs::write(&mark, "").unwrap();
        assert!(matches!(
            of(&config, &mark),
            Some(Clock::Synchronised { .. })
        ));
        config.clock.kept_by = Some(String::from("PTP"));
        assert!(matches!(of(&config, &mark), Some(Clock::Kept { how }) if how == "PTP"));
        config.clock.shift_file = Some("clock.txt".into());
        assert!(matches!(of(&config, &mark), Some(Clock::Kept { how }) if how.contains("示例")));
    }
}
