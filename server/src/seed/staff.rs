//! Example staff of every department, and example experts.

use kanjie_domain::{PersonId, Role};
use kanjie_store::{NewAccount, Person, StoreError};
use serde::Serialize;

use super::district::{District, Named};
use crate::auth::{password, totp};
use crate::error::Failure;
use crate::services::Services;

/// Posts of a department: what an id ends with, what its holder is called, and as what he works.
const POSTS: [(&str, &str, &[Role]); 2] = [
    (
        "surveyor",
        "勘验员",
        &[Role::Surveyor, Role::DepartmentReviewer],
    ),
    ("approver", "审批员", &[Role::Approver, Role::Chair]),
];

/// How all of them come in: one password and one secret for examples.
#[derive(Clone, Debug, Serialize)]
pub struct SeededStaff {
    /// `d01-surveyor`, `d01-approver`, …
    pub users: Vec<String>,
    pub password: String,
    /// Base 32; SHA-1, six digits, 30 s.
    pub totp_secret: String,
}

/// Who holds a post; the same in every store.
#[must_use]
pub fn staff_id(department: &str, post: &str) -> PersonId {
    PersonId(format!("example-{}-{post}", department.to_lowercase()))
}

/// Makes them, where they are not there yet.
///
/// # Errors
/// When the store fails.
pub async fn load(services: &Services, district: &District) -> Result<SeededStaff, Failure> {
    let word = format!("shili-{}", hex::encode(services.env.random::<6>()));
    let secret = totp::new_secret(services.env.as_ref());
    // One digest for all: to make sixty takes long.
    let password_hash = password::hash(&word)?;
    let mut users = Vec::new();
    for department in &district.departments {
        for (post, title, roles) in POSTS {
            let person = person(department, post, title);
            let user = format!("{}-{post}", department.code.to_lowercase());
            let account = NewAccount {
                user: user.clone(),
                person: person.id.clone(),
                password_hash: password_hash.clone(),
                totp_secret: secret.clone(),
                roles: roles.iter().copied().collect(),
                created_at: services.env.now(),
            };
            match services.store.add_staff(&person, &account).await {
                Ok(()) => users.push(user),
                Err(StoreError::Exists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(SeededStaff {
        users,
        password: word,
        totp_secret: totp::base32(&secret),
    })
}

/// Whoever surveys, or decides, in a department; nobody for another post.
#[must_use]
pub fn holder(department: &Named, post: &str) -> Option<Person> {
    let mut posts = POSTS.iter();
    let (post, title, _) = posts.find(|(of, _, _)| *of == post)?;
    Some(person(department, post, title))
}

fn person(department: &Named, post: &str, title: &str) -> Person {
    Person {
        id: staff_id(&department.code, post),
        name: format!("示例{title}{}", department.code),
        organisation: department.name.clone(),
        department: Some(department.name.clone()),
        phone: String::from("13800000000"),
    }
}
