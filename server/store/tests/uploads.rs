//! Files on their way to a case: whose they are, how many, and until when.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use kanjie_store::{NewUpload, Store, UploadQuota};
use rstest::rstest;
use support::{Engine, id};

const QUOTA: UploadQuota = UploadQuota {
    files: 2,
    bytes: 100,
};

async fn add(store: &Store, upload: &str, person: &str, total: i64) -> bool {
    let new = NewUpload {
        id: upload.to_owned(),
        person: id(person),
        case: String::from("case-of-s"),
        name: String::from("执照.pdf"),
        media_type: String::from("application/pdf"),
        total,
        created_at: 10,
        expires_at: 20,
    };
    store.add_upload(&new, QUOTA).await.unwrap()
}

async fn people(store: &Store, people: &[&str]) {
    for person in people {
        let account = support::account(&format!("user-{person}"), person);
        let added = store.add_staff(&support::person(person), &account).await;
        added.unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn a_file_is_whole_when_all_of_it_is_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    people(&store, &["p"]).await;
    support::session(&store, "s", &["p"]).await;
    assert!(add(&store, "u", "p", 50).await);
    store.set_received("u", 49).await.unwrap();
    store.set_whole("u", &[7; 32]).await.unwrap();
    let half = store.upload("u").await.unwrap().unwrap();
    assert_eq!((half.received, half.sha256), (49, None));
    assert!(store.set_received("u", 51).await.is_err());
    store.set_received("u", 50).await.unwrap();
    store.set_whole("u", &[7; 32]).await.unwrap();
    let find = async |case, person| {
        let found = store.whole_upload(case, &id(person), &[7; 32]).await;
        found.unwrap()
    };
    let whole = find("case-of-s", "p").await;
    assert_eq!(whole.unwrap().name, "执照.pdf");
    assert_eq!(find("case-of-t", "p").await, None);
    assert_eq!(find("case-of-s", "q").await, None);
    // What is whole does not shrink.
    store.set_received("u", 1).await.unwrap();
    assert_eq!(store.upload("u").await.unwrap().unwrap().received, 50);
}

#[rstest]
#[tokio::test]
async fn one_person_has_so_much_unfinished_and_no_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_place, store) = support::fresh(engine).await;
    people(&store, &["p", "q"]).await;
    support::session(&store, "s", &["p", "q"]).await;
    assert!(add(&store, "u1", "p", 60).await);
    assert!(!add(&store, "u2", "p", 41).await, "too many bytes");
    assert!(add(&store, "u2", "p", 40).await);
    assert!(!add(&store, "u3", "p", 1).await, "too many files");
    assert!(add(&store, "u4", "q", 100).await, "another's");
    store.set_received("u1", 60).await.unwrap();
    store.set_whole("u1", &[1; 32]).await.unwrap();
    assert!(add(&store, "u3", "p", 60).await);
    store.remove_upload("u2").await.unwrap();
    assert_eq!(store.upload("u2").await.unwrap(), None);
    assert!(add(&store, "u5", "p", 40).await);
}

#[rstest]
#[tokio::test]
async fn what_is_whole_does_not_expire(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (_place, store) = support::fresh(engine).await;
    people(&store, &["p"]).await;
    support::session(&store, "s", &["p"]).await;
    add(&store, "u1", "p", 1).await;
    add(&store, "u2", "p", 1).await;
    store.set_received("u1", 1).await.unwrap();
    store.set_whole("u1", &[1; 32]).await.unwrap();
    assert!(store.expired_uploads(19, 10).await.unwrap().is_empty());
    assert_eq!(store.expired_uploads(20, 10).await.unwrap(), ["u2"]);
}
