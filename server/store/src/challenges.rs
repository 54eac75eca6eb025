//! What somebody was asked to sign or to bring back: kept as a digest, short-lived, good once.

use kanjie_domain::PersonId;

use crate::TokenHash;
use crate::error::{StoreError, or_exists};
use crate::statement::statements;
use crate::store::Store;

statements! {
    FORGET_CHALLENGES = "DELETE FROM challenges WHERE expires_at <= $1";
    PUT_CHALLENGE = "INSERT INTO challenges (hash, purpose, person, expires_at) VALUES ($1, $2, $3, $4)";
    TAKE_CHALLENGE = "DELETE FROM challenges WHERE hash = $1 RETURNING purpose, person, expires_at";
}

/// What a challenge is for; one of another purpose is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengePurpose {
    PasskeyAdd,
    PasskeySignIn,
    PasskeyAct,
    Oidc,
}

impl ChallengePurpose {
    const fn name(self) -> &'static str {
        match self {
            Self::PasskeyAdd => "passkey_add",
            Self::PasskeySignIn => "passkey_sign_in",
            Self::PasskeyAct => "passkey_act",
            Self::Oidc => "oidc",
        }
    }
}

/// A challenge to be.
#[derive(Clone, Debug)]
pub struct NewChallenge {
    pub hash: TokenHash,
    pub purpose: ChallengePurpose,
    /// Whom it was given to, where that is known.
    pub person: Option<PersonId>,
    /// UTC µs.
    pub expires_at: i64,
}

impl Store {
    /// Keeps a challenge, and forgets those that are past.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one of this digest.
    pub async fn put_challenge(&self, new: &NewChallenge, now: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        FORGET_CHALLENGES.bind(now).execute(&mut tx).await?;
        PUT_CHALLENGE
            .bind(&new.hash)
            .bind(new.purpose.name())
            .bind(new.person.as_ref().map(|person| person.0.as_str()))
            .bind(new.expires_at)
            .execute(&mut tx)
            .await
            .map_err(or_exists("challenge"))?;
        Ok(tx.commit().await?)
    }

    /// Takes a challenge out: true once, where it was given for this purpose to this person (or to nobody in particular)
    /// and is not past.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_challenge(
        &self,
        hash: &TokenHash,
        purpose: ChallengePurpose,
        person: Option<&PersonId>,
        now: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let taken: Option<(String, Option<String>, i64)> =
            TAKE_CHALLENGE.bind(hash).optional(&mut tx).await?;
        tx.commit().await?;
        Ok(taken.is_some_and(|(kept, whose, expires_at)| {
            kept == purpose.name() && expires_at > now && whose == person.map(|p| p.0.clone())
        }))
    }
}
