//! `GET /api/v1/sign-in/ways`: how staff may sign in here, for the page that offers it.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::services::Services;

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SignInWays)]
pub struct Ways {
    /// What the provider of identities is called, where there is one.
    #[schema(required = true)]
    oidc: Option<String>,
}

/// How staff may sign in here.
#[utoipa::path(get, path = "/api/v1/sign-in/ways", operation_id = "sign_in_ways", tag = "sign-in", security(()),
    responses((status = 200, description = "For the page that offers them", body = Ways)))]
pub async fn handle(State(services): State<Services>) -> Json<Ways> {
    let oidc = services.config.oidc.as_ref();
    Json(Ways {
        oidc: oidc.map(|oidc| oidc.name.clone()),
    })
}
