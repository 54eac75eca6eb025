//! For tests: the real router over a store in a temporary directory, with a clock that tests own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use kanjie_domain::{PersonId, Role};
use kanjie_store::{NewAccount, NewSignIn, Person, SignInMethod};
use rand::RngCore;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::app::{self, AppState};
use crate::auth::cookie::{self, Token};
use crate::config::Config;
use crate::env::Env;
use crate::net::{Connection, Connections};
use crate::rooms::Rooms;
use crate::seed::{self, Seeded};
use crate::services::Services;

/// 2026-11-24 09:00 UTC, µs.
const MORNING: i64 = 1_795_510_800_000_000;

#[derive(Debug)]
pub struct TestEnv {
    now: AtomicI64,
}

impl TestEnv {
    pub fn morning() -> Self {
        Self {
            now: AtomicI64::new(MORNING),
        }
    }

    pub fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Env for TestEnv {
    fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> u64 {
        u64::try_from(self.now() - MORNING).unwrap()
    }

    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

pub struct TestApp {
    pub dir: TempDir,
    pub env: Arc<TestEnv>,
    pub services: Services,
    pub connections: Connections,
    pub seeded: Seeded,
    pub state: AppState,
    router: Router,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub async fn read(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            bytes: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// `name=value` of the cookie set, for `Cookie`.
    pub fn cookie(&self) -> String {
        let set = self.headers[header::SET_COOKIE].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

impl TestApp {
    /// Seeded with the demonstration's people.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with another configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: dir.path().join("data"),
            web: crate::config::Web {
                dist: Some(dir.path().join("dist")),
            },
            ..Config::default()
        };
        change(&mut config);
        let env = Arc::new(TestEnv::morning());
        let services = Services::open(config, Arc::clone(&env) as Arc<dyn Env>)
            .await
            .unwrap();
        let seeded = seed::run(&services, "https://localhost:8443")
            .await
            .unwrap();
        let state = AppState {
            services: services.clone(),
            rooms: Rooms::start(services.clone()).await.unwrap(),
        };
        let router = app::router(state.clone());
        Self {
            dir,
            env,
            services,
            connections: Connections::new(10, 10, Duration::from_secs(10)),
            seeded,
            state,
            router,
        }
    }

    pub fn connection(&self) -> Connection {
        self.connections.admit(IpAddr::from([127, 0, 0, 1]))
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        self.send_over(&self.connection(), request).await
    }

    pub async fn send_over(&self, connection: &Connection, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(connection.clone());
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path)
            .header(header::COOKIE, cookie)
            .header(header::HOST, "localhost:8443");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, cookie: &str, body: Value) -> Answer {
        self.send(post(path, cookie, body)).await
    }

    /// The code that this person's authenticator shows now.
    /// A whole upload to the case, as its submission names it.
    pub async fn upload(&self, case: &str, cookie: &str, name: &str, bytes: &[u8]) -> Value {
        let tus = |method: &str, path: &str| {
            Request::builder()
                .method(method)
                .uri(path)
                .header("cookie", cookie)
                .header("tus-resumable", "1.0.0")
        };
        let metadata = [
            ("case", case),
            ("filename", name),
            ("filetype", "application/pdf"),
        ];
        let metadata = metadata.map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
        let create = tus("POST", "/api/v1/uploads")
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata.join(","));
        let made = self.send(create.body(Body::empty()).unwrap()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let path = made.header("location");
        let piece = tus("PATCH", path)
            .header("upload-offset", 0)
            .header("content-type", "application/offset+octet-stream");
        let piece = piece.body(Body::from(bytes.to_vec())).unwrap();
        assert_eq!(self.send(piece).await.status, StatusCode::NO_CONTENT);
        let facts = self.get(path, cookie).await.json();
        json!({
            "sha256": facts["sha256"], "bytes": facts["bytes"],
            "media_type": facts["media_type"], "name": facts["name"],
        })
    }

    pub async fn totp(&self, user: &str) -> String {
        let account = self.services.store.account(user).await.unwrap().unwrap();
        totp_rs::Builder::new()
            .with_secret(totp_rs::Secret::from(account.totp_secret))
            .build()
            .unwrap()
            .generate(u64::try_from(self.env.now() / 1_000_000).unwrap())
            .to_string()
    }

    /// Signs a seeded member of staff in and returns the cookie.
    pub async fn sign_in(&self, user: &str) -> String {
        let answer = self.try_sign_in(user).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.cookie()
    }

    /// An administrator, whom the demonstration does not have, signed in; returns the cookie.
    pub async fn administrator(&self) -> String {
        let id = PersonId(String::from("administrator"));
        let person = Person {
            id: id.clone(),
            name: String::from("示例管理员"),
            organisation: String::from("示例单位"),
            department: None,
            phone: String::from("13800000099"),
        };
        let account = NewAccount {
            user: String::from("administrator"),
            person: id.clone(),
            password_hash: String::new(),
            totp_secret: vec![7; 20],
            roles: BTreeSet::from([Role::Administrator]),
            created_at: self.env.now(),
        };
        let store = &self.services.store;
        store.add_staff(&person, &account).await.unwrap();
        let token = Token::new(self.env.as_ref());
        let sign_in = NewSignIn {
            token_hash: token.digest(),
            person: id,
            link: None,
            method: SignInMethod::Password,
            device: String::from("test"),
            created_at: self.env.now(),
            expires_at: i64::MAX,
        };
        store.add_sign_in(&sign_in).await.unwrap();
        format!("{}={}", cookie::NAME, token.text())
    }

    pub async fn try_sign_in(&self, user: &str) -> Answer {
        let body = serde_json::json!({
            "user": user, "password": self.password(user), "totp": self.totp(user).await,
        });
        self.post("/api/v1/sign-in", "", body).await
    }

    pub async fn delete(&self, path: &str, cookie: &str) -> Answer {
        let mut request = post(path, cookie, Value::Null);
        *request.method_mut() = axum::http::Method::DELETE;
        self.send(request).await
    }

    pub fn password(&self, user: &str) -> String {
        let person = self.seeded.people.values().find(|p| p.user == Some(user));
        person.unwrap().password.clone().unwrap()
    }

    /// A seeded link's token.
    pub fn link(&self, person: &str, session: &str) -> String {
        self.seeded.people[person].links[session].clone()
    }

    /// Comes in by link and code, and returns the cookie.
    pub async fn come_in(&self, person: &str, session: &str) -> String {
        let token = self.link(person, session);
        let body = serde_json::json!({"token": token});
        let sent = self.post("/api/v1/links/code", "", body).await;
        assert_eq!(sent.status, StatusCode::NO_CONTENT, "{sent:?}");
        let code = self.last_code(&self.seeded.people[person].phone).await;
        let body = serde_json::json!({"token": token, "code": code, "device": "test"});
        let answer = self.post("/api/v1/links/verify", "", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.cookie()
    }

    /// The last code that went out to a phone.
    pub async fn last_code(&self, phone: &str) -> String {
        self.services.notices.deliver_due().await.unwrap();
        let outbox = self.services.config.data.join("outbox.jsonl");
        let text = std::fs::read_to_string(outbox).unwrap();
        let lines: Vec<BTreeMap<String, Value>> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut to_phone = lines.iter().filter(|line| line["to"] == phone);
        let last = to_phone.next_back().unwrap();
        last["code"].as_str().unwrap().to_owned()
    }
}

pub fn post(path: &str, cookie: &str, body: Value) -> Request<Body> {
    Request::post(path)
        .header(header::COOKIE, cookie)
        .header(header::HOST, "localhost:8443")
        .header(header::ORIGIN, "https://localhost:8443")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}
