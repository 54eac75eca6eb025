//! R48: an expert comes into the room once he has signed, and is there no more when another was drawn in his place.

use kanjie_tests::{Bureau, Review, Socket, TestServer, within};
use serde_json::json;

const STAFF: [(&str, &str); 4] = [
    ("surveyor_1", "surveyor"),
    ("surveyor_2", "surveyor"),
    ("chair", "chair"),
    ("chair", "approver"),
];

#[tokio::test]
async fn r48_an_expert_has_the_room_from_his_signature_to_his_release() {
    let server = TestServer::start().await;
    let mut bureau = Bureau::open(&server).await;
    for key in ["expert_1", "expert_2", "expert_3"] {
        let person = server.hire(key, "示例专家", None, &["expert"]);
        bureau.join(&server, key, person).await;
    }
    let case = bureau
        .accepted("hygiene_beauty", "13911130001", &STAFF)
        .await;
    bureau
        .draw_of(&server, &case, "示例", &["expert_1", "expert_2"])
        .await;
    bureau
        .sign_confidentiality(&server, &case, "expert_1")
        .await;
    let session = bureau.schedule(&case, &json!({})).await;
    let keys = ["chair", "surveyor_1", "surveyor_2", "expert_1"];
    let mut review = Review::live(&server, &bureau, &case, (&session, 1), &keys, &[]).await;

    let api = bureau.api("expert_2");
    let early = Socket::connect(api.base(), &session, api.cookie.as_deref()).await;
    assert!(early.is_err(), "he comes in without a signature");
    bureau
        .sign_confidentiality(&server, &case, "expert_2")
        .await;
    let socket = api.socket(&session, 0).await;
    assert!(!socket.entries.is_empty());

    bureau.add_experts(&server, "示例", &["expert_3"]);
    let draw = json!({
        "type": "draw_experts", "field": "示例", "count": 1, "instead_of": [bureau.id("expert_1")],
        "reason": "另有公务（示例）",
    });
    bureau.act(&case, "surveyor_1", draw).await;

    let left = review.socket("chair").event("departed").await;
    assert_eq!(left["person"], bureau.id("expert_1"));
    let mut socket = review.sockets.remove("expert_1").unwrap();
    within("the end of the expert's connection", async {
        while socket.receive().await.is_some() {}
    })
    .await;
    let api = bureau.api("expert_1");
    let again = Socket::connect(api.base(), &session, api.cookie.as_deref()).await;
    assert!(again.is_err(), "he comes in again");
}
