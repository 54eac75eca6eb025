//! `POST /api/v1/sign-out`: ends this sign-in, everywhere it is in use.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use crate::auth::{Caller, cookie, devices};
use crate::problem::Problem;
use crate::services::Services;

/// Ends this sign-in, everywhere it is in use.
#[utoipa::path(post, path = "/api/v1/sign-out", operation_id = "sign_out", tag = "sign-in",
    responses((status = 204, description = "Ended", headers(("Set-Cookie" = String)))))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    devices::end(&services, &caller.token_hash).await?;
    Ok((
        StatusCode::NO_CONTENT,
        [(header::SET_COOKIE, cookie::clear())],
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;

    use crate::testing::TestApp;

    #[tokio::test]
    async fn ends_this_sign_in_and_tells_those_who_serve_it() {
        let app = TestApp::new().await;
        let cookie = app.sign_in("chair").await;
        let mut ended = app.services.sign_ins_ended.subscribe();
        let answer = app.post("/api/v1/sign-out", &cookie, json!({})).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert!(answer.header("set-cookie").contains("Max-Age=0"));
        ended.try_recv().unwrap();
        let me = app.get("/api/v1/me", &cookie).await;
        assert_eq!(me.code(), "sign_in_needed");
    }
}
