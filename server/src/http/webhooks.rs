//! `/api/v1/webhooks`: endpoints of other systems, for administrators. Nothing here says anything about a case.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kanjie_domain::authority::{Act, AdminAct, Relation, authorise};
use kanjie_store::{Endpoint as Kept, NewEndpoint, PausedBy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::http::json::Json;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// More than any house has; each of them takes a share of every append.
const MOST: usize = 50;
const LONGEST_TEXT: usize = 200;
const LONGEST_URL: usize = 2_000;
const MOST_TYPES: usize = 100;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddEndpoint {
    /// `https:`, in a network that may be called.
    #[schema(max_length = 2000)]
    url: String,
    #[schema(max_length = 200)]
    description: String,
    /// `*`, `case.*`, `session.announced`, …
    #[schema(min_items = 1, max_items = 100)]
    types: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoints)]
pub struct Endpoints {
    items: Vec<Endpoint>,
}

/// Times UTC µs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct Endpoint {
    id: String,
    url: String,
    description: String,
    types: Vec<String>,
    created_at: i64,
    #[serde(flatten)]
    state: EndpointState,
    /// Since the last event that it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failing_since: Option<i64>,
    /// The status of its last answer, or a word for what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<String>,
    /// Events that it has not taken yet.
    waiting: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
enum EndpointState {
    Active,
    Paused { paused_at: i64, paused_by: Pauser },
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Pauser {
    Administrator,
    Failures,
    Gone,
}

/// The secret is shown here and never again; a lost one is replaced.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointSecret {
    id: String,
    /// `whsec_…`.
    secret: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// `data.event` of the first event to be sent again.
    #[schema(minimum = 1)]
    from: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    events: u64,
}

impl From<Kept> for Endpoint {
    fn from(kept: Kept) -> Self {
        let state = match kept.paused {
            None => EndpointState::Active,
            Some((paused_at, by)) => EndpointState::Paused {
                paused_at,
                paused_by: match by {
                    PausedBy::Administrator => Pauser::Administrator,
                    PausedBy::Failures => Pauser::Failures,
                    PausedBy::Gone => Pauser::Gone,
                },
            },
        };
        Self {
            id: kept.id,
            url: kept.url,
            description: kept.description,
            types: kept.types,
            created_at: kept.created_at,
            state,
            failing_since: kept.failing_since,
            last_error: kept.last_error,
            waiting: kept.waiting,
        }
    }
}

/// To everybody else there is nothing here.
fn administrator(caller: &Caller) -> Result<(), Problem> {
    let act = Act::Administer(AdminAct::ManageWebhooks);
    if caller.link.is_some() || authorise(&caller.account_roles, act, Relation::Stranger).is_err() {
        return Err(ProblemCode::NotFound.into());
    }
    Ok(())
}

async fn known(services: &Services, id: &str) -> Result<Kept, Problem> {
    let kept = services.store.endpoint(id).await?;
    kept.ok_or_else(|| ProblemCode::NotFound.into())
}

fn malformed(field: &str) -> Problem {
    Problem {
        code: ProblemCode::Malformed,
        missing: vec![field.to_owned()],
    }
}

/// `*`, or a family with `*` or a lower-case name.
fn is_type(text: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text.len() <= 100
            && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    let Some((family, name)) = text.split_once('.') else {
        return text == "*";
    };
    word(family) && (name == "*" || word(name))
}

impl AddEndpoint {
    fn check(&self, services: &Services) -> Result<(), Problem> {
        if self.url.len() > LONGEST_URL || services.webhooks.address(&self.url).is_err() {
            return Err(malformed("url"));
        }
        if self.description.chars().count() > LONGEST_TEXT {
            return Err(malformed("description"));
        }
        let types = &self.types;
        if types.is_empty() || types.len() > MOST_TYPES || !types.iter().all(|t| is_type(t)) {
            return Err(malformed("types"));
        }
        Ok(())
    }
}

/// The endpoints, oldest first.
#[utoipa::path(get, path = "/api/v1/webhooks", operation_id = "webhooks", tag = "webhooks",
    responses((status = 200, description = "All of them", body = Endpoints), (status = 404, response = Problem)))]
pub async fn list(
    State(services): State<Services>,
    caller: Caller,
) -> Result<JsonAnswer<Endpoints>, Problem> {
    administrator(&caller)?;
    let items = services.store.endpoints().await?;
    Ok(JsonAnswer(Endpoints {
        items: items.into_iter().map(Endpoint::from).collect(),
    }))
}

/// Adds an endpoint; it gets what happens from now on. It takes no idempotency key: its answer, the secret, is kept nowhere.
#[utoipa::path(post, path = "/api/v1/webhooks", operation_id = "add_webhook", tag = "webhooks",
    request_body = AddEndpoint,
    responses((status = 201, description = "With the secret, shown this once", body = EndpointSecret),
        (status = 404, response = Problem), (status = 409, response = Problem)))]
pub async fn add(
    State(services): State<Services>,
    caller: Caller,
    Json(request): Json<AddEndpoint>,
) -> Result<(StatusCode, JsonAnswer<EndpointSecret>), Problem> {
    administrator(&caller)?;
    request.check(&services)?;
    if services.store.endpoints().await?.len() >= MOST {
        return Err(ProblemCode::NotReady.into());
    }
    let id = services.env.new_id();
    let new = NewEndpoint {
        id: id.clone(),
        url: request.url,
        description: request.description,
        types: request.types,
        created_at: services.env.now(),
    };
    services.store.add_endpoint(&new).await?;
    let secret = services.webhooks.secret(&id, 1);
    let answer = JsonAnswer(EndpointSecret { id, secret });
    Ok((StatusCode::CREATED, answer))
}

/// One endpoint.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", operation_id = "webhook", tag = "webhooks",
    params(("id" = String, Path)),
    responses((status = 200, description = "As it stands", body = Endpoint)))]
pub async fn get(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Endpoint>, Problem> {
    administrator(&caller)?;
    Ok(JsonAnswer(known(&services, &id).await?.into()))
}

/// Takes an endpoint out, with what it has not taken.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", operation_id = "remove_webhook", tag = "webhooks",
    params(("id" = String, Path)),
    responses((status = 204, description = "It gets nothing any more")))]
pub async fn remove(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    administrator(&caller)?;
    if services.store.remove_endpoint(&id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ProblemCode::NotFound.into())
    }
}

/// Sends it nothing until it is resumed; its events are kept.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/pause", operation_id = "pause_webhook", tag = "webhooks",
    params(("id" = String, Path)),
    responses((status = 200, description = "Paused, or was so already", body = Endpoint)))]
pub async fn pause(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Endpoint>, Problem> {
    administrator(&caller)?;
    let now = services.env.now();
    let by = PausedBy::Administrator;
    services.store.pause_endpoint(&id, now, by).await?;
    Ok(JsonAnswer(known(&services, &id).await?.into()))
}

/// Goes on at once, with what it has not taken first.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/resume", operation_id = "resume_webhook", tag = "webhooks",
    params(("id" = String, Path)),
    responses((status = 200, description = "Active", body = Endpoint)))]
pub async fn resume(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Endpoint>, Problem> {
    administrator(&caller)?;
    services.store.resume_endpoint(&id).await?;
    Ok(JsonAnswer(known(&services, &id).await?.into()))
}

/// Gives it a fresh secret; the one before signs too for 24 hours.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/secret", operation_id = "rotate_webhook_secret", tag = "webhooks",
    params(("id" = String, Path)),
    responses((status = 200, description = "The fresh secret, shown this once", body = EndpointSecret)))]
pub async fn rotate(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<JsonAnswer<EndpointSecret>, Problem> {
    administrator(&caller)?;
    let both_until = services.env.now() + crate::webhooks::BOTH_US;
    let generation = services.store.rotate_endpoint(&id, both_until).await?;
    let generation = generation.ok_or(ProblemCode::NotFound)?;
    let secret = services.webhooks.secret(&id, generation);
    Ok(JsonAnswer(EndpointSecret { id, secret }))
}

/// Sends everything from one event on once more.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/replay", operation_id = "replay_webhook", tag = "webhooks",
    params(("id" = String, Path)), request_body = Replay,
    responses((status = 200, description = "How many events will come again", body = Replayed)))]
pub async fn replay(
    State(services): State<Services>,
    caller: Caller,
    Path(id): Path<String>,
    Json(Replay { from }): Json<Replay>,
) -> Result<JsonAnswer<Replayed>, Problem> {
    administrator(&caller)?;
    let _known = known(&services, &id).await?;
    if from < 1 {
        return Err(malformed("from"));
    }
    let events = services.store.replay(&id, from).await?;
    Ok(JsonAnswer(Replayed { events }))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;

    use super::is_type;
    use crate::testing::TestApp;

    #[test]
    fn a_type_is_a_word_of_a_family() {
        for good in ["*", "case.*", "session.decision_announced"] {
            assert!(is_type(good), "{good}");
        }
        for bad in [
            "", "case", "case.", ".x", "*.x", "case.A", "case.a.b", "case.%",
        ] {
            assert!(!is_type(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn an_administrator_manages_endpoints_and_nobody_else_sees_them() {
        let app = TestApp::new().await;
        let administrator = app.administrator().await;
        let body =
            json!({"url": "https://hooks.example/in", "description": "示例", "types": ["case.*"]});
        let path = "/api/v1/webhooks";
        for other in [
            app.sign_in("supervisor").await,
            app.sign_in("chair").await,
            app.come_in("applicant", "journey").await,
        ] {
            assert_eq!(app.get(path, &other).await.code(), "not_found");
            let answer = app.post(path, &other, body.clone()).await;
            assert_eq!(answer.code(), "not_found");
        }
        let added = app.post(path, &administrator, body).await;
        assert_eq!(added.status, StatusCode::CREATED);
        let secret = added.json()["secret"].as_str().unwrap().to_owned();
        let own = format!("{path}/{}", added.json()["id"].as_str().unwrap());
        let listed = app.get(path, &administrator).await;
        assert_eq!(listed.json()["items"][0]["state"], "active");
        let text = String::from_utf8_lossy(&listed.bytes).into_owned();
        assert!(!text.contains(&secret), "the secret is shown once");
        let fresh = app
            .post(&format!("{own}/secret"), &administrator, json!({}))
            .await;
        assert_ne!(fresh.json()["secret"], secret.as_str());
        let paused = app
            .post(&format!("{own}/pause"), &administrator, json!({}))
            .await;
        assert_eq!(paused.json()["paused_by"], "administrator");
        let resumed = app
            .post(&format!("{own}/resume"), &administrator, json!({}))
            .await;
        assert_eq!(resumed.json()["state"], "active");
        let removed = app.delete(&own, &administrator).await;
        assert_eq!(removed.status, StatusCode::NO_CONTENT);
        assert_eq!(app.get(&own, &administrator).await.code(), "not_found");
    }

    #[tokio::test]
    async fn an_address_inside_the_house_is_refused() {
        let app = TestApp::new().await;
        let administrator = app.administrator().await;
        for url in [
            "http://hooks.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://0x7f000001/",
            "https://169.254.169.254/latest",
            "https://user:word@hooks.example/",
            "file:///etc/passwd",
            "hooks",
        ] {
            let body = json!({"url": url, "description": "", "types": ["*"]});
            let answer = app.post("/api/v1/webhooks", &administrator, body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{url}");
            assert_eq!(answer.json()["missing"], json!(["url"]));
        }
    }
}
