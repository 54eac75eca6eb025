//! What an authenticator sends back, and the checks of WebAuthn level 3, sections 7.1 and 7.2: pure, no store, no clock.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Fault;
use super::cose::PublicKey;
use super::party::Party;

/// Longest credential id (WebAuthn section 4).
const LONGEST_ID: usize = 1023;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// Bytes in base64url without padding, as `PublicKeyCredential.toJSON()` writes them.
#[derive(Clone, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$")]
pub struct Base64Url(pub Vec<u8>);

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD
            .decode(text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// As text again.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A new passkey.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    pub client_data: Base64Url,
    pub attestation: Base64Url,
}

/// A passkey at work.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    pub credential: Base64Url,
    pub client_data: Base64Url,
    pub authenticator_data: Base64Url,
    pub signature: Base64Url,
}

/// What a registration brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub credential: Vec<u8>,
    /// COSE_Key.
    pub public_key: Vec<u8>,
    pub sign_count: u32,
}

/// Which of the two ceremonies the browser says it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceremony {
    Create,
    Get,
}

/// `CollectedClientData`; browsers may add members, so unknown ones pass.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: Base64Url,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// The challenge that was signed, once everything that the browser vouches for is right.
///
/// # Errors
/// The first thing that is wrong.
pub fn challenge(bytes: &[u8], ceremony: Ceremony, party: &Party) -> Result<Vec<u8>, Fault> {
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| Fault::ClientData)?;
    let kind = match ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    if data.r#type != kind {
        return Err(Fault::Ceremony);
    }
    // No page of ours shows itself inside another's.
    if data.cross_origin || !party.is_own(&data.origin) {
        return Err(Fault::Origin);
    }
    Ok(data.challenge.0)
}

/// The new key, after [`challenge`]. Attestation is asked for as `none`; a statement of another format is not looked at,
/// because nothing here trusts a maker.
///
/// # Errors
/// The first thing that is wrong.
pub fn registered(registration: &Registration, party: &Party) -> Result<Registered, Fault> {
    let object: Value = whole(&registration.attestation.0)?;
    let data = object
        .as_map()
        .and_then(|map| {
            map.iter()
                .find(|(key, _)| key.as_text() == Some("authData"))
        })
        .and_then(|(_, value)| value.as_bytes())
        .ok_or(Fault::Attestation)?;
    let head = Head::read(data, party)?;
    if head.flags & HAS_CREDENTIAL == 0 {
        return Err(Fault::Attestation);
    }
    // The authenticator's model, 16 bytes, is not kept.
    let rest = head.rest.get(16..).ok_or(Fault::Attestation)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Fault::Attestation)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length == 0 || length > LONGEST_ID || rest.len() < length {
        return Err(Fault::Attestation);
    }
    let (credential, key) = rest.split_at(length);
    let mut after = key;
    let value: Value = ciborium::from_reader(&mut after).map_err(|_| Fault::Key)?;
    PublicKey::parse(&value)?;
    let public_key = &key[..key.len() - after.len()];
    extensions(head.flags, after)?;
    Ok(Registered {
        credential: credential.to_vec(),
        public_key: public_key.to_vec(),
        sign_count: head.sign_count,
    })
}

/// The authenticator's counter, after [`challenge`], where the signature is that of the key.
///
/// # Errors
/// The first thing that is wrong.
pub fn asserted(assertion: &Assertion, public_key: &[u8], party: &Party) -> Result<u32, Fault> {
    let data = &assertion.authenticator_data.0;
    let head = Head::read(data, party)?;
    if head.flags & HAS_CREDENTIAL != 0 {
        return Err(Fault::AuthenticatorData);
    }
    extensions(head.flags, head.rest)?;
    let mut signed = data.clone();
    signed.extend_from_slice(&Sha256::digest(&assertion.client_data.0));
    PublicKey::from_cbor(public_key)?.verify(&signed, &assertion.signature.0)?;
    Ok(head.sign_count)
}

/// Authenticator data (WebAuthn section 6.1), its fixed part looked at.
struct Head<'a> {
    flags: u8,
    sign_count: u32,
    rest: &'a [u8],
}

impl<'a> Head<'a> {
    fn read(data: &'a [u8], party: &Party) -> Result<Self, Fault> {
        let (rp_id_hash, rest) = data
            .split_first_chunk::<32>()
            .ok_or(Fault::AuthenticatorData)?;
        let (flags, rest) = rest.split_first().ok_or(Fault::AuthenticatorData)?;
        let (sign_count, rest) = rest
            .split_first_chunk::<4>()
            .ok_or(Fault::AuthenticatorData)?;
        if rp_id_hash[..] != Sha256::digest(party.rp_id.as_bytes())[..] {
            return Err(Fault::Party);
        }
        if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
            return Err(Fault::NotVerified);
        }
        Ok(Self {
            flags: *flags,
            sign_count: u32::from_be_bytes(*sign_count),
            rest,
        })
    }
}

/// One CBOR map where the flag says so, nothing where it does not.
fn extensions(flags: u8, bytes: &[u8]) -> Result<(), Fault> {
    if flags & HAS_EXTENSIONS == 0 {
        return bytes
            .is_empty()
            .then_some(())
            .ok_or(Fault::AuthenticatorData);
    }
    let value = whole(bytes).map_err(|_| Fault::AuthenticatorData)?;
    value.is_map().then_some(()).ok_or(Fault::AuthenticatorData)
}

fn whole(bytes: &[u8]) -> Result<Value, Fault> {
    let mut rest = bytes;
    let value = ciborium::from_reader(&mut rest).map_err(|_| Fault::Attestation)?;
    rest.is_empty().then_some(value).ok_or(Fault::Attestation)
}
