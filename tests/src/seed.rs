//! The demo data that `kanjie seed --json` writes: who there is and how each gets in.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
pub struct Seed {
    /// Session ids by name: `journey`, `crash`, `other`.
    pub sessions: BTreeMap<String, String>,
    /// By key: `surveyor_1`, `surveyor_2`, `chair`, `expert`, `applicant`, `supervisor`, `other_applicant`.
    pub people: BTreeMap<String, Person>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Person {
    pub person: String,
    pub name: String,
    pub user: Option<String>,
    pub password: Option<String>,
    /// Base32; SHA-1, six digits, 30 s.
    pub totp_secret: Option<String>,
    pub phone: Option<String>,
    /// Tokens of personal links by session name.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
}

impl Seed {
    /// The person with that key.
    ///
    /// # Panics
    /// If the seed has none.
    #[must_use]
    pub fn person(&self, key: &str) -> &Person {
        self.people
            .get(key)
            .unwrap_or_else(|| panic!("the seed has no {key}"))
    }

    /// The id of the session with that name.
    ///
    /// # Panics
    /// If the seed has none.
    #[must_use]
    pub fn session(&self, name: &str) -> &str {
        self.sessions
            .get(name)
            .unwrap_or_else(|| panic!("the seed has no session {name}"))
    }
}

impl Person {
    /// The code that this person's authenticator shows now.
    ///
    /// # Panics
    /// For a person who has none.
    #[must_use]
    pub fn totp(&self) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        self.totp_at(now.unwrap().as_secs())
    }

    /// … and then, seconds since 1970.
    ///
    /// # Panics
    /// For a person who has none.
    #[must_use]
    pub fn totp_at(&self, seconds: u64) -> String {
        let secret = self
            .totp_secret
            .as_deref()
            .expect("this person signs in by link, not by TOTP");
        let secret =
            totp_rs::Secret::try_from_base32(secret).expect("the seed's TOTP secret is base32");
        totp_rs::Builder::new()
            .with_secret(secret)
            .build_noncompliant()
            .generate(seconds)
            .to_string()
    }
}
