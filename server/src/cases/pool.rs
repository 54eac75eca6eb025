//! The expert pool (专家库): the experts that stand in the catalogue on the day of the draw.

use jiff::civil::Date;
use kanjie_domain::pool::{ExpertPool, PoolExpert};
use kanjie_evidence::h;
use kanjie_store::{Catalogued, Store};

use super::error::CaseError;
use super::published;

/// Kind of the catalogue: its code is the person's id, its body a [`PoolExpert`].
pub const EXPERT: &str = "expert";

/// The pool as it stands that day; `None` where the bureau keeps none.
///
/// # Errors
/// When the catalogue cannot be read.
pub async fn on(store: &Store, day: Date) -> Result<Option<ExpertPool>, CaseError> {
    of(&store.catalogue(EXPERT, &day.to_string()).await?)
}

/// The pool of what stands.
///
/// # Errors
/// When a row is none of an expert, or they make no pool.
pub fn of(rows: &[Catalogued]) -> Result<Option<ExpertPool>, CaseError> {
    if rows.is_empty() {
        return Ok(None);
    }
    let experts: Vec<PoolExpert> = rows.iter().map(published::read).collect::<Result<_, _>>()?;
    Ok(Some(ExpertPool::new(&version(rows), experts)?))
}

/// SHA-256 over what stands, in the order of codes: the draw's entry names it, and whoever has the catalogue finds it again.
fn version(rows: &[Catalogued]) -> String {
    let parts = rows
        .iter()
        .flat_map(|row| [&row.code, &row.from_day, &row.body]);
    let lines: Vec<String> = parts.map(|part| format!("{part}\n")).collect();
    h(&[lines.concat().as_bytes()]).to_string()
}
