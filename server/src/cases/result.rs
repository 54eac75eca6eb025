//! What a session's announcement or ending means to its case, in the same transaction (R39, R43, R44).

use std::collections::BTreeSet;

use kanjie_domain::case::{Case, CaseReport, DecisionFacts, report};
use kanjie_domain::event::{Ending, Mode};
use kanjie_domain::{Actor, Event, Recorded, Refusal, Session, resurvey_scheduled};
use kanjie_evidence::{Entry, Hash};
use kanjie_store::NewEntry;

use super::append::CaseStep;
use super::host::context;
use crate::services::Services;

/// A session's journal as the batch finds it.
#[derive(Clone, Copy, Debug)]
pub struct SessionHead<'a> {
    pub id: &'a str,
    pub seq: u64,
    pub hash: Hash,
    /// After the batch.
    pub after: &'a Session,
}

/// The step of the case that goes with the batch; `None` where it has no result. The case refers to the very entry that
/// announces or ends: its hash is known before it is stored, since the head is checked.
///
/// # Errors
/// When the case does not take the result: what the session's decision read of it was something else.
pub fn of(
    services: &Services,
    session: SessionHead<'_>,
    batch: &[Recorded],
    entries: &[NewEntry],
    (case, case_id, case_head): (&Case, &str, u64),
) -> Result<Option<CaseStep>, Refusal> {
    let (mut seq, mut hash) = (session.seq, session.hash);
    for (recorded, new) in batch.iter().zip(entries) {
        let entry = Entry::seal(seq + 1, hash, new.nonce, new.body.clone());
        (seq, hash) = (entry.seq, entry.hash);
        let Some(news) = news(&recorded.event, session, hash) else {
            continue;
        };
        let at = recorded.at.max(case.last_at);
        let roles = BTreeSet::new();
        let ctx = context(services, &Actor::System, &roles, at);
        return Ok(Some(CaseStep {
            id: case_id.to_owned(),
            before: case.clone(),
            head: case_head,
            actor: Actor::System,
            at,
            events: report(case, &news, &ctx)?,
        }));
    }
    Ok(None)
}

fn news(event: &Event, session: SessionHead<'_>, hash: Hash) -> Option<CaseReport> {
    let (id, head) = (session.id.to_owned(), hash.to_string());
    match event {
        Event::Announced {
            content_digest,
            number,
            decision,
            ..
        } => {
            let text = decision
                .as_deref()
                .or_else(|| session.after.decision_text())?;
            Some(CaseReport::DecisionAnnounced(DecisionFacts {
                session: id,
                head,
                kind: text.kind,
                number: number.clone(),
                content_digest: content_digest.clone(),
            }))
        }
        Event::Ended { ending, .. } => Some(CaseReport::SessionEnded {
            session: id,
            head,
            outcome: outcome(ending).to_owned(),
            failed: failed(session.after),
        }),
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

/// R44: all that does not stand, so that another survey takes it up. After a hearing the survey begins anew.
fn failed(after: &Session) -> Vec<String> {
    let next = resurvey_scheduled(after, "", Mode::OnSite, after.last_at);
    let Some(resurvey) = next.ok().and_then(|next| next.resurvey) else {
        return Vec::new();
    };
    let stands = |code: &String| resurvey.carried.iter().any(|answer| answer.code == *code);
    let items = after.scheduled.template.items.iter();
    let codes = items.map(|item| item.code.clone());
    codes.filter(|code| !stands(code)).collect()
}
