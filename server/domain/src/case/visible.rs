//! Who may read an entry of a case's journal (R28, R36, R48, R58). Depends on the entry and the viewer alone.

use std::collections::BTreeSet;

use super::Case;
use super::event::{CaseEvent, CaseRecorded};
use crate::authority::{Act, ReadAct, Relation, Standing, authorise};
use crate::command::Actor;
use crate::people::{PersonId, Role};

/// Somebody as a reader of a case's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseViewer {
    pub person: PersonId,
    /// What the person is toward this case.
    pub roles: BTreeSet<Role>,
    /// R48: an expert who has not signed reads his call alone.
    pub relation: Relation,
}

impl CaseViewer {
    /// What the case itself says of the person outranks what he is at the bureau: an applicant who works there reads as an
    /// applicant, and one who stepped aside reads nothing. `None` for whoever has no part in it; an administrator never
    /// has one, an operator only while an approval in the journal covers him (R58). `now`: UTC µs.
    #[must_use]
    pub fn of(
        case: &Case,
        person: &PersonId,
        at_the_bureau: &BTreeSet<Role>,
        now: i64,
    ) -> Option<Self> {
        let standing = Standing::in_case(case, person, at_the_bureau, now);
        let read = Act::Read(ReadAct::ReadCase);
        authorise(&standing.roles, read, standing.relation).ok()?;
        Some(Self {
            person: person.clone(),
            roles: standing.roles,
            relation: standing.relation,
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
    staff || viewer.is_any(&[Role::Supervisor]) || viewer.relation == Relation::Approved
}

/// What the bureau says to itself. A new kind of event is internal until somebody decides otherwise.
const fn is_internal(event: &CaseEvent) -> bool {
    match event {
        // Names an expert, or gives somebody's private reason.
        CaseEvent::RecusalRecorded { .. }
        | CaseEvent::ExpertsDrawn(_)
        | CaseEvent::ExpertCalled { .. }
        | CaseEvent::ExpertReleased { .. }
        | CaseEvent::ConfidentialitySigned { .. }
        | CaseEvent::OperatorApproved { .. }
        | CaseEvent::RecordingOpened { .. }
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

/// Before an expert has signed confidentiality no material opens to him (R48): the brief and his own call. Afterwards what
/// he needs to advise: the application with its material, and the surveys.
fn concerns_expert(event: &CaseEvent, viewer: &CaseViewer) -> bool {
    match event {
        CaseEvent::Created { .. } | CaseEvent::SessionScheduled { .. } => true,
        CaseEvent::ExpertCalled { person, .. }
        | CaseEvent::ExpertReleased { person, .. }
        | CaseEvent::ConfidentialitySigned { person, .. } => *person == viewer.person,
        CaseEvent::ApplicationOpened(_)
        | CaseEvent::MaterialSubmitted { .. }
        | CaseEvent::MaterialShared { .. }
        | CaseEvent::MaterialReviewed { .. }
        | CaseEvent::AppointmentOffered { .. }
        | CaseEvent::AppointmentConfirmed { .. }
        | CaseEvent::AppointmentCancelled { .. }
        | CaseEvent::ResurveyScheduled { .. }
        | CaseEvent::SessionResult { .. }
        | CaseEvent::ItemsFailed { .. } => viewer.relation == Relation::Part,
        _ => false,
    }
}
