//! Experts: the random draw from the pool, the redraw, confidentiality (R16, R48).

use crate::case::command::CaseCommand;
use crate::case::event::CaseEvent;
use crate::case::guard::{Guard, digest};
use crate::limits;
use crate::people::PersonId;
use crate::pool::{Availability, ExpertDraw, MOST_DRAWN, PoolExpert, Unfit, drawn};
use crate::refusal::{Code, Refusal};

pub(super) fn decide(guard: &Guard<'_>, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
    match command {
        CaseCommand::DrawExperts {
            field,
            count,
            instead_of,
            reason,
        } => draw(guard, field, *count, instead_of, reason),
        CaseCommand::SignConfidentiality { sha256 } => sign(guard, sha256),
        _ => Err(Code::NotAllowed.into()),
    }
}

/// Whoever is drawn is called in the same batch; whoever is replaced is released. A second draw of a field wants a reason.
fn draw(
    guard: &Guard<'_>,
    field: &str,
    count: u8,
    instead_of: &[PersonId],
    reason: &str,
) -> Result<Vec<CaseEvent>, Refusal> {
    guard.undecided()?;
    limits::needed(field, limits::SHORT)?;
    let count = usize::from(count);
    if !(1..=MOST_DRAWN).contains(&count) {
        return Err(Code::ValueInvalid.into());
    }
    for (at, person) in instead_of.iter().enumerate() {
        if !guard.case.experts.contains(person) || instead_of[..at].contains(person) {
            return Err(Refusal::of(Code::NotAParticipant, [&person.0]));
        }
    }
    let again = guard.case.draws.iter().any(|draw| draw.field == field);
    if again || !instead_of.is_empty() {
        super::clock::given(reason)?;
    }
    limits::text(reason, limits::LONG)?;
    limits::room_for_more(guard.case.draws.len(), limits::DRAWS)?;
    let from = guard.ctx.draw.ok_or(Code::PoolMissing)?;
    let (candidates, excluded) = from.pool.of_field(field, |expert| unfit(guard, expert));
    if candidates.len() < count {
        return Err(Refusal::of(Code::ExpertsTooFew, [field]));
    }
    let drawn = drawn(&candidates, count, from.seed);
    let number = u32::try_from(guard.case.draws.len()).unwrap_or(u32::MAX);
    let number = number.saturating_add(1);
    let released = instead_of.iter().map(|person| CaseEvent::ExpertReleased {
        person: person.clone(),
        reason: reason.to_owned(),
    });
    let called = drawn.iter().map(|person| CaseEvent::ExpertCalled {
        person: person.clone(),
        draw: number.to_string(),
    });
    let draw = CaseEvent::ExpertsDrawn(Box::new(ExpertDraw {
        number,
        field: field.to_owned(),
        pool: from.pool.version().to_owned(),
        candidates,
        excluded,
        seed: from.seed,
        drawn: drawn.clone(),
        reason: reason.to_owned(),
    }));
    Ok(released.chain([draw]).chain(called).collect())
}

/// R16, and whoever has ties with the applicant.
fn unfit(guard: &Guard<'_>, expert: &PoolExpert) -> Option<Unfit> {
    let (case, person) = (guard.case, &expert.person);
    let applicant = &case.brief.uscc;
    let sided = case.is_applicant(person)
        || case.facts.parties.contains_key(person)
        || case.staff.contains_key(person);
    let drawn = |draw: &ExpertDraw| draw.drawn.contains(person);
    if case.facts.recused.contains(person) {
        Some(Unfit::Recused)
    } else if expert.employer.as_ref() == Some(applicant) {
        Some(Unfit::WorksForApplicant)
    } else if expert.ties.contains(applicant) {
        Some(Unfit::TiedToApplicant)
    } else if sided {
        Some(Unfit::HasASide)
    } else if case.draws.iter().any(drawn) || case.experts.contains(person) {
        Some(Unfit::DrawnBefore)
    } else if expert.availability == Availability::Away {
        Some(Unfit::Away)
    } else {
        None
    }
}

/// R48: by the expert himself, with a fresh factor, before any material opens to him.
fn sign(guard: &Guard<'_>, sha256: &str) -> Result<Vec<CaseEvent>, Refusal> {
    if guard.case.facts.opens_to_expert(guard.person) {
        return Err(Code::AlreadySigned.into());
    }
    digest(sha256)?;
    Ok(vec![CaseEvent::ConfidentialitySigned {
        person: guard.person.clone(),
        sha256: sha256.to_owned(),
        factor: guard.factor()?,
    }])
}
