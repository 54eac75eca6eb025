//! The process dies and comes back.

use serde_json::json;

use super::house::House;
use super::journey;

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_by_itself_after_the_process_died() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
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
}
