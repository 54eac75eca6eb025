use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use axum::body::Bytes;
use axum::{Extension, Router, middleware};
use serde_json::json;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::*;
use crate::problem;
use crate::testing::{Answer, TestApp, post};

const THINGS: &str = "/api/v1/things";

/// What the handler did, and what it is to answer.
#[derive(Debug)]
struct Work {
    made: Mutex<Vec<String>>,
    refusals: Mutex<VecDeque<ProblemCode>>,
    /// A permit for each that may come to its end.
    gate: Semaphore,
    begun: Semaphore,
}

#[utoipa::path(post, path = "/api/v1/things", params(Key), responses((status = 201, description = "Made")))]
async fn make(Extension(work): Extension<Arc<Work>>, body: Bytes) -> Response {
    work.begun.add_permits(1);
    work.gate.acquire().await.unwrap().forget();
    let mut made = work.made.lock().unwrap();
    made.push(String::from_utf8(body.to_vec()).unwrap());
    if let Some(code) = work.refusals.lock().unwrap().pop_front() {
        return Problem::from(code).into_response();
    }
    let location = [(header::LOCATION, format!("/things/{}", made.len()))];
    let body = format!("thing {}", made.len());
    (StatusCode::CREATED, location, body).into_response()
}

#[utoipa::path(post, path = "/api/v1/plain", responses((status = 201, description = "Made")))]
async fn plain(Extension(work): Extension<Arc<Work>>) -> StatusCode {
    work.made.lock().unwrap().push(String::new());
    StatusCode::CREATED
}

struct Things {
    app: TestApp,
    work: Arc<Work>,
    router: Router,
    cookie: String,
}

impl Things {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let work = Arc::new(Work {
            made: Mutex::default(),
            refusals: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            begun: Semaphore::new(0),
        });
        let routes = OpenApiRouter::new().routes(routes!(make));
        let (routes, mut api) = routes.routes(routes!(plain)).split_for_parts();
        let once = Once::new(app.state.clone(), &mut api);
        let router = routes
            .layer(middleware::from_fn_with_state(once, by_key))
            .layer(middleware::from_fn(problem::in_callers_language))
            .layer(Extension(Arc::clone(&work)))
            .with_state(app.state.clone());
        let cookie = app.sign_in("chair").await;
        Self {
            app,
            work,
            router,
            cookie,
        }
    }

    /// The next is answered so.
    fn will_refuse(&self, code: ProblemCode) {
        self.work.refusals.lock().unwrap().push_back(code);
    }

    async fn send(&self, key: &str, body: &str) -> Answer {
        self.send_as(&self.cookie, key, body).await
    }

    async fn send_as(&self, cookie: &str, key: &str, body: &str) -> Answer {
        let request = asked(cookie, key, body);
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    fn made(&self) -> usize {
        self.work.made.lock().unwrap().len()
    }
}

fn asked(cookie: &str, key: &str, body: &str) -> Request {
    let mut request = post(THINGS, cookie, json!(body));
    request.headers_mut().insert(KEY, key.parse().unwrap());
    request
}

#[tokio::test]
async fn the_same_key_with_the_same_request_makes_it_once() {
    let things = Things::new().await;
    let first = things.send("k-1", "a").await;
    let again = things.send("k-1", "a").await;
    // A key in quotes is the same key.
    let quoted = things.send("\"k-1\"", "a").await;
    assert_eq!(things.made(), 1);
    assert_eq!(first.header("idempotency-replayed"), "");
    for answer in [again, quoted] {
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.bytes, first.bytes);
        for name in ["location", "content-type"] {
            assert_eq!(answer.header(name), first.header(name));
        }
        assert_eq!(answer.header("idempotency-replayed"), "true");
    }
    things.send("k-2", "a").await;
    assert_eq!(things.made(), 2);
}

#[tokio::test]
async fn the_same_key_with_another_request_is_refused() {
    let things = Things::new().await;
    things.send("k", "a").await;
    let other = things.send("k", "b").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.code(), "key_reused");
    let mut request = asked(&things.cookie, "k", "a");
    *request.uri_mut() = format!("{THINGS}?x=1").parse().unwrap();
    let other = things.router.clone().oneshot(request).await.unwrap();
    assert_eq!(other.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(things.made(), 1);
}

#[tokio::test]
async fn nobody_meets_anothers_key() {
    let things = Things::new().await;
    things.send("k", "a").await;
    let other = things.app.sign_in("surveyor1").await;
    let theirs = things.send_as(&other, "k", "b").await;
    assert_eq!(theirs.status, StatusCode::CREATED);
    assert_eq!(things.made(), 2);
    assert_eq!(
        things.send_as("", "k", "a").await.code(),
        "sign_in_needed",
        "an answer is kept for who is signed in"
    );
}

#[tokio::test]
async fn a_refusal_lets_the_key_go_and_a_failure_does_not() {
    let things = Things::new().await;
    things.will_refuse(ProblemCode::NotReady);
    let refused = things.send("k", "a").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let made = things.send("k", "b").await;
    assert_eq!(made.status, StatusCode::CREATED);
    things.will_refuse(ProblemCode::Internal);
    for _ in 0..2 {
        let failed = things.send("f", "a").await;
        assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(failed.code(), "internal");
    }
    assert_eq!(things.made(), 3);
}

#[tokio::test]
async fn while_the_first_is_worked_on_the_second_waits() {
    let things = Things::new().await;
    things.work.gate.forget_permits(Semaphore::MAX_PERMITS);
    let request = asked(&things.cookie, "k", "a");
    let first = tokio::spawn(things.router.clone().oneshot(request));
    things.work.begun.acquire().await.unwrap().forget();
    let second = things.send("k", "a").await;
    assert_eq!(second.code(), "key_in_use");
    assert_eq!(second.status, StatusCode::CONFLICT);
    things.app.env.pass(61);
    assert_eq!(things.send("k", "a").await.code(), "key_lost");
    things.work.gate.add_permits(1);
    let first = first.await.unwrap().unwrap();
    assert_eq!(first.status(), StatusCode::CREATED);
    let third = things.send("k", "a").await;
    assert_eq!(third.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn who_hangs_up_gets_the_answer_by_the_key() {
    let things = Things::new().await;
    things.work.gate.forget_permits(Semaphore::MAX_PERMITS);
    let request = asked(&things.cookie, "k", "a");
    let first = tokio::spawn(things.router.clone().oneshot(request));
    things.work.begun.acquire().await.unwrap().forget();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    things.work.gate.add_permits(1);
    let answer = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let answer = things.send("k", "a").await;
            if answer.status == StatusCode::CREATED {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(answer.await.unwrap().bytes, b"thing 1");
    assert_eq!(things.made(), 1);
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let mut things = Things::new().await;
    things.send("k", "a").await;
    things.app.env.pass(24 * 3_600);
    things.cookie = things.app.sign_in("chair").await;
    assert_eq!(
        things.send("k", "a").await.header("idempotency-replayed"),
        "true"
    );
    things.app.env.pass(1);
    assert_eq!(
        things.send("k", "a").await.header("idempotency-replayed"),
        ""
    );
    assert_eq!(things.made(), 2);
}

#[tokio::test]
async fn a_key_is_visible_ascii_and_short() {
    let things = Things::new().await;
    let long = "x".repeat(129);
    for key in ["", "\"\"", "\"k", "k\"", "a b", "\u{9}", &long] {
        assert_eq!(things.send(key, "a").await.code(), "malformed", "{key:?}");
    }
    let mut twice = asked(&things.cookie, "k", "a");
    twice.headers_mut().append(KEY, "l".parse().unwrap());
    let twice = things.router.clone().oneshot(twice).await.unwrap();
    assert_eq!(twice.status(), StatusCode::BAD_REQUEST);
    assert_eq!(things.made(), 0);
    things.send(&"x".repeat(128), "a").await;
    assert_eq!(things.made(), 1);
}

#[tokio::test]
async fn a_key_counts_where_it_is_described_alone() {
    let things = Things::new().await;
    for _ in 0..2 {
        let mut request = asked(&things.cookie, "k", "a");
        *request.uri_mut() = "/api/v1/plain".parse().unwrap();
        things.router.clone().oneshot(request).await.unwrap();
    }
    assert_eq!(things.made(), 2);
}

#[tokio::test]
async fn a_code_asked_for_twice_by_one_key_is_sent_once() {
    let app = TestApp::new().await;
    let cookie = app.come_in("applicant", "journey").await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let mut request = post("/api/v1/codes", &cookie, json!({}));
        request.headers_mut().insert(KEY, "k".parse().unwrap());
        assert_eq!(app.send(request).await.status, StatusCode::NO_CONTENT);
        codes.push(app.last_code("13800000005").await);
    }
    assert_eq!(codes[0], codes[1]);
}
