//! The fold of conclusion, record and decision.

use crate::command::Actor;
use crate::event::{Event, Recorded};

use super::{Conclusion, Decision, PreparedRecord, SealedDecision, Signature, SignatureRefused};

impl Conclusion {
    pub(super) fn evolve_record(&mut self, event: &Event, at: i64) {
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

    pub(super) fn evolve_decision(&mut self, entry: &Recorded) {
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
