//! The fold. Total: an event that cannot apply changes nothing.

use crate::command::Actor;
use crate::event::{Event, Evidence, Recorded};

use super::stage::{Run, Stage, Talk};
use super::{
    Annotation, Answered, Gap, Opinion, Recording, Segment, Session, Statement, TakenEvidence,
};

impl Session {
    /// Folds one entry.
    pub fn evolve(&mut self, entry: &Recorded) {
        if let Actor::Person(person) = &entry.actor
            && let Some(attendance) = self.attendance.get_mut(person)
        {
            attendance.entries = attendance.entries.saturating_add(1);
        }
        let at = entry.at;
        self.last_at = self.last_at.max(at);
        if entry.event == Event::Started {
            self.started_at.get_or_insert(at);
        }
        self.evolve_stage(&entry.event, at);
        self.evolve_presence(&entry.event, at);
        self.evolve_location(&entry.event, at);
        self.evolve_recording(&entry.event, at);
        self.evolve_survey(&entry.event, at);
        self.evolve_doors(&entry.event);
        self.evolve_matters(entry);
    }

    fn evolve_stage(&mut self, event: &Event, at: i64) {
        let stage = std::mem::replace(&mut self.stage, Stage::Scheduled);
        self.stage = match (stage, event) {
            (Stage::Scheduled, Event::LobbyOpened { clock }) => {
                self.clock = Some(clock.clone());
                Stage::Lobby
            }
            (Stage::Lobby, Event::Started) => Stage::Live(Run {
                started_at: at,
                talk: Talk::Open,
            }),
            (Stage::Live(run), Event::Suspended(cause)) => Stage::Suspended {
                run,
                cause: cause.clone(),
                since: at,
            },
            (Stage::Suspended { run, .. }, Event::Resumed) => Stage::Live(run),
            (Stage::Live(run), Event::DeliberationBegun) => Stage::Live(Run {
                talk: Talk::Deliberation { since: at },
                ..run
            }),
            (Stage::Live(run), Event::DeliberationEnded) => Stage::Live(Run {
                talk: Talk::Open,
                ..run
            }),
            (Stage::Suspended { run, cause, since }, Event::DeliberationEnded) => {
                Stage::Suspended {
                    run: Run {
                        talk: Talk::Open,
                        ..run
                    },
                    cause,
                    since,
                }
            }
            (Stage::Ended, Event::Closed) => Stage::Closed,
            (stage, _) => stage,
        };
    }

    fn evolve_recording(&mut self, event: &Event, at: i64) {
        match event {
            Event::RecordingStarted => self.recording = Recording::Running { since: at },
            Event::RecordingStopped { detail } => {
                self.recording = Recording::Stopped {
                    since: at,
                    detail: detail.clone(),
                };
            }
            Event::RecordingGap {
                track,
                cause,
                from,
                until,
                ..
            } => self.gaps.push(Gap {
                track: track.clone(),
                cause: cause.clone(),
                from: *from,
                until: *until,
            }),
            Event::SegmentOpened {
                segment,
                track,
                person,
                private,
                ..
            } => {
                self.segments
                    .entry(segment.clone())
                    .or_insert_with(|| Segment {
                        track: track.clone(),
                        person: person.clone(),
                        private: *private,
                        open: true,
                    });
            }
            Event::SegmentClosed { segment, .. } => {
                if let Some(segment) = self.segments.get_mut(segment) {
                    segment.open = false;
                }
            }
            Event::Checkpoint { number, .. } => self.checkpoint = Some(*number),
            Event::ReceiptIssued { .. } => self.receipts = self.receipts.saturating_add(1),
            _ => {}
        }
    }

    fn evolve_survey(&mut self, event: &Event, at: i64) {
        match event {
            Event::EvidenceTaken(evidence) => self.take_evidence(evidence, at),
            Event::AnnotationAdded {
                id,
                evidence,
                person,
                note,
                ..
            } => self.annotations.push(Annotation {
                id: id.clone(),
                evidence: evidence.clone(),
                person: person.clone(),
                note: note.clone(),
                at,
            }),
            Event::ItemAnswered { person, answer } if self.item(&answer.code).is_some() => {
                let answered = Answered {
                    answer: answer.clone(),
                    person: Some(person.clone()),
                    at,
                };
                self.answers.insert(answer.code.clone(), answered);
            }
            Event::ItemUnsuitable { code, reason } if self.item(code).is_some() => {
                self.unsuitable.insert(code.clone(), reason.clone());
            }
            Event::OpinionFiled {
                person,
                opinion,
                stance,
                text,
                deliberation,
            } => self.opinions.push(Opinion {
                person: person.clone(),
                kind: opinion.clone(),
                stance: *stance,
                text: text.clone(),
                deliberation: *deliberation,
                at,
            }),
            Event::Said { .. } => self.said = self.said.saturating_add(1),
            Event::StatementTaken {
                person,
                text,
                waived,
            } => self.statements.push(Statement {
                person: person.clone(),
                text: text.clone(),
                waived: *waived,
                at,
            }),
            _ => {}
        }
    }

    /// R26: what was taken is never replaced.
    fn take_evidence(&mut self, evidence: &Evidence, at: i64) {
        if self.evidence(&evidence.id).is_none() {
            self.evidence.push(TakenEvidence {
                evidence: evidence.clone(),
                at,
            });
        }
    }
}
