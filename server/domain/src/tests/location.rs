//! R20, R23, and the staff on the site (R13, R15): the channel and the place.

use rstest::rstest;

use super::{is_quorum_lost, lost, refused, restored};
use crate::command::Command;
use crate::event::{Ending, Event, EvidenceKind, Mode, Position, SurveyOutcome};
use crate::refusal::Code;
use crate::session::{Outcome, Session};
use crate::site::{Site, Whereabouts};
use crate::survey_record;
use crate::testing::{
    AGENT, APPLICANT, CHAIR, EXPERT, HELPER, Play, REVIEWER, SUPERVISOR, SURVEYOR_1, SURVEYOR_2,
    concluded, grant, live, lobby, person, scheduled, sealed, signed, surveyed,
};

const SITE: Site = Site {
    lat_e7: 391_000_000,
    lon_e7: 1_172_000_000,
    fence_m: 200,
};

fn ask() -> Command {
    Command::AskOnSite {
        reason: "希望现场查看".to_owned(),
    }
}

fn end(ending: Ending) -> Command {
    Command::End {
        case: None,
        ending,
        reason: "申请人要求".to_owned(),
        next_step: "预约现场勘验".to_owned(),
        contact: "010-00000000".to_owned(),
    }
}

fn go(whereabouts: Whereabouts) -> Command {
    Command::ChangeWhereabouts { whereabouts }
}

/// A position this many 1e-7 degrees (about a centimetre each) north of the site.
fn north(lat: i64, accuracy_m: u32) -> Position {
    Position {
        lat_e7: SITE.lat_e7 + lat,
        lon_e7: SITE.lon_e7,
        accuracy_m,
    }
}

fn report(position: Position) -> Command {
    Command::ReportPosition { position }
}

fn pass(of: &str) -> Command {
    Command::OverrideLocation {
        of: person(of),
        reason: "室内定位不准，门头与地址已核对".to_owned(),
    }
}

/// The session of this play at this registered site.
fn at_site(mut play: Play) -> Play {
    play.session.scheduled.site = Some(SITE);
    play
}

fn wanting(mut play: Play, staff_on_site: u8) -> Play {
    play.session.scheduled.template.settings.staff_on_site = staff_on_site;
    play
}

#[rstest]
#[case::applicant(APPLICANT, Ok(()))]
#[case::agent(AGENT, Ok(()))]
#[case::helper(HELPER, Err(Code::NotAllowed))]
#[case::surveyor(SURVEYOR_1, Err(Code::NotAllowed))]
#[case::supervisor(SUPERVISOR, Err(Code::NotAllowed))]
fn r20_the_applicants_side_asks_at_any_time(#[case] who: &str, #[case] may: Result<(), Code>) {
    let mut deliberating = surveyed().unwrap();
    deliberating
        .act(CHAIR, &Command::BeginDeliberation {})
        .unwrap();
    let moments = [
        lobby().unwrap(),
        live().unwrap(),
        deliberating,
        concluded().unwrap(),
        signed().unwrap(),
    ];
    for play in moments {
        let got = play.ask(who, &ask());
        assert_eq!(got.map(|_| ()).map_err(|refusal| refusal.code), may);
    }
}

#[test]
fn r20_asked_at_the_door_too_and_once() {
    let mut play = lobby().unwrap();
    play.act(APPLICANT, &Command::Leave {}).unwrap();
    assert_eq!(refused(&play, APPLICANT, &ask()), Code::NotPresent);
    play.arrive(APPLICANT).unwrap();
    play.act(APPLICANT, &ask()).unwrap();
    assert_eq!(refused(&play, AGENT, &ask()), Code::AlreadyExists);
}

#[test]
fn r20_what_was_asked_stops_every_result_until_the_chair_switches() {
    let mut play = surveyed().unwrap();
    play.act(APPLICANT, &ask()).unwrap();
    let conclude = play.conclude(SurveyOutcome::Passed);
    assert_eq!(refused(&play, CHAIR, &conclude), Code::OnSiteAsked);
    let by = "2026-12-05".to_owned();
    for ending in [
        Ending::Rectify { by: by.clone() },
        Ending::Resurvey { by },
        Ending::Hearing,
    ] {
        assert_eq!(refused(&play, CHAIR, &end(ending)), Code::OnSiteAsked);
    }
    play.act(CHAIR, &end(Ending::SwitchOnSite)).unwrap();
    let outcome = play.matter().outcome.as_ref();
    assert!(matches!(
        outcome,
        Some(Outcome::Ending {
            ending: Ending::SwitchOnSite,
            ..
        })
    ));
}

#[test]
fn r20_asked_after_the_conclusion_it_stops_the_seal() {
    let mut play = signed().unwrap();
    play.act(AGENT, &ask()).unwrap();
    play.act(
        CHAIR,
        &Command::DraftDecision {
            case: None,
            decision: grant(),
        },
    )
    .unwrap();
    let seal = Command::SealDecision {
        case: None,
        content_digest: "c0".repeat(32),
    };
    assert_eq!(refused(&play, CHAIR, &seal), Code::OnSiteAsked);
    play.act(APPLICANT, &Command::WithdrawOnSite {}).unwrap();
    assert!(play.ask(CHAIR, &seal).is_ok());
    assert_eq!(
        refused(&sealed().unwrap(), APPLICANT, &ask()),
        Code::AlreadySealed
    );
}

#[test]
fn r20_steps_already_done_stay_valid() {
    let mut play = surveyed().unwrap();
    let (answers, evidence) = (play.session.answers.clone(), play.session.evidence.clone());
    play.act(APPLICANT, &ask()).unwrap();
    play.act(CHAIR, &end(Ending::SwitchOnSite)).unwrap();
    assert_eq!(play.session.answers, answers);
    assert_eq!(play.session.evidence, evidence);
    let next =
        crate::resurvey_scheduled(&play.session, "case-1", "on-site", Mode::OnSite, play.now)
            .unwrap();
    assert_eq!(next.resurvey.unwrap().carried.len(), answers.len());
}

#[test]
fn r20_withdrawn_by_the_applicants_side_alone_and_shown_in_the_record() {
    let mut play = surveyed().unwrap();
    let withdraw = Command::WithdrawOnSite {};
    assert_eq!(refused(&play, APPLICANT, &withdraw), Code::NotAsked);
    let asked_at = play.now;
    play.act(APPLICANT, &ask()).unwrap();
    assert_eq!(refused(&play, CHAIR, &withdraw), Code::NotAllowed);
    let withdrawn_at = play.now;
    play.act(APPLICANT, &withdraw).unwrap();
    let conclude = play.conclude(SurveyOutcome::Passed);
    play.act(CHAIR, &conclude).unwrap();
    let record = survey_record(&play.session).unwrap();
    let [line] = &record.place.requests[..] else {
        panic!("{:?}", record.place);
    };
    assert_eq!((line.at, line.withdrawn_at), (asked_at, Some(withdrawn_at)));
    assert_eq!(line.reason, "希望现场查看");
}

#[test]
fn r20_a_session_on_site_has_nothing_to_switch() {
    let mut play = live().unwrap();
    play.session.scheduled.mode = Mode::OnSite;
    assert_eq!(refused(&play, APPLICANT, &ask()), Code::NotAllowed);
}

#[rstest]
#[case::nobody_asked_for(0, &[], Ok(()))]
#[case::one_wanted(1, &[], Err(Code::StaffNotOnSite))]
#[case::one_there(1, &[SURVEYOR_1], Ok(()))]
#[case::two_wanted(2, &[SURVEYOR_1], Err(Code::StaffNotOnSite))]
#[case::two_there(2, &[SURVEYOR_1, REVIEWER], Ok(()))]
fn r13_as_many_staff_on_the_site_as_the_item_wants(
    #[case] wanted: u8,
    #[case] there: &[&str],
    #[case] starts: Result<(), Code>,
) {
    let mut play = wanting(lobby().unwrap(), wanted);
    for who in there {
        play.act(who, &go(Whereabouts::OnSite)).unwrap();
    }
    let got = play.ask(CHAIR, &Command::Start {});
    assert_eq!(got.map(|_| ()).map_err(|refusal| refusal.code), starts);
}

#[test]
fn r13_the_refusal_names_the_live_staff_who_are_not_on_the_site() {
    let mut play = wanting(lobby().unwrap(), 2);
    play.act(SURVEYOR_1, &go(Whereabouts::OnSite)).unwrap();
    let refusal = play.ask(CHAIR, &Command::Start {}).unwrap_err();
    assert_eq!(refusal.code, Code::StaffNotOnSite);
    assert_eq!(refusal.missing, [CHAIR, SURVEYOR_2, REVIEWER]);
}

#[test]
fn r14_an_expert_on_the_site_is_no_staff_there() {
    let play = wanting(lobby().unwrap(), 1);
    assert_eq!(
        refused(&play, EXPERT, &go(Whereabouts::OnSite)),
        Code::NotAllowed
    );
}

#[test]
fn r13_said_when_the_credential_is_shown() {
    let mut play = wanting(lobby().unwrap(), 1);
    play.act(SURVEYOR_1, &Command::Leave {}).unwrap();
    play.arrive(SURVEYOR_1).unwrap();
    play.acknowledge_notice(SURVEYOR_1).unwrap();
    let id = person(SURVEYOR_1);
    let check = Command::BeginIdentityCheck { person: id.clone() };
    play.act(CHAIR, &check).unwrap();
    let confirm = Command::ConfirmIdentity {
        person: id.clone(),
        method: crate::event::IdentityMethod::StaffCredential,
        last_four: "0001".to_owned(),
        authorisation: None,
    };
    play.act(CHAIR, &confirm).unwrap();
    play.act(CHAIR, &Command::Admit { person: id }).unwrap();
    let shown = Command::ShowCredential {
        number_last_four: "0001".to_owned(),
        whereabouts: Whereabouts::OnSite,
    };
    play.act(SURVEYOR_1, &shown).unwrap();
    assert!(play.ask(CHAIR, &Command::Start {}).is_ok());
}

#[test]
fn r15_leaving_the_site_suspends_and_coming_back_resumes() {
    let mut play = wanting(lobby().unwrap(), 1);
    play.act(SURVEYOR_1, &go(Whereabouts::OnSite)).unwrap();
    play.act(CHAIR, &Command::Start {}).unwrap();
    let batch = play.act(SURVEYOR_1, &go(Whereabouts::Remote)).unwrap();
    assert!(is_quorum_lost(&batch[1]), "{batch:?}");
    let back = play.act(SURVEYOR_1, &go(Whereabouts::OnSite)).unwrap();
    assert_eq!(back[1], Event::Resumed);
    let gone = play.report(&lost(SURVEYOR_1)).unwrap();
    assert!(is_quorum_lost(&gone[1]), "{gone:?}");
    let back = play.report(&restored(SURVEYOR_1)).unwrap();
    assert_eq!(back[1], Event::Resumed);
}

#[test]
fn r13_the_conclusion_confirms_the_staff_on_the_site() {
    let mut play = wanting(surveyed().unwrap(), 0);
    play.act(SURVEYOR_1, &go(Whereabouts::OnSite)).unwrap();
    let mut play = wanting(play, 1);
    let with = |present: &[&str]| Command::Conclude {
        case: None,
        outcome: SurveyOutcome::Passed,
        text: "结论".to_owned(),
        present: present.iter().map(|who| person(who)).collect(),
    };
    let without = with(&[CHAIR, SURVEYOR_2]);
    assert_eq!(refused(&play, CHAIR, &without), Code::StaffNotOnSite);
    play.act(CHAIR, &with(&[CHAIR, SURVEYOR_1])).unwrap();
    let record = survey_record(&play.session).unwrap();
    assert_eq!(record.place.on_site, [person(SURVEYOR_1)]);
}

#[test]
fn r23_beyond_the_fence_survey_acts_stop_until_two_staff_give_reasons() {
    let mut play = at_site(surveyed().unwrap());
    play.act(SURVEYOR_1, &report(north(50_000, 10))).unwrap();
    let answer = Command::AnswerItem {
        answer: play.met("F01"),
    };
    let still = play.still(SURVEYOR_2, EvidenceKind::Photo);
    let conclude = play.conclude(SurveyOutcome::Passed);
    let acts = [
        (SURVEYOR_2, &answer),
        (SURVEYOR_2, &still),
        (CHAIR, &conclude),
    ];
    let all_stopped = |play: &Play| {
        acts.iter()
            .all(|(who, act)| refused(play, who, act) == Code::LocationDeviation)
    };
    assert!(all_stopped(&play));
    play.act(SURVEYOR_1, &pass(SURVEYOR_1)).unwrap();
    assert!(all_stopped(&play));
    // The same person's second reason is no second person.
    assert_eq!(
        refused(&play, SURVEYOR_1, &pass(SURVEYOR_1)),
        Code::AlreadyExists
    );
    play.act(CHAIR, &pass(SURVEYOR_1)).unwrap();
    for (who, act) in acts {
        play.ask(who, act).unwrap();
    }
    play.act(CHAIR, &conclude).unwrap();
    let record = survey_record(&play.session).unwrap();
    let [line] = &record.place.deviations[..] else {
        panic!("{:?}", record.place);
    };
    assert_eq!((line.metres, line.overrides.len()), (566, 2));
}

#[rstest]
#[case(EXPERT)]
#[case(APPLICANT)]
#[case(SUPERVISOR)]
fn r23_only_staff_override_and_with_a_reason(#[case] who: &str) {
    let mut play = at_site(live().unwrap());
    assert_eq!(refused(&play, CHAIR, &pass(SURVEYOR_1)), Code::NoDeviation);
    play.act(SURVEYOR_1, &report(north(50_000, 10))).unwrap();
    assert_eq!(refused(&play, who, &pass(SURVEYOR_1)), Code::NotAllowed);
    let mute = Command::OverrideLocation {
        of: person(SURVEYOR_1),
        reason: " ".to_owned(),
    };
    assert_eq!(refused(&play, CHAIR, &mute), Code::TextMissing);
}

#[test]
fn r23_the_reasons_of_one_who_is_recused_do_not_count() {
    let mut play = at_site(live().unwrap());
    play.act(SURVEYOR_1, &report(north(50_000, 10))).unwrap();
    for who in [SURVEYOR_2, CHAIR] {
        play.act(who, &pass(SURVEYOR_1)).unwrap();
    }
    let answer = Command::AnswerItem {
        answer: play.met("F01"),
    };
    assert!(play.ask(SURVEYOR_1, &answer).is_ok());
    play.case.recused.insert(person(SURVEYOR_2));
    assert_eq!(refused(&play, SURVEYOR_1, &answer), Code::LocationDeviation);
}

#[test]
fn r23_back_inside_the_survey_goes_on_by_itself() {
    let mut play = at_site(live().unwrap());
    play.act(SURVEYOR_1, &report(north(0, 900))).unwrap();
    let answer = Command::AnswerItem {
        answer: play.met("F01"),
    };
    assert_eq!(refused(&play, SURVEYOR_1, &answer), Code::LocationDeviation);
    play.act(SURVEYOR_1, &report(north(5_000, 8))).unwrap();
    assert!(play.ask(SURVEYOR_1, &answer).is_ok());
    let history = &play.session.deviations;
    assert_eq!(history.len(), 1);
    assert!(history[0].until.is_some());
}

#[rstest]
#[case::no_further(55_000, Ok(()))]
#[case::much_further(1_000_000, Err(Code::LocationDeviation))]
fn r23_reasons_for_one_place_do_not_cover_another(
    #[case] lat: i64,
    #[case] expected: Result<(), Code>,
) {
    let mut play = at_site(live().unwrap());
    play.act(SURVEYOR_1, &report(north(50_000, 10))).unwrap();
    for who in [SURVEYOR_2, CHAIR] {
        play.act(who, &pass(SURVEYOR_1)).unwrap();
    }
    play.act(SURVEYOR_1, &report(north(lat, 10))).unwrap();
    let answer = Command::AnswerItem {
        answer: play.met("F01"),
    };
    let got = play.ask(SURVEYOR_1, &answer);
    assert_eq!(got.map(|_| ()).map_err(|refusal| refusal.code), expected);
}

#[test]
fn r23_a_still_keeps_its_position_and_the_next_act_stops() {
    let mut play = at_site(live().unwrap());
    let still_at = |play: &mut Play, position: Position| match play
        .still(SURVEYOR_1, EvidenceKind::Exterior)
    {
        Command::TakeEvidence { mut evidence } => {
            evidence.position = Some(position);
            Command::TakeEvidence { evidence }
        }
        other => panic!("{other:?}"),
    };
    let first = still_at(&mut play, north(50_000, 15));
    play.act(SURVEYOR_1, &first).unwrap();
    let kept = play.session.evidence[0].evidence.position.as_ref().unwrap();
    assert_eq!(kept.accuracy_m, 15);
    let away = still_at(&mut play, north(50_000, 15));
    assert_eq!(refused(&play, SURVEYOR_1, &away), Code::LocationDeviation);
    let there = still_at(&mut play, north(1_000, 15));
    play.act(SURVEYOR_1, &there).unwrap();
    assert_eq!(play.session.deviating(&play.facts()), []);
}

#[test]
fn r23_without_a_registered_site_no_position_is_beyond() {
    let mut play = live().unwrap();
    play.act(SURVEYOR_1, &report(north(90_000_000, 10)))
        .unwrap();
    assert_eq!(play.session.deviations, []);
    let nowhere = report(Position {
        lat_e7: 900_000_001,
        ..north(0, 1)
    });
    assert_eq!(refused(&play, SURVEYOR_1, &nowhere), Code::ValueInvalid);
}

/// Journals from before there was a site or whereabouts still read, and are written as they were.
#[test]
fn r23_a_journal_without_a_site_still_reads() {
    let play = lobby().unwrap();
    let text = serde_json::to_string(&play.journal).unwrap();
    assert!(!text.contains("\"site\"") && !text.contains("whereabouts"));
    let entries: Vec<crate::Recorded> = serde_json::from_str(&text).unwrap();
    let session = Session::begin(&entries[0]).unwrap();
    assert_eq!(session.scheduled.site, None);
    assert_eq!(session.scheduled, scheduled());
    let old = r#"{"type":"show_credential","number_last_four":"0001"}"#;
    let old: Command = serde_json::from_str(old).unwrap();
    assert!(matches!(
        old,
        Command::ShowCredential {
            whereabouts: Whereabouts::Remote,
            ..
        }
    ));
}
