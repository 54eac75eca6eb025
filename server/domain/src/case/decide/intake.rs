//! From the first material to acceptance (R01–R03, R09–R12, R45).

use jiff::civil::Date;

use crate::calendar::day_of;
use crate::case::command::{CaseCommand, CaseContext};
use crate::case::event::{Application, CaseEvent};
use crate::case::guard::{Guard, digest, slip};
use crate::case::guide::{CommitmentRoute, Supply};
use crate::case::parts::{Credit, Material};
use crate::case::stage::{Receipt, Stage};
use crate::case::words::{CreditStanding, FileFacts, MissingItem, Route, Verdict};
use crate::limits;
use crate::refusal::{Code, Refusal};

pub(super) fn decide(guard: &Guard<'_>, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
    let event = match command {
        CaseCommand::SubmitMaterial { material, file } => submit(guard, material, file)?,
        CaseCommand::TakeShared { material, sha256 } => take_shared(guard, material, sha256)?,
        CaseCommand::ReviewMaterial { material, review } => review_of(guard, material, review)?,
        CaseCommand::Receive {} => return receive(guard),
        CaseCommand::GiveNotice { missing, contact } => give_notice(guard, missing, contact)?,
        CaseCommand::CheckCredit { standing } => check_credit(guard, *standing)?,
        CaseCommand::Undertake { material, by } => undertake(guard, material, *by)?,
        CaseCommand::Commit { sha256 } => commit(guard, sha256)?,
        CaseCommand::Accept {} => accept(guard)?,
        CaseCommand::NotAccept {
            reason,
            basis,
            next_step,
            contact,
        } => not_accept(guard, [reason, basis, next_step, contact])?,
        CaseCommand::BeginReview {} => {
            guard.accepted()?;
            if !matches!(guard.case.stage, Stage::Accepted(_)) {
                return Err(Code::AlreadyExists.into());
            }
            CaseEvent::ReviewBegun
        }
        CaseCommand::Withdraw { reason } => {
            guard.undecided()?;
            limits::needed(reason, limits::SHORT)?;
            CaseEvent::Withdrawn {
                reason: reason.clone(),
            }
        }
        _ => return Err(Code::NotAllowed.into()),
    };
    Ok(vec![event])
}

/// R09, R10. After acceptance only what was undertaken or found insufficient comes in.
fn submit(guard: &Guard<'_>, code: &str, file: &FileFacts) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    let listed = guard.application.guide.listed(code)?;
    if matches!(listed.supply, Supply::Sharing { .. }) {
        return Err(Refusal::of(Code::ObtainableBySharing, [code]));
    }
    let before = guard.case.materials.get(code);
    let accepted = guard.case.stage.acceptance().is_some();
    let owed =
        guard.case.facts.undertaken.contains(code) || before.is_some_and(Material::is_wanting);
    if accepted && !owed {
        return Err(Code::NotInThisStage.into());
    }
    let times = before.map_or(0, Material::times) as usize;
    limits::room_for_more(times, limits::SUBMISSIONS)?;
    digest(&file.sha256)?;
    limits::needed(&file.name, limits::SHORT)?;
    limits::needed(&file.media_type, limits::TOKEN)?;
    if !(1..=limits::MATERIAL_BYTES).contains(&file.bytes) {
        return Err(Code::ValueInvalid.into());
    }
    if !guard.ctx.uploads.iter().any(|upload| upload.is_same(file)) {
        return Err(Refusal::of(Code::MaterialNotUploaded, [code]));
    }
    Ok(CaseEvent::MaterialSubmitted {
        material: code.to_owned(),
        file: file.clone(),
    })
}

fn take_shared(guard: &Guard<'_>, code: &str, sha256: &str) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    let listed = guard.application.guide.listed(code)?;
    if !matches!(listed.supply, Supply::Sharing { .. }) {
        return Err(Code::ValueInvalid.into());
    }
    digest(sha256)?;
    Ok(CaseEvent::MaterialShared {
        material: code.to_owned(),
        sha256: sha256.to_owned(),
    })
}

fn review_of(guard: &Guard<'_>, code: &str, verdict: &Verdict) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    guard.application.guide.listed(code)?;
    let material = guard.case.materials.get(code);
    if !material.is_some_and(Material::awaits_review) {
        return Err(Refusal::of(Code::MaterialsMissing, [code]));
    }
    if let Verdict::Insufficient { reason } = verdict {
        limits::needed(reason, limits::SHORT)?;
    }
    Ok(CaseEvent::MaterialReviewed {
        material: code.to_owned(),
        verdict: verdict.clone(),
    })
}

/// R45: what blocks this application is noted at receipt; it is answered all the same.
fn receive(guard: &Guard<'_>) -> Result<Vec<CaseEvent>, Refusal> {
    let submission = match &guard.case.stage {
        Stage::PreReview => 1,
        Stage::OneTimeNotice(notice) => notice.receipt.submission.saturating_add(1),
        Stage::Received(_) => return Err(Code::AlreadyExists.into()),
        _ => return Err(Code::NotInThisStage.into()),
    };
    let mut events = vec![CaseEvent::Received { submission }];
    let blocked = guard.ctx.bars.iter().filter(|bar| {
        bar.uscc == guard.case.brief.uscc
            && bar.item == guard.application.guide.item
            && bar.of != guard.application.case
            && guard.today <= bar.until
    });
    if let Some(bar) = blocked.max_by_key(|bar| bar.until) {
        events.push(CaseEvent::BarNoted {
            of: bar.of.clone(),
            until: bar.until,
            until_us: crate::calendar::end_of_day(bar.until)?,
        });
    }
    Ok(events)
}

fn received(guard: &Guard<'_>) -> Result<Receipt, Refusal> {
    match &guard.case.stage {
        Stage::Received(receipt) => Ok(*receipt),
        Stage::OneTimeNotice(_) => Err(Code::AlreadyNoticed.into()),
        _ => Err(Code::NotInThisStage.into()),
    }
}

/// R02: whether the days to answer this receipt are over.
pub(super) fn answered_too_late(
    application: &Application,
    receipt: Receipt,
    ctx: &CaseContext<'_>,
) -> Result<bool, Refusal> {
    let from = day_of(receipt.at)?;
    let notice = application.guide.time.notice;
    let last = ctx.calendar.add_working_days(from, notice)?;
    Ok(day_of(ctx.now)? > last)
}

/// R01, R09, R10: everything that is missing, and nothing that may not be asked for.
fn give_notice(
    guard: &Guard<'_>,
    missing: &[MissingItem],
    contact: &str,
) -> Result<CaseEvent, Refusal> {
    let receipt = received(guard)?;
    if answered_too_late(guard.application, receipt, guard.ctx)? {
        return Err(Code::NoticeTooLate.into());
    }
    if missing.is_empty() || missing.len() > limits::MATERIALS {
        return Err(Code::TextMissing.into());
    }
    for item in missing {
        let listed = guard.application.guide.listed(&item.material)?;
        if matches!(listed.supply, Supply::Sharing { .. }) {
            return Err(Refusal::of(Code::ObtainableBySharing, [&item.material]));
        }
        limits::needed(&item.what, limits::CHAT)?;
    }
    let owed = guard.case.missing().into_iter();
    let told = |code: &String| missing.iter().any(|item| item.material == *code);
    let untold: Vec<_> = owed.filter(|code| !told(code)).collect();
    if !untold.is_empty() {
        return Err(Refusal::of(Code::NoticeIncomplete, untold));
    }
    limits::needed(contact, limits::SHORT)?;
    Ok(CaseEvent::NoticeGiven {
        submission: receipt.submission,
        missing: missing.to_vec(),
        contact: contact.to_owned(),
    })
}

fn check_credit(guard: &Guard<'_>, standing: CreditStanding) -> Result<CaseEvent, Refusal> {
    guard.undecided()?;
    Ok(CaseEvent::CreditChecked { standing })
}

/// R12.
fn creditworthy(guard: &Guard<'_>) -> Result<(), Refusal> {
    match guard.case.credit {
        Credit::Clear => Ok(()),
        Credit::NotChecked => Err(Code::CreditNotChecked.into()),
        Credit::Marked => Err(Code::CreditMarked.into()),
    }
}

/// Both easier ways are chosen before acceptance.
fn before_acceptance(guard: &Guard<'_>) -> Result<(), Refusal> {
    match guard.case.stage {
        Stage::PreReview | Stage::Received(_) | Stage::OneTimeNotice(_) => Ok(()),
        _ => Err(Code::NotInThisStage.into()),
    }
}

/// R11, R12.
fn undertake(guard: &Guard<'_>, code: &str, by: Date) -> Result<CaseEvent, Refusal> {
    before_acceptance(guard)?;
    if guard.application.guide.listed(code)?.supply != Supply::ApplicantMinor {
        return Err(Refusal::of(Code::MaterialNotMinor, [code]));
    }
    let standing = guard.case.materials.get(code);
    if standing.is_some_and(|material| !material.is_wanting()) {
        return Err(Code::AlreadyExists.into());
    }
    creditworthy(guard)?;
    guard.later_than_today(by)?;
    Ok(CaseEvent::UndertakingGiven {
        material: code.to_owned(),
        by,
    })
}

/// R12: 告知承诺.
fn commit(guard: &Guard<'_>, sha256: &str) -> Result<CaseEvent, Refusal> {
    before_acceptance(guard)?;
    if guard.application.guide.commitment != CommitmentRoute::Offered {
        return Err(Code::CommitmentNotOffered.into());
    }
    if guard.case.commitment.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    creditworthy(guard)?;
    digest(sha256)?;
    Ok(CaseEvent::CommitmentMade {
        sha256: sha256.to_owned(),
        factor: guard.factor()?,
    })
}

/// R02, R03, R11, R12, R45.
fn accept(guard: &Guard<'_>) -> Result<CaseEvent, Refusal> {
    let receipt = received(guard)?;
    if answered_too_late(guard.application, receipt, guard.ctx)? {
        return deemed(receipt, guard.ctx);
    }
    if let crate::case::Truth::BarredUntil(until) = guard.case.facts.truth
        && guard.ctx.now <= until
    {
        return Err(Code::ApplicationBarred.into());
    }
    let route = route(guard)?;
    Ok(CaseEvent::Accepted {
        on: guard.today,
        route,
        slip: slip(guard.ctx)?,
    })
}

/// R02: accepted by the time that passed, from the day of receipt.
pub(super) fn deemed(receipt: Receipt, ctx: &CaseContext<'_>) -> Result<CaseEvent, Refusal> {
    Ok(CaseEvent::Accepted {
        on: day_of(receipt.at)?,
        route: Route::Deemed,
        slip: slip(ctx)?,
    })
}

/// R11: what is missing is minor and undertaken, or the case is not accepted.
fn route(guard: &Guard<'_>) -> Result<Route, Refusal> {
    let missing = guard.case.missing();
    if missing.is_empty() {
        return Ok(if guard.case.commitment.is_some() {
            creditworthy(guard)?;
            Route::Commitment
        } else {
            Route::Complete
        });
    }
    let guide = &guard.application.guide;
    let minor = |code: &String| {
        let listed = guide.material(code);
        listed.is_some_and(|listed| listed.supply == Supply::ApplicantMinor)
    };
    let whole: Vec<_> = missing
        .iter()
        .filter(|code| !minor(code))
        .cloned()
        .collect();
    if !whole.is_empty() {
        return Err(Refusal::of(Code::MaterialsMissing, whole));
    }
    let undertaken = |code: &&String| {
        let by = guard.case.undertakings.get(*code);
        by.is_some_and(|by| *by > guard.today)
    };
    let open: Vec<_> = missing
        .iter()
        .filter(|code| !undertaken(code))
        .cloned()
        .collect();
    if !open.is_empty() {
        return Err(Refusal::of(Code::UndertakingMissing, open));
    }
    creditworthy(guard)?;
    Ok(Route::Tolerant)
}

/// R02, R03; every refusal says why, on what ground, what comes next and whom to ask.
fn not_accept(guard: &Guard<'_>, texts: [&String; 4]) -> Result<CaseEvent, Refusal> {
    let receipt = received(guard)?;
    if answered_too_late(guard.application, receipt, guard.ctx)? {
        return Err(Code::NoticeTooLate.into());
    }
    let [reason, basis, next_step, contact] = texts;
    let codes = [
        (reason, Code::ReasonMissing),
        (basis, Code::BasisMissing),
        (next_step, Code::NextStepMissing),
        (contact, Code::NextStepMissing),
    ];
    for (text, code) in codes {
        if text.trim().is_empty() {
            return Err(code.into());
        }
        limits::text(text, limits::LONG)?;
    }
    Ok(CaseEvent::NotAccepted {
        reason: reason.clone(),
        basis: basis.clone(),
        next_step: next_step.clone(),
        contact: contact.clone(),
        slip: slip(guard.ctx)?,
    })
}
