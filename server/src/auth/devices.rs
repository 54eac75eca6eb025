//! Where somebody is signed in, and ending it: what ended is told to whoever serves it, within the second.

use std::collections::BTreeSet;
use std::time::Duration;

use kanjie_domain::PersonId;
use kanjie_evidence::h;
use kanjie_store::{Device, LinkTo, TokenHash};

use crate::auth::Caller;
use crate::problem::Problem;
use crate::services::{Services, SignInEnded};

/// How often sign-ins that another process ended are looked for (`kanjie user disable`).
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How far back each look goes, µs: transactions end in another order than their clocks say.
const LOOK_BACK_US: i64 = 10_000_000;

/// A device's name in addresses: derived from the token's digest, worth nothing as a key.
#[must_use]
pub fn id_of(token: &TokenHash) -> String {
    let id = h(&[b"kanjie device v1", token]);
    hex::encode(&id.0[..16])
}

/// Where the caller is signed in; somebody who came by a link sees what came by links to the same place.
///
/// # Errors
/// When the store fails.
pub async fn of(services: &Services, caller: &Caller) -> Result<Vec<Device>, Problem> {
    let all = services
        .store
        .devices_of(&caller.person, services.env.now())
        .await?;
    let link = &caller.link;
    let own = all
        .into_iter()
        .filter(|device| link.is_none() || device.link == *link);
    Ok(own.collect())
}

/// Ends one sign-in.
///
/// # Errors
/// When the store fails.
pub async fn end(services: &Services, token: &TokenHash) -> Result<(), Problem> {
    let now = services.env.now();
    services.store.revoke_sign_in(token, now).await?;
    tell(services, *token);
    Ok(())
}

/// Ends everything by which a person comes in; false where there was nothing.
///
/// # Errors
/// When the store fails.
pub async fn end_person(services: &Services, person: &PersonId) -> Result<bool, Problem> {
    let now = services.env.now();
    let devices = services.store.devices_of(person, now).await?;
    let any = services.store.revoke_person(person, now).await?;
    for device in devices {
        tell(services, device.token_hash);
    }
    Ok(any)
}

/// Ends a person's links to a session or a case, and who came by them; false where there was none that worked.
///
/// # Errors
/// When the store fails.
pub async fn end_links(
    services: &Services,
    to: &LinkTo,
    person: &PersonId,
) -> Result<bool, Problem> {
    let now = services.env.now();
    let devices = services.store.devices_of(person, now).await?;
    let any = services.store.revoke_links(to, person, now).await?;
    for device in devices {
        if device.link.as_ref() == Some(to) {
            tell(services, device.token_hash);
        }
    }
    Ok(any)
}

fn tell(services: &Services, token_hash: TokenHash) {
    // Nobody listens where no session is live.
    let _ = services.sign_ins_ended.send(SignInEnded { token_hash });
}

/// Tells of what other processes ended, for as long as the server runs.
pub async fn watch(services: Services) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told = BTreeSet::new();
    loop {
        tick.tick().await;
        let since = services.env.now() - LOOK_BACK_US;
        match services.store.ended_since(since).await {
            Ok(ended) => {
                let ended: BTreeSet<TokenHash> = ended.into_iter().collect();
                for token in ended.difference(&told) {
                    tell(&services, *token);
                }
                told = ended;
            }
            Err(error) => tracing::error!(%error, "ended sign-ins cannot be read"),
        }
    }
}
