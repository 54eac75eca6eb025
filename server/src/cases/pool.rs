//! The expert pool (专家库): `experts.json` in the data directory, `{"version", "experts": [PoolExpert…]}`, read at each draw.

use std::path::Path;

use kanjie_domain::pool::{ExpertPool, PoolExpert};
use serde::Deserialize;

use super::error::CaseError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    experts: Vec<PoolExpert>,
}

/// The pool as it stands; `None` where the bureau keeps none.
///
/// # Errors
/// When the file is there and cannot be read.
pub async fn read(data: &Path) -> Result<Option<ExpertPool>, CaseError> {
    let text = match tokio::fs::read(data.join("experts.json")).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CaseError::Pool(error.to_string())),
    };
    let file: File =
        serde_json::from_slice(&text).map_err(|error| CaseError::Pool(error.to_string()))?;
    Ok(Some(ExpertPool::new(&file.version, file.experts)?))
}
