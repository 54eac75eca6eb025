//! The fold. Total: an event that cannot apply changes nothing.

use crate::command::Actor;
use crate::event::{Event, Evidence, Recorded};
use crate::people::PersonId;

use super::stage::{Outcome, Run, Stage, Talk};
use super::{
    Admitted, Annotation, Answered, AtDoor, Attendance, Conclusion, Connection, Credential,
    Decision, Gap, Identity, IdentityCheck, Media, Notice, Opinion, Place, PreparedRecord,
    Presence, Recording, SealedDecision, Segment, Session, Signature, SignatureRefused, Statement,
    Stay, TakenEvidence,
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
        self.evolve_recording(&entry.event, at);
        self.evolve_survey(&entry.event, at);
        self.evolve_conclusion(entry);
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
            (Stage::Live(run), Event::Announced { .. }) => match self.announced(event, at) {
                Some(outcome) => Stage::Ended(outcome),
                None => Stage::Live(run),
            },
            (
                Stage::Lobby | Stage::Live(_) | Stage::Suspended { .. },
                Event::Ended {
                    ending,
                    reason,
                    next_step,
                    contact,
                },
            ) => Stage::Ended(Outcome::Ending {
                at,
                ending: ending.clone(),
                reason: reason.clone(),
                next_step: next_step.clone(),
                contact: contact.clone(),
            }),
            (Stage::Ended(outcome), Event::Closed) => Stage::Closed(outcome),
            (stage, _) => stage,
        };
    }

    /// R39: nothing is announced that is not sealed.
    fn announced(&self, event: &Event, at: i64) -> Option<Outcome> {
        let Event::Announced {
            content_digest,
            live,
            recording_offset_us,
            ..
        } = event
        else {
            return None;
        };
        let sealed = self.sealed()?;
        (sealed.content_digest == *content_digest).then(|| Outcome::Announced {
            at,
            content_digest: content_digest.clone(),
            live: live.clone(),
            recording_offset_us: *recording_offset_us,
        })
    }

    fn evolve_presence(&mut self, event: &Event, at: i64) {
        match event {
            Event::Arrived {
                person,
                seat,
                device,
            } => {
                let place = Place {
                    seat: seat.clone(),
                    device: device.clone(),
                    since: at,
                    connection: Connection::Up,
                    media: Media::default(),
                };
                self.with(person, |attendance| attendance.arrive(place, at));
            }
            Event::NoticeAcknowledged { person, notice } => self.at_door(person, |door| {
                door.notice = Notice::Acknowledged {
                    version: notice.clone(),
                    at,
                };
            }),
            Event::NoticeRefused { person } => {
                self.at_door(person, |door| door.notice = Notice::Refused { at });
            }
            Event::Admitted { person } => self.with(person, |attendance| attendance.admit(at)),
            Event::CredentialShown {
                person,
                number_last_four,
            } => {
                let credential = Credential {
                    number_last_four: number_last_four.clone(),
                    at,
                };
                self.with(person, |attendance| attendance.show(&credential));
            }
            Event::Departed { person, .. } => {
                self.with(person, |attendance| attendance.depart(at));
            }
            Event::ConnectionLost { person } => {
                self.at_place(person, |place| {
                    place.connection = Connection::Lost { since: at };
                    place.media = Media::default();
                });
            }
            Event::ConnectionRestored { person } => {
                self.at_place(person, |place| place.connection = Connection::Up);
            }
            Event::MediaChanged {
                person,
                microphone,
                camera,
                screen,
            } => self.at_place(person, |place| {
                place.media = Media {
                    microphone: *microphone,
                    camera: *camera,
                    screen: *screen,
                };
            }),
            Event::HandRaised { person } => {
                self.admitted(person, |admitted| admitted.hand_raised = Some(at));
            }
            Event::HandLowered { person } => {
                self.admitted(person, |admitted| admitted.hand_raised = None);
            }
            Event::IdentityCheckBegun { .. }
            | Event::IdentityCheckStopped { .. }
            | Event::IdentityChecked { .. } => self.evolve_identity(event, at),
            _ => {}
        }
    }

    fn evolve_identity(&mut self, event: &Event, at: i64) {
        match event {
            Event::IdentityCheckBegun { person, checker } if self.identity_check.is_none() => {
                self.identity_check = Some(IdentityCheck {
                    person: person.clone(),
                    checker: checker.clone(),
                    since: at,
                });
            }
            Event::IdentityCheckStopped { person } => self.end_check(person),
            Event::IdentityChecked {
                person,
                checker,
                method,
                last_four,
                authorisation,
            } => {
                self.end_check(person);
                self.at_door(person, |door| {
                    door.identity = Some(Identity {
                        checker: checker.clone(),
                        method: *method,
                        last_four: last_four.clone(),
                        authorisation: authorisation.clone(),
                        at,
                    });
                });
            }
            _ => {}
        }
    }

    fn end_check(&mut self, person: &PersonId) {
        self.identity_check.take_if(|check| check.person == *person);
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
            Event::Acknowledged { person, .. } if self.announcement().is_some() => {
                self.acknowledged.entry(person.clone()).or_insert(at);
            }
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

    fn evolve_conclusion(&mut self, entry: &Recorded) {
        let (event, at) = (&entry.event, entry.at);
        if let Event::Concluded {
            outcome,
            text,
            present,
        } = event
            && self.is_live()
            && self.conclusion.is_none()
            && self.unanswered().is_empty()
        {
            self.conclusion = Some(Conclusion {
                at,
                outcome: *outcome,
                text: text.clone(),
                present: present.clone(),
                record: None,
                decision: Decision::None,
            });
        }
        if let Some(conclusion) = &mut self.conclusion {
            conclusion.evolve_record(event, at);
            conclusion.evolve_decision(entry);
        }
    }

    fn with(&mut self, person: &PersonId, change: impl FnOnce(&mut Attendance)) {
        if let Some(attendance) = self.attendance.get_mut(person) {
            change(attendance);
        }
    }

    fn at_place(&mut self, person: &PersonId, change: impl FnOnce(&mut Place)) {
        self.with(person, |attendance| {
            if let Some(place) = attendance.presence.place_mut() {
                change(place);
            }
        });
    }

    fn at_door(&mut self, person: &PersonId, change: impl FnOnce(&mut AtDoor)) {
        self.with(person, |attendance| {
            if let Presence::AtDoor(door) = &mut attendance.presence {
                change(door);
            }
        });
    }

    fn admitted(&mut self, person: &PersonId, change: impl FnOnce(&mut Admitted)) {
        self.with(person, |attendance| {
            if let Presence::Admitted(admitted) = &mut attendance.presence {
                change(admitted);
            }
        });
    }
}

impl Attendance {
    /// The same seat again is the same joining; another seat is a new one, and is checked again (R18).
    fn arrive(&mut self, place: Place, at: i64) {
        let cut_off = self.presence.is_cut_off();
        if let Some(held) = self.presence.place_mut()
            && held.seat == place.seat
        {
            *held = place;
            return;
        }
        self.end_stay(at);
        self.presence = Presence::AtDoor(AtDoor {
            place,
            notice: Notice::Unanswered,
            identity: None,
            after_loss: cut_off,
        });
    }

    fn admit(&mut self, at: i64) {
        let presence = std::mem::take(&mut self.presence);
        self.presence = match presence {
            Presence::AtDoor(AtDoor {
                place,
                notice: Notice::Acknowledged { version, .. },
                identity: Some(identity),
                ..
            }) => {
                self.stays.push(Stay {
                    from: at,
                    until: None,
                    identity: identity.clone(),
                    credential: None,
                });
                Presence::Admitted(Admitted {
                    place,
                    notice: version,
                    identity,
                    since: at,
                    credential: None,
                    hand_raised: None,
                })
            }
            other => other,
        };
    }

    fn show(&mut self, credential: &Credential) {
        if let (Presence::Admitted(admitted), Some(stay)) =
            (&mut self.presence, self.stays.last_mut())
        {
            admitted.credential = Some(credential.clone());
            stay.credential = Some(credential.clone());
        }
    }

    fn depart(&mut self, at: i64) {
        self.end_stay(at);
        self.presence = Presence::Absent;
    }

    fn end_stay(&mut self, at: i64) {
        if let Some(stay) = self.stays.last_mut() {
            stay.until.get_or_insert(at);
        }
    }
}

impl Conclusion {
    fn evolve_record(&mut self, event: &Event, at: i64) {
        if let Event::RecordPrepared { digest, pdf_digest } = event {
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

    fn evolve_decision(&mut self, entry: &Recorded) {
        let at = entry.at;
        let decision = std::mem::replace(&mut self.decision, Decision::None);
        self.decision = match (decision, &entry.event) {
            (Decision::None | Decision::Drafted { .. }, Event::DecisionDrafted { decision }) => {
                Decision::Drafted {
                    text: decision.clone(),
                    by: match &entry.actor {
                        Actor::Person(person) => Some(person.clone()),
                        Actor::System => None,
                    },
                }
            }
            (
                Decision::Drafted { text, .. },
                Event::DecisionSealed {
                    number,
                    content_digest,
                    pdf_digest,
                    signer,
                    seal,
                    ..
                },
            ) => Decision::Sealed(Box::new(SealedDecision {
                text,
                at,
                number: number.clone(),
                content_digest: content_digest.clone(),
                pdf_digest: pdf_digest.clone(),
                signer: signer.clone(),
                seal: seal.clone(),
            })),
            (decision, _) => decision,
        };
    }
}
