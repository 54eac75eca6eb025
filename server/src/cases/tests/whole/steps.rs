//! What can happen to a case, one step at a time.

use kanjie_domain::event::{
    Answer, CheckResult, DecisionKind, DecisionText, EvidenceKind, Mode, OpinionKind, Stance,
    SurveyOutcome,
};
use kanjie_domain::testing::{
    APPLICANT, CHAIR, EXPERT, Play, SURVEYOR_1, SURVEYOR_2, grant, person, refuse,
};
use kanjie_domain::{
    Actor, CaseCommand, Command, Context, Event, Refusal, Report, Session, decide, event,
};

use super::commands;
use super::scene::{EVERYBODY, Scene, roles_of};
use crate::cases::CaseError;
use crate::cases::host::Acting;
use crate::cases::sessions::{self, NewSession, Surveyed};
use crate::effects::files;
use crate::effects::papers::{PaperKind, path};
use crate::rooms::journal::{JournalError, SessionJournal};

#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// What usually comes next.
    Natural,
    Command {
        who: u8,
        what: u8,
        arg: u8,
    },
    Days(u8),
    /// Something that makes a case a special one.
    Chapter(u8),
    /// What follows from entries.
    Work,
    /// The same, and the process dies after so many polls.
    Die(u8),
    /// A session is held up to its result.
    Survey(Ending),
    /// The chair steps aside while he announces; true: the recusal comes first.
    Race(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Granted,
    Refused,
    Rectify,
    Resurvey,
    Hearing,
}

impl Scene {
    pub async fn play(&mut self, step: &Step) {
        match *step {
            Step::Natural => self.natural().await,
            Step::Command { who, what, arg } => {
                let case = self.case().await;
                let now = self.services.env.now();
                let command = commands::any(&case, now, what, arg);
                let who = EVERYBODY[usize::from(who) % EVERYBODY.len()];
                self.act(who, &command).await;
            }
            Step::Chapter(which) => {
                let today = kanjie_domain::calendar::day_of(self.services.env.now()).unwrap();
                for (who, command) in commands::chapter(which, today) {
                    self.act(who, &command).await;
                }
            }
            Step::Days(days) => self.env.pass(i64::from(days) * 24 * 3_600),
            Step::Work => {
                crate::cases::effects::work(&self.services).await.unwrap();
            }
            Step::Die(polls) => self.die(polls).await,
            Step::Survey(ending) => {
                self.schedule().await;
                self.survey(ending).await;
                self.announce().await;
            }
            Step::Race(recusal_first) => self.race(recusal_first).await,
        }
        self.env.pass(1);
    }

    async fn natural(&mut self) {
        let case = self.case().await;
        if let Some((who, command)) = commands::natural(&case) {
            self.act(who, &command).await;
            return;
        }
        let now = self.services.env.now();
        if self.is_sealed().await {
            match commands::unblock(&case, now) {
                Some((who, command)) => {
                    self.act(who, &command).await;
                }
                None => self.announce().await,
            }
        } else if self.session().await.is_some() {
            self.survey(Ending::Granted).await;
        } else {
            self.schedule().await;
        }
    }

    async fn schedule(&self) {
        let (who, roles) = (person(SURVEYOR_1), roles_of(SURVEYOR_1));
        let acting = Acting {
            person: &who,
            roles: &roles,
        };
        let new = NewSession {
            of: Surveyed::Case(self.id.clone()),
            mode: Mode::Hybrid,
            starts_at: Some(self.services.env.now()),
            items: None,
            participants: Vec::new(),
            site: None,
        };
        match sessions::schedule(&self.services, acting, &new).await {
            Ok(_) | Err(CaseError::Refused(_) | CaseError::NotFound) => {}
            Err(error) => panic!("schedule: {error}"),
        }
    }

    /// Holds the session as far as the rules let it go: sealed where a decision comes, ended else.
    async fn survey(&self, ending: Ending) {
        let Some(mut journal) = self.session().await else {
            return;
        };
        if journal.state.stage_name() != "scheduled" {
            return;
        }
        let mut play = Play::of(journal.state.scheduled.clone()).unwrap();
        play.case = journal.facts_of_first().clone();
        play.now = self.services.env.now();
        if held(&mut play, ending).is_err() {
            return;
        }
        if play.matter().sealed().is_some() {
            self.keep_decision(&journal, &play.session);
        }
        let batch = play.journal.into_iter().skip(1);
        let batch = batch.map(|entry| (entry.actor, entry.event)).collect();
        let at = self.services.env.now();
        let appended = journal.append(&self.services, at, batch, Vec::new()).await;
        appended.unwrap();
    }

    /// The file that sealing leaves; what it says is another test's.
    fn keep_decision(&self, journal: &SessionJournal, session: &Session) {
        let sealed = session.matters[0].sealed().unwrap();
        let dir = files::session_dir(&self.services.config.data, journal.id());
        for (extension, bytes) in [("json", "{}"), ("pdf", "%PDF-")] {
            let path = path(&dir, PaperKind::Decision, &sealed.content_digest, extension);
            files::write_once(&path, bytes.as_bytes()).unwrap();
        }
    }

    /// As a room does: decided on what was read, decided again where a journal moved.
    async fn announce(&self) {
        let Some(mut journal) = self.session().await else {
            return;
        };
        for _ in 0..4 {
            let Ok(batch) = self.announcement(&journal) else {
                return;
            };
            let at = self.services.env.now();
            match journal.append(&self.services, at, batch, Vec::new()).await {
                Ok(_) => return,
                Err(JournalError::Conflict) => journal.reload().await.unwrap(),
                Err(error) => panic!("announce: {error}"),
            }
        }
        panic!("nobody else is at it, yet the journals move");
    }

    fn announcement(&self, journal: &SessionJournal) -> Result<Vec<(Actor, Event)>, Refusal> {
        let actor = Actor::Person(person(CHAIR));
        let context = Context {
            actor: &actor,
            now: journal.at(self.services.env.now()),
            cases: journal.facts(),
            factor: None,
            clock: None,
            digests: None,
            document: None,
            recording_offset_us: 0,
        };
        let events = decide(&journal.state, &Command::Announce {}, &context)?;
        Ok(events.into_iter().map(|of| (actor.clone(), of)).collect())
    }

    /// Both decided before either is there.
    async fn race(&self, recusal_first: bool) {
        let Some(mut journal) = self.session().await else {
            return;
        };
        let Ok(announcement) = self.announcement(&journal) else {
            return;
        };
        let at = self.services.env.now();
        let aside = CaseCommand::RecordRecusal {
            person: person(CHAIR),
            reason: String::from("有利害关系。"),
        };
        if recusal_first {
            assert!(self.act(CHAIR, &aside).await);
            let late = journal.append(&self.services, at, announcement, Vec::new());
            assert!(matches!(late.await, Err(JournalError::Conflict)));
            journal.reload().await.unwrap();
            assert!(self.announcement(&journal).is_err());
        } else {
            let announced = journal.append(&self.services, at, announcement, Vec::new());
            announced.await.unwrap();
            assert!(!self.act(CHAIR, &aside).await);
        }
    }

    /// On two tasks; whoever is second finds the other's entry.
    pub async fn race_at_once(&self) {
        let aside = CaseCommand::RecordRecusal {
            person: person(CHAIR),
            reason: String::from("有利害关系。"),
        };
        tokio::join!(self.act(CHAIR, &aside), self.announce());
    }
}

fn held(play: &mut Play, ending: Ending) -> Result<(), Refusal> {
    let open = Command::OpenLobby {
        clock_override: None,
    };
    play.act(CHAIR, &open)?;
    play.report(&Report::RecordingStarted)?;
    for who in [CHAIR, SURVEYOR_1, SURVEYOR_2, APPLICANT] {
        play.enter(who)?;
    }
    // R48: before he has signed, no session opens to an expert.
    let called = |play: &Play, who| {
        let called = play.session.participant(&person(who)).is_some();
        called && play.case.opens_to_expert(&person(who))
    };
    if called(play, EXPERT) {
        play.enter(EXPERT)?;
    }
    play.act(CHAIR, &Command::Start {})?;
    let exterior = play.still(SURVEYOR_1, EvidenceKind::Exterior);
    play.act(SURVEYOR_1, &exterior)?;
    play.answer_all()?;
    let text = String::from("无异议。");
    let waived = false;
    play.act(APPLICANT, &Command::TakeStatement { text, waived })?;
    let outcome = match ending {
        Ending::Granted => SurveyOutcome::Passed,
        _ => {
            fail_first(play)?;
            SurveyOutcome::Failed
        }
    };
    if called(play, EXPERT) {
        let stance = match ending {
            Ending::Granted => Stance::Agree,
            _ => Stance::Disagree,
        };
        play.opine(EXPERT, OpinionKind::Expert, stance)?;
    }
    let conclude = play.conclude(outcome);
    play.act(CHAIR, &conclude)?;
    match ending {
        Ending::Granted | Ending::Refused => {
            play.sign_all()?;
            play.seal(decision(ending))
        }
        _ => end(play, ending),
    }
}

/// The first item that is open: a key one, so nothing can pass.
fn fail_first(play: &mut Play) -> Result<(), Refusal> {
    let items = play.session.scheduled.template.items.iter();
    let open = items.filter(|item| play.session.scheduled.is_open(&item.code));
    let code = open.map(|item| item.code.clone()).next();
    let code = code.unwrap_or_default();
    let answer = Answer {
        result: CheckResult::NotMet,
        ..play.met(&code)
    };
    play.act(SURVEYOR_1, &Command::AnswerItem { answer })?;
    Ok(())
}

fn decision(ending: Ending) -> DecisionText {
    let text = match ending {
        Ending::Granted => grant(),
        _ => refuse(),
    };
    assert_eq!(
        text.kind == DecisionKind::Granted,
        ending == Ending::Granted
    );
    text
}

fn end(play: &mut Play, ending: Ending) -> Result<(), Refusal> {
    let today = kanjie_domain::calendar::day_of(play.now)?;
    let by = today.saturating_add(jiff::Span::new().days(5)).to_string();
    let ending = match ending {
        Ending::Rectify => event::Ending::Rectify { by },
        Ending::Resurvey => event::Ending::Resurvey { by },
        _ => event::Ending::Hearing,
    };
    let end = Command::End {
        case: None,
        ending,
        reason: String::from("示例。"),
        next_step: String::from("整改后复勘。"),
        contact: String::from("010-00000000"),
    };
    play.act(CHAIR, &end)?;
    Ok(())
}
