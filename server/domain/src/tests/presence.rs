//! R13–R20, R22, R23: who is there, and what follows when somebody is not.

use rstest::rstest;

use super::{is_quorum_lost, lost, refused, removed, restored};
use crate::command::{Command, Report};
use crate::event::{
    Clock, DepartureCause, Ending, Event, IdentityMethod, SurveyOutcome, Suspension,
};
use crate::people::{Role, SeatId};
use crate::refusal::Code;
use crate::session::Stage;
use crate::site::Whereabouts;
use crate::testing::{
    AGENT, APPLICANT, CHAIR, EXPERT, HELPER, Play, REVIEWER, STRANGER, SUPERVISOR, SURVEYOR_1,
    SURVEYOR_2, grant, live, lobby, person, refuse, scheduled, sealed, signed, surveyed,
};

const OPEN: Command = Command::OpenLobby {
    clock_override: None,
};

fn opened() -> Play {
    let mut play = Play::of(scheduled()).unwrap();
    play.act(CHAIR, &OPEN).unwrap();
    play.report(&Report::RecordingStarted).unwrap();
    play
}

fn begin_check(who: &str) -> Command {
    Command::BeginIdentityCheck {
        person: person(who),
    }
}

fn confirm(who: &str, method: IdentityMethod, authorisation: Option<&str>) -> Command {
    Command::ConfirmIdentity {
        person: person(who),
        method,
        last_four: "1234".to_owned(),
        authorisation: authorisation.map(str::to_owned),
    }
}

fn admit(who: &str) -> Command {
    Command::Admit {
        person: person(who),
    }
}

fn suspend() -> Command {
    Command::Suspend {
        reason: "核对材料".to_owned(),
    }
}

#[rstest]
#[case::chair_alone(&[CHAIR], false)]
#[case::chair_and_surveyor(&[CHAIR, SURVEYOR_1], true)]
#[case::chair_and_department(&[CHAIR, REVIEWER], true)]
#[case::chair_and_expert(&[CHAIR, EXPERT], false)]
#[case::chair_and_all_who_never_count(&[CHAIR, EXPERT, HELPER, APPLICANT, AGENT, SUPERVISOR], false)]
fn r13_r14_a_session_starts_with_two_staff_and_nobody_else_counts(
    #[case] who: &[&str],
    #[case] starts: bool,
) {
    let mut play = opened();
    who.iter().for_each(|who| play.enter(who).unwrap());
    match play.ask(CHAIR, &Command::Start {}) {
        Ok(_) => assert!(starts),
        Err(refusal) => {
            assert!(!starts);
            assert_eq!(refusal.code, Code::QuorumMissing);
            let staff = [CHAIR, SURVEYOR_1, SURVEYOR_2, REVIEWER].into_iter();
            let away: Vec<_> = staff.filter(|staff| !who.contains(staff)).collect();
            assert_eq!(refusal.missing, away);
        }
    }
}

#[test]
fn r14_one_who_is_also_an_expert_never_counts() {
    let mut schedule = scheduled();
    schedule.participants[1].roles.insert(Role::Expert);
    let mut play = Play::of(schedule).unwrap();
    play.act(CHAIR, &OPEN).unwrap();
    play.report(&Report::RecordingStarted).unwrap();
    play.enter(CHAIR).unwrap();
    play.enter(SURVEYOR_1).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &Command::Start {}),
        Code::QuorumMissing
    );
}

#[rstest]
#[case::network(&[lost(SURVEYOR_1), lost(SURVEYOR_2), lost(REVIEWER)])]
#[case::removal(&[removed(SURVEYOR_1), removed(SURVEYOR_2), removed(REVIEWER)])]
#[case::both(&[removed(SURVEYOR_1), lost(SURVEYOR_2), lost(CHAIR)])]
fn r13_r15_quorum_lost_suspends_in_the_same_batch(#[case] reports: &[Report]) {
    let mut play = live().unwrap();
    let (last, before) = reports.split_last().unwrap();
    for report in before {
        assert!(!play.report(report).unwrap().iter().any(is_quorum_lost));
    }
    let batch = play.report(last).unwrap();
    assert!(is_quorum_lost(batch.last().unwrap()), "{batch:?}");
    assert_eq!(play.session.stage_name(), "suspended");
}

#[test]
fn r13_leaving_below_two_suspends() {
    let mut play = live().unwrap();
    play.act(SURVEYOR_1, &Command::Leave {}).unwrap();
    play.act(REVIEWER, &Command::Leave {}).unwrap();
    let batch = play.act(SURVEYOR_2, &Command::Leave {}).unwrap();
    assert!(matches!(
        batch[0],
        Event::Departed {
            cause: DepartureCause::Left,
            ..
        }
    ));
    assert!(is_quorum_lost(&batch[1]));
}

#[test]
fn r13_the_conclusion_confirms_two_staff_who_are_there() {
    let play = surveyed().unwrap();
    let with = |present: &[&str]| Command::Conclude {
        case: None,
        outcome: SurveyOutcome::Passed,
        text: "结论".to_owned(),
        present: present.iter().map(|who| person(who)).collect(),
    };
    assert_eq!(
        refused(&play, CHAIR, &with(&[CHAIR, CHAIR, EXPERT])),
        Code::QuorumMissing
    );
    assert_eq!(
        refused(&play, CHAIR, &with(&[CHAIR, STRANGER])),
        Code::NotPresent
    );
    assert!(play.ask(CHAIR, &with(&[CHAIR, SURVEYOR_1])).is_ok());
}

#[test]
fn r15_no_result_is_written_while_the_quorum_is_away() {
    let mut play = signed().unwrap();
    [SURVEYOR_1, SURVEYOR_2, REVIEWER].iter().for_each(|who| {
        play.report(&lost(who)).unwrap();
    });
    let draft = Command::DraftDecision {
        case: None,
        decision: grant(),
    };
    let rectify = Command::End {
        case: None,
        ending: Ending::Rectify {
            by: "2026-12-05".to_owned(),
        },
        reason: "r".to_owned(),
        next_step: "n".to_owned(),
        contact: "c".to_owned(),
    };
    for command in [draft, rectify, Command::PrepareRecord {}] {
        assert_eq!(refused(&play, CHAIR, &command), Code::Suspended);
    }
    assert_eq!(
        refused(&play, CHAIR, &Command::Resume {}),
        Code::QuorumMissing
    );
}

#[test]
fn r15_a_quorum_that_is_back_resumes_by_itself_but_not_after_the_chairs_suspension() {
    let mut play = live().unwrap();
    let away = [SURVEYOR_1, SURVEYOR_2, REVIEWER];
    away.iter().for_each(|who| {
        play.report(&lost(who)).unwrap();
    });
    let batch = play.report(&restored(SURVEYOR_1)).unwrap();
    assert_eq!(batch.last(), Some(&Event::Resumed));
    play.act(CHAIR, &suspend()).unwrap();
    play.report(&lost(SURVEYOR_1)).unwrap();
    let batch = play.report(&restored(SURVEYOR_1)).unwrap();
    assert_eq!(batch.len(), 1);
    assert_eq!(play.session.stage_name(), "suspended");
    assert_eq!(
        play.act(CHAIR, &Command::Resume {}).unwrap(),
        [Event::Resumed]
    );
}

#[test]
fn r16_a_session_does_not_open_to_a_recused_person() {
    let mut play = opened();
    play.case.recused.insert(person(SURVEYOR_1));
    let arrived = Report::Arrived {
        person: person(SURVEYOR_1),
        seat: SeatId("seat".to_owned()),
        device: String::new(),
    };
    assert_eq!(play.report(&arrived).unwrap_err().code, Code::Recused);
}

#[test]
fn r16_a_recusal_that_lands_late_takes_the_person_out_of_the_quorum_and_stops_the_announcement() {
    let mut play = sealed().unwrap();
    play.case.recused.insert(person(SURVEYOR_1));
    assert_eq!(
        refused(&play, SURVEYOR_1, &Command::RaiseHand {}),
        Code::Recused
    );
    // His signature no longer counts.
    assert_eq!(
        refused(&play, CHAIR, &Command::Announce {}),
        Code::SignaturesMissing
    );
    play.case.recused.insert(person(CHAIR));
    assert_eq!(refused(&play, CHAIR, &Command::Announce {}), Code::Recused);
    let mut play = live().unwrap();
    play.report(&lost(REVIEWER)).unwrap();
    play.report(&lost(SURVEYOR_2)).unwrap();
    play.case.recused.insert(person(SURVEYOR_1));
    let batch = play.report(&removed(SURVEYOR_1)).unwrap();
    assert!(is_quorum_lost(batch.last().unwrap()));
}

#[test]
fn r17_staff_show_credentials_before_the_start_and_the_time_is_kept() {
    let mut play = lobby().unwrap();
    play.act(REVIEWER, &Command::Leave {}).unwrap();
    play.arrive(REVIEWER).unwrap();
    play.acknowledge_notice(REVIEWER).unwrap();
    play.act(CHAIR, &begin_check(REVIEWER)).unwrap();
    play.act(
        CHAIR,
        &confirm(REVIEWER, IdentityMethod::StaffCredential, None),
    )
    .unwrap();
    play.act(CHAIR, &admit(REVIEWER)).unwrap();
    let refusal = play.ask(CHAIR, &Command::Start {}).unwrap_err();
    assert_eq!(refusal.code, Code::CredentialNotShown);
    assert_eq!(refusal.missing, [REVIEWER]);
    let at = play.now;
    play.show_credential(REVIEWER).unwrap();
    let admitted = play.session.presence(&person(REVIEWER)).admitted().unwrap();
    assert_eq!(admitted.credential.as_ref().unwrap().at, at);
    assert!(play.ask(CHAIR, &Command::Start {}).is_ok());
}

#[rstest]
#[case(EXPERT)]
#[case(APPLICANT)]
#[case(SUPERVISOR)]
fn r17_only_staff_have_a_credential_to_show(#[case] who: &str) {
    let play = lobby().unwrap();
    let command = Command::ShowCredential {
        number_last_four: "0001".to_owned(),
        whereabouts: Whereabouts::Remote,
    };
    assert_eq!(refused(&play, who, &command), Code::NotAllowed);
}

#[test]
fn r18_nobody_is_admitted_unchecked_and_the_check_needs_the_notice() {
    let mut play = opened();
    play.enter(CHAIR).unwrap();
    play.arrive(APPLICANT).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &begin_check(APPLICANT)),
        Code::NoticeNotAcknowledged
    );
    play.acknowledge_notice(APPLICANT).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &admit(APPLICANT)),
        Code::IdentityNotChecked
    );
    let confirm = confirm(APPLICANT, IdentityMethod::IdCard, None);
    assert_eq!(refused(&play, CHAIR, &confirm), Code::IdentityNotChecked);
    play.act(CHAIR, &begin_check(APPLICANT)).unwrap();
    play.act(CHAIR, &confirm).unwrap();
    assert_eq!(play.session.identity_check, None);
    play.act(CHAIR, &admit(APPLICANT)).unwrap();
}

#[test]
fn r18_one_check_at_a_time_by_the_chair_and_never_twice() {
    let mut play = opened();
    play.enter(CHAIR).unwrap();
    for who in [APPLICANT, EXPERT] {
        play.arrive(who).unwrap();
        play.acknowledge_notice(who).unwrap();
    }
    assert_eq!(
        refused(&play, EXPERT, &begin_check(APPLICANT)),
        Code::NotAllowed
    );
    play.act(CHAIR, &begin_check(APPLICANT)).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &begin_check(EXPERT)),
        Code::IdentityCheckRunning
    );
    let stop = Command::StopIdentityCheck {
        person: person(APPLICANT),
    };
    play.act(CHAIR, &stop).unwrap();
    play.act(CHAIR, &begin_check(EXPERT)).unwrap();
    let batch = play.report(&lost(EXPERT)).unwrap();
    assert_eq!(
        batch.last(),
        Some(&Event::IdentityCheckStopped {
            person: person(EXPERT)
        })
    );
}

#[test]
fn r18_an_agent_shows_the_authorisation() {
    let mut play = opened();
    play.enter(CHAIR).unwrap();
    play.arrive(AGENT).unwrap();
    play.acknowledge_notice(AGENT).unwrap();
    play.act(CHAIR, &begin_check(AGENT)).unwrap();
    let without = confirm(AGENT, IdentityMethod::IdCard, Some("  "));
    assert_eq!(refused(&play, CHAIR, &without), Code::AuthorisationMissing);
    let with = confirm(AGENT, IdentityMethod::IdCard, Some("授权委托书"));
    assert!(play.ask(CHAIR, &with).is_ok());
}

#[test]
fn r18_the_chair_is_checked_by_a_fresh_second_factor_and_nobody_else_is() {
    let mut play = opened();
    play.arrive(CHAIR).unwrap();
    play.acknowledge_notice(CHAIR).unwrap();
    let own = confirm(CHAIR, IdentityMethod::SecondFactor, None);
    play.factor = false;
    assert_eq!(refused(&play, CHAIR, &own), Code::FactorNeeded);
    play.factor = true;
    let by_card = confirm(CHAIR, IdentityMethod::IdCard, None);
    assert_eq!(refused(&play, CHAIR, &by_card), Code::NotAllowed);
    play.act(CHAIR, &own).unwrap();
    assert!(play.session.presence(&person(CHAIR)).is_in_room());
    play.arrive(SURVEYOR_1).unwrap();
    play.acknowledge_notice(SURVEYOR_1).unwrap();
    let own = confirm(SURVEYOR_1, IdentityMethod::SecondFactor, None);
    assert_eq!(refused(&play, SURVEYOR_1, &own), Code::NotAllowed);
    play.act(CHAIR, &begin_check(SURVEYOR_1)).unwrap();
    assert_eq!(refused(&play, CHAIR, &own), Code::NotAllowed);
}

#[test]
fn r18_another_device_is_checked_again() {
    let mut play = live().unwrap();
    let arrived = Report::Arrived {
        person: person(EXPERT),
        seat: SeatId("another".to_owned()),
        device: "phone".to_owned(),
    };
    play.report(&arrived).unwrap();
    assert!(play.session.presence(&person(EXPERT)).at_door().is_some());
    assert_eq!(
        refused(&play, CHAIR, &admit(EXPERT)),
        Code::NoticeNotAcknowledged
    );
}

#[test]
fn r19_the_notice_of_this_session_comes_before_admission() {
    let mut play = opened();
    play.enter(CHAIR).unwrap();
    play.arrive(APPLICANT).unwrap();
    let other = Command::AcknowledgeNotice {
        notice: "older".to_owned(),
    };
    assert_eq!(refused(&play, APPLICANT, &other), Code::NoticeVersion);
    play.act(APPLICANT, &Command::RefuseNotice {}).unwrap();
    for command in [begin_check(APPLICANT), admit(APPLICANT)] {
        assert_eq!(refused(&play, CHAIR, &command), Code::NoticeRefused);
    }
}

#[test]
fn r19_refusing_the_notice_leaves_the_way_to_an_on_site_survey() {
    let mut play = opened();
    play.enter(CHAIR).unwrap();
    play.arrive(APPLICANT).unwrap();
    play.act(APPLICANT, &Command::RefuseNotice {}).unwrap();
    let end = Command::End {
        case: None,
        ending: Ending::SwitchOnSite,
        reason: "申请人选择现场勘验".to_owned(),
        next_step: "三个工作日内现场勘验".to_owned(),
        contact: "010-00000000".to_owned(),
    };
    play.act(CHAIR, &end).unwrap();
    assert_eq!(play.session.stage_name(), "ended");
}

#[test]
fn r22_nothing_counts_against_an_applicant_whom_the_network_keeps_away() {
    let mut play = surveyed().unwrap();
    play.report(&lost(APPLICANT)).unwrap();
    let failed = play.conclude(SurveyOutcome::Failed);
    let rectify = Command::End {
        case: None,
        ending: Ending::Rectify {
            by: "2026-12-05".to_owned(),
        },
        reason: "r".to_owned(),
        next_step: "n".to_owned(),
        contact: "c".to_owned(),
    };
    let remove = Command::Remove {
        person: person(APPLICANT),
    };
    for command in [failed, rectify, remove] {
        assert_eq!(refused(&play, CHAIR, &command), Code::ApplicantNetworkDown);
    }
    assert_eq!(
        play.report(&removed(APPLICANT)).unwrap_err().code,
        Code::ApplicantNetworkDown
    );
    assert!(play.ask(CHAIR, &suspend()).is_ok());
    assert!(
        play.ask(CHAIR, &play.conclude(SurveyOutcome::Passed))
            .is_ok()
    );
}

#[test]
fn r22_no_refused_signature_is_noted_while_the_network_is_down() {
    let mut play = crate::testing::concluded().unwrap();
    play.act(CHAIR, &Command::PrepareRecord {}).unwrap();
    play.report(&lost(APPLICANT)).unwrap();
    let note = Command::NoteSignatureRefused {
        person: person(APPLICANT),
        reason: "未签名".to_owned(),
    };
    assert_eq!(refused(&play, CHAIR, &note), Code::ApplicantNetworkDown);
    play.report(&restored(APPLICANT)).unwrap();
    assert!(play.ask(CHAIR, &note).is_ok());
}

#[test]
fn r22_a_refusal_is_neither_sealed_nor_announced_while_the_network_is_down() {
    let mut play = signed().unwrap();
    let decision = refuse();
    play.act(
        CHAIR,
        &Command::DraftDecision {
            case: None,
            decision,
        },
    )
    .unwrap();
    play.report(&lost(APPLICANT)).unwrap();
    let seal = Command::SealDecision {
        case: None,
        content_digest: "c0".repeat(32),
    };
    assert_eq!(refused(&play, CHAIR, &seal), Code::ApplicantNetworkDown);
    play.report(&restored(APPLICANT)).unwrap();
    play.act(CHAIR, &seal).unwrap();
    play.report(&lost(APPLICANT)).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &Command::Announce {}),
        Code::ApplicantNetworkDown
    );
}

#[test]
fn r22_coming_back_on_another_device_is_still_away_until_admitted() {
    let mut play = surveyed().unwrap();
    play.report(&lost(APPLICANT)).unwrap();
    let arrived = Report::Arrived {
        person: person(APPLICANT),
        seat: SeatId("phone".to_owned()),
        device: String::new(),
    };
    play.report(&arrived).unwrap();
    let failed = play.conclude(SurveyOutcome::Failed);
    assert_eq!(refused(&play, CHAIR, &failed), Code::ApplicantNetworkDown);
    // Leaving is an act; absence by choice protects nobody from a result.
    play.act(APPLICANT, &Command::Leave {}).unwrap();
    assert!(play.ask(CHAIR, &failed).is_ok());
}

#[test]
fn r29_recording_is_the_servers_and_its_end_suspends() {
    let mut play = live().unwrap();
    let stopped = Report::RecordingStopped {
        detail: "disk full".to_owned(),
    };
    let batch = play.report(&stopped).unwrap();
    assert!(matches!(
        batch.last(),
        Some(Event::Suspended(Suspension::RecordingStopped { .. }))
    ));
    assert_eq!(
        refused(&play, CHAIR, &Command::Resume {}),
        Code::RecordingNotRunning
    );
    play.report(&Report::RecordingStarted).unwrap();
    play.act(CHAIR, &Command::Resume {}).unwrap();
    // Not one command in the protocol names the recording.
    let text = serde_json::json!({"type": "recording_stopped", "detail": ""});
    assert!(serde_json::from_value::<Command>(text).is_err());
}

#[test]
fn r29_no_session_starts_unrecorded() {
    let mut play = Play::of(scheduled()).unwrap();
    play.act(CHAIR, &OPEN).unwrap();
    play.enter(CHAIR).unwrap();
    play.enter(SURVEYOR_1).unwrap();
    assert_eq!(
        refused(&play, CHAIR, &Command::Start {}),
        Code::RecordingNotRunning
    );
}

#[test]
fn an_unknown_clock_opens_the_lobby_only_by_the_chairs_reason() {
    let mut play = Play::of(scheduled()).unwrap();
    play.clock = None;
    assert_eq!(refused(&play, CHAIR, &OPEN), Code::ClockNotSynchronised);
    let command = Command::OpenLobby {
        clock_override: Some("已与授时中心核对".to_owned()),
    };
    assert_eq!(refused(&play, EXPERT, &command), Code::NotAllowed);
    play.act(CHAIR, &command).unwrap();
    assert!(matches!(play.session.clock, Some(Clock::Overridden { .. })));
}

#[test]
fn presence_is_by_person_two_surveyors_share_a_tablet() {
    let mut play = opened();
    play.enter(CHAIR).unwrap();
    for who in [SURVEYOR_1, SURVEYOR_2] {
        let arrived = Report::Arrived {
            person: person(who),
            seat: SeatId("tablet".to_owned()),
            device: "tablet".to_owned(),
        };
        play.report(&arrived).unwrap();
        play.acknowledge_notice(who).unwrap();
        play.act(CHAIR, &begin_check(who)).unwrap();
        play.act(CHAIR, &confirm(who, IdentityMethod::IdCard, None))
            .unwrap();
        play.act(CHAIR, &admit(who)).unwrap();
        play.show_credential(who).unwrap();
    }
    assert_eq!(play.session.live_staff(&play.facts()).len(), 3);
    assert_eq!(play.session.seats().len(), 2);
    play.act(SURVEYOR_1, &Command::Leave {}).unwrap();
    assert_eq!(play.session.live_staff(&play.facts()).len(), 2);
}

#[rstest]
#[case(Command::Say { scope: crate::event::ChatScope::Room, text: "x".to_owned() })]
#[case(Command::RaiseHand {})]
#[case(Command::ChangeMedia { microphone: true, camera: false, screen: false })]
#[case(Command::Leave {})]
fn a_supervisor_watches_and_does_nothing_else(#[case] command: Command) {
    let play = live().unwrap();
    match play.ask(SUPERVISOR, &command) {
        Ok(events) => assert!(matches!(events[0], Event::Departed { .. })),
        Err(refusal) => assert_eq!(refusal.code, Code::NotAllowed),
    }
    let remove = Command::Remove {
        person: person(SUPERVISOR),
    };
    assert_eq!(refused(&play, CHAIR, &remove), Code::NotAllowed);
}

#[test]
fn a_stranger_can_do_nothing() {
    let play = live().unwrap();
    for command in [Command::Leave {}, Command::RaiseHand {}, Command::Close {}] {
        assert_eq!(refused(&play, STRANGER, &command), Code::NotAParticipant);
    }
    assert!(matches!(play.session.stage, Stage::Live(_)));
}
