//! Receipts: what the applicant holds. Each commits to the journal up to one entry and to the receipt before it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::{self, CanonicalError};
use crate::digest::{Hash, h};
use crate::key::{self, KeyId, PublicKey, Signature, Signer};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptKind {
    Announced,
    Ended,
    Left,
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptBody {
    /// Of the announced decision.
    pub content_digest: Option<Hash>,
    /// Hash of the journal entry it commits to.
    pub head: Hash,
    /// UTC µs.
    pub issued_at: i64,
    pub kind: ReceiptKind,
    /// From 1 in the session.
    pub number: u64,
    pub pdf_digest: Option<Hash>,
    /// [`Receipt::digest`] of the receipt before.
    pub previous: Option<Hash>,
    /// `seq` of the entry whose hash is `head`.
    pub seq: u64,
    pub session: String,
    /// Format version: 1.
    pub v: u8,
}

/// A receipt together with its exact text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    content: Content,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    body: ReceiptBody,
    key: KeyId,
    signature: Signature,
}

#[derive(Debug, thiserror::Error)]
pub enum ReceiptFault {
    #[error(transparent)]
    Form(#[from] CanonicalError),
    #[error("unknown version")]
    Version,
    #[error("the signature does not hold")]
    Signature,
}

fn signed_message(body: &ReceiptBody) -> Result<Vec<u8>, CanonicalError> {
    let body = canonical::to_string(body)?;
    Ok([b"kanjie receipt v1\n", body.as_bytes()].concat())
}

impl Receipt {
    /// # Errors
    /// Never in practice: a body always has a JSON form.
    pub fn issue(body: ReceiptBody, signer: &dyn Signer) -> Result<Self, CanonicalError> {
        let signature = signer.sign(&signed_message(&body)?);
        let content = Content {
            body,
            key: signer.key_id(),
            signature,
        };
        let text = canonical::to_string(&content)?;
        Ok(Self { content, text })
    }

    /// Reads the canonical text; the signature is not checked ([`Receipt::verify`]).
    ///
    /// # Errors
    /// When `bytes` are not the canonical JSON of a receipt of version 1.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptFault> {
        let content: Content = canonical::parse(bytes)?;
        if content.body.v != 1 {
            return Err(ReceiptFault::Version);
        }
        let text = canonical::to_string(&content)?;
        Ok(Self { content, text })
    }

    /// From the journal's `receipt_issued`.
    ///
    /// # Errors
    /// As [`Receipt::parse`].
    pub fn from_value(value: &Value) -> Result<Self, ReceiptFault> {
        Self::parse(canonical::to_string(value)?.as_bytes())
    }

    #[must_use]
    pub const fn body(&self) -> &ReceiptBody {
        &self.content.body
    }

    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.content.key
    }

    /// The canonical JSON: what the file and the QR code of the slip hold.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// For the journal's `receipt_issued`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::to_value(&self.content).unwrap_or_default()
    }

    /// The `previous` of the next receipt.
    #[must_use]
    pub fn digest(&self) -> Hash {
        h(&[self.text.as_bytes()])
    }

    /// # Errors
    /// When `public` did not sign it.
    pub fn verify(&self, public: &PublicKey) -> Result<(), ReceiptFault> {
        let message = signed_message(&self.content.body)?;
        if key::key_id(public) == self.content.key
            && key::verify(public, &message, &self.content.signature)
        {
            Ok(())
        } else {
            Err(ReceiptFault::Signature)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Ed25519Signer;

    fn body() -> ReceiptBody {
        ReceiptBody {
            content_digest: Some(h(&[b"content"])),
            head: h(&[b"head"]),
            issued_at: 1_764_000_000_000_000,
            kind: ReceiptKind::Announced,
            number: 1,
            pdf_digest: None,
            previous: None,
            seq: 44,
            session: "s-1".into(),
            v: 1,
        }
    }

    #[test]
    fn what_is_issued_is_read_and_verifies() {
        let signer = Ed25519Signer::from_seed([1; 32]);
        let receipt = Receipt::issue(body(), &signer).unwrap();
        let read = Receipt::parse(receipt.text().as_bytes()).unwrap();
        assert_eq!(read, receipt);
        read.verify(&signer.public()).unwrap();
        assert_eq!(Receipt::from_value(&receipt.to_value()).unwrap(), receipt);
        let other = Ed25519Signer::from_seed([2; 32]);
        assert!(read.verify(&other.public()).is_err());
    }

    #[test]
    fn any_byte_changed_in_its_text_is_found() {
        let signer = Ed25519Signer::from_seed([1; 32]);
        let receipt = Receipt::issue(body(), &signer).unwrap();
        for at in 0..receipt.text().len() {
            for bit in 0..8 {
                let mut bytes = receipt.text().as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let good = Receipt::parse(&bytes)
                    .is_ok_and(|receipt| receipt.verify(&signer.public()).is_ok());
                assert!(!good, "byte {at}, bit {bit}");
            }
        }
    }
}
