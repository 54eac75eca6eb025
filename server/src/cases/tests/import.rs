//! What a bureau brings of its own: holidays, experts and templates, each from its day on.

use kanjie_domain::PersonId;
use kanjie_domain::calendar::example_years;
use serde_json::{Value, json};

use super::desk::{Desk, Made};
use crate::cases::import::{ImportError, import};

async fn bring(desk: &Desk, brought: Value) -> Result<u64, ImportError> {
    let brought = serde_json::from_value(brought).unwrap();
    import(&desk.app.services, brought).await
}

/// The example year 2026 with the 7th of December, a Monday, as a holiday.
fn longer() -> Value {
    let mut year = json!(example_years().unwrap().swap_remove(0));
    let day = json!({"name": "示例节", "from": "2026-12-07", "until": "2026-12-07"});
    year["holidays"].as_array_mut().unwrap().push(day);
    year
}

async fn decided_by(desk: &Desk, case: &Made) -> String {
    let view = desk.view(case, &desk.handler).await.json();
    let dues = view["course"]["dues"].as_array().unwrap().clone();
    let due = dues.iter().find(|due| due["duty"] == "decide").unwrap();
    due["on"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn r04_days_count_by_the_holidays_that_stand_today() {
    let desk = Desk::open().await;
    let case = desk.accepted("food_catering", 1).await;
    let before = decided_by(&desk, &case).await;
    let (listed, _) = due_listed(&desk, &case).await;
    assert_eq!(listed, before);

    let from_tomorrow = json!({"version": "本区-1", "from": "2026-11-25", "holidays": [longer()]});
    assert_eq!(bring(&desk, from_tomorrow).await.unwrap(), 1);
    assert_eq!(decided_by(&desk, &case).await, before);
    let desk = desk.days_later(1).await;
    let after = decided_by(&desk, &case).await;
    assert_eq!(
        (before.as_str(), after.as_str()),
        ("2026-12-22", "2026-12-23")
    );

    // Lists say so with the case's next entry, and of a case that begins now at once.
    desk.act(&case, json!({"type": "note_review", "text": "示例"}))
        .await;
    assert_eq!(due_listed(&desk, &case).await.0, after);
    let next = desk.accepted("food_catering", 2).await;
    assert_eq!(decided_by(&desk, &next).await, "2026-12-24");
}

async fn due_listed(desk: &Desk, case: &Made) -> (String, Value) {
    let found = desk
        .app
        .get("/api/v1/cases?stage=accepted", &desk.handler)
        .await;
    let items = found.json()["items"].as_array().unwrap().clone();
    let row = items
        .into_iter()
        .find(|row| row["case"] == case.case.as_str());
    let row = row.unwrap();
    (row["due_on"].as_str().unwrap_or_default().to_owned(), row)
}

fn expert(code: &str, availability: &str) -> Value {
    json!({
        "code": code, "name": "示例专家", "organisation": "示例研究所", "phone": "13712340000",
        "fields": ["示例专业"], "availability": availability,
    })
}

async fn drawn(desk: &Desk, case: &Made) -> Result<Value, String> {
    let draw = json!({"type": "draw_experts", "field": "示例专业", "count": 1});
    let answer = desk.try_act(case, &desk.handler, draw).await;
    if !answer.status.is_success() {
        return Err(answer.code());
    }
    let events = desk.events(case, &desk.handler).await;
    Ok(events
        .into_iter()
        .find(|event| event["type"] == "experts_drawn")
        .unwrap())
}

#[tokio::test]
async fn r16_the_draw_is_from_the_experts_that_stand_today() {
    let desk = Desk::open().await;
    let case = desk.accepted("food_catering", 1).await;
    assert_eq!(drawn(&desk, &case).await.unwrap_err(), "pool_missing");

    let both = [expert("E-1", "available"), expert("E-2", "away")];
    let both = json!({"version": "本区-1", "experts": both});
    assert_eq!(bring(&desk, both.clone()).await.unwrap(), 2);
    let known = desk
        .app
        .services
        .store
        .person(&PersonId(String::from("E-1")))
        .await;
    assert_eq!(known.unwrap().unwrap().phone, "13712340000");
    let first = drawn(&desk, &case).await.unwrap();
    assert_eq!(first["drawn"], json!(["E-1"]));
    assert_eq!(first["excluded"], json!([{"person": "E-2", "why": "away"}]));
    let pool = first["pool"].as_str().unwrap().to_owned();

    // The other way round from tomorrow on.
    let swapped = [expert("E-1", "away"), expert("E-2", "available")];
    let swapped = json!({"version": "本区-2", "from": "2026-11-25", "experts": swapped});
    assert_eq!(bring(&desk, swapped).await.unwrap(), 2);
    let today = desk.accepted("food_catering", 2).await;
    let again = drawn(&desk, &today).await.unwrap();
    assert_eq!(
        (&again["drawn"], &again["pool"]),
        (&json!(["E-1"]), &json!(pool))
    );
    let desk = desk.days_later(1).await;
    let tomorrow = desk.accepted("food_catering", 3).await;
    let other = drawn(&desk, &tomorrow).await.unwrap();
    assert_eq!(other["drawn"], json!(["E-2"]));
    assert_ne!(other["pool"], json!(pool));
    // Brought again, nothing is new.
    let same = json!({"version": "本区-1", "from": "2026-11-24", "experts": both["experts"]});
    assert_eq!(bring(&desk, same).await.unwrap(), 0);
}

#[tokio::test]
async fn a_template_that_is_brought_is_what_cases_begin_with_from_its_day_on() {
    let desk = Desk::open().await;
    let mut version = json!(kanjie_domain::template_versions().swap_remove(0));
    version["from"] = json!("2026-11-25");
    version["template"]["version"] = json!("本区-1");
    version["guide"]["version"] = json!("本区-1");
    let brought = json!({"version": "本区-1", "templates": [version]});
    assert_eq!(bring(&desk, brought.clone()).await.unwrap(), 1);
    let today = desk.case("food_catering", 1).await;
    let desk = desk.days_later(1).await;
    let tomorrow = desk.case("food_catering", 2).await;
    for (case, version) in [(&today, "示例-1"), (&tomorrow, "本区-1")] {
        let view = desk.view(case, &desk.handler).await.json();
        assert_eq!(view["course"]["guide_version"], version);
    }
    // The same name for another day would be two versions of one name.
    let mut twice = brought;
    twice["templates"][0]["from"] = json!("2026-11-27");
    assert!(matches!(
        bring(&desk, twice).await,
        Err(ImportError::Case(_))
    ));
}

#[tokio::test]
async fn what_stood_is_not_changed_and_nothing_is_taken_by_halves() {
    let desk = Desk::open().await;
    let expert = expert("E-1", "available");
    let early = json!({
        "version": "本区-1", "from": "2026-11-23", "holidays": [longer()], "experts": [expert],
    });
    assert!(matches!(
        bring(&desk, early).await,
        Err(ImportError::TooLate { .. })
    ));
    let mut other = longer();
    other["holidays"] = json!([]);
    let today = |year: &Value| json!({"version": "本区-1", "holidays": [year]});
    bring(&desk, today(&longer())).await.unwrap();
    assert!(matches!(
        bring(&desk, today(&other)).await,
        Err(ImportError::Taken { .. })
    ));
    let twice =
        json!({"version": "本区-1", "from": "2026-11-26", "holidays": [longer(), longer()]});
    assert!(matches!(
        bring(&desk, twice).await,
        Err(ImportError::Twice(_))
    ));
    // A make-up day that is none, beside an expert who would do.
    let mut wrong = longer();
    wrong["make_up_days"] = json!(["2026-12-08"]);
    let wrong = json!({
        "version": "本区-1", "from": "2026-11-26", "holidays": [wrong], "experts": [expert],
    });
    assert!(matches!(
        bring(&desk, wrong).await,
        Err(ImportError::Case(_))
    ));
    let experts = desk
        .app
        .services
        .store
        .catalogue("expert", "2026-12-31")
        .await;
    assert_eq!(experts.unwrap(), []);
    // Somebody without a field can judge nothing.
    let mut idle = expert;
    idle["fields"] = json!([]);
    let idle = json!({"version": "本区-1", "experts": [idle]});
    assert!(matches!(
        bring(&desk, idle).await,
        Err(ImportError::Case(_))
    ));
    let person = desk
        .app
        .services
        .store
        .person(&PersonId(String::from("E-1")))
        .await;
    assert_eq!(person.unwrap(), None);
}
