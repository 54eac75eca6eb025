//! A random walk: mostly the next step of a valid course, else anything by anybody; time jumps in between.

use crate::case::{
    Bar, CaseCommand, CaseEvent, CaseReport, Credit, CreditStanding, ExcludedCause, Hearing,
    Material, Part, Publication, Rating, RatingState, Retention, ReviewResult, Slot, Stage,
    Statement,
};
use crate::command::Actor;
use crate::event::DecisionKind;
use crate::people::Role;
use crate::records::{AccessKind, Purpose, access};
use crate::testing::person;
use crate::tests::invariants::walk::Dice;

use super::super::play::*;
use super::holds::{self, Before};

const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// No jump goes beyond it, so that every limit ends within the loaded table.
const LAST_DAY: &str = "2027-03-01";

#[derive(Clone, Debug)]
pub enum Step {
    Do(&'static str, CaseCommand),
    Report(CaseReport),
}

pub struct Walk {
    pub play: CasePlay,
    dice: Dice,
    bias: u64,
}

impl Walk {
    /// `bias`: how many steps of a hundred are those of the course.
    pub fn new(seed: u64, bias: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut play = CasePlay::opened();
        if bias < 100 && dice.next().is_multiple_of(6) {
            play.bars.push(Bar {
                of: "case-0".to_owned(),
                uscc: brief().uscc,
                item: guide().item,
                until: date("2026-04-01"),
            });
        }
        Self { play, dice, bias }
    }

    pub fn step(&mut self) {
        let random = self.bias < 100;
        if random && self.dice.next().is_multiple_of(4) {
            let days = self.dice.pick(&[1, 1, 2, 3, 8]);
            self.wait_until(self.play.now + days * DAY_US);
        }
        let step = if self.dice.next() % 100 < self.bias {
            match self.course() {
                Some(step) => step,
                None => return,
            }
        } else {
            self.anything()
        };
        self.play.factor = !random || !self.dice.next().is_multiple_of(20);
        self.play.slip = !random || !self.dice.next().is_multiple_of(20);
        let (actor, asked) = match &step {
            Step::Do(who, command) => (Actor::Person(person(who)), self.play.ask(who, command)),
            Step::Report(report) => (Actor::System, self.play.ask_report(report)),
        };
        // Refused: nothing was changed, for whoever decides only reads.
        let Ok(events) = asked else { return };
        let before = Before {
            case: self.play.case.clone(),
            now: self.play.now,
        };
        self.play.append(&actor, &events);
        holds::after(&before, &step, &events, &self.play);
    }

    fn wait_until(&mut self, then: i64) {
        if then < morning(LAST_DAY) {
            self.play.now = self.play.now.max(then);
        }
    }

    /// Now and then, but not in a walk of valid steps alone.
    fn now_and_then(&mut self, of: u64) -> bool {
        self.bias < 100 && self.dice.next().is_multiple_of(of)
    }

    /// The state is the fold of its journal.
    pub fn refolds(&self) {
        let mut entries = self.play.journal.iter();
        let mut case = crate::case::Case::begin(entries.next().unwrap()).unwrap();
        entries.for_each(|entry| case.evolve(entry));
        assert_eq!(case, self.play.case);
    }

    /// The next step of a valid course, from wherever the case stands.
    fn course(&mut self) -> Option<Step> {
        let objects = self.now_and_then(3);
        let case = &self.play.case;
        let handler = |command| Some(Step::Do(HANDLER, command));
        match &case.stage {
            Stage::PreReview | Stage::OneTimeNotice(_) => Some(self.handing_in()),
            Stage::Received(_) => {
                let owed = |code: &&String| !case.undertakings.contains_key(*code);
                let missing = case.missing();
                if !missing.iter().any(|code| owed(&code)) {
                    return handler(CaseCommand::Accept {});
                }
                let missing: Vec<_> = missing.iter().map(String::as_str).collect();
                handler(notice(&missing))
            }
            Stage::Accepted(_) | Stage::InReview(_) => Some(self.review()),
            Stage::Granted(decided) if decided.licence.is_none() => handler(issue()),
            Stage::Granted(_) | Stage::Refused(_) => handler(serve()),
            Stage::Served(decided, _) if decided.decision.kind == DecisionKind::Granted => {
                match &case.publication {
                    Publication::NotBegun | Publication::Objected { .. } => handler(mask(7)),
                    Publication::Proposed { .. } if objects => {
                        let text = "示例：还有一处".to_owned();
                        Some(Step::Do(APPLICANT, CaseCommand::ObjectToMasking { text }))
                    }
                    Publication::Proposed { .. } => {
                        Some(Step::Do(APPLICANT, CaseCommand::AcceptMasking {}))
                    }
                    Publication::Agreed { .. } => handler(publish(7)),
                    Publication::Published { .. } => handler(CaseCommand::Close {}),
                }
            }
            Stage::Served(..) | Stage::NotAccepted(_) | Stage::Withdrawn(_) => {
                handler(CaseCommand::Close {})
            }
            Stage::Closed(_) => self.rating(),
        }
    }

    /// Material by material; now and then one of the easier ways (R11, R12).
    fn handing_in(&mut self) -> Step {
        if self.play.case.credit == Credit::NotChecked && self.now_and_then(2) {
            return Step::Do(HANDLER, credit(CreditStanding::Clear));
        }
        let easier = self.now_and_then(2);
        let case = &self.play.case;
        let clear = easier && case.credit == Credit::Clear;
        let missing = case.missing();
        let owed = missing
            .iter()
            .find(|code| !case.undertakings.contains_key(*code));
        let command = match owed.map(String::as_str) {
            Some("plan") if clear => undertake("plan", "2027-06-01"),
            Some("health") if clear => CaseCommand::Commit { sha256: digest(1) },
            Some(material) => submit(material),
            None => CaseCommand::Receive {},
        };
        Step::Do(APPLICANT, command)
    }

    /// R60, after the closing.
    fn rating(&mut self) -> Option<Step> {
        let rating = self.dice.pick(&[Rating::Dissatisfied, Rating::Satisfied]);
        self.play.case.sessions.iter().find_map(|(id, session)| {
            let session_id = id.clone();
            match session.rating {
                RatingState::Requested => Some(Step::Do(
                    APPLICANT,
                    CaseCommand::Rate {
                        session: session_id,
                        rating,
                        text: String::new(),
                    },
                )),
                RatingState::TaskOpen(_) => Some(Step::Do(
                    APPROVER,
                    CaseCommand::GiveFeedback {
                        session: session_id,
                        text: "t".to_owned(),
                    },
                )),
                _ => None,
            }
        })
    }

    /// R48: one is drawn, signs, and is now and then replaced.
    fn experts(&mut self) -> Option<Step> {
        if self.play.case.draws.is_empty() && self.now_and_then(6) {
            return Some(Step::Do(HANDLER, call(EXPERT)));
        }
        let expert = person(EXPERT);
        if !self.play.case.experts.contains(&expert) {
            return None;
        }
        if !self.play.case.facts.opens_to_expert(&expert) && self.now_and_then(2) {
            return Some(Step::Do(EXPERT, sign_confidentiality()));
        }
        let replaced = CaseCommand::DrawExperts {
            field: FIELD.to_owned(),
            count: 1,
            instead_of: vec![expert],
            reason: "t".to_owned(),
        };
        let replaces = self.now_and_then(6);
        replaces.then_some(Step::Do(HANDLER, replaced))
    }

    /// What stands between the case and its decision (R11, R35).
    fn owed(&mut self) -> Option<Step> {
        let neighbour = person(NEIGHBOUR);
        if self.play.case.facts.parties.is_empty() && self.now_and_then(8) {
            let interest = "t".to_owned();
            let person = neighbour;
            return Some(Step::Do(
                HANDLER,
                CaseCommand::NotifyInterestedParty { person, interest },
            ));
        }
        if let Some(step) = self.experts() {
            return Some(step);
        }
        if self.play.case.clock.stopped().is_some() && self.now_and_then(2) {
            return Some(Step::Do(HANDLER, CaseCommand::ResumeClock {}));
        }
        if let Some(code) = self.play.case.facts.undertaken.first() {
            let waits = self.play.case.materials.get(code);
            let waits = waits.is_some_and(Material::awaits_review);
            return Some(if waits {
                Step::Do(HANDLER, sufficient(code))
            } else {
                Step::Do(APPLICANT, submit(code))
            });
        }
        let asks = self.now_and_then(3);
        let at = self.play.now + 8 * DAY_US;
        match self.play.case.facts.hearing.clone() {
            Hearing::Requested { .. } if asks => {
                return Some(Step::Do(NEIGHBOUR, CaseCommand::WithdrawHearing {}));
            }
            Hearing::Requested { .. } => {
                let place = "t".to_owned();
                return Some(Step::Do(
                    HANDLER,
                    CaseCommand::ScheduleHearing { at, place },
                ));
            }
            Hearing::Scheduled { at, .. } => {
                self.wait_until(at);
                let record_digest = digest(1);
                return Some(Step::Do(
                    HANDLER,
                    CaseCommand::RecordHearing { record_digest },
                ));
            }
            Hearing::None | Hearing::Held { .. } => {}
        }
        let party = *self.play.case.facts.parties.get(&neighbour)?;
        if party.statement == Statement::Awaited {
            let text = "t".to_owned();
            return Some(Step::Do(
                NEIGHBOUR,
                if asks {
                    CaseCommand::RequestHearing {}
                } else {
                    CaseCommand::State { text }
                },
            ));
        }
        self.wait_until(party.window_until + 1);
        None
    }

    fn review(&mut self) -> Step {
        if let Some(step) = self.owed() {
            return step;
        }
        let case = &self.play.case;
        let last = case.session_order.last();
        let open = last.filter(|id| case.sessions[*id].head.is_none()).cloned();
        let Some(session) = open else {
            let number = case.session_order.len() + 1;
            let failed: Vec<_> = case.failed_items().iter().map(String::as_str).collect();
            return Step::Do(HANDLER, schedule(&format!("session-{number}"), &failed));
        };
        let ends = self.bias < 100 && self.dice.next().is_multiple_of(3);
        Step::Report(if ends {
            let failed: &[&str] = self.dice.pick(&[&["F01"][..], &["F01", "F02"], &[]]);
            ended(&session, failed)
        } else {
            announced(&session, DecisionKind::Granted)
        })
    }

    fn anything(&mut self) -> Step {
        if self.dice.next().is_multiple_of(6) {
            return Step::Report(self.any_report());
        }
        let commands = match self.dice.below(4) {
            0 => self.intake(),
            1 => self.clock(),
            2 => self.people(),
            _ => self.afterwards(),
        };
        let (usual, command) = self.dice.pick(&commands);
        let who = if self.dice.next().is_multiple_of(4) {
            self.dice.pick(&EVERYBODY)
        } else {
            usual
        };
        Step::Do(who, command)
    }

    fn any_report(&mut self) -> CaseReport {
        let session = self.dice.pick(&["session-1", "session-2", "session-3"]);
        let kind = self
            .dice
            .pick(&[DecisionKind::Granted, DecisionKind::Refused]);
        self.dice.pick(&[
            CaseReport::TimePassed,
            announced(session, kind),
            ended(session, &["F01"]),
            CaseReport::BundleJoined {
                bundle: "bundle-1".to_owned(),
            },
            CaseReport::RecordingOpened {
                session: session.to_owned(),
                accessed: access(SUPERVISOR, AccessKind::View, Some(Purpose::Supervision), 7)
                    .unwrap(),
            },
        ])
    }

    fn intake(&mut self) -> Vec<(&'static str, CaseCommand)> {
        let materials = [
            "form", "lease", "plan", "health", "licence", "photo", "other",
        ];
        let material = self.dice.pick(&materials);
        let standing = self.dice.pick(&[
            CreditStanding::Clear,
            CreditStanding::Clear,
            CreditStanding::Marked,
        ]);
        let missing = self.play.case.missing();
        let missing: Vec<_> = missing.iter().map(String::as_str).collect();
        vec![
            (APPLICANT, submit(material)),
            (
                HANDLER,
                CaseCommand::TakeShared {
                    material: material.to_owned(),
                    sha256: digest(9),
                },
            ),
            (HANDLER, sufficient(material)),
            (HANDLER, insufficient(material)),
            (APPLICANT, CaseCommand::Receive {}),
            (HANDLER, notice(&missing)),
            (HANDLER, notice(&[material])),
            (HANDLER, credit(standing)),
            (AGENT, undertake("plan", "2026-06-01")),
            (APPLICANT, CaseCommand::Commit { sha256: digest(1) }),
            (HANDLER, CaseCommand::Accept {}),
            (HANDLER, not_accept()),
            (HANDLER, CaseCommand::BeginReview {}),
        ]
    }

    fn clock(&mut self) -> Vec<(&'static str, CaseCommand)> {
        let cause = self
            .dice
            .pick(&[ExcludedCause::Testing, ExcludedCause::Hearing]);
        let days = self.dice.pick(&[1, 5, 10, 11]);
        let from = morning("2027-02-01");
        let slot = Slot {
            from,
            until: from + 3_600_000_000,
        };
        let text = "t".to_owned();
        vec![
            (HANDLER, CaseCommand::OfferAppointment { slots: vec![slot] }),
            (APPLICANT, CaseCommand::ConfirmAppointment { slot }),
            (
                AGENT,
                CaseCommand::AskAppointmentChange { wish: text.clone() },
            ),
            (APPLICANT, CaseCommand::CancelAppointment { reason: text }),
            (
                APPROVER,
                CaseCommand::Extend {
                    days,
                    reason: "r".to_owned(),
                    notice: written(),
                },
            ),
            (
                HANDLER,
                CaseCommand::TellExcludedPeriod {
                    cause,
                    days,
                    notice: written(),
                },
            ),
            (HANDLER, CaseCommand::StopClock { cause }),
            (HANDLER, CaseCommand::ResumeClock {}),
        ]
    }

    fn people(&mut self) -> Vec<(&'static str, CaseCommand)> {
        let who = person(self.dice.pick(&EVERYBODY));
        let neighbour = person(NEIGHBOUR);
        let text = "t".to_owned();
        let result = self
            .dice
            .pick(&[ReviewResult::SignedOff, ReviewResult::Objected]);
        let role = self.dice.pick(&[Role::Surveyor, Role::Expert]);
        let part = self.dice.pick(&[Part::Lead, Part::Joining]);
        let at = self.play.now + self.dice.pick(&[1, 7, 8]) * DAY_US;
        let assigned = self.play.case.staff.keys().next();
        let assigned = assigned.unwrap_or(&who).clone();
        let replaces = self.dice.next().is_multiple_of(3);
        let called = self.play.case.experts.iter().filter(|_| replaces);
        let instead_of = called.take(1).cloned().collect();
        vec![
            (APPROVER, CaseCommand::ReleaseStaff { person: assigned }),
            (
                APPROVER,
                CaseCommand::AssignStaff {
                    person: who.clone(),
                    role,
                },
            ),
            (
                APPROVER,
                CaseCommand::JoinDepartment {
                    department: text.clone(),
                    part,
                },
            ),
            (
                HANDLER,
                CaseCommand::DrawExperts {
                    field: self.dice.pick(&[FIELD, EXPERT, EXPERT]).to_owned(),
                    count: 1,
                    instead_of,
                    reason: self.dice.pick(&["", "t"]).to_owned(),
                },
            ),
            (
                APPROVER,
                CaseCommand::ApproveOperator {
                    operator: person(OPERATOR),
                    purpose: text.clone(),
                    until: self.play.now + DAY_US,
                },
            ),
            (EXPERT, sign_confidentiality()),
            // Handlers are seldom recused, or every walk ends early.
            (
                EXPERT,
                CaseCommand::RecordRecusal {
                    person: self.dice.pick(&[who.clone(), person(EXPERT)]),
                    reason: text.clone(),
                },
            ),
            (HANDLER, CaseCommand::NoteReview { text: text.clone() }),
            (
                HANDLER,
                CaseCommand::FlagMajor {
                    reason: text.clone(),
                },
            ),
            (
                LEGAL,
                CaseCommand::ReviewLegally {
                    result,
                    opinion: text.clone(),
                },
            ),
            (
                HANDLER,
                CaseCommand::NotifyInterestedParty {
                    person: neighbour.clone(),
                    interest: text.clone(),
                },
            ),
            (
                HANDLER,
                CaseCommand::NotifyInterestedParty {
                    person: who,
                    interest: text.clone(),
                },
            ),
            (NEIGHBOUR, CaseCommand::State { text: text.clone() }),
            (NEIGHBOUR, CaseCommand::WaiveStatement {}),
            (HANDLER, CaseCommand::NoteSilence { person: neighbour }),
            (NEIGHBOUR, CaseCommand::RequestHearing {}),
            (NEIGHBOUR, CaseCommand::WithdrawHearing {}),
            (HANDLER, CaseCommand::ScheduleHearing { at, place: text }),
            (
                HANDLER,
                CaseCommand::RecordHearing {
                    record_digest: digest(1),
                },
            ),
        ]
    }

    fn afterwards(&mut self) -> Vec<(&'static str, CaseCommand)> {
        let session = self.dice.pick(&["session-1", "session-2"]).to_owned();
        let rating = self.dice.pick(&[Rating::Dissatisfied, Rating::Satisfied]);
        let class = self.dice.pick(&[
            Retention::TenYears,
            Retention::ThirtyYears,
            Retention::Permanent,
        ]);
        let text = "t".to_owned();
        let digest_of = self.dice.pick(&[7, 8]);
        let rare = self.dice.next().is_multiple_of(8);
        let mut commands = vec![
            (HANDLER, schedule(&session, &[])),
            (HANDLER, issue()),
            (HANDLER, serve()),
            (HANDLER, mask(digest_of)),
            (
                APPLICANT,
                CaseCommand::ClaimSecret {
                    material: "plan".to_owned(),
                    passage: text.clone(),
                },
            ),
            (
                APPLICANT,
                CaseCommand::ObjectToMasking { text: text.clone() },
            ),
            (APPLICANT, CaseCommand::AcceptMasking {}),
            (HANDLER, publish(digest_of)),
            (APPROVER, CaseCommand::SetRetention { class }),
            (
                APPROVER,
                CaseCommand::SetRecordingRetention {
                    session: session.clone(),
                    class,
                },
            ),
            (
                APPLICANT,
                CaseCommand::Rate {
                    session: session.clone(),
                    rating,
                    text: String::new(),
                },
            ),
            (
                APPROVER,
                CaseCommand::GiveFeedback {
                    session,
                    text: text.clone(),
                },
            ),
            (HANDLER, CaseCommand::Close {}),
        ];
        if rare {
            commands = vec![
                (
                    APPLICANT,
                    CaseCommand::Withdraw {
                        reason: text.clone(),
                    },
                ),
                (
                    APPROVER,
                    CaseCommand::FindFalseMaterial {
                        material: "lease".to_owned(),
                        finding: text,
                    },
                ),
            ];
        }
        commands
    }
}

/// Whether the event ends the part of the course in which anything can still be decided.
pub const fn decides(event: &CaseEvent) -> bool {
    matches!(
        event,
        CaseEvent::Decided(_) | CaseEvent::Withdrawn { .. } | CaseEvent::NotAccepted { .. }
    )
}
