//! A recorded segment's name and the running head over its blocks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{Hash, h};

/// `NNNN-xxxxxxxx`: a counter over the whole session from 1, and 8 random hex digits so that a withheld segment's name
/// says nothing of its content. Ordered by counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId {
    pub counter: u64,
    pub random: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a segment id (0001-89abcdef)")]
pub struct NotSegmentId;

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:08x}", self.counter, self.random)
    }
}

impl FromStr for SegmentId {
    type Err = NotSegmentId;

    fn from_str(text: &str) -> Result<Self, NotSegmentId> {
        let (counter, random) = text.split_once('-').ok_or(NotSegmentId)?;
        let id = Self {
            counter: counter.parse().map_err(|_| NotSegmentId)?,
            random: u32::from_str_radix(random, 16).map_err(|_| NotSegmentId)?,
        };
        // One spelling: what is read must be what would be written.
        if id.counter > 0 && id.to_string() == text {
            Ok(id)
        } else {
            Err(NotSegmentId)
        }
    }
}

impl Serialize for SegmentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SegmentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// `head_0 = H("kanjie segment v1" ‖ id)`, `head_n = H(head_{n-1} ‖ block_n)`, with what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningHead {
    pub head: Hash,
    /// Bytes of the file that `head` covers.
    pub bytes: u64,
    /// Packet blocks among them.
    pub packets: u64,
}

impl RunningHead {
    #[must_use]
    pub fn new(segment: &SegmentId) -> Self {
        Self {
            head: h(&[b"kanjie segment v1", segment.to_string().as_bytes()]),
            bytes: 0,
            packets: 0,
        }
    }

    /// Takes one whole block with its length fields.
    pub fn push(&mut self, block: &[u8], packet: bool) {
        self.head = h(&[self.head.as_bytes(), block]);
        self.bytes += block.len() as u64;
        self.packets += u64::from(packet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        for good in ["0001-00000000", "0042-89abcdef", "10000-ffffffff"] {
            assert_eq!(good.parse::<SegmentId>().unwrap().to_string(), good);
        }
        for bad in [
            "0000-00000000",
            "1-00000000",
            "00001-00000000",
            "0001-0000000",
            "0001-ABCDEF00",
            "+001-00000000",
            "0001-+0000000",
            "0001_00000000",
            "",
        ] {
            assert!(bad.parse::<SegmentId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ordered_by_counter_even_beyond_four_digits() {
        let small: SegmentId = "9999-ffffffff".parse().unwrap();
        let large: SegmentId = "10000-00000000".parse().unwrap();
        assert!(small < large);
    }
}
