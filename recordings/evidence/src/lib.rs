//! What proves a session's record: the journal's hash chain, the recorded segments' running heads, checkpoints,
//! receipts and the package that carries them, all as docs/protocol/recording.md writes them down.
//!
//! Formats and proofs alone. It knows no case and no rule of procedure, opens no socket, reads no clock and draws no
//! randomness: nonces and times come in as arguments. Only [`package`] touches the file system. It does not say *who*
//! holds a key, only that one and the same key signed.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod canonical;
pub mod checkpoint;
pub mod command;
pub mod digest;
pub mod journal;
pub mod key;
pub mod merkle;
pub mod package;
pub mod pcapng;
pub mod receipt;
pub mod segment;

pub use checkpoint::{CheckpointLine, Leaf, Leaves, OpenedLeaf};
pub use digest::{Digester, Hash, Hex, h};
pub use journal::{Body, Chain, ChainFault, Entry, Opened};
pub use key::{Ed25519Signer, Key, KeyId, Keys, PublicKey, Signature, Signer};
pub use receipt::{Receipt, ReceiptBody, ReceiptFault, ReceiptKind};
pub use segment::{RunningHead, SegmentId};
