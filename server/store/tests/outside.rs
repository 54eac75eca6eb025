//! Status look-ups and calendars: what leads where, and for how long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use kanjie_domain::case::{Appointed, Listed, Slot};
use kanjie_domain::{PersonId, Role};
use kanjie_store::{
    IndexChange, NewNotice, NewStatusRequest, Occasion, Revision, StatusCheck, Store,
};
use rstest::rstest;
use support::{Engine, Place};

async fn with_session(engine: Engine) -> (Place, Store) {
    let (place, store) = support::fresh(engine).await;
    store.add_person(&support::person("p")).await.unwrap();
    support::session(&store, "s", &["p"]).await;
    (place, store)
}

async fn ask(store: &Store, asked_for: u8) {
    store
        .ask_status(&NewStatusRequest {
            asked_for: [asked_for; 32],
            case_no: String::from("no-s"),
            phone: String::from("13800000000"),
            code_hash: [0; 32],
            expires_at: 100,
            attempts: 2,
        })
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn a_code_is_right_once_and_only_where_a_case_was_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (place, store) = with_session(engine).await;
    ask(&store, 1).await;
    ask(&store, 2).await;
    assert_eq!(store.waiting_status(50, 9).await.unwrap().len(), 2);
    let notice = NewNotice {
        recipient: String::from("13800000000"),
        session: Some(String::from("s")),
        ..NewNotice::default()
    };
    let case = Some("case-of-s");
    let found = store.status_looked_up(&[1; 32], case, &[7; 32], Some(&notice));
    found.await.unwrap();
    let nothing = store.status_looked_up(&[2; 32], None, &[7; 32], None);
    nothing.await.unwrap();
    assert!(store.waiting_status(50, 9).await.unwrap().is_empty());
    assert_eq!(store.notices_of_case("case-of-s").await.unwrap().len(), 1);
    let dump = format!("{:?}", place.dump(&["status_requests"]).await);
    assert!(!dump.contains("13800000000"), "the phone was kept: {dump}");
    let attempt = async |asked_for: u8, code: u8, now| {
        let code_hash = [code; 32];
        let asked_for = [asked_for; 32];
        store.try_status(&asked_for, &code_hash, now).await.unwrap()
    };
    let wrong = |attempts_left| StatusCheck::Wrong { attempts_left };
    // The code that nobody was sent is wrong like any other.
    assert_eq!(attempt(2, 7, 50).await, wrong(1));
    assert_eq!(attempt(2, 7, 50).await, wrong(0));
    assert_eq!(attempt(2, 7, 50).await, StatusCheck::Absent);
    assert_eq!(attempt(1, 8, 50).await, wrong(1));
    assert_eq!(attempt(1, 7, 100).await, StatusCheck::Absent);
    let right = StatusCheck::Right {
        case: String::from("case-of-s"),
    };
    assert_eq!(attempt(1, 7, 99).await, right);
    assert_eq!(attempt(1, 7, 99).await, StatusCheck::Absent);
    store.clear_status(100).await.unwrap();
    assert_eq!(
        place.dump(&["status_requests"]).await,
        [Vec::<String>::new()]
    );
}

#[rstest]
#[tokio::test]
async fn number_and_phone_belong_together_where_the_person_applies(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = with_session(engine).await;
    let mut other = support::person("q");
    other.phone = String::from("13900000000");
    store.add_person(&other).await.unwrap();
    let of = async |number: &str, phone: &str| {
        let found = store.status_case(number, phone).await.unwrap();
        found.map(|(case, session)| (case, session.unwrap()))
    };
    let own = (String::from("case-of-s"), String::from("s"));
    assert_eq!(of("no-s", "13800000000").await, Some(own));
    assert_eq!(of("no-s", "13900000000").await, None);
    assert_eq!(of("no-t", "13800000000").await, None);
    let standing = store.case_standing("case-of-s").await.unwrap().unwrap();
    assert_eq!(standing.session, Some((String::from("scheduled"), 5)));
    assert_eq!((standing.case_no.as_str(), standing.stage), ("no-s", None));
    let recused = IndexChange::Recused {
        case: String::from("case-of-s"),
        person: PersonId(String::from("p")),
    };
    support::change(&store, recused).await;
    assert_eq!(of("no-s", "13800000000").await, None);
}

#[rstest]
#[tokio::test]
async fn a_calendar_has_one_address_and_counts_what_changed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = with_session(engine).await;
    let person = PersonId(String::from("p"));
    store.set_feed(&person, &[1; 32], 10).await.unwrap();
    store.set_feed(&person, &[2; 32], 11).await.unwrap();
    assert_eq!(store.feed(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.feed(&[2; 32]).await.unwrap(), Some(person.clone()));
    store.end_feed(&person).await.unwrap();
    assert_eq!(store.feed(&[2; 32]).await.unwrap(), None);
    let tell =
        async |content: u8, now| store.tell(&person, "s", &[content; 32], now).await.unwrap();
    let told = |sequence, changed_at| Revision {
        sequence,
        changed_at,
    };
    assert_eq!(tell(1, 20).await, told(0, 20));
    assert_eq!(tell(1, 30).await, told(0, 20));
    assert_eq!(tell(2, 40).await, told(1, 40));
    let shown = async || store.appointments(&person, 0, 9).await.unwrap();
    assert!(!shown().await[0].called_off);
    assert_eq!(store.appointments(&person, 6, 9).await.unwrap(), []);
    let closed = IndexChange::Closed {
        session: String::from("s"),
        at: 4,
    };
    support::change(&store, closed).await;
    assert!(shown().await[0].called_off, "it closed before it began");
}

/// A case whose survey has that appointment, and in which these people have a part.
async fn appointed(store: &Store, stands: bool, people: &[(&str, Role)]) {
    let listed = Listed {
        appointment: Some(Appointed {
            slot: Slot { from: 3, until: 4 },
            stands,
        }),
        people: people
            .iter()
            .map(|(person, role)| (PersonId((*person).to_owned()), BTreeSet::from([*role])))
            .collect(),
        ..support::listed("no-of-c", "accepted")
    };
    support::list(store, "c", listed).await;
}

#[rstest]
#[tokio::test]
async fn a_calendar_has_the_appointments_of_cases_for_whoever_meets_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = with_session(engine).await;
    let (id, case_no) = (String::from("c"), String::from("no-of-c"));
    support::change(&store, IndexChange::Case { id, case_no }).await;
    let shown = async |person: &str| {
        let person = PersonId(person.to_owned());
        let shown = store.appointments(&person, 0, 9).await.unwrap();
        let shown = shown
            .into_iter()
            .map(|of| (of.id, of.ends_at, of.called_off));
        shown.collect::<Vec<_>>()
    };
    let of = |called_off| (String::from("c"), Some(4), called_off);
    let session = (String::from("s"), None, false);
    let everybody = [
        ("p", Role::Applicant),
        ("staff", Role::Surveyor),
        ("expert", Role::Expert),
        ("party", Role::InterestedParty),
    ];
    appointed(&store, true, &everybody).await;
    assert_eq!(shown("p").await, [of(false), session.clone()]);
    assert_eq!(shown("staff").await, [of(false)]);
    for other in ["expert", "party", "stranger"] {
        assert_eq!(shown(other).await, [], "{other}");
    }
    let person = PersonId(String::from("p"));
    let first = store.appointments(&person, 0, 1).await.unwrap();
    assert_eq!(first[0].occasion, Occasion::Survey);
    assert_eq!(store.appointments(&person, 4, 9).await.unwrap().len(), 1);
    appointed(&store, false, &everybody).await;
    assert_eq!(shown("p").await, [of(true), session.clone()]);
    // Who was told of it and has no part any more is told that it is off.
    appointed(&store, true, &everybody).await;
    store.tell(&person, "c", &[1; 32], 20).await.unwrap();
    appointed(&store, true, &everybody[1..]).await;
    assert_eq!(shown("p").await, [of(true), session]);
}
