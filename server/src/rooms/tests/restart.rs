//! The process dies and comes back.

use serde_json::json;

use super::house::House;
use super::{journey, relay};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_by_itself_after_the_process_died() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    relay::record(&house, "s1", 50);
    cast.chair.event("segment_opened").await;
    let acknowledged = cast
        .chair
        .done(json!({"type": "say", "scope": "room", "text": "一"}))
        .await;
    let house = house.die_and_return().await;
    let mut chair = cast.chair.rejoin(&house).await;
    let mut applicant = cast.applicant.rejoin(&house).await;
    assert!(chair.entries.iter().any(|entry| entry.seq == acknowledged));
    // Nothing is forwarded until the state says so again: it does, since the session is live.
    let policy = house.relay.policy();
    assert!(!policy.seats.is_empty());
    chair
        .done(json!({"type": "say", "scope": "room", "text": "二"}))
        .await;
    while applicant.count("said") < 2 {
        applicant.frame().await.unwrap();
    }

    // The recording was closed, the time down is a gap, and it goes on.
    let gap = chair.event("recording_gap").await;
    assert_eq!(gap["cause"], "process_died");
    assert!(gap["from"].as_i64() <= gap["until"].as_i64());
    assert_eq!(chair.count("segment_closed"), 1);
    relay::record(&house, "s1", 50);
    let end = json!({
        "type": "end", "ending": {"how": "switch_on_site"}, "reason": "示例", "next_step": "现场勘验",
        "contact": "010-00000000",
    });
    chair.done(end).await;
    chair.done(json!({"type": "close"})).await;
    assert_eq!(applicant.wait("bye").await["code"], "closed");
    assert_eq!(
        journey::check_receipts(&house, &applicant),
        ["ended", "closed"]
    );
    let verdict = relay::get_json(&house, "chair", &session, "verification").await;
    assert_eq!(verdict["whole"], true, "{verdict}");
    assert_eq!(verdict["segments"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_in_order_leaves_a_session_that_goes_on() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    house.rooms.stop().await;
    assert_eq!(cast.expert.wait("bye").await["code"], "restarting");
    let house = house.die_and_return().await;
    let mut expert = cast.expert.rejoin(&house).await;
    let say = json!({"type": "say", "scope": "room", "text": "还在"});
    assert!(expert.act(say, None).await.is_ok());
}
