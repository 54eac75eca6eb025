//! The session's journal in a package: the chain, and the facts that the rest of the package is held against.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::bag::{Bag, JOURNAL};
use super::{Fault, SessionFile, VerifyError};
use crate::digest::Hash;
use crate::journal::{Body, Chain, Entry};
use crate::segment::SegmentId;

/// The events that say something of other files; `server/domain` knows the rest. Fields are only ever added.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    Scheduled {
        session: String,
        brief: Brief,
    },
    SegmentOpened(SegmentOpened),
    SegmentClosed(SegmentClosed),
    Checkpoint {
        number: u64,
        root: Hash,
    },
    EvidenceTaken(Still),
    RecordPrepared {
        digest: Hash,
        pdf_digest: Hash,
    },
    DecisionSealed {
        content_digest: Hash,
        pdf_digest: Hash,
    },
    ReceiptIssued {
        receipt: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Brief {
    case_no: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct SegmentOpened {
    pub(super) segment: SegmentId,
    pub(super) track: String,
    pub(super) source: String,
    pub(super) codec: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct SegmentClosed {
    pub(super) segment: SegmentId,
    pub(super) bytes: u64,
    pub(super) packets: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Still {
    pub(super) id: String,
    pub(super) sha256: Hash,
    pub(super) bytes: u64,
    pub(super) media_type: String,
}

#[derive(Debug)]
pub(super) struct JournalCheckpoint {
    pub(super) seq: u64,
    pub(super) number: u64,
    pub(super) root: Hash,
}

#[derive(Debug)]
pub(super) struct Document {
    pub(super) content: Hash,
    pub(super) pdf: Hash,
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Of entry `n` at `n - 1`.
    pub(super) hashes: Vec<Hash>,
    pub(super) withheld: u64,
    pub(super) checkpoints: Vec<JournalCheckpoint>,
    pub(super) opened: BTreeMap<SegmentId, SegmentOpened>,
    pub(super) closed: BTreeMap<SegmentId, SegmentClosed>,
    pub(super) stills: Vec<Still>,
    /// As last prepared.
    pub(super) record: Option<Document>,
    /// In the order in which they were sealed.
    pub(super) decisions: Vec<Document>,
    /// With the `seq` of the entry.
    pub(super) receipts: Vec<(u64, Value)>,
}

/// The lines of a `.jsonl` file with a name for each; every line, the last too, ends with LF.
pub(super) fn lines<'a>(
    path: &'a str,
    bytes: &'a [u8],
) -> impl Iterator<Item = Result<(String, &'a [u8]), Fault>> {
    bytes
        .split_inclusive(|b| *b == b'\n')
        .enumerate()
        .map(move |(n, line)| {
            let place = format!("{path} line {}", n + 1);
            match line.strip_suffix(b"\n") {
                Some(line) => Ok((place, line)),
                None => Err(Fault::new(place, "cut off")),
            }
        })
}

pub(super) fn read(bag: &Bag, session: &SessionFile) -> Result<Journal, VerifyError> {
    let bytes = bag.read(JOURNAL)?;
    let mut chain = Chain::new();
    let mut journal = Journal::default();
    let mut at = i64::MIN;
    for line in lines(JOURNAL, &bytes) {
        let (place, line) = line?;
        let entry = Entry::from_line(line).map_err(|e| Fault::new(&place, e))?;
        chain.push(&entry).map_err(|e| Fault::new(&place, e))?;
        journal.hashes.push(entry.hash);
        let Some(text) = entry.body() else {
            journal.withheld += 1;
            continue;
        };
        let body = Body::parse(text).map_err(|e| Fault::new(&place, format!("body: {e}")))?;
        if body.at < at {
            return Err(Fault::new(place, "earlier than the entry before it").into());
        }
        at = body.at;
        let event: Event = serde_json::from_value(body.event)
            .map_err(|e| Fault::new(&place, format!("event: {e}")))?;
        take(&mut journal, session, entry.seq, event).map_err(|what| Fault::new(&place, what))?;
    }
    if journal.hashes.is_empty() {
        return Err(Fault::new(JOURNAL, "no entry").into());
    }
    Ok(journal)
}

fn take(
    journal: &mut Journal,
    file: &SessionFile,
    seq: u64,
    event: Event,
) -> Result<(), &'static str> {
    match event {
        Event::Scheduled { session, brief } => {
            if seq != 1 {
                return Err("a second session begins");
            }
            if session != file.session || brief.case_no != file.case_no {
                return Err("of another session or case than session.json says");
            }
        }
        _ if seq == 1 => return Err("the first entry is not the session's scheduling"),
        Event::SegmentOpened(opened) => {
            if journal.opened.insert(opened.segment, opened).is_some() {
                return Err("a segment opened twice");
            }
        }
        Event::SegmentClosed(closed) => {
            if journal.closed.insert(closed.segment, closed).is_some() {
                return Err("a segment closed twice");
            }
        }
        Event::Checkpoint { number, root } => {
            journal
                .checkpoints
                .push(JournalCheckpoint { seq, number, root });
        }
        Event::EvidenceTaken(still) => journal.stills.push(still),
        Event::RecordPrepared { digest, pdf_digest } => {
            journal.record = Some(Document {
                content: digest,
                pdf: pdf_digest,
            });
        }
        Event::DecisionSealed {
            content_digest,
            pdf_digest,
        } => {
            journal.decisions.push(Document {
                content: content_digest,
                pdf: pdf_digest,
            });
        }
        Event::ReceiptIssued { receipt } => journal.receipts.push((seq, receipt)),
        Event::Other => {}
    }
    Ok(())
}
