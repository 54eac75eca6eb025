//! Accounts, sign-ins, stills and attempts: each holds as long as it should and no longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_store::{Attempt, Still, StoreError};
use rstest::rstest;
use support::{Engine, id, sign_in};

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
