//! A segment's file: pcapng in the one form of docs/protocol/recording.md section 2, so that public tools open it and
//! no byte has a second spelling. Little-endian; one section, one interface, then packets.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::segment::{RunningHead, SegmentId};

/// IPv4 and UDP headers before each packet.
const HEADERS: usize = 20 + 8;
/// The most bytes one packet may have.
pub const MAX_PACKET: usize = 65_535 - HEADERS;
const MAX_BLOCK: usize = 1 << 17;

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const LINKTYPE_RAW: u16 = 101;
const OPT_IF_DESCRIPTION: u16 = 3;
const OPT_IF_TSRESOL: u16 = 9;
/// "Custom option, binary, not to be copied".
const OPT_CUSTOM: u16 = 2989;
/// The private enterprise number kept for examples (RFC 5612).
const PEN: u32 = 32_473;
const MICROSECONDS: u8 = 6;
const RECOVERED: u8 = 1;

/// What the segment holds; the interface's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// RTP ticks a second.
    pub clock_rate: u32,
    /// `opus`, `vp8` or `h264`.
    pub codec: String,
    pub fmtp: String,
    pub segment: SegmentId,
    pub source: String,
    pub track: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Rtp,
    Rtcp,
}

/// One packet as received, after decryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub kind: Kind,
    /// UTC µs at reception.
    pub wall_us: u64,
    /// The server's monotonic clock, µs.
    pub mono_us: u64,
    /// It came by retransmission.
    pub recovered: bool,
    pub data: &'a [u8],
}

#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("a packet of {0} bytes is too large")]
    TooLarge(usize),
    #[error("an interface description of {0} bytes is too large")]
    Description(usize),
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

/// The two blocks that a file begins with.
///
/// # Errors
/// When the description does not fit an option.
pub fn header(interface: &Interface) -> Result<[Vec<u8>; 2], EncodeError> {
    let mut section = Vec::with_capacity(28);
    block(&mut section, SECTION, |body| {
        body.extend(0x1A2B_3C4D_u32.to_le_bytes());
        body.extend([1, 0, 0, 0]); // version 1.0
        body.extend(u64::MAX.to_le_bytes()); // length not stated: the file grows
    });
    let description = canonical::to_string(interface)?;
    let length = description.len();
    if u16::try_from(length).is_err() {
        return Err(EncodeError::Description(length));
    }
    let mut block_of_interface = Vec::with_capacity(64 + length);
    block(&mut block_of_interface, INTERFACE, |body| {
        body.extend(LINKTYPE_RAW.to_le_bytes());
        body.extend([0; 2]);
        body.extend(0_u32.to_le_bytes()); // no limit on the captured length
        option(body, OPT_IF_DESCRIPTION, description.as_bytes());
        option(body, OPT_IF_TSRESOL, &[MICROSECONDS]);
        body.extend([0; 4]); // opt_endofopt
    });
    Ok([section, block_of_interface])
}

/// Appends one Enhanced Packet Block.
///
/// # Errors
/// When the packet is larger than [`MAX_PACKET`]; nothing is appended then.
pub fn packet(out: &mut Vec<u8>, packet: &Packet<'_>) -> Result<(), EncodeError> {
    let length = packet.data.len();
    let datagram = u16::try_from(length + HEADERS).map_err(|_| EncodeError::TooLarge(length))?;
    block(out, ENHANCED_PACKET, |body| {
        body.extend(0_u32.to_le_bytes()); // interface 0
        let [low, high] = split(packet.wall_us);
        body.extend(high.to_le_bytes());
        body.extend(low.to_le_bytes());
        body.extend(u32::from(datagram).to_le_bytes());
        body.extend(u32::from(datagram).to_le_bytes());
        body.extend(ip_and_udp(packet.kind, datagram));
        body.extend(packet.data);
        pad(body);
        let mut value = [0; 13];
        value[..4].copy_from_slice(&PEN.to_le_bytes());
        value[4..12].copy_from_slice(&packet.mono_us.to_be_bytes());
        value[12] = if packet.recovered { RECOVERED } else { 0 };
        option(body, OPT_CUSTOM, &value);
        body.extend([0; 4]); // opt_endofopt
    });
    Ok(())
}

const fn split(value: u64) -> [u32; 2] {
    [(value & 0xFFFF_FFFF) as u32, (value >> 32) as u32]
}

/// Type, total length, body, total length; the body is a multiple of four.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    body(out);
    let total = (out.len() - start + 4) as u32;
    out[start + 4..start + 8].copy_from_slice(&total.to_le_bytes());
    out.extend(total.to_le_bytes());
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    pad_to(body, value.len());
}

/// Every block starts at a multiple of four in the file, so padding `out` pads the field.
fn pad(out: &mut Vec<u8>) {
    pad_to(out, out.len());
}

fn pad_to(out: &mut Vec<u8>, length: usize) {
    out.extend(std::iter::repeat_n(0, length.wrapping_neg() % 4));
}

fn ip_and_udp(kind: Kind, datagram: u16) -> [u8; HEADERS] {
    let port: u16 = match kind {
        Kind::Rtp => 5004,
        Kind::Rtcp => 5005,
    };
    let mut bytes = [0; HEADERS];
    bytes[0] = 0x45;
    bytes[2..4].copy_from_slice(&datagram.to_be_bytes());
    bytes[6] = 0x40; // don't fragment
    bytes[8] = 64;
    bytes[9] = 17;
    bytes[12..16].copy_from_slice(&[10, 0, 0, 1]);
    bytes[16..20].copy_from_slice(&[10, 0, 0, 2]);
    let sum: u32 = bytes[..20]
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    let checksum = !(folded as u16).wrapping_add((folded >> 16) as u16);
    bytes[10..12].copy_from_slice(&checksum.to_be_bytes());
    bytes[20..22].copy_from_slice(&port.to_be_bytes());
    bytes[22..24].copy_from_slice(&port.to_be_bytes());
    bytes[24..26].copy_from_slice(&(datagram - 20).to_be_bytes());
    bytes
}

#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the file ends inside a block at byte {at}")]
    Torn { at: u64 },
    #[error("byte {at}: {what}")]
    Malformed { at: u64, what: &'static str },
}

/// Reads a file block by block, strictly: only what [`header`] and [`packet`] write is accepted. Keeps the running head.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    block: Vec<u8>,
    running: RunningHead,
    interface: Interface,
}

impl<R: Read> Reader<R> {
    /// Reads the section header and the interface of the segment `id`.
    ///
    /// # Errors
    /// When they are torn, malformed or of another segment.
    pub fn open(mut input: R, id: SegmentId) -> Result<Self, ReadFault> {
        let mut running = RunningHead::new(&id);
        let mut block = Vec::new();
        let torn = ReadFault::Torn { at: 0 };
        if !read_block(&mut input, &mut block, 0)? {
            return Err(torn);
        }
        let section = block.clone();
        running.push(&block, false);
        let at = running.bytes;
        if !read_block(&mut input, &mut block, at)? {
            return Err(ReadFault::Torn { at });
        }
        let malformed = |what| ReadFault::Malformed { at, what };
        let interface = read_interface(&block).ok_or(malformed("not an interface description"))?;
        let expected = header(&interface).map_err(|_| malformed("not an interface description"))?;
        if expected[0] != section {
            return Err(ReadFault::Malformed {
                at: 0,
                what: "not the section header of a segment",
            });
        }
        if expected[1] != block {
            return Err(malformed("not an interface description of a segment"));
        }
        if interface.segment != id {
            return Err(malformed("of another segment"));
        }
        running.push(&block, false);
        Ok(Self {
            input,
            block,
            running,
            interface,
        })
    }

    #[must_use]
    pub const fn interface(&self) -> &Interface {
        &self.interface
    }

    /// Over everything read so far.
    #[must_use]
    pub const fn running(&self) -> RunningHead {
        self.running
    }

    /// The next packet; `None` at the end of the file.
    ///
    /// # Errors
    /// When the next block is torn or not what [`packet`] writes; [`Reader::running`] then still stands before it.
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>, ReadFault> {
        let at = self.running.bytes;
        if !read_block(&mut self.input, &mut self.block, at)? {
            return Ok(None);
        }
        let malformed = ReadFault::Malformed {
            at,
            what: "not a packet of a segment",
        };
        let Some(found) = read_packet(&self.block) else {
            return Err(malformed);
        };
        // One spelling: what is read must be what would be written.
        let mut again = Vec::with_capacity(self.block.len());
        if packet(&mut again, &found).is_err() || again != self.block {
            return Err(malformed);
        }
        self.running.push(&self.block, true);
        Ok(Some(found))
    }
}

/// Reads a whole block into `block`; false at the end of the input.
fn read_block(input: &mut impl Read, block: &mut Vec<u8>, at: u64) -> Result<bool, ReadFault> {
    block.clear();
    if input.by_ref().take(8).read_to_end(block)? == 0 {
        return Ok(false);
    }
    let total = le32(block, 4).ok_or(ReadFault::Torn { at })? as usize;
    if !(12..=MAX_BLOCK).contains(&total) || !total.is_multiple_of(4) {
        return Err(ReadFault::Malformed {
            at,
            what: "not a block length",
        });
    }
    input.by_ref().take(total as u64 - 8).read_to_end(block)?;
    if block.len() < total {
        return Err(ReadFault::Torn { at });
    }
    Ok(true)
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// Finds the description; everything else is checked by writing it again.
fn read_interface(block: &[u8]) -> Option<Interface> {
    let length = usize::from(le16(block, 18)?);
    let description = block.get(20..20 + length)?;
    canonical::parse(description).ok()
}

fn read_packet(block: &[u8]) -> Option<Packet<'_>> {
    let high = u64::from(le32(block, 12)?);
    let low = u64::from(le32(block, 16)?);
    let captured = le32(block, 20)? as usize;
    let data = block.get(28 + HEADERS..(28 + captured).max(28 + HEADERS))?;
    let kind = match block.get(28 + 20..28 + 22)? {
        [0x13, 0x8C] => Kind::Rtp,
        _ => Kind::Rtcp,
    };
    let options = 28 + captured.next_multiple_of(4);
    let mono = block.get(options + 8..options + 16)?;
    let flags = *block.get(options + 16)?;
    Some(Packet {
        kind,
        wall_us: high << 32 | low,
        mono_us: u64::from_be_bytes(mono.try_into().ok()?),
        recovered: flags == RECOVERED,
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> SegmentId {
        "0001-89abcdef".parse().unwrap()
    }

    fn interface() -> Interface {
        Interface {
            clock_rate: 48_000,
            codec: "opus".into(),
            fmtp: "minptime=10;useinbandfec=1".into(),
            segment: id(),
            source: "microphone".into(),
            track: "seat-1-microphone".into(),
        }
    }

    fn file() -> Vec<u8> {
        let mut file = header(&interface()).unwrap().concat();
        for n in 0..6_u8 {
            let data = vec![n; usize::from(n) + 12];
            let sent = Packet {
                kind: if n == 3 { Kind::Rtcp } else { Kind::Rtp },
                wall_us: 1_764_000_000_000_000 + u64::from(n),
                mono_us: u64::from(n),
                recovered: n == 2,
                data: &data,
            };
            packet(&mut file, &sent).unwrap();
        }
        file
    }

    fn read(file: &[u8]) -> Result<RunningHead, ReadFault> {
        let mut reader = Reader::open(file, id())?;
        while reader.next_packet()?.is_some() {}
        Ok(reader.running())
    }

    #[test]
    fn packets_come_back_as_they_went_in() {
        let file = file();
        let mut reader = Reader::open(file.as_slice(), id()).unwrap();
        assert_eq!(reader.interface(), &interface());
        let mut n = 0;
        while let Some(packet) = reader.next_packet().unwrap() {
            assert_eq!(packet.data, vec![n; usize::from(n) + 12]);
            assert_eq!(packet.wall_us, 1_764_000_000_000_000 + u64::from(n));
            assert_eq!(packet.mono_us, u64::from(n));
            assert_eq!(packet.recovered, n == 2);
            assert_eq!(packet.kind == Kind::Rtcp, n == 3);
            n += 1;
        }
        assert_eq!(n, 6);
        assert_eq!(reader.running().bytes, file.len() as u64);
        assert_eq!(reader.running().packets, 6);
    }

    #[test]
    fn a_byte_changed_is_refused_or_changes_the_head() {
        let file = file();
        let whole = read(&file).unwrap();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 0x41;
            if let Ok(running) = read(&changed) {
                assert_ne!(running.head, whole.head, "byte {at}");
            }
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_torn_or_ends_at_a_block() {
        let file = file();
        for length in 0..file.len() {
            match read(&file[..length]) {
                Ok(running) => assert_eq!(running.bytes, length as u64),
                Err(ReadFault::Torn { at }) => assert!(at <= length as u64),
                Err(other) => panic!("cut at {length}: {other}"),
            }
        }
    }

    #[test]
    fn the_largest_packet_fits_and_one_more_byte_does_not() {
        let data = vec![0; MAX_PACKET + 1];
        let mut sent = Packet {
            kind: Kind::Rtp,
            wall_us: 0,
            mono_us: 0,
            recovered: false,
            data: &data[..MAX_PACKET],
        };
        let mut out = Vec::new();
        packet(&mut out, &sent).unwrap();
        sent.data = &data;
        assert!(packet(&mut out, &sent).is_err());
    }
}
