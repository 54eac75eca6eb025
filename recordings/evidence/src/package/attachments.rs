//! Stills, documents and derived media against the journal.

use std::collections::BTreeSet;

use super::bag::{Bag, TRACKS};
use super::journal::{Document, Journal};
use super::{Fault, TracksFile, VerifyError};
use crate::canonical;

const STILLS: &str = "data/stills/";
const MEDIA: &str = "data/media/";

/// How many stills there are.
pub(super) fn check(bag: &Bag, journal: &Journal) -> Result<usize, VerifyError> {
    let stills = stills(bag, journal)?;
    document(bag, "record", journal.record.as_ref())?;
    document(bag, "decision", journal.decision.as_ref())?;
    media(bag)?;
    Ok(stills)
}

fn stills(bag: &Bag, journal: &Journal) -> Result<usize, VerifyError> {
    let mut known = BTreeSet::new();
    for still in &journal.stills {
        let extension = match still.media_type.as_str() {
            "image/jpeg" => "jpg",
            "image/png" => "png",
            _ => return Err(Fault::new(STILLS, "a still of an unknown type is journalled").into()),
        };
        let name = format!("{}.{extension}", still.id);
        let path = format!("{STILLS}{name}");
        match bag.digest(&path) {
            None => return Err(Fault::new(path, "missing, but journalled").into()),
            Some(digest) if digest != still.sha256 || bag.length(&path)? != still.bytes => {
                return Err(Fault::new(path, "not the still that was journalled").into());
            }
            Some(_) => known.insert(name),
        };
    }
    match bag.names(STILLS).find(|name| !known.contains(*name)) {
        Some(extra) => Err(Fault::new(format!("{STILLS}{extra}"), "not journalled").into()),
        None => Ok(known.len()),
    }
}

fn document(bag: &Bag, name: &str, journalled: Option<&Document>) -> Result<(), VerifyError> {
    let expected = [
        ("json", journalled.map(|document| document.content)),
        ("pdf", journalled.map(|document| document.pdf)),
    ];
    for (extension, expected) in expected {
        let path = format!("data/documents/{name}.{extension}");
        let what = match (bag.digest(&path), expected) {
            (found, expected) if found == expected => continue,
            (None, Some(_)) => "missing, but journalled",
            (Some(_), None) => "not journalled",
            _ => "not the document that was journalled",
        };
        return Err(Fault::new(path, what).into());
    }
    Ok(())
}

fn media(bag: &Bag) -> Result<(), VerifyError> {
    let files: BTreeSet<String> = bag
        .names(MEDIA)
        .filter(|name| name.ends_with(".mp4"))
        .map(str::to_owned)
        .collect();
    if bag.digest(TRACKS).is_none() {
        return match files.first() {
            Some(extra) => {
                Err(Fault::new(format!("{MEDIA}{extra}"), "there is no tracks.json").into())
            }
            None => Ok(()),
        };
    }
    let tracks: TracksFile =
        canonical::parse(&bag.read(TRACKS)?).map_err(|e| Fault::new(TRACKS, e))?;
    let listed: BTreeSet<String> = tracks.tracks.into_iter().map(|track| track.file).collect();
    match files.symmetric_difference(&listed).next() {
        Some(odd) => Err(Fault::new(
            format!("{MEDIA}{odd}"),
            "in tracks.json or in the folder, not both",
        )
        .into()),
        None => Ok(()),
    }
}
