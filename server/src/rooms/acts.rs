//! From a command to entries: decide, close what narrows, append, tell everybody, open what widens.

use std::sync::Arc;

use kanjie_domain::{
    Actor, Code, Command, Context, Digests, DocumentFacts, Event, Factor, FactorKind, Refusal,
    Report, decide, report,
};
use kanjie_store::IndexChange;

use super::journal::JournalError;
use super::ledger::is_receipted;
use super::policy::{self, Allowed};
use super::room::Room;
use crate::auth::factor::Proof;
use crate::auth::passkey::act::Bound;
use crate::auth::{self, Caller};
use crate::effects::papers::{Draft, Paper};
use crate::problem::Problem;

/// How often a decision is made again because a journal moved under it.
const TRIES: usize = 4;

/// Why an act did not come about.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The second factor given was wrong, used up or outdated.
    #[error("the second factor does not hold")]
    Factor(Problem),
    /// Nothing was journalled; the reason is in the log.
    #[error("the room could not journal it")]
    Unavailable,
}

/// A command with all that was found out about it so far.
#[derive(Debug)]
pub struct Act {
    pub caller: Arc<Caller>,
    pub command: Command,
    /// The second factor as it came.
    pub proof: Option<Proof>,
    /// The document that the command fixes or seals, rendered.
    pub paper: Option<Paper>,
}

impl Room {
    /// Carries out a person's command and returns the `seq` of its last entry.
    pub(super) async fn act(&mut self, act: &Act) -> Result<u64, ActError> {
        let actor = Actor::Person(act.caller.person.clone());
        let mut factor: Option<Factor> = None;
        let mut segments_closed = false;
        for _ in 0..TRIES {
            self.journal_recorder_events().await?;
            let at = self.now();
            let mut events = self.decide(act, act.paper.as_ref(), &actor, at, factor.clone());
            if factor.is_none()
                && let (Err(refusal), Some(proof)) = (&events, &act.proof)
                && refusal.code == Code::FactorNeeded
            {
                // A code is used up only where nothing else stands in the way.
                self.decide(
                    act,
                    act.paper.as_ref(),
                    &actor,
                    at,
                    Some(assumed_factor(proof, &act.caller, at)),
                )?;
                factor = Some(self.verify_factor(act, proof).await?);
                events = self.decide(act, act.paper.as_ref(), &actor, at, factor.clone());
            }
            let events = events?;
            if matches!(act.command, Command::Close {}) && !segments_closed {
                // Its reports are entries of their own: decide again after them.
                self.finish_recording().await?;
                segments_closed = true;
                continue;
            }
            match self.carry_out(&actor, at, events).await {
                Err(JournalError::Conflict) => self.reload().await?,
                Err(error) => return Err(self.unavailable(&error)),
                Ok(Some(seq)) => return Ok(seq),
                // The recorder had more to say first: decide again.
                Ok(None) => {}
            }
        }
        self.reopen().await;
        Err(ActError::Unavailable)
    }

    fn decide(
        &self,
        act: &Act,
        paper: Option<&Paper>,
        actor: &Actor,
        at: i64,
        factor: Option<Factor>,
    ) -> Result<Vec<Event>, Refusal> {
        let context = Context {
            factor,
            digests: paper.map(|paper| Digests {
                content: paper.content_digest.to_string(),
                pdf: paper.pdf_digest.to_string(),
            }),
            document: self.sealed_by(&act.command).map(|number| DocumentFacts {
                number,
                seal: EXAMPLE_SEAL.to_owned(),
            }),
            ..self.context(actor, at)
        };
        decide(&self.journal.state, &act.command, &context)
    }

    /// Journals what the server itself saw. A report that the session has no use for (a refusal) is only logged.
    pub(super) async fn report(&mut self, report_: &Report) -> Result<(), ActError> {
        for _ in 0..TRIES {
            let at = self.now();
            let context = self.context(&Actor::System, at);
            let events = match report(&self.journal.state, report_, &context) {
                Ok(events) => events,
                Err(refusal) => {
                    tracing::debug!(
                        session = self.journal.id(),
                        ?report_,
                        ?refusal,
                        "report not journalled"
                    );
                    return Ok(());
                }
            };
            match self.carry_out(&Actor::System, at, events).await {
                Err(JournalError::Conflict) => self.reload().await?,
                Err(error) => return Err(self.unavailable(&error)),
                Ok(Some(_)) => return Ok(()),
                Ok(None) => {}
            }
        }
        Err(ActError::Unavailable)
    }

    fn context<'a>(&'a self, actor: &'a Actor, at: i64) -> Context<'a> {
        let since = self.journal.ledger.recording_since.unwrap_or(at);
        Context {
            actor,
            now: at,
            cases: self.journal.facts(),
            factor: None,
            clock: self.deps.clock_state(),
            digests: None,
            document: None,
            recording_offset_us: u64::try_from(at - since).unwrap_or(0),
        }
    }

    /// Appends decided events, with a checkpoint right before an entry that gets a receipt. `None`: nothing was appended,
    /// because taking the checkpoint brought news that the decision must see.
    async fn carry_out(
        &mut self,
        actor: &Actor,
        at: i64,
        events: Vec<Event>,
    ) -> Result<Option<u64>, JournalError> {
        if events.is_empty() {
            return Ok(Some(self.journal.head()));
        }
        let ledger = &self.journal.ledger;
        let receipted =
            |event: &Event| is_receipted(event, |person| ledger.is_applicant_side(person));
        let events: Vec<(bool, Event)> = events
            .into_iter()
            .map(|event| (receipted(&event), event))
            .collect();
        let mut batch: Vec<(Actor, Event)> = Vec::with_capacity(events.len() + 1);
        for (receipted, event) in events {
            if receipted {
                let Some(checkpoint) = self.fresh_checkpoint().await? else {
                    return Ok(None);
                };
                batch.push((Actor::System, checkpoint));
            }
            batch.push((actor.clone(), event));
        }
        if !self.cut_for_privacy(at, &batch).await {
            return Ok(None);
        }
        self.commit(at, batch).await.map(Some)
    }

    /// Where a deliberation is about to begin: closes the relay to those outside, then cuts the recording, so that no segment
    /// holds both. False where the cut brought to light segments of the open talk, which must be journalled before it begins.
    async fn cut_for_privacy(&mut self, at: i64, batch: &[(Actor, Event)]) -> bool {
        let next = self.journal.preview(at, batch);
        if !next.is_deliberating() || self.journal.state.is_deliberating() {
            return true;
        }
        // Cut by an earlier round: what the recorder reports since then is private, and no reason to wait.
        if self.recording.is_private() {
            return true;
        }
        if let Some(both) = policy::before(self.media.applied(), &Allowed::by(&next)) {
            self.media.apply(both).await;
        }
        self.set_private(true).await;
        self.recording.has_no_news()
    }

    /// After an act that was closed for and did not come about: as the state says.
    async fn reopen(&mut self) {
        let private = self.journal.state.is_deliberating();
        self.set_private(private).await;
        let allowed = Allowed::by(&self.journal.state);
        self.media.apply(allowed).await;
    }

    /// The order that design.md section 3 asks for: narrow, append, tell, widen.
    pub(super) async fn commit(
        &mut self,
        at: i64,
        batch: Vec<(Actor, Event)>,
    ) -> Result<u64, JournalError> {
        // A decision may have waited for the recorder while the journal went on.
        let at = self.journal.at(at);
        let next = self.journal.preview(at, &batch);
        let allowed = Allowed::by(&next);
        let was_private = self.journal.state.is_deliberating();
        let out_of_deliberation = was_private && !next.is_deliberating();
        if let Some(both) = policy::before(self.media.applied(), &allowed) {
            self.media.apply(both).await;
        }
        let index = self.index_changes(at, next.stage_name(), &batch);
        let deps = self.deps.clone();
        let appended = match self.journal.append(&deps.services, at, batch, index).await {
            Ok(appended) => appended,
            Err(error) => {
                self.reopen().await;
                return Err(error);
            }
        };
        self.sockets.fan_out(&appended);
        if out_of_deliberation {
            self.set_private(false).await;
        }
        self.media.apply(allowed).await;
        self.after(&appended).await;
        Ok(self.journal.head())
    }

    /// A session counts as closed in the index when its last receipt is out: until then a restart takes it up again.
    fn index_changes(&self, at: i64, stage: &str, batch: &[(Actor, Event)]) -> Vec<IndexChange> {
        let session = self.journal.id().to_owned();
        let receipt = batch
            .iter()
            .any(|(_, e)| matches!(e, Event::ReceiptIssued { .. }));
        if stage == "closed" {
            let closed = receipt && self.journal.ledger.owed().len() == 1;
            closed
                .then_some(IndexChange::Closed { session, at })
                .into_iter()
                .collect()
        } else if stage == self.journal.state.stage_name() {
            Vec::new()
        } else {
            let stage = stage.to_owned();
            vec![IndexChange::Stage { session, stage }]
        }
    }

    async fn reload(&mut self) -> Result<(), ActError> {
        match self.journal.reload().await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.unavailable(&error)),
        }
    }

    /// Whether the act would be refused whatever its document's PDF turns out to be; asked before rendering one.
    pub(super) fn would(&self, act: &Act, draft: &Draft) -> Result<(), ActError> {
        let at = self.now();
        let actor = Actor::Person(act.caller.person.clone());
        let proof = act.proof.as_ref();
        let factor = proof.map(|proof| assumed_factor(proof, &act.caller, at));
        let paper = Paper {
            kind: draft.kind,
            content_digest: draft.digest,
            pdf_digest: draft.digest,
        };
        self.decide(act, Some(&paper), &actor, at, factor)?;
        Ok(())
    }

    /// The number of the decision that the command seals.
    fn sealed_by(&self, command: &Command) -> Option<String> {
        let Command::SealDecision { case, .. } = command else {
            return None;
        };
        let matter = self.journal.state.named(case.as_deref())?;
        Some(self.document_number(&matter.case))
    }

    /// 文号, until a bureau's own numbering is configured: by year and case, so that it is the same at every preview.
    pub(super) fn document_number(&self, case: &str) -> String {
        let scheduled = &self.journal.state.scheduled;
        let year = jiff::Timestamp::from_microsecond(scheduled.starts_at)
            .map(|at| {
                at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)))
                    .year()
            })
            .unwrap_or_default();
        let digits = |case_no: &str| {
            let mut parts = case_no.rsplit(|c: char| !c.is_ascii_digit());
            parts.next().unwrap_or_default().to_owned()
        };
        let of = scheduled.case(case);
        let case_no = of.map_or(case, |of| of.brief.case_no.as_str());
        let number = digits(case_no);
        // Each case has a number of its own.
        let mut others = scheduled.cases().filter(|of| of.case != case);
        let taken = others.any(|of| digits(&of.brief.case_no) == number);
        let number = if taken || number.is_empty() {
            case_no
        } else {
            &number
        };
        format!("示例审决〔{year}〕{number}号")
    }

    pub(super) fn unavailable(&self, error: &dyn std::fmt::Display) -> ActError {
        tracing::error!(session = self.journal.id(), %error, "not journalled");
        ActError::Unavailable
    }

    /// The name of the act binds the proof to it: one code serves one act of one session once, one passkey signature one
    /// act over one content.
    async fn verify_factor(&self, act: &Act, proof: &Proof) -> Result<Factor, ActError> {
        let services = &self.deps.services;
        let bound = Bound {
            session: self.journal.id(),
            act: &command_name(&act.command),
            digest: content_digest(&act.command),
        };
        auth::factor::verify_proof(services, &act.caller, &bound, case_of(&act.command), proof)
            .await
            .map_err(ActError::Factor)
    }

    pub(super) fn now(&self) -> i64 {
        self.journal.at(self.deps.services.env.now())
    }
}

/// What seals until a licensed signer is configured.
pub const EXAMPLE_SEAL: &str = "示例";

/// What the factor will be if it holds: for asking whether anything else stands in the way.
fn assumed_factor(proof: &Proof, caller: &Caller, at: i64) -> Factor {
    let kind = match (proof, &caller.link) {
        (Proof::Passkey(_), _) => FactorKind::Passkey,
        (Proof::Code(_), Some(_)) => FactorKind::PhoneCode,
        (Proof::Code(_), None) => FactorKind::Totp,
    };
    Factor {
        kind,
        at,
        signed: None,
    }
}

/// The digest of what the command seals or signs.
fn content_digest(command: &Command) -> &str {
    match command {
        Command::SealDecision { content_digest, .. } => content_digest,
        Command::SignRecord { digest } => digest,
        _ => "",
    }
}

/// Of several cases, the one whose decision the command seals: each seal is an act of its own.
fn case_of(command: &Command) -> Option<&str> {
    match command {
        Command::SealDecision { case, .. } => case.as_deref(),
        _ => None,
    }
}

fn command_name(command: &Command) -> String {
    let value = serde_json::to_value(command).unwrap_or_default();
    let name = value.get("type").and_then(serde_json::Value::as_str);
    name.unwrap_or("act").to_owned()
}
