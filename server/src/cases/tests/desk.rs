//! A window of the bureau: short ways to say what people do with a case.

use axum::http::StatusCode;
use kanjie_domain::PersonId;
use serde_json::{Value, json};

use crate::cases::effects;
use crate::testing::{Answer, TestApp};

pub struct Desk {
    pub app: TestApp,
    pub handler: String,
    pub approver: String,
    pub supervisor: String,
}

/// A case that was made, with its applicant.
#[derive(Clone)]
pub struct Made {
    pub case: String,
    pub case_no: String,
    pub applicant: PersonId,
    pub phone: String,
}

impl Desk {
    pub async fn open() -> Self {
        Self::of(TestApp::new().await).await
    }

    /// Whoever works there signs in (anew).
    pub async fn of(app: TestApp) -> Self {
        Self {
            handler: app.sign_in("surveyor1").await,
            approver: app.sign_in("chair").await,
            supervisor: app.sign_in("supervisor").await,
            app,
        }
    }

    pub async fn case(&self, item: &str, number: u32) -> Made {
        let phone = format!("1390000{number:04}");
        let applicant = json!({"name": "示例申请人", "phone": phone, "organisation": "示例公司"});
        self.made(item, applicant, phone).await
    }

    /// Another case of the same applicant.
    pub async fn case_of(&self, other: &Made, item: &str) -> Made {
        let applicant = json!(other.applicant);
        self.made(item, applicant, other.phone.clone()).await
    }

    async fn made(&self, item: &str, applicant: Value, phone: String) -> Made {
        let body = json!({
            "item": item,
            "applicant": applicant,
            "brief": {
                "applicant": "示例公司", "uscc": "91000000MA0000000X", "address": "示例区示例路1号",
                "authority": "示例区行政审批局", "contact": "010-00000000",
            },
        });
        let made = self.app.post("/api/v1/cases", &self.handler, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let made = made.json();
        Made {
            case: text(&made["case"]),
            case_no: text(&made["case_no"]),
            applicant: PersonId(text(&made["applicant"])),
            phone,
        }
    }

    pub async fn try_act(&self, case: &Made, cookie: &str, command: Value) -> Answer {
        let path = format!("/api/v1/cases/{}/acts", case.case);
        self.app
            .post(&path, cookie, json!({"command": command}))
            .await
    }

    /// A command of the handler that must be accepted.
    pub async fn act(&self, case: &Made, command: Value) -> u64 {
        self.act_as(case, &self.handler, command).await
    }

    pub async fn act_as(&self, case: &Made, cookie: &str, command: Value) -> u64 {
        let told = command.to_string();
        let answer = self.try_act(case, cookie, command).await;
        assert_eq!(answer.status, StatusCode::OK, "{told}: {answer:?}");
        answer.json()["seq"].as_u64().unwrap()
    }

    pub async fn refused(&self, case: &Made, command: Value) -> String {
        self.try_act(case, &self.handler, command).await.code()
    }

    /// Everything in, but what is named.
    pub async fn hand_in(&self, case: &Made, but: &[&str]) {
        for listed in self.guide(case).await {
            let code = text(&listed["code"]);
            if but.contains(&code.as_str()) || listed["need"] == "optional" {
                continue;
            }
            if listed["supply"]["by"] == "sharing" {
                let take =
                    json!({"type": "take_shared", "material": code, "sha256": "1".repeat(64)});
                self.act(case, take).await;
            } else {
                self.submit(case, &code).await;
            }
        }
        self.act(case, json!({"type": "receive"})).await;
    }

    /// Uploaded and submitted by the handler.
    pub async fn submit(&self, case: &Made, material: &str) {
        self.submit_as(case, &self.handler, material).await;
    }

    pub async fn submit_as(&self, case: &Made, cookie: &str, material: &str) {
        let file = self.upload(case, cookie, material).await;
        self.act_as(case, cookie, submission(material, &file)).await;
    }

    /// What a submission says of a file that was uploaded.
    pub async fn upload(&self, case: &Made, cookie: &str, material: &str) -> Value {
        let bytes = format!("%PDF-1.7\n% {material}\n");
        let upload = self
            .app
            .upload(&case.case, cookie, "材料.pdf", bytes.as_bytes());
        upload.await
    }

    async fn guide(&self, case: &Made) -> Vec<Value> {
        let events = self.events(case, &self.handler).await;
        let opened = events
            .iter()
            .find(|event| event["type"] == "application_opened");
        opened.unwrap()["guide"]["materials"]
            .as_array()
            .unwrap()
            .clone()
    }

    pub async fn accepted(&self, item: &str, number: u32) -> Made {
        let case = self.case(item, number).await;
        self.hand_in(&case, &[]).await;
        self.act(&case, json!({"type": "accept"})).await;
        case
    }

    pub async fn view(&self, case: &Made, cookie: &str) -> Answer {
        let path = format!("/api/v1/cases/{}", case.case);
        self.app.get(&path, cookie).await
    }

    pub async fn stage(&self, case: &Made) -> String {
        text(&self.view(case, &self.handler).await.json()["course"]["stage"])
    }

    /// The events that this caller may read, in order.
    pub async fn events(&self, case: &Made, cookie: &str) -> Vec<Value> {
        let path = format!("/api/v1/cases/{}/journal", case.case);
        let answer = self.app.get(&path, cookie).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let entries = answer.json()["entries"].as_array().unwrap().clone();
        let bodies = entries.iter().filter_map(|entry| entry["body"].as_str());
        bodies
            .map(|body| serde_json::from_str::<Value>(body).unwrap()["event"].take())
            .collect()
    }

    pub async fn papers(&self, case: &Made, cookie: &str) -> Vec<Value> {
        let path = format!("/api/v1/cases/{}/papers", case.case);
        let answer = self.app.get(&path, cookie).await;
        answer.json()["papers"].as_array().unwrap().clone()
    }

    /// Everything that follows from what was journalled.
    pub async fn settle(&self) {
        loop {
            let round = effects::work(&self.app.services).await.unwrap();
            assert!(round.failed.is_empty(), "{:?}", round.failed);
            if round.done + round.overtaken == 0 {
                break;
            }
        }
    }

    /// What went out to a phone of the course of a case, beside the link with which it begins.
    pub async fn told(&self, phone: &str) -> Vec<String> {
        let mut sent = self.sent(phone).await;
        sent.retain(|text| !text.contains("已登记"));
        sent
    }

    /// Everything that went out to a phone.
    pub async fn sent(&self, phone: &str) -> Vec<String> {
        while self.app.services.notices.deliver_due().await.unwrap() > 0 {}
        let outbox = self.app.services.config.data.join("outbox.jsonl");
        let lines = std::fs::read_to_string(outbox).unwrap_or_default();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|line| line["to"] == phone)
            .map(|line| text(&line["text"]))
            .collect()
    }

    /// Everybody signs in again.
    pub async fn days_later(self, days: i64) -> Self {
        self.app.env.pass(days * 24 * 3_600);
        Self {
            handler: self.app.sign_in("surveyor1").await,
            approver: self.app.sign_in("chair").await,
            supervisor: self.app.sign_in("supervisor").await,
            app: self.app,
        }
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub fn submission(material: &str, file: &Value) -> Value {
    json!({"type": "submit_material", "material": material, "file": file})
}
