//! The fresh second factor of one act: TOTP or a passkey for staff, a phone code for those who came by a link.

use kanjie_domain::{Factor, FactorKind};
use kanjie_store::Purpose;
use serde::Deserialize;

use crate::auth::attempts::Attempt;
use crate::auth::passkey::act::{self, ActAssertion, Bound};
use crate::auth::{Caller, codes, totp};
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// What came along with a command as its second factor.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Proof {
    /// As typed.
    Code(String),
    Passkey(Box<ActAssertion>),
}

impl From<&str> for Proof {
    fn from(code: &str) -> Self {
        Self::Code(code.to_owned())
    }
}

/// Verifies whichever came. `case`: where the session has several and each has this act for itself.
///
/// # Errors
/// Those of [`verify`] and of [`act::verify`].
pub async fn verify_proof(
    services: &Services,
    caller: &Caller,
    bound: &Bound<'_>,
    case: Option<&str>,
    proof: &Proof,
) -> Result<Factor, Problem> {
    let mut name = format!("{}:{}", bound.act, bound.session);
    if let Some(case) = case {
        name = format!("{name}:{case}");
    }
    match proof {
        Proof::Code(code) => verify(services, caller, &name, code).await,
        Proof::Passkey(given) => {
            let verifying = act::verify(services, caller, bound, given);
            tried(services, caller, &name, verifying).await
        }
    }
}

/// Verifies the code for this very act. `act` names it with its session, so that one TOTP step serves an act once:
/// `seal_decision:SESSION`.
///
/// # Errors
/// `factor_wrong`, `factor_used`, `code_wrong`, `code_expired`, `too_many_requests`.
pub async fn verify(
    services: &Services,
    caller: &Caller,
    act: &str,
    code: &str,
) -> Result<Factor, Problem> {
    tried(services, caller, act, by_code(services, caller, act, code)).await
}

/// Limits the try, and notes it with what came of it.
async fn tried(
    services: &Services,
    caller: &Caller,
    act: &str,
    verifying: impl Future<Output = Result<Factor, Problem>>,
) -> Result<Factor, Problem> {
    let limits = &services.limits;
    let (person, address) = (caller.person.0.as_str(), caller.address.as_str());
    let attempt = Attempt {
        action: &format!("factor:{act}"),
        subject: person,
        address,
    };
    let gates = [
        (&limits.factor_by_person, person),
        (&limits.factor_by_address, address),
    ];
    attempt.pass(services, &gates).await?;
    let verified = verifying.await;
    let word = verified
        .as_ref()
        .map_or_else(|e| e.code.as_str(), |_| "ok".into());
    attempt.note(services, &word).await?;
    verified
}

async fn by_code(
    services: &Services,
    caller: &Caller,
    act: &str,
    code: &str,
) -> Result<Factor, Problem> {
    let now = services.env.now();
    let kind = match &caller.link {
        Some(link) => {
            codes::check(services, link, &caller.person, code, Purpose::Act).await?;
            FactorKind::PhoneCode
        }
        None => {
            let account = services
                .store
                .account_of(&caller.person)
                .await?
                .ok_or(ProblemCode::SignInNeeded)?;
            let step =
                totp::check(&account.totp_secret, code, now).ok_or(ProblemCode::FactorWrong)?;
            if !services
                .store
                .use_totp_step(&caller.person, act, step)
                .await?
            {
                return Err(ProblemCode::FactorUsed.into());
            }
            FactorKind::Totp
        }
    };
    Ok(Factor {
        kind,
        at: now,
        signed: None,
    })
}
