//! `POST /api/v1/people/{person}/identities`: an administrator links a subject at the provider to an account here. It opens a
//! way into somebody's account, and so asks for a fresh second factor.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use kanjie_domain::{Code, PersonId};
use kanjie_store::{NewIdentity, StoreError};
use serde::Deserialize;

use crate::auth::oidc::token;
use crate::auth::{Caller, attempts, factor};
use crate::http::json::Json;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IdentityLink)]
pub struct Link {
    /// The claim `sub` at the configured issuer.
    #[schema(min_length = 1, max_length = 255)]
    subject: String,
    /// From the administrator's authenticator app.
    factor: String,
}

/// Links a subject at the provider of identities to an account.
#[utoipa::path(post, path = "/api/v1/people/{person}/identities", operation_id = "link_identity", tag = "administration",
    params(("person" = String, Path, description = "Person id")), request_body = Link,
    responses((status = 201, description = "Linked"), (status = 409, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(person): Path<String>,
    Json(link): Json<Link>,
) -> Result<StatusCode, Problem> {
    caller.administers()?;
    let settings = super::settings(&services.config)?;
    if !token::is_subject(&link.subject) {
        return Err(ProblemCode::Malformed.into());
    }
    factor::verify(&services, &caller, "link_identity", &link.factor).await?;
    let person = PersonId(person);
    if services.store.account_of(&person).await?.is_none() {
        return Err(ProblemCode::NotFound.into());
    }
    let new = NewIdentity {
        issuer: settings.issuer.clone(),
        subject: link.subject,
        person,
        linked_at: services.env.now(),
        linked_by: Some(caller.person.clone()),
    };
    match services.store.link_identity(&new).await {
        Err(StoreError::Exists(_)) => {
            return Err(ProblemCode::Refused(Code::AlreadyExists).into());
        }
        other => other?,
    }
    attempts::administered(&services, "link_identity", &new.person, &caller).await?;
    Ok(StatusCode::CREATED)
}
