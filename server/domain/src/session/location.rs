//! R20 and R23 in the state: who asked for an on-site survey, and whose device was beyond the fence.

use crate::case::Facts;
use crate::event::{Event, Position};
use crate::people::PersonId;

use super::Session;

/// R23: staff whose reasons an override needs, each of another person.
const OVERRIDES: usize = 2;

/// R20: the applicant's wish for an on-site survey; it stands until withdrawn or the session ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnSiteRequest {
    pub person: PersonId,
    pub reason: String,
    pub at: i64,
    pub withdrawn_at: Option<i64>,
}

/// R23: a device was, by its own word, not inside the fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Whose device.
    pub person: PersonId,
    pub position: Position,
    /// Distance and accuracy together.
    pub metres: u32,
    pub since: i64,
    /// When the device was inside again, or went much further off.
    pub until: Option<i64>,
    pub overrides: Vec<LocationOverride>,
}

/// Why one of the staff goes on all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationOverride {
    pub person: PersonId,
    pub reason: String,
    pub at: i64,
}

impl Deviation {
    /// Two staff of whom none is recused said why it may go on.
    fn is_overridden(&self, cases: &Facts<'_>) -> bool {
        let counts = |by: &&LocationOverride| !cases.is_recused(&by.person);
        self.overrides.iter().filter(counts).count() >= OVERRIDES
    }
}

impl Session {
    /// R20: the request that waits for an answer.
    #[must_use]
    pub fn on_site_asked(&self) -> Option<&OnSiteRequest> {
        let last = self.on_site_requests.last();
        last.filter(|request| request.withdrawn_at.is_none())
    }

    /// R23: where this person's device is beyond the fence now, overridden or not.
    #[must_use]
    pub fn deviation(&self, person: &PersonId) -> Option<&Deviation> {
        let mut now = self.deviations.iter();
        now.find(|deviation| deviation.person == *person && deviation.until.is_none())
    }

    /// R23: whose devices stop the survey until two staff override.
    #[must_use]
    pub fn deviating(&self, cases: &Facts<'_>) -> Vec<PersonId> {
        let open =
            |deviation: &&Deviation| deviation.until.is_none() && !deviation.is_overridden(cases);
        let deviations = self.deviations.iter().filter(open);
        deviations
            .map(|deviation| deviation.person.clone())
            .collect()
    }

    pub(super) fn evolve_location(&mut self, event: &Event, at: i64) {
        match event {
            Event::OnSiteAsked { person, reason } if self.on_site_asked().is_none() => {
                self.on_site_requests.push(OnSiteRequest {
                    person: person.clone(),
                    reason: reason.clone(),
                    at,
                    withdrawn_at: None,
                });
            }
            Event::OnSiteWithdrawn { .. } => {
                if let Some(request) = self.on_site_requests.last_mut() {
                    request.withdrawn_at.get_or_insert(at);
                }
            }
            Event::PositionReported { person, position } => self.locate(person, position, at),
            Event::EvidenceTaken(evidence) => {
                if let Some(position) = &evidence.position {
                    self.locate(&evidence.person, position, at);
                }
            }
            Event::LocationOverridden { person, of, reason } => {
                self.override_location(of, person, reason, at);
            }
            _ => {}
        }
    }

    fn locate(&mut self, person: &PersonId, position: &Position, at: i64) {
        let Some(site) = &self.scheduled.site else {
            return;
        };
        let (holds, metres, fence_m) = (
            site.holds(position),
            site.deviation_m(position),
            site.fence_m,
        );
        let now = self.deviations.iter_mut();
        let mut now = now.filter(|known| known.person == *person && known.until.is_none());
        if let Some(known) = now.next() {
            // Reasons given for one place do not cover another.
            let far = metres > known.metres.saturating_add(fence_m);
            let covered = !far || known.overrides.is_empty();
            if !holds && covered {
                known.metres = known.metres.max(metres);
                return;
            }
            known.until = Some(at);
        }
        if !holds {
            self.deviations.push(Deviation {
                person: person.clone(),
                position: position.clone(),
                metres,
                since: at,
                until: None,
                overrides: Vec::new(),
            });
        }
    }

    fn override_location(&mut self, of: &PersonId, by: &PersonId, reason: &str, at: i64) {
        let mut now = self.deviations.iter_mut();
        let now = now.find(|known| known.person == *of && known.until.is_none());
        if let Some(deviation) = now
            && deviation.overrides.iter().all(|given| given.person != *by)
        {
            deviation.overrides.push(LocationOverride {
                person: by.clone(),
                reason: reason.to_owned(),
                at,
            });
        }
    }
}
