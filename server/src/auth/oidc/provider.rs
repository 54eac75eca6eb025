//! The provider's side over HTTP: metadata (OpenID Connect Discovery 1.0), token endpoint, keys. Metadata are kept for some
//! minutes; keys, which may be withdrawn, are asked for at each sign-in.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use reqwest::{Client, RequestBuilder, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Fault, Trip};
use crate::config;
use crate::net::client::{self, Reach};

const WITHIN: Duration = Duration::from_secs(5);
/// Largest answer taken, bytes.
const LARGEST: usize = 256 * 1024;
/// How long metadata are kept, µs.
const KEPT_US: i64 = 5 * 60 * 1_000_000;

/// The provider as it was last asked: strangers on their way there cost it, and us, no request of our own.
#[derive(Debug, Default)]
pub struct Known(Mutex<Option<(Arc<Provider>, i64)>>);

impl Known {
    /// # Errors
    /// Where it cannot be reached, or is another.
    pub async fn provider(
        &self,
        settings: &config::Oidc,
        now: i64,
    ) -> Result<Arc<Provider>, Fault> {
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((provider, asked)) = known
            && (0..KEPT_US).contains(&(now - asked))
        {
            return Ok(provider);
        }
        let provider = Arc::new(Provider::discover(settings).await?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((provider.clone(), now));
        Ok(provider)
    }
}

/// A provider that was asked for its metadata.
#[derive(Debug)]
pub struct Provider {
    client: Client,
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    /// RFC 9207: each answer says whose it is.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

impl Provider {
    async fn discover(settings: &config::Oidc) -> Result<Self, Fault> {
        let client = client::new(Reach::Configured, settings.ca_file.as_deref(), WITHIN)?;
        let issuer = &settings.issuer;
        let place = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let metadata: Metadata = json(client.get(place)).await?;
        if metadata.issuer != *issuer {
            return Err(Fault::Issuer(metadata.issuer));
        }
        for place in [
            &metadata.authorization_endpoint,
            &metadata.token_endpoint,
            &metadata.jwks_uri,
        ] {
            if !config::is_safe(place) {
                return Err(Fault::Unsafe(place.clone()));
            }
        }
        Ok(Self { client, metadata })
    }

    /// Another provider's answer must not be taken to this one (RFC 9207).
    ///
    /// # Errors
    /// Where the answer is another's, or does not say whose it is though this provider always does.
    pub fn sent(&self, issuer: Option<&str>) -> Result<(), Fault> {
        let says = self.metadata.authorization_response_iss_parameter_supported;
        match issuer {
            Some(issuer) if issuer == self.metadata.issuer => Ok(()),
            None if !says => Ok(()),
            other => Err(Fault::Issuer(other.unwrap_or_default().to_owned())),
        }
    }

    /// # Errors
    /// Where the metadata name no address.
    pub fn authorisation(
        &self,
        settings: &config::Oidc,
        trip: &Trip,
        redirect_uri: &str,
    ) -> Result<String, Fault> {
        let (state, nonce, challenge) = (trip.state(), trip.nonce(), trip.code_challenge());
        let address = Url::parse_with_params(
            &self.metadata.authorization_endpoint,
            [
                ("response_type", "code"),
                ("client_id", settings.client_id.as_str()),
                ("redirect_uri", redirect_uri),
                // Who it is, and nothing more: no name, no mail, no number.
                ("scope", "openid"),
                ("state", state.as_str()),
                ("nonce", nonce.as_str()),
                ("code_challenge", challenge.as_str()),
                ("code_challenge_method", "S256"),
            ],
        );
        address
            .map(String::from)
            .map_err(|_| Fault::Unsafe(self.metadata.authorization_endpoint.clone()))
    }

    /// The ID token that the code is worth.
    ///
    /// # Errors
    /// Where the secret cannot be read or the provider does not take the code.
    pub async fn exchange(
        &self,
        settings: &config::Oidc,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
    ) -> Result<String, Fault> {
        let secret = Zeroizing::new(read(&settings.client_secret_file)?);
        // RFC 6749 section 2.3.1: both are form-encoded first.
        let pair = format!("{}:{}", form(&settings.client_id), form(secret.trim()));
        let body = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        let body: Vec<_> = body.map(|(k, v)| format!("{k}={}", form(v))).into();
        let request = self
            .client
            .post(&self.metadata.token_endpoint)
            .header("authorization", format!("Basic {}", STANDARD.encode(pair)))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        Ok(json::<Tokens>(request).await?.id_token)
    }

    /// # Errors
    /// Where they cannot be had.
    pub async fn keys(&self) -> Result<JwkSet, Fault> {
        let published: Keys = json(self.client.get(&self.metadata.jwks_uri)).await?;
        // One of a kind that is unknown here must not hide the others.
        let known = published.keys.into_iter();
        let keys = known.filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let signing = keys.filter(|key| {
            let used_for = &key.common.public_key_use;
            !matches!(used_for, Some(PublicKeyUse::Encryption))
        });
        Ok(JwkSet {
            keys: signing.collect(),
        })
    }
}

fn read(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path).map_err(|error| Fault::File(path.to_owned(), error))
}

async fn json<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Fault> {
    let answer = request.header("accept", "application/json").send().await?;
    if !answer.status().is_success() {
        return Err(Fault::Status(answer.status().as_u16()));
    }
    let bytes = client::body(answer, LARGEST).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// application/x-www-form-urlencoded.
fn form(text: &str) -> String {
    let mut url = Url::parse("data:").ok();
    url.as_mut().map_or_else(String::new, |url| {
        url.query_pairs_mut().append_pair("", text);
        url.query()
            .unwrap_or("=")
            .trim_start_matches('=')
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::form;

    #[test]
    fn what_a_form_cannot_carry_is_encoded() {
        assert_eq!(form("a-b_c.d"), "a-b_c.d");
        assert_eq!(form("a&b=c+d 密:"), "a%26b%3Dc%2Bd+%E5%AF%86%3A");
        assert_eq!(form("=="), "%3D%3D");
    }
}
