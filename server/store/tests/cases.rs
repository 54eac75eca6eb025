//! The index of cases says what the journals say: lists, search, counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use kanjie_domain::case::Listed;
use kanjie_domain::{PersonId, Role};
use kanjie_store::{AppendRequest, CaseFilter, CasePage, DueCursor, IndexChange, Store};
use rstest::rstest;
use support::Engine;

const FOOD: &str = "示例区市场监督管理局";
const HEALTH: &str = "示例区卫生健康委员会";

/// A case without people, begun at that moment.
fn listed(number: i64, applicant: &str, department: &str, stage: &str) -> Listed {
    Listed {
        case_no: format!("SL-2026-{number:04}"),
        item: Some(String::from(if number % 2 == 0 {
            "D01-01-1"
        } else {
            "D01-02-1"
        })),
        item_title: String::from("食品经营许可·新办"),
        department: department.to_owned(),
        applicant: applicant.to_owned(),
        uscc: String::from("91350100M000100Y43"),
        stage: stage.to_owned(),
        began_at: number * 10,
        due_on: None,
        appointment: None,
        people: [].into(),
    }
}

fn change(id: &str, listed: Listed) -> IndexChange {
    IndexChange::Listed {
        case: id.to_owned(),
        listed: Box::new(listed),
    }
}

async fn apply(store: &Store, index: Vec<IndexChange>) {
    store
        .append(AppendRequest {
            index,
            ..AppendRequest::default()
        })
        .await
        .unwrap();
}

async fn make(store: &Store, id: &str, listed: Listed) {
    let case_no = listed.case_no.clone();
    apply(
        store,
        vec![
            IndexChange::Case {
                id: id.to_owned(),
                case_no,
            },
            change(id, listed),
        ],
    )
    .await;
}

/// Cases `c1` … `c40`: every fifth at the health commission, every third granted.
async fn forty(engine: Engine) -> (support::Place, Store) {
    let (place, store) = support::fresh(engine).await;
    for number in 1..=40 {
        let department = if number % 5 == 0 { HEALTH } else { FOOD };
        let stage = if number % 3 == 0 {
            "granted"
        } else {
            "in_review"
        };
        let applicant = if number == 7 {
            "示例云海餐饮有限公司"
        } else {
            "示例长江商贸有限公司"
        };
        make(
            &store,
            &format!("c{number}"),
            listed(number, applicant, department, stage),
        )
        .await;
    }
    (place, store)
}

fn ids(page: &CasePage) -> Vec<&str> {
    page.rows.iter().map(|row| row.id.as_str()).collect()
}

/// Every page of a list, one after another.
async fn all(store: &Store, filter: &CaseFilter, limit: u32) -> Vec<String> {
    let (mut found, mut below) = (Vec::new(), None);
    loop {
        let page = store.cases(filter, below, limit).await.unwrap();
        found.extend(page.rows.into_iter().map(|row| row.id));
        match page.next {
            Some(next) => below = Some(next),
            None => return found,
        }
    }
}

fn of(numbers: impl Iterator<Item = i64>) -> Vec<String> {
    let mut ids: Vec<_> = numbers.map(|number| format!("c{number}")).collect();
    ids.reverse();
    ids
}

#[rstest]
#[tokio::test]
async fn lists_go_newest_first_and_meet_every_condition(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = forty(engine).await;
    let text = |text: &str| Some(text.to_owned());
    let none = CaseFilter::default();
    assert_eq!(all(&store, &none, 7).await, of(1..=40));
    let first = store.cases(&none, None, 3).await.unwrap();
    assert_eq!(ids(&first), ["c40", "c39", "c38"]);

    let granted = CaseFilter {
        stage: text("granted"),
        ..none.clone()
    };
    assert_eq!(
        all(&store, &granted, 4).await,
        of((1..=40).filter(|n| n % 3 == 0))
    );
    let health = CaseFilter {
        department: text(HEALTH),
        ..none.clone()
    };
    assert_eq!(
        all(&store, &health, 3).await,
        of((1..=40).filter(|n| n % 5 == 0))
    );
    let both = CaseFilter {
        stage: text("granted"),
        ..health.clone()
    };
    assert_eq!(
        all(&store, &both, 1).await,
        of((1..=40).filter(|n| n % 15 == 0))
    );
    let item = CaseFilter {
        item: text("D01-01-1"),
        ..both.clone()
    };
    assert_eq!(all(&store, &item, 1).await, ["c30"]);
    let dates = CaseFilter {
        from: Some(100),
        until: Some(200),
        ..none
    };
    assert_eq!(all(&store, &dates, 4).await, of(10..=19));
    let dates = CaseFilter {
        from: Some(100),
        until: Some(200),
        ..health
    };
    assert_eq!(all(&store, &dates, 9).await, ["c15", "c10"]);
    let nothing = CaseFilter {
        stage: text("served"),
        ..CaseFilter::default()
    };
    assert_eq!(all(&store, &nothing, 9).await, [""; 0]);
}

#[rstest]
#[tokio::test]
async fn cases_of_one_moment_each_have_a_place(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    for number in 1..=5 {
        let one = Listed {
            began_at: 70,
            ..listed(number, "示例公司", FOOD, "received")
        };
        make(&store, &format!("c{number}"), one).await;
    }
    assert_eq!(all(&store, &CaseFilter::default(), 2).await, of(1..=5));
    let moment = CaseFilter {
        from: Some(70),
        until: Some(71),
        ..CaseFilter::default()
    };
    assert_eq!(all(&store, &moment, 2).await, of(1..=5));
}

#[rstest]
#[tokio::test]
async fn a_case_is_found_by_number_company_and_words(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = forty(engine).await;
    let other = Listed {
        uscc: String::from("91000000MA0000000X"),
        ..listed(41, "示例别家公司", FOOD, "received")
    };
    make(&store, "c41", other).await;
    let ask = |text: &str| CaseFilter {
        question: Some(text.to_owned()),
        ..CaseFilter::default()
    };
    for question in [
        "SL-2026-0007",
        "sl 2026 0007",
        "０００７",
        "云海",
        "海餐饮",
        "云海 食品经营",
        "海 云",
    ] {
        assert_eq!(all(&store, &ask(question), 5).await, ["c7"], "{question}");
    }
    for question in ["云海商贸", "2025-0007", "007", "云餐", "（）", ""] {
        assert_eq!(all(&store, &ask(question), 5).await, [""; 0], "{question}");
    }
    assert_eq!(
        all(&store, &ask("91350100m000100y43"), 50).await,
        of(1..=40)
    );
    assert_eq!(all(&store, &ask("有限公司"), 6).await, of(1..=40));
    let narrow = CaseFilter {
        department: Some(HEALTH.to_owned()),
        ..ask("商贸")
    };
    assert_eq!(
        all(&store, &narrow, 3).await,
        of((1..=40).filter(|n| n % 5 == 0))
    );
    let row = store.case_by_number("SL-2026-0007").await.unwrap().unwrap();
    assert_eq!(
        (row.id.as_str(), row.applicant.as_str()),
        ("c7", "示例云海餐饮有限公司")
    );
    assert_eq!(store.case("c7").await.unwrap(), Some(row));
    assert_eq!(store.case_by_number("SL-2026-00").await.unwrap(), None);
}

/// The page may be short of what was asked for, and says where the list goes on.
#[rstest]
#[tokio::test]
async fn a_question_looks_through_so_many_cases_and_no_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    const MANY: i64 = 5_500;
    let (_place, store) = support::fresh(engine).await;
    let mut index = Vec::new();
    for number in 1..=MANY {
        // The pairs of the question are all there, but meet in the oldest alone.
        let applicant = if number == 1 {
            "示例东方"
        } else {
            "示例方东"
        };
        let id = format!("c{number}");
        let one = listed(number, applicant, FOOD, "received");
        index.push(IndexChange::Case {
            id: id.clone(),
            case_no: one.case_no.clone(),
        });
        index.push(change(&id, one));
    }
    apply(&store, index).await;
    let filter = CaseFilter {
        question: Some(String::from("示 东方")),
        stage: Some(String::from("received")),
        ..CaseFilter::default()
    };
    let first = store.cases(&filter, None, 5).await.unwrap();
    assert_eq!(ids(&first), ["c1"], "the rarest pair leads");
    let filter = CaseFilter {
        question: Some(String::from("东")),
        stage: Some(String::from("received")),
        item: None,
        ..CaseFilter::default()
    };
    let wanted = CaseFilter {
        from: Some(0),
        until: Some(11),
        ..filter
    };
    assert_eq!(all(&store, &wanted, 5).await, ["c1"]);
    let far = CaseFilter {
        question: Some(String::from("方 例东方")),
        department: Some(FOOD.to_owned()),
        ..CaseFilter::default()
    };
    assert_eq!(all(&store, &far, 5).await, ["c1"]);
    // One character has no pair: nothing leads but the order.
    let lonely = CaseFilter {
        question: Some(String::from("无")),
        ..CaseFilter::default()
    };
    let first = store.cases(&lonely, None, 5).await.unwrap();
    assert_eq!(
        (first.rows.len(), first.next),
        (0, Some((MANY - 4_999) * 10))
    );
    assert_eq!(all(&store, &lonely, 5).await, [""; 0]);
}

#[rstest]
#[tokio::test]
async fn counts_follow_every_move(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (_place, store) = forty(engine).await;
    let counts = store.case_counts("2026-01-01").await.unwrap();
    assert_eq!(counts.stages[FOOD]["granted"], 11);
    assert_eq!(counts.stages[HEALTH]["in_review"], 6);
    assert!(counts.late.is_empty());

    let due = |number: i64, day: &str, stage: &str| Listed {
        due_on: Some(day.parse().unwrap()),
        ..listed(
            number,
            "示例长江商贸有限公司",
            if number % 5 == 0 { HEALTH } else { FOOD },
            stage,
        )
    };
    let moves = vec![
        change("c1", due(1, "2026-03-02", "accepted")),
        change("c2", due(2, "2026-03-01", "in_review")),
        change("c5", due(5, "2026-03-01", "accepted")),
        change("c6", due(6, "2026-03-03", "in_review")),
    ];
    apply(&store, moves).await;
    let counts = store.case_counts("2026-03-03").await.unwrap();
    assert_eq!(counts.stages[FOOD]["accepted"], 1);
    assert_eq!(counts.stages[FOOD]["granted"], 10);
    assert_eq!(counts.stages[HEALTH]["in_review"], 5);
    assert_eq!(
        counts.late.into_iter().collect::<Vec<_>>(),
        [(HEALTH.to_owned(), 1), (FOOD.to_owned(), 2)]
    );

    let page = store.due_cases("2026-03-03", None, 2).await.unwrap();
    assert_eq!(
        page.rows
            .iter()
            .map(|row| row.id.as_str())
            .collect::<Vec<_>>(),
        ["c2", "c5"]
    );
    assert_eq!(
        page.next,
        Some(DueCursor {
            due_on: String::from("2026-03-01"),
            n: 50
        })
    );
    let page = store
        .due_cases("2026-03-03", page.next.as_ref(), 2)
        .await
        .unwrap();
    assert_eq!(
        page.rows
            .iter()
            .map(|row| row.id.as_str())
            .collect::<Vec<_>>(),
        ["c1"]
    );
    assert_eq!(page.next, None);

    // To another department, by another name: found there and not here.
    let renamed = listed(1, "示例新名餐饮有限公司", HEALTH, "closed");
    apply(&store, vec![change("c1", renamed)]).await;
    let ask = |text: &str| CaseFilter {
        question: Some(text.to_owned()),
        ..CaseFilter::default()
    };
    assert_eq!(all(&store, &ask("新名"), 5).await, ["c1"]);
    assert_eq!(all(&store, &ask("长江"), 50).await.len(), 38);
    let counts = store.case_counts("2026-03-03").await.unwrap();
    assert_eq!(counts.stages[HEALTH]["closed"], 1);
    assert!(!counts.stages[FOOD].contains_key("accepted"));
    // Nothing is due in it any more.
    assert_eq!(counts.late[FOOD], 1);
}

#[rstest]
#[tokio::test]
async fn whoever_has_a_part_finds_the_case(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = forty(engine).await;
    let (chen, other) = (
        PersonId(String::from("示例甲")),
        PersonId(String::from("示例乙")),
    );
    let with = |number: i64, people: &[(&PersonId, Role)]| Listed {
        people: people
            .iter()
            .map(|(person, role)| ((*person).clone(), BTreeSet::from([*role])))
            .collect(),
        ..listed(number, "示例公司", FOOD, "in_review")
    };
    let both = [(&chen, Role::Surveyor), (&other, Role::Applicant)];
    apply(
        &store,
        vec![
            change("c3", with(3, &both)),
            change("c8", with(8, &both)),
            change("c9", with(9, &both[..1])),
        ],
    )
    .await;
    let of_chen = CaseFilter {
        person: Some(chen.clone()),
        ..CaseFilter::default()
    };
    assert_eq!(all(&store, &of_chen, 2).await, ["c9", "c8", "c3"]);
    let also = CaseFilter {
        item: Some(String::from("D01-01-1")),
        ..of_chen.clone()
    };
    assert_eq!(all(&store, &also, 2).await, ["c8"]);
    assert_eq!(
        store.case_roles("c8", &other).await.unwrap(),
        BTreeSet::from([Role::Applicant])
    );
    assert_eq!(
        store.case_roles("c9", &other).await.unwrap(),
        BTreeSet::new()
    );

    // R16: stepped aside, he finds it no more.
    apply(
        &store,
        vec![
            change("c8", with(8, &both[1..])),
            change("c3", with(3, &[(&chen, Role::Approver)])),
        ],
    )
    .await;
    assert_eq!(all(&store, &of_chen, 2).await, ["c9", "c3"]);
    assert_eq!(
        store.case_roles("c8", &chen).await.unwrap(),
        BTreeSet::new()
    );
    assert_eq!(
        store.case_roles("c3", &chen).await.unwrap(),
        BTreeSet::from([Role::Approver])
    );
}

#[rstest]
#[tokio::test]
async fn many_at_once_are_all_counted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (_place, store) = forty(engine).await;
    let moves: Vec<_> = (1..=40)
        .map(|number| {
            let (store, stage) = (
                store.clone(),
                if number % 2 == 0 { "served" } else { "closed" },
            );
            let department = if number % 5 == 0 { HEALTH } else { FOOD };
            let moved = change(
                &format!("c{number}"),
                listed(number, "示例公司", department, stage),
            );
            tokio::spawn(async move { apply(&store, vec![moved]).await })
        })
        .collect();
    for moved in moves {
        moved.await.unwrap();
    }
    let counts = store.case_counts("2026-01-01").await.unwrap().stages;
    let all: Vec<i64> = counts
        .values()
        .flat_map(|stages| stages.values().copied())
        .collect();
    assert_eq!(all.iter().sum::<i64>(), 40);
    assert_eq!(
        counts[HEALTH].keys().collect::<Vec<_>>(),
        ["closed", "served"]
    );
}
