//! From a command to events, or to a refusal.

mod after;
mod clock;
mod experts;
pub(super) use clock::given;
mod intake;
mod open;
mod parties;
mod people;
mod report;
mod survey;

pub use open::open;
pub use report::report;

use super::command::{CaseCommand, CaseContext};
use super::event::CaseEvent;
use super::guard::Guard;
use super::{Case, Stage};
use crate::authority::Act;
use crate::refusal::{Code, Refusal};

/// The events that the command causes; all of them are appended in one batch. Never empty.
///
/// # Errors
/// A [`Refusal`] with a stable code; the state is as if nothing had been asked.
pub fn decide(
    case: &Case,
    command: &CaseCommand,
    ctx: &CaseContext<'_>,
) -> Result<Vec<CaseEvent>, Refusal> {
    let guard = Guard::new(case, ctx)?;
    guard.may(Act::of_case(command, guard.person))?;
    if !is_a_right(command) {
        guard.bounded()?;
    }
    if matches!(case.stage, Stage::Closed(_)) && !comes_afterwards(command) {
        return Err(Code::CaseOver.into());
    }
    events(&guard, command)
}

/// What nobody may be hindered from by having said too much before.
const fn is_a_right(command: &CaseCommand) -> bool {
    matches!(
        command,
        CaseCommand::Withdraw { .. }
            | CaseCommand::RequestHearing {}
            | CaseCommand::State { .. }
            | CaseCommand::ObjectToMasking { .. }
            | CaseCommand::Rate { .. }
            | CaseCommand::ResumeClock {}
            | CaseCommand::RecordRecusal { .. }
            | CaseCommand::Close {}
    )
}

/// What is still possible when the case is closed: a rating and its answer (R60), a longer retention (R49), what comes to
/// light late (R45), and a look at the record (R58).
const fn comes_afterwards(command: &CaseCommand) -> bool {
    matches!(
        command,
        CaseCommand::Rate { .. }
            | CaseCommand::GiveFeedback { .. }
            | CaseCommand::SetRetention { .. }
            | CaseCommand::SetRecordingRetention { .. }
            | CaseCommand::FindFalseMaterial { .. }
            | CaseCommand::ApproveOperator { .. }
    )
}

fn events(guard: &Guard<'_>, command: &CaseCommand) -> Result<Vec<CaseEvent>, Refusal> {
    match command {
        CaseCommand::SubmitMaterial { .. }
        | CaseCommand::TakeShared { .. }
        | CaseCommand::ReviewMaterial { .. }
        | CaseCommand::Receive {}
        | CaseCommand::GiveNotice { .. }
        | CaseCommand::CheckCredit { .. }
        | CaseCommand::Undertake { .. }
        | CaseCommand::Commit { .. }
        | CaseCommand::Accept {}
        | CaseCommand::NotAccept { .. }
        | CaseCommand::BeginReview {}
        | CaseCommand::Withdraw { .. } => intake::decide(guard, command),
        CaseCommand::Extend { .. }
        | CaseCommand::TellExcludedPeriod { .. }
        | CaseCommand::StopClock { .. }
        | CaseCommand::ResumeClock {} => clock::decide(guard, command),
        CaseCommand::AssignStaff { .. }
        | CaseCommand::ReleaseStaff { .. }
        | CaseCommand::JoinDepartment { .. }
        | CaseCommand::RecordRecusal { .. }
        | CaseCommand::NoteReview { .. }
        | CaseCommand::FlagMajor { .. }
        | CaseCommand::ReviewLegally { .. }
        | CaseCommand::ApproveOperator { .. } => people::decide(guard, command),
        CaseCommand::DrawExperts { .. } | CaseCommand::SignConfidentiality { .. } => {
            experts::decide(guard, command)
        }
        CaseCommand::NotifyInterestedParty { .. }
        | CaseCommand::State { .. }
        | CaseCommand::WaiveStatement {}
        | CaseCommand::NoteSilence { .. }
        | CaseCommand::RequestHearing {}
        | CaseCommand::WithdrawHearing {}
        | CaseCommand::ScheduleHearing { .. }
        | CaseCommand::RecordHearing { .. } => parties::decide(guard, command),
        CaseCommand::OfferAppointment { .. }
        | CaseCommand::ConfirmAppointment { .. }
        | CaseCommand::AskAppointmentChange { .. }
        | CaseCommand::CancelAppointment { .. }
        | CaseCommand::ScheduleSession { .. }
        | CaseCommand::Rate { .. }
        | CaseCommand::GiveFeedback { .. } => survey::decide(guard, command),
        CaseCommand::FindFalseMaterial { .. }
        | CaseCommand::IssueLicence { .. }
        | CaseCommand::Serve { .. }
        | CaseCommand::ClaimSecret { .. }
        | CaseCommand::ProposeMasking { .. }
        | CaseCommand::ObjectToMasking { .. }
        | CaseCommand::AcceptMasking {}
        | CaseCommand::Publish { .. }
        | CaseCommand::SetRetention { .. }
        | CaseCommand::SetRecordingRetention { .. }
        | CaseCommand::Close {} => after::decide(guard, command),
    }
}
