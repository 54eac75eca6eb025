//! 证照联办 (R06): several cases, one survey, one decision each.

use super::play::*;
use crate::calendar::Calendar;
use crate::case::{
    Bundle, BundleCase, BundleCommand, BundleEvent, BundleRecorded, BundleReport, CaseContext,
    GovernmentApproval, bundle_decide, bundle_open, bundle_report,
};
use crate::command::Actor;
use crate::event::DecisionKind;
use crate::refusal::{Code, Refusal};
use crate::testing::person;

struct Play {
    bundle: Bundle,
    journal: Vec<BundleRecorded>,
    now: i64,
}

fn context<T>(who: &str, now: i64, run: impl FnOnce(&CaseContext<'_>) -> T) -> T {
    let actor = if who == "system" {
        Actor::System
    } else {
        Actor::Person(person(who))
    };
    run(&CaseContext {
        actor: &actor,
        roles: &roles_of(who),
        now,
        calendar: &Calendar::example().unwrap(),
        factor: None,
        slip: None,
        bars: &[],
        draw: None,
        uploads: &[],
    })
}

fn cases(ids: &[&str]) -> Vec<BundleCase> {
    let case = |id: &&str| BundleCase {
        case: (*id).to_owned(),
        item_title: "示例事项".to_owned(),
        department: "示例部门".to_owned(),
    };
    ids.iter().map(case).collect()
}

fn open(who: &str, ids: &[&str]) -> Result<Vec<BundleEvent>, Refusal> {
    context(who, morning(MONDAY), |ctx| {
        bundle_open(
            "bundle-1",
            "开餐馆一件事",
            "示例区行政审批局",
            &cases(ids),
            ctx,
        )
    })
}

impl Play {
    fn new() -> Self {
        let entry = BundleRecorded {
            actor: Actor::System,
            at: morning(MONDAY),
            event: open(HANDLER, &["a", "b"]).unwrap().remove(0),
        };
        Self {
            bundle: Bundle::begin(&entry).unwrap(),
            journal: vec![entry],
            now: morning(MONDAY),
        }
    }

    fn append(&mut self, events: Result<Vec<BundleEvent>, Refusal>) -> Result<(), Code> {
        for event in events.map_err(|refusal| refusal.code)? {
            let entry = BundleRecorded {
                actor: Actor::System,
                at: self.now,
                event,
            };
            self.bundle.evolve(&entry);
            self.journal.push(entry);
        }
        Ok(())
    }

    fn act(&mut self, who: &str, command: &BundleCommand) -> Result<(), Code> {
        let events = context(who, self.now, |ctx| {
            bundle_decide(&self.bundle, command, ctx)
        });
        self.append(events)
    }

    fn report(&mut self, report: &BundleReport) -> Result<(), Code> {
        let events = context("system", self.now, |ctx| {
            bundle_report(&self.bundle, report, ctx)
        });
        self.append(events)
    }

    fn accept(&mut self, case: &str, on: &str) {
        let accepted = BundleReport::CaseAccepted {
            case: case.to_owned(),
            on: date(on),
        };
        self.report(&accepted).unwrap();
    }

    fn due(&self) -> Option<String> {
        let due = self.bundle.due(&Calendar::example().unwrap()).unwrap();
        due.map(|due| due.to_string())
    }
}

fn survey(session: &str) -> BundleCommand {
    BundleCommand::ScheduleSurvey {
        session: session.to_owned(),
    }
}

fn extend(days: u32, document: &str) -> BundleCommand {
    BundleCommand::Extend {
        days,
        reason: "案情复杂。".to_owned(),
        notice: written(),
        government: GovernmentApproval {
            name: "负责人（示例）".to_owned(),
            document: document.to_owned(),
        },
    }
}

fn decided(case: &str) -> BundleReport {
    BundleReport::CaseDecided {
        case: case.to_owned(),
        kind: DecisionKind::Granted,
        number: "示例〔2026〕1号".to_owned(),
    }
}

#[test]
fn r06_the_joint_clock_runs_from_the_last_acceptance() {
    let mut play = Play::new();
    play.accept("a", "2026-03-02");
    assert_eq!(play.due(), None);
    play.accept("b", "2026-03-04");
    assert_eq!(play.due().as_deref(), Some("2026-05-11"));
    // A case that is decided takes nothing from the others' time.
    play.report(&decided("b")).unwrap();
    assert_eq!(play.due().as_deref(), Some("2026-05-11"));
}

#[test]
fn r06_fifteen_days_more_once_by_the_governments_responsible_person() {
    let mut play = Play::new();
    play.accept("a", "2026-03-02");
    play.accept("b", "2026-03-02");
    assert_eq!(play.act(HANDLER, &extend(15, "d")), Err(Code::NotAllowed));
    assert_eq!(
        play.act(APPROVER, &extend(16, "d")),
        Err(Code::ExtensionTooLong)
    );
    let unapproved = play.act(APPROVER, &extend(15, " "));
    assert_eq!(unapproved, Err(Code::GovernmentApprovalMissing));
    play.act(APPROVER, &extend(15, "示例批〔2026〕1号"))
        .unwrap();
    assert_eq!(play.due().as_deref(), Some("2026-05-28"));
    assert_eq!(
        play.act(APPROVER, &extend(1, "d")),
        Err(Code::AlreadyExtended)
    );
}

#[test]
fn one_survey_for_all_and_one_decision_for_each() {
    let mut play = Play::new();
    play.accept("a", "2026-03-02");
    assert_eq!(play.act(HANDLER, &survey("s")), Err(Code::CaseNotAccepted));
    play.accept("b", "2026-03-02");
    play.act(HANDLER, &survey("s")).unwrap();
    assert_eq!(play.act(HANDLER, &survey("t")), Err(Code::AlreadyExists));
    let over = BundleReport::SurveyEnded {
        session: "s".to_owned(),
        head: digest(1),
    };
    play.report(&over).unwrap();
    play.report(&decided("a")).unwrap();
    assert_eq!(play.report(&decided("a")), Err(Code::AlreadyExists));
    assert_eq!(
        play.act(HANDLER, &BundleCommand::Close {}),
        Err(Code::NotAnnounced)
    );
    let case = "b".to_owned();
    play.report(&BundleReport::CaseLeft { case }).unwrap();
    play.act(HANDLER, &BundleCommand::Close {}).unwrap();
    assert_eq!(play.act(HANDLER, &survey("u")), Err(Code::CaseOver));
}

#[test]
fn a_bundle_is_opened_by_staff_of_two_cases_or_more() {
    let code = |result: Result<_, Refusal>| result.map(|_: Vec<_>| ()).map_err(|no| no.code);
    assert_eq!(code(open(APPLICANT, &["a", "b"])), Err(Code::NotAllowed));
    assert_eq!(code(open(HANDLER, &["a"])), Err(Code::ValueInvalid));
    assert_eq!(code(open(HANDLER, &["a", "a"])), Err(Code::AlreadyExists));
    assert_eq!(code(open(HANDLER, &["a", "b"])), Ok(()));
}

#[test]
fn a_bundle_journal_read_back_from_json_gives_the_same_state() {
    let mut play = Play::new();
    play.accept("a", "2026-03-02");
    play.accept("b", "2026-03-02");
    play.act(HANDLER, &survey("s")).unwrap();
    let mut entries = play.journal.iter().map(|entry| {
        let text = serde_json::to_string(entry).unwrap();
        serde_json::from_str::<BundleRecorded>(&text).unwrap()
    });
    let mut bundle = Bundle::begin(&entries.next().unwrap()).unwrap();
    entries.for_each(|entry| bundle.evolve(&entry));
    assert_eq!(bundle, play.bundle);
}
