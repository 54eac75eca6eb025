//! For tests: an authenticator in software, which can also answer wrongly.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::{Value, cbor};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

/// One ES256 key, and how it answers.
#[derive(Debug)]
pub struct Authenticator {
    pub credential: Vec<u8>,
    pub rp_id: String,
    pub origin: String,
    pub counter: u32,
    pub verified: bool,
    key: EcdsaKeyPair,
}

impl Authenticator {
    pub fn new(credential: &str) -> Self {
        Self {
            credential: credential.as_bytes().to_vec(),
            rp_id: String::from("localhost"),
            origin: String::from("https://localhost:8443"),
            counter: 0,
            verified: true,
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
        }
    }

    pub fn public_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        cbor_bytes(
            &cbor!({
                1 => 2, 3 => -7, -1 => 1,
                -2 => Value::Bytes(point[1..33].to_vec()),
                -3 => Value::Bytes(point[33..].to_vec()),
            })
            .unwrap(),
        )
    }

    /// As `navigator.credentials.create` would answer, attestation `none`.
    pub fn create(&mut self, challenge: &str) -> Json {
        let mut data = self.head(1 << 6);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&self.credential);
        data.extend_from_slice(&self.public_key());
        let object = cbor!({"fmt" => "none", "attStmt" => {}, "authData" => Value::Bytes(data)});
        json!({
            "client_data": text(&self.client_data("webauthn.create", challenge)),
            "attestation": text(&cbor_bytes(&object.unwrap())),
        })
    }

    /// As `navigator.credentials.get` would answer.
    pub fn get(&mut self, challenge: &str) -> Json {
        let data = self.head(0);
        let client_data = self.client_data("webauthn.get", challenge);
        let mut signed = data.clone();
        signed.extend_from_slice(&Sha256::digest(&client_data));
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "credential": text(&self.credential),
            "client_data": text(&client_data),
            "authenticator_data": text(&data),
            "signature": text(signature.as_ref()),
        })
    }

    fn head(&mut self, flags: u8) -> Vec<u8> {
        if self.counter > 0 {
            self.counter += 1;
        }
        let verified = if self.verified { 1 << 2 } else { 0 };
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(flags | 1 | verified);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let data = json!({
            "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }
}

pub fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn cbor_bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
