//! Passkeys: public keys of people's authenticators.

use kanjie_domain::PersonId;
use sqlx::FromRow;

use crate::error::{StoreError, or_exists};
use crate::statement::statements;
use crate::store::Store;

statements! {
    ADD_PASSKEY = "INSERT INTO passkeys (credential, person, name, public_key, sign_count, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    PASSKEY = "SELECT k.credential, k.person, k.name, k.public_key, k.sign_count, k.created_at, k.last_used_at
        FROM passkeys k JOIN accounts a ON a.person = k.person
        WHERE k.revoked_at IS NULL AND a.disabled_at IS NULL AND k.credential = $1";
    PASSKEYS_OF = "SELECT k.credential, k.person, k.name, k.public_key, k.sign_count, k.created_at, k.last_used_at
        FROM passkeys k JOIN accounts a ON a.person = k.person
        WHERE k.revoked_at IS NULL AND a.disabled_at IS NULL AND k.person = $1 ORDER BY k.created_at, k.credential";
    USE_PASSKEY = "UPDATE passkeys SET sign_count = $1, last_used_at = $2
        WHERE credential = $3 AND revoked_at IS NULL AND (sign_count < $1 OR (sign_count = 0 AND $1 = 0))";
    RENAME_PASSKEY = "UPDATE passkeys SET name = $1 WHERE person = $2 AND credential = $3 AND revoked_at IS NULL";
    REVOKE_PASSKEY = "UPDATE passkeys SET revoked_at = $1
        WHERE person = $2 AND credential = $3 AND revoked_at IS NULL";
}

/// A passkey to be.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// Credential id, 1 to 1023 bytes.
    pub credential: Vec<u8>,
    pub person: PersonId,
    /// What its owner calls it.
    pub name: String,
    /// COSE_Key (RFC 9052).
    pub public_key: Vec<u8>,
    pub sign_count: u32,
    /// UTC µs.
    pub created_at: i64,
}

/// A passkey that is not revoked, of somebody whose account is enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub credential: Vec<u8>,
    pub person: PersonId,
    pub name: String,
    pub public_key: Vec<u8>,
    pub sign_count: u32,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
}

impl Store {
    /// Keeps a new passkey.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when this credential is known already, whoever has it.
    pub async fn add_passkey(&self, new: &NewPasskey) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        ADD_PASSKEY
            .bind(&new.credential)
            .bind(&new.person.0)
            .bind(&new.name)
            .bind(&new.public_key)
            .bind(new.sign_count)
            .bind(new.created_at)
            .execute(&mut tx)
            .await
            .map_err(or_exists("passkey"))?;
        Ok(tx.commit().await?)
    }

    /// The passkey with this credential id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn passkey(&self, credential: &[u8]) -> Result<Option<Passkey>, StoreError> {
        let row: Option<PasskeyRow> = PASSKEY
            .bind(credential)
            .optional(&mut self.read().await?)
            .await?;
        row.map(Passkey::try_from).transpose()
    }

    /// All passkeys of a person, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn passkeys_of(&self, person: &PersonId) -> Result<Vec<Passkey>, StoreError> {
        let rows: Vec<PasskeyRow> = PASSKEYS_OF
            .bind(&person.0)
            .all(&mut self.read().await?)
            .await?;
        rows.into_iter().map(Passkey::try_from).collect()
    }

    /// Notes a use with the authenticator's counter; false, and nothing noted, where the counter did not go on (a copy of
    /// the key may be about; WebAuthn section 7.2 step 22) or the passkey is gone. Two zeros: it keeps no counter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_passkey(
        &self,
        credential: &[u8],
        sign_count: u32,
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let used = USE_PASSKEY
            .bind(sign_count)
            .bind(at)
            .bind(credential)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(used > 0)
    }

    /// Calls one passkey of a person by another name; false where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rename_passkey(
        &self,
        person: &PersonId,
        credential: &[u8],
        name: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let done = RENAME_PASSKEY
            .bind(name)
            .bind(&person.0)
            .bind(credential)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(done > 0)
    }

    /// Ends one passkey of a person; false where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_passkey(
        &self,
        person: &PersonId,
        credential: &[u8],
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let done = REVOKE_PASSKEY
            .bind(at)
            .bind(&person.0)
            .bind(credential)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(done > 0)
    }
}

#[derive(FromRow)]
struct PasskeyRow {
    credential: Vec<u8>,
    person: String,
    name: String,
    public_key: Vec<u8>,
    sign_count: i64,
    created_at: i64,
    last_used_at: Option<i64>,
}

impl TryFrom<PasskeyRow> for Passkey {
    type Error = StoreError;

    fn try_from(row: PasskeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            credential: row.credential,
            person: PersonId(row.person),
            name: row.name,
            public_key: row.public_key,
            sign_count: u32::try_from(row.sign_count)
                .map_err(|e| StoreError::damaged("passkeys", e))?,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        })
    }
}
