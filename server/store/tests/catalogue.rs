//! Versions stand from their day on, and one that stands is never changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_store::{Catalogued, StoreError};
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
