//! What stands between now and each act of the run. One source: `decide` refuses with the first, `readiness` shows all.

use std::collections::BTreeSet;

use crate::case::Facts;
use crate::event::{
    DecisionKind, DecisionText, Ending, OpinionKind, Position, Stance, SurveyOutcome,
};
use crate::people::PersonId;
use crate::refusal::{Code, Refusal};
use crate::session::{Matter, Recording, SealedDecision, Session, Stage};
use crate::template::Level;

/// ARL 34(3): two or more staff.
const QUORUM: usize = 2;

/// What is missing, in the order in which it is told.
#[derive(Debug, Default)]
pub(crate) struct Missing(Vec<Refusal>);

impl Missing {
    fn unless(&mut self, holds: bool, code: Code) {
        if !holds {
            self.0.push(code.into());
        }
    }

    fn all_of<I>(&mut self, code: Code, missing: I)
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let refusal = Refusal::of(code, missing);
        if !refusal.missing.is_empty() {
            self.0.push(refusal);
        }
    }

    fn check(&mut self, result: Result<(), Refusal>) {
        self.0.extend(result.err());
    }

    /// The first, as `decide` refuses.
    pub(crate) fn into_result(self) -> Result<(), Refusal> {
        self.0.into_iter().next().map_or(Ok(()), Err)
    }

    pub(crate) fn into_vec(self) -> Vec<Refusal> {
        self.0
    }
}

fn ids(people: Vec<PersonId>) -> impl Iterator<Item = String> {
    people.into_iter().map(|person| person.0)
}

/// R13: two live, identified staff, and on the site as many of them as the item wants there.
pub(crate) fn has_quorum(session: &Session, cases: &Facts<'_>) -> bool {
    quorum(session, cases).is_ok()
}

/// Whether these staff are enough (R13, and the item's setting).
pub(crate) fn enough(session: &Session, staff: &[PersonId]) -> Result<(), Code> {
    if staff.len() < QUORUM {
        return Err(Code::QuorumMissing);
    }
    let on_site = staff.iter().filter(|staff| session.is_on_site(staff));
    if on_site.count() < usize::from(session.scheduled.staff_on_site()) {
        return Err(Code::StaffNotOnSite);
    }
    Ok(())
}

/// R13; the refusal names the staff called who are not live, or the live staff who are not on the site.
pub(crate) fn quorum(session: &Session, cases: &Facts<'_>) -> Result<(), Refusal> {
    let staff = session.live_staff(cases);
    match enough(session, &staff) {
        Ok(()) => return Ok(()),
        Err(Code::StaffNotOnSite) => {
            let remote = staff.into_iter().filter(|staff| !session.is_on_site(staff));
            return Err(Refusal::of(Code::StaffNotOnSite, ids(remote.collect())));
        }
        Err(_) => {}
    }
    let away = session
        .people()
        .filter(|(staff, _)| staff.is_staff() && !session.is_live_staff(&staff.person, cases))
        .map(|(staff, _)| staff.person.0.clone());
    Err(Refusal::of(Code::QuorumMissing, away))
}

/// R15: results are only written in a live session.
pub(crate) fn live(session: &Session, cases: &Facts<'_>) -> Result<(), Refusal> {
    match &session.stage {
        Stage::Live(_) => quorum(session, cases),
        Stage::Suspended { .. } => Err(Code::Suspended.into()),
        Stage::Ended | Stage::Closed => Err(Code::AlreadyEnded.into()),
        Stage::Scheduled | Stage::Lobby => Err(Code::NotInThisStage.into()),
    }
}

/// R22: nothing that counts against the applicant while the network keeps him away.
pub(crate) fn applicant_reachable(session: &Session) -> Result<(), Refusal> {
    let away = session.applicants_cut_off();
    if away.is_empty() {
        return Ok(());
    }
    Err(Refusal::of(Code::ApplicantNetworkDown, ids(away)))
}

/// R20: whoever asked for the other channel is answered before anything is concluded in this one.
fn no_request(missing: &mut Missing, session: &Session) {
    missing.unless(session.on_site_asked().is_none(), Code::OnSiteAsked);
}

/// R23: no device is beyond the fence, save those that two staff let pass; `here` is a position that comes with the act.
pub(crate) fn at_the_site(
    session: &Session,
    cases: &Facts<'_>,
    here: Option<(&PersonId, &Position)>,
) -> Result<(), Refusal> {
    let mut beyond = session.deviating(cases);
    if let (Some(site), Some((person, position))) = (&session.scheduled.site, here)
        && site.holds(position)
    {
        beyond.retain(|deviating| deviating != person);
    }
    if beyond.is_empty() {
        return Ok(());
    }
    Err(Refusal::of(Code::LocationDeviation, ids(beyond)))
}

/// R34.
fn stated(session: &Session) -> Result<(), Refusal> {
    if session.statements.is_empty() {
        return Err(Code::StatementMissing.into());
    }
    Ok(())
}

fn recording(session: &Session) -> Result<(), Refusal> {
    match session.recording {
        Recording::Running { .. } => Ok(()),
        _ => Err(Code::RecordingNotRunning.into()),
    }
}

/// Acts in the open: the applicant hears them.
fn in_the_open(missing: &mut Missing, session: &Session) {
    missing.unless(!session.is_deliberating(), Code::DeliberationRunning);
    missing.unless(session.identity_check.is_none(), Code::IdentityCheckRunning);
}

/// lobby → live (R13, R17).
pub(crate) fn start(session: &Session, cases: &Facts<'_>) -> Missing {
    let mut missing = Missing::default();
    missing.unless(session.stage == Stage::Lobby, Code::NotInThisStage);
    let hidden = session.people().filter(|(staff, presence)| {
        staff.is_staff()
            && presence.is_in_room()
            && presence
                .admitted()
                .is_some_and(|admitted| admitted.credential.is_none())
    });
    let hidden: Vec<_> = hidden.map(|(staff, _)| staff.person.0.clone()).collect();
    missing.all_of(Code::CredentialNotShown, hidden);
    missing.check(quorum(session, cases));
    missing.check(recording(session));
    missing.unless(session.identity_check.is_none(), Code::IdentityCheckRunning);
    missing
}

/// suspended → live.
pub(crate) fn resume(session: &Session, cases: &Facts<'_>) -> Missing {
    let mut missing = Missing::default();
    let suspended = matches!(session.stage, Stage::Suspended { .. });
    missing.unless(suspended, Code::NotInThisStage);
    missing.check(quorum(session, cases));
    missing.check(recording(session));
    missing
}

/// R13, R21, R22, R31, R32, R34, R37, of one case.
pub(crate) fn conclude(
    session: &Session,
    matter: &Matter,
    cases: &Facts<'_>,
    outcome: SurveyOutcome,
) -> Missing {
    let mut missing = Missing::default();
    missing.check(live(session, cases));
    missing.unless(matter.conclusion.is_none(), Code::AlreadyConcluded);
    not_over(&mut missing, session, matter);
    in_the_open(&mut missing, session);
    missing.all_of(Code::ItemsUnanswered, session.unanswered(matter));
    missing.all_of(Code::ItemUnsuitable, session.unsuitably_answered(matter));
    missing.all_of(Code::OpinionMissing, session.departments_missing(matter));
    no_request(&mut missing, session);
    missing.check(at_the_site(session, cases, None));
    match outcome {
        SurveyOutcome::Passed => {
            for (level, allowed) in session.allowed(matter) {
                let failed = session.failed(matter, level);
                if level == Level::Key {
                    missing.all_of(Code::KeyItemFailed, failed);
                } else if failed.len() > usize::from(allowed) {
                    missing.all_of(Code::TooManyFailures, failed);
                }
            }
        }
        SurveyOutcome::Failed => {
            missing.check(stated(session));
            missing.check(applicant_reachable(session));
        }
    }
    missing
}

/// The case has left the session, the session goes on. Where it has ended, `live` says so.
fn not_over(missing: &mut Missing, session: &Session, matter: &Matter) {
    let over = matter.outcome.is_some() && session.run().is_some();
    missing.unless(!over, Code::AlreadyEnded);
}

/// Every case is concluded, or has left the session, and one is concluded.
fn all_concluded(missing: &mut Missing, session: &Session) {
    let open = session.matters.iter().filter(|of| of.is_surveyed());
    let open: Vec<_> = open.map(|of| of.case.clone()).collect();
    if open.is_empty() && session.last_conclusion().is_some() {
        return;
    }
    missing.0.push(of_cases(session, Code::NotConcluded, open));
}

/// Names the cases where there are several.
fn of_cases(session: &Session, code: Code, cases: Vec<String>) -> Refusal {
    if session.matters.len() == 1 {
        return code.into();
    }
    Refusal::of(code, cases)
}

/// Reading back, fixing and signing the survey record (R33).
pub(crate) fn prepare_record(session: &Session, cases: &Facts<'_>) -> Missing {
    let mut missing = Missing::default();
    missing.check(live(session, cases));
    in_the_open(&mut missing, session);
    all_concluded(&mut missing, session);
    let signed = session
        .record
        .as_ref()
        .is_some_and(|record| !record.signatures.is_empty() || !record.refusals.is_empty());
    missing.unless(!signed, Code::AlreadySigned);
    let sealed = session.matters.iter().any(|of| of.sealed().is_some());
    missing.unless(!sealed, Code::AlreadySealed);
    missing
}

pub(crate) fn sign_record(session: &Session, cases: &Facts<'_>) -> Missing {
    let mut missing = Missing::default();
    missing.check(live(session, cases));
    in_the_open(&mut missing, session);
    if session.record.is_none() && session.last_conclusion().is_some() {
        missing.unless(false, Code::RecordNotPrepared);
    }
    all_concluded(&mut missing, session);
    missing
}

/// R33 to R41: what the decision of one case needs before it can be sealed.
pub(crate) fn seal(session: &Session, matter: &Matter, cases: &Facts<'_>) -> Missing {
    let mut missing = Missing::default();
    missing.check(live(session, cases));
    in_the_open(&mut missing, session);
    not_over(&mut missing, session, matter);
    missing.unless(matter.sealed().is_none(), Code::AlreadySealed);
    no_request(&mut missing, session);
    missing.unless(matter.conclusion.is_some(), Code::NotConcluded);
    if matter.conclusion.is_some() {
        record_signed(&mut missing, session, cases);
    }
    match matter.decision_text() {
        None => missing.unless(false, Code::DecisionNotDrafted),
        Some(text) => {
            decision(&mut missing, session, matter, text);
            permitted(&mut missing, session, matter, cases, text.kind);
        }
    }
    missing
}

fn record_signed(missing: &mut Missing, session: &Session, cases: &Facts<'_>) {
    if session.scheduled.record_signed() {
        missing.unless(session.record.is_some(), Code::RecordNotPrepared);
        missing.all_of(
            Code::SignaturesMissing,
            ids(session.signatures_missing(cases)),
        );
    }
}

fn decision(missing: &mut Missing, session: &Session, matter: &Matter, text: &DecisionText) {
    let concluded = matter.conclusion.as_ref().map(|of| of.outcome);
    missing.unless(
        !(text.kind == DecisionKind::Granted && concluded == Some(SurveyOutcome::Failed)),
        Code::DecisionContradictsConclusion,
    );
    let departed = departed_from(session, text.kind);
    if text.departure_reason.trim().is_empty() {
        missing.all_of(Code::DepartureReasonMissing, departed);
    }
    if text.kind == DecisionKind::Refused {
        refusal_complete(missing, text);
        missing.check(stated(session));
        missing.check(applicant_reachable(session));
    }
}

/// R11, R35, R36, R45: what the case demands first. The moment is that of the last entry, at most a checkpoint (5 s) ago: so
/// a window never counts as over too early, and the panels show what `decide` does.
fn permitted(
    missing: &mut Missing,
    session: &Session,
    matter: &Matter,
    cases: &Facts<'_>,
    kind: DecisionKind,
) {
    let forbids = cases.forbids(&matter.case, kind, session.last_at);
    missing.0.extend(forbids);
}

/// R38: experts whose standing opinion the decision departs from.
fn departed_from(session: &Session, kind: DecisionKind) -> Vec<String> {
    let opinions = session.standing_opinions().into_iter();
    opinions
        .filter(|opinion| opinion.kind == OpinionKind::Expert)
        .filter(|opinion| (opinion.stance == Stance::Agree) != (kind == DecisionKind::Granted))
        .map(|opinion| opinion.person.0.clone())
        .collect()
}

/// R40, R41.
fn refusal_complete(missing: &mut Missing, text: &DecisionText) {
    let given = |text: &str| !text.trim().is_empty();
    missing.unless(given(&text.reason), Code::ReasonMissing);
    missing.unless(
        text.basis.iter().any(|basis| given(basis)),
        Code::BasisMissing,
    );
    missing.all_of(Code::RemediesMissing, remedies_missing(&text.remedies));
    let next = [("next_step", &text.next_step), ("contact", &text.contact)];
    let absent = next.iter().filter(|(_, value)| !given(value));
    missing.all_of(Code::NextStepMissing, absent.map(|(name, _)| *name));
}

/// R41: 60 days for 行政复议 (复议法 20), 6 months for 行政诉讼 (行诉法 46).
pub(crate) fn remedies_missing(remedies: &str) -> Vec<&'static str> {
    let text: String = remedies.chars().filter(|c| !c.is_whitespace()).collect();
    // "160日" does not state 60 days.
    let whole = |at: usize| !text[..at].ends_with(|c: char| c.is_ascii_digit() || c == '.');
    let has = |any: &[&str]| {
        any.iter()
            .any(|words| text.match_indices(words).any(|(at, _)| whole(at)))
    };
    let mut missing = Vec::new();
    if !(has(&["行政复议"]) && has(&["60日", "六十日", "60天"])) {
        missing.push("review_60_days");
    }
    if !(has(&["行政诉讼"]) && has(&["6个月", "六个月"])) {
        missing.push("litigation_6_months");
    }
    missing
}

/// R39: every case sealed, or ended without a decision, and the signers live; what was true at sealing still is.
pub(crate) fn announce(session: &Session, cases: &Facts<'_>) -> Missing {
    let mut missing = Missing::default();
    if session.is_announced() {
        missing.unless(false, Code::AlreadyAnnounced);
        return missing;
    }
    missing.check(live(session, cases));
    in_the_open(&mut missing, session);
    let unsealed = session.matters.iter();
    let unsealed = unsealed.filter(|of| of.outcome.is_none() && of.sealed().is_none());
    let unsealed: Vec<_> = unsealed.map(|of| of.case.clone()).collect();
    if !unsealed.is_empty() || session.to_announce().next().is_none() {
        missing.0.push(of_cases(session, Code::NotSealed, unsealed));
        return missing;
    }
    let signers: BTreeSet<_> = session.to_announce().map(|(_, by)| &by.signer).collect();
    let away = signers.into_iter();
    let away = away.filter(|signer| !session.is_live_staff(signer, cases));
    missing.all_of(Code::SignerNotLive, away.map(|signer| signer.0.clone()));
    record_signed(&mut missing, session, cases);
    for (matter, sealed) in session.to_announce() {
        permitted(&mut missing, session, matter, cases, sealed.text.kind);
    }
    let refused = |(_, sealed): (_, &SealedDecision)| sealed.text.kind == DecisionKind::Refused;
    if session.to_announce().any(refused) {
        missing.check(applicant_reachable(session));
    }
    missing
}

/// R43, of one case. Only the endings that judge nothing are open where the session is not live (R15).
pub(crate) fn end(
    session: &Session,
    matter: &Matter,
    cases: &Facts<'_>,
    ending: &Ending,
) -> Missing {
    let mut missing = Missing::default();
    if matter.outcome.is_some() {
        missing.unless(false, Code::AlreadyEnded);
        return missing;
    }
    match (&session.stage, ending) {
        (Stage::Scheduled, _) => missing.unless(false, Code::NotInThisStage),
        (_, Ending::SwitchOnSite | Ending::Resurvey { .. }) => {}
        (_, Ending::Rectify { .. } | Ending::Hearing) => missing.check(live(session, cases)),
    }
    in_the_open(&mut missing, session);
    missing.unless(matter.sealed().is_none(), Code::AlreadySealed);
    if *ending != Ending::SwitchOnSite {
        no_request(&mut missing, session);
    }
    if matches!(ending, Ending::Rectify { .. }) {
        let concluded = matter.conclusion.as_ref().map(|of| of.outcome);
        missing.unless(
            concluded != Some(SurveyOutcome::Passed),
            Code::DecisionContradictsConclusion,
        );
        missing.check(stated(session));
        missing.check(applicant_reachable(session));
    }
    missing
}

/// ended → closed.
pub(crate) fn close(session: &Session) -> Missing {
    let mut missing = Missing::default();
    missing.unless(matches!(session.stage, Stage::Ended), Code::NotEnded);
    missing.unless(session.identity_check.is_none(), Code::IdentityCheckRunning);
    missing
}
