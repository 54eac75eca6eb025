//! The first two entries of a case.

use std::collections::BTreeSet;

use crate::authority::{Act, CaseAct, Relation, authorise};
use crate::case::command::CaseContext;
use crate::case::event::{Application, CaseBrief, CaseEvent};
use crate::command::Actor;
use crate::limits;
use crate::people::Role;
use crate::refusal::{Code, Refusal};

/// Opens a case in pre-review: by the applicant himself, by one of his agents, or by staff at a window.
///
/// # Errors
/// When the actor is none of these, or the guide or a text is not well formed.
pub fn open(
    brief: &CaseBrief,
    application: &Application,
    ctx: &CaseContext<'_>,
) -> Result<Vec<CaseEvent>, Refusal> {
    let Actor::Person(person) = ctx.actor else {
        return Err(Code::NotAllowed.into());
    };
    let (roles, relation) = if application.applicant == *person {
        (&BTreeSet::from([Role::Applicant]), Relation::Part)
    } else if application.agents.contains(person) {
        (&BTreeSet::from([Role::Agent]), Relation::Part)
    } else {
        (ctx.roles, Relation::Stranger)
    };
    authorise(roles, Act::Case(CaseAct::Open), relation)?;
    limits::needed(&application.case, limits::TOKEN)?;
    limits::room_for_more(application.agents.len(), limits::PEOPLE)?;
    application.guide.well_formed()?;
    limits::needed(&brief.case_no, limits::TOKEN)?;
    limits::needed(&brief.uscc, limits::TOKEN)?;
    for text in [
        &brief.item_title,
        &brief.applicant,
        &brief.address,
        &brief.authority,
        &brief.contact,
    ] {
        limits::needed(text, limits::SHORT)?;
    }
    Ok(vec![
        CaseEvent::Created {
            brief: brief.clone(),
        },
        CaseEvent::ApplicationOpened(Box::new(application.clone())),
    ])
}
