//! Accounts, sign-ins, links, codes, stills and notices: each holds as long as it should and no longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;

use kanjie_domain::PersonId;
use kanjie_domain::case::Listed;
use kanjie_store::{
    Attempt, CodeCheck, IndexChange, LinkTo, NewCode, NewLink, NewSignIn, Purpose, SignInMethod,
    Still, Store, StoreError,
};
use rstest::rstest;
use support::Engine;

fn id(id: &str) -> PersonId {
    PersonId(id.to_owned())
}

fn to_session(session: &str) -> LinkTo {
    LinkTo::Session(session.to_owned())
}

async fn sign_in(store: &Store, token: u8, person: &str, link: Option<LinkTo>) {
    store
        .add_sign_in(&NewSignIn {
            token_hash: [token; 32],
            person: id(person),
            link,
            method: SignInMethod::Link,
            device: String::from("test"),
            created_at: 10,
            expires_at: 100,
        })
        .await
        .unwrap();
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
async fn an_account_signs_in_until_it_is_disabled(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let person = support::person("p");
    let account = support::account("user", "p");
    store.add_staff(&person, &account).await.unwrap();
    let kept = store.account("user").await.unwrap().unwrap();
    assert_eq!((kept.person, kept.roles), (id("p"), account.roles.clone()));
    assert!(store.account("other").await.unwrap().is_none());
    sign_in(&store, 1, "p", None).await;
    assert_eq!(
        store.sign_in(&[1; 32], 50).await.unwrap().unwrap().roles,
        account.roles
    );
    assert_eq!(store.sign_in(&[1; 32], 100).await.unwrap(), None);
    assert_eq!(store.sign_in(&[2; 32], 50).await.unwrap(), None);
    assert!(store.disable_account("user", 60).await.unwrap());
    assert!(!store.disable_account("user", 61).await.unwrap());
    assert!(store.account("user").await.unwrap().is_none());
    assert!(store.account_of(&id("p")).await.unwrap().is_none());
    assert_eq!(store.sign_in(&[1; 32], 62).await.unwrap(), None);
    let users = store.users().await.unwrap();
    assert_eq!(users, [(String::from("user"), person.name, false)]);
}

#[rstest]
#[tokio::test]
async fn a_taken_user_leaves_no_person_behind(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    let taken = support::account("user", "p");
    store
        .add_staff(&support::person("p"), &taken)
        .await
        .unwrap();
    let second = support::account("user", "q");
    let error = store.add_staff(&support::person("q"), &second).await;
    assert!(matches!(error, Err(StoreError::Exists("account"))));
    assert!(store.person(&id("q")).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_sign_in_ends_when_revoked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (_place, store) = support::fresh(engine).await;
    let account = support::account("user", "p");
    store
        .add_staff(&support::person("p"), &account)
        .await
        .unwrap();
    sign_in(&store, 1, "p", None).await;
    sign_in(&store, 2, "p", None).await;
    store.revoke_sign_in(&[1; 32], 20).await.unwrap();
    assert_eq!(store.sign_in(&[1; 32], 30).await.unwrap(), None);
    assert!(store.sign_in(&[2; 32], 30).await.unwrap().is_some());
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

/// The case as lists show it at this stage.
fn listed(case: &str, stage: &str) -> IndexChange {
    let listed = Listed {
        case_no: String::from("no"),
        item: None,
        item_title: String::from("示例事项"),
        department: String::from("示例局"),
        applicant: String::from("示例公司"),
        uscc: String::from("91000000MA0000000X"),
        stage: stage.to_owned(),
        began_at: 1,
        due_on: None,
        appointment: None,
        people: BTreeMap::new(),
    };
    IndexChange::Listed {
        case: case.to_owned(),
        listed: Box::new(listed),
    }
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
    support::change(&store, listed("a", "received")).await;
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
    support::change(&store, listed("a", "closed")).await;
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

#[rstest]
#[tokio::test]
async fn a_step_serves_an_act_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (_place, store) = support::fresh(engine).await;
    store.add_person(&support::person("p")).await.unwrap();
    let use_step = async |act: &str, step| store.use_totp_step(&id("p"), act, step).await.unwrap();
    assert!(use_step("seal", 100).await);
    assert!(!use_step("seal", 100).await);
    assert!(use_step("sign", 100).await);
    assert!(use_step("seal", 101).await);
    assert!(!use_step("seal", 100).await);
}

#[rstest]
#[tokio::test]
async fn a_still_is_written_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (_place, store) = support::fresh(engine).await;
    support::session(&store, "s", &[]).await;
    let still = Still {
        session: String::from("s"),
        evidence: String::from("e"),
        sha256: [3; 32],
        bytes: 5,
        media_type: String::from("image/png"),
        file: String::from("e.png"),
    };
    store.add_still(&still).await.unwrap();
    let again = store.add_still(&still).await;
    assert!(matches!(again, Err(StoreError::Exists("still"))));
    assert_eq!(store.still("s", "e").await.unwrap().as_ref(), Some(&still));
    assert_eq!(store.still("t", "e").await.unwrap(), None);
    assert_eq!(store.stills("s").await.unwrap(), [still]);
}

#[rstest]
#[tokio::test]
async fn attempts_are_kept_newest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    for at in [1, 2] {
        store
            .note_attempt(&Attempt {
                at,
                action: String::from("sign_in"),
                subject: String::from("user"),
                address: String::from("127.0.0.1"),
                outcome: String::from("failed"),
            })
            .await
            .unwrap();
    }
    let kept = store.attempts(1).await.unwrap();
    assert_eq!(kept.iter().map(|a| a.at).collect::<Vec<_>>(), [2]);
}
