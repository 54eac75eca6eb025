//! People, and the accounts of those who sign in with a password and a second factor.

use std::collections::BTreeSet;

use kanjie_domain::{PersonId, Role};
use sqlx::FromRow;

use crate::error::{StoreError, or_exists};
use crate::sessions::{roles_from_text, roles_to_text};
use crate::statement::statements;
use crate::store::{Store, Tx};

statements! {
    ADD_ACCOUNT = "INSERT INTO accounts (\"user\", person, password_hash, totp_secret, roles, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    PERSON = "SELECT * FROM people WHERE id = $1";
    ACCOUNT = "SELECT * FROM accounts WHERE \"user\" = $1 AND disabled_at IS NULL";
    ACCOUNT_OF = "SELECT * FROM accounts WHERE person = $1 AND disabled_at IS NULL";
    USERS = "SELECT a.user, p.name, a.disabled_at IS NULL FROM accounts a
        JOIN people p ON p.id = a.person ORDER BY a.user";
    DISABLE_ACCOUNT = "UPDATE accounts SET disabled_at = $1 WHERE \"user\" = $2 AND disabled_at IS NULL";
    END_SIGN_INS = "UPDATE sign_ins SET revoked_at = $1 WHERE revoked_at IS NULL
        AND person = (SELECT person FROM accounts WHERE \"user\" = $2)";
    USE_STEP = "INSERT INTO totp_uses (person, act, step) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    FORGET_STEPS = "DELETE FROM totp_uses WHERE person = $1 AND step < $2";
    ADD_PERSON_ONCE = "INSERT INTO people (id, name, organisation, department, phone) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING";
    ADD_PERSON = "INSERT INTO people (id, name, organisation, department, phone) VALUES ($1, $2, $3, $4, $5)";
}

/// A person known to the bureau.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    pub organisation: String,
    pub department: Option<String>,
    /// Registered phone, where one-time codes go.
    pub phone: String,
}

/// A staff account to be.
#[derive(Clone)]
pub struct NewAccount {
    pub user: String,
    pub person: PersonId,
    /// PHC string, argon2id.
    pub password_hash: String,
    pub totp_secret: Vec<u8>,
    pub roles: BTreeSet<Role>,
    pub created_at: i64,
}

/// A staff account that is not disabled.
#[derive(Clone)]
pub struct Account {
    pub user: String,
    pub person: PersonId,
    pub password_hash: String,
    pub totp_secret: Vec<u8>,
    pub roles: BTreeSet<Role>,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the id is taken.
    pub async fn add_person(&self, person: &Person) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        insert_person(&mut tx, person).await?;
        Ok(tx.commit().await?)
    }

    /// Adds those who are not known yet, all in one transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_people(&self, people: &[Person]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for person in people {
            ADD_PERSON_ONCE
                .bind(&person.id.0)
                .bind(&person.name)
                .bind(&person.organisation)
                .bind(&person.department)
                .bind(&person.phone)
                .execute(&mut tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Adds a person with an account, both or neither.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the id or the user is taken.
    pub async fn add_staff(&self, person: &Person, account: &NewAccount) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        insert_person(&mut tx, person).await?;
        ADD_ACCOUNT
            .bind(&account.user)
            .bind(&account.person.0)
            .bind(&account.password_hash)
            .bind(&account.totp_secret)
            .bind(&roles_to_text(&account.roles)?)
            .bind(account.created_at)
            .execute(&mut tx)
            .await
            .map_err(or_exists("account"))?;
        Ok(tx.commit().await?)
    }

    /// The person, if known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        let row: Option<PersonRow> = PERSON.bind(&id.0).optional(&mut self.read().await?).await?;
        Ok(row.map(Person::from))
    }

    /// The account of a user, unless it is disabled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&self, user: &str) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = ACCOUNT.bind(user).optional(&mut self.read().await?).await?;
        row.map(Account::try_from).transpose()
    }

    /// The account of a person, unless it is disabled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_of(&self, person: &PersonId) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = ACCOUNT_OF
            .bind(&person.0)
            .optional(&mut self.read().await?)
            .await?;
        row.map(Account::try_from).transpose()
    }

    /// All users with their names, for the command line.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users(&self) -> Result<Vec<(String, String, bool)>, StoreError> {
        Ok(USERS.query().all(&mut self.read().await?).await?)
    }

    /// Disables an account and ends its sign-ins; false where there is no such enabled account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable_account(&self, user: &str, at: i64) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let done = DISABLE_ACCOUNT.bind(at).bind(user).execute(&mut tx).await?;
        END_SIGN_INS.bind(at).bind(user).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(done > 0)
    }

    /// Marks a time step of the person's second factor as used for `act`; false where it was used before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_totp_step(
        &self,
        person: &PersonId,
        act: &str,
        step: u64,
    ) -> Result<bool, StoreError> {
        let step = i64::try_from(step).map_err(|e| StoreError::damaged("totp_uses", e))?;
        let mut tx = self.write().await?;
        let used = USE_STEP
            .bind(&person.0)
            .bind(act)
            .bind(step)
            .execute(&mut tx)
            .await?;
        // No step this old can pass again.
        FORGET_STEPS
            .bind(&person.0)
            .bind(step - 10)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(used > 0)
    }
}

async fn insert_person(tx: &mut Tx, person: &Person) -> Result<(), StoreError> {
    ADD_PERSON
        .bind(&person.id.0)
        .bind(&person.name)
        .bind(&person.organisation)
        .bind(&person.department)
        .bind(&person.phone)
        .execute(tx)
        .await
        .map_err(or_exists("person"))?;
    Ok(())
}

#[derive(FromRow)]
struct PersonRow {
    id: String,
    name: String,
    organisation: String,
    department: Option<String>,
    phone: String,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self {
            id: PersonId(row.id),
            name: row.name,
            organisation: row.organisation,
            department: row.department,
            phone: row.phone,
        }
    }
}

#[derive(FromRow)]
struct AccountRow {
    user: String,
    person: String,
    password_hash: String,
    totp_secret: Vec<u8>,
    roles: String,
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        Ok(Self {
            roles: roles_from_text("accounts", &row.roles)?,
            user: row.user,
            person: PersonId(row.person),
            password_hash: row.password_hash,
            totp_secret: row.totp_secret,
        })
    }
}
