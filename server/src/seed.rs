//! Demonstration data: people that are plainly examples, sessions that begin now, and a district around them with cases.

mod company;
mod dice;
pub mod district;
mod maker;
pub mod many;
mod player;
mod script;
mod staff;

use std::collections::BTreeMap;
use std::fmt;

use kanjie_domain::event::Mode;
use kanjie_domain::seed::templates;
use kanjie_domain::site::Site;
use kanjie_domain::template::Template;
use kanjie_domain::{CaseBrief, PersonId, Role};
use kanjie_store::Person;
use serde::Serialize;

use crate::auth::totp;
use crate::cli::add_staff;
use crate::error::Failure;
use crate::files;
use crate::scheduling::{self, NewSession, participant};
use crate::services::Services;
use district::District;
use staff::SeededStaff;

/// The examples' registered place and fence.
const EXAMPLE_SITE: Site = Site {
    lat_e7: 391_234_567,
    lon_e7: 1_172_000_000,
    fence_m: 300,
};
const BUREAU: &str = "示例区行政审批局";

/// The joining department of the first session: its opinion is needed there (R37).
const JOINING: &str = "示例区市场监督管理局";

/// How many check items the short session has.
const SHORT: usize = 6;

/// What was seeded, and how everybody comes in. Demonstration data: nothing in it is a secret.
#[derive(Debug, Serialize)]
pub struct Seeded {
    pub address: String,
    /// Session ids by name: `journey`, `crash`, `other`.
    pub sessions: BTreeMap<&'static str, String>,
    pub people: BTreeMap<&'static str, SeededPerson>,
    /// Of the district; absent where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff: Option<SeededStaff>,
}

/// One person and how they come in.
#[derive(Debug, Serialize)]
pub struct SeededPerson {
    pub person: PersonId,
    pub name: String,
    pub roles: Vec<Role>,
    pub phone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Base 32; SHA-1, six digits, 30 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp_secret: Option<String>,
    /// Tokens of personal links by session name.
    pub links: BTreeMap<&'static str, String>,
}

/// Who is to be made.
struct Example {
    key: &'static str,
    name: &'static str,
    organisation: &'static str,
    phone: &'static str,
    /// `None`: comes in by link.
    user: Option<&'static str>,
    roles: &'static [Role],
    sessions: &'static [&'static str],
}

const PEOPLE: [Example; 7] = [
    Example {
        key: "surveyor_1",
        name: "示例勘验员甲",
        organisation: BUREAU,
        phone: "13800000001",
        user: Some("surveyor1"),
        roles: &[Role::Surveyor],
        sessions: &["journey", "crash"],
    },
    Example {
        key: "surveyor_2",
        name: "示例勘验员乙",
        organisation: JOINING,
        phone: "13800000002",
        user: Some("surveyor2"),
        roles: &[Role::Surveyor, Role::DepartmentReviewer],
        sessions: &["journey", "crash"],
    },
    Example {
        key: "chair",
        name: "示例主持人",
        organisation: BUREAU,
        phone: "13800000003",
        user: Some("chair"),
        roles: &[Role::Chair, Role::Approver],
        sessions: &["journey", "crash", "other"],
    },
    Example {
        key: "expert",
        name: "示例专家",
        organisation: "示例食品安全研究所",
        phone: "13800000004",
        user: None,
        roles: &[Role::Expert],
        sessions: &["journey", "crash"],
    },
    Example {
        key: "applicant",
        name: "示例申请人",
        organisation: "示例餐饮有限公司",
        phone: "13800000005",
        user: None,
        roles: &[Role::Applicant],
        sessions: &["journey", "crash"],
    },
    Example {
        key: "supervisor",
        name: "示例监督员",
        organisation: "示例区监察机构",
        phone: "13800000006",
        user: Some("supervisor"),
        roles: &[Role::Supervisor],
        sessions: &["journey", "crash"],
    },
    Example {
        key: "other_applicant",
        name: "示例另案申请人",
        organisation: "示例面馆",
        phone: "13800000007",
        user: None,
        roles: &[Role::Applicant],
        sessions: &["other"],
    },
];

/// Makes people, sessions and the district with a case at every stage that needs no survey held; the store must hold none of the first two yet.
///
/// # Errors
/// As [`run`].
pub async fn everything(services: &Services, address: &str) -> Result<Seeded, Failure> {
    let mut seeded = run(services, address).await?;
    let district = District::example()?;
    district::load(services, &district).await?;
    seeded.staff = Some(staff::load(services, &district).await?);
    many::every_stage(services, &district).await?;
    Ok(seeded)
}

/// Makes so many cases more, and the district where it is not there yet.
///
/// # Errors
/// When a case of this seed is there already, or the store fails.
pub async fn more(services: &Services, cases: u64, seed: u64) -> Result<(), Failure> {
    let district = District::example()?;
    district::load(services, &district).await?;
    staff::load(services, &district).await?;
    many::make(services, &district, cases, seed).await
}

/// Makes people and sessions; the store must hold none of them yet.
///
/// # Errors
/// When any of it exists already, or the store fails.
pub async fn run(services: &Services, address: &str) -> Result<Seeded, Failure> {
    let mut seeded = Seeded {
        address: address.to_owned(),
        sessions: BTreeMap::new(),
        people: BTreeMap::new(),
        staff: None,
    };
    let mut persons = BTreeMap::new();
    for example in &PEOPLE {
        let (person, how) = add(services, example).await?;
        persons.insert(example.key, person);
        seeded.people.insert(example.key, how);
    }
    for (name, new) in sessions(services, &persons)? {
        let session = scheduling::create(services, new).await?;
        for example in PEOPLE.iter().filter(|e| e.sessions.contains(&name)) {
            if let (None, Some(how)) = (example.user, seeded.people.get_mut(example.key)) {
                let token = scheduling::invite(services, &session, &how.person).await?;
                how.links.insert(name, token.text());
            }
        }
        seeded.sessions.insert(name, session);
    }
    Ok(seeded)
}

/// Seeds an empty store; says how everybody comes in, also when it was seeded before.
///
/// # Errors
/// As [`run`], or when what was said the first time cannot be kept or found again.
pub async fn once(services: &Services, address: &str) -> Result<String, Failure> {
    let kept = services.config.data.join("demo.txt");
    if services.store.has_sessions().await? {
        return match std::fs::read_to_string(&kept) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(Failure::Usage(format!(
                    "{} holds other data: --demo needs a directory of its own",
                    services.config.data.display()
                )))
            }
            Err(error) => Err(Failure::file(kept)(error)),
        };
    }
    let text = everything(services, address).await?.to_string();
    files::write_new_private(&kept, text.as_bytes()).map_err(Failure::file(kept))?;
    Ok(text)
}

async fn add(services: &Services, example: &Example) -> Result<(Person, SeededPerson), Failure> {
    let person = Person {
        id: PersonId(services.env.new_id()),
        name: example.name.to_owned(),
        organisation: example.organisation.to_owned(),
        department: example
            .roles
            .contains(&Role::DepartmentReviewer)
            .then(|| example.organisation.to_owned()),
        phone: example.phone.to_owned(),
    };
    let mut how = SeededPerson {
        person: person.id.clone(),
        name: person.name.clone(),
        roles: example.roles.to_vec(),
        phone: person.phone.clone(),
        user: example.user,
        password: None,
        totp_secret: None,
        links: BTreeMap::new(),
    };
    if let Some(user) = example.user {
        let password = format!("shili-{}", hex::encode(services.env.random::<6>()));
        let roles = example.roles.iter().copied();
        let secret = add_staff(services, user.to_owned(), &person, roles, &password).await?;
        how.password = Some(password);
        how.totp_secret = Some(totp::base32(&secret));
    } else {
        services.store.add_person(&person).await?;
    }
    Ok((person, how))
}

/// The three sessions: journey A, a short one, and one of another case that the others have no business with.
fn sessions(
    services: &Services,
    persons: &BTreeMap<&'static str, Person>,
) -> Result<Vec<(&'static str, NewSession)>, Failure> {
    let catering = template("food_catering")?;
    let mut short = catering.clone();
    short.items.truncate(SHORT);
    short.version.push_str("-简");
    let make = |name: &'static str, number: u32, template: Template, applicant: &str| {
        let participants = PEOPLE
            .iter()
            .filter(|e| e.sessions.contains(&name))
            .filter_map(|e| Some(participant(persons.get(e.key)?, e.roles.iter().copied())))
            .collect();
        let new = NewSession {
            brief: brief(number, &template.title, applicant),
            template,
            participants,
            joining_departments: if name == "journey" {
                vec![String::from(JOINING)]
            } else {
                Vec::new()
            },
            mode: Mode::Hybrid,
            starts_at: services.env.now(),
            site: Some(EXAMPLE_SITE),
        };
        (name, new)
    };
    Ok(vec![
        make("journey", 1, catering, "示例餐饮有限公司"),
        make("crash", 2, short.clone(), "示例餐饮有限公司"),
        make("other", 3, short, "示例面馆"),
    ])
}

fn template(key: &str) -> Result<Template, Failure> {
    templates()
        .into_iter()
        .find(|template| template.key == key)
        .ok_or_else(|| Failure::Usage(format!("no template {key}")))
}

fn brief(number: u32, item_title: &str, applicant: &str) -> CaseBrief {
    CaseBrief {
        case_no: format!("SL-2026-{number:04}"),
        item_title: item_title.to_owned(),
        applicant: applicant.to_owned(),
        uscc: String::from("91000000MA0000000X"),
        address: format!("示例区示例产业园示例路{number}号"),
        authority: BUREAU.to_owned(),
        contact: String::from("示例联系人 010-00000000"),
    }
}

impl fmt::Display for Seeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "示例数据 (demonstration data)")?;
        for person in self.people.values() {
            writeln!(f, "\n{} {:?}", person.name, person.roles)?;
            if let (Some(user), Some(password), Some(secret)) =
                (person.user, &person.password, &person.totp_secret)
            {
                writeln!(f, "  user {user}  password {password}  TOTP {secret}")?;
            }
            for (name, token) in &person.links {
                let link = format!("{}/#/l/{token}", self.address);
                writeln!(f, "  {name}: {link}")?;
            }
            if !person.links.is_empty() {
                writeln!(f, "  codes go to {} (outbox.jsonl)", person.phone)?;
            }
        }
        if let Some(staff) = &self.staff {
            let (first, last) = (staff.users.first(), staff.users.last());
            let (first, last) = (first.map_or("", |u| u), last.map_or("", |u| u));
            writeln!(f, "\n各部门示例人员 (staff of the departments)")?;
            writeln!(
                f,
                "  users {first} … {last}  password {}  TOTP {}",
                staff.password, staff.totp_secret
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kanjie_store::JournalId;

    use super::*;
    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_session_begins_with_what_was_scheduled() {
        let app = TestApp::new().await;
        let session = &app.seeded.sessions["journey"];
        let journal = JournalId::Session(session.clone());
        let entries = app.services.store.entries(&journal, 0, 10).await.unwrap();
        assert_eq!(entries.len(), 1);
        let body = &entries[0].opened.as_ref().unwrap().body;
        assert!(kanjie_evidence::canonical::is_canonical(body.as_bytes()));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["actor"], "system");
        assert_eq!(body["event"]["type"], "scheduled");
        assert_eq!(body["event"]["session"], session.as_str());
        assert_eq!(body["event"]["participants"].as_array().unwrap().len(), 6);
        assert_eq!(
            body["event"]["template"]["items"].as_array().unwrap().len(),
            28
        );
    }

    #[tokio::test]
    async fn everything_seeded_is_plainly_an_example() {
        let app = TestApp::new().await;
        for person in app.seeded.people.values() {
            assert!(person.name.starts_with("示例"));
        }
        let told = app.seeded.to_string();
        assert!(told.contains("#/l/") && told.contains("TOTP"));
    }

    #[tokio::test]
    async fn seeding_twice_is_refused() {
        let app = TestApp::new().await;
        assert!(run(&app.services, "https://localhost").await.is_err());
    }
}
