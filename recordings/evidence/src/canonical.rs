//! Canonical JSON (RFC 8785): the one spelling of a JSON value, so that a digest of text is a digest of content.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    #[error("not JSON that can be written canonically: {0}")]
    Json(#[from] serde_json::Error),
    #[error("not in canonical form")]
    NotCanonical,
    #[error("not the expected content: {0}")]
    Shape(serde_json::Error),
}

/// The canonical text of `value`.
///
/// # Errors
/// When `value` has no JSON form (a map with keys that are no strings, a number that is not finite).
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, CanonicalError> {
    // Over `Value`, so that one serializer (not two) decides how a type becomes JSON.
    let value = serde_json::to_value(value)?;
    Ok(serde_json_canonicalizer::to_string(&value)?)
}

/// Whether `bytes` are exactly the canonical text of some JSON value: any other spacing, order, escape, number form or
/// a repeated key is not.
#[must_use]
pub fn is_canonical(bytes: &[u8]) -> bool {
    value(bytes).is_ok()
}

/// The JSON value in `bytes`, if they are its canonical text.
///
/// # Errors
/// When they are no JSON or in another spelling.
pub fn value(bytes: &[u8]) -> Result<Value, CanonicalError> {
    let value: Value = serde_json::from_slice(bytes)?;
    let again = serde_json_canonicalizer::to_vec(&value)?;
    if again == bytes {
        Ok(value)
    } else {
        Err(CanonicalError::NotCanonical)
    }
}

/// `bytes` as a `T`, if they are canonical.
///
/// # Errors
/// As [`value`], and when the value is no `T`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CanonicalError> {
    serde_json::from_value(value(bytes)?).map_err(CanonicalError::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_chinese_stays_as_it_is() {
        let value = serde_json::json!({"b": 1, "a": "勘结\n", "A": [true, null]});
        assert_eq!(
            to_string(&value).unwrap(),
            r#"{"A":[true,null],"a":"勘结\n","b":1}"#
        );
    }

    #[test]
    fn other_spellings_are_refused() {
        assert!(is_canonical(br#"{"a":1,"b":"x"}"#));
        for other in [
            r#"{"b":"x","a":1}"#,
            r#"{"a":1, "b":"x"}"#,
            r#"{"a":1.0,"b":"x"}"#,
            r#"{"a":1,"a":1,"b":"x"}"#,
            r#"{"a":1,"b":"\u0078"}"#,
            "{\"a\":1,\"b\":\"x\"}\n",
            r#"{"a":9007199254740993}"#,
            "",
        ] {
            assert!(!is_canonical(other.as_bytes()), "{other}");
        }
    }
}
