//! One-time codes to the registered phone.

use kanjie_domain::PersonId;
use kanjie_store::{CodeCheck, LinkTo, NewCode, Purpose};

use crate::notices::To;
use crate::notices::texts::Kind;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// How long a code is good for, µs.
pub const LIFE_US: i64 = 10 * 60 * 1_000_000;
/// Tries that a code allows.
pub const ATTEMPTS: u8 = 5;

/// Makes a code, keeps its digest, and sends it.
///
/// # Errors
/// When the store fails.
pub async fn send(
    services: &Services,
    link: &LinkTo,
    person: &PersonId,
    phone: &str,
    purpose: Purpose,
) -> Result<(), Problem> {
    let code = six_digits(services);
    services
        .store
        .put_code(&NewCode {
            to: link.clone(),
            person: person.clone(),
            purpose,
            code_hash: services.codes.digest(&link.key(), &person.0, &code),
            expires_at: services.env.now() + LIFE_US,
            attempts: ATTEMPTS,
        })
        .await?;
    let kind = match purpose {
        Purpose::Device => Kind::CodeDevice,
        Purpose::Act => Kind::CodeAct,
    };
    let to = To {
        recipient: phone,
        session: link.session(),
        case: link.case(),
        life: Some(LIFE_US),
    };
    services.notices.send_code(kind, to, &code).await?;
    Ok(())
}

/// Tries a code.
///
/// # Errors
/// `code_wrong` with the number of tries left, `code_expired` where a fresh one is needed.
pub async fn check(
    services: &Services,
    link: &LinkTo,
    person: &PersonId,
    code: &str,
    purpose: Purpose,
) -> Result<(), Problem> {
    let digest = services.codes.digest(&link.key(), &person.0, code);
    let now = services.env.now();
    match services
        .store
        .try_code(link, person, purpose, &digest, now)
        .await?
    {
        CodeCheck::Right => Ok(()),
        CodeCheck::Wrong { attempts_left } => Err(Problem {
            code: ProblemCode::CodeWrong,
            missing: vec![attempts_left.to_string()],
        }),
        CodeCheck::Absent => Err(ProblemCode::CodeExpired.into()),
    }
}

/// Six digits, each number as likely as any other.
#[must_use]
pub fn six_digits(services: &Services) -> String {
    // The largest multiple of a million below 2^32: what lies above would favour small numbers.
    const BOUND: u32 = 4_294_000_000;
    loop {
        let number = u32::from_be_bytes(services.env.random());
        if number < BOUND {
            return format!("{:06}", number % 1_000_000);
        }
    }
}
