//! Conclusion, survey record, decision: three acts, never one (R13, R31–R34, R38–R41).

use std::collections::BTreeSet;

use crate::checks;
use crate::command::{Command, Digests};
use crate::event::{DecisionText, Event, SurveyOutcome};
use crate::limits;
use crate::people::PersonId;
use crate::refusal::{Code, Refusal};
use crate::session::PreparedRecord;

use super::guard::Guard;

pub(super) fn decide(guard: &Guard<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        Command::Conclude {
            case,
            outcome,
            text,
            present,
        } => conclude(guard, case.as_deref(), *outcome, text, present)?,
        Command::PrepareRecord {} => {
            guard.staff_in_room()?;
            checks::prepare_record(guard.session, &guard.ctx.cases).into_result()?;
            let digests = digests(guard)?;
            Event::RecordPrepared {
                digest: digests.content.clone(),
                pdf_digest: digests.pdf.clone(),
            }
        }
        Command::SignRecord { digest } => sign(guard, digest)?,
        Command::NoteSignatureRefused { person, reason } => note_refused(guard, person, reason)?,
        Command::DraftDecision { case, decision } => draft(guard, case.as_deref(), decision)?,
        Command::SealDecision {
            case,
            content_digest,
        } => seal(guard, case.as_deref(), content_digest)?,
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

fn digests<'a>(guard: &Guard<'a>) -> Result<&'a Digests, Refusal> {
    let missing = || Refusal::new(Code::DigestMismatch);
    guard.ctx.digests.as_ref().ok_or_else(missing)
}

/// R13: of those the chair confirms to be there, two are staff.
fn conclude(
    guard: &Guard<'_>,
    case: Option<&str>,
    outcome: SurveyOutcome,
    text: &str,
    present: &[PersonId],
) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    let session = guard.session;
    let matter = guard.matter(case)?;
    checks::conclude(session, matter, &guard.ctx.cases, outcome).into_result()?;
    limits::needed(text, limits::LONG)?;
    let present: BTreeSet<_> = present.iter().cloned().collect();
    let away: Vec<_> = present
        .iter()
        .filter(|person| !session.presence(person).is_in_room())
        .map(|person| person.0.clone())
        .collect();
    if !away.is_empty() {
        return Err(Refusal::of(Code::NotPresent, away));
    }
    let staff = present.iter().cloned();
    let staff: Vec<_> = staff
        .filter(|person| session.is_live_staff(person, &guard.ctx.cases))
        .collect();
    checks::enough(session, &staff)?;
    Ok(Event::Concluded {
        case: session.name_of(matter),
        outcome,
        text: text.to_owned(),
        present: present.into_iter().collect(),
    })
}

fn prepared<'a>(guard: &Guard<'a>) -> Result<&'a PreparedRecord, Refusal> {
    let record = guard.session.record.as_ref();
    record.ok_or_else(|| Code::RecordNotPrepared.into())
}

/// R33: staff who were there at the conclusion, applicant, agent.
fn sign(guard: &Guard<'_>, digest: &str) -> Result<Event, Refusal> {
    let confirmed = guard
        .session
        .last_conclusion()
        .is_none_or(|conclusion| conclusion.present.contains(guard.person));
    if guard.me.is_staff() && confirmed {
        guard.staff_in_room()?;
    } else if guard.me.represents_applicant() {
        guard.in_room()?;
    } else {
        return Err(Code::NotAllowed.into());
    }
    checks::sign_record(guard.session, &guard.ctx.cases).into_result()?;
    let record = prepared(guard)?;
    if record.digest != digest {
        return Err(Code::DigestMismatch.into());
    }
    let mut signatures = record.signatures.iter();
    if signatures.any(|signature| signature.person == *guard.person) {
        return Err(Code::AlreadySigned.into());
    }
    Ok(Event::RecordSigned {
        person: guard.person.clone(),
        digest: digest.to_owned(),
        factor: guard.factor()?,
    })
}

/// R33, and R22: silence of the network is no refusal, and so is never having been there.
fn note_refused(guard: &Guard<'_>, person: &PersonId, reason: &str) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    checks::sign_record(guard.session, &guard.ctx.cases).into_result()?;
    if !guard.other(person)?.represents_applicant() {
        return Err(Code::NotAllowed.into());
    }
    checks::applicant_reachable(guard.session)?;
    let attendance = guard.session.attendance.get(person);
    if attendance.is_none_or(|attendance| attendance.stays.is_empty()) {
        return Err(Refusal::of(Code::NotPresent, [person.0.as_str()]));
    }
    limits::needed(reason, limits::SHORT)?;
    let record = prepared(guard)?;
    let signed = record.signatures.iter().any(|by| by.person == *person);
    let noted = record.refusals.iter().any(|by| by.person == *person);
    if signed || noted {
        return Err(Code::AlreadySigned.into());
    }
    Ok(Event::RecordSignatureRefused {
        person: person.clone(),
        reason: reason.to_owned(),
    })
}

/// A draft may be incomplete; sealing is what asks for the whole.
fn draft(guard: &Guard<'_>, case: Option<&str>, decision: &DecisionText) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    guard.live()?;
    let matter = guard.matter(case)?;
    guard.decides(matter)?;
    if matter.outcome.is_some() {
        return Err(Code::AlreadyEnded.into());
    }
    if matter.conclusion.is_none() {
        return Err(Code::NotConcluded.into());
    }
    if matter.sealed().is_some() {
        return Err(Code::AlreadySealed.into());
    }
    limits::needed(&decision.result, limits::SHORT)?;
    limits::text(&decision.reason, limits::LONG)?;
    limits::text(&decision.remedies, limits::LONG)?;
    limits::text(&decision.next_step, limits::CHAT)?;
    limits::text(&decision.contact, limits::SHORT)?;
    limits::text(&decision.departure_reason, limits::LONG)?;
    if decision.basis.len() > limits::BASES {
        return Err(Code::LimitReached.into());
    }
    for basis in &decision.basis {
        limits::text(basis, limits::SHORT)?;
    }
    Ok(Event::DecisionDrafted {
        case: guard.session.name_of(matter),
        decision: decision.clone(),
    })
}

fn seal(guard: &Guard<'_>, case: Option<&str>, content_digest: &str) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    let matter = guard.matter(case)?;
    guard.decides(matter)?;
    checks::seal(guard.session, matter, &guard.ctx.cases).into_result()?;
    // Nobody seals another's words: the approver takes them over by drafting them again.
    if matter.drafter() != Some(guard.person) {
        return Err(Code::NotAllowed.into());
    }
    let factor = guard.factor()?;
    let digests = digests(guard)?;
    if digests.content != content_digest {
        return Err(Code::DigestMismatch.into());
    }
    let document = guard.ctx.document.as_ref();
    let document = document.ok_or(Code::NotSealed)?;
    Ok(Event::DecisionSealed {
        case: guard.session.name_of(matter),
        number: document.number.clone(),
        content_digest: digests.content.clone(),
        pdf_digest: digests.pdf.clone(),
        signer: guard.person.clone(),
        factor,
        seal: document.seal.clone(),
    })
}
