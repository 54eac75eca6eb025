//! A whole session by commands over WebSocket: lobby to receipt over the closing head.

use kanjie_domain::records::Purpose;
use kanjie_evidence::Receipt;
use kanjie_evidence::package::{self, Copy};
use kanjie_store::JournalId;
use serde_json::{Value, json};

use super::client::Client;
use super::house::House;
use super::relay;
use crate::export;

pub struct Cast {
    pub chair: Client,
    pub surveyor_1: Client,
    pub surveyor_2: Client,
    pub expert: Client,
    pub applicant: Client,
    pub supervisor: Client,
}

/// Everybody connected; the lobby open.
pub async fn at_the_door(house: &House, session: &str) -> Cast {
    let mut chair = Client::join(house, "chair", session).await;
    chair.done(json!({"type": "open_lobby"})).await;
    let mut cast = Cast {
        chair,
        surveyor_1: Client::join(house, "surveyor_1", session).await,
        surveyor_2: Client::join(house, "surveyor_2", session).await,
        expert: Client::join(house, "expert", session).await,
        applicant: Client::join(house, "applicant", session).await,
        supervisor: Client::join(house, "supervisor", session).await,
    };
    let notice =
        cast.chair.event("scheduled").await["template"]["settings"]["notice_version"].take();
    let acknowledge = json!({"type": "acknowledge_notice", "notice": notice});
    for client in cast.all() {
        client.done(acknowledge.clone()).await;
    }
    cast
}

/// Everybody admitted, the session live.
pub async fn live(house: &House, session: &str) -> Cast {
    let mut cast = at_the_door(house, session).await;
    let own = json!({"type": "confirm_identity", "person": house.person("chair"), "method": "second_factor", "last_four": ""});
    cast.chair.signed(house, own).await;
    for who in [
        "surveyor_1",
        "surveyor_2",
        "expert",
        "applicant",
        "supervisor",
    ] {
        let person = house.person(who);
        cast.chair
            .done(json!({"type": "begin_identity_check", "person": person}))
            .await;
        let confirm = json!({"type": "confirm_identity", "person": person, "method": "id_card", "last_four": "123X"});
        cast.chair.done(confirm).await;
        cast.chair
            .done(json!({"type": "admit", "person": person}))
            .await;
    }
    let credential = json!({"type": "show_credential", "number_last_four": "0001"});
    for client in [&mut cast.chair, &mut cast.surveyor_1, &mut cast.surveyor_2] {
        client.done(credential.clone()).await;
    }
    cast.chair.done(json!({"type": "start"})).await;
    cast
}

impl Cast {
    pub fn all(&mut self) -> [&mut Client; 6] {
        [
            &mut self.chair,
            &mut self.surveyor_1,
            &mut self.surveyor_2,
            &mut self.expert,
            &mut self.applicant,
            &mut self.supervisor,
        ]
    }
}

/// Every item met and concluded. The exterior shot is uploaded before.
pub async fn concluded(house: &House, session: &str, cast: &mut Cast) {
    let scheduled = cast.chair.event("scheduled").await;
    relay::upload(house, session, "e-1", "exterior", &relay::jpeg(1)).await;
    for item in scheduled["template"]["items"].as_array().unwrap() {
        let measured = item["remote"] != "Y";
        let measurement =
            measured.then(|| json!({"value": "4.2", "unit": "m", "how": "measurement"}));
        let answer = json!({"code": item["code"], "result": "met", "measurement": measurement});
        cast.surveyor_1
            .done(json!({"type": "answer_item", "answer": answer}))
            .await;
    }
    for department in scheduled["joining_departments"].as_array().unwrap() {
        let opinion = json!({"kind": "department", "department": department});
        let file =
            json!({"type": "file_opinion", "opinion": opinion, "stance": "agree", "text": "同意"});
        cast.surveyor_2.done(file).await;
    }
    let file = json!({"type": "file_opinion", "opinion": {"kind": "expert"}, "stance": "agree", "text": "同意"});
    cast.expert.done(file).await;
    cast.applicant
        .done(json!({"type": "take_statement", "text": "无异议", "waived": false}))
        .await;
    let present: Vec<_> = ["chair", "surveyor_1", "surveyor_2", "expert", "applicant"]
        .map(|who| house.person(who))
        .into();
    let conclude =
        json!({"type": "conclude", "outcome": "passed", "text": "合格", "present": present});
    cast.chair.done(conclude).await;
}

/// The record signed, the decision sealed.
pub async fn sealed(house: &House, session: &str, cast: &mut Cast) {
    let seal = drafted(house, session, cast).await;
    cast.chair.signed(house, seal).await;
}

/// The record signed, the decision drafted; returns the command that seals it.
pub async fn drafted(house: &House, session: &str, cast: &mut Cast) -> Value {
    cast.chair.done(json!({"type": "prepare_record"})).await;
    let digest = cast.chair.event("record_prepared").await["digest"].take();
    for client in [
        &mut cast.surveyor_1,
        &mut cast.surveyor_2,
        &mut cast.applicant,
    ] {
        client
            .signed(house, json!({"type": "sign_record", "digest": digest}))
            .await;
    }
    let decision = json!({
        "kind": "granted", "result": "准予许可", "reason": "符合条件", "basis": ["行政许可法第三十八条"],
        "next_step": "领取证照", "contact": "010-00000000",
    });
    cast.chair
        .done(json!({"type": "draft_decision", "decision": decision}))
        .await;
    let preview = relay::get_json(house, "chair", session, "documents/preview").await;
    json!({"type": "seal_decision", "content_digest": preview["content_digest"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_lobby_to_the_receipt_over_the_closing_head() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = live(&house, &session).await;
    let sent = relay::record(&house, "s1", 50);
    deliberation(&house, &mut cast).await;
    concluded(&house, &session, &mut cast).await;
    sealed(&house, &session, &mut cast).await;
    cast.chair.done(json!({"type": "announce"})).await;
    let announced = cast.applicant.event("announced").await;
    let digest = announced["content_digest"].clone();
    for client in [
        &mut cast.surveyor_1,
        &mut cast.surveyor_2,
        &mut cast.expert,
        &mut cast.applicant,
    ] {
        client
            .done(json!({"type": "acknowledge", "content_digest": digest}))
            .await;
    }
    cast.chair.done(json!({"type": "close"})).await;
    let bye = cast.applicant.wait("bye").await;
    assert_eq!(bye["code"], "closed");
    let receipts = check_receipts(&house, &cast.applicant);
    assert_eq!(receipts, ["announced", "closed"]);

    let recording = loop {
        let recording = relay::get_json(&house, "chair", &session, "recording").await;
        if recording["state"] != "making" {
            break recording;
        }
    };
    assert_eq!(recording["state"], "ready", "{recording}");
    assert_eq!(recording["tracks"][0]["track"], "s1-microphone");
    assert_eq!(recording["tracks"][0]["name"], "示例主持人");
    watched(
        &house,
        &session,
        recording["tracks"][0]["file"].as_str().unwrap(),
    )
    .await;
    let verdict = relay::get_json(&house, "supervisor", &session, "verification").await;
    assert_eq!(verdict["whole"], true, "{verdict}");
    assert_eq!(verdict["segments"], 2);
    exported(&house, &session, sent).await;
}

/// R59: nothing of the recording is shown before its viewer said why; the case keeps who it was.
async fn watched(house: &House, session: &str, file: &str) {
    let track = format!("recording/{file}");
    let (status, body) = relay::get(house, "applicant", session, &track).await;
    assert_eq!(status, 409);
    assert!(String::from_utf8_lossy(&body).contains("purpose_missing"));
    for (purpose, expected) in [
        (json!({}), 400),
        (json!({"purpose": "complaint", "number": " "}), 409),
        (json!({"purpose": "other", "why": "长".repeat(501)}), 409),
        (json!({"purpose": "own_copy"}), 201),
    ] {
        let said = relay::post(house, "applicant", session, "recording/looks", &purpose).await;
        assert_eq!(said, expected, "{purpose}");
    }
    let (status, body) = relay::get(house, "applicant", session, &track).await;
    assert_eq!((status, &body[4..8]), (200, b"ftyp".as_slice()));
    // What one said is not said by another.
    let (status, _) = relay::get(house, "supervisor", session, &track).await;
    assert_eq!(status, 409);

    let case = house.services.store.session(session).await.unwrap();
    let id = JournalId::Case(case.unwrap().case_id);
    let entries = house.services.store.entries(&id, 0, 1_000).await.unwrap();
    let last: Value = serde_json::from_str(entries.last().unwrap().body().unwrap()).unwrap();
    let event = &last["event"];
    assert_eq!(event["type"], "recording_opened");
    assert_eq!(event["session"], session);
    assert_eq!(event["person"], house.person("applicant").0);
    assert_eq!(
        (&event["kind"], &event["purpose"]),
        (&json!("view"), &json!("own_copy"))
    );
}

/// Media in a deliberation, and words.
async fn deliberation(house: &House, cast: &mut Cast) {
    cast.chair.done(json!({"type": "begin_deliberation"})).await;
    relay::record(house, "s1", 10);
    let say = json!({"type": "say", "scope": "deliberation", "text": "合议中的机密"});
    cast.expert.done(say).await;
    cast.chair.done(json!({"type": "end_deliberation"})).await;
}

/// Both copies verify; the applicant's lacks the deliberation.
async fn exported(house: &House, session: &str, sent: u64) {
    let place = tempfile::tempdir().unwrap();
    let mut verified = Vec::new();
    for copy in [Copy::Full, Copy::Applicant] {
        let out = place.path().join(format!("{copy:?}"));
        export::take_out(&house.services, session, copy, Purpose::Review, &out)
            .await
            .unwrap();
        let report = package::verify(&out, &package::Options::default()).unwrap();
        let journal = std::fs::read_to_string(out.join("data/journal.jsonl")).unwrap();
        assert_eq!(journal.contains("合议中的机密"), copy == Copy::Full);
        verified.push(report);
    }
    assert_eq!(verified[0].packets, sent + 10);
    assert_eq!(verified[1].packets, sent);
    assert_eq!(verified[1].segments_withheld, 1);
    assert_eq!(verified[0].receipts, 2);
}

/// Each receipt signs the head it names, right after a checkpoint, and names the receipt before it.
pub fn check_receipts(house: &House, client: &Client) -> Vec<String> {
    let events: Vec<(u64, Value)> = client
        .entries
        .iter()
        .filter_map(|entry| {
            let body: Value = serde_json::from_str(entry.body()?).unwrap();
            Some((entry.seq, body["event"].clone()))
        })
        .collect();
    let mut previous = None;
    let mut kinds = Vec::new();
    for (_, event) in events
        .iter()
        .filter(|(_, event)| event["type"] == "receipt_issued")
    {
        let receipt = Receipt::from_value(&event["receipt"]).unwrap();
        receipt.verify(&house.services.signer.public()).unwrap();
        let body = receipt.body();
        let entry = client
            .entries
            .iter()
            .find(|entry| entry.seq == body.seq)
            .unwrap();
        assert_eq!(entry.hash, body.head);
        assert_eq!(body.previous, previous);
        let before = events.iter().find(|(seq, _)| *seq == body.seq - 1).unwrap();
        assert_eq!(before.1["type"], "checkpoint");
        previous = Some(receipt.digest());
        kinds.push(
            serde_json::to_value(body.kind)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    kinds
}
