//! A random walk: mostly the next step of a valid journey, else anything by anybody.

use crate::command::{Command, Report};
use crate::event::{
    Answer, ChatScope, CheckResult, DepartureCause, Ending, Event, EvidenceKind, IdentityMethod,
    OpinionKind, Point, Stance, SurveyOutcome,
};
use crate::people::SeatId;
use crate::session::{Decision, Notice, Presence, Recording, Session, Stage};
use crate::testing::{
    AGENT, ALL, APPLICANT, CHAIR, DEPARTMENT, EXPERT, Play, REVIEWER, STRANGER, SURVEYOR_1,
    SURVEYOR_2, grant, person, refuse, scheduled,
};

use super::holds;

/// splitmix64: the same walk for the same seed.
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    Do(&'static str, Command),
    Report(Report),
}

pub struct Walk {
    pub play: Play,
    dice: Dice,
    bias: u64,
}

impl Walk {
    /// `bias`: how many steps of a hundred are those of the journey.
    pub fn new(seed: u64, bias: u64) -> Self {
        let mut schedule = scheduled();
        schedule.template.items.truncate(4);
        Self {
            play: Play::of(schedule).unwrap(),
            dice: Dice::new(seed),
            bias,
        }
    }

    pub fn step(&mut self) {
        let step = if self.dice.next() % 100 < self.bias {
            let fails = self.bias < 100 && self.dice.next().is_multiple_of(12);
            match journey(&mut self.play, fails) {
                Some(step) => step,
                None => return,
            }
        } else {
            self.anything()
        };
        // Now and then the second factor is missing, or a recusal lands in the case.
        self.play.factor = self.bias == 100 || !self.dice.next().is_multiple_of(50);
        if self.bias < 100 && self.dice.next().is_multiple_of(400) {
            let who = self.dice.pick(&ALL);
            self.play.case.recused.insert(person(who));
        }
        let before = self.play.clone();
        let happened = match &step {
            Step::Do(who, command) => self.play.act(who, command),
            Step::Report(report) => self.play.report(report),
        };
        match happened {
            Ok(events) => holds::after(&before, &step, &events, &self.play),
            Err(_) => assert_eq!(before.session, self.play.session),
        }
    }

    /// The state is the fold of its journal.
    pub fn refolds(&self) {
        let mut entries = self.play.journal.iter();
        let mut session = Session::begin(entries.next().unwrap()).unwrap();
        entries.for_each(|entry| session.evolve(entry));
        assert_eq!(session, self.play.session);
    }

    fn anything(&mut self) -> Step {
        if self.dice.next().is_multiple_of(3) {
            return Step::Report(self.any_report());
        }
        let everybody: Vec<_> = ALL.into_iter().chain([STRANGER]).collect();
        let anybody = self.dice.pick(&everybody);
        let likely = |dice: &mut Dice, who: &[&'static str]| {
            if dice.next().is_multiple_of(4) {
                anybody
            } else {
                dice.pick(who)
            }
        };
        let (who, commands) = match self.dice.below(3) {
            0 => (likely(&mut self.dice, &[CHAIR]), self.presence_commands()),
            1 => {
                let who = [SURVEYOR_1, SURVEYOR_2, EXPERT, REVIEWER, APPLICANT, CHAIR];
                let who = likely(&mut self.dice, &who);
                (who, self.survey_commands(who))
            }
            _ => (likely(&mut self.dice, &[CHAIR]), self.result_commands()),
        };
        Step::Do(who, self.dice.pick(&commands))
    }

    fn any_report(&mut self) -> Report {
        let person = person(self.dice.pick(&ALL));
        let segment = format!("000{}-aaaaaaaa", self.dice.below(9));
        let seat = format!("seat-{}", self.dice.pick(&ALL));
        let reports = [
            Report::ConnectionLost {
                person: person.clone(),
            },
            Report::ConnectionLost {
                person: person.clone(),
            },
            Report::ConnectionRestored {
                person: person.clone(),
            },
            Report::Arrived {
                person: person.clone(),
                seat: SeatId(seat),
                device: String::new(),
            },
            Report::Departed {
                person: person.clone(),
                cause: DepartureCause::Removed,
            },
            Report::RecordingStopped {
                detail: "disk".to_owned(),
            },
            Report::RecordingStarted,
            Report::SegmentOpened {
                segment: segment.clone(),
                track: "t".to_owned(),
                person: Some(person),
                source: "camera".to_owned(),
                codec: "vp8".to_owned(),
                private: false,
            },
            Report::SegmentClosed {
                segment,
                bytes: 1,
                packets: 1,
            },
            Report::Checkpoint {
                number: self.dice.next() % 50,
                root: String::new(),
                wall_us: 0,
                mono_us: 0,
                clock: String::new(),
            },
        ];
        self.dice.pick(&reports)
    }

    fn presence_commands(&mut self) -> Vec<Command> {
        let other = person(self.dice.pick(&ALL));
        let method = self
            .dice
            .pick(&[IdentityMethod::IdCard, IdentityMethod::SecondFactor]);
        vec![
            Command::OpenLobby {
                clock_override: None,
            },
            Command::AcknowledgeNotice {
                notice: self
                    .play
                    .session
                    .scheduled
                    .template
                    .settings
                    .notice_version
                    .clone(),
            },
            Command::RefuseNotice {},
            Command::BeginIdentityCheck {
                person: other.clone(),
            },
            Command::StopIdentityCheck {
                person: other.clone(),
            },
            Command::ConfirmIdentity {
                person: other.clone(),
                method,
                last_four: "1234".to_owned(),
                authorisation: None,
            },
            Command::Admit {
                person: other.clone(),
            },
            Command::ShowCredential {
                number_last_four: "0001".to_owned(),
            },
            Command::Leave {},
            Command::Remove {
                person: other.clone(),
            },
            Command::ChangeMedia {
                microphone: true,
                camera: true,
                screen: false,
            },
            Command::RaiseHand {},
            Command::LowerHand { person: other },
            Command::Start {},
            Command::Suspend {
                reason: "r".to_owned(),
            },
            Command::Resume {},
            Command::BeginDeliberation {},
            Command::EndDeliberation {},
        ]
    }

    fn survey_commands(&mut self, who: &str) -> Vec<Command> {
        let codes = ["F01", "F02", "F03", "F04", "F99"];
        let code = self.dice.pick(&codes);
        let result = self.dice.pick(&[
            CheckResult::Met,
            CheckResult::NotMet,
            CheckResult::Mended,
            CheckResult::NotApplicable,
            CheckResult::OnSiteOnly,
        ]);
        let stance = self
            .dice
            .pick(&[Stance::Agree, Stance::Disagree, Stance::Rectify]);
        let scope = self.dice.pick(&[ChatScope::Room, ChatScope::Deliberation]);
        let kind = self
            .dice
            .pick(&[EvidenceKind::Exterior, EvidenceKind::Photo]);
        let department = OpinionKind::Department {
            department: DEPARTMENT.to_owned(),
        };
        let opinion = self.dice.pick(&[OpinionKind::Expert, department]);
        let text = "t".to_owned();
        vec![
            Command::AnswerItem {
                answer: Answer {
                    result,
                    ..self.play.met(code)
                },
            },
            Command::MarkUnsuitable {
                code: code.to_owned(),
                reason: text.clone(),
            },
            self.play.still(who, kind),
            Command::Annotate {
                id: format!("layer-{}", self.dice.below(5)),
                evidence: format!("still-{}", self.dice.below(5)),
                strokes: vec![vec![Point { x: 1, y: 1 }]],
                note: String::new(),
            },
            Command::FileOpinion {
                opinion,
                stance,
                text: text.clone(),
            },
            Command::Say {
                scope,
                text: text.clone(),
            },
            Command::TakeStatement {
                text,
                waived: false,
            },
        ]
    }

    fn result_commands(&mut self) -> Vec<Command> {
        let outcome = self
            .dice
            .pick(&[SurveyOutcome::Passed, SurveyOutcome::Failed]);
        let decision = self.dice.pick(&[grant(), refuse()]);
        let by = "2026-12-05".to_owned();
        let ending = self.dice.pick(&[
            Ending::Rectify { by: by.clone() },
            Ending::Resurvey { by },
            Ending::SwitchOnSite,
            Ending::Hearing,
        ]);
        let digest = self.dice.pick(&["c0".repeat(32), "00".repeat(32)]);
        vec![
            self.play.conclude(outcome),
            Command::PrepareRecord {},
            Command::SignRecord {
                digest: digest.clone(),
            },
            Command::NoteSignatureRefused {
                person: person(self.dice.pick(&[APPLICANT, AGENT])),
                reason: "r".to_owned(),
            },
            Command::DraftDecision { decision },
            Command::SealDecision {
                content_digest: digest.clone(),
            },
            Command::Announce {},
            Command::Acknowledge {
                content_digest: digest,
            },
            end(ending),
            Command::Close {},
        ]
    }
}

pub fn end(ending: Ending) -> Command {
    Command::End {
        ending,
        reason: "r".to_owned(),
        next_step: "n".to_owned(),
        contact: "c".to_owned(),
    }
}

/// The next step of a valid journey from wherever the session stands; `fails`: an item answered now is not met.
fn journey(play: &mut Play, fails: bool) -> Option<Step> {
    let chair = |command| Some(Step::Do(CHAIR, command));
    match &play.session.stage {
        Stage::Scheduled => {
            return chair(Command::OpenLobby {
                clock_override: None,
            });
        }
        Stage::Closed(_) => return None,
        _ if !matches!(play.session.recording, Recording::Running { .. }) => {
            return Some(Step::Report(Report::RecordingStarted));
        }
        _ => {}
    }
    if let Some(step) = ALL.into_iter().find_map(|who| way_in(play, who)) {
        return Some(step);
    }
    if play.session.is_deliberating() {
        return chair(Command::EndDeliberation {});
    }
    match &play.session.stage {
        Stage::Lobby => chair(Command::Start {}),
        Stage::Suspended { .. } => chair(Command::Resume {}),
        Stage::Live(_) => live(play, fails),
        Stage::Ended(_) => ended(play),
        Stage::Scheduled | Stage::Closed(_) => None,
    }
}

/// What brings this person into the room; nothing for one who is there or is kept out.
fn way_in(play: &Play, who: &'static str) -> Option<Step> {
    let id = person(who);
    if play.case.recused.contains(&id) {
        let there = *play.session.presence(&id) != Presence::Absent;
        return there.then(|| Step::Do(who, Command::Leave {}));
    }
    let presence = play.session.presence(&id);
    if presence.place().is_some() && !presence.is_connected() {
        return Some(Step::Report(Report::ConnectionRestored { person: id }));
    }
    match presence {
        Presence::Absent => Some(Step::Report(Report::Arrived {
            person: id,
            seat: SeatId(format!("seat-{who}")),
            device: String::new(),
        })),
        Presence::AtDoor(door) if !matches!(door.notice, Notice::Acknowledged { .. }) => {
            let notice = play
                .session
                .scheduled
                .template
                .settings
                .notice_version
                .clone();
            Some(Step::Do(who, Command::AcknowledgeNotice { notice }))
        }
        Presence::AtDoor(door) => {
            Some(Step::Do(CHAIR, checked(play, who, door.identity.is_some())))
        }
        Presence::Admitted(admitted) => {
            let staff = play.session.participant(&id)?.is_staff();
            let shown = admitted.credential.is_some();
            (staff && !shown).then(|| {
                let number_last_four = "0001".to_owned();
                Step::Do(who, Command::ShowCredential { number_last_four })
            })
        }
    }
}

fn checked(play: &Play, who: &str, done: bool) -> Command {
    let id = person(who);
    if done {
        return Command::Admit { person: id };
    }
    let method = if who == CHAIR {
        IdentityMethod::SecondFactor
    } else {
        IdentityMethod::IdCard
    };
    let confirm = Command::ConfirmIdentity {
        person: id.clone(),
        method,
        last_four: "1234".to_owned(),
        authorisation: (who == AGENT).then(|| "授权委托书".to_owned()),
    };
    match &play.session.identity_check {
        _ if who == CHAIR => confirm,
        _ if play.session.is_deliberating() => Command::EndDeliberation {},
        None => Command::BeginIdentityCheck { person: id },
        Some(check) if check.person == id => confirm,
        Some(check) => Command::StopIdentityCheck {
            person: check.person.clone(),
        },
    }
}

fn live(play: &mut Play, fails: bool) -> Option<Step> {
    let session = &play.session;
    if let Some(check) = &session.identity_check {
        let person = check.person.clone();
        return Some(Step::Do(CHAIR, Command::StopIdentityCheck { person }));
    }
    if session.conclusion.is_some() {
        return result(play);
    }
    if session.evidence.is_empty() {
        let still = play.still(SURVEYOR_1, EvidenceKind::Exterior);
        return Some(Step::Do(SURVEYOR_1, still));
    }
    if let Some(code) = session.unanswered().first() {
        let mut answer = play.met(code);
        if fails {
            answer.result = CheckResult::NotMet;
        }
        return Some(Step::Do(SURVEYOR_1, Command::AnswerItem { answer }));
    }
    let text = "t".to_owned();
    let opinion = |opinion| Command::FileOpinion {
        opinion,
        stance: Stance::Agree,
        text: text.clone(),
    };
    if let Some(department) = session.departments_missing().first() {
        let department = department.clone();
        let command = opinion(OpinionKind::Department { department });
        return Some(Step::Do(REVIEWER, command));
    }
    if session.statements.is_empty() {
        let waived = false;
        return Some(Step::Do(APPLICANT, Command::TakeStatement { text, waived }));
    }
    if !session
        .standing_opinions()
        .iter()
        .any(|opinion| opinion.kind == OpinionKind::Expert)
    {
        return Some(Step::Do(EXPERT, opinion(OpinionKind::Expert)));
    }
    if !session.unsuitably_answered().is_empty() {
        return Some(Step::Do(CHAIR, end(Ending::SwitchOnSite)));
    }
    // A failed survey is concluded, or ends in rectification (journey B).
    if session.judged() == SurveyOutcome::Failed && (play.now / 1_000_000) % 2 == 0 {
        let by = "2026-12-05".to_owned();
        return Some(Step::Do(CHAIR, end(Ending::Rectify { by })));
    }
    Some(Step::Do(CHAIR, play.conclude(session.judged())))
}

fn result(play: &Play) -> Option<Step> {
    let conclusion = play.session.conclusion.as_ref()?;
    let Some(record) = &conclusion.record else {
        return Some(Step::Do(CHAIR, Command::PrepareRecord {}));
    };
    let signed = |who: &str| record.signatures.iter().any(|by| by.person == person(who));
    let missing = play.session.signatures_missing(&play.case);
    let signer = [SURVEYOR_1, SURVEYOR_2, REVIEWER, CHAIR, APPLICANT, AGENT]
        .into_iter()
        .find(|who| missing.contains(&person(who)) && !signed(who));
    let digest = "c0".repeat(32);
    if let Some(who) = signer {
        return Some(Step::Do(who, Command::SignRecord { digest }));
    }
    let decision = match conclusion.outcome {
        SurveyOutcome::Passed => grant(),
        SurveyOutcome::Failed => refuse(),
    };
    let decision = crate::event::DecisionText {
        departure_reason: "r".to_owned(),
        ..decision
    };
    let command = match &conclusion.decision {
        Decision::None => Command::DraftDecision { decision },
        Decision::Drafted { text, .. } if *text != decision => Command::DraftDecision { decision },
        Decision::Drafted { .. } => Command::SealDecision {
            content_digest: digest,
        },
        Decision::Sealed(_) => Command::Announce {},
    };
    Some(Step::Do(CHAIR, command))
}

fn ended(play: &Play) -> Option<Step> {
    let unconfirmed = |who: &&str| {
        let id = person(who);
        !play.session.acknowledged.contains_key(&id) && play.session.presence(&id).is_in_room()
    };
    if let Some(digest) = play.session.announcement()
        && let Some(who) = ALL.into_iter().find(unconfirmed)
    {
        let content_digest = digest.to_owned();
        return Some(Step::Do(who, Command::Acknowledge { content_digest }));
    }
    if let Some(check) = &play.session.identity_check {
        let person = check.person.clone();
        return Some(Step::Do(CHAIR, Command::StopIdentityCheck { person }));
    }
    Some(Step::Do(CHAIR, Command::Close {}))
}

/// Whether the event is one of those that end a session.
pub const fn ends(event: &Event) -> bool {
    matches!(event, Event::Announced { .. } | Event::Ended { .. })
}
