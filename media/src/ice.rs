//! ICE-lite (RFC 8445 section 2.5): answers authenticated binding requests, sends none.
//!
//! The client is always the controlling agent, finds the path and keeps consent fresh (RFC 7675).

use std::net::SocketAddr;

use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY};
use rand::Rng;
use rtc_stun::attributes::{
    ATTR_FINGERPRINT, ATTR_MESSAGE_INTEGRITY, ATTR_USE_CANDIDATE, ATTR_USERNAME,
};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter};
use rtc_stun::xoraddr::XorMappedAddress;

const HEADER: usize = 20;
const ATTRIBUTE_HEADER: usize = 4;
const INTEGRITY: usize = 20;
/// A binding request is some 100 bytes; longer ones are not read.
const MAX_REQUEST: usize = 600;

/// One side's short-term credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub ufrag: String,
    pub pwd: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, ..)", self.ufrag)
    }
}

impl Credentials {
    /// Fresh ones: 48 bits of ufrag, 144 bits of password.
    pub fn generate(rng: &mut impl Rng) -> Self {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = |length: usize| -> String {
            (0..length)
                .map(|_| char::from(ALPHABET[usize::from(rng.random::<u8>() & 63)]))
                .collect()
        };
        Credentials {
            ufrag: text(8),
            pwd: text(24),
        }
    }
}

/// A binding request that is well-formed, but not yet authenticated.
#[derive(Debug)]
pub struct Check {
    message: Message,
    integrity_at: usize,
    /// Whose request it claims to answer: our ufrag.
    pub local_ufrag: String,
    /// The client wants this path.
    pub use_candidate: bool,
}

impl Check {
    /// Reads a binding request that carries username, integrity and fingerprint.
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        let length = usize::from(u16::from_be_bytes([*datagram.get(2)?, *datagram.get(3)?]));
        if datagram.len() > MAX_REQUEST || datagram.len() != HEADER + length || length % 4 != 0 {
            return None;
        }
        let mut message = Message::new();
        message.unmarshal_binary(datagram).ok()?;
        if message.typ != BINDING_REQUEST || datagram.len() < HEADER + ATTRIBUTE_HEADER + 4 {
            return None;
        }
        FINGERPRINT.check(&message).ok()?;
        let (mut at, mut integrity_at) = (HEADER, None);
        for attribute in &message.attributes.0 {
            if attribute.typ == ATTR_MESSAGE_INTEGRITY && integrity_at.is_none() {
                if usize::from(attribute.length) != INTEGRITY {
                    return None;
                }
                integrity_at = Some(at);
            }
            at += ATTRIBUTE_HEADER + usize::from(attribute.length).next_multiple_of(4);
        }
        let username = String::from_utf8(message.get(ATTR_USERNAME).ok()?).ok()?;
        let (local, _) = username.split_once(':')?;
        Some(Check {
            integrity_at: integrity_at?,
            local_ufrag: local.to_owned(),
            use_candidate: before(&message, ATTR_USE_CANDIDATE),
            message,
        })
    }

    /// Whether it was made with that password (RFC 8489 section 14.5).
    pub fn verify(&self, pwd: &str) -> bool {
        let raw = &self.message.raw;
        let mut head = [0; HEADER];
        head.copy_from_slice(&raw[..HEADER]);
        let covered = self.integrity_at + ATTRIBUTE_HEADER + INTEGRITY - HEADER;
        head[2..4].copy_from_slice(&(covered as u16).to_be_bytes());
        let mac = sign(pwd, &[&head, &raw[HEADER..self.integrity_at]]);
        let tag_at = self.integrity_at + ATTRIBUTE_HEADER;
        raw.get(tag_at..tag_at + INTEGRITY).is_some_and(|tag| {
            aws_lc_rs::constant_time::verify_slices_are_equal(mac.as_ref(), tag).is_ok()
        })
    }

    /// The success response.
    pub fn success(&self, from: SocketAddr, pwd: &str) -> Option<Vec<u8>> {
        let mut response = Message::new();
        response.typ = BINDING_SUCCESS;
        response.transaction_id = self.message.transaction_id;
        response.write_header();
        XorMappedAddress {
            ip: from.ip().to_canonical(),
            port: from.port(),
        }
        .add_to(&mut response)
        .ok()?;
        let length = response.length;
        response.length += (ATTRIBUTE_HEADER + INTEGRITY) as u32;
        response.write_length();
        let mac = sign(pwd, &[&response.raw]);
        response.length = length;
        response.add(ATTR_MESSAGE_INTEGRITY, mac.as_ref());
        FINGERPRINT.add_to(&mut response).ok()?;
        Some(response.raw)
    }
}

/// Whether the attribute is there and covered by MESSAGE-INTEGRITY: what comes after it is not authenticated.
fn before(message: &Message, wanted: rtc_stun::attributes::AttrType) -> bool {
    message
        .attributes
        .0
        .iter()
        .take_while(|attribute| {
            attribute.typ != ATTR_MESSAGE_INTEGRITY && attribute.typ != ATTR_FINGERPRINT
        })
        .any(|attribute| attribute.typ == wanted)
}

fn sign(pwd: &str, parts: &[&[u8]]) -> hmac::Tag {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(
        HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        pwd.as_bytes(),
    ));
    for part in parts {
        mac.update(part);
    }
    mac.sign()
}

/// A client's binding request, for tests.
#[cfg(test)]
pub fn request(local: &Credentials, remote: &Credentials, use_candidate: bool) -> Option<Vec<u8>> {
    let mut message = Message::new();
    message.typ = BINDING_REQUEST;
    message.new_transaction_id().ok()?;
    message.write_header();
    message.add(
        ATTR_USERNAME,
        format!("{}:{}", remote.ufrag, local.ufrag).as_bytes(),
    );
    message.add(rtc_stun::attributes::ATTR_PRIORITY, &[0; 4]);
    if use_candidate {
        message.add(ATTR_USE_CANDIDATE, &[]);
    }
    let length = message.length;
    message.length += (ATTRIBUTE_HEADER + INTEGRITY) as u32;
    message.write_length();
    let mac = sign(&remote.pwd, &[&message.raw]);
    message.length = length;
    message.add(ATTR_MESSAGE_INTEGRITY, mac.as_ref());
    FINGERPRINT.add_to(&mut message).ok()?;
    Some(message.raw)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn credentials(name: &str) -> Credentials {
        Credentials {
            ufrag: name.to_owned(),
            pwd: format!("{name}-password-long-enough"),
        }
    }

    #[test]
    fn rfc_5769_sample_request_verifies() {
        let request: [u8; 108] = [
            0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
            0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e,
            0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24,
            0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1,
            0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68,
            0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c,
            0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5,
            0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
        ];
        let check = Check::parse(&request).unwrap();
        assert_eq!(check.local_ufrag, "evtj");
        assert!(check.verify("VOkJxbRl1RmTxUk/WvJxBt"));
        assert!(!check.verify("VOkJxbRl1RmTxUk/WvJxBu"));
    }

    #[test]
    fn a_request_is_answered_with_the_senders_address() {
        let (client, server) = (credentials("client"), credentials("server"));
        let check = Check::parse(&request(&client, &server, true).unwrap()).unwrap();
        assert!(check.verify(&server.pwd) && check.use_candidate);
        let from = "192.0.2.7:4321".parse().unwrap();
        let mut response = Message::new();
        response
            .unmarshal_binary(&check.success(from, &server.pwd).unwrap())
            .unwrap();
        let mut address = XorMappedAddress::default();
        address
            .get_from_as(&response, rtc_stun::attributes::ATTR_XORMAPPED_ADDRESS)
            .unwrap();
        assert_eq!((address.ip, address.port), (from.ip(), from.port()));
        FINGERPRINT.check(&response).unwrap();
    }

    #[test]
    fn every_truncation_and_flip_is_refused() {
        let (client, server) = (credentials("client"), credentials("server"));
        let good = request(&client, &server, true).unwrap();
        for length in 0..good.len() {
            assert!(Check::parse(&good[..length]).is_none());
        }
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Check::parse(&bad).is_none_or(|check| !check.verify(&server.pwd)));
        }
    }
}
