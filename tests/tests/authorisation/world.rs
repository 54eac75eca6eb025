//! A world in which for every role and relation somebody is really there: cases with everybody in them, with nobody assigned,
//! and with everybody recused.

use std::collections::BTreeMap;
use std::time::Duration;

use kanjie_tests::{Api, Bureau, Case, Review, TestServer};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::seats::Of;

pub struct World {
    pub server: TestServer,
    pub office: Bureau,
    pub ids: BTreeMap<&'static str, String>,
    pub cases: BTreeMap<Of, Case>,
    pub sessions: BTreeMap<Of, String>,
    pub bundles: BTreeMap<Of, String>,
    /// The people of the session, by the keys of the room.
    pub cast: Bureau,
    pub review: Review,
    /// Evidence of the session, once there is one.
    pub still: String,
}

/// With an account, and one role each; the second row has a part in nothing.
const ACCOUNTS: [(&str, &str); 18] = [
    ("surveyor", "surveyor"),
    ("presiding", "chair"),
    ("approver", "approver"),
    ("reviewer", "department_reviewer"),
    ("expert", "expert"),
    ("unsigned", "expert"),
    ("party", "interested_party"),
    ("watcher", "supervisor"),
    ("administrator", "administrator"),
    ("operator", "operator"),
    ("surveyor_b", "surveyor"),
    ("presiding_b", "chair"),
    ("approver_b", "approver"),
    ("reviewer_b", "department_reviewer"),
    ("expert_b", "expert"),
    ("party_b", "interested_party"),
    ("watcher_b", "supervisor"),
    ("operator_b", "operator"),
];

const STAFF: [(&str, &str); 4] = [
    ("surveyor", "surveyor"),
    ("presiding", "chair"),
    ("approver", "approver"),
    ("reviewer", "department_reviewer"),
];

const RECUSED: [&str; 10] = [
    "surveyor",
    "presiding",
    "approver",
    "reviewer",
    "expert",
    "party",
    "watcher",
    "administrator",
    "operator",
    "helper_r",
];

/// Phones of those who come by link.
const PHONES: [(&str, &str); 8] = [
    ("applicant", "13911120001"),
    ("agent", "13911120002"),
    ("helper", "13911120003"),
    ("applicant_o", "13911120004"),
    ("agent_o", "13911120005"),
    ("helper_o", "13911120006"),
    ("applicant_r", "13911120007"),
    ("helper_r", "13911120008"),
];

fn phone(who: &str) -> &'static str {
    PHONES.iter().find(|(of, _)| *of == who).unwrap().1
}

impl World {
    pub async fn open() -> Self {
        let mut server = TestServer::start_with_own_clock().await;
        let mut office = Bureau::open(&server).await;
        hire(&server, &mut office, &["party"]).await;
        let agents = [phone("agent")];
        let surveyor = [("surveyor_1", "surveyor")];
        let part = office
            .accepted_with_agents("hygiene_beauty", phone("applicant"), &agents, &surveyor)
            .await;
        notify(&office, &part, "party").await;
        let stated = json!({"type": "state", "text": "没有意见（示例）。"});
        office.act(&part, "party", stated).await;
        // The days in which he may ask to be heard pass (R35), with whatever holidays there are.
        server.pass(Duration::from_secs(25 * 24 * 3_600));
        office.come_back(&server).await;
        let others = ACCOUNTS.iter().map(|(who, _)| *who);
        let others: Vec<_> = others.filter(|who| *who != "party").collect();
        hire(&server, &mut office, &others).await;
        Self::with_cases(server, office, part).await
    }

    async fn with_cases(server: TestServer, office: Bureau, part: Case) -> Self {
        let item = "hygiene_beauty";
        let agents = [phone("agent_o")];
        let open = office
            .accepted_with_agents(item, phone("applicant_o"), &agents, &[])
            .await;
        let helpers = [phone("helper"), phone("helper_o"), phone("helper_r")];
        let other = office
            .accepted_with_agents(item, "13911120009", &helpers, &[])
            .await;
        let surveyor = [("surveyor_1", "surveyor")];
        let recused = office.accepted(item, phone("applicant_r"), &surveyor).await;
        let mut ids = BTreeMap::from([
            ("applicant", part.applicant.clone()),
            ("agent", part.agents[0].clone()),
            ("applicant_o", open.applicant.clone()),
            ("agent_o", open.agents[0].clone()),
        ]);
        for (who, id) in ["helper", "helper_o", "helper_r"].iter().zip(&other.agents) {
            ids.insert(who, id.clone());
        }
        for (who, _) in ACCOUNTS {
            ids.insert(who, office.id(who).to_owned());
        }
        let bundles = BTreeMap::from([
            (Of::Part, bundle(&office, [&part, &open]).await),
            (Of::Recused, bundle(&office, [&recused, &other]).await),
        ]);
        let cases = BTreeMap::from([(Of::Part, part), (Of::Open, open), (Of::Recused, recused)]);
        people(&server, &office, &cases).await;
        let sessions = sessions(&office, &cases, &ids).await;
        let mut office = office;
        for who in ["applicant_o", "agent_o", "helper_o", "helper_r"] {
            let api = by_link(&server, who).await;
            office.apis.insert(who, api);
        }
        recuse(&office, &cases[&Of::Recused], &ids).await;
        let cast = cast(&office);
        let case = (&cases[&Of::Part], sessions[&Of::Part].as_str());
        let review = live(&server, &mut office, &cast, case, &ids).await;
        Self {
            server,
            office,
            ids,
            cases,
            sessions,
            bundles,
            cast,
            review,
            still: String::new(),
        }
    }

    /// The bundle that the case is in.
    pub fn bundle(&self, of: Of) -> &str {
        match of {
            Of::Part | Of::Open => &self.bundles[&Of::Part],
            Of::Recused => &self.bundles[&Of::Recused],
        }
    }

    /// The heads of all journals of cases and bundles.
    pub async fn heads(&self) -> Vec<u64> {
        let cases = self.cases.values().map(|case| format!("cases/{}", case.id));
        let bundles = self.bundles.values().map(|id| format!("bundles/{id}"));
        let mut heads = Vec::new();
        for of in cases.chain(bundles) {
            let path = format!("/api/v1/{of}");
            let (_, view) = answer(self.office.api("supervisor").get(&path).await).await;
            heads.push(view["head"].as_u64().unwrap());
        }
        heads
    }
}

/// What came back, JSON or not.
pub async fn answer(response: reqwest::Response) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn hire(server: &TestServer, office: &mut Bureau, keys: &[&'static str]) {
    for (who, role) in ACCOUNTS.iter().filter(|(who, _)| keys.contains(who)) {
        let person = server.hire(who, "示例人员", None, &[role]);
        office.join(server, who, person).await;
    }
}

async fn notify(office: &Bureau, case: &Case, who: &str) {
    let notify = json!({
        "type": "notify_interested_party", "person": office.id(who), "interest": "相邻经营者（示例）",
    });
    office.act(case, "chair", notify).await;
}

async fn bundle(office: &Bureau, cases: [&Case; 2]) -> String {
    let cases = cases.map(|case| json!({"case": case.id, "department": "示例部门"}));
    let body = json!({"title": "示例联办", "lead_department": "示例部门", "cases": cases});
    let posted = office.api("surveyor_1").post("/api/v1/bundles", &body);
    let (status, made) = answer(posted.await).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made["bundle"].as_str().unwrap().to_owned()
}

/// Who is assigned, drawn, notified and approved.
async fn people(server: &TestServer, office: &Bureau, cases: &BTreeMap<Of, Case>) {
    for of in [Of::Part, Of::Recused] {
        office.draw(server, &cases[&of], &["expert"]).await;
        for (who, role) in STAFF {
            let assign = json!({"type": "assign_staff", "person": office.id(who), "role": role});
            office.act(&cases[&of], "chair", assign).await;
        }
    }
    let part = &cases[&Of::Part];
    office
        .draw_of(server, part, "示例未签", &["unsigned"])
        .await;
    notify(office, &cases[&Of::Open], "party").await;
    let approve = json!({
        "type": "approve_operator", "operator": office.id("operator"), "purpose": "示例排障",
        "until": (server.now() + 24 * 3_600) * 1_000_000,
    });
    office.act(&cases[&Of::Part], "chair", approve).await;
}

async fn sessions(
    office: &Bureau,
    cases: &BTreeMap<Of, Case>,
    ids: &BTreeMap<&'static str, String>,
) -> BTreeMap<Of, String> {
    let called = |who: &str, role: &str| json!({"person": ids[who], "roles": [role]});
    let called = [
        (
            Of::Part,
            vec![
                called("helper", "helper"),
                called("party", "interested_party"),
                called("watcher", "supervisor"),
            ],
        ),
        (Of::Open, vec![called("helper_o", "helper")]),
        (
            Of::Recused,
            vec![
                called("helper_r", "helper"),
                called("watcher", "supervisor"),
            ],
        ),
    ];
    let mut sessions = BTreeMap::new();
    for (of, participants) in called {
        let more = json!({"participants": participants});
        sessions.insert(of, office.schedule(&cases[&of], &more).await);
    }
    sessions
}

async fn by_link(server: &TestServer, who: &str) -> Api {
    let link = server.link_sent_to(phone(who), 1).await;
    Api::open_link(server, &link, phone(who)).await
}

/// Who works on the case and who stands beside it; the interested party was set aside before he was told of it.
async fn recuse(office: &Bureau, case: &Case, ids: &BTreeMap<&'static str, String>) {
    for who in RECUSED {
        let recuse = json!({"type": "record_recusal", "person": ids[who], "reason": "示例回避"});
        office.act(case, "chair", recuse).await;
    }
    notify(office, case, "party").await;
}

/// Who has an account in the room, by the keys of [`Review`].
const CAST: [&str; 6] = [
    "chair", "surveyor", "approver", "reviewer", "expert", "party",
];

fn cast(office: &Bureau) -> Bureau {
    let mut cast = Bureau {
        people: BTreeMap::new(),
        apis: BTreeMap::new(),
    };
    for key in CAST {
        let who = if key == "chair" { "presiding" } else { key };
        cast.people.insert(key, office.people[who].clone());
        cast.apis.insert(key, office.api(who).clone());
    }
    cast
}

/// All in the room but the supervisor, who waits at the door, where he may still use his microphone.
async fn live(
    server: &TestServer,
    office: &mut Bureau,
    cast: &Bureau,
    (case, session): (&Case, &str),
    ids: &BTreeMap<&'static str, String>,
) -> Review {
    let mut review = Review::live(server, cast, case, (session, 1), &CAST, &[]).await;
    office
        .apis
        .insert("applicant", review.apis["applicant"].clone());
    for who in ["agent", "helper"] {
        let api = by_link(server, who).await;
        review.bring(who, api.clone(), &ids[who]).await;
        office.apis.insert(who, api);
    }
    let watcher = office.api("watcher").clone();
    review.come("watcher", watcher, &ids["watcher"]).await;
    review
}
