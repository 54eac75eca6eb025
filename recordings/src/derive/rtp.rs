//! The little of RTP and RTCP (RFC 3550) that the time line and the depacketisers need.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    /// Without padding.
    pub payload: Range<usize>,
}

/// The header of a whole RTP packet; `None` if it is malformed.
pub fn header(packet: &[u8]) -> Option<Header> {
    let first = *packet.first()?;
    if first >> 6 != 2 {
        return None;
    }
    let second = *packet.get(1)?;
    let mut start = 12 + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        let words = be16(packet, start + 2)?;
        start += 4 + 4 * usize::from(words);
    }
    let mut end = packet.len();
    if first & 0x20 != 0 {
        end = end.checked_sub(usize::from(*packet.last()?))?;
    }
    if start > end {
        return None;
    }
    Some(Header {
        ssrc: be32(packet, 8)?,
        sequence: be16(packet, 2)?,
        timestamp: be32(packet, 4)?,
        marker: second & 0x80 != 0,
        payload: start..end,
    })
}

/// The sender's two clocks at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport {
    pub ssrc: u32,
    /// The sender's wall clock, µs since 1970.
    pub ntp_us: i64,
    pub timestamp: u32,
    /// The server's wall clock at reception, UTC µs.
    pub wall_us: i64,
}

/// Seconds from 1900 (NTP) to 1970.
const NTP_TO_UNIX: i64 = 2_208_988_800;
const SENDER_REPORT: u8 = 200;

/// The sender report in a (compound) RTCP packet, if there is one.
pub fn sender_report(mut packet: &[u8], wall_us: i64) -> Option<SenderReport> {
    loop {
        let length = 4 + 4 * usize::from(be16(packet, 2)?);
        if *packet.get(1)? == SENDER_REPORT {
            let seconds = i64::from(be32(packet, 8)?) - NTP_TO_UNIX;
            let fraction = i64::from(be32(packet, 12)?);
            return Some(SenderReport {
                ssrc: be32(packet, 4)?,
                ntp_us: seconds * 1_000_000 + ((fraction * 1_000_000) >> 32),
                timestamp: be32(packet, 16)?,
                wall_us,
            });
        }
        packet = packet.get(length..)?;
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_csrc_and_padding_are_left_out_of_the_payload() {
        let mut packet = vec![0xB1, 0xE0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 5];
        packet.extend([1, 1, 1, 1]); // CSRC
        packet.extend([0xBE, 0xDE, 0, 1, 0x10, 0xFF, 0, 0]); // extension of one word
        packet.extend([42, 43, 0, 0, 3]); // two bytes, three of padding
        let header = header(&packet).unwrap();
        assert_eq!(&packet[header.payload.clone()], [42, 43]);
        assert_eq!((header.sequence, header.timestamp, header.ssrc), (7, 9, 5));
        assert!(header.marker);
    }

    #[test]
    fn malformed_packets_are_refused() {
        assert_eq!(header(&[]), None);
        assert_eq!(header(&[0x80; 11]), None);
        let padding_too_long = [0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        assert_eq!(header(&padding_too_long), None);
        assert_eq!(sender_report(&[0x80, 201, 0], 0), None);
    }

    #[test]
    fn a_sender_report_is_found_behind_others() {
        let mut packet = vec![0x80, 201, 0, 1, 0, 0, 0, 1];
        packet.extend([0x80, 200, 0, 6, 0, 0, 0, 5]);
        packet.extend((1_764_000_000_u32.wrapping_add(2_208_988_800)).to_be_bytes());
        packet.extend(0x8000_0000_u32.to_be_bytes());
        packet.extend(9_u32.to_be_bytes());
        packet.extend([0; 8]);
        let report = sender_report(&packet, 1).unwrap();
        assert_eq!(report.ntp_us, 1_764_000_000_500_000);
        assert_eq!((report.ssrc, report.timestamp, report.wall_us), (5, 9, 1));
    }
}
