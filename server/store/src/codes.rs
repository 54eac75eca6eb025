//! One-time codes to the registered phone: one at a time for each person, link and purpose.

use kanjie_domain::PersonId;

use crate::TokenHash;
use crate::error::StoreError;
use crate::links::LinkTo;
use crate::statement::statements;
use crate::store::Store;

statements! {
    PUT_CODE = "INSERT INTO codes (link_to, person, purpose, code_hash, expires_at, attempts_left)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (link_to, person, purpose) DO UPDATE
        SET code_hash = excluded.code_hash, expires_at = excluded.expires_at, attempts_left = excluded.attempts_left";
    KEPT_CODE = {
        sqlite: "SELECT code_hash, attempts_left FROM codes
            WHERE link_to = $1 AND person = $2 AND purpose = $3 AND expires_at > $4 AND attempts_left > 0",
        postgres: "SELECT code_hash, attempts_left FROM codes
            WHERE link_to = $1 AND person = $2 AND purpose = $3 AND expires_at > $4 AND attempts_left > 0 FOR UPDATE"
    };
    SET_ATTEMPTS = "UPDATE codes SET attempts_left = $1 WHERE link_to = $2 AND person = $3 AND purpose = $4";
}

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Coming in by a link on a device.
    Device,
    /// A second factor for one act.
    Act,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Act => "act",
        }
    }
}

/// A code to be; it replaces the one before of the same purpose.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// The place to which the person has a link.
    pub to: LinkTo,
    pub person: PersonId,
    pub purpose: Purpose,
    /// Keyed digest of the code: six digits alone are too few to hide behind a plain one.
    pub code_hash: TokenHash,
    /// UTC µs.
    pub expires_at: i64,
    pub attempts: u8,
}

/// What came of trying a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeCheck {
    /// Right, and used up.
    Right,
    /// Wrong; so many tries are left.
    Wrong { attempts_left: u8 },
    /// There is none, it is past, or its tries are used up: a fresh one is needed.
    Absent,
}

impl Store {
    /// Keeps a code in place of the one before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_code(&self, new: &NewCode) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        PUT_CODE
            .bind(&new.to.key())
            .bind(&new.person.0)
            .bind(new.purpose.as_str())
            .bind(&new.code_hash)
            .bind(new.expires_at)
            .bind(i64::from(new.attempts))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Tries a code: a right one is used up, a wrong one costs a try; in one transaction, so that no race gives a try more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn try_code(
        &self,
        to: &LinkTo,
        person: &PersonId,
        purpose: Purpose,
        code_hash: &TokenHash,
        now: i64,
    ) -> Result<CodeCheck, StoreError> {
        let key = to.key();
        let mut tx = self.write().await?;
        let kept: Option<(Vec<u8>, i64)> = KEPT_CODE
            .bind(&key)
            .bind(&person.0)
            .bind(purpose.as_str())
            .bind(now)
            .optional(&mut tx)
            .await?;
        let Some((hash, attempts_left)) = kept else {
            return Ok(CodeCheck::Absent);
        };
        let right = hash.as_slice() == code_hash.as_slice();
        let left = if right { 0 } else { attempts_left - 1 };
        SET_ATTEMPTS
            .bind(left)
            .bind(&key)
            .bind(&person.0)
            .bind(purpose.as_str())
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(if right {
            CodeCheck::Right
        } else {
            CodeCheck::Wrong {
                attempts_left: u8::try_from(left).unwrap_or(0),
            }
        })
    }
}
