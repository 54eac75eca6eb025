//! A case played step by step, with a clock that is set to a day.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;

use crate::calendar::{Calendar, end_of_day};
use crate::case::{
    Application, Bar, Case, CaseCommand, CaseContext, CaseEvent, CaseRecorded, CaseReport,
    CommitmentRoute, Concern, CreditStanding, DecisionFacts, DrawFrom, FileFacts, Guide,
    ListedMaterial, MissingItem, Need, Retention, ServiceMethod, Slip, Supply, TimeLimits, Verdict,
    Written, decide, open, report,
};
use crate::command::{Actor, Factor, FactorKind};
use crate::event::DecisionKind;
use crate::people::{PersonId, Role};
use crate::pool::{Availability, ExpertPool, PoolExpert, Seed};
use crate::refusal::{Code, Refusal};
pub use crate::testing::brief;
use crate::testing::person;

pub const APPLICANT: &str = "applicant";
pub const AGENT: &str = "agent";
pub const HANDLER: &str = "handler";
pub const APPROVER: &str = "approver";
pub const LEGAL: &str = "legal";
pub const NEIGHBOUR: &str = "neighbour";
pub const EXPERT: &str = "expert";
pub const SUPERVISOR: &str = "supervisor";
pub const OPERATOR: &str = "operator";
pub const ADMINISTRATOR: &str = "administrator";

pub const EVERYBODY: [&str; 10] = [
    APPLICANT,
    AGENT,
    HANDLER,
    APPROVER,
    LEGAL,
    NEIGHBOUR,
    EXPERT,
    SUPERVISOR,
    OPERATOR,
    ADMINISTRATOR,
];

/// Monday, a plain week with no holiday near.
pub const MONDAY: &str = "2026-03-02";

/// What somebody is at the bureau.
pub fn roles_of(who: &str) -> BTreeSet<Role> {
    let role = match who {
        HANDLER => Role::Surveyor,
        APPROVER => Role::Approver,
        LEGAL => Role::DepartmentReviewer,
        SUPERVISOR => Role::Supervisor,
        OPERATOR => Role::Operator,
        ADMINISTRATOR => Role::Administrator,
        _ => return BTreeSet::new(),
    };
    BTreeSet::from([role])
}

pub fn digest(of: u8) -> String {
    format!("{of:02x}").repeat(32)
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// Nine o'clock of that day in Shanghai.
pub fn morning(text: &str) -> i64 {
    end_of_day(date(text)).unwrap() - 15 * 3_600 * 1_000_000 + 1
}

pub fn guide() -> Guide {
    let line = |code: &str, supply| ListedMaterial {
        code: code.to_owned(),
        title: format!("示例材料{code}"),
        need: Need::Required,
        supply,
    };
    let from = "市场监管（示例）".to_owned();
    Guide {
        item: "food_catering".to_owned(),
        version: "示例-1".to_owned(),
        materials: vec![
            line("form", Supply::Applicant),
            line("lease", Supply::Applicant),
            line("plan", Supply::ApplicantMinor),
            line("health", Supply::ApplicantOrCommitment),
            line("licence", Supply::Sharing { from }),
            ListedMaterial {
                need: Need::Optional,
                ..line("photo", Supply::Applicant)
            },
        ],
        time: TimeLimits::default(),
        concern: Concern::SafetyOrHealth,
        commitment: CommitmentRoute::Offered,
        retention: Retention::TenYears,
    }
}

pub fn submit(material: &str) -> CaseCommand {
    CaseCommand::SubmitMaterial {
        material: material.to_owned(),
        file: file(),
    }
}

pub fn file() -> FileFacts {
    FileFacts {
        sha256: digest(1),
        bytes: 1_000,
        media_type: "application/pdf".to_owned(),
        name: "材料.pdf".to_owned(),
    }
}

pub fn sufficient(material: &str) -> CaseCommand {
    CaseCommand::ReviewMaterial {
        material: material.to_owned(),
        review: Verdict::Sufficient,
    }
}

pub fn insufficient(material: &str) -> CaseCommand {
    CaseCommand::ReviewMaterial {
        material: material.to_owned(),
        review: Verdict::Insufficient {
            reason: "不清晰。".to_owned(),
        },
    }
}

pub fn notice(materials: &[&str]) -> CaseCommand {
    let missing = materials.iter().map(|material| MissingItem {
        material: (*material).to_owned(),
        what: "请补交。".to_owned(),
    });
    CaseCommand::GiveNotice {
        missing: missing.collect(),
        contact: "010-00000000".to_owned(),
    }
}

pub fn undertake(material: &str, by: &str) -> CaseCommand {
    CaseCommand::Undertake {
        material: material.to_owned(),
        by: date(by),
    }
}

pub fn credit(standing: CreditStanding) -> CaseCommand {
    CaseCommand::CheckCredit { standing }
}

pub fn not_accept() -> CaseCommand {
    CaseCommand::NotAccept {
        reason: "不属于本机关职权范围。".to_owned(),
        basis: "《行政许可法》第三十二条".to_owned(),
        next_step: "请向有权机关申请。".to_owned(),
        contact: "010-00000000".to_owned(),
    }
}

/// The field in which five of the pool are at home.
pub const FIELD: &str = "食品";

/// Everybody stands in it with a field of his own name, so that a test can draw just him; five are at home in [`FIELD`].
pub fn pool() -> ExpertPool {
    let expert = |id: &str, fields: &[&str]| PoolExpert {
        person: person(id),
        name: "示例专家".to_owned(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        employer: Some("91110000MA00000009".to_owned()),
        ties: BTreeSet::new(),
        availability: Availability::Available,
    };
    let of_the_field = ["expert-1", "expert-2", "expert-3", "expert-4", "expert-5"];
    let one = EVERYBODY.iter().map(|id| expert(id, &[id]));
    let many = of_the_field.iter().map(|id| expert(id, &[id, FIELD]));
    ExpertPool::new("示例-1", one.chain(many).collect()).unwrap()
}

/// Read once: a test plays many cases.
static CALENDAR: LazyLock<Arc<Calendar>> = LazyLock::new(|| Arc::new(Calendar::example().unwrap()));
static POOL: LazyLock<Arc<ExpertPool>> = LazyLock::new(|| Arc::new(pool()));

/// Draws from a field in which only this person is at home.
pub fn call(who: &str) -> CaseCommand {
    CaseCommand::DrawExperts {
        field: who.to_owned(),
        count: 1,
        instead_of: Vec::new(),
        reason: String::new(),
    }
}

pub fn sign_confidentiality() -> CaseCommand {
    CaseCommand::SignConfidentiality { sha256: digest(11) }
}

pub fn written() -> Written {
    Written {
        sha256: digest(2),
        method: ServiceMethod::Electronic,
    }
}

pub fn schedule(session: &str, items: &[&str]) -> CaseCommand {
    CaseCommand::ScheduleSession {
        session: session.to_owned(),
        items: items.iter().map(|item| (*item).to_owned()).collect(),
    }
}

pub fn announced(session: &str, kind: DecisionKind) -> CaseReport {
    CaseReport::DecisionAnnounced(DecisionFacts {
        session: session.to_owned(),
        head: digest(3),
        kind,
        number: "示例审批〔2026〕1号".to_owned(),
        content_digest: digest(4),
    })
}

pub fn ended(session: &str, failed: &[&str]) -> CaseReport {
    CaseReport::SessionEnded {
        session: session.to_owned(),
        head: digest(3),
        outcome: "rectify".to_owned(),
        failed: failed.iter().map(|item| (*item).to_owned()).collect(),
    }
}

pub fn serve() -> CaseCommand {
    CaseCommand::Serve {
        method: ServiceMethod::Courier,
        to: "申请人（示例）".to_owned(),
        proof_digest: digest(6),
    }
}

pub fn issue() -> CaseCommand {
    CaseCommand::IssueLicence {
        number: "示例-JY-1".to_owned(),
        pdf_digest: digest(5),
    }
}

pub fn mask(text: u8) -> CaseCommand {
    CaseCommand::ProposeMasking {
        text_digest: digest(text),
        masked: vec!["配方".to_owned()],
    }
}

pub fn publish(text: u8) -> CaseCommand {
    CaseCommand::Publish {
        text_digest: digest(text),
    }
}

#[derive(Clone, Debug)]
pub struct CasePlay {
    pub case: Case,
    pub journal: Vec<CaseRecorded>,
    pub now: i64,
    /// Shared: a walk copies its play before every step.
    pub calendar: Arc<Calendar>,
    pub bars: Vec<Bar>,
    pub pool: Arc<ExpertPool>,
    pub factor: bool,
    pub slip: bool,
    /// Of whoever acts.
    pub uploads: Vec<FileFacts>,
}

impl CasePlay {
    /// Just opened, on [`MONDAY`].
    pub fn opened() -> Self {
        Self::opened_by("case-1", guide(), MONDAY)
    }

    pub fn opened_by(id: &str, guide: Guide, day: &str) -> Self {
        let calendar = Arc::clone(&CALENDAR);
        let application = Application {
            case: id.to_owned(),
            applicant: person(APPLICANT),
            agents: vec![person(AGENT)],
            guide,
        };
        let actor = Actor::Person(person(APPLICANT));
        let roles = BTreeSet::new();
        let ctx = CaseContext {
            actor: &actor,
            roles: &roles,
            now: morning(day),
            calendar: &calendar,
            factor: None,
            slip: None,
            bars: &[],
            draw: None,
            uploads: &[],
        };
        let events = open(&brief(), &application, &ctx).unwrap();
        let first = recorded(&actor, ctx.now, &events[0]);
        let mut play = Self {
            case: Case::begin(&first).unwrap(),
            journal: vec![first],
            now: morning(day),
            calendar,
            bars: Vec::new(),
            pool: Arc::clone(&POOL),
            factor: true,
            slip: true,
            uploads: vec![file()],
        };
        play.append(&actor, &events[1..]);
        play
    }

    /// With everything in but what is named.
    pub fn received_without(missing: &[&str]) -> Self {
        let mut play = Self::opened();
        play.hand_in(missing);
        play
    }

    pub fn hand_in(&mut self, missing: &[&str]) {
        for material in ["form", "lease", "plan", "health"] {
            if !missing.contains(&material) {
                self.act(APPLICANT, &submit(material)).unwrap();
            }
        }
        self.act(APPLICANT, &CaseCommand::Receive {}).unwrap();
    }

    pub fn accepted() -> Self {
        let mut play = Self::received_without(&[]);
        play.act(HANDLER, &CaseCommand::Accept {}).unwrap();
        play
    }

    /// With one session scheduled.
    pub fn in_review() -> Self {
        let mut play = Self::accepted();
        play.act(HANDLER, &schedule("session-1", &[])).unwrap();
        play
    }

    pub fn decided(kind: DecisionKind) -> Self {
        let mut play = Self::in_review();
        play.report(&announced("session-1", kind)).unwrap();
        play
    }

    pub fn closed() -> Self {
        let mut play = Self::decided(DecisionKind::Granted);
        play.act(HANDLER, &issue()).unwrap();
        play.act(HANDLER, &mask(7)).unwrap();
        play.act(HANDLER, &serve()).unwrap();
        play.act(APPLICANT, &CaseCommand::AcceptMasking {}).unwrap();
        play.act(HANDLER, &publish(7)).unwrap();
        play.act(HANDLER, &CaseCommand::Close {}).unwrap();
        play
    }

    /// To the morning of that day.
    pub fn to(&mut self, day: &str) {
        let today = crate::calendar::day_of(self.now).unwrap();
        assert!(today <= date(day), "time runs forward");
        self.now = self.now.max(morning(day));
    }

    fn with<T>(&self, actor: &Actor, run: impl FnOnce(&CaseContext<'_>) -> T) -> T {
        let roles = match actor {
            Actor::Person(PersonId(who)) => roles_of(who),
            Actor::System => BTreeSet::new(),
        };
        run(&CaseContext {
            actor,
            roles: &roles,
            now: self.now,
            calendar: &self.calendar,
            factor: self.factor.then_some(Factor {
                kind: FactorKind::Totp,
                at: self.now,
                signed: None,
            }),
            slip: self.slip.then(|| Slip {
                number: "示例受理〔2026〕1号".to_owned(),
                pdf_digest: digest(8),
                seal: "示例".to_owned(),
            }),
            bars: &self.bars,
            draw: Some(DrawFrom {
                pool: &self.pool,
                seed: Seed(self.now.unsigned_abs()),
            }),
            uploads: &self.uploads,
        })
    }

    pub fn ask(&self, who: &str, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
        let actor = Actor::Person(person(who));
        self.with(&actor, |ctx| decide(&self.case, command, ctx))
    }

    pub fn act(&mut self, who: &str, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
        let events = self.ask(who, command)?;
        self.append(&Actor::Person(person(who)), &events);
        Ok(events)
    }

    /// What `report` says, without appending.
    pub fn ask_report(&self, of: &CaseReport) -> Result<Vec<CaseEvent>, Refusal> {
        self.with(&Actor::System, |ctx| report(&self.case, of, ctx))
    }

    pub fn report(&mut self, of: &CaseReport) -> Result<Vec<CaseEvent>, Refusal> {
        let events = self.ask_report(of)?;
        self.append(&Actor::System, &events);
        Ok(events)
    }

    /// The code of the refusal; panics where the command is accepted.
    pub fn refused(&self, who: &str, command: &CaseCommand) -> Code {
        match self.ask(who, command) {
            Ok(events) => panic!("accepted: {events:?}"),
            Err(refusal) => refusal.code,
        }
    }

    /// What the refusal names; panics where the command is accepted.
    pub fn named(&self, who: &str, command: &CaseCommand) -> Vec<String> {
        self.ask(who, command).unwrap_err().missing
    }

    pub fn report_refused(&mut self, of: &CaseReport) -> Code {
        self.report(of).unwrap_err().code
    }

    pub fn append(&mut self, actor: &Actor, events: &[CaseEvent]) {
        for event in events {
            let entry = recorded(actor, self.now, event);
            self.case.evolve(&entry);
            self.journal.push(entry);
        }
        self.now += 1_000_000;
    }
}

fn recorded(actor: &Actor, at: i64, event: &CaseEvent) -> CaseRecorded {
    CaseRecorded {
        actor: actor.clone(),
        at,
        event: event.clone(),
    }
}
