//! A client of the WebSocket that checks the chain as a browser does.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use kanjie_evidence::{Chain, Entry};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest as _};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::house::House;

/// Longer than anything takes; only a fault meets it.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    socket: WebSocketStream<TcpStream>,
    chain: Chain,
    pub welcome: Value,
    /// Entries as received.
    pub entries: Vec<Entry>,
    /// Frames that were not waited for.
    pub others: VecDeque<Value>,
    next: u64,
    who: String,
    session: String,
}

pub async fn connect(
    house: &House,
    who: &str,
    session: &str,
) -> Result<WebSocketStream<TcpStream>, tungstenite::Error> {
    let stream = TcpStream::connect(&house.address).await.unwrap();
    let url = format!("ws://{}/api/v1/sessions/{session}/socket", house.address);
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    let origin = format!("https://{}", house.address);
    headers.insert("origin", origin.parse().unwrap());
    headers.insert("cookie", house.cookie(who, session).await.parse().unwrap());
    client_async(request, stream)
        .await
        .map(|(socket, _)| socket)
}

impl Client {
    pub async fn join(house: &House, who: &str, session: &str) -> Self {
        Self::resume(house, who, session, Chain::new(), Vec::new(), None).await
    }

    /// Comes with a further frame right behind the hello.
    pub async fn join_asking(house: &House, who: &str, session: &str, frame: Value) -> Self {
        let chain = Chain::new();
        Self::resume(house, who, session, chain, Vec::new(), Some(frame)).await
    }

    /// Comes back with what it had.
    pub async fn rejoin(self, house: &House) -> Self {
        let (who, session) = (self.who.clone(), self.session.clone());
        let (chain, entries) = (self.chain, self.entries.clone());
        drop(self);
        Self::resume(house, &who, &session, chain, entries, None).await
    }

    async fn resume(
        house: &House,
        who: &str,
        session: &str,
        chain: Chain,
        entries: Vec<Entry>,
        asked: Option<Value>,
    ) -> Self {
        let socket = connect(house, who, session).await.unwrap();
        let mut client = Self {
            socket,
            chain,
            welcome: Value::Null,
            entries,
            others: VecDeque::new(),
            next: 0,
            who: who.to_owned(),
            session: session.to_owned(),
        };
        client
            .send(json!({"hello": {"after": chain.seq(), "device": "test", "companion": false}}))
            .await;
        if let Some(frame) = asked {
            client.send(frame).await;
        }
        client.welcome = client.wait("welcome").await;
        client.wait("caught_up").await;
        client
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_text(frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: String) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    /// The next frame that is no entry; `None` at the end of the connection. Entries are checked and kept.
    pub async fn frame(&mut self) -> Option<Value> {
        loop {
            let message = timeout(PATIENCE, self.socket.next())
                .await
                .expect("nothing came");
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => continue,
            };
            let frame: Value = serde_json::from_str(&text).unwrap();
            let Some(entry) = frame.get("entry") else {
                return Some(frame);
            };
            let entry: Entry = serde_json::from_value(entry.clone()).unwrap();
            self.chain.push(&entry).unwrap();
            self.entries.push(entry);
            return Some(json!({"entry": self.chain.seq()}));
        }
    }

    /// Waits for a frame of that name and returns what it holds.
    pub async fn wait(&mut self, name: &str) -> Value {
        if let Some(at) = self
            .others
            .iter()
            .position(|frame| frame.get(name).is_some())
        {
            return self.others.remove(at).unwrap()[name].take();
        }
        loop {
            let mut frame = self
                .frame()
                .await
                .unwrap_or_else(|| panic!("ended before {name}"));
            if frame.get(name).is_some() {
                return frame[name].take();
            }
            if frame.get("entry").is_none() {
                self.others.push_back(frame);
            }
        }
    }

    /// Does a command; `seq`, or the refusal.
    pub async fn act(&mut self, command: Value, factor: Option<String>) -> Result<u64, Value> {
        self.act_with(command, json!(factor)).await
    }

    /// The same with whatever stands for the second factor.
    pub async fn act_with(&mut self, command: Value, factor: Value) -> Result<u64, Value> {
        self.next += 1;
        let id = self.next;
        self.send(json!({"do": {"id": id, "command": command, "factor": factor}}))
            .await;
        loop {
            let frame = self.frame().await.expect("ended before the answer");
            if frame["done"]["id"] == id {
                return Ok(frame["done"]["seq"].as_u64().unwrap());
            }
            if frame["refused"]["id"] == id {
                return Err(frame["refused"].clone());
            }
            if frame.get("entry").is_none() {
                self.others.push_back(frame);
            }
        }
    }

    pub async fn done(&mut self, command: Value) -> u64 {
        let name = command["type"].clone();
        match self.act(command, None).await {
            Ok(seq) => seq,
            Err(refusal) => panic!("{} {name}: {refusal}", self.who),
        }
    }

    pub async fn signed(&mut self, house: &House, command: Value) -> u64 {
        let factor = house.factor(&self.who, &self.session).await;
        let name = command["type"].clone();
        match self.act(command, Some(factor)).await {
            Ok(seq) => seq,
            Err(refusal) => panic!("{} {name}: {refusal}", self.who),
        }
    }

    /// Waits until an entry with an event of this type is there, and returns the event.
    pub async fn event(&mut self, kind: &str) -> Value {
        loop {
            if let Some(event) = self
                .events()
                .into_iter()
                .rev()
                .find(|event| event["type"] == kind)
            {
                return event;
            }
            let frame = self
                .frame()
                .await
                .unwrap_or_else(|| panic!("ended before {kind}"));
            if frame.get("entry").is_none() {
                self.others.push_back(frame);
            }
        }
    }

    /// The events of all entries that are open to this client.
    pub fn events(&self) -> Vec<Value> {
        let bodies = self.entries.iter().filter_map(Entry::body);
        bodies
            .map(|body| serde_json::from_str::<Value>(body).unwrap()["event"].take())
            .collect()
    }

    pub fn count(&self, kind: &str) -> usize {
        self.events()
            .iter()
            .filter(|event| event["type"] == kind)
            .count()
    }
}
