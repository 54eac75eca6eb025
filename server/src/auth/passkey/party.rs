//! The relying party: by what name and from which pages passkeys are used here.

use crate::config::Config;

/// Taken from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// A host's name: passkeys belong to it for good.
    pub rp_id: String,
    origins: Origins,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Origins {
    These(Vec<String>),
    /// Nothing is configured: this machine alone, on whatever port it listens.
    Localhost,
}

impl Party {
    /// From `[passkeys]`, else from `address`, else `localhost`.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let from_address = config.address.as_deref().map(|address| {
            let host = address.trim_start_matches("https://");
            host.split(':').next().unwrap_or(host).to_owned()
        });
        let origins = match (&config.passkeys.origins[..], &config.address) {
            ([], None) => Origins::Localhost,
            ([], Some(address)) => Origins::These(vec![address.clone()]),
            (origins, _) => Origins::These(origins.to_vec()),
        };
        Self {
            rp_id: (config.passkeys.rp_id.clone())
                .or(from_address)
                .unwrap_or_else(|| String::from("localhost")),
            origins,
        }
    }

    /// Whether the origin, as the browser writes it, is one of our pages.
    #[must_use]
    pub fn is_own(&self, origin: &str) -> bool {
        match &self.origins {
            Origins::These(origins) => origins.iter().any(|own| own == origin),
            Origins::Localhost => {
                let port = origin.strip_prefix("https://localhost");
                let port = port.map(|rest| rest.strip_prefix(':').unwrap_or(rest));
                port.is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Passkeys;

    #[test]
    fn the_address_says_who_we_are_unless_the_configuration_does() {
        let mut config = Config::default();
        let party = Party::of(&config);
        assert_eq!(party.rp_id, "localhost");
        assert!(party.is_own("https://localhost:8443") && party.is_own("https://localhost"));
        for foreign in [
            "http://localhost:8443",
            "https://localhost.example",
            "https://localhost:1.example",
            "null",
        ] {
            assert!(!party.is_own(foreign), "{foreign}");
        }
        config.address = Some(String::from("https://shenpi.example:9443"));
        let party = Party::of(&config);
        assert_eq!(party.rp_id, "shenpi.example");
        assert!(
            party.is_own("https://shenpi.example:9443") && !party.is_own("https://shenpi.example")
        );
        config.passkeys = Passkeys {
            rp_id: Some(String::from("example")),
            origins: vec![String::from("https://inner.example")],
        };
        let party = Party::of(&config);
        assert_eq!(party.rp_id, "example");
        assert!(
            party.is_own("https://inner.example") && !party.is_own("https://shenpi.example:9443")
        );
    }
}
