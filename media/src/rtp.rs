//! RTP packets: reading them in place and writing the rewritten copy for a subscriber (RFC 3550, RFC 8285).
//!
//! Reads only what the relay needs and allocates nothing; the packet itself stays as received.

/// Length of the fixed header.
pub const HEADER: usize = 12;
/// Length of the RTX original sequence number (RFC 4588 section 4).
pub const OSN: usize = 2;

/// Extension values that the relay reads, by the ids that the publisher negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    pub mid: Option<u8>,
    pub rid: Option<u8>,
    pub repaired_rid: Option<u8>,
    pub audio_level: Option<u8>,
    pub transport_cc: Option<u8>,
    pub orientation: Option<u8>,
}

/// A parsed view of an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpView<'a> {
    pub marker: bool,
    pub payload_type: u8,
    pub seq: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// Bytes before the payload.
    pub header_len: usize,
    profile: u16,
    extensions: &'a [u8],
    /// Without padding.
    pub payload: &'a [u8],
}

impl<'a> RtpView<'a> {
    /// Parses a packet; `None` if it is not well-formed RTP version 2.
    pub fn parse(packet: &'a [u8]) -> Option<Self> {
        let (&first, &second) = (packet.first()?, packet.get(1)?);
        if first >> 6 != 2 || packet.len() < HEADER {
            return None;
        }
        let mut at = HEADER + 4 * usize::from(first & 0x0f);
        let (mut profile, mut extensions) = (0, &packet[..0]);
        if first & 0x10 != 0 {
            profile = be16(packet, at)?;
            let len = 4 * usize::from(be16(packet, at + 2)?);
            extensions = packet.get(at + 4..at + 4 + len)?;
            at += 4 + len;
        }
        let mut end = packet.len();
        if first & 0x20 != 0 {
            let pad = usize::from(*packet.last()?);
            if pad == 0 || at + pad > end {
                return None;
            }
            end -= pad;
        }
        Some(RtpView {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            seq: be16(packet, 2)?,
            timestamp: be32(packet, 4)?,
            ssrc: be32(packet, 8)?,
            header_len: at,
            profile,
            extensions,
            payload: packet.get(at..end)?,
        })
    }

    /// The value of the header extension with that id (one- and two-byte forms).
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        let two_byte = match self.profile {
            0xbede => false,
            profile if profile & 0xfff0 == 0x1000 => true,
            _ => return None,
        };
        let mut rest = self.extensions;
        while let Some(&head) = rest.first() {
            if head == 0 {
                rest = &rest[1..];
                continue;
            }
            let (got, len, skip) = if two_byte {
                (head, usize::from(*rest.get(1)?), 2)
            } else if head >> 4 == 15 {
                return None;
            } else {
                (head >> 4, usize::from(head & 0x0f) + 1, 1)
            };
            let value = rest.get(skip..skip + len)?;
            if got == id {
                return Some(value);
            }
            rest = &rest[skip + len..];
        }
        None
    }
}

/// What a subscriber's copy of a packet says in its header.
#[derive(Clone, Copy, Debug)]
pub struct Rewrite {
    pub payload_type: u8,
    pub seq: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub marker: bool,
    /// At most two one-byte extensions (id, value); id 0 means none.
    pub extensions: [(u8, u8); 2],
    /// Transport-wide sequence number (id, value).
    pub transport: Option<(u8, u16)>,
    /// Original sequence number, if this is a retransmission.
    pub osn: Option<u16>,
}

/// A written header, extensions included.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    bytes: [u8; HEADER + 12],
    length: usize,
}

impl Header {
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Rewrite {
    /// Writes the header; `padded` sets the P bit.
    pub fn header(&self, padded: bool) -> Header {
        let mut bytes = [0; HEADER + 12];
        bytes[0] = 0x80 | if padded { 0x20 } else { 0 };
        bytes[1] = self.payload_type | if self.marker { 0x80 } else { 0 };
        bytes[2..4].copy_from_slice(&self.seq.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        let begun = HEADER + 4;
        let mut at = begun;
        for (id, value) in self.extensions.iter().filter(|(id, _)| *id != 0) {
            bytes[at..at + 2].copy_from_slice(&[id << 4, *value]);
            at += 2;
        }
        if let Some((id, value)) = self.transport {
            let [high, low] = value.to_be_bytes();
            bytes[at..at + 3].copy_from_slice(&[id << 4 | 1, high, low]);
            at += 3;
        }
        let words = (at - begun).div_ceil(4);
        let mut length = HEADER;
        if words > 0 {
            length = begun + 4 * words;
            bytes[0] |= 0x10;
            bytes[HEADER..begun].copy_from_slice(&[0xbe, 0xde, 0, words as u8]);
        }
        Header { bytes, length }
    }

    /// Writes the packet with `payload` to the end of `out`.
    pub fn write(&self, payload: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(self.header(false).as_slice());
        if let Some(osn) = self.osn {
            out.extend_from_slice(&osn.to_be_bytes());
        }
        out.extend_from_slice(payload);
    }
}

/// Bytes of [`PADDING`]: what its length byte can say, in whole words.
const PADDED: u8 = 252;

/// What a packet of nothing but padding carries behind its header, whose P bit is set (RFC 3550 section 5.1).
pub static PADDING: [u8; PADDED as usize] = {
    let mut bytes = [0; PADDED as usize];
    bytes[PADDED as usize - 1] = PADDED;
    bytes
};

/// Rebuilds the original packet from its retransmission (RFC 4588 section 4); `None` if there is no original in it.
pub fn unwrap_rtx(packet: &[u8], ssrc: u32, payload_type: u8) -> Option<Vec<u8>> {
    let view = RtpView::parse(packet)?;
    let (osn, payload) = view.payload.split_at_checked(OSN)?;
    if payload.is_empty() {
        return None;
    }
    let mut original = Vec::with_capacity(view.header_len + payload.len());
    original.extend_from_slice(&packet[..view.header_len]);
    original.extend_from_slice(payload);
    original[0] &= !0x20;
    original[1] = original[1] & 0x80 | payload_type & 0x7f;
    original[2..4].copy_from_slice(osn);
    original[8..12].copy_from_slice(&ssrc.to_be_bytes());
    Some(original)
}

/// Whether the datagram is RTCP rather than RTP on a multiplexed port (RFC 5761 section 4).
pub fn is_rtcp(packet: &[u8]) -> bool {
    packet
        .get(1)
        .is_some_and(|second| (192..=223).contains(second))
}

/// A big-endian 16-bit word at `at`.
pub fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// A big-endian 32-bit word at `at`.
pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Extends 16-bit sequence numbers to a count that does not wrap, nearest to the highest seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unwrapper {
    highest: Option<u64>,
}

/// Where counting begins, so that packets reordered before the first do not go below zero.
const ORIGIN: u64 = 1 << 16;

impl Unwrapper {
    /// The extended number of `seq`, without remembering it.
    pub fn peek(&self, seq: u16) -> u64 {
        let Some(highest) = self.highest else {
            return ORIGIN + u64::from(seq);
        };
        let delta = i64::from(seq.wrapping_sub(highest as u16) as i16);
        highest.saturating_add_signed(delta)
    }

    /// The extended number of `seq`; the highest is remembered.
    pub fn unwrap(&mut self, seq: u16) -> u64 {
        let extended = self.peek(seq);
        self.highest = Some(
            self.highest
                .map_or(extended, |highest| highest.max(extended)),
        );
        extended
    }

    /// The highest seen.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_written_packet_reads_back() {
        let rewrite = Rewrite {
            payload_type: 96,
            seq: 65_535,
            timestamp: 7,
            ssrc: 0xdead_beef,
            marker: true,
            extensions: [(2, 0x85), (3, 1)],
            transport: Some((5, 0x1234)),
            osn: None,
        };
        let mut out = Vec::new();
        rewrite.write(b"payload", &mut out);
        let view = RtpView::parse(&out).unwrap();
        assert_eq!(
            (view.seq, view.timestamp, view.ssrc, view.marker),
            (65_535, 7, 0xdead_beef, true)
        );
        assert_eq!(view.extension(2), Some(&[0x85][..]));
        assert_eq!(view.extension(3), Some(&[1][..]));
        assert_eq!(view.extension(4), None);
        assert_eq!(view.extension(5), Some(&[0x12, 0x34][..]));
        assert_eq!(view.payload, b"payload");
    }

    #[test]
    fn padding_reads_as_an_empty_packet() {
        let header = Rewrite {
            payload_type: 97,
            seq: 3,
            timestamp: 90,
            ssrc: 2,
            marker: false,
            extensions: [(0, 0); 2],
            transport: Some((3, 9)),
            osn: None,
        };
        let mut out = header.header(true).as_slice().to_vec();
        out.extend_from_slice(&PADDING);
        assert_eq!(out.len(), 12 + 8 + 252);
        let view = RtpView::parse(&out).unwrap();
        assert_eq!((view.payload, view.seq), (&[][..], 3));
        assert_eq!(unwrap_rtx(&out, 1, 96), None);
    }

    #[test]
    fn a_retransmission_unwraps_to_its_original() {
        let mut rtx = Vec::new();
        Rewrite {
            payload_type: 97,
            seq: 3,
            timestamp: 90,
            ssrc: 2,
            marker: true,
            extensions: [(4, 9), (0, 0)],
            transport: None,
            osn: Some(500),
        }
        .write(b"frame", &mut rtx);
        let original = unwrap_rtx(&rtx, 1, 96).unwrap();
        let view = RtpView::parse(&original).unwrap();
        assert_eq!(
            (view.seq, view.ssrc, view.payload_type, view.marker),
            (500, 1, 96, true)
        );
        assert_eq!(view.payload, b"frame");
        assert_eq!(
            unwrap_rtx(&rtx[..rtx.len() - 5], 1, 96),
            None,
            "a retransmission without payload is padding"
        );
    }

    #[test]
    fn sequence_numbers_unwrap_across_the_edge() {
        let mut unwrapper = Unwrapper::default();
        let first = unwrapper.unwrap(65_534);
        assert_eq!(unwrapper.unwrap(1), first + 3);
        assert_eq!(unwrapper.unwrap(65_535), first + 1);
        assert_eq!(unwrapper.highest(), Some(first + 3));
    }
}
