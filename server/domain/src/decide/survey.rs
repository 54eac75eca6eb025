//! The survey itself: evidence, answers, opinions, the applicant's statement (R21, R24–R27, R34, R37).

use crate::checks;
use crate::command::Command;
use crate::event::{
    Answer, CheckResult, Event, Evidence, EvidenceKind, MeasuredHow, Measurement, OpinionKind,
    Point, Position, Stance,
};
use crate::limits;
use crate::people::PersonId;
use crate::refusal::{Code, Refusal};
use crate::session::Matter;
use crate::template::{CheckItem, Remote};

use super::guard::Guard;

pub(super) fn decide(guard: &Guard<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        Command::AnswerItem { answer } => answer_item(guard, answer)?,
        Command::MarkUnsuitable { code, reason } => mark_unsuitable(guard, code, reason)?,
        Command::TakeEvidence { evidence } => take_evidence(guard, evidence)?,
        Command::Annotate {
            id,
            evidence,
            strokes,
            note,
        } => annotate(guard, id, evidence, strokes, note)?,
        Command::FileOpinion {
            opinion,
            stance,
            text,
        } => file_opinion(guard, opinion, *stance, text)?,
        Command::TakeStatement { text, waived } => take_statement(guard, text, *waived)?,
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// Live, and not all concluded yet: the last conclusion closes the survey.
fn surveying(guard: &Guard<'_>) -> Result<(), Refusal> {
    guard.live()?;
    let mut matters = guard.session.matters.iter();
    if matters.any(Matter::is_surveyed) {
        return Ok(());
    }
    Err(Code::AlreadyConcluded.into())
}

/// What a case concluded on stays as it was; what a case left open without a conclusion nobody answers for it.
fn of_a_surveyed_case(guard: &Guard<'_>, code: &str) -> Result<(), Refusal> {
    let of_item = |matter: &&Matter| {
        let case = guard.session.scheduled.case(&matter.case);
        case.is_some_and(|case| case.has_item(code))
    };
    let having = || guard.session.matters.iter().filter(of_item);
    let concluded = having().any(|matter| matter.conclusion.is_some());
    if concluded || !having().any(Matter::is_surveyed) {
        return Err(Refusal::of(Code::AlreadyConcluded, [code]));
    }
    Ok(())
}

/// A known item that this session may touch (R44).
fn open_item<'a>(guard: &Guard<'a>, code: &str) -> Result<&'a CheckItem, Refusal> {
    let unknown = || Refusal::new(Code::UnknownItem);
    let item = guard.session.item(code).ok_or_else(unknown)?;
    if !guard.session.scheduled.is_open(code) {
        return Err(Refusal::of(Code::ItemNotReopened, [code]));
    }
    of_a_surveyed_case(guard, code)?;
    Ok(item)
}

fn answer_item(guard: &Guard<'_>, answer: &Answer) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    surveying(guard)?;
    checks::at_the_site(guard.session, &guard.ctx.cases, None)?;
    let item = open_item(guard, &answer.code)?;
    limits::text(&answer.note, limits::SHORT)?;
    if let Some(measurement) = &answer.measurement {
        well_formed(measurement)?;
    }
    if answer.result == CheckResult::NotApplicable && !item.na_allowed {
        return Err(Refusal::of(Code::NotApplicableNotAllowed, [&answer.code]));
    }
    measured(item, answer)?;
    // "Only on site" is an honest answer anywhere; it is the conclusion that it prevents (R21).
    if answer.result != CheckResult::OnSiteOnly && !guard.session.suits(item, answer) {
        return Err(Refusal::of(Code::ItemUnsuitable, [&answer.code]));
    }
    if answer.evidence.len() > limits::EVIDENCE_PER_ANSWER {
        return Err(Code::LimitReached.into());
    }
    let known = |id: &&String| guard.session.evidence(id).is_none();
    let unknown: Vec<_> = answer.evidence.iter().filter(known).cloned().collect();
    if !unknown.is_empty() {
        return Err(Refusal::of(Code::UnknownEvidence, unknown));
    }
    Ok(Event::ItemAnswered {
        person: guard.person.clone(),
        answer: answer.clone(),
    })
}

/// R25: what can only partly or not be judged at a distance is not met by looking.
fn measured(item: &CheckItem, answer: &Answer) -> Result<(), Refusal> {
    let met = matches!(answer.result, CheckResult::Met | CheckResult::Mended);
    if met && item.remote != Remote::Y && answer.measurement.is_none() {
        return Err(Refusal::of(Code::MeasurementNeeded, [&answer.code]));
    }
    Ok(())
}

/// A measurement is a decimal as read; a test record or an on-site reading may be words.
fn well_formed(measurement: &Measurement) -> Result<(), Refusal> {
    limits::needed(&measurement.value, limits::TOKEN)?;
    limits::text(&measurement.unit, limits::TOKEN)?;
    if measurement.how == MeasuredHow::Measurement && !is_decimal(&measurement.value) {
        return Err(Code::ValueInvalid.into());
    }
    Ok(())
}

fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}

fn mark_unsuitable(guard: &Guard<'_>, code: &str, reason: &str) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    surveying(guard)?;
    open_item(guard, code)?;
    limits::needed(reason, limits::SHORT)?;
    if guard.session.unsuitable.contains_key(code) {
        return Err(Code::AlreadyExists.into());
    }
    Ok(Event::ItemUnsuitable {
        code: code.to_owned(),
        reason: reason.to_owned(),
    })
}

/// R24, R26.
fn take_evidence(guard: &Guard<'_>, evidence: &Evidence) -> Result<Event, Refusal> {
    guard.staff_in_room()?;
    surveying(guard)?;
    if evidence.person != *guard.person {
        return Err(Code::NotAllowed.into());
    }
    file_described(evidence)?;
    let here = evidence.position.as_ref();
    let here = here.map(|position| (&evidence.person, position));
    checks::at_the_site(guard.session, &guard.ctx.cases, here)?;
    if guard.session.evidence(&evidence.id).is_some() {
        return Err(Code::AlreadyExists.into());
    }
    limits::room_for_more(guard.session.evidence.len(), limits::EVIDENCE)?;
    match &evidence.item {
        Some(code) => {
            open_item(guard, code)?;
        }
        None if evidence.kind == EvidenceKind::Exterior => {}
        None => return Err(Code::UnknownItem.into()),
    }
    let first = guard.session.evidence.is_empty();
    let exterior_first = guard.session.scheduled.exterior_first();
    if first && exterior_first && evidence.kind != EvidenceKind::Exterior {
        return Err(Code::ExteriorFirst.into());
    }
    Ok(Event::EvidenceTaken(Box::new(evidence.clone())))
}

fn file_described(evidence: &Evidence) -> Result<(), Refusal> {
    limits::needed(&evidence.id, limits::TOKEN)?;
    limits::needed(&evidence.device, limits::TOKEN)?;
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let well_formed = evidence.sha256.len() == 64
        && evidence.sha256.bytes().all(hex)
        && ["image/jpeg", "image/png"].contains(&evidence.media_type.as_str())
        && (1..=limits::EVIDENCE_BYTES).contains(&evidence.bytes)
        && evidence.position.as_ref().is_none_or(Position::is_on_earth);
    if !well_formed {
        return Err(Code::ValueInvalid.into());
    }
    Ok(())
}

/// R27.
fn annotate(
    guard: &Guard<'_>,
    id: &str,
    evidence: &str,
    strokes: &[Vec<Point>],
    note: &str,
) -> Result<Event, Refusal> {
    in_room_with_credential(guard)?;
    surveying(guard)?;
    checks::at_the_site(guard.session, &guard.ctx.cases, None)?;
    limits::needed(id, limits::TOKEN)?;
    limits::text(note, limits::SHORT)?;
    if guard.session.evidence(evidence).is_none() {
        return Err(Refusal::of(Code::UnknownEvidence, [evidence]));
    }
    let mut annotations = guard.session.annotations.iter();
    if annotations.any(|annotation| annotation.id == id) {
        return Err(Code::AlreadyExists.into());
    }
    limits::room_for_more(guard.session.annotations.len(), limits::ANNOTATIONS)?;
    let points: usize = strokes.iter().map(Vec::len).sum();
    if strokes.len() > limits::STROKES || points > limits::POINTS {
        return Err(Code::LimitReached.into());
    }
    let outside = |point: &Point| point.x > 10_000 || point.y > 10_000;
    if strokes.iter().flatten().any(outside) {
        return Err(Code::ValueInvalid.into());
    }
    Ok(Event::AnnotationAdded {
        id: id.to_owned(),
        evidence: evidence.to_owned(),
        person: guard.person.clone(),
        strokes: strokes.to_vec(),
        note: note.to_owned(),
    })
}

/// Experts have no staff credential to show.
fn in_room_with_credential(guard: &Guard<'_>) -> Result<(), Refusal> {
    if guard.me.is_staff() {
        return guard.staff_in_room();
    }
    guard.in_room().map(|_| ())
}

/// An expert's advice (R38), or the opinion of the person's own department and no other (R37).
fn file_opinion(
    guard: &Guard<'_>,
    opinion: &OpinionKind,
    stance: Stance,
    text: &str,
) -> Result<Event, Refusal> {
    if let OpinionKind::Department { department } = opinion
        && guard.me.department.as_ref() != Some(department)
    {
        return Err(Refusal::of(Code::NotYourDepartment, [department]));
    }
    in_room_with_credential(guard)?;
    surveying(guard)?;
    limits::needed(text, limits::LONG)?;
    limits::room_for_more(guard.session.opinions.len(), limits::OPINIONS)?;
    Ok(Event::OpinionFiled {
        person: guard.person.clone(),
        opinion: opinion.clone(),
        stance,
        text: text.to_owned(),
        deliberation: guard.session.is_deliberating(),
    })
}

/// R34: by the applicant or agent; the chair may take it down for one who is there.
fn take_statement(guard: &Guard<'_>, text: &str, waived: bool) -> Result<Event, Refusal> {
    let person = if guard.me.represents_applicant() {
        guard.in_room()?;
        guard.person.clone()
    } else {
        guard.staff_in_room()?;
        present_applicant(guard)?
    };
    guard.live()?;
    if guard.session.is_deliberating() {
        return Err(Code::DeliberationRunning.into());
    }
    if !guard.session.is_undecided() {
        return Err(Code::AlreadySealed.into());
    }
    if waived {
        limits::text(text, limits::LONG)?;
    } else {
        limits::needed(text, limits::LONG)?;
    }
    limits::room_for_more(guard.session.statements.len(), limits::STATEMENTS)?;
    Ok(Event::StatementTaken {
        person,
        text: text.to_owned(),
        waived,
    })
}

fn present_applicant(guard: &Guard<'_>) -> Result<PersonId, Refusal> {
    let mut there = guard
        .session
        .people()
        .filter(|(who, presence)| who.represents_applicant() && presence.is_in_room());
    there
        .next()
        .map(|(who, _)| who.person.clone())
        .ok_or_else(|| Code::NotPresent.into())
}
