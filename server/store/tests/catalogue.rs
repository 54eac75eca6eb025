//! Versions stand from their day on, and one that stands is never changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use jiff::civil::date;
use kanjie_domain::calendar::{Holiday, HolidayYear};
use kanjie_store::{Catalogued, HOLIDAY_YEAR, StoreError};
use rstest::rstest;
use support::Engine;

fn version(code: &str, from_day: &str, until_day: Option<&str>, body: &str) -> Catalogued {
    Catalogued {
        kind: String::from("item"),
        code: code.to_owned(),
        from_day: from_day.to_owned(),
        until_day: until_day.map(str::to_owned),
        version: String::from("示例"),
        body: body.to_owned(),
    }
}

/// A year whose only holiday is that day.
fn year(from_day: &str, number: i16, holiday: &str) -> Catalogued {
    let day = holiday.parse().unwrap();
    let year = HolidayYear {
        year: number,
        holidays: vec![Holiday {
            name: String::from("示例"),
            from: day,
            until: day,
        }],
        make_up_days: Vec::new(),
    };
    Catalogued {
        kind: String::from(HOLIDAY_YEAR),
        ..version(
            &number.to_string(),
            from_day,
            None,
            &serde_json::to_string(&year).unwrap(),
        )
    }
}

#[rstest]
#[tokio::test]
async fn r04_days_are_counted_by_the_years_that_stand(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let (monday, tuesday) = (date(2026, 12, 7), date(2026, 12, 8));
    let of_2027 = date(2027, 3, 1);
    let before = store.working_days("2026-12-01").await.unwrap();
    assert!(before.is_working_day(monday).is_err());

    let years = [
        year("2026-01-01", 2026, "2026-12-07"),
        year("2026-12-02", 2026, "2026-12-08"),
        year("2026-12-02", 2027, "2027-01-01"),
    ];
    store.put_catalogue(&years).await.unwrap();
    let first = store.working_days("2026-12-01").await.unwrap();
    assert_eq!(first.is_working_day(monday), Ok(false));
    assert_eq!(first.is_working_day(tuesday), Ok(true));
    assert!(first.is_working_day(of_2027).is_err());
    // Announced anew: that year alone is another one.
    let second = store.working_days("2026-12-02").await.unwrap();
    assert_eq!(second.is_working_day(monday), Ok(true));
    assert_eq!(second.is_working_day(tuesday), Ok(false));
    assert_eq!(second.is_working_day(of_2027), Ok(true));

    let broken = Catalogued {
        kind: String::from(HOLIDAY_YEAR),
        ..version("2028", "2026-01-01", None, "{}")
    };
    store.put_catalogue(&[broken]).await.unwrap();
    assert!(matches!(
        store.working_days("2026-12-02").await,
        Err(StoreError::Damaged { .. })
    ));
}

#[rstest]
#[tokio::test]
async fn what_stands_is_what_its_day_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let versions = [
        version("a", "2026-01-01", None, r#"{"title":"旧"}"#),
        version("a", "2026-06-01", None, r#"{"title":"新"}"#),
        version("b", "2026-01-01", Some("2026-03-31"), "{}"),
        version("c", "2026-06-02", None, "{}"),
    ];
    assert_eq!(store.put_catalogue(&versions).await.unwrap(), 4);
    let on = |day: &'static str| {
        let store = store.clone();
        async move { store.catalogue("item", day).await.unwrap() }
    };
    assert_eq!(on("2025-12-31").await, []);
    assert_eq!(
        on("2026-03-31").await,
        [versions[0].clone(), versions[2].clone()]
    );
    assert_eq!(on("2026-04-01").await, [versions[0].clone()]);
    assert_eq!(on("2026-06-01").await, [versions[1].clone()]);
    assert_eq!(
        on("2026-06-02").await,
        [versions[1].clone(), versions[3].clone()]
    );
    assert_eq!(
        store.catalogued("item", "a", "2026-05-31").await.unwrap(),
        Some(versions[0].clone())
    );
    assert_eq!(
        store.catalogued("item", "b", "2026-04-01").await.unwrap(),
        None
    );
    assert_eq!(store.catalogue("park", "2026-06-01").await.unwrap(), []);

    let all = store.catalogue_versions("item", "a").await.unwrap();
    assert_eq!(all, versions[..2]);
    assert!(store.has_catalogue("item").await.unwrap());
    assert!(!store.has_catalogue("park").await.unwrap());

    // Said again it stays as it was said first.
    let other = version("a", "2026-06-01", None, r#"{"title":"别"}"#);
    assert_eq!(store.put_catalogue(&[other]).await.unwrap(), 0);
    assert_eq!(on("2026-06-01").await, [versions[1].clone()]);
    let broken = version("d", "2026-06-01", None, "{");
    assert!(matches!(
        store.put_catalogue(&[broken]).await,
        Err(StoreError::Database(_))
    ));
}
