//! One person's HTTP client: signs in as that person would and keeps the cookie.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::{Value, json};

use crate::{Person, Socket, TestServer};

#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    base: String,
    /// `name=value`, or nothing for a stranger.
    pub cookie: Option<String>,
}

impl Api {
    /// Nobody in particular.
    ///
    /// # Panics
    /// If the client cannot be built.
    #[must_use]
    pub fn stranger(server: &TestServer) -> Self {
        let client = Client::builder()
            .tls_danger_accept_invalid_certs(true)
            // Where an answer sends somebody is for the test to see.
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            client,
            base: server.base.clone(),
            cookie: None,
        }
    }

    /// Signs in with password and TOTP.
    ///
    /// # Panics
    /// If the server does not let this person in.
    pub async fn sign_in(server: &TestServer, person: &Person) -> Self {
        let mut api = Self::stranger(server);
        let body = json!({"user": person.user, "password": person.password, "totp": person.totp_at(server.now())});
        let answer = api.post("/api/v1/sign-in", &body).await;
        api.take_cookie(&answer);
        assert_eq!(answer.status(), StatusCode::OK, "{} signs in", person.name);
        api
    }

    /// Comes by the personal link and the one-time code.
    ///
    /// # Panics
    /// If the server does not let this person in.
    pub async fn follow_link(server: &TestServer, person: &Person, session: &str) -> Self {
        let token = person
            .links
            .get(session)
            .unwrap_or_else(|| panic!("{} has no link to {session}", person.name));
        Self::open_link(server, token, person.phone.as_deref().unwrap()).await
    }

    /// Comes by that link and the one-time code sent to the phone.
    ///
    /// # Panics
    /// If the server does not let this person in.
    pub async fn open_link(server: &TestServer, token: &str, phone: &str) -> Self {
        let mut api = Self::stranger(server);
        let seen = server.codes(phone).len();
        let asked = api
            .post("/api/v1/links/code", &json!({"token": token}))
            .await;
        assert_eq!(
            asked.status(),
            StatusCode::NO_CONTENT,
            "{phone} asks for a code"
        );
        let code = server.code_after(phone, seen).await;
        let body = json!({"token": token, "code": code, "device": "test"});
        let answer = api.post("/api/v1/links/verify", &body).await;
        api.take_cookie(&answer);
        assert_eq!(answer.status(), StatusCode::OK, "{phone} comes by link");
        api
    }

    /// Whichever way this person gets in.
    pub async fn enter(server: &TestServer, person: &Person, session: &str) -> Self {
        if person.user.is_some() {
            Self::sign_in(server, person).await
        } else {
            Self::follow_link(server, person, session).await
        }
    }

    fn take_cookie(&mut self, answer: &Response) {
        let set = answer
            .headers()
            .get(SET_COOKIE)
            .and_then(|value| value.to_str().ok());
        self.cookie = set
            .and_then(|text| text.split(';').next())
            .map(str::to_owned);
    }

    /// A request with this person's cookie, from the server's own pages.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header(ORIGIN, &self.base);
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    /// # Panics
    /// If the server does not answer.
    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// # Panics
    /// If the server does not answer.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path)
            .json(body)
            .send()
            .await
            .unwrap()
    }

    /// A whole upload to the case, as its submission names it.
    ///
    /// # Panics
    /// If the server does not take it.
    pub async fn upload(&self, case: &str, name: &str, bytes: &[u8]) -> Value {
        let tus = |method, path: &str| self.request(method, path).header("Tus-Resumable", "1.0.0");
        let metadata = [
            ("case", case),
            ("filename", name),
            ("filetype", "application/pdf"),
        ];
        let metadata = metadata.map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
        let made = tus(Method::POST, "/api/v1/uploads")
            .header("Upload-Length", bytes.len())
            .header("Upload-Metadata", metadata.join(","));
        let made = made.send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED, "{name}");
        let path = made.headers()[LOCATION].to_str().unwrap();
        let piece = tus(Method::PATCH, path)
            .header("Upload-Offset", 0)
            .header("Content-Type", "application/offset+octet-stream")
            .body(bytes.to_vec());
        let sent = piece.send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::NO_CONTENT, "{name}");
        let facts: Value = self.get(path).await.json().await.unwrap();
        json!({
            "sha256": facts["sha256"], "bytes": facts["bytes"],
            "media_type": facts["media_type"], "name": facts["name"],
        })
    }

    /// Opens the session's socket and says hello with the last entry seen.
    pub async fn socket(&self, session: &str, after: u64) -> Socket {
        Socket::open(&self.base, session, self.cookie.as_deref(), after).await
    }

    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }
}
