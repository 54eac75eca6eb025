//! `[oidc]`: the bureau's provider of identities (OpenID Connect), where it has one.

use std::net::IpAddr;
use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;

use super::ConfigError;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// What the button on the sign-in page says.
    pub name: String,
    /// Exactly as the provider calls itself.
    pub issuer: String,
    pub client_id: String,
    pub client_secret_file: PathBuf,
    /// PEM: authorities beside the system's own.
    pub ca_file: Option<PathBuf>,
}

impl Oidc {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if is_safe(&self.issuer) {
            Ok(())
        } else {
            Err(ConfigError::Issuer(self.issuer.clone()))
        }
    }
}

/// Whether codes, secrets and keys may travel there: by TLS, or within this machine.
#[must_use]
pub fn is_safe(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let local = host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
    let plain = url.username().is_empty() && url.password().is_none();
    plain && (url.scheme() == "https" || url.scheme() == "http" && local)
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn a_provider_of_identities_is_reached_safely() {
        for good in [
            "https://id.example",
            "https://id.example:8443/realms/bureau",
            "http://127.0.0.1:3000",
            "http://localhost:3000",
            "http://[::1]:3000",
        ] {
            assert!(is_safe(good), "{good}");
        }
        for bad in [
            "http://id.example",
            "http://127.0.0.1.example",
            "http://localhost:3000@id.example",
            "https://user@id.example",
            "javascript:alert(1)",
            "id.example",
            "",
        ] {
            assert!(!is_safe(bad), "{bad}");
        }
    }
}
