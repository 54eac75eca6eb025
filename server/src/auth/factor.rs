//! The fresh second factor of one act: TOTP or a passkey for staff, a phone code for those who came by a link.

use kanjie_domain::{Factor, FactorKind};
use kanjie_store::Purpose;
use serde::Deserialize;

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

/// Verifies whichever came.
///
/// # Errors
/// Those of [`verify`] and of [`act::verify`].
pub async fn verify_proof(
    services: &Services,
    caller: &Caller,
    bound: &Bound<'_>,
    proof: &Proof,
) -> Result<Factor, Problem> {
    match proof {
        Proof::Code(code) => {
            let name = format!("{}:{}", bound.act, bound.session);
            verify(services, caller, &name, code).await
        }
        Proof::Passkey(given) => act::verify(services, caller, bound, given).await,
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
    services.limits.factor_by_person.pass(&caller.person.0)?;
    let now = services.env.now();
    let kind = match &caller.link_session {
        Some(session) => {
            codes::check(services, session, &caller.person, code, Purpose::Act).await?;
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
