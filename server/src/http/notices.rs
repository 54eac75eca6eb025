//! `GET /api/v1/notices?case=…`: what became of the notices of a case, for its staff. Never what they said.

use axum::Json;
use axum::extract::{Query, State};
use kanjie_domain::Role;
use kanjie_store::{Delivery, DeliveryState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Caller, mask};
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Of {
    /// The case's id.
    case: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Notices {
    /// Newest first, 200 at most.
    notices: Vec<Notice>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Notice {
    id: i64,
    recipient_masked: String,
    kind: String,
    /// `file`, `smtp`, `sms`; absent before the first try.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    channel: Option<String>,
    created_at: i64,
    tries: i64,
    #[serde(flatten)]
    state: Standing,
}

/// Times UTC µs; `class` is a stable word for what went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Standing {
    Queued {
        due_at: i64,
    },
    /// With the sender, or the process died there.
    Sending {
        since: i64,
    },
    Sent {
        at: i64,
        /// The gateway's own id, where it gave one.
        #[schema(required = true)]
        gateway_id: Option<String>,
    },
    Failed {
        at: i64,
        class: String,
        due_at: i64,
    },
    GivenUp {
        at: i64,
        class: String,
    },
}

impl From<DeliveryState> for Standing {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Queued { due_at } => Self::Queued { due_at },
            DeliveryState::Sending { since } => Self::Sending { since },
            DeliveryState::Sent { at, gateway_id } => Self::Sent { at, gateway_id },
            DeliveryState::Failed { at, class, due_at } => Self::Failed { at, class, due_at },
            DeliveryState::GivenUp { at, class } => Self::GivenUp { at, class },
        }
    }
}

impl From<Delivery> for Notice {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            recipient_masked: mask::recipient(&delivery.recipient),
            kind: delivery.kind,
            channel: delivery.channel,
            created_at: delivery.created_at,
            tries: delivery.tries,
            state: delivery.state.into(),
        }
    }
}

/// What became of the notices of a case, for its staff.
#[utoipa::path(get, path = "/api/v1/notices", operation_id = "notices", tag = "cases", params(Of),
    responses((status = 200, description = "Newest first, 200 at most; never what they said", body = Notices),
        (status = 404, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Query(Of { case }): Query<Of>,
) -> Result<Json<Notices>, Problem> {
    // Who has no part in the case as staff does not learn whether it exists.
    let roles = services.store.roles_in_case(&case, &caller.person).await?;
    let own = caller.link.is_none() && roles.iter().any(|role: &Role| role.is_staff());
    if !own {
        return Err(ProblemCode::NotFound.into());
    }
    let notices = services.store.notices_of_case(&case).await?;
    Ok(Json(Notices {
        notices: notices.into_iter().map(Notice::from).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use crate::testing::TestApp;

    #[tokio::test]
    async fn staff_of_the_case_see_what_became_of_its_notices_and_no_code() {
        let app = TestApp::new().await;
        let applicant = app.come_in("applicant", "journey").await;
        let session = &app.seeded.sessions["journey"];
        let row = app.services.store.session(session).await.unwrap().unwrap();
        let path = format!("/api/v1/notices?case={}", row.case_id);
        let surveyor = app.sign_in("surveyor1").await;
        let answer = app.get(&path, &surveyor).await;
        assert_eq!(answer.status, StatusCode::OK);
        let notice = &answer.json()["notices"][0];
        assert_eq!(notice["state"], "sent");
        assert_eq!(notice["kind"], "code_device");
        assert_eq!(notice["channel"], "file");
        assert_eq!(notice["recipient_masked"], "138****0005");
        let shown = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert!(!shown.contains("13800000005") && !shown.contains("验证码"));
        for other in [applicant, app.sign_in("supervisor").await] {
            assert_eq!(app.get(&path, &other).await.code(), "not_found");
        }
        let other = &app.seeded.sessions["other"];
        let row = app.services.store.session(other).await.unwrap().unwrap();
        let foreign = app
            .get(&format!("/api/v1/notices?case={}", row.case_id), &surveyor)
            .await;
        assert_eq!(foreign.code(), "not_found");
    }
}
