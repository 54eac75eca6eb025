//! A joint review of a case, whoever takes part: brought to a stage by the commands that people would give.

use std::collections::BTreeMap;

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::socket::event_of;
use crate::{Api, Bureau, Case, Socket, TestServer};

/// Everybody in one session, by key; `chair` is one of them.
#[derive(Debug)]
pub struct Review {
    pub session: String,
    pub apis: BTreeMap<String, Api>,
    pub sockets: BTreeMap<String, Socket>,
    pub persons: BTreeMap<String, String>,
    /// Of those who came by link.
    phones: BTreeMap<String, String>,
    stills: u64,
}

impl Review {
    /// The bureau's people of these keys and the applicant, who comes by the `nth` link sent to the phone; all admitted and
    /// the session live. Staff in `on_site` say that they are there.
    ///
    /// # Panics
    /// If anything on the way is refused.
    pub async fn live(
        server: &TestServer,
        bureau: &Bureau,
        case: &Case,
        (session, nth): (&str, usize),
        keys: &[&str],
        on_site: &[&str],
    ) -> Self {
        let mut review = Self {
            session: session.to_owned(),
            apis: BTreeMap::new(),
            sockets: BTreeMap::new(),
            persons: BTreeMap::new(),
            phones: BTreeMap::from([("applicant".to_owned(), case.phone.clone())]),
            stills: 0,
        };
        for key in keys {
            review
                .come(key, bureau.api(key).clone(), bureau.id(key))
                .await;
            if *key == "chair" {
                review.done("chair", json!({"type": "open_lobby"})).await;
            }
        }
        let link = server.link_sent_to(&case.phone, nth).await;
        let applicant = Api::open_link(server, &link, &case.phone).await;
        review.come("applicant", applicant, &case.applicant).await;
        review.admit(server, bureau, on_site).await;
        review.done("chair", json!({"type": "start"})).await;
        review
    }

    /// Somebody who comes to the door.
    pub async fn come(&mut self, key: &str, api: Api, person: &str) {
        let socket = api.socket(&self.session, 0).await;
        self.apis.insert(key.to_owned(), api);
        self.sockets.insert(key.to_owned(), socket);
        self.persons.insert(key.to_owned(), person.to_owned());
    }

    async fn admit(&mut self, server: &TestServer, bureau: &Bureau, on_site: &[&str]) {
        let keys: Vec<String> = self.persons.keys().cloned().collect();
        let scheduled = self.scheduled();
        let notice = scheduled["template"]["settings"]["notice_version"].clone();
        for key in &keys {
            let acknowledge = json!({"type": "acknowledge_notice", "notice": notice});
            self.done(key, acknowledge).await;
        }
        let factor = self.factor(server, bureau, "chair").await;
        let own = json!({
            "type": "confirm_identity", "person": self.persons["chair"], "method": "second_factor",
            "last_four": "0001",
        });
        self.socket("chair").command(own, Some(&factor)).await;
        for key in keys.iter().filter(|key| *key != "chair") {
            let person = self.persons[key].clone();
            self.check_in(&person, None).await;
        }
        for participant in scheduled["participants"].as_array().unwrap() {
            let staff = ["surveyor", "chair", "approver", "department_reviewer"];
            let mut roles = participant["roles"].as_array().unwrap().iter();
            if !roles.any(|role| staff.contains(&role.as_str().unwrap())) {
                continue;
            }
            let person = participant["person"].as_str().unwrap();
            let found = keys.iter().find(|key| self.persons[*key] == person);
            let Some(key) = found else { continue };
            let there = on_site.contains(&key.as_str());
            let whereabouts = if there { "on_site" } else { "remote" };
            let show = json!({
                "type": "show_credential", "number_last_four": "1024", "whereabouts": whereabouts,
            });
            self.done(key, show).await;
        }
    }

    async fn check_in(&mut self, person: &str, authorisation: Option<&str>) {
        for command in [
            json!({"type": "begin_identity_check", "person": person}),
            json!({
                "type": "confirm_identity", "person": person, "method": "id_card", "last_four": "1024",
                "authorisation": authorisation,
            }),
            json!({"type": "admit", "person": person}),
        ] {
            self.done("chair", command).await;
        }
    }

    /// Somebody who comes later, all the way into the room; an agent shows what authorises him.
    ///
    /// # Panics
    /// If anything on the way is refused.
    pub async fn bring(&mut self, key: &str, api: Api, person: &str) {
        self.come(key, api, person).await;
        let notice = self.scheduled()["template"]["settings"]["notice_version"].take();
        self.done(key, json!({"type": "acknowledge_notice", "notice": notice}))
            .await;
        self.check_in(person, Some("示例委托书")).await;
    }

    /// What the session began with.
    ///
    /// # Panics
    /// If the chair has not seen it.
    #[must_use]
    pub fn scheduled(&self) -> Value {
        event_of(&self.sockets["chair"].entries[0]).expect("entry 1 is for all to see")
    }

    /// # Panics
    /// If that person has no socket.
    pub fn socket(&mut self, key: &str) -> &mut Socket {
        let socket = self.sockets.get_mut(key);
        socket.unwrap_or_else(|| panic!("{key} has no socket"))
    }

    /// A command that must be accepted.
    pub async fn done(&mut self, key: &str, command: Value) -> Value {
        self.socket(key).command(command, None).await
    }

    /// The code with which a command is refused.
    ///
    /// # Panics
    /// If it is accepted.
    pub async fn refused(&mut self, key: &str, command: Value) -> String {
        let shown = command.to_string();
        match self.socket(key).try_command(command, None).await {
            Ok(_) => panic!("{key}: {shown} was accepted"),
            Err(refused) => refused["code"].as_str().unwrap().to_owned(),
        }
    }

    /// A command with a fresh second factor.
    pub async fn signed(
        &mut self,
        server: &TestServer,
        bureau: &Bureau,
        key: &str,
        command: Value,
    ) -> Value {
        let factor = self.factor(server, bureau, key).await;
        self.socket(key).command(command, Some(&factor)).await
    }

    async fn factor(&self, server: &TestServer, bureau: &Bureau, key: &str) -> String {
        let Some(phone) = self.phones.get(key) else {
            return bureau.people[key].totp_at(server.now());
        };
        let seen = server.codes(phone).len();
        let asked = self.apis[key].post("/api/v1/codes", &json!({})).await;
        assert!(asked.status().is_success(), "{key} asks for a code");
        server.code_after(phone, seen).await
    }

    /// A still for an item, or the exterior shot.
    ///
    /// # Panics
    /// If it is not taken.
    pub async fn still(
        &mut self,
        server: &TestServer,
        key: &str,
        kind: &str,
        item: &str,
    ) -> String {
        self.stills += 1;
        let id = format!("0195d000-0000-7000-8000-{:012}", self.stills);
        let bytes = [
            &[0xff, 0xd8, 0xff, 0xe0],
            self.stills.to_be_bytes().as_slice(),
        ]
        .concat();
        let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&bytes));
        let item = if item.is_empty() {
            String::new()
        } else {
            format!("&item={item}")
        };
        let session = &self.session;
        let captured = server.now() * 1_000_000;
        let path = format!(
            "/api/v1/sessions/{session}/stills/{id}?kind={kind}&captured_at={captured}{item}"
        );
        let put = self.apis[key].request(Method::PUT, &path);
        let put = put.header("content-digest", format!("sha-256=:{digest}:"));
        let answer = put.body(bytes).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
        id
    }

    /// Answers every open item: `met`, but those that are named otherwise. What is for the site (P, N) is read as `how`.
    ///
    /// # Panics
    /// If an answer is refused.
    pub async fn answer_all(
        &mut self,
        key: &str,
        but: &[(&str, &str)],
        how: impl Fn(&str) -> Value,
    ) {
        let scheduled = self.scheduled();
        let further = scheduled["further"].as_array().into_iter().flatten();
        let cases = std::iter::once(&scheduled).chain(further);
        let items = cases.enumerate().flat_map(|(nth, of)| {
            let carried = &of["resurvey"]["carried"];
            let carried: Vec<_> = carried.as_array().into_iter().flatten().collect();
            let items = of["template"]["items"].as_array().unwrap().iter();
            let open = items
                .filter(move |item| carried.iter().all(|answer| answer["code"] != item["code"]));
            // Two checklists are shared between the two surveyors.
            open.map(move |item| (if nth == 0 { key } else { "surveyor_2" }, item))
        });
        for (key, item) in items {
            let code = item["code"].as_str().unwrap();
            let named = but.iter().find(|(named, _)| *named == code);
            let result = named.map_or("met", |(_, result)| result);
            let mut answer = json!({"code": code, "result": result});
            let remote = item["remote"].as_str().unwrap();
            if remote != "Y" && result == "met" {
                answer["measurement"] = how(remote);
            }
            self.done(key, json!({"type": "answer_item", "answer": answer}))
                .await;
        }
    }

    /// Concludes with everybody named confirmed present.
    pub async fn conclude(&mut self, outcome: &str, present: &[&str]) {
        self.conclude_case(None, outcome, present).await;
    }

    /// The same of one of several cases.
    pub async fn conclude_case(&mut self, case: Option<&Case>, outcome: &str, present: &[&str]) {
        let present: Vec<_> = present.iter().map(|key| &self.persons[*key]).collect();
        let conclude = json!({"type": "conclude", "outcome": outcome, "text": "结论（示例）", "present": present});
        self.done("chair", of_case(conclude, case)).await;
    }

    /// The record read back and signed by these.
    ///
    /// # Panics
    /// If anybody is refused.
    pub async fn sign_record(&mut self, server: &TestServer, bureau: &Bureau, signers: &[&str]) {
        self.done("chair", json!({"type": "prepare_record"})).await;
        let digest = self.socket("chair").event("record_prepared").await["digest"].take();
        for key in signers {
            let sign = json!({"type": "sign_record", "digest": digest});
            self.signed(server, bureau, key, sign).await;
        }
    }

    /// Drafted and sealed by that approver.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn seal(&mut self, server: &TestServer, bureau: &Bureau, key: &str, decision: Value) {
        self.seal_case(server, bureau, key, None, decision).await;
    }

    /// The same of one of several cases.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn seal_case(
        &mut self,
        server: &TestServer,
        bureau: &Bureau,
        key: &str,
        case: Option<&Case>,
        decision: Value,
    ) {
        let draft = json!({"type": "draft_decision", "decision": decision});
        self.done(key, of_case(draft, case)).await;
        let which = case.map(|case| format!("?case={}", case.id));
        let path = format!(
            "/api/v1/sessions/{}/documents/preview{}",
            self.session,
            which.unwrap_or_default()
        );
        let preview = self.apis[key].get(&path).await;
        let preview: Value = preview.json().await.unwrap();
        let seal = json!({"type": "seal_decision", "content_digest": preview["content_digest"]});
        self.signed(server, bureau, key, of_case(seal, case)).await;
    }

    /// The hash of the entry whose event has that type, as the chair has it.
    ///
    /// # Panics
    /// If there is none.
    pub async fn hash_of(&mut self, kind: &str) -> String {
        self.socket("chair").event(kind).await;
        let entries = &self.sockets["chair"].entries;
        let of = |entry: &&Value| event_of(entry).is_some_and(|event| event["type"] == kind);
        let entry = entries.iter().rev().find(of).unwrap();
        entry["hash"].as_str().unwrap().to_owned()
    }
}

/// The command about that case.
#[must_use]
pub fn of_case(mut command: Value, case: Option<&Case>) -> Value {
    if let Some(case) = case {
        command["case"] = json!(case.id);
    }
    command
}
