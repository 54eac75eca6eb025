//! One piece of a file: from the request's body to the disk.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest;
use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use kanjie_store::Upload;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use crate::files;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// How long the next bytes may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a piece must hash to (tus 1.0, extension checksum).
#[derive(Debug)]
pub struct Checksum {
    algorithm: &'static digest::Algorithm,
    wanted: Vec<u8>,
}

impl Checksum {
    /// `sha1 BASE64` or `sha256 BASE64`.
    ///
    /// # Errors
    /// `malformed`.
    pub fn parse(value: &HeaderValue) -> Result<Self, Problem> {
        let text = value.to_str().unwrap_or_default();
        let (name, sum) = text.split_once(' ').ok_or(ProblemCode::Malformed)?;
        let algorithm = match name {
            // tus wants it from every server; it guards against accidents here, nothing more.
            "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &digest::SHA256,
            _ => return Err(ProblemCode::Malformed.into()),
        };
        let wanted = STANDARD.decode(sum).map_err(|_| ProblemCode::Malformed)?;
        Ok(Self { algorithm, wanted })
    }
}

/// How a piece ended.
#[derive(Debug)]
pub struct Received {
    /// Bytes of the file that are on the disk now.
    pub offset: i64,
    /// The body was read to its end.
    pub end: Result<(), ProblemCode>,
}

/// Appends a body to an upload, by whoever has the right to write. What came before the connection broke is kept, unless a checksum was to cover it.
///
/// # Errors
/// `upload_checksum`, `too_large`: then nothing of the piece is kept. `internal`.
pub async fn receive(
    services: &Services,
    upload: &Upload,
    checksum: Option<Checksum>,
    body: Body,
) -> Result<Received, Problem> {
    let path = super::part(services, &upload.id);
    let mut piece = Piece::open(&path, upload, checksum)
        .await
        .map_err(|error| Problem::internal(&error))?;
    let mut body = body.into_data_stream();
    let end = loop {
        match tokio::time::timeout(PATIENCE, body.next()).await {
            Err(_) => break Err(ProblemCode::TimedOut),
            Ok(None) => break Ok(()),
            Ok(Some(Err(_))) => break Err(ProblemCode::Malformed),
            Ok(Some(Ok(bytes))) => piece.write(&bytes).await?,
        }
    };
    let offset = piece.finish(end.is_ok()).await?;
    services.store.set_received(&upload.id, offset).await?;
    Ok(Received { offset, end })
}

struct Piece {
    file: tokio::fs::File,
    begin: i64,
    offset: i64,
    total: i64,
    checksum: Option<(digest::Context, Vec<u8>)>,
}

impl Piece {
    async fn open(
        path: &Path,
        upload: &Upload,
        checksum: Option<Checksum>,
    ) -> std::io::Result<Self> {
        let begin = u64::try_from(upload.received).map_err(std::io::Error::other)?;
        if let Some(parent) = path.parent() {
            files::private_dir(parent)?;
        }
        let mut file = tokio::fs::File::from_std(files::open_private(path)?);
        file.set_len(begin).await?;
        file.seek(std::io::SeekFrom::Start(begin)).await?;
        Ok(Self {
            file,
            begin: upload.received,
            offset: upload.received,
            total: upload.total,
            checksum: checksum.map(|of| (digest::Context::new(of.algorithm), of.wanted)),
        })
    }

    async fn write(&mut self, bytes: &Bytes) -> Result<(), Problem> {
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let offset = self.offset.saturating_add(length);
        if offset > self.total {
            return Err(ProblemCode::TooLarge.into());
        }
        if let Some((context, _)) = &mut self.checksum {
            context.update(bytes);
        }
        let written = self.file.write_all(bytes).await;
        written.map_err(|error| Problem::internal(&error))?;
        self.offset = offset;
        Ok(())
    }

    /// Puts it on the disk; says how far the file goes.
    async fn finish(mut self, whole: bool) -> Result<i64, Problem> {
        if let Some((context, wanted)) = self.checksum.take() {
            if !whole {
                return Ok(self.begin);
            }
            if context.finish().as_ref() != wanted.as_slice() {
                return Err(ProblemCode::UploadChecksum.into());
            }
        }
        let synced = async {
            self.file.flush().await?;
            self.file.sync_all().await
        };
        synced.await.map_err(|error| Problem::internal(&error))?;
        Ok(self.offset)
    }
}
