//! H.264: NAL units out of RTP (RFC 6184), a picture's size out of its parameter set, the decoder configuration.

pub const IDR: u8 = 5;
pub const SPS: u8 = 7;
pub const PPS: u8 = 8;

pub fn nal_type(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |byte| byte & 0x1F)
}

/// Collects the NAL units of one picture.
#[derive(Clone, Debug, Default)]
pub struct Nals {
    pub units: Vec<Vec<u8>>,
    /// A fragmented unit whose end has not come.
    fragment: Option<Vec<u8>>,
}

impl Nals {
    /// Takes a packet's payload; false if it is malformed or its beginning is missing.
    pub fn push(&mut self, payload: &[u8]) -> bool {
        match nal_type(payload) {
            1..=23 => {
                self.units.push(payload.to_vec());
                true
            }
            24 => self.aggregate(&payload[1..]).is_some(),
            28 => self.fragment(payload).is_some(),
            _ => false,
        }
    }

    /// STAP-A: units with 16-bit lengths.
    fn aggregate(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let length = usize::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?));
            let unit = rest.get(2..2 + length).filter(|unit| !unit.is_empty())?;
            self.units.push(unit.to_vec());
            rest = &rest[2 + length..];
        }
        Some(())
    }

    /// FU-A.
    fn fragment(&mut self, payload: &[u8]) -> Option<()> {
        let indicator = *payload.first()?;
        let header = *payload.get(1)?;
        let data = payload.get(2..)?;
        if header & 0x80 != 0 {
            self.fragment = Some(vec![indicator & 0xE0 | header & 0x1F]);
        }
        let unit = self.fragment.as_mut()?;
        unit.extend(data);
        if header & 0x40 != 0 {
            self.units.extend(self.fragment.take());
        }
        Some(())
    }

    /// No unit is left half.
    pub fn complete(&self) -> bool {
        self.fragment.is_none() && !self.units.is_empty()
    }

    pub fn find(&self, kind: u8) -> Option<&[u8]> {
        let unit = self.units.iter().find(|unit| nal_type(unit) == kind)?;
        Some(unit)
    }
}

/// Each unit behind its 32-bit length, as MP4 wants it.
pub fn sample<'a>(units: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut sample = Vec::new();
    for unit in units {
        sample.extend((unit.len() as u32).to_be_bytes());
        sample.extend(unit);
    }
    sample
}

/// `avcC` (ISO/IEC 14496-15 section 5.3.3.1) of one parameter set of each kind; `None` if they cannot be such.
pub fn decoder_configuration(sps: &[u8], pps: &[u8]) -> Option<Vec<u8>> {
    let mut record = vec![1];
    record.extend(sps.get(1..4)?);
    record.extend([0xFF, 0xE1]);
    record.extend(u16::try_from(sps.len()).ok()?.to_be_bytes());
    record.extend(sps);
    record.push(1);
    record.extend(u16::try_from(pps.len()).ok()?.to_be_bytes());
    record.extend(pps);
    if matches!(sps[1], 100 | 110 | 122 | 144) {
        // 4:2:0, 8 bit: all that browsers send.
        record.extend([0xFD, 0xF8, 0xF8, 0]);
    }
    Some(record)
}

/// Width and height of the pictures under a sequence parameter set (ITU-T H.264 section 7.3.2.1.1).
pub fn size(sps: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits::new(sps.get(4..)?);
    bits.ue()?; // seq_parameter_set_id
    let mut chroma = 1;
    if matches!(
        sps[1],
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
    ) {
        chroma = bits.ue()?;
        if chroma == 3 {
            bits.bits(1)?;
        }
        bits.ue()?;
        bits.ue()?;
        bits.bits(1)?;
        if bits.bits(1)? == 1 {
            bits.scaling_lists(if chroma == 3 { 12 } else { 8 })?;
        }
    }
    bits.ue()?; // log2_max_frame_num_minus4
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.bits(1)?;
            bits.ue()?;
            bits.ue()?;
            for _ in 0..bits.ue()?.min(255) {
                bits.ue()?;
            }
        }
        _ => {}
    }
    bits.ue()?; // max_num_ref_frames
    bits.bits(1)?;
    let width = (bits.ue()?.checked_add(1)?).checked_mul(16)?;
    let map_units = bits.ue()?.checked_add(1)?;
    let frames_only = bits.bits(1)?;
    if frames_only == 0 {
        bits.bits(1)?;
    }
    let height = map_units.checked_mul(16)?.checked_mul(2 - frames_only)?;
    bits.bits(1)?; // direct_8x8_inference_flag
    let mut crop = [0; 4];
    if bits.bits(1)? == 1 {
        for side in &mut crop {
            *side = bits.ue()?;
        }
    }
    let across = if matches!(chroma, 1 | 2) { 2 } else { 1 };
    let down = if chroma == 1 { 2 } else { 1 } * (2 - frames_only);
    let cut = |a: u32, b: u32, unit: u32| a.checked_add(b)?.checked_mul(unit);
    let width = width.checked_sub(cut(crop[0], crop[1], across)?)?;
    let height = height.checked_sub(cut(crop[2], crop[3], down)?)?;
    let plausible = 1..=16_384;
    (plausible.contains(&width) && plausible.contains(&height)).then_some((width, height))
}

/// Bits of a NAL unit, emulation prevention bytes left out.
struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    fn new(unit: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(unit.len());
        let mut zeros = 0;
        for byte in unit {
            if zeros >= 2 && *byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
            bytes.push(*byte);
        }
        Self { bytes, at: 0 }
    }

    fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// Exp-Golomb.
    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bits(1)? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.bits(zeros)?)
    }

    fn se(&mut self) -> Option<i32> {
        let code = i64::from(self.ue()?);
        let value = (code + 1) / 2;
        i32::try_from(if code % 2 == 0 { -value } else { value }).ok()
    }

    fn scaling_lists(&mut self, count: usize) -> Option<()> {
        for list in 0..count {
            if self.bits(1)? == 0 {
                continue;
            }
            let (mut last, mut next) = (8, 8);
            for _ in 0..if list < 6 { 16 } else { 64 } {
                if next != 0 {
                    next = (last + self.se()? + 256) % 256;
                }
                last = if next == 0 { last } else { next };
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_come_out_of_every_packing() {
        let mut nals = Nals::default();
        assert!(nals.push(&[0x67, 1, 2]));
        assert!(nals.push(&[0x78, 0, 2, 0x68, 9, 0, 1, 0x06]));
        assert!(nals.push(&[0x7C, 0x85, 1, 2]));
        assert!(!nals.complete());
        assert!(nals.push(&[0x7C, 0x05, 3]));
        assert!(nals.push(&[0x7C, 0x45, 4]));
        assert!(nals.complete());
        let units = [&[0x67, 1, 2][..], &[0x68, 9], &[0x06], &[0x65, 1, 2, 3, 4]];
        assert_eq!(nals.units, units);
        assert!(nals.find(IDR).is_some());
    }

    #[test]
    fn malformed_packets_are_refused() {
        let mut nals = Nals::default();
        assert!(!nals.push(&[]));
        assert!(!nals.push(&[0x7C]));
        assert!(!nals.push(&[0x7C, 0x05, 3])); // its beginning is missing
        assert!(!nals.push(&[0x78, 0, 9, 1]));
        assert!(!nals.push(&[0x78, 0, 0]));
        assert!(!nals.push(&[0x1D, 0, 0])); // FU-B
    }

    #[test]
    fn sizes_are_read_with_cropping_and_in_high_profile() {
        // As x264 writes them; 360 and 180 are no multiples of 16.
        let baseline =
            hex::decode("6742c016d900a02ff97016a0c0c0d4a0000003002000000303d1e2c5c9").unwrap();
        assert_eq!(size(&baseline), Some((640, 360)));
        let high =
            hex::decode("67640014acd941419f9f016a0c0c0d4a0000030002000003003d1e28532c").unwrap();
        assert_eq!(size(&high), Some((320, 180)));
        assert_eq!(size(&baseline[..6]), None);
    }
}
