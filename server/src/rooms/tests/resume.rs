//! Connections that come and go.

use serde_json::json;

use super::client::Client;
use super::house::House;
use super::journey;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_back_gets_exactly_what_it_missed() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    cast.applicant.event("started").await;
    let had = cast.applicant.entries.len();
    let seat = cast.applicant.welcome["seat"].clone();
    for n in 0..5 {
        let say = json!({"type": "say", "scope": "room", "text": format!("{n}")});
        cast.chair.done(say).await;
    }
    // Its own chain check fails on a gap and on a repetition alike.
    let applicant = cast.applicant.rejoin(&house).await;
    assert_eq!(applicant.welcome["seat"], seat);
    assert_eq!(applicant.count("said"), 5);
    assert!(applicant.entries.len() >= had + 5);
    assert_eq!(applicant.count("connection_lost"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_socket_takes_the_seat_over() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::at_the_door(&house, &session).await;
    let mut second = Client::join(&house, "expert", &session).await;
    assert_eq!(second.welcome["seat"], cast.expert.welcome["seat"]);
    assert_eq!(cast.expert.wait("bye").await["code"], "elsewhere");
    assert!(cast.expert.frame().await.is_none());
    let notice = json!({"type": "raise_hand"});
    // At the door nobody raises a hand: but the seat answers.
    assert!(second.act(notice, None).await.is_err());
    assert_eq!(second.count("arrived"), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_is_an_act_that_the_applicant_gets_a_receipt_for() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    cast.applicant.done(json!({"type": "leave"})).await;
    cast.applicant.event("receipt_issued").await;
    assert_eq!(journey::check_receipts(&house, &cast.applicant), ["left"]);
    let seat = cast.applicant.welcome["seat"].as_str().unwrap().to_owned();
    assert!(
        house
            .relay
            .asked()
            .contains(&super::house::Asked::Removed(seat))
    );
    let (status, pdf) =
        super::relay::get(&house, "chair", &session, "documents/receipt-1.pdf").await;
    assert_eq!((status, &pdf[..5]), (200, b"%PDF-".as_slice()));
}
