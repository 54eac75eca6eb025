//! Decisions about a bundle.

use super::{
    Bundle, BundleCase, BundleCommand, BundleEvent, BundleReport, Standing, State, Survey,
    may_follow,
};
use crate::authority::{Act, BundleAct, Relation, authorise};
use crate::calendar::day_of;
use crate::case::command::CaseContext;
use crate::case::decide::given;
use crate::case::due::JOINT;
use crate::case::guard::digest;
use crate::case::words::GovernmentApproval;
use crate::command::Actor;
use crate::limits;
use crate::refusal::{Code, Refusal};

fn may(ctx: &CaseContext<'_>, act: Act) -> Result<(), Refusal> {
    let Actor::Person(_) = ctx.actor else {
        return Err(Code::NotAllowed.into());
    };
    Ok(authorise(ctx.roles, act, Relation::Stranger)?)
}

/// The first entry: two cases or more, each with its own department's decision.
///
/// # Errors
/// When the actor is no staff, a case stands twice, or there are fewer than two.
pub fn bundle_open(
    bundle: &str,
    title: &str,
    lead_department: &str,
    cases: &[BundleCase],
    ctx: &CaseContext<'_>,
) -> Result<Vec<BundleEvent>, Refusal> {
    may(ctx, Act::Bundle(BundleAct::Open))?;
    limits::needed(bundle, limits::TOKEN)?;
    limits::needed(title, limits::SHORT)?;
    limits::needed(lead_department, limits::SHORT)?;
    if cases.len() < 2 {
        return Err(Code::ValueInvalid.into());
    }
    if cases.len() > limits::CASES {
        return Err(Code::LimitReached.into());
    }
    for (at, of) in cases.iter().enumerate() {
        limits::needed(&of.case, limits::TOKEN)?;
        limits::needed(&of.item_title, limits::SHORT)?;
        limits::needed(&of.department, limits::SHORT)?;
        let mut before = cases.iter().take(at);
        if before.any(|other| other.case == of.case) {
            return Err(Refusal::of(Code::AlreadyExists, [&of.case]));
        }
    }
    Ok(vec![BundleEvent::Created {
        bundle: bundle.to_owned(),
        title: title.to_owned(),
        lead_department: lead_department.to_owned(),
        cases: cases.to_vec(),
    }])
}

/// # Errors
/// A [`Refusal`] with a stable code.
pub fn bundle_decide(
    bundle: &Bundle,
    command: &BundleCommand,
    ctx: &CaseContext<'_>,
) -> Result<Vec<BundleEvent>, Refusal> {
    may(ctx, Act::of_bundle(command))?;
    if bundle.state == State::Closed {
        return Err(Code::CaseOver.into());
    }
    let event = match command {
        BundleCommand::ScheduleSurvey { session } => schedule(bundle, session)?,
        BundleCommand::Extend {
            days,
            reason,
            notice,
            government,
        } => {
            extendable(bundle, *days, ctx)?;
            given(reason)?;
            digest(&notice.sha256)?;
            approved(government)?;
            BundleEvent::Extended {
                days: *days,
                reason: reason.clone(),
                notice: notice.clone(),
                government: government.clone(),
            }
        }
        BundleCommand::Close {} => {
            let open = bundle.standing.iter().filter(|(_, standing)| {
                matches!(standing, Standing::Awaited | Standing::Accepted { .. })
            });
            let open: Vec<_> = open.map(|(case, _)| case).collect();
            if !open.is_empty() {
                return Err(Refusal::of(Code::NotAnnounced, open));
            }
            BundleEvent::Closed
        }
    };
    Ok(vec![event])
}

/// One survey at a time, for all cases that are still in.
fn schedule(bundle: &Bundle, session: &str) -> Result<BundleEvent, Refusal> {
    let standing = bundle.standing.iter();
    let awaited = standing.filter(|(_, standing)| **standing == Standing::Awaited);
    let awaited: Vec<_> = awaited.map(|(case, _)| case).collect();
    if !awaited.is_empty() {
        return Err(Refusal::of(Code::CaseNotAccepted, awaited));
    }
    let accepted = |of: &Standing| matches!(of, Standing::Accepted { .. });
    if !bundle.standing.values().any(accepted) {
        return Err(Code::CaseOver.into());
    }
    if matches!(bundle.survey, Survey::Scheduled { .. }) {
        return Err(Code::AlreadyExists.into());
    }
    limits::needed(session, limits::TOKEN)?;
    Ok(BundleEvent::SurveyScheduled {
        session: session.to_owned(),
    })
}

fn approved(government: &GovernmentApproval) -> Result<(), Refusal> {
    for text in [&government.name, &government.document] {
        if text.trim().is_empty() {
            return Err(Code::GovernmentApprovalMissing.into());
        }
        limits::text(text, limits::SHORT)?;
    }
    Ok(())
}

/// R06.
fn extendable(bundle: &Bundle, days: u32, ctx: &CaseContext<'_>) -> Result<(), Refusal> {
    if bundle.extension.is_some() {
        return Err(Code::AlreadyExtended.into());
    }
    if !(1..=JOINT.1).contains(&days) {
        return Err(Code::ExtensionTooLong.into());
    }
    let due = bundle.due(ctx.calendar)?.ok_or(Code::CaseNotAccepted)?;
    if day_of(ctx.now)? > due {
        return Err(Code::LimitPassed.into());
    }
    Ok(())
}

/// # Errors
/// When the report does not belong to the state, or comes from a person.
pub fn bundle_report(
    bundle: &Bundle,
    report: &BundleReport,
    ctx: &CaseContext<'_>,
) -> Result<Vec<BundleEvent>, Refusal> {
    if *ctx.actor != Actor::System {
        return Err(Code::NotAllowed.into());
    }
    let follows = |case: &String, next: Standing| {
        let standing = bundle.standing.get(case);
        let standing = standing.ok_or_else(|| Refusal::of(Code::ValueInvalid, [case]))?;
        if may_follow(*standing, next) {
            return Ok(());
        }
        Err(Refusal::of(Code::AlreadyExists, [case]))
    };
    let event = match report {
        BundleReport::CaseAccepted { case, on } => {
            follows(case, Standing::Accepted { on: *on })?;
            BundleEvent::CaseAccepted {
                case: case.clone(),
                on: *on,
            }
        }
        BundleReport::CaseLeft { case } => {
            follows(case, Standing::Left)?;
            BundleEvent::CaseLeft { case: case.clone() }
        }
        BundleReport::CaseDecided { case, kind, number } => {
            let (kind, at) = (*kind, ctx.now);
            follows(case, Standing::Decided { kind, at })?;
            limits::needed(number, limits::TOKEN)?;
            BundleEvent::CaseDecided {
                case: case.clone(),
                kind,
                number: number.clone(),
            }
        }
        BundleReport::SurveyEnded { session, head } => {
            if !matches!(&bundle.survey, Survey::Scheduled { session: of } if of == session) {
                return Err(Refusal::of(Code::UnknownSession, [session]));
            }
            digest(head)?;
            BundleEvent::SurveyEnded {
                session: session.clone(),
                head: head.clone(),
            }
        }
    };
    Ok(vec![event])
}
