//! A passkey as the fresh second factor of one act: what its owner signs is bound to the act and to the digest of the very
//! content, so that the signature says what was sealed, and anybody can check it later.

use kanjie_domain::{Factor, FactorKind, PasskeySignature, PersonId};
use kanjie_evidence::{Hash, h};
use kanjie_store::ChallengePurpose;
use serde::Deserialize;

use super::ceremony::{self, Assertion, Base64Url, Ceremony, base64url};
use super::{Fault, Party};
use crate::auth::Caller;
use crate::problem::Problem;
use crate::services::Services;

/// What an act is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    pub session: &'a str,
    /// `seal_decision`, `sign_record`, …
    pub act: &'a str,
    /// Of the content that is sealed or signed, in hex; empty for acts without content.
    pub digest: &'a str,
}

impl Bound<'_> {
    /// What is signed. Every part has a fixed length, so that no two acts run into each other.
    #[must_use]
    pub fn challenge(&self, nonce: &[u8; 32]) -> Hash {
        h(&[
            b"kanjie act v1",
            nonce,
            &h(&[self.session.as_bytes()]).0,
            &h(&[self.act.as_bytes()]).0,
            &h(&[self.digest.as_bytes()]).0,
        ])
    }
}

/// The assertion over [`Bound::challenge`], with the nonce that was given.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActAssertion {
    pub nonce: Base64Url,
    pub assertion: Assertion,
}

/// A nonce and the challenge made with it, for this person alone.
///
/// # Errors
/// When the store fails.
pub async fn challenge(
    services: &Services,
    person: &PersonId,
    bound: &Bound<'_>,
) -> Result<([u8; 32], Hash), Problem> {
    let nonce: [u8; 32] = services.env.random();
    let challenge = bound.challenge(&nonce);
    let purpose = ChallengePurpose::PasskeyAct;
    super::keep(services, &challenge.0, purpose, Some(person)).await?;
    Ok((nonce, challenge))
}

/// The factor, with all that is needed to check it without this server.
///
/// # Errors
/// `passkey_refused`.
pub async fn verify(
    services: &Services,
    caller: &Caller,
    bound: &Bound<'_>,
    given: &ActAssertion,
) -> Result<Factor, Problem> {
    let person = &caller.person;
    let party = Party::of(&services.config);
    let assertion = &given.assertion;
    let signed = ceremony::challenge(&assertion.client_data.0, Ceremony::Get, &party)?;
    let purpose = ChallengePurpose::PasskeyAct;
    super::take(services, &signed, purpose, Some(person)).await?;
    let nonce = <[u8; 32]>::try_from(given.nonce.0.as_slice()).map_err(|_| Fault::Challenge)?;
    if signed != bound.challenge(&nonce).0 {
        return Err(Fault::Challenge.into());
    }
    let passkey = super::known(services, assertion).await?;
    if passkey.person != *person || caller.link.is_some() {
        return Err(Fault::Credential.into());
    }
    super::used(services, &party, &passkey, assertion).await?;
    Ok(Factor {
        kind: FactorKind::Passkey,
        at: services.env.now(),
        signed: Some(Box::new(PasskeySignature {
            credential: base64url(&passkey.credential),
            public_key: base64url(&passkey.public_key),
            nonce: base64url(&nonce),
            client_data: base64url(&assertion.client_data.0),
            authenticator_data: base64url(&assertion.authenticator_data.0),
            signature: base64url(&assertion.signature.0),
        })),
    })
}
