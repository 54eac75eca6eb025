//! `GET /api/v1/cases`: the index of cases, newest first, page by page.

use axum::Json;
use axum::extract::{Query, State};
use kanjie_domain::Role;
use kanjie_store::CaseFilter;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Cases in one answer, at most, and where nothing is asked for.
const MOST: u32 = 200;
const USUAL: u32 = 50;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// As in rules.md, States.
    stage: Option<String>,
    department: Option<String>,
    /// Code of the permit item.
    item: Option<String>,
    /// Number or its end, 统一社会信用代码, words of applicant and item.
    question: Option<String>,
    /// 1: those in which the caller himself has a part.
    #[param(minimum = 0, maximum = 1)]
    mine: Option<u8>,
    /// `next` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    after: Option<String>,
    /// 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CaseList {
    items: Vec<CaseLine>,
    /// Present where the list goes on, even after a page that is short.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CaseLine {
    case: String,
    case_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    item: Option<String>,
    item_title: String,
    department: String,
    applicant: String,
    uscc: String,
    stage: String,
    /// UTC µs.
    began_at: i64,
    /// The last day of what the authority has to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    due_on: Option<String>,
}

/// Cases, newest first: all of them for staff and supervisors, for others those in which they have a part.
#[utoipa::path(get, path = "/api/v1/cases", operation_id = "cases", tag = "cases", params(Wanted),
    responses((status = 200, description = "A page", body = CaseList), (status = 404, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<CaseList>, Problem> {
    // A link opens its own session and case; it lists nothing.
    if caller.link.is_some() {
        return Err(ProblemCode::NotFound.into());
    }
    let limit = wanted.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) || wanted.mine.is_some_and(|mine| mine > 1) {
        return Err(ProblemCode::Malformed.into());
    }
    let reads_all = |role: &Role| role.is_staff() || *role == Role::Supervisor;
    let mine = wanted.mine.is_some_and(|mine| mine != 0);
    let all = caller.account_roles.iter().any(reads_all) && !mine;
    let filter = CaseFilter {
        stage: wanted.stage,
        department: wanted.department,
        item: wanted.item,
        question: wanted.question,
        person: (!all).then(|| caller.person.clone()),
        ..CaseFilter::default()
    };
    let after = wanted.after.map(|after| after.parse::<i64>()).transpose();
    let below = after.map_err(|_| ProblemCode::Malformed)?;
    let page = services.store.cases(&filter, below, limit).await?;
    // R16.
    let aside = services.store.recused_from(&caller.person).await?;
    let rows = page.rows.into_iter();
    let cases = rows
        .filter(|row| !aside.contains(&row.id))
        .map(|row| CaseLine {
            case: row.id,
            case_no: row.case_no,
            item: row.item,
            item_title: row.item_title,
            department: row.department,
            applicant: row.applicant,
            uscc: row.uscc,
            stage: row.stage,
            began_at: row.began_at,
            due_on: row.due_on,
        });
    Ok(Json(CaseList {
        items: cases.collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}
