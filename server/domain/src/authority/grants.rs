//! The grants: which roles have which act, and in which relations to the case. Deny by default.

use super::acts::{Act, BundleAct, CaseAct, OperatorAct, ReadAct, SessionAct};
use super::relation::Relation;
use crate::people::Role;

/// Any of these roles, in any of these relations.
pub(super) struct Grant {
    pub roles: &'static [Role],
    pub relations: &'static [Relation],
}

const fn grant(roles: &'static [Role], relations: &'static [Relation]) -> Grant {
    Grant { roles, relations }
}

const STAFF: &[Role] = &[
    Role::Surveyor,
    Role::Chair,
    Role::Approver,
    Role::DepartmentReviewer,
];
const APPLICANT_SIDE: &[Role] = &[Role::Applicant, Role::Agent];
/// All who can be called to a session.
const CALLED: &[Role] = &[
    Role::Applicant,
    Role::Agent,
    Role::Helper,
    Role::Surveyor,
    Role::Chair,
    Role::Approver,
    Role::DepartmentReviewer,
    Role::Expert,
    Role::InterestedParty,
    Role::Supervisor,
];
/// A supervisor watches and confirms what he received; he does nothing else.
const TAKING_PART: &[Role] = &[
    Role::Applicant,
    Role::Agent,
    Role::Helper,
    Role::Surveyor,
    Role::Chair,
    Role::Approver,
    Role::DepartmentReviewer,
    Role::Expert,
    Role::InterestedParty,
];
const DELIBERATING: &[Role] = &[
    Role::Surveyor,
    Role::Chair,
    Role::Approver,
    Role::DepartmentReviewer,
    Role::Expert,
];

const PART: &[Relation] = &[Relation::Part];
/// Of staff: whoever the case is not closed to by a recusal.
const ANY_STAFF: &[Relation] = &[Relation::Stranger, Relation::Open, Relation::Part];
const HANDLING: &[Relation] = &[Relation::Open, Relation::Part];
const NOT_HANDLING: &[Relation] = &[Relation::Stranger, Relation::Open];
const CALLED_EXPERT: &[Relation] = &[Relation::Part, Relation::Unsigned];
const ALWAYS: &[Relation] = &Relation::ALL;
const APPROVED: &[Relation] = &[Relation::Approved];

static CHAIR: [Grant; 1] = [grant(&[Role::Chair], PART)];
static APPROVER: [Grant; 1] = [grant(&[Role::Approver], PART)];
static SURVEYOR: [Grant; 1] = [grant(&[Role::Surveyor], PART)];
static STAFF_THERE: [Grant; 1] = [grant(STAFF, PART)];
static APPLICANT: [Grant; 1] = [grant(APPLICANT_SIDE, PART)];
static EVERYBODY_CALLED: [Grant; 1] = [grant(CALLED, PART)];
static EVERYBODY_TAKING_PART: [Grant; 1] = [grant(TAKING_PART, PART)];
static DELIBERATION: [Grant; 1] = [grant(DELIBERATING, PART)];

/// Assigned, or any staff before somebody is, or any approver.
static HANDLER: [Grant; 2] = [
    grant(STAFF, HANDLING),
    grant(&[Role::Approver], &[Relation::Stranger]),
];
static APPLICANT_OR_HANDLER: [Grant; 3] = [
    grant(APPLICANT_SIDE, PART),
    grant(STAFF, HANDLING),
    grant(&[Role::Approver], &[Relation::Stranger]),
];
static ANY_APPROVER: [Grant; 1] = [grant(&[Role::Approver], ANY_STAFF)];
static STAFF_ANYWHERE: [Grant; 1] = [grant(STAFF, ANY_STAFF)];
static HEARD: [Grant; 1] = [grant(
    &[Role::Applicant, Role::Agent, Role::InterestedParty],
    PART,
)];
static INTERESTED: [Grant; 1] = [grant(&[Role::InterestedParty], PART)];

/// The grants of an act.
pub(super) fn of(act: Act) -> &'static [Grant] {
    match act {
        Act::Session(act) => in_session(act),
        Act::Case(act) => in_case(act),
        Act::Bundle(BundleAct::Extend) => &ANY_APPROVER,
        Act::Bundle(BundleAct::Open | BundleAct::ScheduleSurvey | BundleAct::Close) => {
            &STAFF_ANYWHERE
        }
        Act::Read(act) => reading(act),
        Act::Administer(super::AdminAct::ReadAccessLog) => {
            static WATCHED: [Grant; 1] = [grant(&[Role::Administrator, Role::Supervisor], ALWAYS)];
            &WATCHED
        }
        Act::Administer(_) => {
            static ADMINISTRATOR: [Grant; 1] = [grant(&[Role::Administrator], ALWAYS)];
            &ADMINISTRATOR
        }
        Act::Operate(
            OperatorAct::ReadHealth
            | OperatorAct::ReadServerLog
            | OperatorAct::RunBackup
            | OperatorAct::Migrate
            | OperatorAct::VerifyJournals,
        ) => {
            static OPERATOR: [Grant; 1] = [grant(&[Role::Operator], ALWAYS)];
            &OPERATOR
        }
    }
}

fn in_session(act: SessionAct) -> &'static [Grant] {
    use SessionAct as Of;
    match act {
        Of::OpenLobby
        | Of::BeginIdentityCheck
        | Of::StopIdentityCheck
        | Of::ConfirmIdentity
        | Of::Admit
        | Of::Remove
        | Of::LowerHandOfAnother
        | Of::Start
        | Of::Suspend
        | Of::Resume
        | Of::MarkUnsuitable
        | Of::BeginDeliberation
        | Of::EndDeliberation
        | Of::Conclude
        | Of::PrepareRecord
        | Of::NoteSignatureRefused
        | Of::End
        | Of::Close => &CHAIR,
        Of::AcknowledgeNotice | Of::RefuseNotice | Of::ChangeMedia | Of::Acknowledge => {
            &EVERYBODY_CALLED
        }
        Of::Leave => {
            static LEAVING: [Grant; 1] = [grant(
                CALLED,
                &[Relation::Part, Relation::Unsigned, Relation::Recused],
            )];
            &LEAVING
        }
        Of::ShowCredential
        | Of::ChangeWhereabouts
        | Of::ReportPosition
        | Of::OverrideLocation
        | Of::FileDepartmentOpinion => &STAFF_THERE,
        Of::AskOnSite | Of::WithdrawOnSite => &APPLICANT,
        Of::RaiseHand | Of::LowerOwnHand | Of::Say => &EVERYBODY_TAKING_PART,
        Of::AnswerItem | Of::TakeEvidence => &SURVEYOR,
        Of::Annotate | Of::SayInDeliberation => &DELIBERATION,
        Of::FileExpertOpinion => {
            static EXPERT: [Grant; 1] = [grant(&[Role::Expert], PART)];
            &EXPERT
        }
        Of::TakeStatement => {
            static STATING: [Grant; 1] =
                [grant(&[Role::Applicant, Role::Agent, Role::Chair], PART)];
            &STATING
        }
        Of::SignRecord => {
            static SIGNING: [Grant; 2] = [grant(STAFF, PART), grant(APPLICANT_SIDE, PART)];
            &SIGNING
        }
        Of::DraftDecision | Of::SealDecision | Of::Announce => &APPROVER,
    }
}

fn in_case(act: CaseAct) -> &'static [Grant] {
    use CaseAct as Of;
    match act {
        Of::Open => {
            static OPENING: [Grant; 2] = [grant(APPLICANT_SIDE, PART), grant(STAFF, ANY_STAFF)];
            &OPENING
        }
        Of::SubmitMaterial | Of::Receive | Of::CancelAppointment => &APPLICANT_OR_HANDLER,
        Of::TakeShared
        | Of::ReviewMaterial
        | Of::GiveNotice
        | Of::CheckCredit
        | Of::Accept
        | Of::NotAccept
        | Of::BeginReview
        | Of::TellExcludedPeriod
        | Of::StopClock
        | Of::ResumeClock
        | Of::DrawExperts
        | Of::NoteReview
        | Of::FlagMajor
        | Of::NotifyInterestedParty
        | Of::NoteSilence
        | Of::ScheduleHearing
        | Of::RecordHearing
        | Of::OfferAppointment
        | Of::ScheduleSession
        | Of::IssueLicence
        | Of::Serve
        | Of::ProposeMasking
        | Of::Publish
        | Of::Close => &HANDLER,
        Of::Undertake
        | Of::Commit
        | Of::ConfirmAppointment
        | Of::AskAppointmentChange
        | Of::ClaimSecret
        | Of::ObjectToMasking
        | Of::AcceptMasking
        | Of::Rate
        | Of::Withdraw => &APPLICANT,
        Of::Extend
        | Of::AssignStaff
        | Of::ReleaseStaff
        | Of::JoinDepartment
        | Of::RecordRecusal
        | Of::FindFalseMaterial
        | Of::SetRetention
        | Of::SetRecordingRetention
        | Of::GiveFeedback
        | Of::ApproveOperator => &ANY_APPROVER,
        Of::SignConfidentiality => {
            static EXPERT: [Grant; 1] = [grant(&[Role::Expert], CALLED_EXPERT)];
            &EXPERT
        }
        Of::StepAside => {
            static WORKING: [Grant; 2] = [
                grant(STAFF, ANY_STAFF),
                grant(&[Role::Expert], CALLED_EXPERT),
            ];
            &WORKING
        }
        Of::ReviewLegally => {
            static INDEPENDENT: [Grant; 1] = [grant(STAFF, NOT_HANDLING)];
            &INDEPENDENT
        }
        Of::State | Of::WaiveStatement => &INTERESTED,
        Of::RequestHearing | Of::WithdrawHearing => &HEARD,
    }
}

fn reading(act: ReadAct) -> &'static [Grant] {
    const WATCHING: &[Role] = &[Role::Supervisor];
    const PARTIES: &[Role] = &[Role::Applicant, Role::Agent, Role::InterestedParty];
    const OPERATOR: &[Role] = &[Role::Operator];
    match act {
        ReadAct::FindCases => {
            static FINDING: [Grant; 4] = [
                grant(PARTIES, PART),
                grant(&[Role::Expert], CALLED_EXPERT),
                grant(STAFF, ANY_STAFF),
                grant(WATCHING, ANY_STAFF),
            ];
            &FINDING
        }
        ReadAct::ReadStatistics => {
            static COUNTING: [Grant; 1] = [grant(&[Role::Approver, Role::Supervisor], ANY_STAFF)];
            &COUNTING
        }
        ReadAct::ReadCase => {
            static READING: [Grant; 5] = [
                grant(PARTIES, PART),
                grant(&[Role::Expert], CALLED_EXPERT),
                grant(STAFF, ANY_STAFF),
                grant(WATCHING, ANY_STAFF),
                grant(OPERATOR, APPROVED),
            ];
            &READING
        }
        ReadAct::ReadMaterial => {
            static MATERIAL: [Grant; 5] = [
                grant(APPLICANT_SIDE, PART),
                grant(&[Role::Expert], PART),
                grant(STAFF, ANY_STAFF),
                grant(WATCHING, ANY_STAFF),
                grant(OPERATOR, APPROVED),
            ];
            &MATERIAL
        }
        ReadAct::ReadBundle => {
            // It tells of cases in which whoever has a part in one of them may have none.
            static BUNDLE: [Grant; 2] = [grant(STAFF, ANY_STAFF), grant(WATCHING, ANY_STAFF)];
            &BUNDLE
        }
        ReadAct::ReadSession | ReadAct::ReadStill | ReadAct::ReadPaper => &EVERYBODY_CALLED,
        ReadAct::ReadDeliberation => {
            static PRIVATE: [Grant; 2] = [grant(DELIBERATING, PART), grant(WATCHING, PART)];
            &PRIVATE
        }
        ReadAct::ReadConnections => {
            static CONNECTIONS: [Grant; 1] = [grant(&[Role::Chair, Role::Supervisor], PART)];
            &CONNECTIONS
        }
        ReadAct::ReadSealedDecision => {
            static SEALED: [Grant; 2] = [grant(STAFF, PART), grant(WATCHING, PART)];
            &SEALED
        }
        ReadAct::PreviewDecision => &APPROVER,
        ReadAct::ViewRecording | ReadAct::ExportRecording => {
            static RECORDING: [Grant; 4] = [
                grant(APPLICANT_SIDE, PART),
                grant(DELIBERATING, PART),
                grant(WATCHING, PART),
                grant(OPERATOR, APPROVED),
            ];
            static EXPORT: [Grant; 3] = [
                grant(APPLICANT_SIDE, PART),
                grant(&[Role::Approver, Role::Supervisor], PART),
                grant(OPERATOR, APPROVED),
            ];
            if act == ReadAct::ExportRecording {
                &EXPORT
            } else {
                &RECORDING
            }
        }
    }
}
