//! What the server writes to people by itself: templates in Chinese and English.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::{Deserialize, Serialize};

use crate::config::Language;

/// What a notice is about; its name stands in the list of deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A code to come in by a link.
    CodeDevice,
    /// A code for one act.
    CodeAct,
    /// A code to look up a case.
    CodeStatus,
    /// An endpoint for events was paused.
    WebhookPaused,
}

impl Kind {
    pub const ALL: [Self; 4] = [
        Self::CodeDevice,
        Self::CodeAct,
        Self::CodeStatus,
        Self::WebhookPaused,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeDevice => "code_device",
            Self::CodeAct => "code_act",
            Self::CodeStatus => "code_status",
            Self::WebhookPaused => "webhook_paused",
        }
    }
}

/// Subject and text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Words {
    pub subject: String,
    pub text: String,
}

#[derive(Deserialize)]
struct Both {
    #[serde(rename = "zh-CN")]
    zh: Words,
    en: Words,
}

fn all() -> &'static BTreeMap<String, Both> {
    static ALL: OnceLock<BTreeMap<String, Both>> = OnceLock::new();
    // A test holds that the file parses and knows every kind.
    ALL.get_or_init(|| serde_json::from_str(include_str!("texts.json")).unwrap_or_default())
}

/// The words of a kind with the values put in.
///
/// # Errors
/// When the kind has no words or a value is missing.
pub fn write<V: Serialize>(
    kind: Kind,
    language: Language,
    values: &V,
) -> Result<Words, minijinja::Error> {
    let both = all()
        .get(kind.as_str())
        .ok_or(minijinja::ErrorKind::TemplateNotFound)?;
    let words = match language {
        Language::Zh => &both.zh,
        Language::En => &both.en,
    };
    let engine = engine();
    let values = Value::from(Serde(values));
    Ok(Words {
        subject: engine.render_str(&words.subject, values.clone())?,
        text: engine.render_str(&words.text, values)?,
    })
}

/// Templates where a value that is missing is an error, not a hole.
#[must_use]
pub fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_words_in_both_languages() {
        let values =
            json!({"code": "123456", "host": "hooks.example", "since": "2026-11-24 17:00"});
        for kind in Kind::ALL {
            for language in [Language::Zh, Language::En] {
                let words = write(kind, language, &values).unwrap();
                assert!(!words.subject.is_empty() && !words.text.contains("{{"));
                let has_code = kind.as_str().starts_with("code_");
                assert_eq!(words.text.contains("123456"), has_code, "{words:?}");
            }
        }
        assert!(write(Kind::CodeAct, Language::Zh, &json!({})).is_err());
    }
}
