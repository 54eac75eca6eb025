//! Stills, documents and derived media against the journal.

use std::collections::BTreeSet;

use super::bag::{Bag, TRACKS};
use super::journal::{Document, Journal};
use super::{Fault, TracksFile, VerifyError, decision_name};
use crate::canonical;

const STILLS: &str = "data/stills/";
const DOCUMENTS: &str = "data/documents/";
const MEDIA: &str = "data/media/";

/// How many stills there are.
pub(super) fn check(bag: &Bag, journal: &Journal) -> Result<usize, VerifyError> {
    let stills = stills(bag, journal)?;
    document(bag, "record", journal.record.as_ref())?;
    document(bag, &decision_name(1), journal.decisions.first())?;
    for (nth, decision) in (2..).zip(journal.decisions.iter().skip(1)) {
        document(bag, &decision_name(nth), Some(decision))?;
    }
    no_other_decision(bag, journal.decisions.len())?;
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

/// A further decision that the journal does not know.
fn no_other_decision(bag: &Bag, sealed: usize) -> Result<(), VerifyError> {
    let known: BTreeSet<String> = (1..=sealed.max(1)).map(decision_name).collect();
    let mut names = bag.names(DOCUMENTS);
    let other = names.find(|name| {
        let stem = name.rsplit_once('.').map_or(*name, |(stem, _)| stem);
        stem != "record" && !known.contains(stem)
    });
    match other {
        Some(other) => Err(Fault::new(format!("{DOCUMENTS}{other}"), "not journalled").into()),
        None => Ok(()),
    }
}

fn document(bag: &Bag, name: &str, journalled: Option<&Document>) -> Result<(), VerifyError> {
    let expected = [
        ("json", journalled.map(|document| document.content)),
        ("pdf", journalled.map(|document| document.pdf)),
    ];
    for (extension, expected) in expected {
        let path = format!("{DOCUMENTS}{name}.{extension}");
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
