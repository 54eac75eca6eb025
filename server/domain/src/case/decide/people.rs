//! Who works on the case: staff, departments, experts, recusals, legal review (R16, R36, R58).

use crate::case::command::CaseCommand;
use crate::case::event::CaseEvent;
use crate::case::facts::LegalReview;
use crate::case::guard::Guard;
use crate::case::words::{Part, ReviewResult};
use crate::limits;
use crate::people::{PersonId, Role};
use crate::refusal::{Code, Refusal};

/// R58, µs.
const LONGEST_APPROVAL_US: i64 = 30 * 24 * 3_600 * 1_000_000;

pub(super) fn decide(guard: &Guard<'_>, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
    let event = match command {
        CaseCommand::AssignStaff { person, role } => assign(guard, person, *role)?,
        CaseCommand::ReleaseStaff { person } => {
            guard.undecided()?;
            if !guard.case.staff.contains_key(person) {
                return Err(Refusal::of(Code::NotAParticipant, [&person.0]));
            }
            CaseEvent::StaffReleased {
                person: person.clone(),
            }
        }
        CaseCommand::JoinDepartment { department, part } => join(guard, department, *part)?,
        CaseCommand::RecordRecusal { person, reason } => recuse(guard, person, reason)?,
        CaseCommand::NoteReview { text } => {
            guard.undecided()?;
            limits::needed(text, limits::LONG)?;
            CaseEvent::ReviewNoted { text: text.clone() }
        }
        CaseCommand::FlagMajor { reason } => {
            guard.undecided()?;
            super::clock::given(reason)?;
            if guard.case.facts.legal_review != LegalReview::NotNeeded {
                return Err(Code::AlreadyExists.into());
            }
            CaseEvent::MajorFlagged {
                reason: reason.clone(),
            }
        }
        CaseCommand::ReviewLegally { result, opinion } => review(guard, *result, opinion)?,
        CaseCommand::ApproveOperator {
            operator,
            purpose,
            until,
        } => approve(guard, operator, purpose, *until)?,
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// R16, and nobody who has a side of his own.
fn unbiased(guard: &Guard<'_>, person: &PersonId) -> Result<(), Refusal> {
    limits::needed(&person.0, limits::TOKEN)?;
    if guard.case.facts.recused.contains(person) {
        return Err(Refusal::of(Code::Recused, [&person.0]));
    }
    let sided = guard.case.is_applicant(person) || guard.case.facts.parties.contains_key(person);
    if sided {
        return Err(Code::NotAllowed.into());
    }
    Ok(())
}

fn assign(guard: &Guard<'_>, person: &PersonId, role: Role) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    unbiased(guard, person)?;
    if !role.is_staff() || guard.case.experts.contains(person) {
        return Err(Code::NotAllowed.into());
    }
    let held = guard.case.staff.get(person);
    if held.is_some_and(|roles| roles.contains(&role)) {
        return Err(Code::AlreadyExists.into());
    }
    limits::room_for_more(guard.case.staff.len(), limits::PEOPLE)?;
    Ok(CaseEvent::StaffAssigned {
        person: person.clone(),
        role,
    })
}

/// One leads; each joins once.
fn join(guard: &Guard<'_>, department: &str, part: Part) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    limits::needed(department, limits::SHORT)?;
    let led = guard.case.departments.values().any(|of| *of == Part::Lead);
    if guard.case.departments.contains_key(department) || (part == Part::Lead && led) {
        return Err(Code::AlreadyExists.into());
    }
    limits::room_for_more(guard.case.departments.len(), limits::PEOPLE)?;
    Ok(CaseEvent::DepartmentJoined {
        department: department.to_owned(),
        part,
    })
}

/// R58: somebody without any other part, for at most thirty days.
fn approve(
    guard: &Guard<'_>,
    operator: &PersonId,
    purpose: &str,
    until: i64,
) -> Result<CaseEvent, Refusal> {
    unbiased(guard, operator)?;
    if operator == guard.person || guard.case.staff.contains_key(operator) {
        return Err(Code::NotAllowed.into());
    }
    if purpose.trim().is_empty() {
        return Err(Code::PurposeMissing.into());
    }
    limits::text(purpose, limits::SHORT)?;
    let latest = guard.ctx.now.saturating_add(LONGEST_APPROVAL_US);
    if until <= guard.ctx.now || until > latest {
        return Err(Code::DateInvalid.into());
    }
    limits::room_for_more(guard.case.approvals.len(), limits::APPROVALS)?;
    Ok(CaseEvent::OperatorApproved {
        operator: operator.clone(),
        purpose: purpose.to_owned(),
        until,
    })
}

/// R16: by an approver, or by whoever steps aside himself.
fn recuse(guard: &Guard<'_>, person: &PersonId, reason: &str) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    limits::needed(&person.0, limits::TOKEN)?;
    if guard.case.is_applicant(person) || guard.case.facts.parties.contains_key(person) {
        return Err(Code::NotAllowed.into());
    }
    if guard.case.facts.recused.contains(person) {
        return Err(Code::AlreadyExists.into());
    }
    super::clock::given(reason)?;
    Ok(CaseEvent::RecusalRecorded {
        person: person.clone(),
        reason: reason.to_owned(),
    })
}

/// R36: an objection stands until another review signs off.
fn review(guard: &Guard<'_>, result: ReviewResult, opinion: &str) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    match guard.case.facts.legal_review {
        LegalReview::NotNeeded => return Err(Code::NotInThisStage.into()),
        LegalReview::SignedOff => return Err(Code::AlreadySigned.into()),
        LegalReview::Needed | LegalReview::Objected => {}
    }
    limits::needed(opinion, limits::LONG)?;
    Ok(CaseEvent::LegalReviewed {
        result,
        opinion: opinion.to_owned(),
    })
}
