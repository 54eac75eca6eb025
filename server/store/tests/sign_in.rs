//! Passkeys, challenges, identities, devices and their end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_domain::PersonId;
use kanjie_store::{
    ChallengePurpose, NewChallenge, NewIdentity, NewPasskey, NewSignIn, SignInMethod, Store,
    StoreError,
};
use rstest::rstest;
use support::{Engine, id};

async fn staff(store: &Store, name: &str) {
    let (person, account) = (support::person(name), support::account(name, name));
    store.add_staff(&person, &account).await.unwrap();
}

async fn passkey(store: &Store, credential: &[u8], person: &str) -> Result<(), StoreError> {
    let new = NewPasskey {
        credential: credential.to_vec(),
        person: id(person),
        name: String::from("key"),
        public_key: vec![1, 2, 3],
        sign_count: 0,
        created_at: 5,
    };
    store.add_passkey(&new).await
}

#[rstest]
#[tokio::test]
async fn a_passkey_is_one_persons_until_it_or_the_account_ends(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    staff(&store, "p").await;
    staff(&store, "q").await;
    passkey(&store, b"a", "p").await.unwrap();
    passkey(&store, b"b", "p").await.unwrap();
    let taken = passkey(&store, b"a", "q").await;
    assert!(matches!(taken, Err(StoreError::Exists("passkey"))));
    assert_eq!(store.passkeys_of(&id("p")).await.unwrap().len(), 2);
    assert!(!store.rename_passkey(&id("q"), b"a", "x").await.unwrap());
    assert!(store.rename_passkey(&id("p"), b"a", "x").await.unwrap());
    let names = store.passkeys_of(&id("p")).await.unwrap();
    assert_eq!(
        names.iter().map(|k| k.name.as_str()).collect::<Vec<_>>(),
        ["x", "key"]
    );
    assert!(!store.revoke_passkey(&id("q"), b"a", 9).await.unwrap());
    assert!(store.revoke_passkey(&id("p"), b"a", 9).await.unwrap());
    assert!(store.passkey(b"a").await.unwrap().is_none());
    assert_eq!(store.passkey(b"b").await.unwrap().unwrap().person, id("p"));
    store.disable_account("p", 10).await.unwrap();
    assert!(store.passkey(b"b").await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_counter_goes_on_or_stays_at_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    staff(&store, "p").await;
    passkey(&store, b"a", "p").await.unwrap();
    let mut taken = Vec::new();
    for count in [0, 0, 7, 7, 6, 0, 8] {
        taken.push(store.use_passkey(b"a", count, 20).await.unwrap());
    }
    assert_eq!(taken, [true, true, true, false, false, false, true]);
    let kept = store.passkey(b"a").await.unwrap().unwrap();
    assert_eq!((kept.sign_count, kept.last_used_at), (8, Some(20)));
    store.revoke_passkey(&id("p"), b"a", 30).await.unwrap();
    assert!(!store.use_passkey(b"a", 9, 31).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_challenge_is_taken_once_in_time_for_its_purpose_and_person(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    staff(&store, "p").await;
    let put = async |n: u8, person: Option<PersonId>| {
        let new = NewChallenge {
            hash: [n; 32],
            purpose: ChallengePurpose::PasskeyAct,
            person,
            expires_at: 100,
        };
        store.put_challenge(&new, 10).await.unwrap();
    };
    let take = async |n: u8, purpose, person: Option<&PersonId>, now| {
        store
            .take_challenge(&[n; 32], purpose, person, now)
            .await
            .unwrap()
    };
    let (p, act) = (id("p"), ChallengePurpose::PasskeyAct);
    for n in 1..=5 {
        put(n, Some(p.clone())).await;
    }
    assert!(take(1, act, Some(&p), 99).await);
    assert!(!take(1, act, Some(&p), 99).await);
    assert!(!take(2, act, Some(&p), 100).await);
    assert!(!take(3, ChallengePurpose::PasskeyAdd, Some(&p), 50).await);
    // A wrong try uses it up.
    assert!(!take(3, act, Some(&p), 50).await);
    assert!(!take(4, act, None, 50).await);
    assert!(!take(5, act, Some(&id("q")), 50).await);
    put(6, None).await;
    assert!(take(6, act, None, 50).await);
}

#[rstest]
#[tokio::test]
async fn a_subject_is_one_persons_and_only_while_the_account_holds(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    staff(&store, "p").await;
    staff(&store, "q").await;
    let new = |person: &str| NewIdentity {
        issuer: String::from("https://id.example"),
        subject: String::from("s"),
        person: id(person),
        linked_at: 1,
        linked_by: None,
    };
    store.link_identity(&new("p")).await.unwrap();
    let taken = store.link_identity(&new("q")).await;
    assert!(matches!(taken, Err(StoreError::Exists("identity"))));
    let whose = async |issuer| store.person_of_identity(issuer, "s").await.unwrap();
    assert_eq!(whose("https://id.example").await, Some(id("p")));
    assert_eq!(whose("https://other.example").await, None);
    store.disable_account("p", 10).await.unwrap();
    assert_eq!(whose("https://id.example").await, None);
    let issuer = "https://id.example";
    assert!(!store.unlink_identities(issuer, &id("q")).await.unwrap());
    assert!(store.unlink_identities(issuer, &id("p")).await.unwrap());
    store.link_identity(&new("q")).await.unwrap();
    assert_eq!(whose(issuer).await, Some(id("q")));
}

#[rstest]
#[tokio::test]
async fn revoking_a_person_ends_all_and_tells_which_sign_ins(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    staff(&store, "p").await;
    passkey(&store, b"a", "p").await.unwrap();
    for (n, expires_at) in [(1, 100), (2, 100), (3, 15)] {
        let new = NewSignIn {
            token_hash: [n; 32],
            person: id("p"),
            link: None,
            method: SignInMethod::Passkey,
            device: format!("device {n}"),
            created_at: i64::from(n),
            expires_at,
        };
        store.add_sign_in(&new).await.unwrap();
    }
    let devices = store.devices_of(&id("p"), 20).await.unwrap();
    let names: Vec<_> = devices.iter().map(|d| d.device.as_str()).collect();
    assert_eq!(names, ["device 1", "device 2"]);
    assert_eq!(devices[0].method, "passkey");
    assert!(store.ended_since(0).await.unwrap().is_empty());
    assert!(store.revoke_person(&id("p"), 30).await.unwrap());
    assert!(!store.revoke_person(&id("p"), 31).await.unwrap());
    assert!(store.devices_of(&id("p"), 32).await.unwrap().is_empty());
    assert!(store.passkey(b"a").await.unwrap().is_none());
    assert!(store.account("p").await.unwrap().is_none());
    let mut ended = store.ended_since(30).await.unwrap();
    ended.sort_unstable();
    assert_eq!(ended, [[1; 32], [2; 32], [3; 32]]);
    assert!(store.ended_since(31).await.unwrap().is_empty());
}
