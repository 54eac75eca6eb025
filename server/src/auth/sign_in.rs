//! Starting a sign-in once somebody has shown who they are.

use axum::http::{HeaderMap, header};
use kanjie_domain::PersonId;
use kanjie_store::{LinkTo, NewSignIn, SignInMethod};

use crate::auth::cookie::Token;
use crate::problem::Problem;
use crate::services::Services;

/// How long a sign-in holds, seconds: a working day.
pub const LIFE_S: i64 = 12 * 60 * 60;

/// Longest name of a device that is kept, characters.
const LONGEST_DEVICE: usize = 80;

/// Keeps a sign-in and returns its token.
///
/// # Errors
/// When the store fails.
pub async fn start(
    services: &Services,
    person: &PersonId,
    method: SignInMethod,
    link: Option<&LinkTo>,
    device: &str,
) -> Result<Token, Problem> {
    let token = Token::new(services.env.as_ref());
    let now = services.env.now();
    services
        .store
        .add_sign_in(&NewSignIn {
            token_hash: token.digest(),
            person: person.clone(),
            link: link.cloned(),
            method,
            device: plain(device),
            created_at: now,
            expires_at: now + LIFE_S * 1_000_000,
        })
        .await?;
    Ok(token)
}

/// The browser's own name for itself, where the request gives no better one.
#[must_use]
pub fn device_of(headers: &HeaderMap) -> &str {
    headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("unknown")
}

/// A device's name without control characters, cut to a length that fits a list.
fn plain(device: &str) -> String {
    device
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_DEVICE)
        .collect()
}
