//! Passkeys (WebAuthn level 3): a key in somebody's authenticator, unlocked by its owner, bound to our name.
//!
//! Every challenge is 32 bytes, kept as a digest, good once and for minutes. User verification is always asked for, so
//! that a passkey is two factors in one. See docs/protocol/sign-in.md and docs/adr/0009-passkeys-by-own-checks.md.

pub mod act;
pub mod ceremony;
pub mod cose;
pub mod party;
#[cfg(test)]
pub mod soft;
#[cfg(test)]
mod tests;

use kanjie_domain::PersonId;
use kanjie_evidence::h;
use kanjie_store::{ChallengePurpose, NewChallenge, NewPasskey, Passkey, StoreError, TokenHash};

use ceremony::Ceremony;
pub use ceremony::{Assertion, Registration};
pub use party::Party;

use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// How long a challenge waits for its owner to find the authenticator, µs.
pub const LIFE_US: i64 = 5 * 60 * 1_000_000;
/// Most passkeys one person keeps.
pub const MOST: usize = 10;
/// Longest name of a passkey, characters.
const LONGEST_NAME: usize = 40;

/// Why a passkey was not taken; for the log, the outside learns `passkey_refused` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the client data is malformed")]
    ClientData,
    #[error("the client data is of another ceremony")]
    Ceremony,
    #[error("the page was not ours")]
    Origin,
    #[error("the challenge was not given, not to this person, used, or is past")]
    Challenge,
    #[error("the authenticator answered for another relying party")]
    Party,
    #[error("the user was not verified")]
    NotVerified,
    #[error("the authenticator data is malformed")]
    AuthenticatorData,
    #[error("the attestation is malformed")]
    Attestation,
    #[error("the public key is not one of ours")]
    Key,
    #[error("the signature does not hold")]
    Signature,
    #[error("the credential is unknown here, or another person's")]
    Credential,
    #[error("the counter did not go on: the key may have been copied")]
    Counter,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        tracing::info!(%fault, "passkey refused");
        ProblemCode::PasskeyRefused.into()
    }
}

/// A fresh challenge for adding a passkey (of this person) or for signing in (of nobody yet).
///
/// # Errors
/// When the store fails.
pub async fn challenge(
    services: &Services,
    purpose: ChallengePurpose,
    person: Option<&PersonId>,
) -> Result<[u8; 32], Problem> {
    let challenge: [u8; 32] = services.env.random();
    keep(services, &challenge, purpose, person).await?;
    Ok(challenge)
}

async fn keep(
    services: &Services,
    challenge: &[u8],
    purpose: ChallengePurpose,
    person: Option<&PersonId>,
) -> Result<(), Problem> {
    let now = services.env.now();
    let new = NewChallenge {
        hash: digest(challenge),
        purpose,
        person: person.cloned(),
        expires_at: now + LIFE_US,
    };
    Ok(services.store.put_challenge(&new, now).await?)
}

/// Takes the challenge out: whatever else is wrong with the answer, it is used up.
async fn take(
    services: &Services,
    challenge: &[u8],
    purpose: ChallengePurpose,
    person: Option<&PersonId>,
) -> Result<(), Problem> {
    let (hash, now) = (digest(challenge), services.env.now());
    let store = &services.store;
    if store.take_challenge(&hash, purpose, person, now).await? {
        Ok(())
    } else {
        Err(Fault::Challenge.into())
    }
}

fn digest(challenge: &[u8]) -> TokenHash {
    h(&[b"kanjie challenge v1", challenge]).0
}

/// Keeps a new passkey of this person.
///
/// # Errors
/// `passkey_refused`; `already_exists` where the credential is known.
pub async fn add(
    services: &Services,
    person: &PersonId,
    name: &str,
    registration: &Registration,
) -> Result<(), Problem> {
    let party = Party::of(&services.config);
    let signed = ceremony::challenge(&registration.client_data.0, Ceremony::Create, &party)?;
    take(
        services,
        &signed,
        ChallengePurpose::PasskeyAdd,
        Some(person),
    )
    .await?;
    let key = ceremony::registered(registration, &party)?;
    let new = NewPasskey {
        credential: key.credential,
        person: person.clone(),
        name: plain(name),
        public_key: key.public_key,
        sign_count: key.sign_count,
        created_at: services.env.now(),
    };
    match services.store.add_passkey(&new).await {
        Err(StoreError::Exists(_)) => {
            Err(ProblemCode::Refused(kanjie_domain::Code::AlreadyExists).into())
        }
        other => Ok(other?),
    }
}

/// Calls a passkey of this person by another name.
///
/// # Errors
/// `not_found`.
pub async fn rename(
    services: &Services,
    person: &PersonId,
    credential: &[u8],
    name: &str,
) -> Result<(), Problem> {
    let store = &services.store;
    if store
        .rename_passkey(person, credential, &plain(name))
        .await?
    {
        Ok(())
    } else {
        Err(ProblemCode::NotFound.into())
    }
}

/// Whose passkey answered a sign-in's challenge.
///
/// # Errors
/// `passkey_refused`.
pub async fn sign_in(services: &Services, assertion: &Assertion) -> Result<PersonId, Problem> {
    let party = Party::of(&services.config);
    let signed = ceremony::challenge(&assertion.client_data.0, Ceremony::Get, &party)?;
    take(services, &signed, ChallengePurpose::PasskeySignIn, None).await?;
    let passkey = known(services, assertion).await?;
    used(services, &party, &passkey, assertion).await?;
    Ok(passkey.person)
}

async fn known(services: &Services, assertion: &Assertion) -> Result<Passkey, Problem> {
    let found = services.store.passkey(&assertion.credential.0).await?;
    Ok(found.ok_or(Fault::Credential)?)
}

/// Checks the signature and moves the counter on.
async fn used(
    services: &Services,
    party: &Party,
    passkey: &Passkey,
    assertion: &Assertion,
) -> Result<(), Problem> {
    let count = ceremony::asserted(assertion, &passkey.public_key, party)?;
    let now = services.env.now();
    let store = &services.store;
    if store.use_passkey(&passkey.credential, count, now).await? {
        Ok(())
    } else {
        Err(Fault::Counter.into())
    }
}

/// Without control characters, cut to a length that fits a list.
fn plain(name: &str) -> String {
    let kept = name.trim().chars().filter(|c| !c.is_control());
    kept.take(LONGEST_NAME).collect()
}
