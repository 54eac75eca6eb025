//! What RFC 9725 wants of the addresses, over rooms that always say yes to one token.

use axum::body::Body;
use axum::http::Method;
use tower::ServiceExt as _;

use super::*;
use crate::doors::{DoorError, Opened};
use crate::testing::Answer;

/// One room, one token, one connection with version 3.
#[derive(Clone)]
struct Yes;

impl Yes {
    fn known(bearer: &Bearer) -> Result<(), DoorError> {
        match bearer.0.as_str() {
            "secret" => Ok(()),
            _ => Err(DoorError::Token),
        }
    }
}

impl Doors for Yes {
    async fn open(&self, room: &str, knock: Knock) -> Result<Opened, DoorError> {
        Self::known(&knock.bearer)?;
        Ok(Opened {
            resource: "abc".to_owned(),
            answer: format!("{room} {:?} {}", knock.name, knock.offer),
            version: 3,
        })
    }

    async fn patch(&self, _: &str, at: At, patch: Patch) -> Result<Patched, DoorError> {
        Self::known(&at.bearer)?;
        match patch.if_match {
            IfMatch::Versions(versions) if !versions.contains(&3) => Err(DoorError::Version),
            IfMatch::Versions(_) => Ok(Patched::Trickled),
            IfMatch::Any => Ok(Patched::Restarted {
                ufrag: "new".to_owned(),
                pwd: "p".repeat(24),
                candidates: vec!["1 1 udp 1 127.0.0.1 9 typ host".to_owned()],
                version: 4,
            }),
        }
    }

    async fn close(&self, _: &str, at: At) -> Result<(), DoorError> {
        Self::known(&at.bearer)
    }
}

impl FromRef<()> for Yes {
    fn from_ref((): &()) -> Self {
        Self
    }
}

async fn ask(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let router: Router = routes::<Yes, ()>()
        .layer(axum::middleware::from_fn(problem::in_callers_language))
        .with_state(());
    let request = request.body(Body::from(body.to_owned())).unwrap();
    Answer::read(router.oneshot(request).await.unwrap()).await
}

const TOKEN: (&str, &str) = ("authorization", "Bearer secret");
const OFFER: (&str, &str) = ("content-type", SDP);
const PIECE: (&str, &str) = ("content-type", FRAGMENT);
const RESTART: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=mid:v\r\n";

#[tokio::test]
async fn an_offer_is_answered_with_an_address_and_a_version() {
    let made = ask(Method::POST, "/whip/a%20room", &[TOKEN, OFFER], "offer").await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.header("content-type"), SDP);
    assert_eq!(made.header("location"), "/whip/a%20room/abc");
    assert_eq!(made.header("etag"), "\"3\"");
    assert_eq!(made.header("access-control-allow-origin"), "*");
    assert!(
        made.header("access-control-expose-headers")
            .contains("Location")
    );
    assert_eq!(made.bytes, b"a room None offer");
    let path = "/whep/r?from=active-speaker";
    let played = ask(Method::POST, path, &[TOKEN, OFFER], "offer").await;
    assert_eq!(played.bytes, br#"r Some("active-speaker") offer"#);
    assert_eq!(played.header("location"), "/whep/r/abc");
}

#[tokio::test]
async fn what_is_no_offer_or_has_no_token_is_a_problem() {
    let post = async |path: &str, headers: &[(&str, &str)]| {
        let answer = ask(Method::POST, path, headers, "offer").await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        (answer.status.as_u16(), answer.code())
    };
    let json = ("content-type", "application/json");
    let refused = (401, "token_refused".to_owned());
    assert_eq!(post("/whip/r", &[OFFER]).await, refused);
    let other = ("authorization", "Basic secret");
    assert_eq!(post("/whip/r", &[OFFER, other]).await, refused);
    assert_eq!(post("/whip/r", &[OFFER, TOKEN, TOKEN]).await, refused);
    let wrong = ("authorization", "Bearer other");
    assert_eq!(post("/whip/r", &[OFFER, wrong]).await, refused);
    let unsupported = (415, "unsupported_media".to_owned());
    assert_eq!(post("/whip/r", &[TOKEN, json]).await, unsupported);
    // Never in an address; and a player says what it wants to see.
    let malformed = (400, "malformed".to_owned());
    for path in ["/whip/r?token=secret", "/whep/r", "/whep/r?to=a"] {
        assert_eq!(post(path, &[TOKEN, OFFER]).await, malformed, "{path}");
    }
    let answer = ask(Method::POST, "/whip/r", &[OFFER], "offer").await;
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let english = [OFFER, ("accept-language", "en")];
    let answer = ask(Method::POST, "/whip/r", &english, "offer").await;
    assert_eq!(answer.headers.get_all("www-authenticate").iter().count(), 1);
}

#[tokio::test]
async fn a_patch_says_which_ice_session_it_is_of() {
    let patch = async |headers: &[(&str, &str)], body: &str| {
        ask(Method::PATCH, "/whip/r/abc", headers, body).await
    };
    let trickled = patch(&[TOKEN, PIECE, ("if-match", "\"3\"")], RESTART).await;
    assert_eq!(trickled.status, StatusCode::NO_CONTENT);
    let restarted = patch(&[TOKEN, PIECE, ("if-match", "*")], RESTART).await;
    assert_eq!(restarted.status, StatusCode::OK);
    assert_eq!(restarted.header("etag"), "\"4\"");
    assert_eq!(restarted.header("content-type"), FRAGMENT);
    let text = String::from_utf8(restarted.bytes).unwrap();
    assert!(text.contains("a=ice-ufrag:new\r\n") && text.contains("a=mid:v\r\n"));
    let missing = patch(&[TOKEN, PIECE], RESTART).await;
    assert_eq!(missing.code(), "precondition_required");
    assert_eq!(missing.status.as_u16(), 428);
    let old = patch(&[TOKEN, PIECE, ("if-match", "\"2\"")], RESTART).await;
    assert_eq!(old.status.as_u16(), 412);
    let empty = patch(&[TOKEN, PIECE, ("if-match", "*")], "").await;
    assert_eq!(empty.code(), "malformed");
    let offer = patch(&[TOKEN, OFFER, ("if-match", "*")], RESTART).await;
    assert_eq!(offer.code(), "unsupported_media");
}

#[tokio::test]
async fn other_methods_are_named_as_what_they_are() {
    for path in ["/whip/r", "/whep/r?from=a"] {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH] {
            let answer = ask(method.clone(), path, &[TOKEN], "").await;
            assert_eq!(answer.status.as_u16(), 405, "{method} {path}");
            assert!(answer.header("allow").contains("POST"), "{method} {path}");
        }
    }
    for method in [Method::GET, Method::POST, Method::PUT] {
        let answer = ask(method, "/whip/r/abc", &[TOKEN], "").await;
        assert_eq!(answer.status.as_u16(), 405);
        let allowed = answer.header("allow");
        assert!(allowed.contains("PATCH") && allowed.contains("DELETE"));
    }
    let ended = ask(Method::DELETE, "/whep/r/abc", &[TOKEN], "").await;
    assert_eq!(ended.status, StatusCode::OK);
}

#[tokio::test]
async fn any_page_may_ask_what_is_possible() {
    for path in ["/whip/r", "/whep/r", "/whip/r/abc"] {
        let answer = ask(
            Method::OPTIONS,
            path,
            &[("origin", "https://a.example")],
            "",
        )
        .await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.header("accept-post"), SDP);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let headers = answer.header("access-control-allow-headers");
        assert!(headers.contains("Authorization") && headers.contains("If-Match"));
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials")
        );
    }
}
