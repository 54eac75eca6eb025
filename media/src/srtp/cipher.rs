//! The transforms: key derivation and sealing of one packet, on aws-lc-rs.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY};
use aws_lc_rs::iv::FixedLength;

use crate::rtp::be32;
use crate::vp8::Patch;

const GCM_TAG: usize = 16;
const SHA1_TAG: usize = 10;
const INDEX: usize = 4;

/// The SRTP protection profiles (RFC 5764, RFC 7714).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Aes128CmSha1_80,
    Aes128Gcm,
    Aes256Gcm,
}

impl Profile {
    fn key_len(self) -> usize {
        match self {
            Profile::Aes128CmSha1_80 | Profile::Aes128Gcm => 16,
            Profile::Aes256Gcm => 32,
        }
    }

    fn salt_len(self) -> usize {
        match self {
            Profile::Aes128CmSha1_80 => 14,
            Profile::Aes128Gcm | Profile::Aes256Gcm => 12,
        }
    }

    /// The exporter's output as (master key, master salt) of client and of server.
    pub fn split(self, material: &[u8]) -> Option<[(&[u8], &[u8]); 2]> {
        let (key, salt) = (self.key_len(), self.salt_len());
        if material.len() != 2 * (key + salt) {
            return None;
        }
        let (keys, salts) = material.split_at(2 * key);
        Some([
            (&keys[..key], &salts[..salt]),
            (&keys[key..], &salts[salt..]),
        ])
    }
}

/// The part of an RTCP compound that stays in the clear.
const RTCP_HEADER: usize = 8;
/// RTP padding that may be asked for.
pub const MAX_PADDING: u8 = 32;

/// An RTP packet that is still in parts: its header, then what gets encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    pub header: &'a [u8],
    /// The original sequence number of a retransmission, or nothing.
    pub osn: &'a [u8],
    pub payload: &'a [u8],
    /// Bytes of the payload that this subscriber gets changed.
    pub patch: Patch,
    /// Bytes of padding (RFC 3550 section 5.1), at most [`MAX_PADDING`]; the header has to say so.
    pub padding: u8,
}

struct Padding {
    bytes: [u8; MAX_PADDING as usize],
    length: usize,
}

impl Padding {
    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Plain<'_> {
    /// Without tag.
    pub fn len(&self) -> usize {
        self.header.len() + self.osn.len() + self.payload.len() + self.padding().length
    }

    fn padding(&self) -> Padding {
        let mut bytes = [0; MAX_PADDING as usize];
        let length = self.padding.min(MAX_PADDING);
        if let Some(last) = usize::from(length).checked_sub(1) {
            bytes[last] = length;
        }
        Padding {
            bytes,
            length: usize::from(length),
        }
    }

    /// What gets encrypted, into a place of just that length.
    fn copy_to(&self, out: &mut [u8]) -> Option<()> {
        let padding = self.padding();
        let (osn, rest) = out.split_at_mut_checked(self.osn.len())?;
        let (payload, behind) = rest.split_at_mut_checked(self.payload.len())?;
        osn.copy_from_slice(self.osn);
        payload.copy_from_slice(self.payload);
        self.patch.apply(payload);
        (behind.len() == padding.length).then(|| behind.copy_from_slice(padding.as_slice()))
    }
}

/// RTP or RTCP: their session keys and layouts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Rtp,
    Rtcp,
}

enum Transform {
    Gcm {
        key: LessSafeKey,
        salt: [u8; 12],
    },
    /// Boxed: the fall-back is rare, and its keys are large.
    Cm(Box<CmKeys>),
}

struct CmKeys {
    key: EncryptingKey,
    salt: [u8; 14],
    auth: hmac::Key,
}

/// The session keys of one sender.
pub struct Keys {
    rtp: Transform,
    rtcp: Transform,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// Derives the session keys (RFC 3711 section 4.3, key derivation rate 0).
    pub fn derive(profile: Profile, (key, salt): (&[u8], &[u8])) -> Option<Self> {
        Some(Keys {
            rtp: Transform::derive(profile, key, salt, [0, 1, 2])?,
            rtcp: Transform::derive(profile, key, salt, [3, 4, 5])?,
        })
    }

    fn transform(&self, direction: Direction) -> &Transform {
        match direction {
            Direction::Rtp => &self.rtp,
            Direction::Rtcp => &self.rtcp,
        }
    }

    /// Bytes that sealing adds, the SRTCP index apart.
    pub fn tag_len(&self, direction: Direction) -> usize {
        match self.transform(direction) {
            Transform::Gcm { .. } => GCM_TAG,
            Transform::Cm(_) => SHA1_TAG,
        }
    }

    /// The SRTCP index word, E bit included.
    pub fn rtcp_index(&self, packet: &[u8]) -> Option<u32> {
        let after = match self.rtcp {
            Transform::Gcm { .. } => 0,
            Transform::Cm(_) => SHA1_TAG,
        };
        be32(packet, packet.len().checked_sub(after + INDEX)?)
    }

    /// Authenticates and decrypts `packet` in place, cutting tag and index off. `index` is the packet's index without E.
    pub fn open(
        &self,
        direction: Direction,
        ssrc: u32,
        index: u64,
        header: usize,
        packet: &mut Vec<u8>,
    ) -> Option<()> {
        let trailer = if direction == Direction::Rtcp {
            INDEX
        } else {
            0
        };
        let length = packet
            .len()
            .checked_sub(trailer + self.tag_len(direction))
            .filter(|body| *body >= header)?;
        match self.transform(direction) {
            Transform::Gcm { key, salt } => {
                let nonce = gcm_nonce(salt, ssrc, index);
                let end = packet.len() - trailer;
                let (head, rest) = packet[..end].split_at_mut(header);
                let mut aad = [0u8; 12];
                if direction == Direction::Rtcp {
                    key.open_in_place(nonce, Aad::from(rtcp_aad(&mut aad, head, index)), rest)
                        .ok()?;
                } else {
                    key.open_in_place(nonce, Aad::from(&*head), rest).ok()?;
                }
            }
            Transform::Cm(keys) => {
                let CmKeys { key, salt, auth } = keys.as_ref();
                let tag_at = length + trailer;
                let mut mac = hmac::Context::with_key(auth);
                mac.update(&packet[..tag_at]);
                if direction == Direction::Rtp {
                    mac.update(&roc(index));
                }
                let tag = mac.sign();
                aws_lc_rs::constant_time::verify_slices_are_equal(
                    &tag.as_ref()[..SHA1_TAG],
                    &packet[tag_at..],
                )
                .ok()?;
                cm_crypt(key, salt, ssrc, index, &mut packet[header..length])?;
            }
        }
        packet.truncate(length);
        Some(())
    }

    /// Encrypts an RTCP compound in place and appends its tag and index.
    pub fn seal_rtcp(&self, ssrc: u32, index: u64, out: &mut Vec<u8>) -> Option<()> {
        let index_word = (index as u32 | super::ENCRYPTED).to_be_bytes();
        match &self.rtcp {
            Transform::Gcm { key, salt } => {
                let nonce = gcm_nonce(salt, ssrc, index);
                let (head, rest) = out.split_at_mut_checked(RTCP_HEADER)?;
                let mut aad = [0u8; 12];
                let aad = Aad::from(rtcp_aad(&mut aad, head, index));
                let tag = key.seal_in_place_separate_tag(nonce, aad, rest).ok()?;
                out.extend_from_slice(tag.as_ref());
                out.extend_from_slice(&index_word);
            }
            Transform::Cm(keys) => {
                let CmKeys { key, salt, auth } = keys.as_ref();
                cm_crypt(key, salt, ssrc, index, out.get_mut(RTCP_HEADER..)?)?;
                out.extend_from_slice(&index_word);
                let tag = hmac::sign(auth, out);
                out.extend_from_slice(&tag.as_ref()[..SHA1_TAG]);
            }
        }
        Some(())
    }

    /// Encrypts an RTP packet from its parts into `out`, which is exactly as long as the sealed packet.
    pub fn seal_rtp(&self, ssrc: u32, index: u64, plain: &Plain<'_>, out: &mut [u8]) -> Option<()> {
        let padding = plain.padding();
        let (head, rest) = out.split_at_mut_checked(plain.header.len())?;
        head.copy_from_slice(plain.header);
        match &self.rtp {
            Transform::Gcm { key, salt } => {
                let nonce = gcm_nonce(salt, ssrc, index);
                if plain.osn.is_empty() && plain.patch.is_empty() {
                    let (body, behind) = rest.split_at_mut_checked(plain.payload.len())?;
                    key.seal_out_of_place_scatter(
                        nonce,
                        Aad::from(plain.header),
                        plain.payload,
                        body,
                        padding.as_slice(),
                        behind,
                    )
                    .ok()?;
                } else {
                    // Two parts, or one that is changed, have no single place to encrypt from.
                    let body = rest.len().checked_sub(GCM_TAG)?;
                    let (body, tag) = rest.split_at_mut(body);
                    plain.copy_to(body)?;
                    let sealed =
                        key.seal_in_place_separate_tag(nonce, Aad::from(plain.header), body);
                    tag.copy_from_slice(sealed.ok()?.as_ref());
                }
            }
            Transform::Cm(keys) => {
                let CmKeys { key, salt, auth } = keys.as_ref();
                let body = rest.len().checked_sub(SHA1_TAG)?;
                let (body, tag) = rest.split_at_mut(body);
                plain.copy_to(body)?;
                cm_crypt(key, salt, ssrc, index, body)?;
                let mut mac = hmac::Context::with_key(auth);
                mac.update(head);
                mac.update(body);
                mac.update(&roc(index));
                tag.copy_from_slice(&mac.sign().as_ref()[..SHA1_TAG]);
            }
        }
        Some(())
    }
}

impl Transform {
    /// `labels`: encryption key, authentication key, salt (RFC 3711 section 4.3.1).
    fn derive(
        profile: Profile,
        master: &[u8],
        master_salt: &[u8],
        labels: [u8; 3],
    ) -> Option<Self> {
        let mut key = vec![0; profile.key_len()];
        derive_into(master, master_salt, labels[0], &mut key)?;
        Some(match profile {
            Profile::Aes128CmSha1_80 => {
                let (mut auth, mut salt) = ([0; 20], [0; 14]);
                derive_into(master, master_salt, labels[1], &mut auth)?;
                derive_into(master, master_salt, labels[2], &mut salt)?;
                Transform::Cm(Box::new(CmKeys {
                    key: EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, &key).ok()?).ok()?,
                    salt,
                    auth: hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &auth),
                }))
            }
            Profile::Aes128Gcm | Profile::Aes256Gcm => {
                let algorithm = if profile == Profile::Aes128Gcm {
                    &AES_128_GCM
                } else {
                    &AES_256_GCM
                };
                let mut salt = [0; 12];
                derive_into(master, master_salt, labels[2], &mut salt)?;
                Transform::Gcm {
                    key: LessSafeKey::new(UnboundKey::new(algorithm, &key).ok()?),
                    salt,
                }
            }
        })
    }
}

/// The AES-CM key derivation function: the key stream under the master key, IV = (label · 2^48 xor salt) · 2^16.
/// A 96-bit salt is padded with zeros on the right (RFC 7714 section 11).
fn derive_into(master: &[u8], master_salt: &[u8], label: u8, out: &mut [u8]) -> Option<()> {
    let algorithm = if master.len() == 32 {
        &AES_256
    } else {
        &AES_128
    };
    let key = EncryptingKey::ctr(UnboundCipherKey::new(algorithm, master).ok()?).ok()?;
    let mut iv = [0u8; 16];
    iv[..master_salt.len()].copy_from_slice(master_salt);
    iv[7] ^= label;
    out.fill(0);
    key.less_safe_encrypt(out, EncryptionContext::Iv128(FixedLength::from(iv)))
        .ok()?;
    Some(())
}

/// AES-CM (RFC 3711 section 4.1.1): IV = (salt · 2^16) xor (SSRC · 2^64) xor (index · 2^16).
fn cm_crypt(
    key: &EncryptingKey,
    salt: &[u8; 14],
    ssrc: u32,
    index: u64,
    data: &mut [u8],
) -> Option<()> {
    let mut iv = [0u8; 16];
    iv[..14].copy_from_slice(salt);
    xor(&mut iv[4..8], &ssrc.to_be_bytes());
    xor(&mut iv[8..14], &index.to_be_bytes()[2..]);
    key.less_safe_encrypt(data, EncryptionContext::Iv128(FixedLength::from(iv)))
        .ok()?;
    Some(())
}

/// RFC 7714 sections 8.1 and 9.1: both layouts are two zero bytes, SSRC, and the index as 48 bits.
fn gcm_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    let mut iv = *salt;
    xor(&mut iv[2..6], &ssrc.to_be_bytes());
    xor(&mut iv[6..12], &index.to_be_bytes()[2..]);
    Nonce::assume_unique_for_key(iv)
}

/// RFC 7714 section 9.2: the first eight bytes of the packet and the index word with its E bit.
fn rtcp_aad<'a>(aad: &'a mut [u8; 12], head: &[u8], index: u64) -> &'a [u8] {
    let head_len = head.len().min(8);
    aad[..head_len].copy_from_slice(&head[..head_len]);
    aad[8..].copy_from_slice(&(index as u32 | super::ENCRYPTED).to_be_bytes());
    aad
}

/// The rollover counter of an index, as authenticated with it.
fn roc(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

fn xor(target: &mut [u8], with: &[u8]) {
    for (byte, other) in target.iter_mut().zip(with) {
        *byte ^= other;
    }
}

#[cfg(test)]
pub fn session_key_for_test(master: &[u8], salt: &[u8], label: u8, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    let derived = derive_into(master, salt, label, &mut out);
    assert!(derived.is_some());
    out
}
