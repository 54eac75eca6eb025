//! One case with its people, on a database of its own.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use kanjie_domain::case::Case;
use kanjie_domain::testing::{AGENT, APPLICANT, CHAIR, EXPERT, SURVEYOR_1, SURVEYOR_2, person};
use kanjie_domain::{CaseBrief, CaseCommand, PersonId, Role};
use kanjie_evidence::h;
use kanjie_store::{JournalId, NewAccount, NewUpload, Person};
use tempfile::TempDir;

use super::commands::MATERIAL;
use crate::cases::host::{self, Acting, Second};
use crate::cases::journal::{self, Folds};
use crate::cases::open::{self, NewCase};
use crate::cases::{CaseError, effects, import};
use crate::config::Config;
use crate::env::Env;
use crate::http::version::IfMatch;
use crate::rooms::journal::SessionJournal;
use crate::services::Services;
use crate::testing::TestEnv;
use crate::uploads;

pub const LEGAL: &str = "legal";
pub const NEIGHBOUR: &str = "neighbour";
pub const SUPERVISOR: &str = "supervisor";
pub const OPERATOR: &str = "operator";

pub const EVERYBODY: [&str; 10] = [
    APPLICANT, AGENT, SURVEYOR_1, SURVEYOR_2, CHAIR, LEGAL, NEIGHBOUR, EXPERT, SUPERVISOR, OPERATOR,
];

pub fn roles_of(who: &str) -> BTreeSet<Role> {
    match who {
        SURVEYOR_1 | SURVEYOR_2 => BTreeSet::from([Role::Surveyor]),
        CHAIR => BTreeSet::from([Role::Chair, Role::Approver]),
        LEGAL => BTreeSet::from([Role::DepartmentReviewer]),
        SUPERVISOR => BTreeSet::from([Role::Supervisor]),
        OPERATOR => BTreeSet::from([Role::Operator]),
        _ => BTreeSet::new(),
    }
}

pub struct Scene {
    _dir: TempDir,
    pub env: Arc<TestEnv>,
    pub services: Services,
    pub id: String,
}

impl Scene {
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: dir.path().join("data"),
            ..Config::default()
        };
        // How much one recipient gets within an hour is another test's.
        config.notices.per_recipient_hour = 10_000;
        let env = Arc::new(TestEnv::morning());
        let services = Services::open(config, Arc::clone(&env) as Arc<dyn Env>)
            .await
            .unwrap();
        for (n, who) in EVERYBODY.iter().enumerate() {
            add(&services, n, who).await;
        }
        let pool = serde_json::json!({"version": "示例-1", "experts": [
            {"code": EXPERT, "name": "示例专家", "organisation": "", "phone": "", "fields": ["结构"]},
        ]});
        let pool = serde_json::from_value(pool).unwrap();
        import::import(&services, pool).await.unwrap();
        let new = NewCase {
            item: String::from("outdoor_ad"),
            applicant: person(APPLICANT),
            agents: vec![person(AGENT)],
            brief: CaseBrief {
                case_no: String::new(),
                item_title: String::new(),
                applicant: String::from("示例公司"),
                uscc: String::from("91000000MA0000000X"),
                address: String::from("示例路1号"),
                authority: String::from("示例区行政审批局"),
                contact: String::from("010-00000000"),
            },
        };
        let (who, roles) = (person(SURVEYOR_1), roles_of(SURVEYOR_1));
        let made = open::create(&services, &who, &roles, &new).await.unwrap();
        Self {
            _dir: dir,
            env,
            services,
            id: made.case,
        }
    }

    pub async fn case(&self) -> Case {
        let folds = &self.services.folds;
        let loaded = journal::load::<Case>(&self.services.store, folds, &self.id).await;
        loaded.unwrap().state.clone()
    }

    /// The kinds of events that the case has.
    pub async fn kinds(&self) -> Vec<String> {
        let journal = JournalId::Case(self.id.clone());
        let entries = self.services.store.entries(&journal, 0, 10_000).await;
        let entries = entries.unwrap().into_iter();
        let kinds = entries.map(|entry| {
            let body: serde_json::Value = serde_json::from_str(entry.body().unwrap()).unwrap();
            body["event"]["type"].as_str().unwrap().to_owned()
        });
        kinds.collect()
    }

    /// True where it was done; a refusal is what may happen, anything else is not.
    pub async fn act(&self, who: &str, command: &CaseCommand) -> bool {
        let (person, roles) = (person(who), roles_of(who));
        let acting = Acting {
            person: &person,
            roles: &roles,
        };
        if let CaseCommand::SubmitMaterial { .. } = command {
            self.upload(&person).await;
        }
        let done = host::act(
            &self.services,
            &self.id,
            acting,
            command,
            Second::None,
            &IfMatch::Any,
        )
        .await;
        match done {
            Ok(_) => true,
            Err(CaseError::Refused(_) | CaseError::NotFound) => false,
            Err(error) => panic!("{who} {command:?}: {error}"),
        }
    }

    /// What a submission needs, once for each person.
    async fn upload(&self, person: &PersonId) {
        let store = &self.services.store;
        let digest = h(&[MATERIAL]).0;
        let there = store.whole_upload(&self.id, person, &digest).await.unwrap();
        if there.is_some() {
            return;
        }
        let new = NewUpload {
            id: self.services.env.new_id(),
            person: person.clone(),
            case: self.id.clone(),
            name: String::from("材料.pdf"),
            media_type: String::from("application/pdf"),
            total: i64::try_from(MATERIAL.len()).unwrap(),
            created_at: self.env.now(),
            expires_at: self.env.now() + uploads::LIFE_US,
        };
        assert!(store.add_upload(&new, uploads::QUOTA).await.unwrap());
        let upload = store.upload(&new.id).await.unwrap().unwrap();
        let body = Body::from(MATERIAL);
        let received = uploads::receive(&self.services, &upload, None, body).await;
        assert_eq!(received.unwrap().offset, new.total);
        uploads::settle(&self.services, &upload).await.unwrap();
    }

    /// The session that has no result yet.
    pub async fn session(&self) -> Option<SessionJournal> {
        let case = self.case().await;
        let last = case.session_order.last()?;
        let open = case.sessions[last].head.is_none();
        let store = self.services.store.clone();
        if open {
            Some(SessionJournal::load(store, last).await.unwrap())
        } else {
            None
        }
    }

    pub async fn is_sealed(&self) -> bool {
        let session = self.session().await;
        session.is_some_and(|session| session.state.matters[0].sealed().is_some())
    }

    pub async fn settle(&self) {
        loop {
            let round = effects::work(&self.services).await.unwrap();
            assert!(round.failed.is_empty(), "{:?}", round.failed);
            if round.done + round.overtaken == 0 {
                break;
            }
        }
    }

    /// What follows from entries, cut off where it stands after so many polls; then another process, which knows nothing.
    pub async fn die(&mut self, polls: u8) {
        {
            let mut work = pin!(effects::work(&self.services));
            let mut left = polls;
            std::future::poll_fn(|cx| {
                left = left.saturating_sub(1);
                if work.as_mut().poll(cx).is_ready() || left == 0 {
                    return Poll::Ready(());
                }
                Poll::Pending
            })
            .await;
        }
        self.services.folds = Arc::new(Folds::default());
    }
}

async fn add(services: &Services, number: usize, who: &str) {
    let known = Person {
        id: PersonId(who.to_owned()),
        name: format!("示例{who}"),
        organisation: String::from("示例单位"),
        department: None,
        phone: format!("1370000{number:04}"),
    };
    let roles = roles_of(who);
    if roles.is_empty() {
        return services.store.add_person(&known).await.unwrap();
    }
    let account = NewAccount {
        user: who.to_owned(),
        person: known.id.clone(),
        password_hash: String::from("-"),
        totp_secret: vec![1; 20],
        roles,
        created_at: 1,
    };
    services.store.add_staff(&known, &account).await.unwrap();
}
