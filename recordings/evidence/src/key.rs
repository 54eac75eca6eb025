//! Keys and signatures. A key attests the record, never a person; whose it is must be learnt elsewhere.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::digest::{Hex, h};

/// The first 16 hex digits of `H(public key)`.
pub type KeyId = Hex<8>;
pub type PublicKey = Hex<32>;
pub type Signature = Hex<64>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// RFC 8032, pure.
    Ed25519,
}

#[must_use]
pub fn key_id(public: &PublicKey) -> KeyId {
    let digest = h(&[public.as_bytes()]);
    let mut id = [0; 8];
    id.copy_from_slice(&digest.as_bytes()[..8]);
    Hex(id)
}

/// Whether `public` made `signature` over `message`; strict (RFC 8032 section 5.1.7 and no key or point of small order),
/// so that a signature has no second spelling.
#[must_use]
pub fn verify(public: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
    VerifyingKey::from_bytes(public.as_bytes())
        .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

/// Whatever holds a private key: the server's own, later a licensed seal.
pub trait Signer: Send + Sync {
    fn public(&self) -> PublicKey;

    fn sign(&self, message: &[u8]) -> Signature;

    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn key_id(&self) -> KeyId {
        key_id(&self.public())
    }

    /// Its entry in `keys.json`.
    fn key(&self) -> Key {
        Key {
            algorithm: self.algorithm(),
            id: self.key_id(),
            public: self.public(),
        }
    }
}

/// An Ed25519 key in memory.
pub struct Ed25519Signer(SigningKey);

impl std::fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ed25519Signer")
            .field(&self.key_id())
            .finish()
    }
}

impl Ed25519Signer {
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }
}

impl Signer for Ed25519Signer {
    fn public(&self) -> PublicKey {
        Hex(self.0.verifying_key().to_bytes())
    }

    fn sign(&self, message: &[u8]) -> Signature {
        Hex(self.0.sign(message).to_bytes())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub algorithm: Algorithm,
    pub id: KeyId,
    pub public: PublicKey,
}

/// `keys.json`: the keys that sign in a package, by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub keys: Vec<Key>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeysFault {
    #[error(transparent)]
    Form(#[from] CanonicalError),
    #[error("key {0} is not the id of its public key")]
    Id(KeyId),
    #[error("keys are not in order of their ids, each once")]
    Order,
}

impl Keys {
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Self {
        let mut keys: Vec<Key> = keys.into_iter().collect();
        keys.sort_by_key(|key| key.id);
        keys.dedup_by_key(|key| key.id);
        Self { keys }
    }

    /// # Errors
    /// When `bytes` are not canonical, an id is not its key's, or ids are not sorted and unique.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeysFault> {
        let keys: Self = canonical::parse(bytes)?;
        if let Some(key) = keys.keys.iter().find(|key| key_id(&key.public) != key.id) {
            return Err(KeysFault::Id(key.id));
        }
        if keys.keys.is_sorted_by(|a, b| a.id < b.id) {
            Ok(keys)
        } else {
            Err(KeysFault::Order)
        }
    }

    /// # Errors
    /// Never in practice: keys always have a JSON form.
    pub fn to_json(&self) -> Result<String, CanonicalError> {
        canonical::to_string(self)
    }

    #[must_use]
    pub fn get(&self, id: &KeyId) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_key_alone() {
        let signer = Ed25519Signer::from_seed([7; 32]);
        let signature = signer.sign(b"message");
        assert!(verify(&signer.public(), b"message", &signature));
        assert!(!verify(&signer.public(), b"messagf", &signature));
        let other = Ed25519Signer::from_seed([8; 32]);
        assert!(!verify(&other.public(), b"message", &signature));
        for byte in 0..64 {
            let mut changed = signature;
            changed.0[byte] ^= 1;
            assert!(!verify(&signer.public(), b"message", &changed));
        }
    }

    #[test]
    fn keys_are_read_strictly() {
        let keys = Keys::new([
            Ed25519Signer::from_seed([1; 32]).key(),
            Ed25519Signer::from_seed([2; 32]).key(),
        ]);
        let json = keys.to_json().unwrap();
        assert_eq!(Keys::parse(json.as_bytes()).unwrap(), keys);
        let mut wrong = keys.clone();
        wrong.keys[0].id = Hex([0; 8]);
        assert!(matches!(
            Keys::parse(wrong.to_json().unwrap().as_bytes()),
            Err(KeysFault::Id(_))
        ));
        let mut turned = keys;
        turned.keys.reverse();
        assert!(matches!(
            Keys::parse(turned.to_json().unwrap().as_bytes()),
            Err(KeysFault::Order)
        ));
    }
}
