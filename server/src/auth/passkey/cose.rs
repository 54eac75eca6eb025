//! Public keys as authenticators give them (COSE_Key, RFC 9052 section 7 and RFC 9053), and their signatures.

use aws_lc_rs::signature::{
    self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use ciborium::Value;

use super::Fault;

/// Offered to authenticators, best first: ES256, EdDSA, RS256 (the TPM behind Windows Hello knows nothing else).
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// A key of one of [`ALGORITHMS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// P-256, uncompressed point.
    Es256([u8; 65]),
    /// Ed25519.
    EdDsa([u8; 32]),
    /// PKCS #1 v1.5 with SHA-256, at least 2048 bits.
    Rs256 { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// Parses the map; what is not one of ours is refused, also a key whose parts contradict its algorithm.
    ///
    /// # Errors
    /// [`Fault::Key`].
    pub fn parse(value: &Value) -> Result<Self, Fault> {
        let map = value.as_map().ok_or(Fault::Key)?;
        let field = |label: i64| {
            map.iter()
                .find(|(key, _)| integer(key) == Some(label))
                .map(|(_, value)| value)
                .ok_or(Fault::Key)
        };
        let number = |label| integer(field(label)?).ok_or(Fault::Key);
        let bytes = |label| field(label)?.as_bytes().ok_or(Fault::Key);
        let (kind, algorithm) = (number(1)?, number(3)?);
        match (kind, algorithm) {
            (2, -7) if number(-1)? == 1 => {
                let (x, y) = (exactly::<32>(bytes(-2)?)?, exactly::<32>(bytes(-3)?)?);
                let mut point = [4; 65];
                point[1..33].copy_from_slice(&x);
                point[33..].copy_from_slice(&y);
                Ok(Self::Es256(point))
            }
            (1, -8) if number(-1)? == 6 => Ok(Self::EdDsa(exactly(bytes(-2)?)?)),
            (3, -257) => Ok(Self::Rs256 {
                n: bytes(-1)?.clone(),
                e: bytes(-2)?.clone(),
            }),
            _ => Err(Fault::Key),
        }
    }

    /// The same from the bytes that were kept.
    ///
    /// # Errors
    /// [`Fault::Key`].
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, Fault> {
        let value = ciborium::from_reader(bytes).map_err(|_| Fault::Key)?;
        Self::parse(&value)
    }

    /// # Errors
    /// [`Fault::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Fault> {
        let by = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature)
        };
        match self {
            Self::Es256(point) => by(&signature::ECDSA_P256_SHA256_ASN1, point),
            Self::EdDsa(key) => by(&signature::ED25519, key),
            Self::Rs256 { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        }
        .map_err(|_| Fault::Signature)
    }
}

fn integer(value: &Value) -> Option<i64> {
    value.as_integer().and_then(|number| number.try_into().ok())
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| Fault::Key)
}
