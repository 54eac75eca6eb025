//! Bad input: a typed refusal, the room unharmed.

use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use super::client::{Client, connect};
use super::house::House;
use super::{journey, relay};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_frames_are_refused_and_ten_end_the_connection() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::at_the_door(&house, &session).await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for bad in [
        "",
        "{",
        "null",
        r#"{"do":{"id":1}}"#,
        &deep,
        r#"{"hello":{"after":0}}"#,
    ] {
        cast.expert.send_text(bad.to_owned()).await;
        let refused = cast.expert.wait("refused").await;
        assert_eq!(refused["code"], "malformed", "{bad}");
        assert!(
            refused["next"]
                .as_str()
                .is_some_and(|next| !next.is_empty())
        );
    }
    let unknown = cast
        .expert
        .act(json!({"type": "seize_power"}), None)
        .await
        .unwrap_err();
    assert_eq!(unknown["code"], "malformed");
    let evidence = json!({"type": "take_evidence", "evidence": {}});
    assert_eq!(
        cast.expert.act(evidence, None).await.unwrap_err()["code"],
        "malformed"
    );
    cast.expert.send_text("9".to_owned()).await;
    cast.expert.send_text("10".to_owned()).await;
    assert_eq!(cast.expert.wait("bye").await["code"], "malformed");
    // The room goes on for everybody else.
    let person = house.person("chair");
    let own = json!({"type": "confirm_identity", "person": person, "method": "second_factor", "last_four": ""});
    cast.chair.signed(&house, own).await;
    cast.applicant.event("admitted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_beyond_the_rate_are_refused() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::at_the_door(&house, &session).await;
    for id in 1000..1060 {
        let frame = json!({"do": {"id": id, "command": {"type": "raise_hand"}}});
        cast.expert.send(frame).await;
    }
    loop {
        if cast.expert.wait("refused").await["code"] == "too_fast" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_part_gets_nothing() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::at_the_door(&house, &session).await;
    cast.chair.event("arrived").await;
    for path in [
        "socket",
        "journal",
        "stills/x",
        "documents/record.pdf",
        "recording",
        "verification",
    ] {
        let (status, _) = relay::get(&house, "other_applicant", &session, path).await;
        assert_eq!(status, 404, "{path}");
    }
    match connect(&house, "other_applicant", &session).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 404),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r16_a_recusal_in_the_case_ends_the_socket_and_the_media() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    let row = house
        .services
        .store
        .session(&session)
        .await
        .unwrap()
        .unwrap();
    let event = kanjie_domain::CaseEvent::RecusalRecorded {
        person: house.person("expert"),
        reason: "亲属".to_owned(),
    };
    let body = crate::body::entry_body(
        house.services.env.now(),
        &kanjie_domain::Actor::System,
        &event,
    )
    .unwrap();
    let request = kanjie_store::AppendRequest {
        read: Vec::new(),
        write: vec![(
            kanjie_store::JournalId::Case(row.case_id.clone()),
            vec![kanjie_store::NewEntry {
                nonce: house.services.env.random(),
                body,
            }],
        )],
        index: vec![kanjie_store::IndexChange::Recused {
            case: row.case_id,
            person: house.person("expert"),
        }],
    };
    house.services.store.append(request).await.unwrap();
    assert_eq!(cast.expert.wait("bye").await["code"], "revoked");
    let seat = cast.expert.welcome["seat"].as_str().unwrap().to_owned();
    cast.chair.event("departed").await;
    assert!(
        house
            .relay
            .asked()
            .contains(&super::house::Asked::Removed(seat))
    );
    assert!(connect(&house, "expert", &session).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_serves_its_act_once() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::at_the_door(&house, &session).await;
    let own = json!({"type": "confirm_identity", "person": house.person("chair"), "method": "second_factor", "last_four": ""});
    let without = cast.chair.act(own.clone(), None).await.unwrap_err();
    assert_eq!(without["code"], "factor_needed");
    let wrong = cast.chair.act(own.clone(), Some("000000".to_owned())).await;
    // One in a million is right.
    if let Err(wrong) = wrong {
        assert_eq!(wrong["code"], "factor_wrong");
        cast.chair.signed(&house, own).await;
    }
    cast.chair.event("admitted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_acts_at_once_are_decided_one_after_the_other() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    let begin = json!({"do": {"id": 900, "command": {"type": "begin_deliberation"}}});
    let mut second = Client::join(&house, "chair", &session).await;
    second.send(begin.clone()).await;
    second.send(begin).await;
    let (mut done, mut refused) = (0, 0);
    while done + refused < 2 {
        let frame = second.frame().await.unwrap();
        done += usize::from(frame.get("done").is_some());
        refused += usize::from(frame.get("refused").is_some());
    }
    assert_eq!((done, refused), (1, 1));
    cast.applicant.event("deliberation_begun").await;
}
