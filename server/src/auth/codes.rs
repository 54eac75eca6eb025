//! One-time codes to the registered phone.

use kanjie_domain::PersonId;
use kanjie_store::{CodeCheck, NewCode, Purpose};

use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// How long a code is good for, µs.
const LIFE_US: i64 = 10 * 60 * 1_000_000;
const ATTEMPTS: u8 = 5;

/// Makes a code, keeps its digest, and sends it.
///
/// # Errors
/// When the store fails.
pub async fn send(
    services: &Services,
    session: &str,
    person: &PersonId,
    phone: &str,
    purpose: Purpose,
) -> Result<(), Problem> {
    let code = six_digits(services);
    services
        .store
        .put_code(&NewCode {
            session: session.to_owned(),
            person: person.clone(),
            purpose,
            code_hash: services.codes.digest(session, &person.0, &code),
            expires_at: services.env.now() + LIFE_US,
            attempts: ATTEMPTS,
        })
        .await?;
    let text = match purpose {
        Purpose::Device => {
            format!("【勘结】验证码 {code}，用于进入联合会审，10 分钟内有效。请勿告诉他人。")
        }
        Purpose::Act => {
            format!("【勘结】验证码 {code}，用于会审中的签名或签收，10 分钟内有效。请勿告诉他人。")
        }
    };
    services.notices.send(phone, text, Some(code)).await?;
    Ok(())
}

/// Tries a code.
///
/// # Errors
/// `code_wrong` with the number of tries left, `code_expired` where a fresh one is needed.
pub async fn check(
    services: &Services,
    session: &str,
    person: &PersonId,
    code: &str,
    purpose: Purpose,
) -> Result<(), Problem> {
    let digest = services.codes.digest(session, &person.0, code);
    let now = services.env.now();
    match services
        .store
        .try_code(session, person, purpose, &digest, now)
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
fn six_digits(services: &Services) -> String {
    // The largest multiple of a million below 2^32: what lies above would favour small numbers.
    const BOUND: u32 = 4_294_000_000;
    loop {
        let number = u32::from_be_bytes(services.env.random());
        if number < BOUND {
            return format!("{:06}", number % 1_000_000);
        }
    }
}
