//! Who somebody is at a provider of identities: issuer and subject, linked to one person.

use kanjie_domain::PersonId;

use crate::error::{StoreError, or_exists};
use crate::statement::statements;
use crate::store::Store;

statements! {
    LINK_IDENTITY = "INSERT INTO identities (issuer, subject, person, linked_at, linked_by) VALUES ($1, $2, $3, $4, $5)";
    UNLINK_IDENTITIES = "DELETE FROM identities WHERE issuer = $1 AND person = $2";
    PERSON_OF_IDENTITY = "SELECT i.person FROM identities i JOIN accounts a ON a.person = i.person
        WHERE i.issuer = $1 AND i.subject = $2 AND a.disabled_at IS NULL";
}

/// A link between a subject and a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdentity {
    pub issuer: String,
    pub subject: String,
    pub person: PersonId,
    /// UTC µs.
    pub linked_at: i64,
    /// The administrator; `None` where it was done on the command line.
    pub linked_by: Option<PersonId>,
}

impl Store {
    /// Links a subject to a person.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the subject is somebody's already.
    pub async fn link_identity(&self, new: &NewIdentity) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        LINK_IDENTITY
            .bind(&new.issuer)
            .bind(&new.subject)
            .bind(&new.person.0)
            .bind(new.linked_at)
            .bind(new.linked_by.as_ref().map(|person| person.0.as_str()))
            .execute(&mut tx)
            .await
            .map_err(or_exists("identity"))?;
        Ok(tx.commit().await?)
    }

    /// Takes away what links a person to an issuer; false where nothing did.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unlink_identities(
        &self,
        issuer: &str,
        person: &PersonId,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let done = UNLINK_IDENTITIES
            .bind(issuer)
            .bind(&person.0)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(done > 0)
    }

    /// Whose the subject is, where that person has an enabled account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person_of_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<PersonId>, StoreError> {
        let person: Option<(String,)> = PERSON_OF_IDENTITY
            .bind(issuer)
            .bind(subject)
            .optional(&mut self.read().await?)
            .await?;
        Ok(person.map(|(person,)| PersonId(person)))
    }
}
