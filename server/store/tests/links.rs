//! Personal links and one-time codes: each opens one place to one person, as long as it should and no longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_store::{CodeCheck, IndexChange, LinkTo, NewCode, NewLink, Purpose, Store};
use rstest::rstest;
use support::{Engine, id, sign_in};

fn to_session(session: &str) -> LinkTo {
    LinkTo::Session(session.to_owned())
}

async fn link(store: &Store, token: u8, to: LinkTo, person: &str) {
    store
        .add_link(&NewLink {
            token_hash: [token; 32],
            to,
            person: id(person),
            created_at: 10,
        })
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn who_comes_by_link_has_no_account_roles(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let account = support::account("user", "p");
    store
        .add_staff(&support::person("p"), &account)
        .await
        .unwrap();
    support::session(&store, "s", &["p"]).await;
    sign_in(&store, 1, "p", Some(to_session("s"))).await;
    let row = store.sign_in(&[1; 32], 30).await.unwrap().unwrap();
    assert!(row.roles.is_empty());
    assert_eq!(row.link, Some(to_session("s")));
    assert_eq!(
        store.devices_by_link("s", &id("p")).await.unwrap(),
        [[1; 32]]
    );
}

#[rstest]
#[tokio::test]
async fn a_link_works_until_revoked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (_place, store) = support::fresh(engine).await;
    store.add_person(&support::person("p")).await.unwrap();
    support::session(&store, "s", &["p"]).await;
    link(&store, 1, to_session("s"), "p").await;
    sign_in(&store, 2, "p", Some(to_session("s"))).await;
    let found = store.link(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((found.person, found.to), (id("p"), to_session("s")));
    assert!(found.starts_at.is_some());
    store
        .revoke_links(&to_session("s"), &id("p"), 20)
        .await
        .unwrap();
    assert_eq!(store.link(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.sign_in(&[2; 32], 30).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_link_to_a_case_opens_that_alone_until_it_closes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    for p in ["p", "q"] {
        store.add_person(&support::person(p)).await.unwrap();
    }
    for case in ["a", "b"] {
        let (id, case_no) = (case.to_owned(), format!("no-of-{case}"));
        support::change(&store, IndexChange::Case { id, case_no }).await;
    }
    let to = LinkTo::Case(String::from("a"));
    for (token, person) in [(1, "p"), (2, "q")] {
        link(&store, token, to.clone(), person).await;
    }
    assert_eq!(store.link(&[1; 32]).await.unwrap(), None, "not in any list");
    support::list(&store, "a", support::listed("no", "received")).await;
    let found = store.link(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((found.person, &found.to), (id("p"), &to));
    assert_eq!((found.case_no.as_str(), found.starts_at), ("no", None));

    sign_in(&store, 3, "p", Some(to.clone())).await;
    let signed_in = store.sign_in(&[3; 32], 30).await.unwrap().unwrap();
    assert_eq!(signed_in.link, Some(to.clone()));
    assert!(signed_in.roles.is_empty());
    assert_eq!(
        store.devices_of(&id("p"), 30).await.unwrap()[0].link,
        Some(to.clone())
    );
    // A code for the one place is none for another.
    let code = NewCode {
        to: to.clone(),
        person: id("p"),
        purpose: Purpose::Act,
        code_hash: [1; 32],
        expires_at: 100,
        attempts: 5,
    };
    store.put_code(&code).await.unwrap();
    for other in [LinkTo::Case(String::from("b")), to_session("a")] {
        let tried = store
            .try_code(&other, &id("p"), Purpose::Act, &[1; 32], 50)
            .await;
        assert_eq!(tried.unwrap(), CodeCheck::Absent, "{other:?}");
        assert!(!store.revoke_links(&other, &id("p"), 40).await.unwrap());
    }
    let tried = store
        .try_code(&to, &id("p"), Purpose::Act, &[1; 32], 50)
        .await;
    assert_eq!(tried.unwrap(), CodeCheck::Right);

    assert!(store.revoke_links(&to, &id("p"), 50).await.unwrap());
    assert_eq!(store.link(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.sign_in(&[3; 32], 60).await.unwrap(), None);
    assert!(store.link(&[2; 32]).await.unwrap().is_some());
    support::list(&store, "a", support::listed("no", "closed")).await;
    assert_eq!(store.link(&[2; 32]).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_link_ends_with_closing_or_recusal(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    for p in ["p", "q"] {
        store.add_person(&support::person(p)).await.unwrap();
    }
    support::session(&store, "s", &["p", "q"]).await;
    link(&store, 1, to_session("s"), "p").await;
    link(&store, 2, to_session("s"), "q").await;
    let recusal = IndexChange::Recused {
        case: String::from("case-of-s"),
        person: id("p"),
    };
    support::change(&store, recusal).await;
    assert_eq!(store.link(&[1; 32]).await.unwrap(), None);
    assert!(store.link(&[2; 32]).await.unwrap().is_some());
    let session = String::from("s");
    support::change(&store, IndexChange::Closed { session, at: 9 }).await;
    assert_eq!(store.link(&[2; 32]).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn r16_a_recusal_from_one_of_its_cases_takes_the_session_away(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    for p in ["p", "q"] {
        store.add_person(&support::person(p)).await.unwrap();
    }
    support::session(&store, "other", &["q"]).await;
    support::session_beside(&store, "s", &["p", "q"], &["case-of-other"]).await;
    assert_eq!(
        store.cases_of("s").await.unwrap(),
        ["case-of-s", "case-of-other"]
    );
    for case in ["case-of-s", "case-of-other"] {
        let roles = store.roles_in_case(case, &id("p")).await.unwrap();
        assert_eq!(roles.len(), 1, "{case}");
    }
    link(&store, 1, to_session("s"), "p").await;
    let recusal = IndexChange::Recused {
        case: String::from("case-of-other"),
        person: id("p"),
    };
    support::change(&store, recusal).await;
    assert_eq!(store.link(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.part("s", &id("p")).await.unwrap(), None);
    assert!(store.parts(&id("p"), 9).await.unwrap().is_empty());
    assert!(store.part("s", &id("q")).await.unwrap().is_some());
    for case in ["case-of-s", "case-of-other"] {
        let roles = store.roles_in_case(case, &id("p")).await.unwrap();
        assert!(roles.is_empty(), "{case}");
    }
}

#[rstest]
#[tokio::test]
async fn a_code_is_right_once_and_wrong_five_times(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    store.add_person(&support::person("p")).await.unwrap();
    support::session(&store, "s", &["p"]).await;
    let code = NewCode {
        to: to_session("s"),
        person: id("p"),
        purpose: Purpose::Device,
        code_hash: [1; 32],
        expires_at: 100,
        attempts: 5,
    };
    let attempt = async |purpose, hash: u8, now| {
        let person = id("p");
        store
            .try_code(&to_session("s"), &person, purpose, &[hash; 32], now)
            .await
            .unwrap()
    };
    assert_eq!(attempt(Purpose::Device, 1, 50).await, CodeCheck::Absent);
    store.put_code(&code).await.unwrap();
    assert_eq!(attempt(Purpose::Act, 1, 50).await, CodeCheck::Absent);
    assert_eq!(attempt(Purpose::Device, 1, 100).await, CodeCheck::Absent);
    assert_eq!(attempt(Purpose::Device, 1, 50).await, CodeCheck::Right);
    assert_eq!(attempt(Purpose::Device, 1, 50).await, CodeCheck::Absent);
    store.put_code(&code).await.unwrap();
    for attempts_left in (0..5).rev() {
        let wrong = CodeCheck::Wrong { attempts_left };
        assert_eq!(attempt(Purpose::Device, 9, 50).await, wrong);
    }
    assert_eq!(attempt(Purpose::Device, 1, 50).await, CodeCheck::Absent);
}

#[rstest]
#[tokio::test]
async fn racing_guesses_get_no_try_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    store.add_person(&support::person("p")).await.unwrap();
    support::session(&store, "s", &["p"]).await;
    let code = NewCode {
        to: to_session("s"),
        person: id("p"),
        purpose: Purpose::Act,
        code_hash: [1; 32],
        expires_at: 100,
        attempts: 5,
    };
    store.put_code(&code).await.unwrap();
    let guesses: Vec<_> = (10..40_u8)
        .map(|guess| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .try_code(&to_session("s"), &id("p"), Purpose::Act, &[guess; 32], 50)
                    .await
            })
        })
        .collect();
    let mut wrong = 0;
    for guess in guesses {
        if matches!(guess.await.unwrap().unwrap(), CodeCheck::Wrong { .. }) {
            wrong += 1;
        }
    }
    assert_eq!(wrong, 5);
}
