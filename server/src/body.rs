//! The body of a journal entry: canonical JSON of `{actor, at, event}` (docs/protocol/recording.md section 1).

use kanjie_domain::Actor;
use kanjie_evidence::canonical::{self, CanonicalError};
use serde::Serialize;

/// What stands for the server itself as `actor`.
pub const SYSTEM: &str = "system";

#[derive(Serialize)]
struct Body<'a, E> {
    actor: &'a str,
    at: i64,
    event: &'a E,
}

/// The exact text that is hashed and kept. `at` in UTC µs.
///
/// # Errors
/// When the event holds what canonical JSON cannot say.
pub fn entry_body<E: Serialize>(
    at: i64,
    actor: &Actor,
    event: &E,
) -> Result<String, CanonicalError> {
    let actor = match actor {
        Actor::Person(person) => &person.0,
        Actor::System => SYSTEM,
    };
    canonical::to_string(&Body { actor, at, event })
}
