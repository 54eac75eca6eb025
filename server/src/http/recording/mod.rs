//! `/api/v1/sessions/{id}/recording`: a closed session's recording, for whoever may watch it and said why (R59).

pub mod file;
pub mod list;
pub mod looks;

use std::sync::Arc;

use kanjie_domain::authority::{Act, ReadAct, Relation, Standing, authorise};
use kanjie_domain::session::Stage;
use kanjie_domain::{Case, Code, PersonId, Refusal, Role, Session};

use crate::auth::Caller;
use crate::cases::CaseError;
use crate::cases::journal::{self, Loaded};
use crate::problem::{Problem, ProblemCode};
use crate::rooms::Rooms;
use crate::services::Services;

/// How long a stated purpose holds, UTC µs: as long as one watches and pauses, not until another day.
const HOLDS_US: i64 = 12 * 3_600 * 1_000_000;

/// Somebody who may watch the recording of a session.
#[derive(Debug)]
struct Watching {
    session: Arc<Session>,
    /// Never empty.
    cases: Vec<(String, Arc<Loaded<Case>>)>,
    standing: Standing,
}

impl Watching {
    /// `not_found` for whoever has no part in the session, `not_allowed` where the part opens no recording.
    async fn of(
        services: &Services,
        rooms: &Rooms,
        caller: &Caller,
        id: &str,
    ) -> Result<Self, Problem> {
        let part = caller.part(&services.store, id).await;
        let mut cases = Vec::new();
        for case in services.store.cases_of(id).await? {
            let folded = journal::load::<Case>(&services.store, &services.folds, &case)
                .await
                .map_err(CaseError::from)?;
            cases.push((case, folded));
        }
        let session = rooms.look(id).await.map_err(|_| ProblemCode::NotFound)?;
        let standing = match part {
            Ok(_) => {
                let mut all = session.scheduled.participants.iter();
                let me = all.find(|participant| participant.person == caller.person);
                let facts = cases.iter();
                let facts = facts.map(|(id, of)| (id.as_str(), &of.state.facts));
                Standing::in_session(me, &facts.collect())
            }
            Err(no_part) => {
                // R58: an operator is called to no session; an approval in the case's journal (in each) lets him look.
                if !caller.account_roles.contains(&Role::Operator) {
                    return Err(no_part);
                }
                let now = services.env.now();
                let mut standing = cases.iter().map(|(_, of)| {
                    Standing::in_case(&of.state, &caller.person, &caller.account_roles, now)
                });
                let approved = |of: &Standing| of.relation == Relation::Approved;
                let first = standing.next().filter(approved);
                let first = first.filter(|_| standing.all(|of| approved(&of)));
                first.ok_or(no_part)?
            }
        };
        let view = Act::Read(ReadAct::ViewRecording);
        authorise(&standing.roles, view, standing.relation).map_err(Refusal::from)?;
        Ok(Self {
            session,
            cases,
            standing,
        })
    }

    /// The session once it is over.
    fn closed(&self) -> Result<&Session, Problem> {
        match self.session.stage {
            Stage::Closed => Ok(&self.session),
            _ => Err(ProblemCode::NotReady.into()),
        }
    }

    /// R59.
    fn has_said_why(&self, now: i64, person: &PersonId) -> Result<(), Problem> {
        let id = &self.session.scheduled.session;
        let since = now.saturating_sub(HOLDS_US);
        let mut cases = self.cases.iter();
        if cases.all(|(_, of)| of.state.has_looked(id, person, since)) {
            return Ok(());
        }
        Err(Refusal::from(Code::PurposeMissing).into())
    }
}
