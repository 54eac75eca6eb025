//! The recorder's checkpoint lines, brought to what this copy shows: only journalled ones, leaves of segments that
//! cannot be seen without what opens them.

use std::fs;
use std::io;
use std::path::Path;

use kanjie_evidence::{CheckpointLine, Leaf, Leaves};

use super::{Journalled, PackageError};
use crate::layout;
use crate::recorder::state::whole_lines;

/// The lines, and the leaves that stand after the last of them.
pub fn withheld(recording: &Path, journal: &Journalled) -> Result<(String, Leaves), PackageError> {
    let bytes = match fs::read(layout::checkpoints(recording)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let fault = |error: &dyn std::fmt::Display| PackageError::Checkpoints(error.to_string());
    let mut all = Leaves::new();
    let mut shown = Leaves::new();
    let mut text = String::new();
    let mut awaited = journal.checkpoints.clone();
    for line in whole_lines(&bytes).0 {
        let line = CheckpointLine::from_line(line).map_err(|e| fault(&e))?;
        all.apply(&line).map_err(|e| fault(&e))?;
        // One that never got into the journal is left out: what it changed comes with the next.
        if awaited.remove(&line.number) {
            let now: Vec<Leaf> = all.iter().map(|leaf| show(leaf, journal)).collect();
            text.push_str(&shown.advance(line.number, now).to_line()?);
        }
    }
    match awaited.first() {
        Some(number) => Err(fault(&format!(
            "checkpoint {number} is journalled but absent"
        ))),
        None => Ok((text, shown)),
    }
}

fn show(leaf: &Leaf, journal: &Journalled) -> Leaf {
    if journal.visible.contains(&leaf.segment) {
        *leaf
    } else {
        leaf.withhold()
    }
}
