//! The router, and what its handlers share.

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware;

use crate::http::headers::HttpsOnly;
use crate::http::once::Once;
use crate::rooms::{self, Rooms};
use crate::services::Services;
use crate::{doors, http, problem, web};

/// Bodies of JSON requests, bytes; routes that take more say so themselves.
pub const JSON_LIMIT: usize = 64 * 1024;

/// State of every handler.
#[derive(Clone, Debug)]
pub struct AppState {
    pub services: Services,
    pub rooms: Rooms,
}

impl FromRef<AppState> for Services {
    fn from_ref(app: &AppState) -> Self {
        app.services.clone()
    }
}

impl FromRef<AppState> for Rooms {
    fn from_ref(app: &AppState) -> Self {
        app.rooms.clone()
    }
}

/// Everything that is served on the HTTPS port.
pub fn router(app: AppState) -> Router {
    let https_only = HttpsOnly(app.services.config.tls.is_some());
    let web = web::Files::find(&app.services.config).into_router();
    let (routes, mut api) = http::routes().merge(rooms::routes()).split_for_parts();
    let once = Once::new(app.clone(), &mut api);
    routes
        .layer(middleware::from_fn_with_state(once, http::once::by_key))
        .fallback_service(web)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(JSON_LIMIT))
        .layer(middleware::from_fn(http::origin::same_origin))
        // Other pages may come here: no cookie counts.
        .merge(doors::http::routes::<Rooms, AppState>())
        .layer(middleware::from_fn(problem::in_callers_language))
        .layer(middleware::from_fn_with_state(
            https_only,
            http::headers::secure,
        ))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};

    use crate::testing::TestApp;

    #[tokio::test]
    async fn health_and_unknown_routes() {
        let app = TestApp::new().await;
        for path in ["/healthz", "/readyz"] {
            assert_eq!(app.get(path, "").await.status, StatusCode::OK);
        }
        for path in ["/api/v1/nothing", "/api"] {
            assert_eq!(app.get(path, "").await.code(), "not_found", "{path}");
        }
        let wrong = app.get("/api/v1/sign-in", "").await;
        assert_eq!(wrong.code(), "method_not_allowed");
        assert!(wrong.header("allow").contains("POST"));
    }

    #[tokio::test]
    async fn problems_are_said_in_the_callers_language() {
        let app = TestApp::new().await;
        let ask = |language: &'static str| {
            let request = Request::get("/api/v1/me").header("accept-language", language);
            app.send(request.body(Body::empty()).unwrap())
        };
        let chinese = ask("zh-CN,en;q=0.5").await;
        assert_eq!(chinese.header("content-type"), "application/problem+json");
        assert_eq!(chinese.json()["title"], "请先登录");
        assert_eq!(chinese.json()["type"], "urn:kanjie:problem:sign_in_needed");
        let english = ask("en").await;
        assert_eq!(english.json()["title"], "Please sign in");
        assert_eq!(english.status, StatusCode::UNAUTHORIZED);
    }

    #[tokio::test]
    async fn every_answer_carries_the_policy() {
        let app = TestApp::new().await;
        for path in ["/", "/healthz", "/api/v1/me"] {
            let answer = app.get(path, "").await;
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}");
            assert!(policy.contains("wss://localhost:8443"), "{path}");
            // With the self-made certificate of loopback nobody could look past it.
            assert_eq!(answer.header("strict-transport-security"), "");
        }
        let api = app.get("/api/v1/me", "").await;
        assert_eq!(api.header("cache-control"), "no-store");
    }

    #[tokio::test]
    async fn the_web_app_or_a_word_why_it_is_not_there() {
        let app = TestApp::new().await;
        let dist = app.dir.path().join("dist");
        let missing = app.get("/", "").await;
        assert_eq!(missing.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(String::from_utf8_lossy(&missing.bytes).contains("make build"));
        std::fs::create_dir_all(dist.join("assets")).unwrap();
        std::fs::write(dist.join("index.html"), "<script>a()</script>page").unwrap();
        std::fs::write(dist.join("assets/a-1.js"), "js").unwrap();
        std::fs::write(app.dir.path().join("secret"), "secret").unwrap();
        for path in ["/", "/room/5", "/index.html"] {
            let page = app.get(path, "").await;
            assert_eq!(page.bytes, b"<script>a()</script>page", "{path}");
            assert_eq!(page.header("cache-control"), "no-cache");
            assert!(page.header("content-security-policy").contains("'sha256-"));
        }
        let asset = app.get("/assets/a-1.js", "").await;
        assert!(asset.header("cache-control").contains("immutable"));
        let gone = app.get("/assets/a-2.js", "").await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
        for path in ["/../secret", "/%2e%2e/secret", "/assets/..%2f..%2fsecret"] {
            let answer = app.get(path, "").await;
            assert!(!answer.bytes.windows(6).any(|w| w == b"secret"), "{path}");
        }
    }
}
