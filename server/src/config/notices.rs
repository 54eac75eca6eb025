//! `[notices]`: how notices leave the house. By default none does (R54).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::ConfigError;

/// Where notices go: e-mail addresses to `smtp`, phones to `sms`, and to the file whatever has no sender.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notices {
    /// File sender: JSON lines, mode 0600. Default: `outbox.jsonl` under `data`.
    pub file: Option<PathBuf>,
    /// Of what the server writes by itself.
    pub language: Language,
    /// What one recipient gets in an hour, at most.
    pub per_recipient_hour: u32,
    /// Tries before a notice is given up.
    pub tries: u32,
    pub smtp: Option<Smtp>,
    pub sms: Option<Sms>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "zh-CN")]
    Zh,
    #[serde(rename = "en")]
    En,
}

/// A mail server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    /// Default: 587 with `starttls`, 465 with `implicit`, 25 with `none`.
    pub port: Option<u16>,
    #[serde(default)]
    pub encryption: Encryption,
    /// `勘结 <kanjie@example.gov.cn>`.
    pub from: String,
    pub user: Option<String>,
    pub password_file: Option<PathBuf>,
    /// PEM, beside the system's own authorities.
    pub ca_file: Option<PathBuf>,
    #[serde(default = "ten")]
    pub timeout_seconds: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// RFC 3207, refused where the server does not offer it.
    #[default]
    Starttls,
    /// RFC 8314.
    Implicit,
    /// Only to a loopback address.
    None,
}

/// An SMS gateway that takes HTTP requests. Headers and body are templates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    pub url: String,
    #[serde(default = "post")]
    pub method: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON text; `tojson` puts quotes around. Exactly one of `json` and `form`.
    pub json: Option<String>,
    pub form: Option<BTreeMap<String, String>>,
    /// What `{{ secret }}` stands for.
    pub secret_file: Option<PathBuf>,
    /// Beside a 2xx status: what the JSON answer must say.
    pub success: Option<Success>,
    /// JSON pointer to the gateway's own id in its answer.
    pub id_pointer: Option<String>,
    /// PEM, beside the system's own authorities.
    pub ca_file: Option<PathBuf>,
    #[serde(default = "ten")]
    pub timeout_seconds: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// RFC 6901.
    pub pointer: String,
    pub equals: Value,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            file: None,
            language: Language::Zh,
            per_recipient_hour: 30,
            tries: 8,
            smtp: None,
            sms: None,
        }
    }
}

const fn ten() -> u64 {
    10
}

fn post() -> String {
    String::from("POST")
}

impl Notices {
    /// # Errors
    /// When a value cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        at_least_one("notices.per_recipient_hour", self.per_recipient_hour)?;
        at_least_one("notices.tries", self.tries)?;
        if let Some(sms) = &self.sms
            && sms.json.is_some() == sms.form.is_some()
        {
            return Err(ConfigError::Value(
                "notices.sms",
                String::from("exactly one of `json` and `form`"),
            ));
        }
        let Some(smtp) = &self.smtp else {
            return Ok(());
        };
        if smtp.user.is_some() != smtp.password_file.is_some() {
            return Err(ConfigError::Value(
                "notices.smtp",
                String::from("`user` and `password_file` go together"),
            ));
        }
        let here = ["localhost", "127.0.0.1", "::1"].contains(&smtp.host.as_str());
        if smtp.encryption == Encryption::None && !here {
            return Err(ConfigError::Value(
                "notices.smtp.encryption",
                String::from("`none` is for a loopback address only"),
            ));
        }
        Ok(())
    }
}

pub(super) fn at_least_one(key: &'static str, value: u32) -> Result<(), ConfigError> {
    if value == 0 {
        return Err(ConfigError::Value(key, String::from("must be 1 or more")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|e| e.to_string())?;
        config.check().map_err(|e| e.to_string())?;
        Ok(config)
    }

    #[test]
    fn a_gateway_is_described_in_words_of_its_own() {
        let config = parse(
            "[notices.sms]\nurl = \"https://sms.example/send\"\njson = '{\"to\": {{ to | tojson }}}'\n\
             success = { pointer = \"/code\", equals = 0 }\n",
        )
        .unwrap();
        let sms = config.notices.sms.unwrap();
        assert_eq!(sms.success.unwrap().equals, 0);
        assert_eq!(sms.method, "POST");
    }

    #[test]
    fn what_is_unknown_or_cannot_work_is_refused() {
        for (bad, named) in [
            ("[notices]\nsmpt = 1", "smpt"),
            (
                "[notices.smtp]\nhost = \"m\"\nfrom = \"a@b\"\nport_ = 1",
                "port_",
            ),
            (
                "[notices.smtp]\nhost = \"m\"\nfrom = \"a@b\"\nuser = \"u\"",
                "password_file",
            ),
            (
                "[notices.smtp]\nhost = \"m\"\nfrom = \"a@b\"\nencryption = \"none\"",
                "loopback",
            ),
            (
                "[notices.sms]\nurl = \"https://s\"\njson = \"\"\nurls = 1",
                "urls",
            ),
            ("[notices.sms]\nurl = \"https://s\"", "json"),
            ("[notices]\ntries = 0", "tries"),
        ] {
            let error = parse(bad).unwrap_err();
            assert!(error.contains(named), "{bad}: {error}");
        }
    }
}
