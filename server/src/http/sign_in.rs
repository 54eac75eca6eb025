//! `POST /api/v1/sign-in`: staff, by password and TOTP.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::{Extension, Json as Answer};
use serde::Deserialize;

use crate::auth::{cookie, password, sign_in, totp};
use crate::http::json::Json;
use crate::http::me;
use crate::net::Connection;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

const LONGEST_USER: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    user: String,
    password: String,
    totp: String,
}

pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    Json(request): Json<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    if request.user.len() > LONGEST_USER || request.password.len() > password::LONGEST {
        return Err(ProblemCode::SignInFailed.into());
    }
    let address = connection.address_key();
    let limits = &services.limits;
    limits.sign_in_by_address.pass(&address)?;
    limits.sign_in_by_user.pass(&request.user)?;
    let user = request.user.clone();
    let outcome = identify(&services, request).await;
    let word = match &outcome {
        Ok(_) => "ok",
        Err(problem) if problem.code == ProblemCode::FactorUsed => "factor_used",
        Err(_) => "failed",
    };
    sign_in::note(&services, "sign_in", &user, &address, word).await?;
    let person = outcome?;
    let device = sign_in::device_of(&headers);
    let token = sign_in::start(&services, &person, None, device).await?;
    connection.recognise();
    let me = me::signed_in(&services, &token).await?;
    let set_cookie = cookie::set(&token, sign_in::LIFE_S);
    Ok(([(header::SET_COOKIE, set_cookie)], Answer(me)))
}

/// Both factors are looked at before anything is said, so that neither answer nor time tells which was wrong.
async fn identify(
    services: &Services,
    request: SignIn,
) -> Result<kanjie_domain::PersonId, Problem> {
    let account = services.store.account(&request.user).await?;
    let kept = account.as_ref().map(|a| a.password_hash.clone());
    let password_right = password::verify(&services.limits, request.password, kept).await?;
    let secret = account
        .as_ref()
        .map_or(&[0; totp::SECRET_BYTES][..], |a| a.totp_secret.as_slice());
    let step = totp::check(secret, &request.totp, services.env.now());
    let (Some(account), true, Some(step)) = (account, password_right, step) else {
        return Err(ProblemCode::SignInFailed.into());
    };
    let fresh = services
        .store
        .use_totp_step(&account.person, "sign_in", step)
        .await?;
    if fresh {
        Ok(account.person)
    } else {
        Err(ProblemCode::FactorUsed.into())
    }
}
