//! What is missing before each act of the run, for the panels that show it.

use serde::{Deserialize, Serialize};

use crate::case::CaseFacts;
use crate::checks;
use crate::event::Ending;
use crate::refusal::Refusal;
use crate::session::Session;

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
    pub ready: bool,
    pub missing: Vec<Refusal>,
}

/// By the very checks that `decide` makes. `conclude` is asked for the outcome that the judgement rule gives (R32),
/// `end` for the switch on site, the least demanding of the four.
#[must_use]
pub fn readiness(session: &Session, case: &CaseFacts) -> Vec<ActReadiness> {
    let acts = [
        (Act::Start, checks::start(session, case)),
        (
            Act::Conclude,
            checks::conclude(session, case, session.judged()),
        ),
        (Act::SignRecord, checks::sign_record(session, case)),
        (Act::SealDecision, checks::seal(session, case)),
        (Act::Announce, checks::announce(session, case)),
        (Act::End, checks::end(session, case, &Ending::SwitchOnSite)),
        (Act::Close, checks::close(session)),
    ];
    acts.into_iter()
        .map(|(act, missing)| {
            let missing = missing.into_vec();
            ActReadiness {
                act,
                ready: missing.is_empty(),
                missing,
            }
        })
        .collect()
}
