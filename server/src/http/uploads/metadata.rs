//! `Upload-Metadata`: pairs of a key and its value in Base64, `case …,filename …,filetype …`.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::problem::{Problem, ProblemCode};

const LONGEST_NAME: usize = 200;

/// What is said of a file before it comes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    pub case: String,
    pub name: String,
    pub media_type: String,
}

impl Metadata {
    /// # Errors
    /// `malformed`: something is missing, unknown, said twice, no text, or too long.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let value = headers.get("upload-metadata");
        let text = value.and_then(|value| value.to_str().ok());
        text.and_then(Self::parse)
            .ok_or_else(|| ProblemCode::Malformed.into())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut metadata = Self::default();
        for pair in text.split(',') {
            let (key, value) = pair.trim().split_once(' ')?;
            let value = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
            let place = match key {
                "case" => &mut metadata.case,
                "filename" => &mut metadata.name,
                "filetype" => &mut metadata.media_type,
                _ => return None,
            };
            if !place.is_empty() {
                return None;
            }
            *place = value;
        }
        let named = metadata.name.chars().count() <= LONGEST_NAME
            && !metadata.name.chars().any(|c| c.is_control() || c == '/');
        let whole = [&metadata.case, &metadata.name, &metadata.media_type];
        (named && whole.iter().all(|value| !value.is_empty())).then_some(metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pairs: &[(&str, &str)]) -> String {
        let pairs = pairs
            .iter()
            .map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
        pairs.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn everything_is_said_once_and_nothing_else() {
        let whole = [
            ("case", "c"),
            ("filename", "营业执照.pdf"),
            ("filetype", "application/pdf"),
        ];
        let read = Metadata::parse(&said(&whole)).unwrap();
        assert_eq!(read.name, "营业执照.pdf");
        assert_eq!(read.case, "c");
        for wrong in [
            said(&whole[..2]),
            said(&[whole[0], whole[1], whole[2], ("case", "d")]),
            said(&[whole[0], whole[1], whole[2], ("more", "x")]),
            said(&[whole[0], ("filename", ""), whole[2]]),
            said(&[whole[0], ("filename", "../x"), whole[2]]),
            said(&[whole[0], ("filename", "a\nb"), whole[2]]),
            said(&[whole[0], ("filename", &"长".repeat(201)), whole[2]]),
            "case".to_owned(),
            "case %%%".to_owned(),
            "case /w==".to_owned(),
            String::new(),
        ] {
            assert_eq!(Metadata::parse(&wrong), None, "{wrong}");
        }
    }
}
