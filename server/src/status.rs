//! The state of a case for applicants without an account: number and phone lead to a code on that phone, the code to the
//! state in plain words.
//!
//! Whoever asks gets the same answer at the same cost whether or not the two belong together: what they lead to is looked
//! up later, by [`Status::run`], and a code that nobody was sent is wrong like any other.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use kanjie_store::{CaseStanding, NewStatusRequest, StatusCheck, StatusRequest, StoreError};
use serde::Deserialize;

use crate::auth::codes::{ATTEMPTS, LIFE_US, six_digits};
use crate::auth::cookie::Token;
use crate::notices::To;
use crate::notices::texts::Kind;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;
use crate::texts::Lang;

/// How often questions are looked up: what comes of one shows no earlier in either case.
const LOOK: Duration = Duration::from_secs(1);
const BATCH: u32 = 50;

/// Keeps a question and returns what is needed to answer it with the code.
///
/// # Errors
/// When the store fails.
pub async fn ask(services: &Services, case_no: &str, phone: &str) -> Result<Token, Problem> {
    let token = Token::new(services.env.as_ref());
    let request = NewStatusRequest {
        asked_for: token.digest(),
        case_no: case_no.to_owned(),
        phone: phone.to_owned(),
        // Nobody knows this code: the one that is sent is made when the question is looked up.
        code_hash: services.env.random(),
        expires_at: services.env.now() + LIFE_US,
        attempts: ATTEMPTS,
    };
    services.store.ask_status(&request).await?;
    Ok(token)
}

/// Tries a code.
///
/// # Errors
/// `code_wrong` with the number of tries left, `code_expired` where it takes a fresh question.
pub async fn answer(
    services: &Services,
    token: &Token,
    code: &str,
    lang: Lang,
) -> Result<Standing, Problem> {
    let asked_for = token.digest();
    let digest = digest(services, &asked_for, code);
    let now = services.env.now();
    let case = match services.store.try_status(&asked_for, &digest, now).await? {
        StatusCheck::Right { case } => case,
        StatusCheck::Wrong { attempts_left } => {
            return Err(Problem {
                code: ProblemCode::CodeWrong,
                missing: vec![attempts_left.to_string()],
            });
        }
        StatusCheck::Absent => return Err(ProblemCode::CodeExpired.into()),
    };
    let standing = services.store.case_standing(&case).await?;
    Ok(Standing::of(standing.ok_or(ProblemCode::NotFound)?, lang))
}

fn digest(services: &Services, asked_for: &[u8], code: &str) -> [u8; 32] {
    // No link leads to a place of this name.
    services
        .codes
        .digest("status", &hex::encode(asked_for), code)
}

/// Where a case stands, in words.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    pub case_no: String,
    pub item_title: String,
    /// As in rules.md, States; where lists do not know the case, `session_` and the stage of its last session.
    pub state: String,
    pub title: &'static str,
    /// What comes next.
    pub next: &'static str,
    /// Of its session, where that has not begun, UTC µs.
    pub appointment: Option<i64>,
}

impl Standing {
    fn of(standing: CaseStanding, lang: Lang) -> Self {
        let session = standing.session.as_ref();
        let appointment = session.filter(|(stage, _)| stage == "scheduled");
        let state = match (&standing.stage, session) {
            (Some(stage), _) => stage.clone(),
            (None, Some((stage, _))) => format!("session_{stage}"),
            (None, None) => String::from("received"),
        };
        let (title, next) = words(&state, lang);
        Self {
            appointment: appointment.map(|(_, at)| *at),
            case_no: standing.case_no,
            item_title: standing.item_title,
            state,
            title,
            next,
        }
    }
}

#[derive(Deserialize)]
struct Words {
    zh: (String, String),
    en: (String, String),
}

fn all() -> &'static BTreeMap<String, Words> {
    static ALL: OnceLock<BTreeMap<String, Words>> = OnceLock::new();
    // A test holds that the file parses and knows every state.
    ALL.get_or_init(|| serde_json::from_str(include_str!("status.json")).unwrap_or_default())
}

fn words(state: &str, lang: Lang) -> (&'static str, &'static str) {
    let words = all().get(state).map(|words| match lang {
        Lang::Zh => &words.zh,
        Lang::En => &words.en,
    });
    words.map_or(("", ""), |(title, next)| (title.as_str(), next.as_str()))
}

/// Looks questions up, and forgets those that are past; never returns.
pub async fn run(services: Services) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        if let Err(error) = look_up(&services).await {
            tracing::error!(%error, "status");
        }
    }
}

/// Looks up every question that waits.
///
/// # Errors
/// When the store fails.
pub async fn look_up(services: &Services) -> Result<(), StoreError> {
    let now = services.env.now();
    loop {
        let waiting = services.store.waiting_status(now, BATCH).await?;
        if waiting.is_empty() {
            break;
        }
        for request in &waiting {
            look_up_one(services, request).await?;
        }
    }
    services.store.clear_status(now).await
}

async fn look_up_one(services: &Services, request: &StatusRequest) -> Result<(), StoreError> {
    let store = &services.store;
    let asked_for = request.asked_for.as_slice();
    let found = store.status_case(&request.case_no, &request.phone).await?;
    let Some((case, session)) = found else {
        let nothing = services.env.random();
        return store
            .status_looked_up(asked_for, None, &nothing, None)
            .await;
    };
    let code = six_digits(services);
    let to = To {
        recipient: &request.phone,
        session: session.as_deref(),
        case: None,
        life: Some(LIFE_US),
    };
    let notice = services.notices.write_code(Kind::CodeStatus, to, &code);
    let digest = digest(services, asked_for, &code);
    store
        .status_looked_up(asked_for, Some(&case), &digest, notice.as_ref())
        .await?;
    services.notices.wake();
    Ok(())
}

#[cfg(test)]
mod tests;
