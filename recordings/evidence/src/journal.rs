//! A journal: entries in a hash chain, each over a blinded commitment to its body, so that an entry can be withheld or
//! erased and the chain still verifies.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::{self, CanonicalError};
use crate::digest::{Hash, Nonce, h};

/// What opens a commitment: the nonce and the exact bytes that were hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub nonce: Nonce,
    /// Canonical JSON of `{actor, at, event}`; never serialised again.
    pub body: String,
}

/// One entry; its JSON is `{body?, commit, hash, nonce?, prev, seq}`, without `body` and `nonce` where withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: u64,
    pub prev: Hash,
    pub commit: Hash,
    pub hash: Hash,
    pub opened: Option<Opened>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    body: Option<String>,
    commit: Hash,
    hash: Hash,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    nonce: Option<Nonce>,
    prev: Hash,
    seq: u64,
}

impl From<Entry> for Wire {
    fn from(entry: Entry) -> Self {
        let (nonce, body) = match entry.opened {
            Some(opened) => (Some(opened.nonce), Some(opened.body)),
            None => (None, None),
        };
        Self {
            body,
            commit: entry.commit,
            hash: entry.hash,
            nonce,
            prev: entry.prev,
            seq: entry.seq,
        }
    }
}

impl TryFrom<Wire> for Entry {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let opened = match (wire.nonce, wire.body) {
            (Some(nonce), Some(body)) => Some(Opened { nonce, body }),
            (None, None) => None,
            _ => return Err("body and nonce stand or go together"),
        };
        Ok(Self {
            seq: wire.seq,
            prev: wire.prev,
            commit: wire.commit,
            hash: wire.hash,
            opened,
        })
    }
}

/// `commit = H(nonce ‖ body)`.
#[must_use]
pub fn commit(nonce: &Nonce, body: &str) -> Hash {
    h(&[nonce.as_bytes(), body.as_bytes()])
}

/// `hash = H(u64(seq) ‖ prev ‖ commit)`.
#[must_use]
pub fn entry_hash(seq: u64, prev: &Hash, commit: &Hash) -> Hash {
    h(&[&seq.to_be_bytes(), prev.as_bytes(), commit.as_bytes()])
}

impl Entry {
    /// The entry `seq` after the entry whose hash is `prev` ([`Hash::ZERO`] for entry 1).
    #[must_use]
    pub fn seal(seq: u64, prev: Hash, nonce: [u8; 32], body: String) -> Self {
        let nonce = Nonce::from(nonce);
        let commit = commit(&nonce, &body);
        Self {
            seq,
            prev,
            commit,
            hash: entry_hash(seq, &prev, &commit),
            opened: Some(Opened { nonce, body }),
        }
    }

    /// The same entry for those who may not see it.
    #[must_use]
    pub fn withhold(self) -> Self {
        Self {
            opened: None,
            ..self
        }
    }

    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.opened.as_ref().map(|opened| opened.body.as_str())
    }

    /// Its line in `journal.jsonl`, LF included.
    ///
    /// # Errors
    /// Never in practice: an entry always has a JSON form.
    pub fn to_line(&self) -> Result<String, CanonicalError> {
        let mut line = canonical::to_string(self)?;
        line.push('\n');
        Ok(line)
    }

    /// A line of `journal.jsonl` without its LF.
    ///
    /// # Errors
    /// When it is not the canonical JSON of an entry. The hashes are [`Chain`]'s to check.
    pub fn from_line(line: &[u8]) -> Result<Self, CanonicalError> {
        canonical::parse(line)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    #[error("entry {found} where entry {expected} should stand")]
    Sequence { expected: u64, found: u64 },
    #[error("entry {seq} does not follow the entry before it")]
    Prev { seq: u64 },
    #[error("entry {seq}: the body is not the one that was committed to")]
    Commit { seq: u64 },
    #[error("entry {seq}: wrong hash")]
    Hash { seq: u64 },
}

/// Checks a chain entry by entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    seq: u64,
    head: Hash,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// Before entry 1.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            seq: 0,
            head: Hash::ZERO,
        }
    }

    /// After the entry `seq`, whose hash is `head`.
    #[must_use]
    pub const fn after(seq: u64, head: Hash) -> Self {
        Self { seq, head }
    }

    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    #[must_use]
    pub const fn head(&self) -> Hash {
        self.head
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// When it is not the next one or its hashes do not hold; the chain then stands where it stood.
    pub fn push(&mut self, entry: &Entry) -> Result<(), ChainFault> {
        let seq = entry.seq;
        let expected = self.seq.saturating_add(1);
        if seq != expected {
            return Err(ChainFault::Sequence {
                expected,
                found: seq,
            });
        }
        if entry.prev != self.head {
            return Err(ChainFault::Prev { seq });
        }
        if let Some(opened) = &entry.opened
            && commit(&opened.nonce, &opened.body) != entry.commit
        {
            return Err(ChainFault::Commit { seq });
        }
        if entry_hash(seq, &entry.prev, &entry.commit) != entry.hash {
            return Err(ChainFault::Hash { seq });
        }
        *self = Self::after(seq, entry.hash);
        Ok(())
    }
}

/// What every body holds; `event` is `server/domain`'s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub actor: String,
    /// UTC µs.
    pub at: i64,
    pub event: Value,
}

impl Body {
    /// # Errors
    /// When `body` is not the canonical JSON of `{actor, at, event}`.
    pub fn parse(body: &str) -> Result<Self, CanonicalError> {
        canonical::parse(body.as_bytes())
    }

    /// The event's `type`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.event.get("type").and_then(Value::as_str).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        r#"{"actor":"system","at":1764000000000000,"event":{"type":"recording_started"}}"#;

    fn three() -> Vec<Entry> {
        let mut head = Hash::ZERO;
        (1..=3)
            .map(|seq| {
                let entry = Entry::seal(seq, head, [seq as u8; 32], format!("body {seq}"));
                head = entry.hash;
                entry
            })
            .collect()
    }

    #[test]
    fn a_chain_holds_with_and_without_bodies() {
        let mut chain = Chain::new();
        for (n, entry) in three().into_iter().enumerate() {
            let entry = if n == 1 { entry.withhold() } else { entry };
            chain.push(&entry).unwrap();
        }
        assert_eq!(chain.seq(), 3);
        assert_eq!(chain.head(), three()[2].hash);
    }

    #[test]
    fn each_kind_of_change_is_named() {
        let entries = three();
        let mut chain = Chain::new();
        chain.push(&entries[0]).unwrap();
        assert_eq!(
            chain.push(&entries[2]),
            Err(ChainFault::Sequence {
                expected: 2,
                found: 3
            })
        );
        let mut other = entries[1].clone();
        other.opened.as_mut().unwrap().body.push(' ');
        assert_eq!(chain.push(&other), Err(ChainFault::Commit { seq: 2 }));
        let mut other = entries[1].clone();
        other.hash = Hash::ZERO;
        assert_eq!(chain.push(&other), Err(ChainFault::Hash { seq: 2 }));
        let mut other = entries[1].clone();
        other.prev = Hash::ZERO;
        assert_eq!(chain.push(&other), Err(ChainFault::Prev { seq: 2 }));
        assert_eq!(chain.push(&entries[1]), Ok(()));
    }

    #[test]
    fn a_line_is_read_back_and_half_an_opening_is_refused() {
        let entry = Entry::seal(1, Hash::ZERO, [1; 32], BODY.to_owned());
        let line = entry.to_line().unwrap();
        assert_eq!(Entry::from_line(line.trim_end().as_bytes()).unwrap(), entry);
        let withheld = entry.clone().withhold();
        let line = withheld.to_line().unwrap();
        assert!(!line.contains("nonce"));
        assert_eq!(
            Entry::from_line(line.trim_end().as_bytes()).unwrap(),
            withheld
        );
        let mut value = serde_json::to_value(&entry).unwrap();
        value.as_object_mut().unwrap().remove("nonce");
        let half = canonical::to_string(&value).unwrap();
        assert!(Entry::from_line(half.as_bytes()).is_err());
    }
}
