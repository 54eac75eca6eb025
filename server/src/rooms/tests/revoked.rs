//! Sign-ins that are ended while somebody is in the room.

use kanjie_store::{LinkTo, SignInMethod};
use serde_json::Value;

use super::client::Client;
use super::house::{Asked, House};
use super::journey;
use crate::auth::{devices, sign_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_closes_the_relay_then_is_journalled_and_the_socket_says_why() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    let seat = cast.expert.welcome["seat"].as_str().unwrap().to_owned();
    let expert = house.person("expert");
    let link = LinkTo::Session(session.clone());
    devices::end_links(&house.services, &link, &expert)
        .await
        .unwrap();
    let departed = cast.chair.event("departed").await;
    // The relay was asked, and had answered, before the entry was there to be sent.
    assert!(house.relay.asked().contains(&Asked::Removed(seat)));
    assert_eq!(departed["cause"], "revoked");
    assert_eq!(departed["person"], expert.0.as_str());
    assert_eq!(cast.expert.wait("bye").await["code"], "revoked");
    assert!(cast.expert.frame().await.is_none());
    assert!(
        super::client::connect(&house, "expert", &session)
            .await
            .is_err()
    );
    // Nobody else was touched.
    assert_eq!(cast.chair.count("departed"), 1);
    assert_eq!(cast.chair.count("suspended"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_member_of_staff_leaves_the_quorum() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    for who in ["surveyor_1", "surveyor_2"] {
        let person = house.person(who);
        devices::end_person(&house.services, &person).await.unwrap();
    }
    cast.chair.event("suspended").await;
    assert_eq!(cast.surveyor_1.wait("bye").await["code"], "revoked");
    assert_eq!(cast.surveyor_2.wait("bye").await["code"], "revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_ended_is_found() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::at_the_door(&house, &session).await;
    let watch = tokio::spawn(devices::watch(house.services.clone()));
    let (store, now) = (&house.services.store, house.services.env.now());
    let expert = house.person("expert");
    // As another process does it: no word to this one.
    let link = LinkTo::Session(session.clone());
    store.revoke_links(&link, &expert, now).await.unwrap();
    assert_eq!(cast.expert.wait("bye").await["code"], "revoked");
    watch.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_device_on_a_link_is_shown_to_the_chair_and_not_to_others() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::at_the_door(&house, &session).await;
    let expert = house.person("expert");
    let token = sign_in::start(
        &house.services,
        &expert,
        SignInMethod::Link,
        Some(&LinkTo::Session(session.clone())),
        "另一台手机",
    )
    .await
    .unwrap();
    house.use_cookie("expert", &session, &token);
    let mut second = Client::join(&house, "expert", &session).await;
    let added = cast.chair.event("device_added").await;
    assert_eq!(added["number"], 2);
    assert_eq!(added["device"], "另一台手机");
    assert_eq!(second.event("device_added").await, added);
    let said = |client: &Client| -> Vec<Value> {
        client
            .events()
            .into_iter()
            .filter(|e| e["type"] == "device_added")
            .collect()
    };
    // The applicant gets the entry, in order, without its body.
    let upto = cast.chair.entries.len();
    while cast.applicant.entries.len() < upto {
        cast.applicant.frame().await.unwrap();
    }
    assert_eq!(said(&cast.applicant), Vec::<Value>::new());
    assert_eq!(said(&cast.chair).len(), 1);
}
