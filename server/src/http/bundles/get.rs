//! `GET /api/v1/bundles/{id}`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use kanjie_domain::case::{Bundle, BundleState, Standing, Survey};
use serde::Serialize;
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::cases::{Acting, bundles, published};
use crate::http::version;
use crate::problem::Problem;
use crate::services::Services;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BundleView {
    id: String,
    title: String,
    lead_department: String,
    state: &'static str,
    head: u64,
    #[schema(value_type = Vec<Object>)]
    cases: Vec<Value>,
    #[schema(value_type = Object)]
    survey: Value,
    /// R06: the last day for all decisions; absent until every case is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    due: Option<String>,
}

/// The bundle as it stands.
#[utoipa::path(get, path = "/api/v1/bundles/{id}", operation_id = "bundle", tag = "bundles",
    params(("id" = String, Path, description = "Bundle")), responses((status = 200, description = "The bundle", body = BundleView)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let loaded = bundles::open_bundle(&services, &id, Acting::from(&caller)).await?;
    let bundle = &loaded.state;
    let calendar = published::working_days(&services).await?;
    let due = bundle.due(&calendar).ok().flatten();
    let view = BundleView {
        id,
        title: bundle.title.clone(),
        lead_department: bundle.lead_department.clone(),
        state: match bundle.state {
            BundleState::Open => "open",
            BundleState::Closed => "closed",
        },
        head: loaded.head,
        cases: cases(bundle),
        survey: match &bundle.survey {
            Survey::None => json!({"state": "none"}),
            Survey::Scheduled { session } => json!({"state": "scheduled", "session": session}),
            Survey::Ended { session, head } => {
                json!({"state": "ended", "session": session, "head": head})
            }
        },
        due: due.map(|day| day.to_string()),
    };
    Ok((version::of(loaded.head), Json(view)))
}

fn cases(bundle: &Bundle) -> Vec<Value> {
    let standing = |case: &str| match bundle.standing.get(case) {
        None | Some(Standing::Awaited) => json!({"state": "awaited"}),
        Some(Standing::Accepted { on }) => json!({"state": "accepted", "on": on.to_string()}),
        Some(Standing::Decided { kind, at }) => {
            json!({"state": "decided", "kind": kind, "at": at})
        }
        Some(Standing::Left) => json!({"state": "left"}),
    };
    let cases = bundle.cases.iter();
    cases
        .map(|of| {
            json!({
                "case": of.case, "item_title": of.item_title, "department": of.department,
                "standing": standing(&of.case),
            })
        })
        .collect()
}
