//! Tokens: 256 random bits, held by the browser in a `__Host-` cookie or in a link's fragment, stored as a digest.

use axum::http::{HeaderMap, HeaderValue, header};
use kanjie_evidence::h;
use kanjie_store::TokenHash;

use crate::env::Env;

/// The `__Host-` prefix: Secure, no Domain, path `/` (RFC 6265bis section 4.1.3.2).
pub const NAME: &str = "__Host-kanjie";

/// A secret that is worth a sign-in or a link.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    #[must_use]
    pub fn new(env: &dyn Env) -> Self {
        Self(env.random())
    }

    /// Lower-case hex, as in cookie and link.
    #[must_use]
    pub fn text(&self) -> String {
        hex::encode(self.0)
    }

    /// Exactly 64 lower-case hex digits, or nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return None;
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// What is stored in its place. A plain digest: nobody guesses 256 bits.
    #[must_use]
    pub fn digest(&self) -> TokenHash {
        h(&[b"kanjie token v1", &self.0]).0
    }
}

/// The token in the request's cookies.
#[must_use]
pub fn of(headers: &HeaderMap) -> Option<Token> {
    Token::parse(value(headers, NAME)?)
}

/// The cookie of that name.
#[must_use]
pub fn value<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

/// `Set-Cookie` that signs in for so many seconds.
#[must_use]
pub fn set(token: &Token, seconds: i64) -> HeaderValue {
    // Hex and digits alone: always a valid header value.
    HeaderValue::from_str(&format!(
        "{NAME}={}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict",
        token.text()
    ))
    .unwrap_or_else(|_| clear())
}

/// `Set-Cookie` that signs out.
#[must_use]
pub fn clear() -> HeaderValue {
    HeaderValue::from_static("__Host-kanjie=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict")
}
