//! Signing in by the bureau's own provider of identities: OpenID Connect, authorisation code with PKCE.
//!
//! It says who somebody is, never what they may do: roles stay ours, and nobody gets an account by it. One secret in the
//! browser's cookie makes state, nonce and code verifier, so that an answer serves the browser that asked, once. See
//! docs/protocol/sign-in.md and docs/adr/0010-openid-connect-by-own-flow.md.

pub mod provider;
pub mod token;

use std::path::PathBuf;

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kanjie_domain::PersonId;
use kanjie_evidence::h;
use kanjie_store::{ChallengePurpose, NewChallenge};
use sha2::{Digest as _, Sha256};

use crate::auth::cookie::Token;
use crate::config;
use crate::error::Failure;
use crate::net::client::TooLong;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;
use token::Claims;

/// How long somebody may take at the provider, µs.
const LIFE_US: i64 = 10 * 60 * 1_000_000;
/// The browser's half. Lax: it comes back with a navigation from the provider's page.
pub const COOKIE: &str = "__Host-kanjie-oidc";
pub const CALLBACK: &str = "/api/v1/sign-in/oidc/callback";

/// Why signing in did not come about; for the log, the outside learns `oidc_failed` alone.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the provider cannot be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("the provider answers with {0}")]
    Status(u16),
    #[error(transparent)]
    Client(#[from] Failure),
    #[error(transparent)]
    TooLong(#[from] TooLong),
    #[error("the provider's answer is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("it comes from another issuer: {0:?}")]
    Issuer(String),
    #[error("the metadata name an address that is neither https nor on loopback: {0:?}")]
    Unsafe(String),
    #[error("{0} cannot be read: {1}")]
    File(PathBuf, std::io::Error),
    #[error("the provider refused: {0:?}")]
    Refused(String),
    #[error("the answer is not for this browser, used, or late")]
    State,
    #[error("the ID token: {0}")]
    Token(&'static str),
    #[error("the ID token does not verify: {0}")]
    Signature(#[from] jsonwebtoken::errors::Error),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        tracing::warn!(%fault, "sign-in by the provider failed");
        ProblemCode::OidcFailed.into()
    }
}

/// What follows from the browser's secret.
#[derive(Debug)]
pub struct Trip(Token);

impl Trip {
    #[must_use]
    pub const fn of(token: Token) -> Self {
        Self(token)
    }

    fn part(&self, label: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(h(&[b"kanjie oidc v1", label, &self.0.digest()]).0)
    }

    #[must_use]
    pub fn state(&self) -> String {
        self.part(b"state")
    }

    #[must_use]
    pub fn nonce(&self) -> String {
        self.part(b"nonce")
    }

    /// RFC 7636: 43 characters of base64url.
    #[must_use]
    pub fn verifier(&self) -> String {
        self.part(b"verifier")
    }

    #[must_use]
    pub fn code_challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }

    /// `Set-Cookie` for the way there.
    #[must_use]
    pub fn cookie(&self) -> Option<HeaderValue> {
        let seconds = LIFE_US / 1_000_000;
        HeaderValue::from_str(&format!(
            "{COOKIE}={}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax",
            self.0.text()
        ))
        .ok()
    }

    /// `Set-Cookie` once the trip is over.
    #[must_use]
    pub const fn over() -> HeaderValue {
        HeaderValue::from_static(
            "__Host-kanjie-oidc=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
        )
    }

    fn hash(&self) -> kanjie_store::TokenHash {
        h(&[b"kanjie oidc trip v1", &self.0.digest()]).0
    }
}

/// A trip to the provider, good once, and where it leads.
///
/// # Errors
/// `oidc_failed` where the provider is not there.
pub async fn begin(
    services: &Services,
    settings: &config::Oidc,
    redirect_uri: &str,
) -> Result<(Trip, String), Problem> {
    let now = services.env.now();
    let provider = services.oidc.provider(settings, now).await?;
    let trip = Trip(Token::new(services.env.as_ref()));
    let address = provider.authorisation(settings, &trip, redirect_uri)?;
    let new = NewChallenge {
        hash: trip.hash(),
        purpose: ChallengePurpose::Oidc,
        person: None,
        expires_at: now + LIFE_US,
    };
    services.store.put_challenge(&new, now).await?;
    Ok((trip, address))
}

/// What the provider's redirect carries.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Returned {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

/// Who came back, as the provider vouches for it.
///
/// # Errors
/// `oidc_failed`.
pub async fn finish(
    services: &Services,
    settings: &config::Oidc,
    trip: &Trip,
    returned: &Returned,
    redirect_uri: &str,
) -> Result<Claims, Problem> {
    let now = services.env.now();
    let own = aws_lc_rs::constant_time::verify_slices_are_equal(
        returned.state.as_bytes(),
        trip.state().as_bytes(),
    );
    let (store, hash) = (&services.store, trip.hash());
    let purpose = ChallengePurpose::Oidc;
    if own.is_err() || !store.take_challenge(&hash, purpose, None, now).await? {
        return Err(Fault::State.into());
    }
    let provider = services.oidc.provider(settings, now).await?;
    provider.sent(returned.iss.as_deref())?;
    if let Some(error) = &returned.error {
        return Err(Fault::Refused(error.chars().take(80).collect()).into());
    }
    let id_token = provider
        .exchange(settings, &returned.code, &trip.verifier(), redirect_uri)
        .await?;
    let keys = provider.keys().await?;
    let expected = token::Expected {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        nonce: &trip.nonce(),
        now: now / 1_000_000,
    };
    Ok(token::verify(&id_token, &keys, &expected)?)
}

/// Whose account it is. An administrator linked the subject to it beforehand: nobody gets an account by signing in.
///
/// # Errors
/// `not_linked`.
pub async fn person_of(
    services: &Services,
    settings: &config::Oidc,
    claims: &Claims,
) -> Result<PersonId, Problem> {
    let store = &services.store;
    let person = store.person_of_identity(&settings.issuer, &claims.sub);
    person.await?.ok_or_else(|| ProblemCode::NotLinked.into())
}
