//! Pictures out of packets: whole ones only, and none that needs one that is missing.

use super::h264::{self, Nals};
use super::timeline::Placed;
use super::vp8;

/// A whole coded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Captured, UTC µs.
    pub time_us: i64,
    /// As an MP4 sample.
    pub data: Vec<u8>,
    pub key: Option<Keyframe>,
}

/// What a decoder must know to begin here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyframe {
    pub width: u32,
    pub height: u32,
    /// H.264 decoder configuration; empty for VP8.
    pub configuration: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Vp8,
    H264,
}

#[derive(Debug)]
enum Content {
    Vp8(Vec<u8>),
    H264(Nals),
}

#[derive(Debug)]
struct Current {
    ticks: i64,
    time_us: i64,
    content: Content,
}

/// Takes packets in the order they were sent.
#[derive(Debug)]
pub struct Assembler {
    format: Format,
    current: Option<Current>,
    /// A picture is missing: the next that can be shown is a keyframe.
    waiting: bool,
    /// Pictures left out.
    pub dropped: u64,
    sps: Vec<u8>,
    pps: Vec<u8>,
}

impl Assembler {
    pub const fn new(format: Format) -> Self {
        Self {
            format,
            current: None,
            waiting: true,
            dropped: 0,
            sps: Vec::new(),
            pps: Vec::new(),
        }
    }

    /// Leaves out everything up to the next keyframe.
    pub fn wait_for_keyframe(&mut self) {
        self.waiting = true;
    }

    /// Pictures that are complete with this packet: at most two.
    pub fn push(&mut self, placed: &Placed<'_>, payload: &[u8]) -> Vec<Picture> {
        let mut done = Vec::new();
        if !placed.follows && self.current.take().is_some() {
            self.dropped += 1;
        }
        if !placed.follows {
            self.waiting = true;
        }
        if self
            .current
            .as_ref()
            .is_some_and(|current| current.ticks != placed.ticks)
        {
            done.extend(self.finish());
        }
        // Packets of padding alone keep the numbers going and hold nothing.
        if !payload.is_empty() && !self.take(placed, payload) {
            self.current = None;
            self.waiting = true;
            self.dropped += 1;
        }
        if placed.packet.marker {
            done.extend(self.finish());
        }
        done
    }

    /// The last picture, if it is whole.
    pub fn end(&mut self) -> Option<Picture> {
        self.finish()
    }

    /// False if the picture cannot become whole.
    fn take(&mut self, placed: &Placed<'_>, payload: &[u8]) -> bool {
        let fresh = self.current.is_none();
        let current = self.current.get_or_insert_with(|| Current {
            ticks: placed.ticks,
            time_us: placed.time_us,
            content: match self.format {
                Format::Vp8 => Content::Vp8(Vec::new()),
                Format::H264 => Content::H264(Nals::default()),
            },
        });
        match &mut current.content {
            Content::Vp8(data) => match vp8::part(payload) {
                Some(part) if part.begins == fresh => {
                    data.extend(part.data);
                    true
                }
                _ => false,
            },
            Content::H264(nals) => nals.push(payload),
        }
    }

    fn finish(&mut self) -> Option<Picture> {
        let current = self.current.take()?;
        let (data, key, whole) = match current.content {
            Content::Vp8(data) => {
                let key = vp8::keyframe(&data).map(|(width, height)| Keyframe {
                    width,
                    height,
                    configuration: Vec::new(),
                });
                (data, key, true)
            }
            Content::H264(nals) => {
                self.remember(&nals);
                if !nals
                    .units
                    .iter()
                    .any(|unit| matches!(h264::nal_type(unit), 1..=5))
                {
                    return None; // parameter sets alone
                }
                let key = self.h264_keyframe(&nals);
                (self.h264_sample(&nals), key, nals.complete())
            }
        };
        if !whole || (self.waiting && key.is_none()) {
            self.waiting = true;
            self.dropped += 1;
            return None;
        }
        self.waiting = false;
        Some(Picture {
            time_us: current.time_us,
            data,
            key,
        })
    }

    fn remember(&mut self, nals: &Nals) {
        if let Some(sps) = nals.find(h264::SPS) {
            self.sps = sps.to_vec();
        }
        if let Some(pps) = nals.find(h264::PPS) {
            self.pps = pps.to_vec();
        }
    }

    fn h264_keyframe(&self, nals: &Nals) -> Option<Keyframe> {
        let slice = nals.find(h264::IDR)?;
        // After a loss the first slice may be missing: its first_mb_in_slice is 0, one set bit.
        let first = slice.get(1).is_some_and(|byte| byte & 0x80 != 0);
        if self.waiting && !first {
            return None;
        }
        let (width, height) = h264::size(&self.sps)?;
        Some(Keyframe {
            width,
            height,
            configuration: h264::decoder_configuration(&self.sps, &self.pps)?,
        })
    }

    /// A keyframe carries its parameter sets, so that a player may begin at it.
    fn h264_sample(&self, nals: &Nals) -> Vec<u8> {
        let bare = nals.find(h264::IDR).is_some() && nals.find(h264::SPS).is_none();
        let sets = [self.sps.as_slice(), self.pps.as_slice()];
        let sets = sets.into_iter().filter(|set| bare && !set.is_empty());
        h264::sample(sets.chain(nals.units.iter().map(Vec::as_slice)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::index::PacketRef;

    const KEY: [u8; 10] = [0x50, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01];
    const DELTA: [u8; 4] = [0x51, 0, 0, 7];

    /// (picture number, begins, marker, data); sequence numbers run on, those in `lost` never came.
    fn play(packets: &[(i64, bool, bool, &[u8])], lost: &[usize]) -> Vec<(i64, bool)> {
        let mut assembler = Assembler::new(Format::Vp8);
        let mut pictures = Vec::new();
        let mut follows = false;
        for (n, (picture, begins, marker, data)) in packets.iter().enumerate() {
            if lost.contains(&n) {
                follows = false;
                continue;
            }
            let packet = PacketRef {
                file: 0,
                offset: 0,
                length: 0,
                ssrc: 1,
                sequence: n as u16,
                timestamp: 0,
                marker: *marker,
                wall_us: 0,
            };
            let placed = Placed {
                packet: &packet,
                time_us: *picture,
                ticks: *picture,
                follows,
            };
            let descriptor = if *begins { 0x10 } else { 0 };
            let payload = [&[descriptor], *data].concat();
            pictures.extend(assembler.push(&placed, &payload));
            follows = true;
        }
        pictures.extend(assembler.end());
        pictures
            .into_iter()
            .map(|picture| (picture.time_us, picture.key.is_some()))
            .collect()
    }

    #[test]
    fn a_lost_packet_drops_its_picture_and_those_that_need_it() {
        let packets: [(i64, bool, bool, &[u8]); 7] = [
            (0, true, true, &DELTA),
            (1, true, false, &KEY),
            (1, false, true, &[1]),
            (2, true, true, &DELTA),
            (3, true, true, &DELTA),
            (4, true, true, &KEY),
            (5, true, true, &DELTA),
        ];
        let all = [(1, true), (2, false), (3, false), (4, true), (5, false)];
        assert_eq!(play(&packets, &[]), all);
        assert_eq!(play(&packets, &[0]), all);
        assert_eq!(play(&packets, &[3]), [(1, true), (4, true), (5, false)]);
        assert_eq!(play(&packets, &[2]), [(4, true), (5, false)]);
        assert_eq!(play(&packets, &[1]), [(4, true), (5, false)]);
    }

    #[test]
    fn a_missing_marker_bit_is_made_up_for_by_the_next_picture() {
        let packets: [(i64, bool, bool, &[u8]); 3] = [
            (1, true, false, &KEY),
            (2, true, false, &DELTA),
            (3, true, false, &DELTA),
        ];
        assert_eq!(play(&packets, &[]), [(1, true), (2, false), (3, false)]);
    }
}
