//! How often a stranger may try: one quota for each action, keyed by whom it concerns and by where it comes from.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;

use crate::problem::{Problem, ProblemCode};

/// Password hashes computed at once: each takes a core and 19 MiB.
const HASHES_AT_ONCE: usize = 2;

/// All quotas.
pub struct Limits {
    pub sign_in_by_user: Gate,
    /// For devices on which the user signed in before; see [`crate::auth::known`].
    pub sign_in_by_known: Gate,
    pub sign_in_by_address: Gate,
    pub link_by_address: Gate,
    pub code_by_person: Gate,
    pub code_by_address: Gate,
    pub factor_by_person: Gate,
    pub status_by_address: Gate,
    pub status_by_number: Gate,
    pub factor_by_address: Gate,
    pub passkey_by_address: Gate,
    pub passkey_by_person: Gate,
    /// Whoever has not the key cannot guess; but each try costs a signature's check and an entry.
    pub passkey_by_credential: Gate,
    pub oidc_by_address: Gate,
    pub oidc_by_subject: Gate,
    /// Entries about tries that were refused unseen.
    pub refusals_noted: Gate,
    /// R59: each look at a recording is an entry in its case.
    pub look_by_person: Gate,
    pub door_by_address: Gate,
    pub hashing: Semaphore,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limits")
    }
}

impl Limits {
    #[must_use]
    pub fn new() -> Self {
        Self {
            sign_in_by_user: Gate::new(10, Duration::from_secs(30)),
            sign_in_by_known: Gate::new(10, Duration::from_secs(30)),
            sign_in_by_address: Gate::new(60, Duration::from_secs(2)),
            link_by_address: Gate::new(120, Duration::from_secs(1)),
            code_by_person: Gate::new(6, Duration::from_secs(30)),
            code_by_address: Gate::new(60, Duration::from_secs(5)),
            factor_by_person: Gate::new(12, Duration::from_secs(20)),
            status_by_address: Gate::new(20, Duration::from_secs(30)),
            // Each question may bring a message to a phone, and five tries of a million: to guess takes years so.
            status_by_number: Gate::new(5, Duration::from_secs(1_800)),
            factor_by_address: Gate::new(60, Duration::from_secs(2)),
            passkey_by_address: Gate::new(60, Duration::from_secs(2)),
            passkey_by_person: Gate::new(20, Duration::from_secs(10)),
            passkey_by_credential: Gate::new(20, Duration::from_secs(10)),
            oidc_by_address: Gate::new(60, Duration::from_secs(2)),
            oidc_by_subject: Gate::new(20, Duration::from_secs(10)),
            refusals_noted: Gate::new(5, Duration::from_secs(20)),
            look_by_person: Gate::new(30, Duration::from_secs(10)),
            door_by_address: Gate::new(60, Duration::from_millis(500)),
            hashing: Semaphore::new(HASHES_AT_ONCE),
        }
    }

    /// Forgets who has not tried for long; called now and then.
    pub fn sweep(&self) {
        for gate in [
            &self.sign_in_by_user,
            &self.sign_in_by_known,
            &self.sign_in_by_address,
            &self.link_by_address,
            &self.code_by_person,
            &self.code_by_address,
            &self.factor_by_person,
            &self.status_by_address,
            &self.status_by_number,
            &self.factor_by_address,
            &self.passkey_by_address,
            &self.passkey_by_person,
            &self.passkey_by_credential,
            &self.oidc_by_address,
            &self.oidc_by_subject,
            &self.refusals_noted,
            &self.look_by_person,
            &self.door_by_address,
        ] {
            gate.0.retain_recent();
            gate.0.shrink_to_fit();
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// One quota.
pub struct Gate(DefaultKeyedRateLimiter<String>);

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl Gate {
    /// `burst` tries at once, then one every `refill`.
    fn new(burst: u32, refill: Duration) -> Self {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(refill)
            .unwrap_or(Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst);
        Self(RateLimiter::keyed(quota))
    }

    /// Takes one try.
    ///
    /// # Errors
    /// `too_many_requests` when there is none left.
    pub fn pass(&self, key: &str) -> Result<(), Problem> {
        self.0
            .check_key(&key.to_owned())
            .map_err(|_| ProblemCode::TooManyRequests.into())
    }
}
