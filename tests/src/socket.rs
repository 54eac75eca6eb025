//! A person's place in a session: the WebSocket of docs/protocol/signalling.md.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::{tls, within};

#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TlsStream<TcpStream>>,
    /// Every entry received on this connection, in order.
    pub entries: Vec<Value>,
    pub seat: String,
    waiting: VecDeque<Value>,
    next_id: u64,
}

impl Socket {
    /// Opens, says hello and reads up to `caught_up`.
    ///
    /// # Panics
    /// If the server does not welcome.
    pub async fn open(base: &str, session: &str, cookie: Option<&str>, after: u64) -> Self {
        let stream = Self::connect(base, session, cookie)
            .await
            .expect("the socket opens");
        let mut socket = Self {
            stream,
            entries: Vec::new(),
            seat: String::new(),
            waiting: VecDeque::new(),
            next_id: 1,
        };
        socket
            .send(&json!({"hello": {"after": after, "device": "test", "companion": false}}))
            .await;
        let welcome = socket.next_with("welcome").await;
        socket.seat = welcome["seat"].as_str().unwrap_or_default().to_owned();
        socket.next_with("caught_up").await;
        socket
    }

    /// The bare upgrade.
    ///
    /// # Errors
    /// Whatever the server answers instead.
    ///
    /// # Panics
    /// If there is no TLS server at all.
    pub async fn connect(
        base: &str,
        session: &str,
        cookie: Option<&str>,
    ) -> Result<WebSocketStream<TlsStream<TcpStream>>, Error> {
        let host = base.trim_start_matches("https://").trim_end_matches('/');
        let port: u16 = host
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .unwrap();
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let stream = TlsConnector::from(tls::trusting())
            .connect(name, tcp)
            .await
            .unwrap();
        let mut request =
            format!("wss://{host}/api/v1/sessions/{session}/socket").into_client_request()?;
        request
            .headers_mut()
            .insert("origin", HeaderValue::from_str(base).unwrap());
        if let Some(cookie) = cookie {
            request
                .headers_mut()
                .insert("cookie", HeaderValue::from_str(cookie).unwrap());
        }
        let (stream, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(stream)
    }

    /// # Panics
    /// If the connection is gone.
    pub async fn send(&mut self, frame: &Value) {
        self.send_text(frame.to_string()).await;
    }

    /// Any text at all.
    ///
    /// # Panics
    /// If the connection is gone.
    pub async fn send_text(&mut self, text: String) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// The same, where the server may have ended the connection by now.
    ///
    /// # Errors
    /// If it has.
    pub async fn try_send_text(&mut self, text: String) -> Result<(), Error> {
        self.stream.send(Message::text(text)).await
    }

    /// The next frame; entries are also kept in [`Self::entries`]. `None` when the connection ended.
    pub async fn receive(&mut self) -> Option<Value> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
                    if let Some(entry) = frame.get("entry") {
                        self.entries.push(entry.clone());
                    }
                    return Some(frame);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Waits for a frame with that key and answers its value; others but entries stay for later.
    ///
    /// # Panics
    /// If it does not come, or the connection ends first.
    pub async fn next_with(&mut self, key: &str) -> Value {
        if let Some(at) = self
            .waiting
            .iter()
            .position(|frame| frame.get(key).is_some())
        {
            return self
                .waiting
                .remove(at)
                .map(|mut frame| frame[key].take())
                .unwrap();
        }
        within(&format!("a {key} frame"), async {
            loop {
                let mut frame = self
                    .receive()
                    .await
                    .unwrap_or_else(|| panic!("the connection ended before {key}"));
                if frame.get(key).is_some() {
                    return frame[key].take();
                }
                if frame.get("entry").is_none() {
                    self.waiting.push_back(frame);
                }
            }
        })
        .await
    }

    /// Sends a command and answers `Ok(done)` or `Err(refused)`.
    ///
    /// # Panics
    /// If neither comes.
    pub async fn try_command(
        &mut self,
        command: Value,
        factor: Option<&str>,
    ) -> Result<Value, Value> {
        let id = self.next_id;
        self.next_id += 1;
        let mut act = json!({"id": id, "command": command});
        if let Some(factor) = factor {
            act["factor"] = json!(factor);
        }
        self.send(&json!({ "do": act })).await;
        within("an answer to a command", async {
            loop {
                let mut frame = self
                    .receive()
                    .await
                    .expect("the connection ended before the answer");
                for (key, good) in [("done", true), ("refused", false)] {
                    if frame
                        .get(key)
                        .is_some_and(|answer| answer["id"] == json!(id))
                    {
                        let answer = frame[key].take();
                        return if good { Ok(answer) } else { Err(answer) };
                    }
                }
                if frame.get("entry").is_none() {
                    self.waiting.push_back(frame);
                }
            }
        })
        .await
    }

    /// Sends a command that must be accepted.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn command(&mut self, command: Value, factor: Option<&str>) -> Value {
        let shown = command.to_string();
        match self.try_command(command, factor).await {
            Ok(done) => done,
            Err(refused) => panic!("{shown} was refused: {refused}"),
        }
    }

    /// Waits until an entry whose event has that `type` has come, and answers its event.
    ///
    /// # Panics
    /// If it does not come.
    pub async fn event(&mut self, kind: &str) -> Value {
        let find = |entries: &[Value]| {
            entries
                .iter()
                .rev()
                .find_map(|entry| event_of(entry).filter(|event| event["type"] == kind))
        };
        within(&format!("a {kind} entry"), async {
            loop {
                if let Some(event) = find(&self.entries) {
                    return event;
                }
                let frame = self
                    .receive()
                    .await
                    .unwrap_or_else(|| panic!("the connection ended before {kind}"));
                if frame.get("entry").is_none() {
                    self.waiting.push_back(frame);
                }
            }
        })
        .await
    }

    /// The highest `seq` seen on this connection.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.entries
            .last()
            .and_then(|entry| entry["seq"].as_u64())
            .unwrap_or(0)
    }

    /// Lets the connection go without a word, as a lost network does.
    pub fn vanish(self) {
        drop(self);
    }
}

/// The event in an entry, unless it is withheld.
#[must_use]
pub fn event_of(entry: &Value) -> Option<Value> {
    let body: Value = serde_json::from_str(entry["body"].as_str()?).ok()?;
    body.get("event").cloned()
}
