//! Where somebody is signed in, and ending that. What ended is told apart from what never was by its row, which stays.

use kanjie_domain::PersonId;
use sqlx::FromRow;

use crate::TokenHash;
use crate::error::StoreError;
use crate::links::LinkTo;
use crate::sign_ins::token_hash;
use crate::statement::statements;
use crate::store::Store;

statements! {
    DEVICES_OF = "SELECT token_hash, link_session, link_case, method, device, created_at, expires_at FROM sign_ins
        WHERE person = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY created_at, token_hash";
    END_ACCOUNT = "UPDATE accounts SET disabled_at = $1 WHERE person = $2 AND disabled_at IS NULL";
    END_LINKS = "UPDATE links SET revoked_at = $1 WHERE person = $2 AND revoked_at IS NULL";
    END_PASSKEYS = "UPDATE passkeys SET revoked_at = $1 WHERE person = $2 AND revoked_at IS NULL";
    END_SIGN_INS_OF = "UPDATE sign_ins SET revoked_at = $1 WHERE person = $2 AND revoked_at IS NULL";
    ENDED_SINCE = "SELECT token_hash FROM sign_ins WHERE revoked_at >= $1";
}

/// One place where a person is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub token_hash: TokenHash,
    pub link: Option<LinkTo>,
    /// [`crate::SignInMethod`] by name.
    pub method: String,
    pub device: String,
    /// UTC µs.
    pub created_at: i64,
    pub expires_at: i64,
}

impl Store {
    /// Where the person is signed in now, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn devices_of(&self, person: &PersonId, now: i64) -> Result<Vec<Device>, StoreError> {
        let rows: Vec<DeviceRow> = DEVICES_OF
            .bind(&person.0)
            .bind(now)
            .all(&mut self.read().await?)
            .await?;
        rows.into_iter().map(Device::try_from).collect()
    }

    /// Ends everything by which a person comes in: account, links, sign-ins, passkeys. Returns whether there was anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_person(&self, person: &PersonId, at: i64) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let mut ended = 0;
        for statement in [END_ACCOUNT, END_LINKS, END_PASSKEYS, END_SIGN_INS_OF] {
            ended += statement.bind(at).bind(&person.0).execute(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(ended > 0)
    }

    /// Sign-ins that were ended since, by whatever process: those who serve them must stop.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ended_since(&self, since: i64) -> Result<Vec<TokenHash>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = ENDED_SINCE.bind(since).all(&mut self.read().await?).await?;
        rows.into_iter().map(|(hash,)| token_hash(hash)).collect()
    }
}

#[derive(FromRow)]
struct DeviceRow {
    token_hash: Vec<u8>,
    link_session: Option<String>,
    link_case: Option<String>,
    method: String,
    device: String,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<DeviceRow> for Device {
    type Error = StoreError;

    fn try_from(row: DeviceRow) -> Result<Self, StoreError> {
        Ok(Self {
            token_hash: token_hash(row.token_hash)?,
            link: LinkTo::of(row.link_session, row.link_case),
            method: row.method,
            device: row.device,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}
