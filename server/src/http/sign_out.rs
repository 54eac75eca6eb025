//! `POST /api/v1/sign-out`: ends this sign-in, everywhere it is in use.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use crate::auth::{Caller, cookie};
use crate::problem::Problem;
use crate::services::{Services, SignInEnded};

pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    services
        .store
        .revoke_sign_in(&caller.token_hash, services.env.now())
        .await?;
    // Nobody listens where no session is live.
    let _ = services.sign_ins_ended.send(SignInEnded {
        token_hash: caller.token_hash,
    });
    Ok((
        StatusCode::NO_CONTENT,
        [(header::SET_COOKIE, cookie::clear())],
    ))
}
