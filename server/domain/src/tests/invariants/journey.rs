//! The next step of a valid journey, from wherever the session stands.

use crate::command::{Command, Report};
use crate::event::{
    CheckResult, DecisionText, Ending, EvidenceKind, IdentityMethod, OpinionKind, Stance,
    SurveyOutcome,
};
use crate::people::SeatId;
use crate::session::{Decision, Matter, Notice, Presence, Recording, Stage};
use crate::site::Whereabouts;
use crate::testing::{
    AGENT, ALL, APPLICANT, CHAIR, EXPERT, Play, REVIEWER, SURVEYOR_1, SURVEYOR_2, grant, person,
    refuse,
};

use super::walk::{Step, end};

/// `fails`: an item answered now is not met.
pub fn journey(play: &mut Play, fails: bool) -> Option<Step> {
    let chair = |command| Some(Step::Do(CHAIR, command));
    match &play.session.stage {
        Stage::Scheduled => {
            return chair(Command::OpenLobby {
                clock_override: None,
            });
        }
        Stage::Closed => return None,
        _ if !matches!(play.session.recording, Recording::Running { .. }) => {
            return Some(Step::Report(Report::RecordingStarted));
        }
        _ => {}
    }
    if let Some(step) = ALL.into_iter().find_map(|who| way_in(play, who)) {
        return Some(step);
    }
    if play.session.is_deliberating() {
        return chair(Command::EndDeliberation {});
    }
    if let Some(step) = settled(play) {
        return Some(step);
    }
    match &play.session.stage {
        Stage::Lobby => chair(Command::Start {}),
        Stage::Suspended { .. } => chair(Command::Resume {}),
        Stage::Live(_) => live(play, fails),
        Stage::Ended => ended(play),
        Stage::Scheduled | Stage::Closed => None,
    }
}

/// R20, R23: what waits for an answer gets one.
fn settled(play: &Play) -> Option<Step> {
    let session = &play.session;
    let undecided = session
        .matters
        .iter()
        .find(|of| of.outcome.is_none() && of.sealed().is_none())?;
    if session.on_site_asked().is_some() {
        let away = (play.now / 1_000_000) % 5 == 0 && session.identity_check.is_none();
        return Some(if away {
            let case = session.name_of(undecided);
            Step::Do(CHAIR, end(case.as_deref(), Ending::SwitchOnSite))
        } else {
            Step::Do(APPLICANT, Command::WithdrawOnSite {})
        });
    }
    for of in session.deviating(&play.facts()) {
        let given = &session.deviation(&of)?.overrides;
        let able = |who: &&str| {
            let who = person(who);
            session.is_live_staff(&who, &play.facts()) && given.iter().all(|by| by.person != who)
        };
        let staff = [SURVEYOR_1, REVIEWER, CHAIR, SURVEYOR_2];
        if let Some(who) = staff.into_iter().find(able) {
            let reason = "r".to_owned();
            return Some(Step::Do(who, Command::OverrideLocation { of, reason }));
        }
    }
    for who in [SURVEYOR_1, SURVEYOR_2] {
        if session.is_live_staff(&person(who), &play.facts()) && !session.is_on_site(&person(who)) {
            let whereabouts = Whereabouts::OnSite;
            return Some(Step::Do(who, Command::ChangeWhereabouts { whereabouts }));
        }
    }
    None
}

/// What brings this person into the room; nothing for one who is there or is kept out.
fn way_in(play: &Play, who: &'static str) -> Option<Step> {
    let id = person(who);
    if play.facts().is_recused(&id) {
        let there = *play.session.presence(&id) != Presence::Absent;
        return there.then_some(Step::Do(who, Command::Leave {}));
    }
    let presence = play.session.presence(&id);
    if presence.place().is_some() && !presence.is_connected() {
        return Some(Step::Report(Report::ConnectionRestored { person: id }));
    }
    match presence {
        Presence::Absent => Some(Step::Report(Report::Arrived {
            person: id,
            seat: SeatId(format!("seat-{who}")),
            device: String::new(),
        })),
        Presence::AtDoor(door) if !matches!(door.notice, Notice::Acknowledged { .. }) => {
            let notice = play
                .session
                .scheduled
                .template
                .settings
                .notice_version
                .clone();
            Some(Step::Do(who, Command::AcknowledgeNotice { notice }))
        }
        Presence::AtDoor(door) => {
            Some(Step::Do(CHAIR, checked(play, who, door.identity.is_some())))
        }
        Presence::Admitted(admitted) => {
            let staff = play.session.participant(&id)?.is_staff();
            let shown = admitted.credential.is_some();
            (staff && !shown).then(|| {
                let number_last_four = "0001".to_owned();
                let whereabouts = on_site(who);
                Step::Do(
                    who,
                    Command::ShowCredential {
                        number_last_four,
                        whereabouts,
                    },
                )
            })
        }
    }
}

/// The surveyors are on the site.
pub fn on_site(who: &str) -> Whereabouts {
    if [SURVEYOR_1, SURVEYOR_2].contains(&who) {
        Whereabouts::OnSite
    } else {
        Whereabouts::Remote
    }
}

fn checked(play: &Play, who: &str, done: bool) -> Command {
    let id = person(who);
    if done {
        return Command::Admit { person: id };
    }
    let method = if who == CHAIR {
        IdentityMethod::SecondFactor
    } else {
        IdentityMethod::IdCard
    };
    let confirm = Command::ConfirmIdentity {
        person: id.clone(),
        method,
        last_four: "1234".to_owned(),
        authorisation: (who == AGENT).then(|| "授权委托书".to_owned()),
    };
    match &play.session.identity_check {
        _ if who == CHAIR => confirm,
        _ if play.session.is_deliberating() => Command::EndDeliberation {},
        None => Command::BeginIdentityCheck { person: id },
        Some(check) if check.person == id => confirm,
        Some(check) => Command::StopIdentityCheck {
            person: check.person.clone(),
        },
    }
}

fn live(play: &mut Play, fails: bool) -> Option<Step> {
    let session = &play.session;
    if let Some(check) = &session.identity_check {
        let person = check.person.clone();
        return Some(Step::Do(CHAIR, Command::StopIdentityCheck { person }));
    }
    let Some(surveyed) = session.matters.iter().position(Matter::is_surveyed) else {
        return result(play);
    };
    if session.evidence.is_empty() {
        let still = play.still(SURVEYOR_1, EvidenceKind::Exterior);
        return Some(Step::Do(SURVEYOR_1, still));
    }
    let session = &play.session;
    let matter = &session.matters[surveyed];
    let case = session.name_of(matter);
    if let Some(code) = session.unanswered(matter).first() {
        let mut answer = play.met(code);
        if fails {
            answer.result = CheckResult::NotMet;
        }
        return Some(Step::Do(SURVEYOR_1, Command::AnswerItem { answer }));
    }
    let text = "t".to_owned();
    let opinion = |opinion| Command::FileOpinion {
        opinion,
        stance: Stance::Agree,
        text: text.clone(),
    };
    if let Some(department) = session.departments_missing(matter).first() {
        let department = department.clone();
        let command = opinion(OpinionKind::Department { department });
        return Some(Step::Do(REVIEWER, command));
    }
    if session.statements.is_empty() {
        let waived = false;
        return Some(Step::Do(APPLICANT, Command::TakeStatement { text, waived }));
    }
    if !session
        .standing_opinions()
        .iter()
        .any(|opinion| opinion.kind == OpinionKind::Expert)
    {
        return Some(Step::Do(EXPERT, opinion(OpinionKind::Expert)));
    }
    if !session.unsuitably_answered(matter).is_empty() {
        let switch = end(case.as_deref(), Ending::SwitchOnSite);
        return Some(Step::Do(CHAIR, switch));
    }
    // A failed survey is concluded, or ends in rectification (journey B).
    let judged = session.judged(matter);
    if judged == SurveyOutcome::Failed && (play.now / 1_000_000) % 2 == 0 {
        let by = "2026-12-05".to_owned();
        let rectify = end(case.as_deref(), Ending::Rectify { by });
        return Some(Step::Do(CHAIR, rectify));
    }
    Some(Step::Do(CHAIR, play.conclude_case(case.as_deref(), judged)))
}

fn result(play: &Play) -> Option<Step> {
    let Some(record) = &play.session.record else {
        return Some(Step::Do(CHAIR, Command::PrepareRecord {}));
    };
    let signed = |who: &str| record.signatures.iter().any(|by| by.person == person(who));
    let missing = play.session.signatures_missing(&play.facts());
    let signer = [SURVEYOR_1, SURVEYOR_2, REVIEWER, CHAIR, APPLICANT, AGENT]
        .into_iter()
        .find(|who| missing.contains(&person(who)) && !signed(who));
    let digest = "c0".repeat(32);
    if let Some(who) = signer {
        return Some(Step::Do(who, Command::SignRecord { digest }));
    }
    let waiting = play
        .session
        .matters
        .iter()
        .filter(|of| of.outcome.is_none());
    let next = waiting.into_iter().find(|of| of.sealed().is_none());
    let command = match next {
        None => Command::Announce {},
        Some(matter) => decision(play, matter)?,
    };
    Some(Step::Do(CHAIR, command))
}

fn decision(play: &Play, matter: &Matter) -> Option<Command> {
    let conclusion = matter.conclusion.as_ref()?;
    let decision = match conclusion.outcome {
        SurveyOutcome::Passed => grant(),
        SurveyOutcome::Failed => refuse(),
    };
    let decision = DecisionText {
        departure_reason: "r".to_owned(),
        ..decision
    };
    let case = play.session.name_of(matter);
    Some(match &conclusion.decision {
        Decision::Drafted { text, .. } if *text == decision => Command::SealDecision {
            content_digest: play.paper_of(case.as_deref()),
            case,
        },
        _ => Command::DraftDecision { case, decision },
    })
}

fn ended(play: &Play) -> Option<Step> {
    for matter in &play.session.matters {
        let unconfirmed = |who: &&str| {
            let id = person(who);
            !matter.acknowledged.contains_key(&id) && play.session.presence(&id).is_in_room()
        };
        if let Some(digest) = matter.announcement()
            && let Some(who) = ALL.into_iter().find(unconfirmed)
        {
            let content_digest = digest.to_owned();
            return Some(Step::Do(who, Command::Acknowledge { content_digest }));
        }
    }
    if let Some(check) = &play.session.identity_check {
        let person = check.person.clone();
        return Some(Step::Do(CHAIR, Command::StopIdentityCheck { person }));
    }
    Some(Step::Do(CHAIR, Command::Close {}))
}
