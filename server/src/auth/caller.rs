//! The extractor that says who calls.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use kanjie_domain::authority::{Act, ReadAct, Standing, authorise};
use kanjie_domain::{Case, CaseFacts, Code, PersonId, Refusal, Role};
use kanjie_store::{LinkTo, Part, SignIn, Store, TokenHash};

use crate::app::AppState;
use crate::auth::cookie;
use crate::cases::journal::{self, LoadError};
use crate::net::Connection;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub person: PersonId,
    pub name: String,
    /// Roles of the account; empty for those who came by a link. The roles in a session are those of the [`Part`].
    pub account_roles: BTreeSet<Role>,
    /// Set for those who came by a link: nothing but this session, or this case, is open to them.
    pub link: Option<LinkTo>,
    pub device: String,
    /// Where the request came from, as a key of quotas.
    pub address: String,
    /// Which sign-in it is; see [`crate::services::SignInEnded`].
    pub token_hash: TokenHash,
    /// UTC µs.
    pub expires_at: i64,
}

impl From<SignIn> for Caller {
    fn from(row: SignIn) -> Self {
        Self {
            person: row.person,
            name: row.name,
            account_roles: row.roles,
            link: row.link,
            device: row.device,
            address: String::new(),
            token_hash: row.token_hash,
            expires_at: row.expires_at,
        }
    }
}

impl Caller {
    /// The caller's part in a session.
    ///
    /// # Errors
    /// `not_found` where there is none, whether the session exists or not: no part, recused (R16), or bound to another
    /// session, or to a case, by the link.
    pub async fn part(&self, store: &Store, session: &str) -> Result<Part, Problem> {
        if self
            .link
            .as_ref()
            .is_some_and(|own| own.session() != Some(session))
        {
            return Err(ProblemCode::NotFound.into());
        }
        store
            .part(session, &self.person)
            .await?
            .ok_or_else(|| ProblemCode::NotFound.into())
    }

    /// The same, where the session opens to the caller for this (R48).
    ///
    /// # Errors
    /// As [`Self::part`]; a refusal that says what is missing where the caller was called.
    pub async fn reads(
        &self,
        services: &Services,
        session: &str,
        read: ReadAct,
    ) -> Result<Part, Problem> {
        let part = self.part(&services.store, session).await?;
        let cases = facts(services, session).await?;
        let facts = cases.iter().map(|(id, facts)| (id.as_str(), facts));
        let standing = Standing::called(&self.person, &part.roles, &facts.collect());
        authorise(&standing.roles, Act::Read(read), standing.relation).map_err(Refusal::from)?;
        Ok(part)
    }

    /// # Errors
    /// `not_allowed` unless the account is an administrator's.
    pub fn administers(&self) -> Result<(), Problem> {
        if self.account_roles.contains(&Role::Administrator) {
            return Ok(());
        }
        Err(ProblemCode::Refused(Code::NotAllowed).into())
    }

    /// Whether this sign-in still holds: not revoked, not past.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn still_holds(&self, services: &Services) -> Result<bool, Problem> {
        let now = services.env.now();
        Ok(services
            .store
            .sign_in(&self.token_hash, now)
            .await?
            .is_some())
    }
}

/// Of each of the session's cases; of one without a journal, nothing.
async fn facts(services: &Services, session: &str) -> Result<Vec<(String, CaseFacts)>, Problem> {
    let mut all = Vec::new();
    for case in services.store.cases_of(session).await? {
        let facts = match journal::load::<Case>(&services.store, &services.folds, &case).await {
            Ok(case) => case.state.facts.clone(),
            Err(LoadError::NotFound) => CaseFacts::default(),
            Err(error) => return Err(Problem::internal(&error)),
        };
        all.push((case, facts));
    }
    Ok(all)
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let token = cookie::of(&parts.headers).ok_or(ProblemCode::SignInNeeded)?;
        let services = &app.services;
        let sign_in = services
            .store
            .sign_in(&token.digest(), services.env.now())
            .await?
            .ok_or(ProblemCode::SignInNeeded)?;
        let mut caller = Self::from(sign_in);
        if let Some(connection) = parts.extensions.get::<Connection>() {
            connection.recognise();
            caller.address = connection.address_key();
        }
        Ok(caller)
    }
}
