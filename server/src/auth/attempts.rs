//! Tries at coming in and at proving an act: limited by whom they concern and by where they come from, and each leaves its
//! entry (R57).

use kanjie_domain::PersonId;
use kanjie_store::Attempt as Entry;

use crate::limits::Gate;
use crate::problem::Problem;
use crate::services::Services;

/// One try, before anything came of it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// `sign_in`, `link_code`, `factor:seal_decision:SESSION`, …
    pub action: &'a str,
    /// User, person, credential: whatever was claimed.
    pub subject: &'a str,
    pub address: &'a str,
}

impl Attempt<'_> {
    /// Takes a try at each gate. One that is refused leaves its entry too, but only a few a minute from one address: who
    /// floods must not fill the disk.
    ///
    /// # Errors
    /// `too_many_requests`, or when the store fails.
    pub async fn pass(&self, services: &Services, gates: &[(&Gate, &str)]) -> Result<(), Problem> {
        for (gate, key) in gates {
            let Err(refused) = gate.pass(key) else {
                continue;
            };
            if services.limits.refusals_noted.pass(self.address).is_ok() {
                self.note(services, "limited").await?;
            }
            return Err(refused);
        }
        Ok(())
    }

    /// Notes what came of it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note(&self, services: &Services, outcome: &str) -> Result<(), Problem> {
        let entry = Entry {
            at: services.env.now(),
            action: self.action.to_owned(),
            subject: self.subject.to_owned(),
            address: self.address.to_owned(),
            outcome: outcome.to_owned(),
        };
        Ok(services.store.note_attempt(&entry).await?)
    }
}

/// Notes what an administrator did to somebody's ways in.
///
/// # Errors
/// When the store fails.
pub async fn administered(
    services: &Services,
    action: &str,
    subject: &PersonId,
    by: &crate::auth::Caller,
) -> Result<(), Problem> {
    let attempt = Attempt {
        action,
        subject: &subject.0,
        address: &by.address,
    };
    let by = format!("by {}", by.person.0);
    attempt.note(services, &by).await
}
