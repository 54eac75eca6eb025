//! For tests: another system, which checks signatures by arithmetic of its own and answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::config::Config;

/// Lets the sender call this machine.
pub fn allowed(config: &mut Config) {
    config.webhooks.allow_http = true;
    config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
}

#[derive(Clone, Debug, Default)]
pub struct Receiver {
    got: Arc<Mutex<Vec<Got>>>,
    /// In turn; 204 when there is no more.
    answers: Arc<Mutex<VecDeque<u16>>>,
    /// Every answer, where it is set.
    down: Arc<Mutex<Option<u16>>>,
}

/// One request, and how it was answered.
#[derive(Clone, Debug)]
pub struct Got {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub body: String,
    pub answer: u16,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn data(&self, field: &str) -> Value {
        self.json()["data"][field].clone()
    }

    /// Case and number of the entry.
    pub fn what(&self) -> (String, i64) {
        let case = self.data("case").as_str().unwrap().to_owned();
        (case, self.data("seq").as_i64().unwrap())
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> Response {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let down = *receiver.down.lock().unwrap();
    let next = receiver.answers.lock().unwrap().pop_front();
    let answer = down.or(next).unwrap_or(204);
    receiver.got.lock().unwrap().push(Got {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp"),
        signature: text("webhook-signature"),
        body,
        answer,
    });
    if answer == 307 {
        return Redirect::temporary("/elsewhere").into_response();
    }
    StatusCode::from_u16(answer).unwrap().into_response()
}

impl Receiver {
    pub async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/in", post(take))
            .route("/elsewhere", post(take))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// What it took, in order.
    pub fn took(&self) -> Vec<(String, i64)> {
        let good = |got: &&Got| got.answer < 300;
        self.got().iter().filter(good).map(Got::what).collect()
    }

    pub fn answer(&self, answers: &[u16]) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub fn down(&self, answer: Option<u16>) {
        *self.down.lock().unwrap() = answer;
    }
}

/// RFC 2104 by hand, with a hash that the sender does not use.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message);
    let outer = Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner.finalize());
    outer.finalize().to_vec()
}

pub fn is_signed_by(got: &Got, secret: &str) -> bool {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let message = format!("{}.{}.{}", got.id, got.timestamp, got.body);
    let wanted = format!("v1,{}", STANDARD.encode(hmac(&key, message.as_bytes())));
    got.signature.split(' ').any(|one| one == wanted)
}
