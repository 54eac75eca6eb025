//! SRTP and SRTCP (RFC 3711, RFC 7714), one session a connection, both directions.
//!
//! A packet is authenticated before anything is kept for its SSRC, so forged ones leave no trace. No MKI, no re-keying
//! (WebRTC does a new DTLS handshake instead).

mod cipher;
mod replay;

use std::collections::HashMap;

use cipher::{Direction, Keys};
pub use cipher::{MAX_PADDING, Plain, Profile};
use replay::Window;

use crate::rtp::{self, RtpView, be32};

/// SSRCs that one authenticated peer may send with.
const MAX_SSRCS: usize = 128;
/// The E bit of an SRTCP index word.
const ENCRYPTED: u32 = 1 << 31;

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    #[error("not a packet")]
    Malformed,
    #[error("authentication failed")]
    Forged,
    #[error("seen before or too old")]
    Replayed,
    #[error("too many SSRCs")]
    TooManySources,
    #[error("the key is used up")]
    Exhausted,
}

/// Both directions of one connection's SRTP.
#[derive(Debug)]
pub struct Srtp {
    inbound: Keys,
    outbound: Keys,
    rtp_in: HashMap<u32, Window>,
    rtcp_in: HashMap<u32, Window>,
    rtp_out: HashMap<u32, rtp::Unwrapper>,
    rtcp_out: u32,
}

impl Srtp {
    /// From the DTLS exporter's keying material (RFC 5764 section 4.2); we are the DTLS server unless `client`.
    pub fn new(profile: Profile, material: &[u8], client: bool) -> Option<Self> {
        let [from_client, from_server] = profile.split(material)?;
        let (inbound, outbound) = if client {
            (from_server, from_client)
        } else {
            (from_client, from_server)
        };
        Some(Srtp {
            inbound: Keys::derive(profile, inbound)?,
            outbound: Keys::derive(profile, outbound)?,
            rtp_in: HashMap::new(),
            rtcp_in: HashMap::new(),
            rtp_out: HashMap::new(),
            rtcp_out: 0,
        })
    }

    /// Decrypts an RTP packet in place; the tag is cut off.
    pub fn open_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let tag = self.inbound.tag_len(Direction::Rtp);
        let body = packet.len().checked_sub(tag).ok_or(SrtpError::Malformed)?;
        // Padding is encrypted, so only the header can be read yet.
        let (header, seq, ssrc) = clear_header(&packet[..body]).ok_or(SrtpError::Malformed)?;
        let known = self.rtp_in.get(&ssrc);
        let index = known.map_or(u64::from(seq), |window| window.index_of(seq));
        if known.is_some_and(|window| window.seen(index)) {
            return Err(SrtpError::Replayed);
        }
        if known.is_none() && self.rtp_in.len() >= MAX_SSRCS {
            return Err(SrtpError::TooManySources);
        }
        self.inbound
            .open(Direction::Rtp, ssrc, index, header, packet)
            .ok_or(SrtpError::Forged)?;
        self.rtp_in.entry(ssrc).or_default().mark(index);
        Ok(())
    }

    /// How long an RTP packet gets.
    pub fn sealed_len(&self, plain: &Plain<'_>) -> usize {
        plain.len() + self.outbound.tag_len(Direction::Rtp)
    }

    /// Encrypts an RTP packet from its parts into `out`, which is [`Srtp::sealed_len`] long. A number must never be
    /// sealed twice with other bytes, header and padding included: that would give the key away.
    pub fn seal_rtp(&mut self, plain: &Plain<'_>, out: &mut [u8]) -> Result<(), SrtpError> {
        let seq = rtp::be16(plain.header, 2).ok_or(SrtpError::Malformed)?;
        let ssrc = be32(plain.header, 8).ok_or(SrtpError::Malformed)?;
        let extended = self.rtp_out.entry(ssrc).or_default().unwrap(seq);
        let index = extended
            .checked_sub(FIRST_ROC)
            .ok_or(SrtpError::Malformed)?;
        if index >> 48 != 0 {
            return Err(SrtpError::Exhausted);
        }
        self.outbound
            .seal_rtp(ssrc, index, plain, out)
            .ok_or(SrtpError::Malformed)
    }

    /// Decrypts an RTCP compound in place; tag and index are cut off.
    pub fn open_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = be32(packet, 4).ok_or(SrtpError::Malformed)?;
        let index = self
            .inbound
            .rtcp_index(packet)
            .ok_or(SrtpError::Malformed)?;
        // Unencrypted SRTCP is not a thing WebRTC negotiates (RFC 8827 section 6.5).
        if index & ENCRYPTED == 0 {
            return Err(SrtpError::Forged);
        }
        let index = u64::from(index & !ENCRYPTED);
        let known = self.rtcp_in.get(&ssrc);
        if known.is_some_and(|window| window.seen(index)) {
            return Err(SrtpError::Replayed);
        }
        if known.is_none() && self.rtcp_in.len() >= MAX_SSRCS {
            return Err(SrtpError::TooManySources);
        }
        self.inbound
            .open(Direction::Rtcp, ssrc, index, 8, packet)
            .ok_or(SrtpError::Forged)?;
        self.rtcp_in.entry(ssrc).or_default().mark(index);
        Ok(())
    }

    /// Encrypts an RTCP compound in place and appends tag and index.
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = be32(packet, 4).ok_or(SrtpError::Malformed)?;
        self.rtcp_out += 1;
        if self.rtcp_out & ENCRYPTED != 0 {
            return Err(SrtpError::Exhausted);
        }
        let index = u64::from(self.rtcp_out);
        self.outbound
            .seal_rtcp(ssrc, index, packet)
            .ok_or(SrtpError::Malformed)
    }

    /// The highest sequence number that was encrypted with an SSRC.
    pub fn highest_sealed(&self, ssrc: u32) -> Option<u16> {
        let highest = self.rtp_out.get(&ssrc)?.highest()?;
        Some(highest as u16)
    }

    /// Encrypts a whole RTP packet in place, for the other end of a test.
    #[cfg(test)]
    pub fn seal_whole_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let (header, ..) = clear_header(packet).ok_or(SrtpError::Malformed)?;
        let (header, payload) = packet.split_at(header);
        let plain = Plain {
            header,
            osn: &[],
            payload,
            patch: Default::default(),
            padding: 0,
        };
        let mut out = vec![0; self.sealed_len(&plain)];
        self.seal_rtp(&plain, &mut out)?;
        *packet = out;
        Ok(())
    }

    /// Forgets an SSRC that will not be sent again.
    pub fn forget_outbound(&mut self, ssrc: u32) {
        self.rtp_out.remove(&ssrc);
    }
}

/// [`rtp::Unwrapper`] counts from here; the SRTP index starts with a rollover counter of zero.
const FIRST_ROC: u64 = 1 << 16;

/// Length of the header with CSRCs and extensions, sequence number and SSRC of a packet whose payload is still encrypted.
fn clear_header(packet: &[u8]) -> Option<(usize, u16, u32)> {
    let first = *packet.first()?;
    if first & 0x20 == 0 {
        let view = RtpView::parse(packet)?;
        return Some((view.header_len, view.seq, view.ssrc));
    }
    if first >> 6 != 2 || packet.len() < rtp::HEADER {
        return None;
    }
    let mut header = rtp::HEADER + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        header += 4 + 4 * usize::from(rtp::be16(packet, header + 2)?);
    }
    (header <= packet.len()).then_some((header, rtp::be16(packet, 2)?, be32(packet, 8)?))
}

#[cfg(test)]
mod tests;
