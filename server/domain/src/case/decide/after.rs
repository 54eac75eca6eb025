//! After the decision: false material, licence, service, publication, retention, closing (R08, R45–R49, R60).

use crate::calendar::end_of_day;
use crate::case::command::CaseCommand;
use crate::case::event::CaseEvent;
use crate::case::guard::{Guard, digest};
use crate::case::guide::Retention;
use crate::case::parts::{Publication, RatingState};
use crate::case::stage::{Decided, Stage};
use crate::case::words::ServiceMethod;
use crate::event::DecisionKind;
use crate::limits;
use crate::refusal::{Code, Refusal};

pub(super) fn decide(guard: &Guard<'_>, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
    let event = match command {
        CaseCommand::FindFalseMaterial { material, finding } => {
            find_false(guard, material, finding)?
        }
        CaseCommand::IssueLicence { number, pdf_digest } => issue(guard, number, pdf_digest)?,
        CaseCommand::Serve {
            method,
            to,
            proof_digest,
        } => serve(guard, *method, to, proof_digest)?,
        CaseCommand::ClaimSecret { material, passage } => claim(guard, material, passage)?,
        CaseCommand::ProposeMasking {
            text_digest,
            masked,
        } => propose(guard, text_digest, masked)?,
        CaseCommand::ObjectToMasking { text } => {
            open_to_objection(guard)?;
            limits::needed(text, limits::LONG)?;
            CaseEvent::MaskingObjected { text: text.clone() }
        }
        CaseCommand::AcceptMasking {} => {
            open_to_objection(guard)?;
            CaseEvent::MaskingAccepted
        }
        CaseCommand::Publish { text_digest } => publish(guard, text_digest)?,
        CaseCommand::SetRetention { class } => {
            long_enough(guard, *class)?;
            CaseEvent::RetentionSet { class: *class }
        }
        CaseCommand::SetRecordingRetention { session, class } => {
            let set = super::survey::session_of(guard, session)?.retention;
            if Some(*class) < set {
                return Err(Code::RetentionTooShort.into());
            }
            long_enough(guard, *class)?;
            CaseEvent::RecordingRetentionSet {
                session: session.clone(),
                class: *class,
            }
        }
        CaseCommand::Close {} => close(guard)?,
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// R45: the same application is blocked for one year (`Case::bar`), and this one is not granted.
fn find_false(guard: &Guard<'_>, material: &str, finding: &str) -> Result<CaseEvent, Refusal> {
    guard.application.guide.listed(material)?;
    if !guard.case.materials.contains_key(material) {
        return Err(Refusal::of(Code::MaterialsMissing, [material]));
    }
    if guard.case.false_material.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    limits::needed(finding, limits::LONG)?;
    let year = jiff::Span::new().years(1);
    let until = guard.today.checked_add(year);
    Ok(CaseEvent::FalseMaterialFound {
        material: material.to_owned(),
        finding: finding.to_owned(),
        until: until.map_err(|_| Code::DateInvalid)?,
    })
}

fn granted<'a>(guard: &Guard<'a>) -> Result<&'a Decided, Refusal> {
    let decided = guard.case.stage.decided();
    decided
        .filter(|decided| decided.decision.kind == DecisionKind::Granted)
        .ok_or_else(|| Code::NotInThisStage.into())
}

/// R08.
fn issue(guard: &Guard<'_>, number: &str, pdf_digest: &str) -> Result<CaseEvent, Refusal> {
    if granted(guard)?.licence.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    limits::needed(number, limits::TOKEN)?;
    digest(pdf_digest)?;
    Ok(CaseEvent::LicenceIssued {
        number: number.to_owned(),
        pdf_digest: pdf_digest.to_owned(),
    })
}

/// R08: with proof; a grant with its licence.
fn serve(
    guard: &Guard<'_>,
    method: ServiceMethod,
    to: &str,
    proof_digest: &str,
) -> Result<CaseEvent, Refusal> {
    match &guard.case.stage {
        Stage::Granted(decided) if decided.licence.is_none() => {
            return Err(Code::LicenceMissing.into());
        }
        Stage::Granted(_) | Stage::Refused(_) => {}
        Stage::Served(..) => return Err(Code::AlreadyExists.into()),
        _ => return Err(Code::NotInThisStage.into()),
    }
    limits::needed(to, limits::SHORT)?;
    digest(proof_digest)?;
    Ok(CaseEvent::Served {
        method,
        to: to.to_owned(),
        proof_digest: proof_digest.to_owned(),
    })
}

/// R47: any time before the text is out.
fn claim(guard: &Guard<'_>, material: &str, passage: &str) -> Result<CaseEvent, Refusal> {
    if matches!(guard.case.publication, Publication::Published { .. }) {
        return Err(Code::AlreadyExists.into());
    }
    guard.application.guide.listed(material)?;
    limits::needed(passage, limits::CHAT)?;
    limits::room_for_more(guard.case.secrets.len(), limits::PASSAGES)?;
    Ok(CaseEvent::SecretClaimed {
        material: material.to_owned(),
        passage: passage.to_owned(),
    })
}

fn propose(guard: &Guard<'_>, text_digest: &str, masked: &[String]) -> Result<CaseEvent, Refusal> {
    granted(guard)?;
    if matches!(guard.case.publication, Publication::Published { .. }) {
        return Err(Code::AlreadyExists.into());
    }
    digest(text_digest)?;
    if masked.len() > limits::PASSAGES {
        return Err(Code::LimitReached.into());
    }
    for passage in masked {
        limits::needed(passage, limits::CHAT)?;
    }
    let days = guard.application.guide.time.objection;
    let last = guard.ctx.calendar.add_working_days(guard.today, days)?;
    Ok(CaseEvent::MaskingProposed {
        text_digest: text_digest.to_owned(),
        masked: masked.to_vec(),
        objections_until: end_of_day(last)?,
    })
}

fn open_to_objection(guard: &Guard<'_>) -> Result<(), Refusal> {
    match guard.case.publication {
        Publication::Proposed {
            objections_until, ..
        } if guard.ctx.now <= objections_until => Ok(()),
        _ => Err(Code::NotInThisStage.into()),
    }
}

/// R46, R47: exactly the text that stood open to objection.
fn publish(guard: &Guard<'_>, text_digest: &str) -> Result<CaseEvent, Refusal> {
    granted(guard)?;
    let ready = match &guard.case.publication {
        Publication::NotBegun => return Err(Code::MaskingMissing.into()),
        Publication::Objected { .. } => return Err(Code::ObjectionOpen.into()),
        Publication::Published { .. } => return Err(Code::AlreadyExists.into()),
        Publication::Proposed {
            objections_until, ..
        } if guard.ctx.now <= *objections_until => return Err(Code::ObjectionOpen.into()),
        Publication::Proposed { text_digest, .. } | Publication::Agreed { text_digest } => {
            text_digest
        }
    };
    if ready != text_digest {
        return Err(Code::DigestMismatch.into());
    }
    Ok(CaseEvent::Published {
        text_digest: text_digest.to_owned(),
    })
}

/// R49: neither case nor recording goes below what stands for the case.
fn long_enough(guard: &Guard<'_>, class: Retention) -> Result<(), Refusal> {
    if Some(class) < guard.case.retention() {
        return Err(Code::RetentionTooShort.into());
    }
    Ok(())
}

/// 办结: everything that is owed is done (R46, R60).
fn close(guard: &Guard<'_>) -> Result<CaseEvent, Refusal> {
    match &guard.case.stage {
        Stage::Served(..) | Stage::NotAccepted(_) | Stage::Withdrawn(_) => {}
        _ => return Err(Code::NotInThisStage.into()),
    }
    let published = matches!(guard.case.publication, Publication::Published { .. });
    if granted(guard).is_ok() && !published {
        return Err(Code::PublicationMissing.into());
    }
    let open = guard.case.sessions.iter();
    let open = open.filter(|(_, session)| matches!(session.rating, RatingState::TaskOpen(_)));
    let open: Vec<_> = open.map(|(id, _)| id.clone()).collect();
    if !open.is_empty() {
        return Err(Refusal::of(Code::FeedbackMissing, open));
    }
    Ok(CaseEvent::Closed)
}
