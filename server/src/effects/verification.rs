//! The check of a closed session's own package: exported to a temporary place, verified, and remembered.

use std::collections::HashMap;
use std::sync::Arc;

use kanjie_evidence::package::{self, Copy, Options, VerifyError};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::export::{self, ExportError};
use crate::services::Services;

/// What the check found.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
#[schema(as = Verification)]
pub struct Verdict {
    pub whole: bool,
    pub entries: u64,
    pub checkpoints: usize,
    pub receipts: usize,
    pub segments: usize,
    /// The key that signed.
    #[schema(required = true)]
    pub key: Option<String>,
    /// UTC µs.
    pub checked_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub first_fault: Option<String>,
}

/// Verdicts of this process; one check at a time.
#[derive(Clone, Debug, Default)]
pub struct Verdicts(Arc<Mutex<HashMap<String, Verdict>>>);

impl Verdicts {
    /// # Errors
    /// When the package cannot be made or read.
    pub async fn of(&self, services: &Services, session: &str) -> Result<Verdict, ExportError> {
        let mut known = self.0.lock().await;
        if let Some(verdict) = known.get(session) {
            return Ok(verdict.clone());
        }
        let verdict = check(services, session).await?;
        known.insert(session.to_owned(), verdict.clone());
        Ok(verdict)
    }
}

async fn check(services: &Services, session: &str) -> Result<Verdict, ExportError> {
    let place = services.config.data.join("tmp").join(services.env.new_id());
    let exported = export::export(services, session, Copy::Full, &place).await;
    let package = place.clone();
    let verified = match exported {
        Ok(()) => {
            let verify = move || package::verify(&package, &Options::default());
            tokio::task::spawn_blocking(verify)
                .await
                .map_err(ExportError::task)
        }
        Err(error) => Err(error),
    };
    // Nothing of it is needed any more, whatever came out.
    let _ = tokio::fs::remove_dir_all(&place).await;
    let checked_at = services.env.now();
    match verified? {
        Ok(report) => Ok(Verdict {
            whole: true,
            entries: report.entries,
            checkpoints: report.checkpoints,
            receipts: report.receipts,
            segments: report.segments,
            key: Some(report.key.to_string()),
            checked_at,
            first_fault: None,
        }),
        Err(VerifyError::Fault(fault)) => Ok(Verdict {
            checked_at,
            first_fault: Some(fault.to_string()),
            ..Verdict::default()
        }),
        Err(error) => Err(ExportError::Unreadable(error.to_string())),
    }
}
