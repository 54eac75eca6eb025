//! `POST /api/v1/links/open`: shows whose link it is and for what; uses nothing up, previews may open it too.

use axum::extract::State;
use axum::{Extension, Json as Answer};
use kanjie_store::Link;
use serde::{Deserialize, Serialize};

use crate::auth::attempts::Attempt;
use crate::auth::cookie::Token;
use crate::auth::mask;
use crate::http::json::Json;
use crate::net::Connection;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LinkToken)]
pub struct Open {
    token: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LinkBrief)]
pub struct Opened {
    /// The session to which it leads, or the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    case: Option<String>,
    name_masked: String,
    phone_masked: String,
    case_no: String,
    item_title: String,
    /// Of the session, UTC µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    starts_at: Option<i64>,
}

/// Shows whose link it is and for what; uses nothing up.
#[utoipa::path(post, path = "/api/v1/links/open", operation_id = "open_link", tag = "sign-in", security(()), request_body = Open,
    responses((status = 200, description = "The link", body = Opened), (status = 404, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    Json(request): Json<Open>,
) -> Result<Answer<Opened>, Problem> {
    let link = find(&services, &connection, &request.token).await?;
    Ok(Answer(Opened {
        session: link.to.session().map(str::to_owned),
        case: link.to.case().map(str::to_owned),
        name_masked: mask::name(&link.name),
        phone_masked: mask::phone(&link.phone),
        case_no: link.case_no,
        item_title: link.item_title,
        starts_at: link.starts_at,
    }))
}

/// The link of a token, where it works.
///
/// # Errors
/// `link_invalid`, or `too_many_requests` from one address.
pub async fn find(
    services: &Services,
    connection: &Connection,
    token: &str,
) -> Result<Link, Problem> {
    let address = connection.address_key();
    // Whose it would be is not known, and the token itself stands nowhere.
    let attempt = Attempt {
        action: "link_open",
        subject: "",
        address: &address,
    };
    let gate = &services.limits.link_by_address;
    attempt.pass(services, &[(gate, address.as_str())]).await?;
    let found = match Token::parse(token) {
        Some(token) => services.store.link(&token.digest()).await?,
        None => None,
    };
    if found.is_none() {
        attempt.note(services, "link_invalid").await?;
    }
    found.ok_or_else(|| ProblemCode::LinkInvalid.into())
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use kanjie_store::{AppendRequest, IndexChange};
    use serde_json::json;

    use crate::testing::TestApp;

    #[tokio::test]
    async fn shows_little_and_uses_nothing_up() {
        let app = TestApp::new().await;
        let body = json!({"token": app.link("applicant", "journey")});
        for _preview in 0..3 {
            let answer = app.post("/api/v1/links/open", "", body.clone()).await;
            assert_eq!(answer.status, StatusCode::OK);
            let shown = answer.json();
            assert_eq!(shown["name_masked"], "示****");
            assert_eq!(shown["phone_masked"], "138****0005");
            assert_eq!(shown["session"], app.seeded.sessions["journey"].as_str());
            assert!(!String::from_utf8_lossy(&answer.bytes).contains("13800000005"));
        }
    }

    #[tokio::test]
    async fn a_token_that_is_none_opens_nothing() {
        let app = TestApp::new().await;
        let right = app.link("applicant", "journey");
        for token in [
            String::new(),
            String::from("x"),
            right.to_uppercase(),
            "0".repeat(64),
            format!("{right}0"),
        ] {
            let answer = app
                .post("/api/v1/links/open", "", json!({"token": token}))
                .await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
            assert_eq!(answer.code(), "link_invalid");
        }
        let noted = app.services.store.attempts(10).await.unwrap();
        assert_eq!(noted.len(), 5);
        assert!(
            noted
                .iter()
                .all(|a| a.outcome == "link_invalid" && a.subject.is_empty())
        );
    }

    #[tokio::test]
    async fn closing_ends_the_link() {
        let app = TestApp::new().await;
        let request = AppendRequest {
            index: vec![IndexChange::Closed {
                session: app.seeded.sessions["journey"].clone(),
                at: 1,
            }],
            ..AppendRequest::default()
        };
        app.services.store.append(request).await.unwrap();
        let body = json!({"token": app.link("applicant", "journey")});
        let answer = app.post("/api/v1/links/open", "", body).await;
        assert_eq!(answer.code(), "link_invalid");
        let body = json!({"token": app.link("applicant", "crash")});
        let answer = app.post("/api/v1/links/open", "", body).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}
