//! What is missing before each act of the run, for the panels that show it.

use serde::{Deserialize, Serialize};

use crate::case::Facts;
use crate::checks::{self, Missing};
use crate::event::Ending;
use crate::refusal::Refusal;
use crate::session::{Matter, Session};

/// The acts of the run (signalling.md section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Start,
    Conclude,
    SignRecord,
    SealDecision,
    Announce,
    End,
    Close,
}

/// Whether an act is possible now for the person whose act it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActReadiness {
    pub act: Act,
    /// Of which case, where the session has several and each has this act for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub case: Option<String>,
    pub ready: bool,
    pub missing: Vec<Refusal>,
}

/// By the very checks that `decide` makes. `conclude` is asked for the outcome that the judgement rule gives (R32),
/// `end` for the switch on site, the least demanding of the four.
#[must_use]
pub fn readiness(session: &Session, cases: &Facts<'_>) -> Vec<ActReadiness> {
    let of_all = |act, missing| (act, None, missing);
    let of_each = |act, check: &dyn Fn(&Matter) -> Missing| {
        let matters = session.matters.iter();
        let each = matters.map(|matter| (act, session.name_of(matter), check(matter)));
        each.collect::<Vec<_>>()
    };
    let mut acts = vec![of_all(Act::Start, checks::start(session, cases))];
    acts.extend(of_each(Act::Conclude, &|matter| {
        checks::conclude(session, matter, cases, session.judged(matter))
    }));
    acts.push(of_all(Act::SignRecord, checks::sign_record(session, cases)));
    acts.extend(of_each(Act::SealDecision, &|matter| {
        checks::seal(session, matter, cases)
    }));
    acts.push(of_all(Act::Announce, checks::announce(session, cases)));
    acts.extend(of_each(Act::End, &|matter| {
        checks::end(session, matter, cases, &Ending::SwitchOnSite)
    }));
    acts.push(of_all(Act::Close, checks::close(session)));
    acts.into_iter()
        .map(|(act, case, missing)| {
            let missing = missing.into_vec();
            ActReadiness {
                act,
                case,
                ready: missing.is_empty(),
                missing,
            }
        })
        .collect()
}
