//! The fold: appointments, sessions, publication, ratings, retention.

use super::Case;
use super::event::CaseEvent;
use super::parts::{Appointment, Publication, RatingState, SessionOf};

impl Case {
    pub(super) fn evolve_sessions(&mut self, event: &CaseEvent) {
        match event {
            CaseEvent::SessionScheduled { session } => {
                if !self.sessions.contains_key(session) {
                    self.sessions.insert(session.clone(), SessionOf::default());
                    self.session_order.push(session.clone());
                }
            }
            CaseEvent::AppointmentOffered { slots } => {
                self.appointment = Appointment::Offered {
                    slots: slots.clone(),
                };
            }
            CaseEvent::AppointmentConfirmed { slot } => {
                self.appointment = Appointment::Confirmed { slot: *slot };
                self.appointed = Some((*slot, self.session_order.len()));
            }
            CaseEvent::AppointmentChangeAsked { wish } => {
                self.appointment = Appointment::ChangeAsked { wish: wish.clone() };
            }
            CaseEvent::AppointmentCancelled { reason } => {
                self.appointment = Appointment::Cancelled {
                    reason: reason.clone(),
                };
            }
            _ => {
                if let Some(session) = session_of(event).and_then(|id| self.sessions.get_mut(id)) {
                    session.evolve(event);
                }
            }
        }
    }

    pub(super) fn evolve_publication(&mut self, event: &CaseEvent, at: i64) {
        match event {
            CaseEvent::SecretClaimed { material, passage } => {
                self.secrets.push((material.clone(), passage.clone()));
            }
            CaseEvent::RetentionSet { class } => self.retention = Some(*class),
            _ => {
                let before = std::mem::replace(&mut self.publication, Publication::NotBegun);
                self.publication = next_publication(before, event, at);
            }
        }
    }
}

fn session_of(event: &CaseEvent) -> Option<&String> {
    match event {
        CaseEvent::SessionResult { session, .. }
        | CaseEvent::ResurveyScheduled { session, .. }
        | CaseEvent::ItemsFailed { session, .. }
        | CaseEvent::RecordingRetentionSet { session, .. }
        | CaseEvent::RatingRequested { session }
        | CaseEvent::Rated { session, .. }
        | CaseEvent::FeedbackGiven { session, .. } => Some(session),
        _ => None,
    }
}

impl SessionOf {
    fn evolve(&mut self, event: &CaseEvent) {
        match event {
            CaseEvent::SessionResult { head, .. } => {
                self.head.get_or_insert_with(|| head.clone());
            }
            CaseEvent::ResurveyScheduled { items, .. } => self.reopened.clone_from(items),
            CaseEvent::ItemsFailed { items, .. } => self.failed.clone_from(items),
            CaseEvent::RecordingRetentionSet { class, .. } => self.retention = Some(*class),
            _ => {
                let rating = std::mem::take(&mut self.rating);
                self.rating = next_rating(rating, event);
            }
        }
    }
}

fn next_rating(state: RatingState, event: &CaseEvent) -> RatingState {
    match (state, event) {
        (RatingState::NotRequested, CaseEvent::RatingRequested { .. }) => RatingState::Requested,
        (RatingState::Requested, CaseEvent::Rated { rating, .. }) if rating.is_bad() => {
            RatingState::TaskOpen(*rating)
        }
        (RatingState::Requested, CaseEvent::Rated { rating, .. }) => RatingState::Good(*rating),
        (RatingState::TaskOpen(rating), CaseEvent::FeedbackGiven { text, .. }) => {
            RatingState::TaskClosed {
                rating,
                feedback: text.clone(),
            }
        }
        (state, _) => state,
    }
}

fn next_publication(state: Publication, event: &CaseEvent, at: i64) -> Publication {
    match (state, event) {
        (Publication::Published { text_digest, at }, _) => {
            Publication::Published { text_digest, at }
        }
        (
            _,
            CaseEvent::MaskingProposed {
                text_digest,
                objections_until,
                ..
            },
        ) => Publication::Proposed {
            text_digest: text_digest.clone(),
            objections_until: *objections_until,
        },
        (Publication::Proposed { .. }, CaseEvent::MaskingObjected { text }) => {
            Publication::Objected { text: text.clone() }
        }
        (Publication::Proposed { text_digest, .. }, CaseEvent::MaskingAccepted) => {
            Publication::Agreed { text_digest }
        }
        (_, CaseEvent::Published { text_digest }) => Publication::Published {
            text_digest: text_digest.clone(),
            at,
        },
        (state, _) => state,
    }
}
