//! What follows from a case's entries: papers, notices, personal links, and time that answers a receipt (R02).
//!
//! Each entry's is kept together with the mark that it was done, so that it happens once as seen from outside, wherever the
//! process died. What is prepared before that (a file under the digest of what it holds) can be prepared again.

mod told;

use std::time::Duration;

use kanjie_domain::case::{Case, CaseReport};
use kanjie_domain::event::Ending;
use kanjie_domain::papers::PaperTexts;
use kanjie_domain::session::Outcome;
use kanjie_domain::{Actor, Calendar, CaseEvent, CaseRecorded};
use kanjie_evidence::h;
use kanjie_store::{CaseEffect, CasePaper, CaseWork};

use super::error::CaseError;
use super::host;
use super::journal::{self, Fold, Loaded};
use super::papers::{self, Content, Kind, PrintError, Printed, Subject};
use super::published;
use crate::effects::{files, papers as session_papers};
use crate::rooms::journal::SessionJournal;
use crate::services::Services;

/// Cases taken up at once.
const BATCH: u32 = 32;
const PAGE: u32 = 200;
/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Does what is owed, now and whenever there is more; never returns.
pub async fn run(services: Services) {
    loop {
        match work(&services).await {
            Ok(Round { done: 0, .. }) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(%error, "what follows from a case's entries"),
        }
        let _ = tokio::time::timeout(EVERY, services.case_work.notified()).await;
    }
}

/// What one round came to.
#[derive(Debug, Default)]
pub struct Round {
    /// Entries that had what follows from them, and cases that time moved.
    pub done: usize,
    /// Cases at which another run was first; the next round sees how far it came.
    pub overtaken: usize,
    /// Cases of which something failed; the next round tries again.
    pub failed: Vec<(String, CaseError)>,
}

/// One round over everything that is owed.
///
/// # Errors
/// When the store does not say what is owed; of one case that fails the others do not know.
pub async fn work(services: &Services) -> Result<Round, CaseError> {
    let mut round = Round::default();
    let mut after = String::new();
    loop {
        let waiting = services.store.case_work_waiting(&after, BATCH).await?;
        for case in &waiting {
            after.clone_from(&case.case_id);
            match follow(services, case).await {
                Ok(Followed::To(entries)) => round.done += entries,
                Ok(Followed::Overtaken) => round.overtaken += 1,
                Err(error) => round.fail(&case.case_id, error),
            }
        }
        if waiting.len() < BATCH as usize {
            break;
        }
    }
    let now = services.env.now();
    for case in services.store.case_work_due(now, BATCH).await? {
        match host::tell(services, &case.case_id, &CaseReport::TimePassed).await {
            Ok(moved) => round.done += usize::from(moved.is_some()),
            Err(error) => round.fail(&case.case_id, error),
        }
    }
    if round.done > 0 {
        services.notices.wake();
    }
    Ok(round)
}

impl Round {
    fn fail(&mut self, case: &str, error: CaseError) {
        tracing::error!(case, %error, "what follows from its entries is still owed");
        self.failed.push((case.to_owned(), error));
    }
}

/// How far one case came.
enum Followed {
    To(usize),
    Overtaken,
}

async fn follow(services: &Services, work: &CaseWork) -> Result<Followed, CaseError> {
    let before = u64::try_from(work.done).unwrap_or(0);
    let mut fold: Option<Loaded<Case>> = match before {
        0 => None,
        upto => Some(journal::load_upto(&services.store, &work.case_id, upto).await?),
    };
    let journal = Case::journal(&work.case_id);
    let entries = services.store.entries(&journal, before, PAGE).await?;
    let mut done = 0;
    for entry in &entries {
        let recorded: Option<CaseRecorded> = journal::read(&journal, entry)?;
        let effect = match (&fold, &recorded) {
            (Some(fold), Some(recorded)) => {
                let scene = Scene {
                    services,
                    id: &work.case_id,
                    before: &fold.state,
                    recorded,
                    seq: i64::try_from(entry.seq).unwrap_or(i64::MAX),
                };
                scene.effect().await?
            }
            _ => CaseEffect::default(),
        };
        let seq = i64::try_from(entry.seq).unwrap_or(i64::MAX);
        let kept = &services.store;
        if !kept.keep_case_effect(&work.case_id, seq, &effect).await? {
            return Ok(Followed::Overtaken);
        }
        done += 1;
        fold = Some(journal::next(&journal, fold, entry)?);
    }
    Ok(Followed::To(done))
}

/// Whether a paper may follow; most events have none.
const fn has_paper(event: &CaseEvent) -> bool {
    matches!(
        event,
        CaseEvent::NoticeGiven { .. }
            | CaseEvent::UndertakingGiven { .. }
            | CaseEvent::Accepted { .. }
            | CaseEvent::NotAccepted { .. }
            | CaseEvent::ItemsFailed { .. }
            | CaseEvent::Decided(_)
            | CaseEvent::Served { .. }
    )
}

/// An entry, and the case as it stood before.
struct Scene<'a> {
    services: &'a Services,
    id: &'a str,
    before: &'a Case,
    recorded: &'a CaseRecorded,
    seq: i64,
}

impl Scene<'_> {
    async fn effect(&self) -> Result<CaseEffect, CaseError> {
        let mut effect = CaseEffect::default();
        if let Some((kind, printed)) = self.paper().await? {
            effect.papers.push(CasePaper {
                seq: self.seq,
                kind: kind.name().to_owned(),
                number: printed.number,
                content_digest: printed.content_digest.to_string(),
                pdf_digest: printed.pdf_digest.to_string(),
                made_at: self.services.env.now(),
            });
        }
        if let CaseEvent::ApplicationOpened(application) = &self.recorded.event {
            self.invite_to_case(application, &mut effect).await?;
        }
        // A case made for one session alone has its people told by whoever made it.
        if self.before.application.is_some() {
            self.invite(&mut effect).await?;
            self.tell(&mut effect).await?;
        }
        Ok(effect)
    }

    fn subject<'a>(&'a self, calendar: &'a Calendar, texts: &'a PaperTexts) -> Subject<'a> {
        Subject {
            case: self.before,
            calendar,
            texts,
            at: self.recorded.at,
        }
    }

    async fn paper(&self) -> Result<Option<(Kind, Printed)>, CaseError> {
        if !has_paper(&self.recorded.event) {
            return Ok(None);
        }
        let texts = published::texts(&self.services.store, self.before).await?;
        let calendar = published::working_days(self.services).await?;
        let of = self.subject(&calendar, &texts);
        match &self.recorded.event {
            CaseEvent::NoticeGiven {
                missing,
                submission,
                ..
            } => {
                let number = of.number(Kind::OneTimeNotice, *submission as usize)?;
                let received = self.before.stage.receipt().map_or(of.at, |of| of.at);
                let content = papers::notice(&of, &number, received, missing)?;
                self.print(Kind::OneTimeNotice, number, content, of.texts)
                    .await
            }
            CaseEvent::UndertakingGiven { material, by } => {
                let count = self.before.undertakings.len() + 1;
                let number = of.number(Kind::Undertaking, count)?;
                let content = papers::undertaking(&of, &number, material, *by)?;
                self.print(Kind::Undertaking, number, content, of.texts)
                    .await
            }
            CaseEvent::Accepted { slip, .. } => {
                let kept = papers::kept(self.services, self.id, &slip.number, &slip.pdf_digest);
                Ok(Some((Kind::Acceptance, kept.await?)))
            }
            CaseEvent::NotAccepted { slip, .. } => {
                let kept = papers::kept(self.services, self.id, &slip.number, &slip.pdf_digest);
                Ok(Some((Kind::NonAcceptance, kept.await?)))
            }
            CaseEvent::ItemsFailed { session, .. } => self.rectification(session, &of).await,
            CaseEvent::Decided(decision) => {
                let printed = self.decision(&decision.session, &decision.content_digest);
                let printed = Printed {
                    number: decision.number.clone(),
                    ..printed.await?
                };
                Ok(Some((Kind::Decision, printed)))
            }
            CaseEvent::Served {
                method,
                to,
                proof_digest,
            } => {
                let number = of.number(Kind::ServiceProof, 1)?;
                let by = self.actor_name().await?;
                let service = (*method, to.as_str(), proof_digest.as_str());
                let content = papers::service_proof(&of, &number, service, by)?;
                self.print(Kind::ServiceProof, number, content, of.texts)
                    .await
            }
            _ => Ok(None),
        }
    }

    async fn print(
        &self,
        kind: Kind,
        number: String,
        content: Content,
        texts: &PaperTexts,
    ) -> Result<Option<(Kind, Printed)>, CaseError> {
        let texts = texts.clone();
        let printed = papers::print(self.services, self.id, number, content, texts).await?;
        Ok(Some((kind, printed)))
    }

    /// Where the session ended with a date to rectify by.
    async fn rectification(
        &self,
        session: &str,
        of: &Subject<'_>,
    ) -> Result<Option<(Kind, Printed)>, CaseError> {
        let journal = SessionJournal::load(self.services.store.clone(), session).await;
        let journal = journal.map_err(|error| CaseError::Session(error.to_string()))?;
        let matter = journal.state.named(Some(self.id));
        let rectify = matches!(
            matter.and_then(|matter| matter.outcome.as_ref()),
            Some(Outcome::Ending {
                ending: Ending::Rectify { .. },
                ..
            })
        );
        if !rectify {
            return Ok(None);
        }
        let number = of.number(Kind::Rectification, self.before.session_order.len())?;
        let content = papers::rectification(of, &number, &journal.state, self.id)?;
        self.print(Kind::Rectification, number, content, of.texts)
            .await
    }

    /// As it was sealed in the session.
    async fn decision(&self, session: &str, digest: &str) -> Result<Printed, CaseError> {
        let dir = files::session_dir(&self.services.config.data, session);
        let path = |extension| {
            session_papers::path(&dir, session_papers::PaperKind::Decision, digest, extension)
        };
        let json = tokio::fs::read(path("json")).await;
        let json = json.map_err(PrintError::Gone)?;
        let pdf = tokio::fs::read(path("pdf")).await;
        let pdf = pdf.map_err(PrintError::Gone)?;
        let printed = Printed {
            number: String::new(),
            content_digest: h(&[&json]),
            pdf_digest: h(&[&pdf]),
        };
        papers::keep(self.services, self.id, &printed, &json, &pdf)?;
        Ok(printed)
    }

    async fn actor_name(&self) -> Result<String, CaseError> {
        let Actor::Person(person) = &self.recorded.actor else {
            return Ok(self.before.brief.authority.clone());
        };
        let known = self.services.store.person(person).await?;
        Ok(known.map_or_else(|| person.0.clone(), |known| known.name))
    }
}
