//! Checkpoints: what ties the recorded files to the journal. A line of `checkpoints.jsonl` opens what the journal's
//! entry only commits to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::digest::{Hash, Nonce};
use crate::merkle;
use crate::segment::{RunningHead, SegmentId};

/// What opens a leaf's commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedLeaf {
    pub nonce: Nonce,
    /// The running head with the bytes and packets it covers.
    pub covered: RunningHead,
}

/// One segment at a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Leaf {
    pub segment: SegmentId,
    pub commitment: Hash,
    /// Absent where the segment is withheld.
    pub opened: Option<OpenedLeaf>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    bytes: Option<u64>,
    commitment: Hash,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    head: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    nonce: Option<Nonce>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    packets: Option<u64>,
    segment: SegmentId,
}

impl From<Leaf> for Wire {
    fn from(leaf: Leaf) -> Self {
        let opened = leaf.opened;
        Self {
            bytes: opened.map(|o| o.covered.bytes),
            commitment: leaf.commitment,
            head: opened.map(|o| o.covered.head),
            nonce: opened.map(|o| o.nonce),
            packets: opened.map(|o| o.covered.packets),
            segment: leaf.segment,
        }
    }
}

impl TryFrom<Wire> for Leaf {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let opened = match (wire.bytes, wire.head, wire.nonce, wire.packets) {
            (Some(bytes), Some(head), Some(nonce), Some(packets)) => Some(OpenedLeaf {
                nonce,
                covered: RunningHead {
                    head,
                    bytes,
                    packets,
                },
            }),
            (None, None, None, None) => None,
            _ => return Err("bytes, head, nonce and packets stand or go together"),
        };
        Ok(Self {
            segment: wire.segment,
            commitment: wire.commitment,
            opened,
        })
    }
}

impl Leaf {
    #[must_use]
    pub fn open(segment: SegmentId, nonce: Nonce, covered: RunningHead) -> Self {
        Self {
            segment,
            commitment: merkle::commitment(&nonce, &covered.head),
            opened: Some(OpenedLeaf { nonce, covered }),
        }
    }

    #[must_use]
    pub fn withhold(self) -> Self {
        Self {
            opened: None,
            ..self
        }
    }
}

/// A line of `checkpoints.jsonl`: the leaves that are new or changed since the line before, by counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointLine {
    pub leaves: Vec<Leaf>,
    /// From 1, rising; one may be missing where the process died before its entry was journalled.
    pub number: u64,
    pub root: Hash,
}

impl CheckpointLine {
    /// With its LF.
    ///
    /// # Errors
    /// Never in practice: a line always has a JSON form.
    pub fn to_line(&self) -> Result<String, CanonicalError> {
        let mut line = canonical::to_string(self)?;
        line.push('\n');
        Ok(line)
    }

    /// Without its LF.
    ///
    /// # Errors
    /// When it is not the canonical JSON of a line.
    pub fn from_line(line: &[u8]) -> Result<Self, CanonicalError> {
        canonical::parse(line)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafFault {
    #[error("checkpoint {number} does not come after checkpoint {before}")]
    Number { number: u64, before: u64 },
    #[error("checkpoint {number}: leaves out of order at segment {segment}")]
    Order { number: u64, segment: SegmentId },
    #[error("checkpoint {number}: segment {segment} is listed but has not changed")]
    Unchanged { number: u64, segment: SegmentId },
    #[error("checkpoint {number}: segment {segment} does not open its commitment")]
    Commitment { number: u64, segment: SegmentId },
    #[error(
        "checkpoint {number}: segment {segment} went back or changed its nonce or its visibility"
    )]
    Regressed { number: u64, segment: SegmentId },
    #[error("checkpoint {number}: the root is not that of its leaves")]
    Root { number: u64 },
}

/// All leaves that stand, as line after line is applied.
#[derive(Clone, Debug, Default)]
pub struct Leaves {
    number: u64,
    leaves: BTreeMap<SegmentId, Leaf>,
}

impl Leaves {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the last line applied; 0 before the first.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    #[must_use]
    pub fn get(&self, segment: &SegmentId) -> Option<&Leaf> {
        self.leaves.get(segment)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.values()
    }

    #[must_use]
    pub fn root(&self) -> Hash {
        let commitments: Vec<Hash> = self.leaves.values().map(|leaf| leaf.commitment).collect();
        merkle::root(&commitments)
    }

    /// The line that brings these leaves to `now` (all of them, in any order), applied.
    pub fn advance(&mut self, number: u64, now: impl IntoIterator<Item = Leaf>) -> CheckpointLine {
        let mut changed = BTreeMap::new();
        for leaf in now {
            if self.leaves.get(&leaf.segment) != Some(&leaf) {
                self.leaves.insert(leaf.segment, leaf);
                changed.insert(leaf.segment, leaf);
            }
        }
        self.number = number;
        CheckpointLine {
            leaves: changed.into_values().collect(),
            number,
            root: self.root(),
        }
    }

    /// Applies a line that was read, checking everything that can be checked without the files.
    ///
    /// # Errors
    /// The first thing that does not hold; the leaves then are of no further use.
    pub fn apply(&mut self, line: &CheckpointLine) -> Result<(), LeafFault> {
        let number = line.number;
        if number <= self.number {
            return Err(LeafFault::Number {
                number,
                before: self.number,
            });
        }
        let mut last = None;
        for leaf in &line.leaves {
            let segment = leaf.segment;
            if last.is_some_and(|last| last >= segment) {
                return Err(LeafFault::Order { number, segment });
            }
            last = Some(segment);
            self.apply_leaf(number, leaf)?;
        }
        if self.root() != line.root {
            return Err(LeafFault::Root { number });
        }
        self.number = number;
        Ok(())
    }

    fn apply_leaf(&mut self, number: u64, leaf: &Leaf) -> Result<(), LeafFault> {
        let segment = leaf.segment;
        if let Some(opened) = &leaf.opened
            && merkle::commitment(&opened.nonce, &opened.covered.head) != leaf.commitment
        {
            return Err(LeafFault::Commitment { number, segment });
        }
        match self.leaves.insert(segment, *leaf) {
            None => Ok(()),
            Some(before) if before == *leaf => Err(LeafFault::Unchanged { number, segment }),
            Some(before) => match (before.opened, leaf.opened) {
                (None, None) => Ok(()),
                (Some(a), Some(b))
                    if a.nonce == b.nonce
                        && a.covered.bytes < b.covered.bytes
                        && a.covered.packets <= b.covered.packets =>
                {
                    Ok(())
                }
                _ => Err(LeafFault::Regressed { number, segment }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(counter: u64) -> SegmentId {
        SegmentId {
            counter,
            random: 0x89ab_cdef,
        }
    }

    fn leaf(counter: u64, blocks: u8) -> Leaf {
        let mut covered = RunningHead::new(&id(counter));
        for n in 0..blocks {
            covered.push(&[n; 8], true);
        }
        Leaf::open(id(counter), Nonce::from([counter as u8; 32]), covered)
    }

    #[test]
    fn lines_written_are_lines_that_apply() {
        let mut writer = Leaves::new();
        let mut reader = Leaves::new();
        let states = [
            vec![],
            vec![leaf(1, 1)],
            vec![leaf(1, 2), leaf(2, 1)],
            vec![leaf(1, 2), leaf(2, 5), leaf(3, 0)],
        ];
        for (n, state) in states.into_iter().enumerate() {
            let line = writer.advance(n as u64 + 1, state);
            let text = line.to_line().unwrap();
            let line = CheckpointLine::from_line(text.trim_end().as_bytes()).unwrap();
            reader.apply(&line).unwrap();
        }
        assert_eq!(reader.root(), writer.root());
        assert_eq!(reader.iter().count(), 3);
    }

    #[test]
    fn withheld_leaves_give_the_same_root() {
        let mut full = Leaves::new();
        let mut copy = Leaves::new();
        full.advance(1, [leaf(1, 3), leaf(2, 2)]);
        copy.advance(1, [leaf(1, 3), leaf(2, 2).withhold()]);
        assert_eq!(full.root(), copy.root());
    }

    #[test]
    fn going_back_and_a_wrong_root_are_found() {
        let mut leaves = Leaves::new();
        leaves.advance(1, [leaf(1, 3)]);
        let mut after = leaves.clone();
        let back = after.clone().advance(2, [leaf(1, 2)]);
        assert!(matches!(
            after.apply(&back),
            Err(LeafFault::Regressed { number: 2, .. })
        ));
        let mut line = leaves.clone().advance(2, [leaf(1, 4)]);
        line.root = Hash::ZERO;
        assert_eq!(leaves.apply(&line), Err(LeafFault::Root { number: 2 }));
    }
}
