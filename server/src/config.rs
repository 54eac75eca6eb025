//! `kanjie.toml`: everything has a default that works on one machine; an unknown key is an error.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

mod notices;
mod oidc;
mod webhooks;

pub use notices::{Encryption, Language, Notices, Sms, Smtp, Success};
pub use oidc::{Oidc, is_safe};
pub use webhooks::Webhooks;

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Addresses to listen on for HTTPS. Anything but loopback needs `[tls]`.
    pub listen: Vec<SocketAddr>,
    /// Where everything is kept.
    pub data: PathBuf,
    /// The address people type, without a closing slash; used in links. Default: `https://localhost:PORT`.
    pub address: Option<String>,
    pub tls: Option<Tls>,
    pub database: Database,
    pub clock: Clock,
    pub media: Media,
    pub notices: Notices,
    pub webhooks: Webhooks,
    pub web: Web,
    pub passkeys: Passkeys,
    pub oidc: Option<Oidc>,
    pub limits: Limits,
    pub metrics: Metrics,
}

/// Where accounts, journals and lists are; recordings and documents are files under `data` in any case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `postgres://USER@HOST:PORT/NAME`, or an SQLite file. Default: `kanjie.sqlite3` under `data`.
    pub url: Option<String>,
    /// Of the `PostgreSQL` user; never in the address.
    pub password_file: Option<PathBuf>,
}

/// Certificate files, read again when they change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM, the server's certificate first.
    pub certificate_file: PathBuf,
    /// PEM.
    pub key_file: PathBuf,
}

/// How the clock is kept; part of the evidence.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clock {
    /// In words, where the system does not report that its clock is synchronised: "PTP from the hall's grandmaster".
    pub kept_by: Option<String>,
    /// For demonstrations and tests on loopback alone: a file with seconds that are added to the machine's clock. What is
    /// recorded so says it of itself.
    pub shift_file: Option<PathBuf>,
}

/// The relay.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Media {
    /// Where the relay binds its UDP ports.
    pub bind: IpAddr,
    /// First UDP port, one a worker; 0 takes any.
    pub port: u16,
    /// Threads that move packets; 0 is one a core.
    pub workers: usize,
    /// All of these go into the candidates.
    pub advertise: Vec<Advertise>,
}

/// An address by which the relay is reached from a network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advertise {
    /// A name for people: `internet`, `政务外网`.
    pub network: String,
    pub address: IpAddr,
    /// Where the port differs from the one bound (1:1 NAT with a port map).
    pub udp: Option<u16>,
    /// The same for TCP, the fall-back where UDP does not come through.
    pub tcp: Option<u16>,
}

/// The web app.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// The built web app. Default: `client-web/dist` beside the working directory or above the binary.
    pub dist: Option<PathBuf>,
}

/// Passkeys. Default: the host of `address`, and its pages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passkeys {
    /// The host's name, or a domain above it. Passkeys are lost when it changes.
    pub rp_id: Option<String>,
    /// `https://NAME` or `https://NAME:PORT` of every address by which our pages are opened.
    pub origins: Vec<String>,
}

/// Figures for Prometheus, on a listener of their own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// `GET /metrics` by plain HTTP; absent: not served.
    pub listen: Option<SocketAddr>,
}

/// What strangers may take of the machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections that are not signed in, all together.
    pub strangers: usize,
    /// … and from one address (IPv6: one /64).
    pub strangers_per_address: usize,
    /// Seconds a stranger has for TLS and a whole request.
    pub stranger_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![
                SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, 8443)),
            ],
            data: PathBuf::from("data"),
            address: None,
            tls: None,
            database: Database::default(),
            clock: Clock::default(),
            media: Media::default(),
            notices: Notices::default(),
            webhooks: Webhooks::default(),
            web: Web::default(),
            passkeys: Passkeys::default(),
            oidc: None,
            limits: Limits::default(),
            metrics: Metrics::default(),
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            workers: 0,
            advertise: Vec::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            strangers: 1_024,
            strangers_per_address: 128,
            stranger_seconds: 10,
        }
    }
}

/// Why a configuration was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: {source}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}: {message}")]
    Syntax { path: PathBuf, message: String },
    #[error("{path}: `{key}`: {message}")]
    Key {
        path: PathBuf,
        key: String,
        message: String,
    },
    #[error(
        "listening on {0} needs certificate files: set [tls] certificate_file and key_file. Without them only loopback \
         is served, because tablets, WeChat and iOS take no self-made certificate and cameras need a secure context"
    )]
    CertificateNeeded(SocketAddr),
    #[error("`listen` names no address")]
    NoAddress,
    #[error(
        "`clock.shift_file` is for demonstrations on loopback: a record by a shifted clock proves nothing, so it is not \
         served on {0}"
    )]
    ShiftedClock(SocketAddr),
    #[error("`database.url`: {0}")]
    Database(String),
    #[error(
        "`database.url` holds a password: put it into a file and name that in `database.password_file`"
    )]
    DatabasePassword,
    #[error("`{0}`: {1}")]
    Value(&'static str, String),
    #[error("`oidc.issuer` must be https://…, or http:// on loopback, not {0}")]
    Issuer(String),
    #[error("`address` must be https://NAME or https://NAME:PORT, not {0}")]
    Address(String),
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML, or has a key that is unknown or wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let document = toml::Deserializer::parse(text).map_err(|e| ConfigError::Syntax {
            path: path.to_owned(),
            message: e.to_string(),
        })?;
        serde_path_to_error::deserialize(document).map_err(|e| ConfigError::Key {
            path: path.to_owned(),
            key: e.path().to_string(),
            message: e.into_inner().message().to_owned(),
        })
    }

    /// Refuses what cannot be served.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.listen.is_empty() {
            return Err(ConfigError::NoAddress);
        }
        if self.tls.is_none()
            && let Some(open) = self.listen.iter().find(|a| !a.ip().is_loopback())
        {
            return Err(ConfigError::CertificateNeeded(*open));
        }
        if self.clock.shift_file.is_some()
            && let Some(open) = self.listen.iter().find(|a| !a.ip().is_loopback())
        {
            return Err(ConfigError::ShiftedClock(*open));
        }
        if let Some(address) = &self.address
            && (!address.starts_with("https://")
                || address[8..].contains(['/', '?', '#', '@'])
                || address.len() < 9)
        {
            return Err(ConfigError::Address(address.clone()));
        }
        if let Some(oidc) = &self.oidc {
            oidc.check()?;
        }
        self.notices.check()?;
        self.webhooks.check()
    }

    /// The address people type, given the port in use.
    #[must_use]
    pub fn public_address(&self, port: u16) -> String {
        self.address
            .clone()
            .unwrap_or_else(|| format!("https://localhost:{port}"))
    }

    /// What a personal link looks like; its token never reaches a server's log.
    #[must_use]
    pub fn link(&self, token: &str) -> String {
        let port = self.listen.first().map_or(0, SocketAddr::port);
        format!("{}/#/l/{token}", self.public_address(port))
    }

    /// The database.
    ///
    /// # Errors
    /// When its address is none, holds a password, or the file with the password cannot be read.
    pub fn database(&self) -> Result<kanjie_store::Database, ConfigError> {
        let Some(url) = &self.database.url else {
            return Ok(kanjie_store::Database::file(
                self.data.join("kanjie.sqlite3"),
            ));
        };
        if has_password(url) {
            return Err(ConfigError::DatabasePassword);
        }
        let database = kanjie_store::Database::parse(url)
            .map_err(|error| ConfigError::Database(error.to_string()))?;
        Ok(match self.database_password()? {
            Some(password) => database.with_password(&password),
            None => database,
        })
    }

    /// What stands in `database.password_file`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn database_password(&self) -> Result<Option<String>, ConfigError> {
        let Some(path) = &self.database.password_file else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.clone(),
            source,
        })?;
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Everything of one session that is kept as files.
    #[must_use]
    pub fn session_dir(&self, session: &str) -> PathBuf {
        self.data.join("sessions").join(session)
    }
}

/// `scheme://user:password@host`, or `?password=`: an address goes into logs and lists of processes.
fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
    let user = authority.split('/').next().and_then(|a| a.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':')) || query.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("kanjie.toml"))
    }

    #[test]
    fn an_empty_file_is_the_default() {
        let config = parse("").unwrap();
        assert_eq!(config.listen, Config::default().listen);
        config.check().unwrap();
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = parse("[media]\nprot = 3\n").unwrap_err().to_string();
        assert!(error.contains("media") && error.contains("prot"), "{error}");
    }

    #[test]
    fn the_database_is_a_file_or_a_server_and_its_password_is_elsewhere() {
        let of = |text: &str| {
            parse(text)
                .unwrap()
                .database()
                .map(|database| database.to_string())
        };
        assert_eq!(of("data = \"d\"").unwrap(), "sqlite:d/kanjie.sqlite3");
        let server = "[database]\nurl = \"postgres://kanjie@db.example:5433/kanjie\"";
        assert_eq!(of(server).unwrap(), "postgres://db.example:5433/kanjie");
        for url in [
            "postgres://kanjie:secret@db/kanjie",
            "postgres://db/kanjie?user=k&password=secret",
        ] {
            let error = of(&format!("[database]\nurl = \"{url}\""))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("password_file") && !error.contains("secret"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_wrong_value_is_named_with_its_path() {
        let error = parse("[limits]\nstrangers = \"many\"\n").unwrap_err();
        assert!(matches!(error, ConfigError::Key { key, .. } if key == "limits.strangers"));
    }

    #[test]
    fn an_open_address_needs_a_certificate() {
        let mut config = parse("listen = [\"0.0.0.0:443\"]").unwrap();
        assert!(matches!(
            config.check(),
            Err(ConfigError::CertificateNeeded(_))
        ));
        config.tls = Some(Tls {
            certificate_file: "c.pem".into(),
            key_file: "k.pem".into(),
        });
        config.check().unwrap();
    }

    #[test]
    fn a_provider_of_identities_in_the_open_is_refused() {
        let of = |issuer: &str| {
            let text = format!(
                "[oidc]\nname = \"n\"\nissuer = \"{issuer}\"\nclient_id = \"c\"\nclient_secret_file = \"f\""
            );
            parse(&text).unwrap().check()
        };
        of("https://id.example").unwrap();
        assert!(matches!(
            of("http://id.example"),
            Err(ConfigError::Issuer(_))
        ));
    }

    #[test]
    fn a_clock_that_can_be_shifted_stays_on_loopback() {
        let mut config = parse("[clock]\nshift_file = \"clock.txt\"").unwrap();
        config.check().unwrap();
        config.listen = vec![SocketAddr::from(([192, 0, 2, 1], 443))];
        config.tls = Some(Tls {
            certificate_file: "c.pem".into(),
            key_file: "k.pem".into(),
        });
        assert!(matches!(config.check(), Err(ConfigError::ShiftedClock(_))));
    }

    #[test]
    fn an_address_is_an_origin() {
        for bad in ["http://a", "https://a/b", "https://", "https://u@a"] {
            let config = parse(&format!("address = \"{bad}\"")).unwrap();
            assert!(config.check().is_err(), "{bad}");
        }
        parse("address = \"https://a:8443\"")
            .unwrap()
            .check()
            .unwrap();
    }
}
