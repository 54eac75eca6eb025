//! SHA-256 and fixed-length byte strings in lower-case hex, the one spelling every format here uses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// `N` bytes that are written as exactly `2 * N` lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>(pub [u8; N]);

/// A SHA-256 digest.
pub type Hash = Hex<32>;
/// 32 random bytes that blind a commitment.
pub type Nonce = Hex<32>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {expected} lower-case hex digits")]
pub struct NotHex {
    pub expected: usize,
}

impl Hex<32> {
    /// The `prev` of entry 1.
    pub const ZERO: Self = Self([0; 32]);
}

impl<const N: usize> Hex<N> {
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for Hex<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> AsRef<[u8]> for Hex<N> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> FromStr for Hex<N> {
    type Err = NotHex;

    fn from_str(text: &str) -> Result<Self, NotHex> {
        let fault = NotHex { expected: 2 * N };
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(fault);
        }
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| fault)?;
        Ok(Self(bytes))
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// `H(part ‖ part ‖ …)`.
#[must_use]
pub fn h(parts: &[&[u8]]) -> Hash {
    let mut digester = Digester::new();
    for part in parts {
        digester.update(part);
    }
    digester.finish()
}

/// SHA-256 over bytes that come piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Digester(Sha256);

impl Digester {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    #[must_use]
    pub fn finish(self) -> Hash {
        Hex(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        assert_eq!(
            h(&[]).to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn parts_are_joined_without_a_separator() {
        assert_eq!(h(&[b"ab", b"c"]), h(&[b"abc"]));
    }

    #[test]
    fn only_one_spelling_of_hex_is_read() {
        let text = h(&[b"x"]).to_string();
        assert!(text.parse::<Hash>().is_ok());
        assert!(text.to_uppercase().parse::<Hash>().is_err());
        assert!(text[2..].parse::<Hash>().is_err());
        assert!(format!("{text}00").parse::<Hash>().is_err());
        assert!(format!(" {}", &text[1..]).parse::<Hash>().is_err());
    }
}
