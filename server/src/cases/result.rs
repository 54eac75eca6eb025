//! What a session's announcement or ending means to its cases, in the same transaction (R39, R43, R44).

use std::collections::BTreeSet;

use kanjie_domain::case::{Case, CaseReport, DecisionFacts, report};
use kanjie_domain::event::{Ending, Mode};
use kanjie_domain::session::{Matter, Stage};
use kanjie_domain::{Actor, Calendar, Event, Recorded, Refusal, Session, resurvey_scheduled};
use kanjie_evidence::{Entry, Hash};
use kanjie_store::NewEntry;

use super::append::{CaseStep, SurveyEnd};
use super::host::context;

/// A session's journal as the batch finds it.
#[derive(Clone, Copy, Debug)]
pub struct SessionHead<'a> {
    pub id: &'a str,
    pub seq: u64,
    pub hash: Hash,
    /// After the batch.
    pub after: &'a Session,
}

/// A case's journal as the batch finds it.
#[derive(Clone, Copy, Debug)]
pub struct CaseHead<'a> {
    pub id: &'a str,
    pub case: &'a Case,
    pub head: u64,
}

/// What a batch means to the session's cases.
#[derive(Debug, Default)]
pub struct Results {
    /// One for each case that has its outcome with it.
    pub steps: Vec<CaseStep>,
    /// Where the last of them has.
    pub survey: Option<SurveyEnd>,
}

/// Whether the event means something to a case.
#[must_use]
pub const fn concerns_cases(event: &Event) -> bool {
    matches!(event, Event::Announced { .. } | Event::Ended { .. })
}

/// The steps of the cases that go with the batch. A case refers to the very entry that announces or ends it: its hash is
/// known before it is stored, since the head is checked.
///
/// # Errors
/// When a case does not take the result: what the session's decision read of it was something else.
pub fn of(
    calendar: &Calendar,
    session: SessionHead<'_>,
    batch: &[Recorded],
    entries: &[NewEntry],
    cases: &[CaseHead<'_>],
) -> Result<Results, Refusal> {
    let mut results = Results::default();
    let (mut seq, mut hash) = (session.seq, session.hash);
    for (recorded, new) in batch.iter().zip(entries) {
        let entry = Entry::seal(seq + 1, hash, new.nonce, new.body.clone());
        (seq, hash) = (entry.seq, entry.hash);
        let Some((matter, news)) = news(&recorded.event, session, hash) else {
            continue;
        };
        if matches!(session.after.stage, Stage::Ended) {
            results.survey = Some(SurveyEnd {
                session: session.id.to_owned(),
                head: hash.to_string(),
            });
        }
        let Some(of) = cases.iter().find(|of| of.id == matter.case) else {
            continue;
        };
        let at = recorded.at.max(of.case.last_at);
        let roles = BTreeSet::new();
        let ctx = context(calendar, &Actor::System, &roles, at);
        results.steps.push(CaseStep {
            id: of.id.to_owned(),
            before: of.case.clone(),
            head: of.head,
            actor: Actor::System,
            at,
            events: report(of.case, &news, &ctx)?,
        });
    }
    Ok(results)
}

fn news<'a>(
    event: &Event,
    session: SessionHead<'a>,
    hash: Hash,
) -> Option<(&'a Matter, CaseReport)> {
    let (id, head) = (session.id.to_owned(), hash.to_string());
    match event {
        Event::Announced {
            case,
            content_digest,
            number,
            decision,
            ..
        } => {
            let matter = session.after.named(case.as_deref())?;
            let text = decision.as_deref().or_else(|| matter.decision_text())?;
            let news = CaseReport::DecisionAnnounced(DecisionFacts {
                session: id,
                head,
                kind: text.kind,
                number: number.clone(),
                content_digest: content_digest.clone(),
            });
            Some((matter, news))
        }
        Event::Ended { case, ending, .. } => {
            let matter = session.after.named(case.as_deref())?;
            let news = CaseReport::SessionEnded {
                session: id,
                head,
                outcome: outcome(ending).to_owned(),
                failed: failed(session.after, matter),
            };
            Some((matter, news))
        }
        _ => None,
    }
}

const fn outcome(ending: &Ending) -> &'static str {
    match ending {
        Ending::Rectify { .. } => "rectify",
        Ending::Resurvey { .. } => "resurvey",
        Ending::SwitchOnSite => "switch_on_site",
        Ending::Hearing => "hearing",
    }
}

/// R44: all of the case that does not stand, so that another survey takes it up. After a hearing the survey begins anew.
fn failed(after: &Session, matter: &Matter) -> Vec<String> {
    let next = resurvey_scheduled(after, &matter.case, "", Mode::OnSite, after.last_at);
    let Some((next, resurvey)) = next.ok().and_then(|next| {
        let resurvey = next.resurvey.clone()?;
        Some((next, resurvey))
    }) else {
        return Vec::new();
    };
    let stands = |code: &String| resurvey.carried.iter().any(|answer| answer.code == *code);
    let items = next.template.items.into_iter();
    let codes = items.map(|item| item.code);
    codes.filter(|code| !stands(code)).collect()
}
