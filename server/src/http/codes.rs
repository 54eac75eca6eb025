//! `POST /api/v1/codes`: a fresh code for an act that needs a second factor; for those who came by a link.

use axum::extract::State;
use axum::http::StatusCode;
use kanjie_domain::Code;
use kanjie_store::{LinkTo, Purpose};

use crate::auth::attempts::Attempt;
use crate::auth::{Caller, codes};
use crate::cases::{Acting, host};
use crate::http::once;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Sends a fresh code for an act that needs a second factor, to somebody who came by a link.
#[utoipa::path(post, path = "/api/v1/codes", operation_id = "send_act_code", tag = "sign-in", params(once::Key),
    responses((status = 204, description = "Sent"), (status = 404, response = Problem), (status = 429, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    // Staff use their authenticator.
    let Some(link) = &caller.link else {
        return Err(ProblemCode::Refused(Code::NotAllowed).into());
    };
    match link {
        LinkTo::Session(session) => drop(caller.part(&services.store, session).await?),
        LinkTo::Case(case) => drop(host::open_to(&services, case, Acting::from(&caller)).await?),
    }
    let limits = &services.limits;
    let (subject, address) = (caller.person.0.as_str(), caller.address.as_str());
    let attempt = Attempt {
        action: "act_code",
        subject,
        address,
    };
    let gates = [
        (&limits.code_by_address, address),
        (&limits.code_by_person, subject),
    ];
    attempt.pass(&services, &gates).await?;
    let person = services
        .store
        .person(&caller.person)
        .await?
        .ok_or(ProblemCode::SignInNeeded)?;
    codes::send(&services, link, &caller.person, &person.phone, Purpose::Act).await?;
    attempt.note(&services, "ok").await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use kanjie_domain::FactorKind;
    use serde_json::json;

    use crate::auth::cookie::Token;
    use crate::auth::{Caller, factor};
    use crate::problem::ProblemCode;
    use crate::testing::TestApp;

    async fn caller(app: &TestApp, cookie: &str) -> Caller {
        let token = Token::parse(cookie.split_once('=').unwrap().1).unwrap();
        let store = &app.services.store;
        let row = store
            .sign_in(&token.digest(), crate::env::Env::now(&*app.env))
            .await;
        row.unwrap().unwrap().into()
    }

    #[tokio::test]
    async fn a_phone_code_serves_one_act() {
        let app = TestApp::new().await;
        let cookie = app.come_in("applicant", "journey").await;
        let applicant = caller(&app, &cookie).await;
        let sent = app.post("/api/v1/codes", &cookie, json!({})).await;
        assert_eq!(sent.status, StatusCode::NO_CONTENT);
        let code = app.last_code("13800000005").await;
        let used = factor::verify(&app.services, &applicant, "sign_record:s", &code).await;
        assert_eq!(used.unwrap().kind, FactorKind::PhoneCode);
        let again = factor::verify(&app.services, &applicant, "sign_record:s", &code).await;
        assert_eq!(again.unwrap_err().code, ProblemCode::CodeExpired);
        // Each try stands there with its act and what came of it, the sending of the code too.
        let noted = app.services.store.attempts(3).await.unwrap();
        let noted: Vec<_> = noted
            .iter()
            .map(|a| (a.action.as_str(), a.outcome.as_str()))
            .collect();
        let tried = "factor:sign_record:s";
        assert_eq!(
            noted,
            [(tried, "code_expired"), (tried, "ok"), ("act_code", "ok")]
        );
    }

    #[tokio::test]
    async fn the_code_of_the_way_in_is_no_second_factor() {
        let app = TestApp::new().await;
        let cookie = app.come_in("applicant", "journey").await;
        let applicant = caller(&app, &cookie).await;
        let code = app.last_code("13800000005").await;
        let used = factor::verify(&app.services, &applicant, "sign_record:s", &code).await;
        assert_eq!(used.unwrap_err().code, ProblemCode::CodeExpired);
    }

    #[tokio::test]
    async fn staff_use_their_authenticator_once_an_act() {
        let app = TestApp::new().await;
        let cookie = app.sign_in("chair").await;
        let refused = app.post("/api/v1/codes", &cookie, json!({})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let chair = caller(&app, &cookie).await;
        let code = app.totp("chair").await;
        let verify = async |act: &str, code: &str| {
            let verified = factor::verify(&app.services, &chair, act, code).await;
            verified.map(|f| f.kind).map_err(|p| p.code)
        };
        assert_eq!(verify("seal:s", &code).await, Ok(FactorKind::Totp));
        assert_eq!(verify("seal:s", &code).await, Err(ProblemCode::FactorUsed));
        assert_eq!(verify("announce:s", &code).await, Ok(FactorKind::Totp));
        assert_eq!(
            verify("seal:s", "12345").await,
            Err(ProblemCode::FactorWrong)
        );
    }

    #[tokio::test]
    async fn needs_a_sign_in() {
        let app = TestApp::new().await;
        let answer = app.post("/api/v1/codes", "", json!({})).await;
        assert_eq!(answer.code(), "sign_in_needed");
    }
}
