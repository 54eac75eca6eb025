//! `ETag` and `If-Match`: what has a journal has the number of its last entry as its version (docs/protocol/api.md section 4).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::problem::{Problem, ProblemCode};

/// Longest list of versions that is read.
const MOST: usize = 16;

/// `ETag: "N"` for an answer made when N was the last entry.
#[must_use]
pub fn of(head: u64) -> [(HeaderName, HeaderValue); 1] {
    // Digits and quotes are always a header's value.
    let value = HeaderValue::from_str(&format!("\"{head}\""));
    [(
        header::ETAG,
        value.unwrap_or(HeaderValue::from_static("\"0\"")),
    )]
}

/// Describes the header that [`IfMatch`] reads.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes the header that the extractor reads")]
pub struct Seen {
    /// `"N"`: only while N is the last entry; `*`, or none: in any state. An empty one is `malformed`.
    #[param(
        rename = "If-Match",
        nullable = false,
        pattern = r#"^(\*|"[0-9]{1,18}")$"#
    )]
    head: Option<String>,
}

/// `If-Match` of an act: the states of the journal in which it may pass. An extractor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Not sent, or `*`.
    Any,
    /// Only while the last entry has one of these numbers.
    Heads(Vec<u64>),
}

impl IfMatch {
    /// To be asked of the very head that the decision is made on and the append names, not of one read before.
    ///
    /// # Errors
    /// `precondition_failed` when the journal has gone on.
    pub fn check(&self, head: u64) -> Result<(), Problem> {
        match self {
            Self::Heads(heads) if !heads.contains(&head) => {
                Err(ProblemCode::PreconditionFailed.into())
            }
            _ => Ok(()),
        }
    }

    fn parse(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut heads = Vec::new();
        for value in headers.get_all(header::IF_MATCH) {
            let text = value.to_str().map_err(|_| ProblemCode::Malformed)?;
            if text.trim() == "*" {
                return Ok(Self::Any);
            }
            for tag in text.split(',').take(MOST) {
                heads.push(head_of(tag.trim())?);
            }
        }
        Ok(match heads.as_slice() {
            [] => Self::Any,
            _ => Self::Heads(heads.into_iter().flatten().collect()),
        })
    }
}

/// The number in a tag; none in a tag that is none of ours, which is no error: it is of no state there ever was.
fn head_of(tag: &str) -> Result<Option<u64>, Problem> {
    let quoted = tag
        .strip_prefix("W/")
        .unwrap_or(tag)
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|opaque| !opaque.contains('"'))
        .ok_or(ProblemCode::Malformed)?;
    // Weak tags never match strongly (RFC 9110 section 8.8.3.2).
    let ours = !tag.starts_with("W/") && quoted.bytes().all(|b| b.is_ascii_digit());
    Ok(ours.then(|| quoted.parse().ok()).flatten())
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(values: &[&str]) -> Result<IfMatch, ProblemCode> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, value.parse().unwrap());
        }
        IfMatch::parse(&headers).map_err(|problem| problem.code)
    }

    #[test]
    fn an_act_passes_in_the_states_it_names() {
        let named = parse(&["\"41\", \"43\""]).unwrap();
        assert_eq!(named, IfMatch::Heads(vec![41, 43]));
        assert!(named.check(41).is_ok() && named.check(43).is_ok());
        let code = named.check(42).unwrap_err().code;
        assert_eq!(code, ProblemCode::PreconditionFailed);
        assert_eq!(parse(&["\"1\"", "\"2\""]), Ok(IfMatch::Heads(vec![1, 2])));
    }

    #[test]
    fn without_a_version_any_state_will_do() {
        for values in [&[][..], &["*"], &[" * "]] {
            assert_eq!(parse(values), Ok(IfMatch::Any));
        }
        assert!(IfMatch::Any.check(7).is_ok());
    }

    #[test]
    fn a_tag_of_no_state_of_ours_matches_none() {
        for foreign in ["\"abc\"", "\"\"", "W/\"7\"", "\"99999999999999999999\""] {
            assert!(parse(&[foreign]).unwrap().check(7).is_err(), "{foreign}");
        }
        for malformed in ["7", "\"7", "\"7\"\"", "", "\"7\","] {
            assert_eq!(
                parse(&[malformed]),
                Err(ProblemCode::Malformed),
                "{malformed}"
            );
        }
    }

    #[test]
    fn the_tag_of_a_head_is_accepted_again() {
        let [(_, value)] = of(12);
        assert_eq!(
            parse(&[value.to_str().unwrap()]),
            Ok(IfMatch::Heads(vec![12]))
        );
    }
}
