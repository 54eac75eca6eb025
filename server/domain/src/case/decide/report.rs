//! What the server reports of a case: time that passed, results of sessions, a bundle.

use std::collections::BTreeSet;

use crate::case::command::{CaseContext, CaseReport};
use crate::case::due::JOINT;
use crate::case::event::{CaseEvent, DecisionFacts};
use crate::case::guard::digest;
use crate::case::{Case, Stage};
use crate::command::Actor;
use crate::event::DecisionKind;
use crate::limits;
use crate::refusal::{Code, Refusal};

/// The events that the report causes. Never empty.
///
/// # Errors
/// When the report does not belong to the state, or comes from a person.
pub fn report(
    case: &Case,
    report: &CaseReport,
    ctx: &CaseContext<'_>,
) -> Result<Vec<CaseEvent>, Refusal> {
    if *ctx.actor != Actor::System {
        return Err(Code::NotAllowed.into());
    }
    match report {
        CaseReport::TimePassed => time_passed(case, ctx),
        CaseReport::DecisionAnnounced(decision) => announced(case, decision, ctx),
        CaseReport::SessionEnded {
            session,
            head,
            outcome,
            failed,
        } => {
            awaited(case, session, head)?;
            limits::needed(outcome, limits::TOKEN)?;
            let mut events = result(session, head, outcome);
            let items: BTreeSet<_> = failed.iter().cloned().collect();
            if !items.is_empty() {
                events.push(CaseEvent::ItemsFailed {
                    session: session.clone(),
                    items: items.into_iter().collect(),
                });
            }
            Ok(events)
        }
        CaseReport::RecordingOpened { session, accessed } => {
            if !case.sessions.contains_key(session) {
                return Err(Refusal::of(Code::UnknownSession, [session]));
            }
            if let Some(text) = accessed.purpose.text() {
                limits::needed(text, limits::SHORT)?;
            }
            Ok(vec![CaseEvent::RecordingOpened {
                session: session.clone(),
                accessed: accessed.clone(),
            }])
        }
        CaseReport::BundleJoined { bundle } => {
            before_decision(case)?;
            limits::needed(bundle, limits::TOKEN)?;
            if case.clock.bundle.is_some() {
                return Err(Code::AlreadyExists.into());
            }
            Ok(vec![CaseEvent::BundleJoined {
                bundle: bundle.clone(),
            }])
        }
        CaseReport::BundleExtended {
            days,
            reason,
            notice,
            government,
        } => {
            before_decision(case)?;
            if case.clock.bundle.is_none() {
                return Err(Code::NotAllowed.into());
            }
            if case.clock.extension.is_some() {
                return Err(Code::AlreadyExtended.into());
            }
            if !(1..=JOINT.1).contains(days) {
                return Err(Code::ExtensionTooLong.into());
            }
            Ok(vec![CaseEvent::Extended {
                days: *days,
                reason: reason.clone(),
                notice: notice.clone(),
                government: Some(government.clone()),
            }])
        }
    }
}

/// R02.
fn time_passed(case: &Case, ctx: &CaseContext<'_>) -> Result<Vec<CaseEvent>, Refusal> {
    let (Some(application), Stage::Received(receipt)) = (&case.application, &case.stage) else {
        return Err(Code::NotInThisStage.into());
    };
    if !super::intake::answered_too_late(application, *receipt, ctx)? {
        return Err(Code::NotInThisStage.into());
    }
    Ok(vec![super::intake::deemed(*receipt, ctx)?])
}

fn before_decision(case: &Case) -> Result<(), Refusal> {
    match case.stage {
        Stage::PreReview
        | Stage::Received(_)
        | Stage::OneTimeNotice(_)
        | Stage::Accepted(_)
        | Stage::InReview(_) => Ok(()),
        _ => Err(Code::CaseOver.into()),
    }
}

/// A session of this case whose result is not in yet.
fn awaited(case: &Case, session: &str, head: &str) -> Result<(), Refusal> {
    let known = case.sessions.get(session);
    let known = known.ok_or_else(|| Refusal::of(Code::UnknownSession, [session]))?;
    if known.head.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    digest(head)
}

/// R60: with each result one request to rate, and no second.
fn result(session: &str, head: &str, outcome: &str) -> Vec<CaseEvent> {
    vec![
        CaseEvent::SessionResult {
            session: session.to_owned(),
            head: head.to_owned(),
            outcome: outcome.to_owned(),
        },
        CaseEvent::RatingRequested {
            session: session.to_owned(),
        },
    ]
}

/// R11, R35, R36, R45 once more: the session refused the announcement by the same facts.
fn announced(
    case: &Case,
    decision: &DecisionFacts,
    ctx: &CaseContext<'_>,
) -> Result<Vec<CaseEvent>, Refusal> {
    awaited(case, &decision.session, &decision.head)?;
    digest(&decision.content_digest)?;
    limits::needed(&decision.number, limits::TOKEN)?;
    if let Some(refusal) = case
        .facts
        .forbids(decision.kind, ctx.now)
        .into_iter()
        .next()
    {
        return Err(refusal);
    }
    let outcome = match decision.kind {
        DecisionKind::Granted => "granted",
        DecisionKind::Refused => "refused",
    };
    let mut events = result(&decision.session, &decision.head, outcome);
    events.push(CaseEvent::Decided(decision.clone()));
    Ok(events)
}
