//! What lists show of a case.

use std::collections::BTreeSet;

use super::play::{AGENT, APPLICANT, APPROVER, CasePlay, EXPERT, HANDLER, MONDAY, written};
use crate::calendar::Calendar;
use crate::case::{CaseCommand, ExcludedCause, Listed, Part, Slot};
use crate::event::DecisionKind;
use crate::people::{PersonId, Role};
use crate::testing::person;

const DAY_US: i64 = 24 * 3_600 * 1_000_000;

fn listed(play: &CasePlay) -> Listed {
    Listed::of(&play.case, &play.calendar)
}

fn due(play: &CasePlay) -> Option<String> {
    listed(play).due_on.map(|day| day.to_string())
}

#[test]
fn what_is_due_next_follows_the_stage() {
    let some = |day: &str| Some(day.to_owned());
    assert_eq!(due(&CasePlay::opened()), None);
    assert_eq!(due(&CasePlay::received_without(&[])), some("2026-03-09"));
    assert_eq!(due(&CasePlay::accepted()), some("2026-03-30"));
    // To publish comes before to serve.
    assert_eq!(
        due(&CasePlay::decided(DecisionKind::Granted)),
        some("2026-03-11")
    );
    assert_eq!(due(&CasePlay::closed()), None);
}

#[test]
fn r07_what_stands_still_is_due_as_if_it_stood_for_all_that_was_told() {
    let mut play = CasePlay::accepted();
    let cause = ExcludedCause::Testing;
    let tell = CaseCommand::TellExcludedPeriod {
        cause,
        days: 6,
        notice: written(),
    };
    play.act(HANDLER, &tell).unwrap();
    play.act(HANDLER, &CaseCommand::StopClock { cause })
        .unwrap();
    let told = due(&play);
    assert_eq!(told.as_deref(), Some("2026-04-08"));
    // It went on sooner.
    play.to("2026-03-04");
    play.act(HANDLER, &CaseCommand::ResumeClock {}).unwrap();
    assert_eq!(due(&play).as_deref(), Some("2026-04-01"));
}

#[test]
fn r04_without_a_holiday_table_nothing_is_said_of_days() {
    let play = CasePlay::accepted();
    let empty = Calendar::new([]).unwrap();
    let listed = Listed::of(&play.case, &empty);
    assert_eq!((listed.stage.as_str(), listed.due_on), ("accepted", None));
}

#[test]
fn r16_whoever_stepped_aside_has_no_part() {
    let mut play = CasePlay::accepted();
    let staff = |who: &str, role| CaseCommand::AssignStaff {
        person: person(who),
        role,
    };
    play.act(APPROVER, &staff(HANDLER, Role::Surveyor)).unwrap();
    play.act(APPROVER, &staff(APPROVER, Role::Approver))
        .unwrap();
    let parts = |play: &CasePlay| -> Vec<(PersonId, BTreeSet<Role>)> {
        listed(play).people.into_iter().collect()
    };
    let one = |who: &str, role| (person(who), BTreeSet::from([role]));
    assert_eq!(
        parts(&play),
        [
            one(AGENT, Role::Agent),
            one(APPLICANT, Role::Applicant),
            one(APPROVER, Role::Approver),
            one(HANDLER, Role::Surveyor)
        ]
    );
    let aside = CaseCommand::RecordRecusal {
        person: person(HANDLER),
        reason: "近亲属（示例）".to_owned(),
    };
    play.act(HANDLER, &aside).unwrap();
    assert!(!listed(&play).people.contains_key(&person(HANDLER)));
    assert!(!listed(&play).people.contains_key(&person(EXPERT)));
}

#[test]
fn the_lead_department_has_the_case_and_before_it_the_authority() {
    let mut play = CasePlay::opened();
    let first = listed(&play);
    assert_eq!(first.department, play.case.brief.authority);
    assert_eq!(first.item.as_deref(), Some("food_catering"));
    assert_eq!(first.began_at, super::play::morning(MONDAY));
    for (department, part) in [
        ("示例区卫生健康委员会", Part::Joining),
        ("示例区市场监督管理局", Part::Lead),
    ] {
        let department = department.to_owned();
        play.act(APPROVER, &CaseCommand::JoinDepartment { department, part })
            .unwrap();
    }
    assert_eq!(listed(&play).department, "示例区市场监督管理局");
}

#[test]
fn an_appointment_stands_until_it_is_called_off_or_has_its_session() {
    let slot = |from: i64| Slot {
        from,
        until: from + 3_600_000_000,
    };
    let stands = |play: &CasePlay| listed(play).appointment.map(|of| (of.slot, of.stands));
    let mut play = CasePlay::accepted();
    let (first, second) = (slot(play.now + DAY_US), slot(play.now + 2 * DAY_US));
    let confirm = |play: &mut CasePlay, slot| {
        let offer = CaseCommand::OfferAppointment { slots: vec![slot] };
        play.act(HANDLER, &offer).unwrap();
        let before = stands(play);
        let confirm = CaseCommand::ConfirmAppointment { slot };
        play.act(APPLICANT, &confirm).unwrap();
        before
    };
    assert_eq!(confirm(&mut play, first), None);
    assert_eq!(stands(&play), Some((first, true)));
    let cancel = CaseCommand::CancelAppointment {
        reason: "示例".to_owned(),
    };
    play.act(APPLICANT, &cancel).unwrap();
    assert_eq!(stands(&play), Some((first, false)));
    // Offered again, nothing stands before it is confirmed.
    assert_eq!(confirm(&mut play, second), Some((first, false)));
    assert_eq!(stands(&play), Some((second, true)));
    let schedule = CaseCommand::ScheduleSession {
        session: "s-1".to_owned(),
        items: Vec::new(),
    };
    play.act(HANDLER, &schedule).unwrap();
    assert_eq!(stands(&play), Some((second, false)));
}
