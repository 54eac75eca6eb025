use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::*;
use crate::testing::{Answer, TestApp};

/// All that stand beside the domain's; the first test holds that none is missing.
const OWN: [ProblemCode; 36] = [
    ProblemCode::NotFound,
    ProblemCode::MethodNotAllowed,
    ProblemCode::Malformed,
    ProblemCode::TooLarge,
    ProblemCode::UnsupportedMedia,
    ProblemCode::ForeignOrigin,
    ProblemCode::SignInNeeded,
    ProblemCode::SignInFailed,
    ProblemCode::LinkInvalid,
    ProblemCode::CodeWrong,
    ProblemCode::CodeExpired,
    ProblemCode::FactorWrong,
    ProblemCode::FactorUsed,
    ProblemCode::PasskeyRefused,
    ProblemCode::PasskeyMissing,
    ProblemCode::OidcFailed,
    ProblemCode::NotLinked,
    ProblemCode::TooManyRequests,
    ProblemCode::TimedOut,
    ProblemCode::NotReady,
    ProblemCode::Busy,
    ProblemCode::RangeNotSatisfiable,
    ProblemCode::PreconditionFailed,
    ProblemCode::PreconditionRequired,
    ProblemCode::TokenRefused,
    ProblemCode::KeyReused,
    ProblemCode::KeyInUse,
    ProblemCode::KeyLost,
    ProblemCode::UploadVersion,
    ProblemCode::UploadOffset,
    ProblemCode::UploadChecksum,
    ProblemCode::UploadLocked,
    ProblemCode::UploadExpired,
    ProblemCode::UploadQuota,
    ProblemCode::FileType,
    ProblemCode::Internal,
];

/// The variants between an enum's braces, as they stand in the source.
fn variants<'a>(source: &'a str, head: &str) -> Vec<&'a str> {
    let body = source.split_once(head).unwrap().1;
    let body = body.split_once("\n}").unwrap().0;
    body.lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric()))
        .collect()
}

fn domain() -> Vec<ProblemCode> {
    let source = include_str!("../../domain/src/refusal.rs");
    let names = variants(source, "pub enum Code {");
    assert!(names.len() > 50, "only {} codes found", names.len());
    names
        .into_iter()
        .map(|name| {
            let snake = name.char_indices().flat_map(|(at, c)| {
                let bar = (at > 0 && c.is_ascii_uppercase()).then_some('_');
                bar.into_iter().chain([c.to_ascii_lowercase()])
            });
            let code = serde_json::from_value(Value::String(snake.collect()));
            ProblemCode::Refused(code.unwrap())
        })
        .collect()
}

async fn body(response: Response) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn no_code_is_left_out_below() {
    let known: BTreeSet<String> = OWN.iter().map(|code| format!("{code:?}")).collect();
    for name in variants(include_str!("../problem.rs"), "pub enum ProblemCode {") {
        assert!(known.contains(name), "{name} is missing in OWN");
    }
    assert_eq!(known.len(), OWN.len());
}

#[tokio::test]
async fn every_code_is_a_problem_with_a_next_step_in_both_languages() {
    let mut seen = BTreeSet::new();
    for code in OWN.into_iter().chain(domain()) {
        let word = code.as_str();
        assert!(seen.insert(word.to_string()), "{word} stands for two");
        let mut said = Vec::new();
        for lang in [Lang::Zh, Lang::En] {
            let response = Problem::from(code).render(lang);
            let status = response.status();
            assert!(status.is_client_error() || status.is_server_error());
            let kind = &response.headers()[header::CONTENT_TYPE];
            assert_eq!(kind, "application/problem+json");
            let problem = body(response).await;
            assert_eq!(problem["status"], status.as_u16());
            assert_eq!(problem["code"], *word);
            assert_eq!(problem["type"], format!("urn:kanjie:problem:{word}"));
            for field in ["title", "next"] {
                let text = problem[field].as_str().unwrap();
                assert!(!text.is_empty(), "{word} has no {field}");
                let chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                assert_eq!(chinese, lang == Lang::Zh, "{word}: {text}");
                said.push(text.to_owned());
            }
        }
        if word != "internal" {
            let unsaid = texts::of("internal", Lang::En);
            assert_ne!(said[2], unsaid.title, "{word} has no words of its own");
        }
    }
}

#[test]
fn every_code_stands_on_the_page() {
    let page = include_str!("../../../docs/protocol/api.md");
    let row = |status: StatusCode| {
        let head = format!("| {} |", status.as_u16());
        page.lines().find(|line| line.starts_with(&head))
    };
    for code in OWN {
        let word = code.as_str();
        let row = row(code.status()).unwrap_or_else(|| panic!("no row for {}", code.status()));
        assert!(row.contains(&format!("`{word}`")), "{word} not in {row}");
    }
}

/// What the HTTP machinery itself refuses, with what it says.
#[tokio::test]
async fn what_the_framework_refuses_is_a_problem_too() {
    let app = TestApp::new().await;
    let chair = app.sign_in("chair").await;
    let session = format!("/api/v1/sessions/{}", app.seeded.sessions["journey"]);
    let journal = format!("{session}/journal");
    let still = format!("{session}/stills/x");
    let json = "application/json";
    let large = "x".repeat(70_000);
    let cases: Vec<(Method, String, &str, &str, u16, &str)> = vec![
        (
            Method::GET,
            "/api/v1/sign-in".into(),
            "",
            "",
            405,
            "method_not_allowed",
        ),
        (
            Method::DELETE,
            "/api/v1/me".into(),
            "",
            "",
            405,
            "method_not_allowed",
        ),
        (
            Method::TRACE,
            "/api/v1/me".into(),
            "",
            "",
            405,
            "method_not_allowed",
        ),
        (Method::GET, "/api/v1/none".into(), "", "", 404, "not_found"),
        (
            Method::GET,
            "/api/v1/sessions/%ff".into(),
            "",
            "",
            400,
            "malformed",
        ),
        (
            Method::GET,
            format!("{journal}?after=x"),
            "",
            "",
            400,
            "malformed",
        ),
        (
            Method::GET,
            format!("{journal}?before=1"),
            "",
            "",
            400,
            "malformed",
        ),
        (
            Method::GET,
            format!("{session}/socket"),
            "",
            "",
            403,
            "foreign_origin",
        ),
        (
            Method::PUT,
            format!("{still}?kind=none"),
            "image/png",
            "x",
            400,
            "malformed",
        ),
        (
            Method::POST,
            "/api/v1/sign-in".into(),
            json,
            "{",
            400,
            "malformed",
        ),
        (
            Method::POST,
            "/api/v1/sign-in".into(),
            json,
            "",
            400,
            "malformed",
        ),
        (
            Method::POST,
            "/api/v1/sign-in".into(),
            json,
            "\u{feff}{}",
            400,
            "malformed",
        ),
        (
            Method::POST,
            "/api/v1/sign-in".into(),
            "text/plain",
            "{}",
            415,
            "unsupported_media",
        ),
        (
            Method::POST,
            "/api/v1/sign-in".into(),
            "",
            "{}",
            415,
            "unsupported_media",
        ),
        (
            Method::POST,
            "/api/v1/sign-in".into(),
            json,
            &large,
            413,
            "too_large",
        ),
    ];
    for (method, path, kind, sent, status, code) in cases {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(&path)
            .header(header::COOKIE, &chair)
            .header(header::ACCEPT_LANGUAGE, "en");
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let answer: Answer = app
            .send(request.body(Body::from(sent.to_owned())).unwrap())
            .await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.code(), code, "{method} {path}");
        assert_eq!(
            answer.json()["next"],
            texts::of(code, Lang::En).next,
            "{method} {path}"
        );
        if status == 405 {
            assert!(!answer.header("allow").is_empty(), "{method} {path}");
        }
    }
}
