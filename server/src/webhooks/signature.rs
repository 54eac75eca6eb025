//! Secrets of endpoints and what they sign (Standard Webhooks 1.0, symmetric signatures).
//!
//! A secret is not kept: it follows from the server's key, the endpoint's id and the generation of its secret.

use std::sync::Arc;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kanjie_evidence::h;
use zeroize::Zeroizing;

/// What all secrets follow from.
#[derive(Clone)]
pub struct WebhookKey(Arc<Zeroizing<[u8; 32]>>);

impl std::fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookKey")
    }
}

impl WebhookKey {
    #[must_use]
    pub fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(Arc::new(key))
    }

    /// The secret of one generation.
    #[must_use]
    pub fn secret(&self, endpoint: &str, generation: i64) -> Secret {
        let key = hmac::Key::new(HMAC_SHA256, self.0.as_slice());
        // The id as a digest: of fixed length, so that no two inputs run into each other.
        let mut input = b"kanjie webhook v1".to_vec();
        input.extend_from_slice(&h(&[endpoint.as_bytes()]).0);
        input.extend_from_slice(&generation.to_be_bytes());
        Secret(Zeroizing::new(hmac::sign(&key, &input).as_ref().to_vec()))
    }
}

/// A secret that the other system knows too.
pub struct Secret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// `whsec_…`.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.0.as_slice()))
    }

    /// `v1,…` over id, time (UTC seconds) and body.
    #[must_use]
    pub fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let key = hmac::Key::new(HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the libraries of the standard test themselves by.
    #[test]
    fn the_known_example_is_signed_as_known() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = Secret(Zeroizing::new(secret)).sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_endpoint_and_generation_has_a_secret_of_its_own() {
        let key = WebhookKey::new(Zeroizing::new([7; 32]));
        let other = WebhookKey::new(Zeroizing::new([8; 32]));
        let text = |key: &WebhookKey, id, generation| key.secret(id, generation).to_text();
        let one = text(&key, "a", 1);
        assert_eq!(one, text(&key, "a", 1));
        for different in [text(&key, "a", 2), text(&key, "b", 1), text(&other, "a", 1)] {
            assert_ne!(one, different);
        }
        assert_eq!(
            STANDARD
                .decode(one.strip_prefix("whsec_").unwrap())
                .unwrap()
                .len(),
            32
        );
    }
}
