//! Which act a command is.

use super::acts::{Act, BundleAct, CaseAct, SessionAct};
use crate::case::{BundleCommand, CaseCommand};
use crate::command::Command;
use crate::event::{ChatScope, OpinionKind};
use crate::people::PersonId;

impl Act {
    /// The act of a person who sends this command to a session.
    #[must_use]
    pub fn of_session(command: &Command, person: &PersonId) -> Self {
        use SessionAct as Of;
        Self::Session(match command {
            Command::OpenLobby { .. } => Of::OpenLobby,
            Command::AcknowledgeNotice { .. } => Of::AcknowledgeNotice,
            Command::RefuseNotice {} => Of::RefuseNotice,
            Command::BeginIdentityCheck { .. } => Of::BeginIdentityCheck,
            Command::StopIdentityCheck { .. } => Of::StopIdentityCheck,
            Command::ConfirmIdentity { .. } => Of::ConfirmIdentity,
            Command::Admit { .. } => Of::Admit,
            Command::ShowCredential { .. } => Of::ShowCredential,
            Command::ChangeWhereabouts { .. } => Of::ChangeWhereabouts,
            Command::ReportPosition { .. } => Of::ReportPosition,
            Command::OverrideLocation { .. } => Of::OverrideLocation,
            Command::AskOnSite { .. } => Of::AskOnSite,
            Command::WithdrawOnSite {} => Of::WithdrawOnSite,
            Command::Leave {} => Of::Leave,
            Command::Remove { .. } => Of::Remove,
            Command::ChangeMedia { .. } => Of::ChangeMedia,
            Command::RaiseHand {} => Of::RaiseHand,
            Command::LowerHand { person: of } if of == person => Of::LowerOwnHand,
            Command::LowerHand { .. } => Of::LowerHandOfAnother,
            Command::Start {} => Of::Start,
            Command::Suspend { .. } => Of::Suspend,
            Command::Resume {} => Of::Resume,
            Command::AnswerItem { .. } => Of::AnswerItem,
            Command::MarkUnsuitable { .. } => Of::MarkUnsuitable,
            Command::TakeEvidence { .. } => Of::TakeEvidence,
            Command::Annotate { .. } => Of::Annotate,
            Command::FileOpinion { opinion, .. } => match opinion {
                OpinionKind::Expert => Of::FileExpertOpinion,
                OpinionKind::Department { .. } => Of::FileDepartmentOpinion,
            },
            Command::Say { scope, .. } => match scope {
                ChatScope::Room => Of::Say,
                ChatScope::Deliberation => Of::SayInDeliberation,
            },
            Command::BeginDeliberation {} => Of::BeginDeliberation,
            Command::EndDeliberation {} => Of::EndDeliberation,
            Command::TakeStatement { .. } => Of::TakeStatement,
            Command::Conclude { .. } => Of::Conclude,
            Command::PrepareRecord {} => Of::PrepareRecord,
            Command::SignRecord { .. } => Of::SignRecord,
            Command::NoteSignatureRefused { .. } => Of::NoteSignatureRefused,
            Command::DraftDecision { .. } => Of::DraftDecision,
            Command::SealDecision { .. } => Of::SealDecision,
            Command::Announce {} => Of::Announce,
            Command::Acknowledge { .. } => Of::Acknowledge,
            Command::End { .. } => Of::End,
            Command::Close {} => Of::Close,
            Command::IssueMediaToken { .. } => Of::IssueMediaToken,
            Command::RevokeMediaToken { .. } => Of::RevokeMediaToken,
        })
    }

    /// The act of a person who sends this command to a case.
    #[must_use]
    pub fn of_case(command: &CaseCommand, person: &PersonId) -> Self {
        match command {
            CaseCommand::RecordRecusal { person: of, .. } if of == person => {
                Self::Case(CaseAct::StepAside)
            }
            _ => Self::Case(of_case(command)),
        }
    }

    /// The act of a person who sends this command to a bundle.
    #[must_use]
    pub const fn of_bundle(command: &BundleCommand) -> Self {
        Self::Bundle(match command {
            BundleCommand::ScheduleSurvey { .. } => BundleAct::ScheduleSurvey,
            BundleCommand::Extend { .. } => BundleAct::Extend,
            BundleCommand::Close {} => BundleAct::Close,
        })
    }
}

const fn of_case(command: &CaseCommand) -> CaseAct {
    use CaseAct as Of;
    match command {
        CaseCommand::SubmitMaterial { .. } => Of::SubmitMaterial,
        CaseCommand::TakeShared { .. } => Of::TakeShared,
        CaseCommand::ReviewMaterial { .. } => Of::ReviewMaterial,
        CaseCommand::Receive {} => Of::Receive,
        CaseCommand::GiveNotice { .. } => Of::GiveNotice,
        CaseCommand::CheckCredit { .. } => Of::CheckCredit,
        CaseCommand::Undertake { .. } => Of::Undertake,
        CaseCommand::Commit { .. } => Of::Commit,
        CaseCommand::Accept {} => Of::Accept,
        CaseCommand::NotAccept { .. } => Of::NotAccept,
        CaseCommand::BeginReview {} => Of::BeginReview,
        CaseCommand::Extend { .. } => Of::Extend,
        CaseCommand::TellExcludedPeriod { .. } => Of::TellExcludedPeriod,
        CaseCommand::StopClock { .. } => Of::StopClock,
        CaseCommand::ResumeClock {} => Of::ResumeClock,
        CaseCommand::AssignStaff { .. } => Of::AssignStaff,
        CaseCommand::ReleaseStaff { .. } => Of::ReleaseStaff,
        CaseCommand::JoinDepartment { .. } => Of::JoinDepartment,
        CaseCommand::DrawExperts { .. } => Of::DrawExperts,
        CaseCommand::SignConfidentiality { .. } => Of::SignConfidentiality,
        CaseCommand::RecordRecusal { .. } => Of::RecordRecusal,
        CaseCommand::NoteReview { .. } => Of::NoteReview,
        CaseCommand::FlagMajor { .. } => Of::FlagMajor,
        CaseCommand::ReviewLegally { .. } => Of::ReviewLegally,
        CaseCommand::NotifyInterestedParty { .. } => Of::NotifyInterestedParty,
        CaseCommand::State { .. } => Of::State,
        CaseCommand::WaiveStatement {} => Of::WaiveStatement,
        CaseCommand::NoteSilence { .. } => Of::NoteSilence,
        CaseCommand::RequestHearing {} => Of::RequestHearing,
        CaseCommand::WithdrawHearing {} => Of::WithdrawHearing,
        CaseCommand::ScheduleHearing { .. } => Of::ScheduleHearing,
        CaseCommand::RecordHearing { .. } => Of::RecordHearing,
        CaseCommand::OfferAppointment { .. } => Of::OfferAppointment,
        CaseCommand::ConfirmAppointment { .. } => Of::ConfirmAppointment,
        CaseCommand::AskAppointmentChange { .. } => Of::AskAppointmentChange,
        CaseCommand::CancelAppointment { .. } => Of::CancelAppointment,
        CaseCommand::ScheduleSession { .. } => Of::ScheduleSession,
        CaseCommand::FindFalseMaterial { .. } => Of::FindFalseMaterial,
        CaseCommand::IssueLicence { .. } => Of::IssueLicence,
        CaseCommand::Serve { .. } => Of::Serve,
        CaseCommand::ClaimSecret { .. } => Of::ClaimSecret,
        CaseCommand::ProposeMasking { .. } => Of::ProposeMasking,
        CaseCommand::ObjectToMasking { .. } => Of::ObjectToMasking,
        CaseCommand::AcceptMasking {} => Of::AcceptMasking,
        CaseCommand::Publish { .. } => Of::Publish,
        CaseCommand::SetRetention { .. } => Of::SetRetention,
        CaseCommand::SetRecordingRetention { .. } => Of::SetRecordingRetention,
        CaseCommand::Rate { .. } => Of::Rate,
        CaseCommand::GiveFeedback { .. } => Of::GiveFeedback,
        CaseCommand::ApproveOperator { .. } => Of::ApproveOperator,
        CaseCommand::Withdraw { .. } => Of::Withdraw,
        CaseCommand::Close {} => Of::Close,
    }
}
