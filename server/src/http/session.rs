//! `GET /api/v1/sessions/{id}`.

use axum::Json;
use axum::extract::{Path, State};

use crate::auth::Caller;
use crate::http::me::SessionBrief;
use crate::problem::Problem;
use crate::services::Services;

/// A session in brief, where the caller has a part in it.
#[utoipa::path(get, path = "/api/v1/sessions/{id}", operation_id = "session", tag = "sessions", params(("id" = String, Path, description = "Session")),
    responses((status = 200, description = "The session", body = SessionBrief)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(session): Path<String>,
) -> Result<Json<SessionBrief>, Problem> {
    let part = caller.part(&services.store, &session).await?;
    Ok(Json(part.into()))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use kanjie_store::{AppendRequest, IndexChange};

    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_session_that_is_none_of_yours_looks_like_none_at_all() {
        let app = TestApp::new().await;
        let other = format!("/api/v1/sessions/{}", app.seeded.sessions["other"]);
        let surveyor = app.sign_in("surveyor1").await;
        let none = app.get("/api/v1/sessions/none", &surveyor).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        for cookie in [surveyor, app.come_in("applicant", "journey").await] {
            let foreign = app.get(&other, &cookie).await;
            assert_eq!(foreign.status, StatusCode::NOT_FOUND);
            assert_eq!(foreign.bytes, none.bytes);
        }
        let chair = app.sign_in("chair").await;
        assert_eq!(app.get(&other, &chair).await.status, StatusCode::OK);
        assert_eq!(app.get(&other, "").await.code(), "sign_in_needed");
        let bad = "__Host-kanjie=00";
        assert_eq!(app.get(&other, bad).await.code(), "sign_in_needed");
    }

    #[tokio::test]
    async fn r16_a_recusal_takes_the_session_away() {
        let app = TestApp::new().await;
        let session = &app.seeded.sessions["journey"];
        let cookie = app.sign_in("surveyor1").await;
        let row = app.services.store.session(session).await.unwrap().unwrap();
        let request = AppendRequest {
            index: vec![IndexChange::Recused {
                case: row.case_id,
                person: app.seeded.people["surveyor_1"].person.clone(),
            }],
            ..AppendRequest::default()
        };
        app.services.store.append(request).await.unwrap();
        let path = format!("/api/v1/sessions/{session}");
        assert_eq!(app.get(&path, &cookie).await.code(), "not_found");
        let me = app.get("/api/v1/me", &cookie).await.json();
        assert_eq!(me["sessions"].as_array().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_sign_in_lasts_a_working_day() {
        let app = TestApp::new().await;
        let cookie = app.sign_in("chair").await;
        app.env.pass(crate::auth::sign_in::LIFE_S - 1);
        assert_eq!(app.get("/api/v1/me", &cookie).await.status, StatusCode::OK);
        app.env.pass(1);
        let late = app.get("/api/v1/me", &cookie).await;
        assert_eq!(late.code(), "sign_in_needed");
    }
}
