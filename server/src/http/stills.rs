//! `PUT` and `GET /api/v1/sessions/{id}/stills/{evidence}`: the untouched original of a piece of evidence.
//!
//! The file is on the disk, whole and by its hash, before the journal names it; afterwards it never changes (R26).

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kanjie_domain::authority::ReadAct;
use kanjie_domain::event::{Evidence, EvidenceKind, Position};
use kanjie_domain::{Code, Command, Event};
use kanjie_evidence::h;
use kanjie_store::{JournalId, Store};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::effects::files;
use crate::problem::{Problem, ProblemCode};
use crate::rooms::{ActError, Rooms, journal};
use crate::services::Services;

/// Largest picture, bytes.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;
const MAX_ID: usize = 64;
const PAGE: u32 = 2_000;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct About {
    kind: EvidenceKind,
    item: Option<String>,
    /// The device's capture time, UTC µs.
    captured_at: i64,
    lat_e7: Option<i64>,
    lon_e7: Option<i64>,
    accuracy_m: Option<u32>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Taken {
    evidence: String,
    seq: u64,
}

/// Keeps the untouched original of a piece of evidence, and journals it. The same again changes nothing.
#[utoipa::path(put, path = "/api/v1/sessions/{id}/stills/{evidence}", operation_id = "put_still", tag = "sessions",
    params(("id" = String, Path, description = "Session"), ("evidence" = String, Path, description = "Chosen by the client: letters, digits, `-`, `_`; at most 64"),
        About, ("Content-Digest" = String, Header, description = "`sha-256=:BASE64:` (RFC 9530)")),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png")), description = "JPEG or PNG, at most 20 MiB"),
    responses((status = 200, description = "It was there already", body = Taken), (status = 201, description = "Taken", body = Taken),
        (status = 403, response = Problem), (status = 409, response = Problem)))]
pub async fn put(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path((session, id)): Path<(String, String)>,
    Query(about): Query<About>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    caller
        .reads(&services, &session, ReadAct::ReadSession)
        .await?;
    let format = Format::of(&body).ok_or(ProblemCode::UnsupportedMedia)?;
    let digest = h(&[&body]);
    if !is_id(&id) || announced(&headers) != Some(digest.0) {
        return Err(ProblemCode::Malformed.into());
    }
    let digest = digest.to_string();
    if let Some((seq, taken)) = find(&services.store, &session, &id).await? {
        return if taken.sha256 == digest && taken.person == caller.person {
            Ok((StatusCode::OK, Json(Taken { evidence: id, seq })).into_response())
        } else {
            Err(ProblemCode::Refused(Code::AlreadyExists).into())
        };
    }
    let evidence = Evidence {
        id: id.clone(),
        kind: about.kind,
        item: about.item.filter(|item| !item.is_empty()),
        person: caller.person.clone(),
        device: caller.device.clone(),
        sha256: digest.clone(),
        bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
        media_type: format.media_type().to_owned(),
        captured_at: about.captured_at,
        position: match (about.lat_e7, about.lon_e7, about.accuracy_m) {
            (Some(lat_e7), Some(lon_e7), Some(accuracy_m)) => Some(Position {
                lat_e7,
                lon_e7,
                accuracy_m,
            }),
            _ => None,
        },
    };
    let path = path(&services, &session, &digest, format);
    let kept = path.clone();
    tokio::task::spawn_blocking(move || files::write_once(&kept, &body))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))?;
    let command = Command::TakeEvidence {
        evidence: Box::new(evidence),
    };
    match rooms.execute(&session, Arc::new(caller), command).await {
        Ok(seq) => Ok((StatusCode::CREATED, Json(Taken { evidence: id, seq })).into_response()),
        Err(ActError::Refused(refusal)) => {
            discard(&rooms, &session, &digest, path).await;
            Err(refusal.into())
        }
        Err(ActError::Factor(problem)) => Err(problem),
        Err(ActError::Unavailable) => Err(ProblemCode::Internal.into()),
    }
}

/// A refused picture is not kept, unless the same bytes are evidence under another id.
async fn discard(rooms: &Rooms, session: &str, digest: &str, path: PathBuf) {
    let used = match rooms.look(session).await {
        Ok(state) => state
            .evidence
            .iter()
            .any(|taken| taken.evidence.sha256 == digest),
        Err(_) => true,
    };
    if !used {
        let _ = tokio::fs::remove_file(path).await;
    }
}

/// The untouched original.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/stills/{evidence}", operation_id = "still", tag = "sessions",
    params(("id" = String, Path, description = "Session"), ("evidence" = String, Path)),
    responses((status = 200, description = "The picture", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png")))))]
pub async fn get(
    State(services): State<Services>,
    State(rooms): State<Rooms>,
    caller: Caller,
    Path((session, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    caller
        .reads(&services, &session, ReadAct::ReadStill)
        .await?;
    let state = rooms
        .look(&session)
        .await
        .map_err(|_| ProblemCode::NotFound)?;
    let taken = state.evidence.iter().find(|taken| taken.evidence.id == id);
    let evidence = &taken.ok_or(ProblemCode::NotFound)?.evidence;
    let format = Format::named(&evidence.media_type).ok_or(ProblemCode::NotFound)?;
    let path = path(&services, &session, &evidence.sha256, format);
    let bytes = tokio::fs::read(path)
        .await
        .map_err(|error| Problem::internal(&error))?;
    let headers = [
        (header::CONTENT_TYPE, format.media_type()),
        // The bytes behind an id never change.
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// Where a picture is: by its hash, so that its bytes cannot be others.
fn path(services: &Services, session: &str, digest: &str, format: Format) -> PathBuf {
    files::still(
        &files::session_dir(&services.config.data, session),
        digest,
        format.extension(),
    )
}

async fn find(store: &Store, session: &str, id: &str) -> Result<Option<(u64, Evidence)>, Problem> {
    let journal = JournalId::Session(session.to_owned());
    let mut after = 0;
    loop {
        let entries = store.entries(&journal, after, PAGE).await?;
        for entry in &entries {
            after = entry.seq;
            if let Ok(Some(recorded)) = journal::read(entry)
                && let Event::EvidenceTaken(evidence) = recorded.event
                && evidence.id == id
            {
                return Ok(Some((entry.seq, *evidence)));
            }
        }
        if entries.len() < PAGE as usize {
            return Ok(None);
        }
    }
}

fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(plain) && !id.starts_with(['-', '_'])
}

/// `Content-Digest: sha-256=:base64:` (RFC 9530).
fn announced(headers: &HeaderMap) -> Option<[u8; 32]> {
    let value = headers.get("content-digest")?.to_str().ok()?;
    let member = value
        .split(',')
        .find_map(|part| part.trim().strip_prefix("sha-256=:"))?;
    let bytes = STANDARD.decode(member.strip_suffix(':')?).ok()?;
    bytes.try_into().ok()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Jpeg,
    Png,
}

impl Format {
    /// By content, not by what the client says.
    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else {
            None
        }
    }

    fn named(media_type: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png]
            .into_iter()
            .find(|f| f.media_type() == media_type)
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_file_names() {
        assert!(is_id("e-0001"));
        for id in ["", "-a", "a/b", "a.b", "..", "é", &"a".repeat(65)] {
            assert!(!is_id(id), "{id}");
        }
    }

    #[test]
    fn the_digest_is_read_as_rfc_9530_writes_it() {
        let mut headers = HeaderMap::new();
        let digest = h(&[b"x"]);
        let text = format!("sha-256=:{}:", STANDARD.encode(digest.0));
        headers.insert("content-digest", text.parse().unwrap());
        assert_eq!(announced(&headers), Some(digest.0));
        headers.insert("content-digest", "sha-256=:AAAA:".parse().unwrap());
        assert_eq!(announced(&headers), None);
    }
}
