//! The ID token (OpenID Connect Core 1.0, section 3.1.3.7): pure, time comes in.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::Fault;

/// Signed by a key that is published; never by a shared secret, never `none`.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];
/// How far the provider's clock may be off, seconds.
const LEEWAY: i64 = 60;
const LONGEST_SUBJECT: usize = 255;

/// What the token must be for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// UTC s.
    pub now: i64,
}

/// Who it is about.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    pub sub: String,
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// The claims, where everything holds.
///
/// # Errors
/// The first thing that does not.
pub fn verify(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Claims, Fault> {
    let header = decode_header(token)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Fault::Token("its algorithm is none of ours"));
    }
    // RFC 7515 section 4.1.11: what must be understood and is not.
    if header.crit.is_some() {
        return Err(Fault::Token("its header asks for more than is known here"));
    }
    let key = match (&header.kid, &keys.keys[..]) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = DecodingKey::from_jwk(key.ok_or(Fault::Token("no such key is published"))?)?;
    let mut signature_alone = Validation::new(header.alg);
    signature_alone.required_spec_claims.clear();
    signature_alone.validate_exp = false;
    signature_alone.validate_aud = false;
    let claims = decode::<Claims>(token, &key, &signature_alone)?.claims;
    check(&claims, expected)?;
    Ok(claims)
}

/// Whether it can be the claim `sub`: at most 255 characters (OpenID Connect Core 1.0, section 2).
#[must_use]
pub fn is_subject(text: &str) -> bool {
    (1..=LONGEST_SUBJECT).contains(&text.chars().count())
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), Fault> {
    let ours = |aud: &String| aud == expected.client_id;
    let for_us = match &claims.aud {
        Audience::One(one) => ours(one),
        // Several: the one it was made for is named.
        Audience::Many(many) => {
            many.iter().any(ours) && (many.len() == 1 || claims.azp.as_ref().is_some_and(ours))
        }
    };
    let azp_fits = claims.azp.as_ref().is_none_or(ours);
    if claims.iss != expected.issuer {
        Err(Fault::Token("it is of another issuer"))
    } else if !for_us || !azp_fits {
        Err(Fault::Token("it is for another client"))
    } else if claims.nonce.as_deref() != Some(expected.nonce) {
        Err(Fault::Token("it answers another request"))
    } else if claims.exp <= expected.now - LEEWAY || claims.iat > expected.now + LEEWAY {
        Err(Fault::Token("it is past, or of the future"))
    } else if !is_subject(&claims.sub) {
        Err(Fault::Token("it is about nobody"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_000_000;

    struct Signer(EcdsaKeyPair);

    impl Signer {
        fn new() -> Self {
            Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
        }

        fn keys(&self, kid: &str) -> JwkSet {
            let point = self.0.public_key().as_ref();
            let part = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
            let key = json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": part(1), "y": part(33)});
            serde_json::from_value(json!({"keys": [key]})).unwrap()
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let signed = format!("{}.{}", part(header), part(claims));
            let signature = self
                .0
                .sign(&SystemRandom::new(), signed.as_bytes())
                .unwrap();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        }
    }

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://id.example",
            client_id: "kanjie",
            nonce: "n",
            now: NOW,
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://id.example", "sub": "s", "aud": "kanjie", "nonce": "n", "exp": NOW + 300, "iat": NOW,
        })
    }

    fn header() -> Value {
        json!({"alg": "ES256", "kid": "one"})
    }

    #[test]
    fn a_token_for_us_says_who_it_is() {
        let signer = Signer::new();
        let keys = signer.keys("one");
        let mut several = claims();
        several["aud"] = json!(["other", "kanjie"]);
        several["azp"] = json!("kanjie");
        for claims in [claims(), several] {
            let token = signer.token(&header(), &claims);
            assert_eq!(verify(&token, &keys, &expected()).unwrap().sub, "s");
        }
        // With one key published, a token need not name it.
        let token = signer.token(&json!({"alg": "ES256"}), &claims());
        verify(&token, &keys, &expected()).unwrap();
    }

    #[test]
    fn each_claim_that_is_not_right_is_refused() {
        let signer = Signer::new();
        let keys = signer.keys("one");
        for (claim, value) in [
            ("iss", json!("https://id.example/")),
            ("aud", json!("other")),
            ("aud", json!(["other", "kanjie"])),
            ("azp", json!("other")),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
            ("exp", json!(NOW - 60)),
            ("iat", json!(NOW + 61)),
            ("sub", json!("")),
            ("sub", json!("x".repeat(256))),
            ("sub", Value::Null),
        ] {
            let mut claims = claims();
            claims[claim] = value.clone();
            let token = signer.token(&header(), &claims);
            assert!(
                verify(&token, &keys, &expected()).is_err(),
                "{claim} {value}"
            );
        }
    }

    #[test]
    fn another_key_another_algorithm_or_none_is_refused() {
        let signer = Signer::new();
        let keys = signer.keys("one");
        let verified = |token: &str| verify(token, &keys, &expected());
        assert!(verified(&Signer::new().token(&header(), &claims())).is_err());
        for header in [
            json!({"alg": "ES256", "kid": "two"}),
            json!({"alg": "RS256", "kid": "one"}),
            json!({"alg": "HS256", "kid": "one"}),
            json!({"alg": "none", "kid": "one"}),
            json!({"alg": "ES256", "kid": "one", "crit": ["b64"], "b64": true}),
        ] {
            assert!(
                verified(&signer.token(&header, &claims())).is_err(),
                "{header}"
            );
        }
        let whole = signer.token(&header(), &claims());
        let (signed, _) = whole.rsplit_once('.').unwrap();
        assert!(verified(&format!("{signed}.")).is_err());
        assert!(verified(signed).is_err());
    }
}
