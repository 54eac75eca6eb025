//! A random walk: mostly the next step of a valid journey, else anything by anybody.

use crate::command::{Actor, Command, Report};
use crate::doors::{Direction, DisconnectCause};
use crate::event::{
    Answer, ChatScope, CheckResult, DepartureCause, Ending, Event, EvidenceKind, IdentityMethod,
    OpinionKind, Point, Position, Scheduled, Stance, SurveyOutcome,
};
use crate::people::SeatId;
use crate::session::Session;
use crate::site::{Site, Whereabouts};
use crate::testing::{
    AGENT, ALL, APPLICANT, CHAIR, DEPARTMENT, EXPERT, Play, REVIEWER, STRANGER, SURVEYOR_1,
    SURVEYOR_2, grant, person, refuse, scheduled, scheduled_together,
};

use super::holds::{self, Before};
use super::journey::journey;

/// Where the walks are surveyed.
const SITE: Site = Site {
    lat_e7: 391_000_000,
    lon_e7: 1_172_000_000,
    fence_m: 200,
};

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

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
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
        Self::of(scheduled(), seed, bias)
    }

    /// Of two cases, which share a check item.
    pub fn of_two(seed: u64, bias: u64) -> Self {
        let mut schedule = scheduled_together();
        let shared = schedule.template.items[1].clone();
        let template = &mut schedule.further[0].template;
        template.items.truncate(3);
        template.items.push(shared);
        Self::of(schedule, seed, bias)
    }

    fn of(mut schedule: Scheduled, seed: u64, bias: u64) -> Self {
        schedule.template.items.truncate(4);
        schedule.template.settings.staff_on_site = u8::try_from(seed % 3).unwrap();
        schedule.site = Some(SITE);
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
            let further = self.play.further.values_mut();
            let mut cases: Vec<_> = further.chain([&mut self.play.case]).collect();
            let which = self.dice.below(cases.len());
            cases[which].recused.insert(person(who));
        }
        let (actor, asked) = match &step {
            Step::Do(who, command) => (Actor::Person(person(who)), self.play.ask(who, command)),
            Step::Report(report) => (Actor::System, self.play.ask_report(report)),
        };
        // Refused: nothing was changed, for whoever decides only reads.
        let Ok(events) = asked else { return };
        let before = Before {
            session: self.play.session.clone(),
            beyond: !self.play.session.deviating(&self.play.facts()).is_empty(),
        };
        self.play.append(actor, &events);
        // The panels are held against what happens with the factor; the next step sets it anew.
        self.play.factor = true;
        holds::after(&before, &step, &events, &self.play);
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
            0 if self.dice.next().is_multiple_of(3) => {
                let who = [APPLICANT, AGENT, SURVEYOR_1, SURVEYOR_2, CHAIR, REVIEWER];
                (likely(&mut self.dice, &who), self.location_commands())
            }
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
        let token = self.token();
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
            Report::MediaConnected {
                token: token.clone(),
            },
            Report::MediaDisconnected {
                token,
                cause: DisconnectCause::Lost,
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
        let direction = self.dice.pick(&[Direction::Publish, Direction::Play]);
        let (token, digest) = (self.token(), format!("{:064x}", self.dice.next()));
        let name = self.dice.pick(&["drone", "active-speaker", "s1-screen"]);
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
                whereabouts: Whereabouts::OnSite,
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
            Command::IssueMediaToken {
                name: name.to_owned(),
                direction,
                digest,
            },
            Command::RevokeMediaToken { token },
        ]
    }

    fn token(&mut self) -> String {
        format!("m{}", 1 + self.dice.below(4))
    }

    fn position(&mut self) -> Position {
        Position {
            lat_e7: SITE.lat_e7 + self.dice.pick(&[0, 0, 0, 5_000, 500_000]),
            lon_e7: SITE.lon_e7,
            accuracy_m: self.dice.pick(&[5, 20, 500]),
        }
    }

    fn location_commands(&mut self) -> Vec<Command> {
        let whereabouts = self.dice.pick(&[
            Whereabouts::OnSite,
            Whereabouts::OnSite,
            Whereabouts::Remote,
        ]);
        let reason = "r".to_owned();
        vec![
            Command::AskOnSite {
                reason: String::new(),
            },
            Command::WithdrawOnSite {},
            Command::ChangeWhereabouts { whereabouts },
            Command::ReportPosition {
                position: self.position(),
            },
            Command::OverrideLocation {
                of: person(self.dice.pick(&[SURVEYOR_1, SURVEYOR_2])),
                reason,
            },
        ]
    }

    fn survey_commands(&mut self, who: &str) -> Vec<Command> {
        let codes = ["F01", "F02", "F03", "F04", "F99", "H01", "H02"];
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
        let matters = self.play.session.matters.iter();
        let mut names: Vec<_> = matters.map(|of| self.play.session.name_of(of)).collect();
        // Now and then none, or one that is none.
        names.extend(
            [None, Some("case-9".to_owned())]
                .into_iter()
                .take(1 + names.len() / 2),
        );
        let case = self.dice.pick(&names);
        let digest = self
            .dice
            .pick(&["c0".repeat(32), "c1".repeat(32), "00".repeat(32)]);
        vec![
            self.play.conclude_case(case.as_deref(), outcome),
            Command::PrepareRecord {},
            Command::SignRecord {
                digest: digest.clone(),
            },
            Command::NoteSignatureRefused {
                person: person(self.dice.pick(&[APPLICANT, AGENT])),
                reason: "r".to_owned(),
            },
            Command::DraftDecision {
                case: case.clone(),
                decision,
            },
            Command::SealDecision {
                case: case.clone(),
                content_digest: digest.clone(),
            },
            Command::Announce {},
            Command::Acknowledge {
                content_digest: digest,
            },
            end(case.as_deref(), ending),
            Command::Close {},
        ]
    }
}

pub fn end(case: Option<&str>, ending: Ending) -> Command {
    Command::End {
        case: case.map(str::to_owned),
        ending,
        reason: "r".to_owned(),
        next_step: "n".to_owned(),
        contact: "c".to_owned(),
    }
}

/// Whether the event is one of those that end a case's part in the session.
pub const fn ends(event: &Event) -> bool {
    matches!(event, Event::Announced { .. } | Event::Ended { .. })
}
