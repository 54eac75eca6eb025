//! Who may read an entry of a case's journal (R28, R36, R58). Depends on the entry and the viewer alone.

use std::collections::BTreeSet;

use super::Case;
use super::event::{CaseEvent, CaseRecorded};
use crate::command::Actor;
use crate::people::{PersonId, Role};

/// Somebody as a reader of a case's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseViewer {
    pub person: PersonId,
    /// What the person is toward this case.
    pub roles: BTreeSet<Role>,
}

impl CaseViewer {
    /// What the case itself says of the person outranks what he is at the bureau: an applicant who works there reads as an
    /// applicant, and one who stepped aside reads nothing. `None` for whoever has no part in it; an administrator or an
    /// operator never has one (R58).
    #[must_use]
    pub fn of(case: &Case, person: &PersonId, at_the_bureau: &BTreeSet<Role>) -> Option<Self> {
        let one = |role| BTreeSet::from([role]);
        let application = case.application.as_ref();
        let roles = if case.facts.recused.contains(person) {
            return None;
        } else if application.is_some_and(|of| of.applicant == *person) {
            one(Role::Applicant)
        } else if case.is_applicant(person) {
            one(Role::Agent)
        } else if case.facts.parties.contains_key(person) {
            one(Role::InterestedParty)
        } else if case.experts.contains(person) {
            one(Role::Expert)
        } else {
            let part = |role: &&Role| role.is_staff() || **role == Role::Supervisor;
            at_the_bureau.iter().filter(part).copied().collect()
        };
        (!roles.is_empty()).then(|| Self {
            person: person.clone(),
            roles,
        })
    }

    fn is_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// Whether the viewer may read the entry's body; one that is withheld still shows its hashes. The most restricted role
/// that the viewer holds decides.
#[must_use]
pub fn visible(entry: &CaseRecorded, viewer: &CaseViewer) -> bool {
    if viewer.is_any(&[Role::InterestedParty]) {
        return concerns_hearing(entry, viewer);
    }
    if viewer.is_any(&[Role::Applicant, Role::Agent]) {
        return !is_internal(&entry.event);
    }
    if viewer.is_any(&[Role::Expert]) {
        return concerns_expert(&entry.event, viewer);
    }
    let staff = viewer.roles.iter().any(|role| role.is_staff());
    staff || viewer.is_any(&[Role::Supervisor])
}

/// What the bureau says to itself. A new kind of event is internal until somebody decides otherwise.
const fn is_internal(event: &CaseEvent) -> bool {
    match event {
        // Names an expert, or gives somebody's private reason.
        CaseEvent::RecusalRecorded { .. }
        | CaseEvent::ExpertCalled { .. }
        | CaseEvent::ReviewNoted { .. }
        | CaseEvent::MajorFlagged { .. }
        | CaseEvent::LegalReviewed { .. }
        | CaseEvent::StaffReleased { .. }
        // The finding reaches the applicant by the decision that it leads to, with his statement taken.
        | CaseEvent::FalseMaterialFound { .. } => true,
        CaseEvent::Created { .. }
        | CaseEvent::SessionScheduled { .. }
        | CaseEvent::SessionResult { .. }
        | CaseEvent::ApplicationOpened(_)
        | CaseEvent::MaterialSubmitted { .. }
        | CaseEvent::MaterialShared { .. }
        | CaseEvent::MaterialReviewed { .. }
        | CaseEvent::Received { .. }
        | CaseEvent::BarNoted { .. }
        | CaseEvent::NoticeGiven { .. }
        | CaseEvent::CreditChecked { .. }
        | CaseEvent::UndertakingGiven { .. }
        | CaseEvent::CommitmentMade { .. }
        | CaseEvent::Accepted { .. }
        | CaseEvent::NotAccepted { .. }
        | CaseEvent::ReviewBegun
        | CaseEvent::BundleJoined { .. }
        | CaseEvent::Extended { .. }
        | CaseEvent::ExcludedPeriodTold { .. }
        | CaseEvent::ClockStopped { .. }
        | CaseEvent::ClockResumed
        | CaseEvent::StaffAssigned { .. }
        | CaseEvent::DepartmentJoined { .. }
        | CaseEvent::InterestedPartyNotified { .. }
        | CaseEvent::PartyStated { .. }
        | CaseEvent::HearingRequested { .. }
        | CaseEvent::HearingWithdrawn { .. }
        | CaseEvent::HearingScheduled { .. }
        | CaseEvent::HearingHeld { .. }
        | CaseEvent::AppointmentOffered { .. }
        | CaseEvent::AppointmentConfirmed { .. }
        | CaseEvent::AppointmentChangeAsked { .. }
        | CaseEvent::AppointmentCancelled { .. }
        | CaseEvent::ResurveyScheduled { .. }
        | CaseEvent::ItemsFailed { .. }
        | CaseEvent::Decided(_)
        | CaseEvent::LicenceIssued { .. }
        | CaseEvent::Served { .. }
        | CaseEvent::SecretClaimed { .. }
        | CaseEvent::MaskingProposed { .. }
        | CaseEvent::MaskingObjected { .. }
        | CaseEvent::MaskingAccepted
        | CaseEvent::Published { .. }
        | CaseEvent::RetentionSet { .. }
        | CaseEvent::RecordingRetentionSet { .. }
        | CaseEvent::RatingRequested { .. }
        | CaseEvent::Rated { .. }
        | CaseEvent::FeedbackGiven { .. }
        | CaseEvent::Withdrawn { .. }
        | CaseEvent::Closed => false,
    }
}

/// The hearing, and of what was told and stated only his own.
fn concerns_hearing(entry: &CaseRecorded, viewer: &CaseViewer) -> bool {
    match &entry.event {
        CaseEvent::InterestedPartyNotified { person, .. }
        | CaseEvent::PartyStated { person, .. } => *person == viewer.person,
        CaseEvent::HearingRequested { .. }
        | CaseEvent::HearingWithdrawn { .. }
        | CaseEvent::HearingScheduled { .. }
        | CaseEvent::HearingHeld { .. } => true,
        _ => entry.actor == Actor::Person(viewer.person.clone()),
    }
}

/// Before an expert has signed confidentiality no material opens to him (R48): the brief and his own call.
fn concerns_expert(event: &CaseEvent, viewer: &CaseViewer) -> bool {
    match event {
        CaseEvent::Created { .. } | CaseEvent::SessionScheduled { .. } => true,
        CaseEvent::ExpertCalled { person, .. } => *person == viewer.person,
        _ => false,
    }
}
