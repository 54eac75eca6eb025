//! `[webhooks]`: events to other systems. By default there is no endpoint (R54).

use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigError;
use super::notices::at_least_one;
use crate::net::outward::Network;

/// Events to other systems.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Networks that are not public and may be called all the same: `["10.20.0.0/16"]`.
    pub allow_networks: Vec<Network>,
    /// Takes `http://` addresses too.
    pub allow_http: bool,
    /// Phone or e-mail address that is told when an endpoint was paused for its failures.
    pub notify: Option<String>,
    /// PEM, beside the system's own authorities.
    pub ca_file: Option<PathBuf>,
    pub timeout_seconds: u32,
    /// An endpoint that took nothing for so long is paused.
    pub pause_after_hours: u32,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            allow_networks: Vec::new(),
            allow_http: false,
            notify: None,
            ca_file: None,
            timeout_seconds: 15,
            pause_after_hours: 72,
        }
    }
}

impl Webhooks {
    /// # Errors
    /// When a value cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        at_least_one("webhooks.timeout_seconds", self.timeout_seconds)?;
        at_least_one("webhooks.pause_after_hours", self.pause_after_hours)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn what_is_unknown_or_cannot_work_is_refused() {
        for (bad, named) in [
            ("[webhooks]\nallow = 1", "allow"),
            (
                "[webhooks]\nallow_networks = [\"10.0.0.0/33\"]",
                "10.0.0.0/33",
            ),
            ("[webhooks]\npause_after_hours = 0", "pause_after_hours"),
        ] {
            let config: Result<Config, _> = toml::from_str(bad);
            let error = match config {
                Ok(config) => config.check().unwrap_err().to_string(),
                Err(error) => error.to_string(),
            };
            assert!(error.contains(named), "{bad}: {error}");
        }
    }
}
