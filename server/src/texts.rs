//! Words for every code, in Chinese and English: a title, and what to do next ("不得说不").

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::http::{HeaderMap, header};
use serde::Deserialize;

/// Languages the server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    Zh,
    En,
}

impl Lang {
    /// From `Accept-Language`: Chinese unless English is preferred to it.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let Some(wanted) = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|v| v.to_str().ok())
        else {
            return Self::Zh;
        };
        let weight = |language: &str| {
            wanted
                .split(',')
                .filter_map(|part| weight_of(part, language))
                .max()
                .unwrap_or(0)
        };
        if weight("en") > weight("zh") {
            Self::En
        } else {
            Self::Zh
        }
    }
}

/// Thousandths of weight that one part of the header gives to a language, where it names it.
fn weight_of(part: &str, language: &str) -> Option<u16> {
    let (tag, parameters) = part.split_once(';').unwrap_or((part, "q=1"));
    let primary = tag.trim().split('-').next()?;
    if !primary.eq_ignore_ascii_case(language) {
        return None;
    }
    let q: f32 = parameters.trim().strip_prefix("q=")?.parse().ok()?;
    // Between 0 and 1 by RFC 9110 section 12.4.2.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some((q.clamp(0.0, 1.0) * 1_000.0) as u16)
}

/// What is said about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    pub title: &'static str,
    pub next: &'static str,
}

#[derive(Deserialize)]
struct Words {
    zh: (String, String),
    en: (String, String),
}

fn all() -> &'static BTreeMap<String, Words> {
    static ALL: OnceLock<BTreeMap<String, Words>> = OnceLock::new();
    // A test holds that the file parses and knows every code.
    ALL.get_or_init(|| serde_json::from_str(include_str!("texts.json")).unwrap_or_default())
}

/// The words for a code; those of `internal` for one that has none.
#[must_use]
pub fn of(code: &str, lang: Lang) -> Text {
    let words = all().get(code).or_else(|| all().get("internal"));
    let Some(words) = words else {
        return Text {
            title: "",
            next: "",
        };
    };
    let (title, next) = match lang {
        Lang::Zh => &words.zh,
        Lang::En => &words.en,
    };
    Text { title, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lang(header: &str) -> Lang {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, header.parse().unwrap());
        Lang::of(&headers)
    }

    #[test]
    fn chinese_unless_english_is_preferred() {
        assert_eq!(Lang::of(&HeaderMap::new()), Lang::Zh);
        assert_eq!(lang("en"), Lang::En);
        assert_eq!(lang("zh-CN,zh;q=0.9,en;q=0.8"), Lang::Zh);
        assert_eq!(lang("en-GB,en;q=0.9,zh;q=0.5"), Lang::En);
        assert_eq!(lang("fr"), Lang::Zh);
        assert_eq!(lang("en;q=x"), Lang::Zh);
    }

    #[test]
    fn every_code_of_the_domain_has_words() {
        let source = include_str!("../domain/src/refusal.rs");
        let body = source
            .split_once("pub enum Code {")
            .unwrap()
            .1
            .split_once('}')
            .unwrap()
            .0;
        let mut known = 0;
        for variant in body
            .lines()
            .filter_map(|line| line.trim().strip_suffix(','))
            .filter(|line| line.chars().all(|c| c.is_ascii_alphanumeric()))
        {
            let code: String = variant
                .char_indices()
                .flat_map(|(i, c)| {
                    let bar = (c.is_ascii_uppercase() && i > 0).then_some('_');
                    bar.into_iter().chain([c.to_ascii_lowercase()])
                })
                .collect();
            assert!(all().contains_key(&code), "no words for {code}");
            known += 1;
        }
        assert!(known > 50, "only {known} codes found");
    }

    #[test]
    fn no_words_are_empty() {
        for (code, words) in all() {
            for text in [&words.zh.0, &words.zh.1, &words.en.0, &words.en.1] {
                assert!(!text.is_empty(), "{code}");
            }
        }
    }
}
