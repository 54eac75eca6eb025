//! The connections of one room that came in by its doors.

use std::collections::HashMap;

use kanjie_domain::doors::Direction;

use super::{DoorError, IfMatch, Patch};
use crate::env::Env;

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub direction: Direction,
    pub seat: String,
    /// The client's ICE ufrag.
    pub ufrag: String,
    /// Counts restarts of ICE, from 1.
    pub version: u64,
}

/// By the last part of their address, which nobody guesses.
#[derive(Debug, Default)]
pub struct Entries(HashMap<String, Entry>);

impl Entries {
    /// Notes a connection; returns its address.
    pub fn add(&mut self, env: &dyn Env, direction: Direction, seat: &str, offer: &str) -> String {
        let resource = hex::encode(env.random::<16>());
        let entry = Entry {
            direction,
            seat: seat.to_owned(),
            ufrag: ufrag_of(offer).unwrap_or_default().to_owned(),
            version: 1,
        };
        self.0.insert(resource.clone(), entry);
        resource
    }

    #[must_use]
    pub fn get(&self, resource: &str) -> Option<&Entry> {
        self.0.get(resource)
    }

    /// Forgets what a seat had; whether it had something.
    pub fn remove_seat(&mut self, seat: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|_, entry| entry.seat != seat);
        self.0.len() < before
    }

    #[must_use]
    pub fn has_seat(&self, seat: &str) -> bool {
        self.0.values().any(|entry| entry.seat == seat)
    }

    /// The seats of all that go that way.
    pub fn seats(&self, direction: Direction) -> impl Iterator<Item = &str> {
        let entries = self.0.values();
        entries
            .filter(move |entry| entry.direction == direction)
            .map(|entry| entry.seat.as_str())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the patch restarts ICE, where it may be applied.
    ///
    /// # Errors
    /// Where there is no such connection, or it has another version.
    pub fn restarts(&self, resource: &str, patch: &Patch) -> Result<bool, DoorError> {
        let entry = self.get(resource).ok_or(DoorError::NotFound)?;
        match &patch.if_match {
            IfMatch::Versions(versions) if !versions.contains(&entry.version) => {
                Err(DoorError::Version)
            }
            _ => Ok(patch.ufrag != entry.ufrag),
        }
    }

    /// Notes a restart; returns the new version.
    pub fn restarted(&mut self, resource: &str, ufrag: &str) -> u64 {
        let Some(entry) = self.0.get_mut(resource) else {
            return 0;
        };
        ufrag.clone_into(&mut entry.ufrag);
        entry.version += 1;
        entry.version
    }
}

/// The first `a=ice-ufrag` of a description.
fn ufrag_of(sdp: &str) -> Option<&str> {
    sdp.lines()
        .find_map(|line| line.trim_end().strip_prefix("a=ice-ufrag:"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::SystemEnv;

    fn patch(if_match: IfMatch, ufrag: &str) -> Patch {
        Patch {
            if_match,
            ufrag: ufrag.to_owned(),
        }
    }

    #[test]
    fn a_new_ufrag_is_a_restart_and_an_old_version_is_none() {
        let (mut entries, env) = (Entries::default(), SystemEnv::new());
        let offer = "v=0\r\na=ice-ufrag:abcd\r\n";
        let resource = entries.add(&env, Direction::Publish, "m1", offer);
        assert_eq!(resource.len(), 32);
        let first = || IfMatch::Versions(vec![1]);
        let restarts = |entries: &Entries, patch| entries.restarts(&resource, &patch);
        assert_eq!(restarts(&entries, patch(first(), "abcd")), Ok(false));
        assert_eq!(restarts(&entries, patch(IfMatch::Any, "efgh")), Ok(true));
        assert_eq!(entries.restarted(&resource, "efgh"), 2);
        let old = restarts(&entries, patch(first(), "efgh"));
        assert_eq!(old, Err(DoorError::Version));
        assert_eq!(restarts(&entries, patch(IfMatch::Any, "efgh")), Ok(false));
        assert!(entries.remove_seat("m1") && !entries.remove_seat("m1"));
        let gone = restarts(&entries, patch(IfMatch::Any, "efgh"));
        assert_eq!(gone, Err(DoorError::NotFound));
    }
}
