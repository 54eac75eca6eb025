//! `POST /api/v1/status` and `POST /api/v1/status/answer`: the state of a case by number and phone, without an account.

use axum::Extension;
use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::attempts::Attempt;
use crate::auth::cookie::Token;
use crate::http::json::Json;
use crate::net::Connection;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;
use crate::status;
use crate::texts::Lang;

const LONGEST_NO: usize = 100;
const LONGEST_PHONE: usize = 32;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusQuestion {
    #[schema(min_length = 1, max_length = 100)]
    case_no: String,
    /// Spaces, hyphens and +86 do not count.
    #[schema(min_length = 1, max_length = 32)]
    phone: String,
}

/// The same whether or not number and phone belong together.
#[derive(Serialize, ToSchema)]
pub struct StatusAsked {
    /// Goes with the code.
    request: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusAnswer {
    request: String,
    code: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CaseStatus {
    case_no: String,
    item_title: String,
    /// Stable; by this a program tells where the case stands.
    state: String,
    /// In the language of `Accept-Language`.
    title: &'static str,
    /// What comes next.
    next: &'static str,
    /// When its session begins, where one is to come, UTC µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    appointment: Option<i64>,
}

/// Asks for the state of a case: if number and phone belong together, a code goes to the phone.
#[utoipa::path(post, path = "/api/v1/status", operation_id = "ask_status", tag = "status", security(()), request_body = StatusQuestion,
    responses((status = 202, description = "Asked, whether or not they belong together", body = StatusAsked), (status = 429, response = Problem)))]
pub async fn ask(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    Json(question): Json<StatusQuestion>,
) -> Result<(StatusCode, JsonAnswer<StatusAsked>), Problem> {
    let within = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    if !within(&question.case_no, LONGEST_NO) || !within(&question.phone, LONGEST_PHONE) {
        return Err(ProblemCode::Malformed.into());
    }
    let case_no = question.case_no.trim();
    let phone = bare(&question.phone);
    let address = connection.address_key();
    let attempt = Attempt {
        action: "status_ask",
        subject: case_no,
        address: &address,
    };
    let gates = [
        (&services.limits.status_by_address, address.as_str()),
        (&services.limits.status_by_number, case_no),
    ];
    attempt.pass(&services, &gates).await?;
    let token = status::ask(&services, case_no, &phone).await?;
    // Whether number and phone belong together is not known yet.
    attempt.note(&services, "asked").await?;
    let request = token.text();
    Ok((StatusCode::ACCEPTED, JsonAnswer(StatusAsked { request })))
}

/// The state of the case, for the code that went to the phone.
#[utoipa::path(post, path = "/api/v1/status/answer", operation_id = "read_status", tag = "status", security(()), request_body = StatusAnswer,
    responses((status = 200, description = "Where the case stands", body = CaseStatus), (status = 401, response = Problem),
        (status = 404, response = Problem), (status = 429, response = Problem)))]
pub async fn answer(
    State(services): State<Services>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    Json(answer): Json<StatusAnswer>,
) -> Result<JsonAnswer<CaseStatus>, Problem> {
    let address = connection.address_key();
    let mut attempt = Attempt {
        action: "status_answer",
        subject: "",
        address: &address,
    };
    let gates = [(&services.limits.code_by_address, address.as_str())];
    attempt.pass(&services, &gates).await?;
    let token = Token::parse(&answer.request).ok_or(ProblemCode::CodeExpired)?;
    let lang = Lang::of(&headers);
    let standing = status::answer(&services, &token, &answer.code, lang).await;
    let outcome = match &standing {
        Ok(standing) => {
            attempt.subject = &standing.case_no;
            "ok"
        }
        Err(_) => "failed",
    };
    attempt.note(&services, outcome).await?;
    let standing = standing?;
    Ok(JsonAnswer(CaseStatus {
        case_no: standing.case_no,
        item_title: standing.item_title,
        state: standing.state,
        title: standing.title,
        next: standing.next,
        appointment: standing.appointment,
    }))
}

/// As phones are kept here.
fn bare(phone: &str) -> String {
    let phone: String = phone
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    let phone = phone
        .strip_prefix("+86")
        .map_or(phone.as_str(), |rest| rest);
    phone.to_owned()
}
