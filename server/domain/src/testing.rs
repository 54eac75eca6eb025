//! A session played step by step, for tests: journey A (rules.md) and everything on the way to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::case::{CaseBrief, CaseFacts, Facts};
use crate::command::{Actor, Command, Context, Digests, DocumentFacts, Factor, FactorKind, Report};
use crate::event::{
    Answer, CheckResult, Clock, DecisionKind, DecisionText, Event, Evidence, EvidenceKind,
    IdentityMethod, MeasuredHow, Measurement, Mode, OpinionKind, Recorded, Scheduled, Stance,
    SurveyOutcome,
};
use crate::people::{Participant, PersonId, Role, SeatId};
use crate::refusal::{Code, Refusal};
use crate::seed::{DEFAULT_REMEDIES, templates};
use crate::session::{Matter, Session};
use crate::site::Whereabouts;
use crate::template::{Remote, Template};

pub const CHAIR: &str = "chair";
pub const SURVEYOR_1: &str = "surveyor-1";
pub const SURVEYOR_2: &str = "surveyor-2";
pub const REVIEWER: &str = "reviewer";
pub const EXPERT: &str = "expert";
pub const APPLICANT: &str = "applicant";
pub const AGENT: &str = "agent";
pub const HELPER: &str = "helper";
pub const SUPERVISOR: &str = "supervisor";
/// Not called to the session.
pub const STRANGER: &str = "stranger";

/// Everybody called to the session.
pub const ALL: [&str; 9] = [
    CHAIR, SURVEYOR_1, SURVEYOR_2, REVIEWER, EXPERT, APPLICANT, AGENT, HELPER, SUPERVISOR,
];

/// The joining department whose opinion the conclusion needs (R37).
pub const DEPARTMENT: &str = "示例区卫生健康局";

const T0: i64 = 1_764_000_000_000_000;

/// A session with its journal and a clock that goes on by a second an act.
#[derive(Clone, Debug)]
pub struct Play {
    pub session: Session,
    pub journal: Vec<Recorded>,
    /// Of the first case.
    pub case: CaseFacts,
    /// Of the further ones.
    pub further: BTreeMap<String, CaseFacts>,
    pub now: i64,
    /// Whether the server verified a fresh second factor with each act.
    pub factor: bool,
    pub clock: Option<Clock>,
    evidence: u32,
}

#[must_use]
pub fn person(id: &str) -> PersonId {
    PersonId(id.to_owned())
}

fn participant(id: &str, name: &str, roles: &[Role]) -> Participant {
    Participant {
        person: person(id),
        name: format!("{name}(示例)"),
        roles: roles.iter().copied().collect::<BTreeSet<_>>(),
        organisation: "示例单位".to_owned(),
        department: roles
            .contains(&Role::DepartmentReviewer)
            .then(|| DEPARTMENT.to_owned()),
    }
}

/// Read once: a test plays many sessions.
static FOOD_CATERING: LazyLock<Template> = LazyLock::new(|| templates().swap_remove(0));

/// 公共场所卫生许可.
static HYGIENE: LazyLock<Template> = LazyLock::new(|| {
    let mut templates = templates().into_iter();
    let hygiene = templates.find(|of| of.items.iter().any(|item| item.code == "H01"));
    hygiene.unwrap_or_else(|| FOOD_CATERING.clone())
});

/// The case of journey A.
#[must_use]
pub fn brief() -> CaseBrief {
    CaseBrief {
        case_no: "示例-2026-0001".to_owned(),
        item_title: "食品经营许可（餐饮服务）".to_owned(),
        applicant: "示例餐饮有限公司".to_owned(),
        uscc: "91110000MA00000000".to_owned(),
        address: "示例路1号".to_owned(),
        authority: "示例区行政审批局".to_owned(),
        contact: "010-00000000".to_owned(),
    }
}

/// Entry 1 of a journey-A session; chair and approver are one person.
#[must_use]
pub fn scheduled() -> Scheduled {
    Scheduled {
        session: "session-1".to_owned(),
        case: "case-1".to_owned(),
        brief: brief(),
        template: FOOD_CATERING.clone(),
        participants: vec![
            participant(CHAIR, "主持人", &[Role::Chair, Role::Approver]),
            participant(SURVEYOR_1, "勘验甲", &[Role::Surveyor]),
            participant(SURVEYOR_2, "勘验乙", &[Role::Surveyor]),
            participant(REVIEWER, "审查员", &[Role::DepartmentReviewer]),
            participant(EXPERT, "专家", &[Role::Expert]),
            participant(APPLICANT, "申请人", &[Role::Applicant]),
            participant(AGENT, "代理人", &[Role::Agent]),
            participant(HELPER, "帮办员", &[Role::Helper]),
            participant(SUPERVISOR, "监督员", &[Role::Supervisor]),
        ],
        joining_departments: vec![DEPARTMENT.to_owned()],
        mode: Mode::Remote,
        starts_at: T0,
        resurvey: None,
        site: None,
        further: Vec::new(),
    }
}

/// The second case of a session of two.
pub const SECOND: &str = "case-2";

/// The same with a hygiene licence beside it: two cases, one survey.
#[must_use]
pub fn scheduled_together() -> Scheduled {
    let first = scheduled();
    let template = HYGIENE.clone();
    let second = Scheduled {
        case: SECOND.to_owned(),
        brief: CaseBrief {
            case_no: "示例-2026-0002".to_owned(),
            item_title: template.title.clone(),
            authority: "示例区卫生健康局".to_owned(),
            ..brief()
        },
        template,
        joining_departments: Vec::new(),
        ..first.clone()
    };
    Scheduled::together(vec![first, second]).unwrap_or_else(|_| scheduled())
}

/// A grant that departs from nobody.
#[must_use]
pub fn grant() -> DecisionText {
    DecisionText {
        kind: DecisionKind::Granted,
        result: "准予食品经营许可".to_owned(),
        reason: "经现场勘验，符合许可条件。".to_owned(),
        basis: vec!["《中华人民共和国行政许可法》第三十四条、第三十八条".to_owned()],
        remedies: String::new(),
        next_step: "十个工作日内颁发许可证。".to_owned(),
        contact: "010-00000000".to_owned(),
        departure_reason: String::new(),
    }
}

/// A refusal with everything that R40 and R41 ask for.
#[must_use]
pub fn refuse() -> DecisionText {
    DecisionText {
        kind: DecisionKind::Refused,
        result: "不予食品经营许可".to_owned(),
        remedies: DEFAULT_REMEDIES.to_owned(),
        departure_reason: "关键项不符合。".to_owned(),
        ..grant()
    }
}

impl Play {
    /// A session of this schedule, with its first entry only.
    #[must_use]
    pub fn of(scheduled: Scheduled) -> Option<Self> {
        let further = scheduled.further.iter();
        let scheduled_further = further.map(|of| (of.case.clone(), CaseFacts::default()));
        let scheduled_further = scheduled_further.collect();
        let entry = Recorded {
            actor: Actor::System,
            at: T0,
            event: Event::Scheduled(Box::new(scheduled)),
        };
        Some(Self {
            session: Session::begin(&entry)?,
            journal: vec![entry],
            further: scheduled_further,
            case: CaseFacts::default(),
            now: T0,
            factor: true,
            clock: Some(Clock::Synchronised {
                source: "chrony".to_owned(),
            }),
            evidence: 0,
        })
    }

    /// Of all cases.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let first = (self.session.scheduled.case.as_str(), &self.case);
        let further = self.further.iter().map(|(id, facts)| (id.as_str(), facts));
        std::iter::once(first).chain(further).collect()
    }

    /// The first of the cases, which mostly is the only one.
    #[must_use]
    pub fn matter(&self) -> &Matter {
        &self.session.matters[0]
    }

    /// What the paper of a case digests to; the record's digest is that of the first.
    #[must_use]
    pub fn paper_of(&self, case: Option<&str>) -> String {
        let mut matters = self.session.matters.iter();
        let nth = matters.position(|of| Some(of.case.as_str()) == case);
        format!("c{}", nth.unwrap_or_default()).repeat(32)
    }

    fn context<'a>(&'a self, actor: &'a Actor, paper_of: Option<&str>) -> Context<'a> {
        Context {
            actor,
            now: self.now,
            cases: self.facts(),
            factor: self.factor.then_some(Factor {
                kind: FactorKind::Totp,
                at: self.now,
                signed: None,
            }),
            clock: self.clock.clone(),
            digests: Some(Digests {
                content: self.paper_of(paper_of),
                pdf: "d0".repeat(32),
            }),
            document: Some(DocumentFacts {
                number: "示例审批〔2026〕1号".to_owned(),
                seal: "示例".to_owned(),
            }),
            recording_offset_us: 0,
        }
    }

    /// What `decide` says, without doing it.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn ask(&self, who: &str, command: &Command) -> Result<Vec<Event>, Refusal> {
        let actor = Actor::Person(person(who));
        let case = match command {
            Command::SealDecision { case, .. } => case.as_deref(),
            _ => None,
        };
        crate::decide(&self.session, command, &self.context(&actor, case))
    }

    /// Decides and appends.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn act(&mut self, who: &str, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = self.ask(who, command)?;
        self.append(Actor::Person(person(who)), &events);
        Ok(events)
    }

    /// Reports and appends.
    ///
    /// # Errors
    /// As [`crate::report`].
    pub fn report(&mut self, report: &Report) -> Result<Vec<Event>, Refusal> {
        let events = self.ask_report(report)?;
        self.append(Actor::System, &events);
        Ok(events)
    }

    /// What `report` says, without appending.
    ///
    /// # Errors
    /// As [`crate::report`].
    pub fn ask_report(&self, report: &Report) -> Result<Vec<Event>, Refusal> {
        crate::report(&self.session, report, &self.context(&Actor::System, None))
    }

    pub(crate) fn append(&mut self, actor: Actor, events: &[Event]) {
        for event in events {
            let entry = Recorded {
                actor: actor.clone(),
                at: self.now,
                event: event.clone(),
            };
            self.session.evolve(&entry);
            self.journal.push(entry);
        }
        self.now += 1_000_000;
    }

    /// At the door of the own seat.
    ///
    /// # Errors
    /// As [`crate::report`].
    pub fn arrive(&mut self, who: &str) -> Result<(), Refusal> {
        let arrived = Report::Arrived {
            person: person(who),
            seat: SeatId(format!("seat-{who}")),
            device: "Chromium · 示例".to_owned(),
        };
        self.report(&arrived).map(|_| ())
    }

    /// The notice of the template, acknowledged.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn acknowledge_notice(&mut self, who: &str) -> Result<(), Refusal> {
        let notice = self
            .session
            .scheduled
            .template
            .settings
            .notice_version
            .clone();
        self.act(who, &Command::AcknowledgeNotice { notice })?;
        Ok(())
    }

    /// Arrived, noticed, checked, admitted, and for staff the credential shown.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn enter(&mut self, who: &str) -> Result<(), Refusal> {
        self.arrive(who)?;
        self.acknowledge_notice(who)?;
        if who == CHAIR {
            self.act(CHAIR, &confirm(who, IdentityMethod::SecondFactor))?;
        } else {
            let person = person(who);
            self.act(
                CHAIR,
                &Command::BeginIdentityCheck {
                    person: person.clone(),
                },
            )?;
            self.act(CHAIR, &confirm(who, IdentityMethod::IdCard))?;
            self.act(CHAIR, &Command::Admit { person })?;
        }
        let staff = self.session.participant(&person(who));
        if staff.is_some_and(Participant::is_staff) {
            self.show_credential(who)?;
        }
        Ok(())
    }

    /// R17.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn show_credential(&mut self, who: &str) -> Result<(), Refusal> {
        let number_last_four = "0001".to_owned();
        self.act(
            who,
            &Command::ShowCredential {
                number_last_four,
                whereabouts: Whereabouts::Remote,
            },
        )?;
        Ok(())
    }

    /// An answer that meets every rule for the item.
    #[must_use]
    pub fn met(&self, code: &str) -> Answer {
        let item = self.session.item(code);
        let remote = item.is_some_and(|item| item.remote == Remote::Y);
        Answer {
            code: code.to_owned(),
            result: CheckResult::Met,
            note: String::new(),
            measurement: (!remote).then_some(Measurement {
                value: "26.5".to_owned(),
                unit: "m".to_owned(),
                how: MeasuredHow::Measurement,
            }),
            evidence: Vec::new(),
        }
    }

    /// A still by this surveyor, with the next id.
    #[must_use]
    pub fn still(&mut self, who: &str, kind: EvidenceKind) -> Command {
        self.evidence += 1;
        let surveyed = self.session.matters.iter().find(|of| of.is_surveyed());
        let of = surveyed.and_then(|of| self.session.scheduled.case(&of.case));
        let item = of.and_then(|of| of.template.items.first());
        Command::TakeEvidence {
            evidence: Box::new(Evidence {
                id: format!("still-{}", self.evidence),
                kind,
                item: item.map(|item| item.code.clone()),
                person: person(who),
                device: "平板（示例）".to_owned(),
                sha256: "ab".repeat(32),
                bytes: 1_000,
                media_type: "image/jpeg".to_owned(),
                captured_at: self.now,
                position: None,
            }),
        }
    }
}

fn confirm(who: &str, method: IdentityMethod) -> Command {
    Command::ConfirmIdentity {
        person: person(who),
        method,
        last_four: "123X".to_owned(),
        authorisation: (who == AGENT).then(|| "授权委托书（示例）".to_owned()),
    }
}

/// The lobby is open, the recording runs, and everybody is in.
///
/// # Errors
/// None that a sound domain gives.
pub fn lobby() -> Result<Play, Refusal> {
    let mut play = Play::of(scheduled()).ok_or(Code::NotInThisStage)?;
    play.act(
        CHAIR,
        &Command::OpenLobby {
            clock_override: None,
        },
    )?;
    play.report(&Report::RecordingStarted)?;
    for who in ALL {
        play.enter(who)?;
    }
    Ok(play)
}

/// Live.
///
/// # Errors
/// As [`lobby`].
pub fn live() -> Result<Play, Refusal> {
    let mut play = lobby()?;
    play.act(CHAIR, &Command::Start {})?;
    Ok(play)
}

/// Every item met (F22 mended on the spot), opinions filed after a deliberation, the statement taken.
///
/// # Errors
/// As [`lobby`].
pub fn surveyed() -> Result<Play, Refusal> {
    let mut play = live()?;
    let exterior = play.still(SURVEYOR_1, EvidenceKind::Exterior);
    play.act(SURVEYOR_1, &exterior)?;
    play.answer_all()?;
    let bin = Answer {
        result: CheckResult::NotMet,
        ..play.met("F22")
    };
    play.act(SURVEYOR_2, &Command::AnswerItem { answer: bin })?;
    let mended = Answer {
        result: CheckResult::Mended,
        note: "当场加贴标识".to_owned(),
        ..play.met("F22")
    };
    play.act(SURVEYOR_2, &Command::AnswerItem { answer: mended })?;
    play.act(CHAIR, &Command::BeginDeliberation {})?;
    play.act(
        EXPERT,
        &Command::Say {
            scope: crate::event::ChatScope::Deliberation,
            text: "布局合理。".to_owned(),
        },
    )?;
    play.act(CHAIR, &Command::EndDeliberation {})?;
    play.opine(EXPERT, OpinionKind::Expert, Stance::Agree)?;
    let department = OpinionKind::Department {
        department: DEPARTMENT.to_owned(),
    };
    play.opine(REVIEWER, department, Stance::Agree)?;
    let text = "无异议。".to_owned();
    play.act(
        APPLICANT,
        &Command::TakeStatement {
            text,
            waived: false,
        },
    )?;
    Ok(play)
}

impl Play {
    /// Every open item met.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn answer_all(&mut self) -> Result<(), Refusal> {
        let items: Vec<_> = self.session.scheduled.items().cloned().collect();
        for item in items
            .iter()
            .filter(|item| self.session.scheduled.is_open(&item.code))
            .map(|item| item.code.clone())
            .collect::<Vec<_>>()
        {
            let answer = self.met(&item);
            self.act(SURVEYOR_1, &Command::AnswerItem { answer })?;
        }
        Ok(())
    }

    /// An opinion with some text.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn opine(
        &mut self,
        who: &str,
        opinion: OpinionKind,
        stance: Stance,
    ) -> Result<(), Refusal> {
        let text = "意见（示例）".to_owned();
        self.act(
            who,
            &Command::FileOpinion {
                opinion,
                stance,
                text,
            },
        )?;
        Ok(())
    }

    /// The conclusion with everybody in the room confirmed.
    #[must_use]
    pub fn conclude(&self, outcome: SurveyOutcome) -> Command {
        self.conclude_case(None, outcome)
    }

    /// Of one of several cases.
    #[must_use]
    pub fn conclude_case(&self, case: Option<&str>, outcome: SurveyOutcome) -> Command {
        Command::Conclude {
            case: case.map(str::to_owned),
            outcome,
            text: "勘验结论（示例）".to_owned(),
            present: self.session.in_room(),
        }
    }

    /// Read back, and signed by both surveyors and the applicant.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn sign_all(&mut self) -> Result<(), Refusal> {
        self.act(CHAIR, &Command::PrepareRecord {})?;
        for who in [SURVEYOR_1, SURVEYOR_2, APPLICANT] {
            let digest = "c0".repeat(32);
            self.act(who, &Command::SignRecord { digest })?;
        }
        Ok(())
    }

    /// Drafted and sealed by the approver.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn seal(&mut self, decision: DecisionText) -> Result<(), Refusal> {
        self.seal_case(None, decision)
    }

    /// Of one of several cases.
    ///
    /// # Errors
    /// As [`crate::decide`].
    pub fn seal_case(&mut self, case: Option<&str>, decision: DecisionText) -> Result<(), Refusal> {
        let content_digest = self.paper_of(case);
        let case = case.map(str::to_owned);
        let draft = Command::DraftDecision {
            case: case.clone(),
            decision,
        };
        self.act(CHAIR, &draft)?;
        let seal = Command::SealDecision {
            case,
            content_digest,
        };
        self.act(CHAIR, &seal)?;
        Ok(())
    }
}

/// Concluded as passed.
///
/// # Errors
/// As [`lobby`].
pub fn concluded() -> Result<Play, Refusal> {
    let mut play = surveyed()?;
    let conclude = play.conclude(SurveyOutcome::Passed);
    play.act(CHAIR, &conclude)?;
    Ok(play)
}

/// The record signed.
///
/// # Errors
/// As [`lobby`].
pub fn signed() -> Result<Play, Refusal> {
    let mut play = concluded()?;
    play.sign_all()?;
    Ok(play)
}

/// A grant drafted and sealed.
///
/// # Errors
/// As [`lobby`].
pub fn sealed() -> Result<Play, Refusal> {
    let mut play = signed()?;
    play.seal(grant())?;
    Ok(play)
}

/// Announced.
///
/// # Errors
/// As [`lobby`].
pub fn announced() -> Result<Play, Refusal> {
    let mut play = sealed()?;
    play.act(CHAIR, &Command::Announce {})?;
    Ok(play)
}

/// Journey A to its close: acknowledged by everybody.
///
/// # Errors
/// As [`lobby`].
pub fn journey_a() -> Result<Play, Refusal> {
    let mut play = announced()?;
    for who in ALL {
        let content_digest = "c0".repeat(32);
        play.act(who, &Command::Acknowledge { content_digest })?;
    }
    play.act(CHAIR, &Command::Close {})?;
    Ok(play)
}
