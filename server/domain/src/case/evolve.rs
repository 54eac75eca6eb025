//! The fold: intake, clock and people. Total: an event that cannot apply changes nothing.

use super::event::{CaseEvent, CaseRecorded};
use super::parts::{Credit, Material, Period, PeriodState};
use super::stage::{Acceptance, Conclusion, Decided, NonAcceptance, Notice, Receipt, Service};
use super::stage::{Licence, Withdrawal};
use super::words::{CreditStanding, Verdict};
use super::{Case, Stage};
use crate::command::Actor;
use crate::event::DecisionKind;
use crate::records::{AccessKind, Approval};

impl Case {
    /// Folds one entry.
    pub fn evolve(&mut self, entry: &CaseRecorded) {
        if let Actor::Person(person) = &entry.actor {
            let entries = self.entries.entry(person.clone()).or_default();
            *entries = entries.saturating_add(1);
        }
        let at = entry.at;
        self.last_at = self.last_at.max(at);
        self.facts.evolve(&entry.event);
        if let CaseEvent::ApplicationOpened(application) = &entry.event
            && self.application.is_none()
        {
            self.application = Some((**application).clone());
        }
        self.evolve_stage(&entry.event, at);
        self.evolve_intake(&entry.event, at);
        self.evolve_clock(&entry.event, at);
        self.evolve_people(&entry.event, at);
        self.evolve_sessions(&entry.event);
        self.evolve_publication(&entry.event, at);
    }

    fn evolve_stage(&mut self, event: &CaseEvent, at: i64) {
        // No event belongs to two of the three.
        let stage = std::mem::replace(&mut self.stage, Stage::PreReview);
        let stage = before_decision(stage, event, at);
        let stage = decision(stage, event, at);
        self.stage = ending(stage, event, at);
    }

    fn evolve_intake(&mut self, event: &CaseEvent, at: i64) {
        match event {
            CaseEvent::MaterialSubmitted { material, file } => {
                let before = self.materials.get(material).map_or(0, Material::times);
                let submitted = Material::Submitted {
                    file: file.clone(),
                    at,
                    times: before.saturating_add(1),
                };
                self.materials.insert(material.clone(), submitted);
            }
            CaseEvent::MaterialShared { material, sha256 } => {
                let shared = Material::Shared {
                    sha256: sha256.clone(),
                    at,
                };
                self.materials.insert(material.clone(), shared);
            }
            CaseEvent::MaterialReviewed { material, verdict } => {
                if let Some(material) = self.materials.get_mut(material)
                    && material.awaits_review()
                {
                    *material = reviewed(material, verdict, at);
                }
            }
            CaseEvent::CreditChecked { standing } => {
                self.credit = match standing {
                    CreditStanding::Clear => Credit::Clear,
                    CreditStanding::Marked => Credit::Marked,
                };
            }
            CaseEvent::UndertakingGiven { material, by } => {
                self.undertakings.insert(material.clone(), *by);
            }
            CaseEvent::CommitmentMade { .. } => {
                self.commitment.get_or_insert(at);
            }
            CaseEvent::FalseMaterialFound { until, .. } => {
                self.false_material.get_or_insert(*until);
            }
            _ => {}
        }
    }

    fn evolve_clock(&mut self, event: &CaseEvent, at: i64) {
        let clock = &mut self.clock;
        match event {
            CaseEvent::BundleJoined { bundle } => {
                clock.bundle.get_or_insert_with(|| bundle.clone());
            }
            CaseEvent::Extended { days, .. } => {
                clock.extension.get_or_insert(*days);
            }
            CaseEvent::ExcludedPeriodTold { cause, days, .. } => clock.periods.push(Period {
                cause: *cause,
                days: *days,
                told_at: at,
                state: PeriodState::Told,
            }),
            CaseEvent::ClockStopped { cause } if clock.stopped().is_none() => {
                let told = clock
                    .periods
                    .iter_mut()
                    .find(|period| period.cause == *cause && period.state == PeriodState::Told);
                if let Some(period) = told {
                    period.state = PeriodState::Running { from: at };
                }
            }
            CaseEvent::ClockResumed | CaseEvent::Decided(_) | CaseEvent::Withdrawn { .. } => {
                for period in &mut clock.periods {
                    if let PeriodState::Running { from } = period.state {
                        period.state = PeriodState::Over { from, until: at };
                    }
                }
            }
            _ => {}
        }
    }

    fn evolve_people(&mut self, event: &CaseEvent, at: i64) {
        match event {
            CaseEvent::StaffAssigned { person, role } => {
                self.staff.entry(person.clone()).or_default().insert(*role);
            }
            CaseEvent::StaffReleased { person }
            | CaseEvent::ExpertReleased { person, .. }
            | CaseEvent::RecusalRecorded { person, .. } => {
                self.staff.remove(person);
                self.experts.remove(person);
            }
            CaseEvent::DepartmentJoined { department, part } => {
                self.departments.insert(department.clone(), *part);
            }
            CaseEvent::ExpertCalled { person, .. } => {
                self.experts.insert(person.clone());
            }
            CaseEvent::ExpertsDrawn(draw) => self.draws.push((**draw).clone()),
            CaseEvent::OperatorApproved {
                operator,
                purpose,
                until,
            } => {
                let case = self.application.as_ref();
                self.approvals.push(Approval {
                    operator: operator.0.clone(),
                    case: case.map_or_else(String::new, |of| of.case.clone()),
                    purpose: purpose.clone(),
                    until: *until,
                });
            }
            CaseEvent::RecordingOpened { session, accessed }
                if accessed.kind == AccessKind::View =>
            {
                let key = (session.clone(), accessed.person.clone());
                self.looks.insert(key, at);
            }
            _ => {}
        }
    }
}

fn reviewed(material: &Material, verdict: &Verdict, at: i64) -> Material {
    let sha256 = material.sha256().to_owned();
    match verdict {
        Verdict::Sufficient => Material::Sufficient { sha256, at },
        Verdict::Insufficient { reason } => Material::Insufficient {
            sha256,
            reason: reason.clone(),
            times: material.times(),
        },
    }
}

/// Up to the review.
fn before_decision(stage: Stage, event: &CaseEvent, at: i64) -> Stage {
    match (stage, event) {
        (Stage::PreReview | Stage::OneTimeNotice(_), CaseEvent::Received { submission }) => {
            Stage::Received(Receipt {
                submission: *submission,
                at,
            })
        }
        (Stage::Received(receipt), CaseEvent::NoticeGiven { missing, .. }) => {
            Stage::OneTimeNotice(Notice {
                receipt,
                at,
                missing: missing.clone(),
            })
        }
        (Stage::Received(receipt), CaseEvent::Accepted { on, route, slip }) => {
            Stage::Accepted(Acceptance {
                receipt,
                at,
                on: *on,
                route: *route,
                slip: slip.clone(),
            })
        }
        (Stage::Received(receipt), CaseEvent::NotAccepted { reason, slip, .. }) => {
            Stage::NotAccepted(NonAcceptance {
                receipt,
                at,
                reason: reason.clone(),
                slip: slip.clone(),
            })
        }
        (Stage::Accepted(acceptance), CaseEvent::ReviewBegun) => Stage::InReview(acceptance),
        (stage, _) => stage,
    }
}

/// From the decision to its service.
fn decision(stage: Stage, event: &CaseEvent, at: i64) -> Stage {
    match (stage, event) {
        (
            stage @ (Stage::PreReview | Stage::Accepted(_) | Stage::InReview(_)),
            CaseEvent::Decided(decision),
        ) => {
            let decided = Decided {
                acceptance: stage.acceptance().cloned(),
                at,
                decision: decision.clone(),
                licence: None,
            };
            match decision.kind {
                DecisionKind::Granted => Stage::Granted(decided),
                DecisionKind::Refused => Stage::Refused(decided),
            }
        }
        (Stage::Granted(mut decided), CaseEvent::LicenceIssued { number, pdf_digest }) => {
            decided.licence.get_or_insert_with(|| Licence {
                number: number.clone(),
                pdf_digest: pdf_digest.clone(),
                at,
            });
            Stage::Granted(decided)
        }
        (
            Stage::Granted(decided) | Stage::Refused(decided),
            CaseEvent::Served {
                method,
                to,
                proof_digest,
            },
        ) => Stage::Served(
            decided,
            Service {
                at,
                method: *method,
                to: to.clone(),
                proof_digest: proof_digest.clone(),
            },
        ),
        (stage, _) => stage,
    }
}

fn ending(stage: Stage, event: &CaseEvent, at: i64) -> Stage {
    match (stage, event) {
        (
            stage @ (Stage::PreReview
            | Stage::Received(_)
            | Stage::OneTimeNotice(_)
            | Stage::Accepted(_)
            | Stage::InReview(_)),
            CaseEvent::Withdrawn { reason },
        ) => Stage::Withdrawn(Withdrawal {
            at,
            reason: reason.clone(),
            acceptance: stage.acceptance().cloned(),
        }),
        (Stage::Served(decided, service), CaseEvent::Closed) => {
            Stage::Closed(Conclusion::Served(decided, service))
        }
        (Stage::NotAccepted(no), CaseEvent::Closed) => Stage::Closed(Conclusion::NotAccepted(no)),
        (Stage::Withdrawn(withdrawal), CaseEvent::Closed) => {
            Stage::Closed(Conclusion::Withdrawn(withdrawal))
        }
        (stage, _) => stage,
    }
}
