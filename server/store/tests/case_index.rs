//! The index of cases follows from the journals: made anew, it is the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use kanjie_domain::case::Listed;
use kanjie_domain::{Calendar, Case, CaseEvent, CaseRecorded, PersonId};
use kanjie_store::{AppendRequest, IndexChange, JournalId, NewEntry, Store};
use rstest::rstest;
use support::Engine;

const FOOD: &str = "示例区市场监督管理局";
const INDEX: [&str; 5] = [
    "case_rows",
    "case_terms",
    "case_counts",
    "case_due_counts",
    "case_people",
];

fn change(id: &str, listed: Listed) -> IndexChange {
    IndexChange::Listed {
        case: id.to_owned(),
        listed: Box::new(listed),
    }
}

/// Written as the server writes them: with each entry what lists show of it.
async fn journalled(store: &Store, case: &str, bodies: &[String], calendar: &Calendar) {
    let journal = JournalId::Case(case.to_owned());
    let mut state: Option<Case> = None;
    for (seq, body) in (0..).zip(bodies) {
        let entry: CaseRecorded = serde_json::from_str(body).unwrap();
        match &mut state {
            None => state = Case::begin(&entry),
            Some(state) => state.evolve(&entry),
        }
        let state = state.as_ref().unwrap();
        let mut index = Vec::new();
        if let CaseEvent::Created { brief } = &entry.event {
            index.push(IndexChange::Case {
                id: case.to_owned(),
                case_no: brief.case_no.clone(),
            });
        }
        index.push(change(case, Listed::of(state, calendar)));
        let new = NewEntry {
            nonce: [1; 32],
            body: body.clone(),
        };
        let request = AppendRequest {
            read: vec![(journal.clone(), seq)],
            write: vec![(journal.clone(), vec![new])],
            index,
        };
        store.append(request).await.unwrap();
    }
}

/// From application to acceptance, with staff of whom one steps aside.
fn bodies(number: i64) -> Vec<String> {
    let at = 1_772_413_200_000_000 + number;
    let guide = r#"{"item":"D01-01-1","version":"示例-1","materials":[],"time":{"notice":5,"decision":20,"extension":10,"service":10,"hearing_window":5,"publication":7,"objection":3},"retention":"ten_years"}"#;
    let events = [
        format!(
            r#"{{"type":"created","brief":{{"case_no":"SL-2026-{number:04}","item_title":"食品经营许可·新办","applicant":"示例云海餐饮有限公司","uscc":"91350100M000100Y43","address":"示例路1号","authority":"示例区行政审批局","contact":"示例"}}}}"#
        ),
        format!(
            r#"{{"type":"application_opened","case":"j{number}","applicant":"p1","agents":["p2"],"guide":{guide}}}"#
        ),
        String::from(r#"{"type":"received","submission":1}"#),
        String::from(
            r#"{"type":"accepted","on":"2026-03-02","route":"complete","slip":{"number":"示例受理〔2026〕1号","pdf_digest":"d","seal":"示例"}}"#,
        ),
        format!(r#"{{"type":"department_joined","department":"{FOOD}","part":"lead"}}"#),
        String::from(r#"{"type":"staff_assigned","person":"p3","role":"surveyor"}"#),
        String::from(r#"{"type":"staff_assigned","person":"p4","role":"approver"}"#),
        String::from(r#"{"type":"recusal_recorded","person":"p4","reason":"近亲属（示例）"}"#),
    ];
    let kept = if number % 2 == 0 { events.len() } else { 3 };
    events[..kept]
        .iter()
        .map(|event| format!(r#"{{"actor":"system","at":{at},"event":{event}}}"#))
        .collect()
}

#[rstest]
#[tokio::test]
async fn the_index_made_anew_from_the_journals_is_the_same(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (place, store) = support::fresh(engine).await;
    let calendar = Calendar::example().unwrap();
    for number in 1..=6 {
        journalled(&store, &format!("j{number}"), &bodies(number), &calendar).await;
    }
    let row = store.case("j4").await.unwrap().unwrap();
    assert_eq!(
        (row.stage.as_str(), row.department.as_str()),
        ("accepted", FOOD)
    );
    assert_eq!(row.due_on.as_deref(), Some("2026-03-30"));
    let waiting = store.case("j3").await.unwrap().unwrap();
    assert_eq!(
        (waiting.stage.as_str(), waiting.due_on.as_deref()),
        ("received", Some("2026-03-09"))
    );
    let p4 = PersonId(String::from("p4"));
    assert_eq!(store.case_roles("j4", &p4).await.unwrap(), BTreeSet::new());

    // A count of nought says what an absent one says.
    for counts in ["case_counts", "case_due_counts"] {
        place
            .execute(&format!("DELETE FROM {counts} WHERE cases = 0"))
            .await;
    }
    let before = place.dump(&INDEX).await;
    assert!(before.iter().all(|table| !table.is_empty()), "{before:?}");
    assert_eq!(store.rebuild_case_index(&calendar).await.unwrap(), 6);
    assert_eq!(place.dump(&INDEX).await, before);

    // What was lost or bent comes back.
    place.execute("UPDATE case_counts SET cases = 99").await;
    place.execute("DELETE FROM case_due_counts").await;
    place.execute("DELETE FROM case_people").await;
    place
        .execute("UPDATE case_rows SET stage = 'closed', due_on = NULL")
        .await;
    store.rebuild_case_index(&calendar).await.unwrap();
    assert_eq!(place.dump(&INDEX).await, before);
}

/// A database from before there was an index gets one with its migration.
#[rstest]
#[tokio::test]
async fn an_empty_index_is_made_by_migrating(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (place, store) = support::fresh(engine).await;
    let calendar = Calendar::example().unwrap();
    journalled(&store, "j2", &bodies(2), &calendar).await;
    for table in [
        "case_terms",
        "case_people",
        "case_rows",
        "case_counts",
        "case_due_counts",
    ] {
        place.execute(&format!("DELETE FROM {table}")).await;
    }
    assert_eq!(store.case("j2").await.unwrap(), None);
    store.migrate().await.unwrap();
    assert_eq!(store.case("j2").await.unwrap().unwrap().stage, "accepted");
}
