//! Who gets what: every route and every socket message, tried as every role, as a stranger and as somebody of another case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kanjie_tests::room::CAST;
use kanjie_tests::{Api, Room, Socket, TestServer};
use reqwest::header::{HeaderValue, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Every route below a session, as in docs/protocol/signalling.md.
fn session_routes(session: &str) -> Vec<(Method, String)> {
    let at = |method: Method, tail: &str| (method, format!("/api/v1/sessions/{session}{tail}"));
    vec![
        at(Method::GET, ""),
        at(Method::GET, "/journal?after=0"),
        at(Method::GET, "/socket"),
        at(
            Method::PUT,
            "/stills/0195d000-0000-7000-8000-000000000001?kind=photo&captured_at=1",
        ),
        at(Method::GET, "/stills/0195d000-0000-7000-8000-000000000001"),
        at(Method::GET, "/documents/decision.pdf"),
        at(Method::GET, "/documents/decision.pdf?preview=1"),
        at(Method::GET, "/documents/record.pdf"),
        at(Method::GET, "/documents/receipt-1.pdf"),
        at(Method::GET, "/documents/preview"),
        at(Method::GET, "/recording"),
        at(Method::GET, "/recording/seat-camera.mp4"),
        at(Method::GET, "/recording/..%2f..%2fkanjie.sqlite3"),
        at(Method::GET, "/verification"),
    ]
}

async fn status(api: &Api, method: &Method, path: &str) -> (StatusCode, String) {
    let answer = api
        .request(method.clone(), path)
        .body("x")
        .send()
        .await
        .unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// What must never stand in an answer to somebody who has no part in the session.
fn assert_tells_nothing(server: &TestServer, who: &str, path: &str, text: &str) {
    for secret in [
        "case_no",
        "食品",
        "entries",
        server.seed.person("applicant").name.as_str(),
        server.seed.person("expert").name.as_str(),
    ] {
        assert!(
            !text.contains(secret),
            "{who} at {path} reads {secret}: {text}"
        );
    }
}

#[tokio::test]
async fn a_session_is_not_there_for_whoever_has_no_part_in_it() {
    let mut server = TestServer::start().await;
    let mut outsiders = vec![("a stranger", Api::stranger(&server))];
    outsiders.push((
        "another case's applicant",
        Api::enter(&server, server.seed.person("other_applicant"), "other").await,
    ));
    let mut forged = Api::stranger(&server);
    forged.cookie = Some("__Host-kanjie=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
    outsiders.push(("a forged cookie", forged));
    for (who, api) in &outsiders {
        for (method, path) in session_routes(server.seed.session("journey")) {
            let (status, text) = status(api, &method, &path).await;
            assert!(
                matches!(status, StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED),
                "{who} at {method} {path}: {status} {text}"
            );
            assert_tells_nothing(&server, who, &path, &text);
        }
        let socket = Socket::connect(
            api.base(),
            server.seed.session("journey"),
            api.cookie.as_deref(),
        )
        .await;
        assert!(socket.is_err(), "{who} opens the socket");
    }
    server.assert_unharmed();
}

#[tokio::test]
async fn an_existing_session_and_one_that_never_was_look_the_same() {
    let server = TestServer::start().await;
    let other = Api::enter(&server, server.seed.person("other_applicant"), "other").await;
    let real = session_routes(server.seed.session("journey"));
    let invented = session_routes("0195d000-0000-7000-8000-000000000009");
    for ((method, there), (_, nowhere)) in real.iter().zip(&invented) {
        let (a, b) = (
            status(&other, method, there).await,
            status(&other, method, nowhere).await,
        );
        assert_eq!(a, b, "{method} {there}");
    }
}

/// A link opens one session, whoever else that person may be.
#[tokio::test]
async fn a_link_opens_its_own_session_alone() {
    let server = TestServer::start().await;
    for key in ["applicant", "expert"] {
        let api = Api::enter(&server, server.seed.person(key), "journey").await;
        for name in ["crash", "other"] {
            for (method, path) in session_routes(server.seed.session(name)) {
                let (status, text) = status(&api, &method, &path).await;
                assert_eq!(
                    status,
                    StatusCode::NOT_FOUND,
                    "{key} at {method} {path}: {text}"
                );
            }
            assert!(
                Socket::connect(api.base(), server.seed.session(name), api.cookie.as_deref())
                    .await
                    .is_err()
            );
        }
    }
}

#[tokio::test]
async fn another_origin_gets_no_socket() {
    let server = TestServer::start().await;
    let api = Api::enter(&server, server.seed.person("applicant"), "journey").await;
    let session = server.seed.session("journey");
    let foreign = api
        .request(Method::GET, &format!("/api/v1/sessions/{session}/socket"))
        // `headers` takes the place of our own origin, which `header` would stand beside.
        .headers(
            [(
                ORIGIN,
                HeaderValue::from_static("https://elsewhere.example"),
            )]
            .into_iter()
            .collect(),
        )
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
}

/// Every command there is, and who may ever give it.
fn commands(room: &Room) -> Vec<(Value, &'static [&'static str])> {
    const CHAIR: &[&str] = &["chair"];
    const SURVEYORS: &[&str] = &["surveyor_1", "surveyor_2", "chair"];
    let applicant = room.person("applicant");
    let answer = json!({"code": "F01", "result": "met"});
    let evidence = json!({"id": "e", "kind": "photo", "person": applicant, "device": "d", "sha256": "0".repeat(64), "bytes": 1,
        "media_type": "image/jpeg", "captured_at": 1});
    let decision = json!({"kind": "granted", "result": "准予"});
    vec![
        (json!({"type": "open_lobby"}), CHAIR),
        (
            json!({"type": "begin_identity_check", "person": applicant}),
            CHAIR,
        ),
        (
            json!({"type": "stop_identity_check", "person": applicant}),
            CHAIR,
        ),
        (
            json!({"type": "confirm_identity", "person": applicant, "method": "id_card", "last_four": "1024"}),
            CHAIR,
        ),
        (json!({"type": "admit", "person": applicant}), CHAIR),
        (
            json!({"type": "remove", "person": room.person("expert")}),
            CHAIR,
        ),
        (
            json!({"type": "lower_hand", "person": applicant}),
            &["chair", "applicant"],
        ),
        (json!({"type": "start"}), CHAIR),
        (json!({"type": "suspend", "reason": "test"}), CHAIR),
        (json!({"type": "resume"}), CHAIR),
        (json!({"type": "answer_item", "answer": answer}), SURVEYORS),
        (
            json!({"type": "mark_unsuitable", "code": "F02", "reason": "test"}),
            CHAIR,
        ),
        (json!({"type": "take_evidence", "evidence": evidence}), &[]),
        (
            json!({"type": "annotate", "id": "a", "evidence": "e", "strokes": [], "note": ""}),
            &["surveyor_1", "surveyor_2", "chair", "expert"],
        ),
        (
            json!({"type": "file_opinion", "opinion": {"kind": "expert"}, "stance": "agree", "text": "test"}),
            &["expert"],
        ),
        (
            json!({"type": "file_opinion", "opinion": {"kind": "department", "department": "x"}, "stance": "agree", "text": "test"}),
            &[],
        ),
        (
            json!({"type": "say", "scope": "deliberation", "text": "test"}),
            &["surveyor_1", "surveyor_2", "chair", "expert"],
        ),
        (
            json!({"type": "say", "scope": "room", "text": "test"}),
            &["surveyor_1", "surveyor_2", "chair", "expert", "applicant"],
        ),
        (json!({"type": "begin_deliberation"}), CHAIR),
        (json!({"type": "end_deliberation"}), CHAIR),
        (
            json!({"type": "take_statement", "text": "test", "waived": false}),
            &["chair", "applicant"],
        ),
        (
            json!({"type": "conclude", "outcome": "passed", "text": "test", "present": []}),
            CHAIR,
        ),
        (json!({"type": "prepare_record"}), CHAIR),
        (
            json!({"type": "note_signature_refused", "person": applicant, "reason": "test"}),
            CHAIR,
        ),
        (
            json!({"type": "draft_decision", "decision": decision}),
            CHAIR,
        ),
        (
            json!({"type": "seal_decision", "content_digest": "0".repeat(64)}),
            CHAIR,
        ),
        (json!({"type": "announce"}), CHAIR),
        (
            json!({"type": "end", "ending": {"how": "hearing"}, "reason": "test", "next_step": "test", "contact": "test"}),
            CHAIR,
        ),
        (json!({"type": "close"}), CHAIR),
    ]
}

/// The live room, every command as every role: whoever may never give it is refused, and nothing is journalled by it.
#[tokio::test]
async fn every_command_is_refused_to_every_role_that_may_not_give_it() {
    let mut server = TestServer::start().await;
    let mut room = Room::live(&server, "journey").await;
    for (command, allowed) in commands(&room) {
        for key in CAST {
            if allowed.contains(&key) {
                continue;
            }
            let before = journal_head(&room, key).await;
            let refused = room.socket(key).try_command(command.clone(), None).await;
            let refused = refused
                .err()
                .unwrap_or_else(|| panic!("{key} may {command}"));
            assert!(
                refused["code"].is_string()
                    && refused["next"]
                        .as_str()
                        .is_some_and(|next| !next.is_empty()),
                "{refused}"
            );
            assert_eq!(
                events_by(&room, key, before).await,
                Vec::<String>::new(),
                "{key}: {command}"
            );
        }
    }
    server.assert_unharmed();
}

/// The approver's draft, a surveyor's stills, what is not announced or closed yet: nobody else's, though all are in the room.
#[tokio::test]
async fn what_is_one_role_s_alone_is_not_there_for_the_others() {
    let mut server = TestServer::start().await;
    let room = Room::live(&server, "journey").await;
    let at = |tail: &str| format!("/api/v1/sessions/{}{tail}", room.session);
    let still = at("/stills/0195d000-0000-7000-8000-000000000001?kind=exterior&captured_at=1");
    for key in ["expert", "applicant", "supervisor", "surveyor_1"] {
        for path in [
            at("/documents/preview"),
            at("/documents/decision.pdf?preview=1"),
            at("/documents/decision.pdf"),
            at("/recording/chair-camera.mp4"),
        ] {
            let (status, text) = status(&room.apis[key], &Method::GET, &path).await;
            assert!(status.is_client_error(), "{key} at {path}: {status} {text}");
            assert!(!text.contains("%PDF"), "{key} at {path} gets the document");
        }
        if key != "surveyor_1" {
            let (status, text) = status(&room.apis[key], &Method::PUT, &still).await;
            assert!(
                status.is_client_error(),
                "{key} hands in a still: {status} {text}"
            );
        }
    }
    server.assert_unharmed();
}

async fn journal_head(room: &Room, key: &str) -> u64 {
    let entries = journal(room, key, 0).await;
    entries
        .last()
        .and_then(|entry| entry["seq"].as_u64())
        .unwrap_or(0)
}

async fn journal(room: &Room, key: &str, after: u64) -> Vec<Value> {
    let path = format!("/api/v1/sessions/{}/journal?after={after}", room.session);
    let answer: Value = room.apis[key].get(&path).await.json().await.unwrap();
    answer["entries"].as_array().cloned().unwrap_or_default()
}

/// What that person did since; the recorder's own entries (checkpoints, segments) do not count.
async fn events_by(room: &Room, key: &str, after: u64) -> Vec<String> {
    let person = room.person(key);
    let bodies = journal(room, key, after).await;
    let bodies = bodies
        .iter()
        .filter_map(|entry| serde_json::from_str::<Value>(entry["body"].as_str()?).ok());
    bodies
        .filter(|body| body["actor"] == person)
        .map(|body| body["event"]["type"].to_string())
        .collect()
}

/// What the applicant reads of a deliberation: that there is one, and not a word of it.
#[tokio::test]
async fn a_deliberation_stays_among_those_who_deliberate() {
    let server = TestServer::start().await;
    let mut room = Room::live(&server, "journey").await;
    room.command("chair", json!({"type": "begin_deliberation"}))
        .await;
    room.command(
        "expert",
        json!({"type": "say", "scope": "deliberation", "text": "只在合议中"}),
    )
    .await;
    room.command("chair", json!({"type": "end_deliberation"}))
        .await;
    let reads = |entries: Vec<Value>| {
        entries.iter().any(|entry| {
            entry["body"]
                .as_str()
                .is_some_and(|body| body.contains("只在合议中"))
        })
    };
    for key in ["chair", "surveyor_1", "expert", "supervisor"] {
        assert!(
            reads(journal(&room, key, 0).await),
            "{key} reads the deliberation"
        );
    }
    let theirs = journal(&room, "applicant", 0).await;
    let ours = journal(&room, "chair", 0).await;
    assert!(
        !reads(theirs.clone()),
        "the applicant reads the deliberation"
    );
    for (a, b) in theirs.iter().zip(&ours) {
        assert_eq!(
            (&a["seq"], &a["prev"], &a["hash"]),
            (&b["seq"], &b["prev"], &b["hash"]),
            "one chain for all"
        );
    }
}
