//! Checkpoints against the journal, segments against checkpoints.

use std::collections::BTreeMap;
use std::io::BufReader;

use super::bag::{Bag, CHECKPOINTS};
use super::journal::{Journal, lines};
use super::{Fault, VerifyError};
use crate::checkpoint::{CheckpointLine, Leaves};
use crate::pcapng::{ReadFault, Reader};
use crate::segment::{RunningHead, SegmentId};

const FOLDER: &str = "data/recording/";

#[derive(Debug, Default)]
pub(super) struct Recording {
    pub(super) segments: usize,
    pub(super) withheld: usize,
    pub(super) packets: u64,
}

/// The states of one segment's file that checkpoints attest, in order.
type Attested = BTreeMap<SegmentId, Vec<RunningHead>>;

pub(super) fn check(bag: &Bag, journal: &Journal) -> Result<Recording, VerifyError> {
    let (attested, withheld) = checkpoints(bag, journal)?;
    for segment in journal.opened.keys() {
        let path = file(*segment);
        if bag.digest(&path).is_none() || !attested.contains_key(segment) {
            return Err(Fault::new(
                path,
                "missing or in no checkpoint, but journalled as opened",
            )
            .into());
        }
    }
    let mut recording = Recording {
        withheld,
        ..Recording::default()
    };
    for (segment, states) in &attested {
        if !journal.opened.contains_key(segment) {
            return Err(Fault::new(
                file(*segment),
                "in a checkpoint, but not journalled as opened",
            )
            .into());
        }
        recording.segments += 1;
        recording.packets += segment_file(bag, journal, *segment, states)?;
    }
    for name in bag.names(FOLDER) {
        let known = name
            .strip_suffix(".pcapng")
            .and_then(|stem| stem.parse().ok())
            .is_some_and(|segment: SegmentId| attested.contains_key(&segment));
        if !known {
            return Err(Fault::new(format!("{FOLDER}{name}"), "in no checkpoint").into());
        }
    }
    Ok(recording)
}

fn file(segment: SegmentId) -> String {
    format!("{FOLDER}{segment}.pcapng")
}

fn checkpoints(bag: &Bag, journal: &Journal) -> Result<(Attested, usize), VerifyError> {
    let bytes = bag.read(CHECKPOINTS)?;
    let mut leaves = Leaves::new();
    let mut attested = Attested::new();
    let mut journalled = journal.checkpoints.iter();
    for line in lines(CHECKPOINTS, &bytes) {
        let (place, line) = line?;
        let line = CheckpointLine::from_line(line).map_err(|e| Fault::new(&place, e))?;
        leaves.apply(&line).map_err(|e| Fault::new(&place, e))?;
        match journalled.next() {
            Some(entry) if entry.number == line.number && entry.root == line.root => {}
            Some(entry) => {
                let what = format!("not the checkpoint of journal entry {}", entry.seq);
                return Err(Fault::new(place, what).into());
            }
            None => return Err(Fault::new(place, "not in the journal").into()),
        }
        for leaf in &line.leaves {
            if let Some(opened) = leaf.opened {
                attested
                    .entry(leaf.segment)
                    .or_default()
                    .push(opened.covered);
            }
        }
    }
    if let Some(entry) = journalled.next() {
        let what = format!("the checkpoint of journal entry {} is missing", entry.seq);
        return Err(Fault::new(CHECKPOINTS, what).into());
    }
    let withheld = leaves.iter().filter(|leaf| leaf.opened.is_none()).count();
    Ok((attested, withheld))
}

/// Its packets.
fn segment_file(
    bag: &Bag,
    journal: &Journal,
    segment: SegmentId,
    states: &[RunningHead],
) -> Result<u64, VerifyError> {
    let path = file(segment);
    let fault = |what: &str| VerifyError::from(Fault::new(&path, what));
    if bag.digest(&path).is_none() {
        return Err(fault("missing"));
    }
    let convert = |error| match error {
        ReadFault::Io(error) => bag.fault(&path, error),
        other => fault(&other.to_string()),
    };
    let input = BufReader::with_capacity(1 << 16, bag.open_file(&path)?);
    let mut reader = Reader::open(input, segment).map_err(convert)?;
    if let Some(opened) = journal.opened.get(&segment) {
        let interface = reader.interface();
        if interface.track != opened.track
            || interface.source != opened.source
            || interface.codec != opened.codec
        {
            return Err(fault("of another track, source or codec than journalled"));
        }
    }
    let mut states = states.iter().peekable();
    loop {
        let running = reader.running();
        while let Some(state) = states.next_if(|state| state.bytes <= running.bytes) {
            if *state != running {
                return Err(fault(&format!(
                    "not what a checkpoint covers up to byte {}",
                    state.bytes
                )));
            }
        }
        if reader.next_packet().map_err(convert)?.is_none() {
            break;
        }
        if states.peek().is_none() {
            return Err(fault("longer than its last checkpoint"));
        }
    }
    if states.peek().is_some() {
        return Err(fault("shorter than a checkpoint covers"));
    }
    let end = reader.running();
    match journal.closed.get(&segment) {
        Some(closed) if closed.bytes != end.bytes || closed.packets != end.packets => {
            Err(fault("not as long as journalled at its closing"))
        }
        _ => Ok(end.packets),
    }
}
