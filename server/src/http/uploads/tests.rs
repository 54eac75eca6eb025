use std::io;

use aws_lc_rs::digest;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use kanjie_evidence::h;
use kanjie_store::{AppendRequest, JournalId};
use tokio::sync::mpsc;

use super::*;
use crate::cases::append;
use crate::testing::{Answer, TestApp};
use crate::uploads::{LARGEST, LIFE_US, QUOTA};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n";

struct Desk {
    app: TestApp,
    case: String,
    cookie: String,
}

impl Desk {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let case = case_of(&app, "journey").await;
        let cookie = app.sign_in("surveyor1").await;
        Self { app, case, cookie }
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", &self.cookie)
            .header("tus-resumable", "1.0.0")
    }

    async fn create_of(&self, case: &str, kind: &str, total: i64) -> Answer {
        let metadata = [("case", case), ("filename", "执照.pdf"), ("filetype", kind)]
            .map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
        let request = self
            .request("POST", "/api/v1/uploads")
            .header("upload-length", total)
            .header("upload-metadata", metadata.join(","));
        self.app.send(request.body(Body::empty()).unwrap()).await
    }

    /// Begins an upload; where it is.
    async fn create(&self, total: usize) -> String {
        let total = i64::try_from(total).unwrap();
        let made = self.create_of(&self.case, "application/pdf", total).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        assert_eq!(made.header("tus-resumable"), "1.0.0");
        assert_eq!(
            made.header("upload-expires"),
            "Wed, 25 Nov 2026 09:00:00 GMT"
        );
        made.header("location").to_owned()
    }

    async fn patch(&self, path: &str, offset: usize, body: impl Into<Body>) -> Answer {
        self.app.send(self.piece(path, offset, None, body)).await
    }

    fn piece(
        &self,
        path: &str,
        offset: usize,
        checksum: Option<String>,
        body: impl Into<Body>,
    ) -> Request<Body> {
        let mut request = self
            .request("PATCH", path)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream");
        if let Some(checksum) = checksum {
            request = request.header("upload-checksum", checksum);
        }
        request.body(body.into()).unwrap()
    }

    async fn ask(&self, method: &str, path: &str) -> Answer {
        let request = self.request(method, path);
        self.app.send(request.body(Body::empty()).unwrap()).await
    }

    async fn offset(&self, path: &str) -> String {
        let head = self.ask("HEAD", path).await;
        assert_eq!(head.status, StatusCode::OK);
        assert_eq!(head.header("cache-control"), "no-store");
        head.header("upload-offset").to_owned()
    }

    /// Files that are kept of unfinished uploads.
    fn parts(&self) -> usize {
        let dir = self.app.services.config.data.join("uploads");
        std::fs::read_dir(dir).map_or(0, Iterator::count)
    }
}

async fn case_of(app: &TestApp, session: &str) -> String {
    let session = &app.seeded.sessions[session];
    let row = app.services.store.session(session).await.unwrap();
    row.unwrap().case_id
}

fn sum(name: &str, algorithm: &'static digest::Algorithm, bytes: &[u8]) -> Option<String> {
    let sum = STANDARD.encode(digest::digest(algorithm, bytes));
    Some(format!("{name} {sum}"))
}

#[tokio::test]
async fn a_file_comes_in_pieces_and_is_the_cases_when_it_is_whole() {
    let desk = Desk::new().await;
    let path = desk.create(PDF.len()).await;
    assert_eq!(desk.offset(&path).await, "0");
    let first = desk.patch(&path, 0, &PDF[..10]).await;
    assert_eq!(first.status, StatusCode::NO_CONTENT);
    assert_eq!(first.header("upload-offset"), "10");
    assert_eq!(desk.offset(&path).await, "10");
    let half = desk.ask("GET", &path).await.json();
    assert_eq!(half["received"], 10);
    assert!(half.get("sha256").is_none());
    let last = desk.patch(&path, 10, &PDF[10..]).await;
    assert_eq!(last.header("upload-offset"), PDF.len().to_string());
    assert_eq!(last.header("upload-expires"), "");
    let whole = desk.ask("GET", &path).await.json();
    let digest = h(&[PDF]);
    assert_eq!(whole["sha256"], digest.to_string());
    assert_eq!(whole["name"], "执照.pdf");
    let kept = crate::uploads::whole(&desk.app.services, &desk.case, &digest);
    assert_eq!(std::fs::read(kept).unwrap(), PDF);
    assert_eq!(desk.parts(), 0);
    // The case finds it by its digest; nobody adds to it, nobody takes it back.
    let store = &desk.app.services.store;
    let person = &desk.app.seeded.people["surveyor_1"].person;
    let found = store.whole_upload(&desk.case, person, &digest.0).await;
    assert_eq!(found.unwrap().unwrap().media_type, "application/pdf");
    assert_eq!(
        desk.patch(&path, PDF.len(), "").await.code(),
        "upload_offset"
    );
    assert_eq!(desk.ask("DELETE", &path).await.code(), "not_ready");
    // The same file once more is as good.
    let again = desk.create(PDF.len()).await;
    desk.patch(&again, 0, PDF).await;
    let again = desk.ask("GET", &again).await.json();
    assert_eq!(again["sha256"], digest.to_string());
}

#[tokio::test]
async fn what_came_before_the_connection_broke_is_kept() {
    let desk = Desk::new().await;
    let path = desk.create(PDF.len()).await;
    let broken = stream::iter([
        Ok(Bytes::from_static(&PDF[..12])),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ]);
    desk.patch(&path, 0, Body::from_stream(broken)).await;
    assert_eq!(desk.offset(&path).await, "12");
    let rest = desk.patch(&path, 12, &PDF[12..]).await;
    assert_eq!(rest.status, StatusCode::NO_CONTENT);
    assert!(desk.ask("GET", &path).await.json()["sha256"].is_string());
}

#[tokio::test]
async fn a_piece_that_does_not_match_its_checksum_is_not_kept() {
    let desk = Desk::new().await;
    let path = desk.create(PDF.len()).await;
    let wrong = sum("sha1", &digest::SHA1_FOR_LEGACY_USE_ONLY, b"other");
    let answer = desk.app.send(desk.piece(&path, 0, wrong, PDF)).await;
    assert_eq!(answer.status.as_u16(), 460);
    assert_eq!(answer.code(), "upload_checksum");
    assert_eq!(desk.offset(&path).await, "0");
    // Nor one that broke off before its checksum could be told.
    let stream = [
        Ok(Bytes::from_static(&PDF[..5])),
        Err(io::Error::other("gone")),
    ];
    let body = Body::from_stream(stream::iter(stream));
    let right = sum("sha256", &digest::SHA256, PDF);
    desk.app
        .send(desk.piece(&path, 0, right.clone(), body))
        .await;
    assert_eq!(desk.offset(&path).await, "0");
    let half = sum("sha1", &digest::SHA1_FOR_LEGACY_USE_ONLY, &PDF[..9]);
    desk.app.send(desk.piece(&path, 0, half, &PDF[..9])).await;
    let rest = sum("sha256", &digest::SHA256, &PDF[9..]);
    let rest = desk.app.send(desk.piece(&path, 9, rest, &PDF[9..])).await;
    assert_eq!(rest.status, StatusCode::NO_CONTENT);
    for malformed in ["md5 AAAA", "sha1", "sha1 %"] {
        let request = desk.piece(&path, 0, Some(malformed.to_owned()), "");
        assert_eq!(desk.app.send(request).await.code(), "malformed");
    }
}

#[tokio::test]
async fn one_writes_at_a_time_and_where_the_file_ends() {
    let desk = Desk::new().await;
    let path = desk.create(PDF.len()).await;
    for offset in [1, PDF.len()] {
        let wrong = desk.patch(&path, offset, "x").await;
        assert_eq!(wrong.status, StatusCode::CONFLICT);
        assert_eq!(wrong.code(), "upload_offset");
    }
    let (bytes, taken) = mpsc::channel::<Bytes>(1);
    let body = stream::unfold(taken, |mut taken| async {
        let bytes = taken.recv().await?;
        Some((Ok::<_, io::Error>(bytes), taken))
    });
    let slow = desk.piece(&path, 0, None, Body::from_stream(body));
    let writes = desk.app.send(slow);
    let meanwhile = async {
        // There is room again: the first has taken it, and is writing.
        bytes.send(Bytes::from_static(b"%PD")).await.unwrap();
        drop(bytes.reserve().await.unwrap());
        let second = desk.patch(&path, 0, "x").await;
        let deleted = desk.ask("DELETE", &path).await;
        drop(bytes);
        (second.code(), second.status, deleted.code())
    };
    let (first, (code, status, deleted)) = tokio::join!(writes, meanwhile);
    assert_eq!(
        (code.as_str(), status),
        ("upload_locked", StatusCode::LOCKED)
    );
    assert_eq!(deleted, "upload_locked");
    assert_eq!(first.header("upload-offset"), "3");
    let more = desk.patch(&path, 3, vec![0_u8; PDF.len()]).await;
    assert_eq!(more.code(), "too_large");
    assert_eq!(desk.offset(&path).await, "3");
}

#[tokio::test]
async fn a_file_that_is_not_what_it_was_said_to_be_is_not_kept() {
    let desk = Desk::new().await;
    let page = b"<html><script>";
    let path = desk.create(page.len()).await;
    let answer = desk.patch(&path, 0, &page[..]).await;
    assert_eq!(answer.code(), "file_type");
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(desk.ask("HEAD", &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(desk.parts(), 0);
    let unknown = desk.create_of(&desk.case, "text/html", 5).await;
    assert_eq!(unknown.code(), "file_type");
}

#[tokio::test]
async fn nobody_else_and_no_other_case() {
    let mut desk = Desk::new().await;
    let path = desk.create(PDF.len()).await;
    let answer = desk.create_of("none", "application/pdf", 5).await;
    assert_eq!(answer.code(), "not_found");
    let surveyor = std::mem::replace(&mut desk.cookie, desk.app.sign_in("chair").await);
    for method in ["GET", "HEAD", "PATCH", "DELETE"] {
        let mut request = desk.piece(&path, 0, None, "x");
        *request.method_mut() = method.parse().unwrap();
        let answer = desk.app.send(request).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method}");
    }
    desk.cookie = String::new();
    assert_eq!(desk.ask("GET", &path).await.code(), "sign_in_needed");
    // Who watches or advises submits nothing, in the room or out of it.
    for cookie in [
        desk.app.sign_in("supervisor").await,
        desk.app.come_in("expert", "journey").await,
    ] {
        desk.cookie = cookie;
        let answer = desk.create_of(&desk.case, "application/pdf", 5).await;
        assert_eq!(answer.code(), "not_found");
    }
    // R16: nor does whoever stepped aside, and what he began ends with it.
    recuse(&desk).await;
    desk.cookie = surveyor;
    assert_eq!(desk.patch(&path, 0, PDF).await.code(), "not_found");
}

/// The surveyor steps aside from the case; by the journal, which is what is asked.
async fn recuse(desk: &Desk) {
    let event = kanjie_domain::CaseEvent::RecusalRecorded {
        person: desk.app.seeded.people["surveyor_1"].person.clone(),
        reason: String::from("示例"),
    };
    let services = &desk.app.services;
    let (at, actor) = (services.env.now(), kanjie_domain::Actor::System);
    let entries = append::new_entries(services.env.as_ref(), at, &actor, &[event]);
    let request = AppendRequest {
        write: vec![(JournalId::Case(desk.case.clone()), entries.unwrap())],
        ..AppendRequest::default()
    };
    services.store.append(request).await.unwrap();
}

#[tokio::test]
async fn whoever_is_only_called_to_a_session_has_no_application_to_add_to() {
    let mut desk = Desk::new().await;
    desk.cookie = desk.app.come_in("applicant", "journey").await;
    for case in [desk.case.clone(), case_of(&desk.app, "other").await] {
        let answer = desk.create_of(&case, "application/pdf", 5).await;
        assert_eq!(answer.code(), "not_found");
    }
}

#[tokio::test]
async fn what_is_not_whole_in_a_day_is_gone() {
    let mut desk = Desk::new().await;
    let path = desk.create(PDF.len()).await;
    desk.patch(&path, 0, &PDF[..4]).await;
    assert_eq!(desk.parts(), 1);
    desk.app.env.pass(LIFE_US / 1_000_000);
    desk.cookie = desk.app.sign_in("surveyor1").await;
    let late = desk.patch(&path, 4, &PDF[4..]).await;
    assert_eq!(late.status, StatusCode::GONE);
    assert_eq!(late.code(), "upload_expired");
    let total = i64::try_from(PDF.len()).unwrap();
    desk.create_of(&desk.case, "application/pdf", total).await;
    assert_eq!(desk.parts(), 0);
    assert_eq!(desk.ask("GET", &path).await.code(), "not_found");
}

#[tokio::test]
async fn an_upload_can_be_given_up() {
    let desk = Desk::new().await;
    let path = desk.create(PDF.len()).await;
    desk.patch(&path, 0, &PDF[..4]).await;
    let gone = desk.ask("DELETE", &path).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(desk.parts(), 0);
    assert_eq!(desk.ask("GET", &path).await.code(), "not_found");
}

#[tokio::test]
async fn there_are_limits() {
    let desk = Desk::new().await;
    let create = async |total| desk.create_of(&desk.case, "application/pdf", total).await;
    assert_eq!(create(LARGEST + 1).await.code(), "too_large");
    assert_eq!(create(0).await.code(), "malformed");
    for _ in 0..QUOTA.bytes / LARGEST {
        assert_eq!(create(LARGEST).await.status, StatusCode::CREATED);
    }
    assert_eq!(create(1).await.code(), "upload_quota");
}

#[tokio::test]
async fn only_tus_1_0_0_is_spoken() {
    let desk = Desk::new().await;
    let options = desk.ask("OPTIONS", "/api/v1/uploads").await;
    assert_eq!(options.status, StatusCode::NO_CONTENT);
    assert_eq!(
        options.header("tus-extension"),
        "creation,checksum,expiration,termination"
    );
    assert_eq!(options.header("tus-max-size"), LARGEST.to_string());
    let path = desk.create(PDF.len()).await;
    let mut request = desk.piece(&path, 0, None, PDF);
    let older = "0.2.2".parse().unwrap();
    request.headers_mut().insert(TUS_RESUMABLE, older);
    let answer = desk.app.send(request).await;
    assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(answer.code(), "upload_version");
    assert_eq!(answer.header("tus-version"), "1.0.0");
    let mut request = desk.piece(&path, 0, None, PDF);
    request.headers_mut().remove("content-type");
    assert_eq!(desk.app.send(request).await.code(), "unsupported_media");
}

#[tokio::test]
async fn a_stop_before_the_look_into_a_whole_file_is_made_good() {
    let desk = Desk::new().await;
    let path = desk.create(PDF.len()).await;
    desk.patch(&path, 0, &PDF[..4]).await;
    let id = path.rsplit('/').next().unwrap();
    // As if the process had ended between the last byte and the look.
    std::fs::write(crate::uploads::part(&desk.app.services, id), PDF).unwrap();
    let total = i64::try_from(PDF.len()).unwrap();
    let store = &desk.app.services.store;
    store.set_received(id, total).await.unwrap();
    assert_eq!(desk.offset(&path).await, PDF.len().to_string());
    assert!(desk.ask("GET", &path).await.json()["sha256"].is_string());
}
