//! Who sees what of a case, and who may do what: denied unless the case or the account says otherwise.

use axum::http::StatusCode;
use kanjie_domain::Role;
use kanjie_store::Person;
use serde_json::json;

use super::desk::{Desk, Made};
use crate::cli::add_staff;

/// Somebody with an account of these roles, signed in.
pub async fn account(desk: &Desk, user: &str, roles: &[Role]) -> (Person, String) {
    let person = Person {
        id: kanjie_domain::PersonId(desk.app.services.env.new_id()),
        name: format!("示例{user}"),
        organisation: String::from("示例单位"),
        department: None,
        phone: String::new(),
    };
    let services = &desk.app.services;
    let password = "shili-password";
    add_staff(services, user.to_owned(), &person, roles.to_vec(), password)
        .await
        .unwrap();
    let totp = desk.app.totp(user).await;
    let body = json!({"user": user, "password": password, "totp": totp});
    let answer = desk.app.post("/api/v1/sign-in", "", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    (person, answer.cookie())
}

fn routes(case: &Made) -> Vec<String> {
    ["", "/journal", "/papers", "/papers/1/acceptance.pdf"]
        .map(|tail| format!("/api/v1/cases/{}{tail}", case.case))
        .into()
}

#[tokio::test]
async fn r58_a_case_is_not_there_for_whoever_has_no_part_in_it() {
    let desk = Desk::open().await;
    let case = desk.accepted("food_catering", 1).await;
    desk.settle().await;
    let nowhere = Made {
        case: String::from("0195d000-0000-7000-8000-000000000009"),
        ..case.clone()
    };
    let outsiders = [
        account(&desk, "operator", &[Role::Operator]).await.1,
        account(&desk, "administrator", &[Role::Administrator])
            .await
            .1,
        account(&desk, "somebody", &[Role::Expert]).await.1,
        desk.app.come_in("applicant", "journey").await,
        desk.app.come_in("expert", "journey").await,
    ];
    for cookie in &outsiders {
        for (there, gone) in routes(&case).iter().zip(routes(&nowhere)) {
            let answer = desk.app.get(there, cookie).await;
            assert_eq!(answer.code(), "not_found", "{there}");
            assert_eq!(answer.bytes, desk.app.get(&gone, cookie).await.bytes);
        }
        for command in [
            json!({"type": "receive"}),
            json!({"type": "withdraw", "reason": "x"}),
        ] {
            let answer = desk.try_act(&case, cookie, command).await;
            assert_eq!(answer.code(), "not_found");
        }
    }
    assert_eq!(desk.view(&case, "").await.code(), "sign_in_needed");
    let before = desk.events(&case, &desk.handler).await.len();
    let note = json!({"type": "note_review", "text": "x"});
    let supervisor = desk.try_act(&case, &desk.supervisor, note).await;
    assert_eq!(supervisor.code(), "not_allowed");
    assert_eq!(desk.events(&case, &desk.supervisor).await.len(), before);
}

#[tokio::test]
async fn an_applicant_drives_the_own_case_and_reads_nothing_internal() {
    let desk = Desk::open().await;
    let (person, cookie) = account(&desk, "applicant9", &[Role::Applicant]).await;
    let brief = json!({
        "applicant": "示例公司", "uscc": "91000000MA0000000X", "address": "示例路1号",
        "authority": "示例区行政审批局", "contact": "010-00000000",
    });
    let mine = json!({"item": "food_catering", "applicant": person.id, "brief": brief});
    let made = desk.app.post("/api/v1/cases", &cookie, mine).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let case = Made {
        case: made.json()["case"].as_str().unwrap().to_owned(),
        case_no: String::new(),
        applicant: person.id,
        phone: String::new(),
    };
    let other = desk.app.seeded.people["applicant"].person.clone();
    let foreign = json!({"item": "food_catering", "applicant": other, "brief": brief});
    let foreign = desk.app.post("/api/v1/cases", &cookie, foreign).await;
    assert_eq!(foreign.code(), "not_allowed");

    desk.submit_as(&case, &cookie, "form").await;
    let note = json!({"type": "note_review", "text": "内部意见"});
    assert_eq!(
        desk.try_act(&case, &cookie, note.clone()).await.code(),
        "not_allowed"
    );
    desk.act(&case, note).await;
    let seen = desk.events(&case, &cookie).await;
    assert!(seen.iter().all(|event| event["type"] != "review_noted"));
    assert_eq!(
        desk.events(&case, &desk.handler).await.len(),
        seen.len() + 1
    );
    let view = desk.view(&case, &cookie).await.json();
    assert_eq!(view["my_roles"], json!(["applicant"]));
    assert_eq!(view["course"]["stage"], "pre_review");
    assert_eq!(view["course"]["materials"]["form"], "submitted");
    // A commitment is signed by a factor that is fresh.
    desk.act(&case, json!({"type": "check_credit", "standing": "clear"}))
        .await;
    let commit = json!({"type": "commit", "sha256": "3".repeat(64)});
    let without = desk.try_act(&case, &cookie, commit.clone()).await;
    assert_eq!(without.code(), "factor_needed");
    let path = format!("/api/v1/cases/{}/acts", case.case);
    let code = desk.app.totp("applicant9").await;
    let body = json!({"command": commit, "factor": code});
    let done = desk.app.post(&path, &cookie, body).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
}

#[tokio::test]
async fn r16_who_steps_aside_loses_the_case() {
    let desk = Desk::open().await;
    let case = desk.accepted("food_catering", 1).await;
    let surveyor = desk.app.seeded.people["surveyor_1"].person.clone();
    let aside = json!({"type": "record_recusal", "person": surveyor, "reason": "系申请人近亲属。"});
    desk.act(&case, aside).await;
    assert_eq!(desk.view(&case, &desk.handler).await.code(), "not_found");
    let note = json!({"type": "note_review", "text": "x"});
    let answer = desk.try_act(&case, &desk.handler, note).await;
    assert_eq!(answer.code(), "not_found");
    assert_eq!(
        desk.view(&case, &desk.approver).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_list_shows_what_its_reader_may_know() {
    let desk = Desk::open().await;
    let (first, second) = (
        desk.accepted("food_catering", 1).await,
        desk.case("outdoor_ad", 2).await,
    );
    let list = async |cookie: &str, query: &str| {
        let answer = desk.app.get(&format!("/api/v1/cases{query}"), cookie).await;
        let cases = answer.json()["items"].as_array().unwrap().clone();
        cases
            .iter()
            .map(|of| of["case"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let newest = list(&desk.supervisor, "?limit=2").await;
    assert_eq!(newest, [second.case.as_str(), first.case.as_str()]);
    assert_eq!(
        list(&desk.handler, "?stage=accepted").await,
        [first.case.as_str()]
    );
    let found = list(&desk.handler, &format!("?question={}", second.case_no)).await;
    assert_eq!(found, [second.case.as_str()]);
    let (_, operator) = account(&desk, "operator", &[Role::Operator]).await;
    assert!(list(&operator, "").await.is_empty());
    let surveyor = desk.app.seeded.people["surveyor_1"].person.clone();
    let aside = json!({"type": "record_recusal", "person": surveyor, "reason": "近亲属。"});
    desk.act(&first, aside).await;
    assert!(list(&desk.handler, "?stage=accepted").await.is_empty());
    let by_link = desk.app.come_in("applicant", "journey").await;
    assert_eq!(
        desk.app.get("/api/v1/cases", &by_link).await.code(),
        "not_found"
    );
    let wrong = desk.app.get("/api/v1/cases?limit=0", &desk.handler).await;
    assert_eq!(wrong.code(), "malformed");
}
