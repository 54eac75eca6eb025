//! The fold of conclusions, the survey record, decisions and outcomes.

use crate::event::{Event, Recorded};

use super::stage::Stage;
use super::{Conclusion, Decision, Matter, PreparedRecord, Session, Signature, SignatureRefused};

impl Session {
    pub(super) fn evolve_matters(&mut self, entry: &Recorded) {
        let (event, at) = (&entry.event, entry.at);
        match event {
            Event::Concluded {
                case,
                outcome,
                text,
                present,
            } if self.is_live() => {
                let ready = self.named(case.as_deref());
                let ready = ready
                    .filter(|matter| matter.is_surveyed() && self.unanswered(matter).is_empty());
                let Some(case) = ready.map(|matter| matter.case.clone()) else {
                    return;
                };
                if let Some(matter) = self.named_mut(Some(&case)) {
                    matter.conclusion = Some(Conclusion {
                        at,
                        outcome: *outcome,
                        text: text.clone(),
                        present: present.clone(),
                        decision: Decision::None,
                    });
                }
            }
            Event::DecisionDrafted { case, .. } | Event::DecisionSealed { case, .. } => {
                if let Some(matter) = self.named_mut(case.as_deref()) {
                    matter.evolve_decision(entry);
                }
            }
            Event::Announced { case, .. } if self.is_live() => {
                self.evolve_outcome(case.as_deref(), event, at);
            }
            Event::Ended { case, .. } if self.has_begun() => {
                self.evolve_outcome(case.as_deref(), event, at);
            }
            Event::Acknowledged {
                person,
                content_digest,
            } => {
                let mut matters = self.matters.iter_mut();
                if let Some(matter) =
                    matters.find(|matter| matter.announcement() == Some(content_digest))
                {
                    matter.acknowledged.entry(person.clone()).or_insert(at);
                }
            }
            _ => self.evolve_record(event, at),
        }
    }

    const fn has_begun(&self) -> bool {
        matches!(
            self.stage,
            Stage::Lobby | Stage::Live(_) | Stage::Suspended { .. }
        )
    }

    /// R43: the session has ended when the last of its cases has its outcome.
    fn evolve_outcome(&mut self, case: Option<&str>, event: &Event, at: i64) {
        if let Some(matter) = self.named_mut(case) {
            matter.evolve_outcome(event, at);
        }
        if self.matters.iter().all(|matter| matter.outcome.is_some()) {
            self.stage = Stage::Ended;
        }
    }

    fn named_mut(&mut self, case: Option<&str>) -> Option<&mut Matter> {
        match case {
            Some(case) => self.matters.iter_mut().find(|matter| matter.case == case),
            None if self.matters.len() == 1 => self.matters.first_mut(),
            None => None,
        }
    }

    fn evolve_record(&mut self, event: &Event, at: i64) {
        let concluded = self.matters.iter().any(|of| of.conclusion.is_some());
        if let Event::RecordPrepared { digest, pdf_digest } = event
            && concluded
        {
            self.record = Some(PreparedRecord {
                at,
                digest: digest.clone(),
                pdf_digest: pdf_digest.clone(),
                signatures: Vec::new(),
                refusals: Vec::new(),
            });
        }
        let Some(record) = &mut self.record else {
            return;
        };
        match event {
            Event::RecordSigned { person, digest, .. } if *digest == record.digest => {
                record.signatures.push(Signature {
                    person: person.clone(),
                    at,
                });
            }
            Event::RecordSignatureRefused { person, reason } => {
                record.refusals.push(SignatureRefused {
                    person: person.clone(),
                    reason: reason.clone(),
                    at,
                });
            }
            _ => {}
        }
    }
}
