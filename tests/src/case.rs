//! A case driven over HTTP, as window, handler and approver do.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::socket::event_of;
use crate::{Api, Person, TestServer, within};

/// The people of a bureau who work on a case, by key; each with account and client.
#[derive(Debug)]
pub struct Bureau {
    pub people: BTreeMap<&'static str, Person>,
    pub apis: BTreeMap<&'static str, Api>,
}

/// A case that was made, with the applicant's phone.
#[derive(Clone, Debug)]
pub struct Case {
    pub id: String,
    pub applicant: String,
    /// In the order in which they were named.
    pub agents: Vec<String>,
    pub phone: String,
}

impl Bureau {
    /// The seeded staff, signed in.
    ///
    /// # Panics
    /// If anybody is not let in.
    pub async fn open(server: &TestServer) -> Self {
        let mut bureau = Self {
            people: BTreeMap::new(),
            apis: BTreeMap::new(),
        };
        for key in ["surveyor_1", "surveyor_2", "chair", "supervisor"] {
            bureau
                .join(server, key, server.seed.person(key).clone())
                .await;
        }
        bureau
    }

    /// Somebody else with an account.
    ///
    /// # Panics
    /// If the person is not let in.
    pub async fn join(&mut self, server: &TestServer, key: &'static str, mut person: Person) {
        let api = Api::sign_in(server, &person).await;
        let me: Value = api.get("/api/v1/me").await.json().await.unwrap();
        me["person"]
            .as_str()
            .unwrap()
            .clone_into(&mut person.person);
        self.people.insert(key, person);
        self.apis.insert(key, api);
    }

    /// Everybody signs in again: another day.
    ///
    /// # Panics
    /// If anybody is not let in.
    pub async fn come_back(&mut self, server: &TestServer) {
        for (key, person) in &self.people {
            self.apis.insert(key, Api::sign_in(server, person).await);
        }
    }

    /// # Panics
    /// If nobody has that key.
    #[must_use]
    pub fn api(&self, key: &str) -> &Api {
        &self.apis[key]
    }

    /// # Panics
    /// If nobody has that key.
    #[must_use]
    pub fn id(&self, key: &str) -> &str {
        &self.people[key].person
    }

    /// Opened at the window, everything handed in and accepted, with these staff assigned.
    ///
    /// # Panics
    /// If anything on the way is refused.
    pub async fn accepted(&self, item: &str, phone: &str, staff: &[(&str, &str)]) -> Case {
        self.accepted_with_agents(item, phone, &[], staff).await
    }

    /// The same with agents that have these phones.
    ///
    /// # Panics
    /// If anything on the way is refused.
    pub async fn accepted_with_agents(
        &self,
        item: &str,
        phone: &str,
        agents: &[&str],
        staff: &[(&str, &str)],
    ) -> Case {
        let somebody = |name: &str, phone: &str| json!({"name": name, "phone": phone, "organisation": "示例公司"});
        let agents = agents.iter().map(|phone| somebody("示例代理人", phone));
        let agents = agents.collect::<Vec<_>>();
        let applicant = somebody("示例申请人", phone);
        self.accept(item, phone, (applicant, agents.into()), staff)
            .await
    }

    /// Another case of the same applicant.
    ///
    /// # Panics
    /// If anything on the way is refused.
    pub async fn accepted_beside(&self, case: &Case, item: &str, staff: &[(&str, &str)]) -> Case {
        let people = (json!(case.applicant), json!([]));
        self.accept(item, &case.phone, people, staff).await
    }

    async fn accept(
        &self,
        item: &str,
        phone: &str,
        (applicant, agents): (Value, Value),
        staff: &[(&str, &str)],
    ) -> Case {
        let body = json!({
            "item": item,
            "applicant": applicant,
            "agents": agents,
            "brief": {
                "applicant": "示例公司", "uscc": "91000000MA0000000X", "address": "示例区示例路1号",
                "authority": "示例区行政审批局", "contact": "010-00000000",
            },
        });
        let (status, made) =
            answer(self.api("surveyor_1").post("/api/v1/cases", &body).await).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let case = Case {
            id: text(&made["case"]),
            applicant: text(&made["applicant"]),
            agents: made["agents"]
                .as_array()
                .unwrap()
                .iter()
                .map(text)
                .collect(),
            phone: phone.to_owned(),
        };
        let opened = self.event(&case, "application_opened").await;
        let api = self.api("surveyor_1");
        let file = api.upload(&case.id, "材料.pdf", b"%PDF-1.7\n").await;
        for listed in opened["guide"]["materials"].as_array().unwrap() {
            let shared = listed["supply"]["by"] == "sharing";
            let command = if shared {
                json!({"type": "take_shared", "material": listed["code"], "sha256": "1".repeat(64)})
            } else {
                json!({"type": "submit_material", "material": listed["code"], "file": file})
            };
            self.act(&case, "surveyor_1", command).await;
        }
        for command in [json!({"type": "receive"}), json!({"type": "accept"})] {
            self.act(&case, "surveyor_1", command).await;
        }
        for (key, role) in staff {
            let assign = json!({"type": "assign_staff", "person": self.id(key), "role": role});
            self.act(&case, "chair", assign).await;
        }
        case
    }

    /// # Errors
    /// The problem's code.
    pub async fn try_act(&self, case: &Case, key: &str, command: Value) -> Result<u64, String> {
        let path = format!("/api/v1/cases/{}/acts", case.id);
        let body = json!({"command": command});
        let (status, body) = answer(self.api(key).post(&path, &body).await).await;
        if status == StatusCode::OK {
            return Ok(body["seq"].as_u64().unwrap());
        }
        Err(body["code"].as_str().unwrap_or_default().to_owned())
    }

    /// # Panics
    /// If the act is refused.
    pub async fn act(&self, case: &Case, key: &str, command: Value) -> u64 {
        let shown = command.to_string();
        let done = self.try_act(case, key, command).await;
        done.unwrap_or_else(|code| panic!("{key}: {shown} was refused: {code}"))
    }

    /// The experts of these keys, added to the pool and drawn from it; each signs confidentiality (R48).
    ///
    /// # Panics
    /// If a draw or a signature is refused.
    pub async fn draw(&self, server: &TestServer, case: &Case, keys: &[&str]) {
        self.draw_of(server, case, "示例", keys).await;
        for key in keys {
            self.sign_confidentiality(server, case, key).await;
        }
    }

    /// The same of that field; nobody signs.
    ///
    /// # Panics
    /// If the draw is refused.
    pub async fn draw_of(&self, server: &TestServer, case: &Case, field: &str, keys: &[&str]) {
        self.add_experts(server, field, keys);
        let draw = json!({"type": "draw_experts", "field": field, "count": keys.len()});
        self.act(case, "surveyor_1", draw).await;
    }

    /// They stand in the pool, of that field.
    ///
    /// # Panics
    /// If the program refuses.
    pub fn add_experts(&self, server: &TestServer, field: &str, keys: &[&str]) {
        let experts = keys.iter().map(|key| {
            json!({
                "code": self.id(key), "name": key, "organisation": "", "phone": "", "fields": [field],
            })
        });
        let experts: Vec<Value> = experts.collect();
        server.import(&json!({"version": "示例-1", "from": "2026-01-01", "experts": experts}));
    }

    /// R48.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn sign_confidentiality(&self, server: &TestServer, case: &Case, key: &str) {
        let sign = json!({"type": "sign_confidentiality", "sha256": "5".repeat(64)});
        let factor = self.people[key].totp_at(server.now());
        let body = json!({"command": sign, "factor": factor});
        let path = format!("/api/v1/cases/{}/acts", case.id);
        let (status, signed) = answer(self.api(key).post(&path, &body).await).await;
        assert_eq!(status, StatusCode::OK, "{key}: {signed}");
    }

    /// Schedules a session of the case, by its handler; answers the session's id.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn schedule(&self, case: &Case, more: &Value) -> String {
        let mut body = json!({"case": case.id});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let made = self.try_schedule(body).await;
        made.unwrap_or_else(|code| panic!("not scheduled: {code}"))
    }

    /// The same of whatever `of` names.
    ///
    /// # Errors
    /// The problem's code.
    pub async fn try_schedule(&self, of: Value) -> Result<String, String> {
        let mut body = json!({"mode": "hybrid", "starts_at": 4_000_000_000_000_000_i64});
        for (key, value) in of.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let posted = self.api("surveyor_1").post("/api/v1/sessions", &body).await;
        let (status, made) = answer(posted).await;
        let text = |key: &str| made[key].as_str().unwrap_or_default().to_owned();
        if status == StatusCode::CREATED {
            return Ok(text("session"));
        }
        Err(text("code"))
    }

    /// A bundle of these cases; answers its id.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn bundle(&self, cases: &[&Case]) -> String {
        let cases: Vec<_> = cases
            .iter()
            .map(|case| json!({"case": case.id, "department": "示例区行政审批局"}))
            .collect();
        let body = json!({
            "title": "我要开店（示例）", "lead_department": "示例区行政审批局", "cases": cases,
        });
        let posted = self.api("surveyor_1").post("/api/v1/bundles", &body).await;
        let (status, made) = answer(posted).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["bundle"].as_str().unwrap().to_owned()
    }

    /// The events of the bundle that its supervisor reads.
    ///
    /// # Panics
    /// If they are not to be had.
    pub async fn bundle_events(&self, bundle: &str) -> Vec<Value> {
        let path = format!("/api/v1/bundles/{bundle}/journal");
        let (status, body) = answer(self.api("supervisor").get(&path).await).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let entries = body["entries"].as_array().unwrap().iter();
        entries.filter_map(event_of).collect()
    }

    /// The entries of the case's journal, for that person.
    ///
    /// # Panics
    /// If they are not to be had.
    pub async fn entries(&self, case: &Case, key: &str) -> Vec<Value> {
        let path = format!("/api/v1/cases/{}/journal", case.id);
        let (status, body) = answer(self.api(key).get(&path).await).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["entries"].as_array().unwrap().clone()
    }

    /// The events of the case that its supervisor reads.
    pub async fn events(&self, case: &Case) -> Vec<Value> {
        let entries = self.entries(case, "supervisor").await;
        entries.iter().filter_map(event_of).collect()
    }

    /// The last event of that type.
    ///
    /// # Panics
    /// If there is none.
    pub async fn event(&self, case: &Case, kind: &str) -> Value {
        let events = self.events(case).await;
        let last = events.into_iter().rev().find(|event| event["type"] == kind);
        last.unwrap_or_else(|| panic!("the case has no {kind}"))
    }

    /// How many events of that type the case has.
    pub async fn count(&self, case: &Case, kind: &str) -> usize {
        let events = self.events(case).await;
        events.iter().filter(|event| event["type"] == kind).count()
    }

    /// # Panics
    /// If the case is not to be seen.
    pub async fn stage(&self, case: &Case) -> String {
        let path = format!("/api/v1/cases/{}", case.id);
        let (_, body) = answer(self.api("supervisor").get(&path).await).await;
        body["course"]["stage"].as_str().unwrap().to_owned()
    }

    /// The case's papers once there are as many as that; their kinds in order.
    ///
    /// # Panics
    /// If they do not come, or one cannot be had.
    pub async fn papers(&self, case: &Case, count: usize) -> Vec<String> {
        let path = format!("/api/v1/cases/{}/papers", case.id);
        let api = self.api("supervisor");
        let papers = within("the papers of a case", async {
            loop {
                let (_, body) = answer(api.get(&path).await).await;
                let papers = body["papers"].as_array().unwrap().clone();
                if papers.len() >= count {
                    return papers;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        })
        .await;
        let mut kinds = Vec::new();
        for paper in papers {
            let kind = paper["kind"].as_str().unwrap();
            let pdf = api
                .get(&format!("{path}/{}/{kind}.pdf", paper["seq"]))
                .await;
            let bytes = pdf.bytes().await.unwrap();
            assert!(bytes.starts_with(b"%PDF-"), "{kind}");
            kinds.push(kind.to_owned());
        }
        kinds
    }
}

async fn answer(response: reqwest::Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, response.json().await.unwrap())
}
